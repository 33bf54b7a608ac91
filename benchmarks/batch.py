"""Many tasks side by side in one browser, a context each."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..agent.run import Interrupt, Resources, Run, run_episode
from ..episodes.reader import Episode
from ..episodes.schema import EXIT_CODES
from ..tools.errors import HandeyeError, TaskError, UsageError

Ended = Callable[["Result"], Awaitable[None] | None]

_WORST_FIRST = (2, 1, 5, 3, 4, 0)
"""Exit codes in the order in which one of them stands for a whole batch: a mistake, a failure, broken infrastructure, a refusal …"""


class Result(NamedTuple):
    """What came of one run: an episode, or the error that kept it from being one."""

    run: Run
    episode: Episode | None
    error: HandeyeError | None = None

    @property
    def exit_code(self) -> int:
        """As the command line would end if this were the only run."""
        if isinstance(self.error, UsageError):
            return 2
        if self.episode is None or self.episode.outcome is None:
            return EXIT_CODES["infrastructure"]
        return EXIT_CODES[self.episode.outcome.status]


async def run_batch(
    runs: Sequence[Run],
    resources: Resources,
    *,
    workers: int,
    interrupt: Interrupt | None = None,
    ended: Ended | None = None,
) -> list[Result]:
    """Runs all, ``workers`` at a time; the results are in the order of ``runs``.

    One that fails, or cannot begin, does not stop the others. After an interrupt no further one begins.
    """
    interrupt = interrupt or Interrupt()
    free = asyncio.Semaphore(workers)

    async def one(run: Run) -> Result | None:
        async with free:
            if interrupt.requested:
                return None
            try:
                result = Result(run, await run_episode(run, resources, interrupt))
            except HandeyeError as error:
                result = Result(run, None, error)
            if ended is not None and (telling := ended(result)) is not None:
                await telling
            return result

    tasks: list[asyncio.Task[Result | None]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(run)) for run in runs]
    except asyncio.CancelledError:
        # cut off on the person's wish: every run has closed its world and written its end
        current = asyncio.current_task()
        if not interrupt.requested or current is None:
            raise
        current.uncancel()
    finished = [task.result() for task in tasks if not task.cancelled()]
    return [result for result in finished if result is not None]


def exit_code(results: Sequence[Result]) -> int:
    """0 only if every run passed."""
    codes = {result.exit_code for result in results}
    return next((code for code in _WORST_FIRST if code in codes), 0)


def task_files(path: Path) -> list[Path]:
    """A task file itself, or all below a folder, in order.

    Raises:
        UsageError: The folder holds none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml") and each.is_file())
    if not found:
        raise UsageError(f"the folder {path} holds no task file (*.yaml)")
    return found


def input_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV whose first line names the inputs.

    Raises:
        TaskError: It cannot be read, or a row has more or fewer fields than the first line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TaskError(f"cannot read the inputs in {path}: {error}") from error
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise TaskError(f"{path}, row {number}: it has not as many fields as the first line names")
    if not rows:
        raise TaskError(f"{path} has no rows: the first line names the inputs, each further one is a run")
    return rows
