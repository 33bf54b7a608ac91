"""What a newcomer calls: run a task, given as a file, a mapping or a `Task`, and get its episode back."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ..environments.base import Environment
from ..environments.browser.host import BrowserConfig
from ..episodes.reader import Episode
from ..episodes.schema import Task, first_problem
from ..episodes.taskfile import read_task
from ..tools.errors import TaskError, UsageError
from ..tools.secrets import Secrets
from .base import Guard, Person, Policy
from .guard import OpenGuard
from .person import NoPerson
from .record import Watch
from .run import Resources, Run, run_episode

_T = TypeVar("_T")


async def run(
    task: Task | Mapping[str, Any] | Path | str,
    *,
    start: str | None = None,
    inputs: Mapping[str, str] | None = None,
    out: Path | str | None = None,
    environment: Environment | str | None = None,
    policy: Policy | None = None,
    guard: Guard | None = None,
    person: Person | None = None,
    watch: Watch | None = None,
    headed: bool = False,
) -> Episode:
    """Runs one task and records it.

    Args:
        task: A `Task`, the mapping that makes one, or the path of a task file.
        start: URL to begin at, in place of the task's own.
        inputs: Values for the task's inputs.
        out: Folder of the episode; by default a new one under ``runs/``.
        environment: An environment, or the name of one, in place of the task's own.
        policy: What decides; by default the task's steps.
        guard: What is allowed; by default everything.
        person: Who can be asked; by default nobody.
        watch: Called with each `Step` when it has ended.
        headed: Shows the browser's window.

    Returns:
        The episode. Look at ``episode.outcome``: a task that fails is not an exception.

    Raises:
        UsageError: The task is wrong, an input or a secret is missing, the folder is taken, there is no browser.
    """
    made, lines = resolve_task(task)
    if start is not None:
        made = made.model_copy(update={"start": made.start.model_copy(update={"url": start, "site": None})})
    if isinstance(environment, str):
        made = made.model_copy(update={"environment": environment})
    world = environment if environment is not None and not isinstance(environment, str) else None
    wanted = Run(
        task=made,
        out=Path(out) if out is not None else new_folder(made.name),
        inputs=inputs or {},
        secrets=secrets_of(made),
        lines=lines,
        guard=guard or OpenGuard(),
        person=person or NoPerson(),
        watch=watch,
        world=world,
        policy=policy,
    )
    async with Resources(BrowserConfig(headed=headed)) as resources:
        return await run_episode(wanted, resources)


def run_sync(task: Task | Mapping[str, Any] | Path | str, **options: Any) -> Episode:
    """`run` for code that is not asynchronous; also inside a notebook, whose event loop is busy."""
    return wait_for(run(task, **options))


def wait_for(doing: Coroutine[Any, Any, _T]) -> _T:
    """Runs a coroutine to its end, in a thread of its own when this one has a running event loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(doing)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="handeye-run") as pool:
        return pool.submit(asyncio.run, doing).result()


def resolve_task(task: Task | Mapping[str, Any] | Path | str) -> tuple[Task, dict[str, int]]:
    """A task and the lines of its file, if it comes from one.

    Raises:
        TaskError: It is wrong.
        UsageError: It is a goal in words, which needs a model.
    """
    if isinstance(task, Task):
        return task, {}
    if isinstance(task, Mapping):
        try:
            return Task.model_validate(task), {}
        except ValidationError as error:
            raise TaskError(f"the task: {first_problem(error)}") from error
    path = Path(task)
    if isinstance(task, str) and not path.exists() and not task.endswith((".yaml", ".yml")):
        raise UsageError(
            f"{task!r} is no file, and a goal in words needs a model to decide what to do",
            remedy="write a task file with `steps:`, which needs no model (see the README)",
        )
    found = read_task(path)
    return found.task, found.lines


def secrets_of(task: Task) -> Secrets:
    """The values of a task's secrets, from the environment variables that it names.

    Raises:
        TaskError: A variable is not set.
    """
    missing = [(name, variable) for name, variable in task.secrets.items() if variable not in os.environ]
    if missing:
        name, variable = missing[0]
        raise TaskError(
            f"the task {task.name!r} needs the secret {name!r}, but the environment variable {variable} is not set",
            remedy=f"{variable}=… handeye run …   (its value is never written anywhere)",
        )
    return Secrets({name: os.environ[variable] for name, variable in task.secrets.items()})


def new_folder(name: str) -> Path:
    """A folder for an episode that does not exist yet: ``runs/20261122-180455-shop``."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "task"
    base = Path("runs") / f"{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}-{stem}"
    path, count = base, 1
    while path.exists():
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    return path
