"""What is done with a world when a run has ended, before it is closed: what still went on is recorded, its state may be kept."""

from __future__ import annotations

import os
from pathlib import Path

from ..environments.base import Environment, KeepsState, SaysMore
from ..episodes.schema import Outcome, Task
from ..tools.errors import EnvironmentFailed, HandeyeError, UsageError
from .record import Record, problem_of


def check_state(file: Path | None, task: Task, world: Environment) -> None:
    """Finds out before anything begins that the state could not be kept at the end.

    Raises:
        UsageError: The world has none, or the file cannot be written.
    """
    if file is None:
        return
    if not isinstance(world, KeepsState):
        raise UsageError(f"the environment {task.environment!r} has no state to save", remedy="leave out --save-state")
    folder = file.absolute().parent
    if file.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        why = (
            "is a folder" if file.is_dir() else f"cannot be written: {folder} is no folder that this user may write to"
        )
        raise UsageError(f"--save-state: {file} {why}", remedy="name a file in a folder of yours")


async def leave(world: Environment, file: Path | None, outcome: Outcome, record: Record) -> Outcome:
    """Records what came after the newest observation, and keeps the state if the run went well.

    Args:
        world: Still open; a dead one has nothing to say.
        file: Where the state goes; None keeps none.
        outcome: How the run ended. The state of one that failed may be half of a login: it would only hide that.
        record: Of the episode.

    Returns:
        The outcome; *infrastructure* where the state that was asked for could not be had.
    """
    if isinstance(world, SaysMore):
        try:
            more = await world.last_words()
        except EnvironmentFailed:
            more = None
        if more is not None:
            record.saw_more(more)
    if file is None or outcome.status not in ("passed", "unverified") or outcome.stop == "interrupted":
        return outcome
    assert isinstance(world, KeepsState)
    try:
        await world.save_state(file)
    except HandeyeError as error:
        message = f"the state could not be saved: {error.message}"
        changed = {"status": "infrastructure", "stop": "environment", "message": message, "problem": problem_of(error)}
        return outcome.model_copy(update=changed)
    return outcome
