"""Which rows a run has: task × seed × repeat, each with the revision of its task."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from ...episodes.schema import BenchRow, Seed, Task
from ...tools.errors import UsageError
from ..base import Selective, Suite, group_of

_LONGEST = 120


def revision_of(suite: Suite, task: Task) -> str:
    """A hash of the suite's version and the task without its seed: two tasks of one revision ask the same."""
    data = task.model_dump(mode="json", exclude_defaults=True)
    data.get("start", {}).pop("seed", None)
    text = json.dumps([suite.version, data], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def key_of(task: str, seed: Seed, repeat: int) -> str:
    """The name of a row, fit for a file: of equal length and letters are only equal rows."""
    literal = "" if seed is None else "." + quote(json.dumps(seed), safe="")
    again = f"~{repeat}" if repeat else ""
    key = quote(task.replace("/", "--"), safe="") + literal + again
    # files that begin with a dot are those in the making
    key = f"%2E{key[1:]}" if key.startswith(".") else key
    plain = re.fullmatch(r"[a-z0-9_.%~-]+", key) and "--" not in task and "." not in task
    if plain and len(key) <= _LONGEST:
        return key
    # letters of two cases are one on some file systems; and names may be long
    mark = hashlib.sha256(json.dumps([task, seed, repeat]).encode(errors="replace")).hexdigest()[:8]
    return f"{key[:_LONGEST]}-{mark}"


def plan(
    suite: Suite,
    *,
    seeds: Sequence[Seed] = (None,),
    repeats: int = 1,
    limit: int | None = None,
    only: Sequence[str] = (),
    refused: Callable[[Task], str] = lambda task: "",
) -> tuple[list[BenchRow], dict[str, int]]:
    """The rows of a run, all seeds of a task side by side.

    Args:
        suite: Whose tasks.
        seeds: What each is begun with.
        repeats: Tries with each seed.
        limit: The most tasks.
        only: Names of the tasks that are wanted; none means all.
        refused: Why a policy cannot do a task; empty where it can.

    Returns:
        The rows, and why tasks are left out → how many.

    Raises:
        UsageError: Two tasks have one name; there is no task of a wanted name, or none at all.
    """
    rows: list[BenchRow] = []
    left_out: dict[str, int] = {}
    names: set[str] = set()
    taken = 0
    for task in suite.tasks():
        if task.name in names:
            raise UsageError(f"the suite has two tasks named {task.name!r}")
        names.add(task.name)
        if only and task.name not in only:
            continue
        own = suite.refuses(task) if isinstance(suite, Selective) else ""
        if why := own or refused(task):
            left_out[why] = left_out.get(why, 0) + 1
            continue
        taken += 1
        if limit is not None and taken > limit:
            continue
        revision, group = revision_of(suite, task), group_of(suite, task)
        rows.extend(
            BenchRow(
                key=key_of(task.name, seed, repeat),
                task=task.name,
                group=group,
                seed=seed,
                repeat=repeat,
                revision=revision,
            )
            for seed in seeds
            for repeat in range(repeats)
        )
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UsageError(f"the suite has no task {unknown[0]!r}")
    if not rows:
        raise UsageError(
            "there is nothing to run: " + ("; ".join(f"{why}: {count}" for why, count in left_out.items()) or "no task")
        )
    return rows, left_out
