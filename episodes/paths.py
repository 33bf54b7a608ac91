"""Relative paths of a task file: seen from the folder that the file lies in, wherever it is run from."""

from __future__ import annotations

from pathlib import Path

from .schema import Task
from .schema.script import AnswerDialogStep, ForEachStep, IfStep, ScriptStep, UploadStep


def anchored(task: Task, folder: Path) -> Task:
    """The task with every path that it writes out (`storage_state`, `files`, what it uploads) seen from a folder.

    A path that begins with an input or another value (``"{cv}"``) is theirs to say, and stays as it is.
    """
    start = task.start
    state = None if start.storage_state is None else _from(folder, start.storage_state)
    files = None if start.files is None else tuple(_from(folder, each) for each in start.files)
    start = start.model_copy(update={"storage_state": state, "files": files})
    return task.model_copy(update={"start": start, "steps": _steps(task.steps, folder)})


def _steps(steps: tuple[ScriptStep, ...], folder: Path) -> tuple[ScriptStep, ...]:
    return tuple(_step(each, folder) for each in steps)


def _step(step: ScriptStep, folder: Path) -> ScriptStep:
    match step:
        case UploadStep():
            return step.model_copy(update={"upload": _each(step.upload, folder)})
        case AnswerDialogStep():
            return step.model_copy(update={"files": _each(step.files, folder)})
        case IfStep():
            return step.model_copy(update={"then": _steps(step.then, folder), "else_": _steps(step.else_, folder)})
        case ForEachStep():
            return step.model_copy(update={"steps": _steps(step.steps, folder)})
        case _:
            return step


def _each(paths: str | tuple[str, ...], folder: Path) -> str | tuple[str, ...]:
    return _filled(paths, folder) if isinstance(paths, str) else tuple(_filled(each, folder) for each in paths)


def _filled(path: str, folder: Path) -> str:
    # a doubled brace is a literal one, and those of the folder have to be
    if path.startswith("{") and not path.startswith("{{"):
        return path
    return _from(Path(str(folder).replace("{", "{{").replace("}", "}}")), path)


def _from(folder: Path, path: str) -> str:
    # `~` is somebody's home; and what lies where we are stays as it was written
    return path if path.startswith("~") or folder == Path() else str(folder / path)
