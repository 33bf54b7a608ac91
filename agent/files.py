"""Which files of this machine may be handed out in a run: checked before it begins, and again at every act."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ..episodes.schema import Task
from ..tools.errors import UsageError
from .base import Guard
from .guard import FilesGuard

_MOST = 10_000
"""Files of a folder that are looked at; one with more is not handed out."""


def check_files(task: Task) -> None:
    """Finds mistakes in what a start says of files, before anything has begun.

    Raises:
        UsageError: A folder of `Start.files` or the file of `Start.storage_state` is not there, or is something else.
    """
    for each in task.start.files or ():
        if not Path(each).expanduser().exists():
            raise UsageError(f"start.files: there is no folder {each}", remedy="make it, or correct the path")
    if task.start.storage_state is not None:
        _check_state(task.start.storage_state)


def _check_state(name: str) -> None:
    try:
        state = json.loads(Path(name).expanduser().read_bytes())
    except FileNotFoundError as error:
        remedy = "make one: handeye run LOGIN.yaml --save-state FILE"
        raise UsageError(f"start.storage_state: there is no file {name}", remedy=remedy) from error
    except OSError as error:
        raise UsageError(f"start.storage_state: {name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"start.storage_state: {name} is not JSON: {error}") from error
    parts = [state.get(part, []) for part in ("cookies", "origins")] if isinstance(state, dict) else [None]
    if not all(isinstance(part, list) and all(isinstance(each, dict) for each in part) for part in parts):
        raise UsageError(
            f"start.storage_state: {name} holds no state of a browser: it needs lists called cookies and origins",
            remedy="make one: handeye run LOGIN.yaml --save-state FILE",
        )


def files_guard(guard: Guard, task: Task, inputs: Collection[str] | None) -> Guard:
    """The guard, preceded by one that keeps uploads to what the task allows.

    Args:
        guard: Asked about everything that is not refused.
        task: Its `Start.files` are the only folders whose files may be handed out.
        inputs: Values of the task's inputs, where a model decides: without folders it may hand out only what they name.
    """
    folders = task.start.files
    if folders is not None:
        return FilesGuard(lambda path: within(path, folders), guard)
    if inputs is not None:
        return FilesGuard(lambda path: _named(path, inputs), guard)
    return guard


def _named(path: str, inputs: Collection[str]) -> str:
    return "" if path in inputs else f"{path} is not a file that this task was given as an input"


def within(path: str, folders: Sequence[str]) -> str:
    """Why a file may not be handed out, links followed; empty when it, or all of a folder, lies in one of the folders."""
    allowed = [Path(each).expanduser().resolve() for each in folders]
    for count, each in enumerate(_all_of(Path(path).expanduser())):
        where = each.resolve()
        if count > _MOST:
            return f"{path} holds more than {_MOST:,} files"
        if not any(where.is_relative_to(folder) for folder in allowed):
            what = path if str(each) == path else f"{each}, of {path},"
            may = ", ".join(folders) or "no folder at all"
            return f"{what} lies outside what this task may upload from (start.files: {may})"
    return ""


def _all_of(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir():
        for folder, folders, files in os.walk(path):
            yield from (Path(folder, name) for name in (*folders, *files))
