"""Reads the task files of OSWorld: ``test_all.json`` and ``examples/APP/ID.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....environments.osworld.getters import GETTERS
from ....environments.osworld.setup import STEPS, UNSUPPORTED
from ....tools.errors import TaskError
from ....tools.foreign_json import parse

_DEEPEST = 60
_LARGEST = 4 * 1024 * 1024


class Wrong(Exception):
    """What a file says cannot be run; its text says which field, and why."""


@dataclass(frozen=True)
class Example:
    """One task.

    Attributes:
        name: ``APP/ID``.
        path: Its file.
        data: What that says; empty when it cannot be read.
        why: Why it cannot be run; empty when it can.
    """

    name: str
    path: Path
    data: Mapping[str, Any]
    why: str = ""

    @property
    def evaluator(self) -> Mapping[str, Any]:
        """How it is judged."""
        found = self.data.get("evaluator")
        return found if isinstance(found, dict) else {}


def home_of(path: Path) -> Path:
    """The folder ``evaluation_examples``, of that itself or of a checkout.

    Raises:
        TaskError: There is none.
    """
    for folder in (path, path / "evaluation_examples"):
        if (folder / "examples").is_dir():
            return folder
    raise TaskError(
        f"-c suite.examples={path}: there is no folder examples/ in it",
        remedy="name the folder evaluation_examples of a checkout of https://github.com/xlang-ai/OSWorld",
    )


def read_examples(home: Path, listed: str, judged: Callable[[str], str]) -> Iterator[Example]:
    """The tasks of a list, in its order.

    Args:
        home: The folder ``evaluation_examples``.
        listed: Name of the list in it.
        judged: Why a metric cannot be had; empty when it can.

    Raises:
        TaskError: The list is damaged, or names what is no file of that folder.
    """
    for name in _names(home, listed):
        path = home / "examples" / f"{name}.json"
        try:
            data = _read(path, name.partition("/")[2])
        except Wrong as wrong:
            yield Example(name, path, {}, f"examples/{name}.json: {wrong}")
            continue
        try:
            _check(data, judged)
        except Wrong as wrong:
            yield Example(name, path, data, str(wrong))
            continue
        yield Example(name, path, data)


def _names(home: Path, listed: str) -> Iterator[str]:
    path = home / listed
    if not path.is_file():
        if listed != "test_all.json":
            raise TaskError(f"-c suite.list={listed}: {path} is no file")
        yield from sorted(f"{each.parent.name}/{each.stem}" for each in (home / "examples").glob("*/*.json"))
        return
    try:
        data = parse(path.read_text(encoding="utf-8"), deepest=4)
    except (OSError, ValueError) as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise TaskError(f"{path} is no list of tasks: an object of application → ids is meant")
    for app, ids in data.items():
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise TaskError(f"{path}: {app!r} is no list of ids")
        for each in ids:
            if not all(part not in ("", ".", "..") and not set(part) & set("/\\") for part in (app, each)):
                raise TaskError(f"{path}: {app!r} has the id {each!r}, which is no name of a file")
            yield f"{app}/{each}"


def _read(path: Path, id: str) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise Wrong("it is larger than a task file may be")
        data = parse(path.read_text(encoding="utf-8"), deepest=_DEEPEST)
    except FileNotFoundError as error:
        raise Wrong("there is no such file") from error
    except OSError as error:
        raise Wrong(f"it cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Wrong(f"it is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise Wrong("it is no object: a task of OSWorld has id, instruction, config and evaluator")
    for field, kind in (("id", str), ("instruction", str), ("evaluator", dict)):
        if not isinstance(data.get(field), kind) or not data[field]:
            raise Wrong(f"{field} is missing, or no {'object' if kind is dict else 'text'}")
    if data["id"] != id:
        raise Wrong(f"its id is {data['id']!r}")
    _check_steps(data.get("config"), "config")
    _check_evaluator(data["evaluator"])
    return data


def _check_steps(steps: Any, field: str) -> None:
    if steps is None:
        return
    if not isinstance(steps, list):
        raise Wrong(f"{field} is no list")
    for number, step in enumerate(steps):
        if not isinstance(step, dict) or not isinstance(step.get("type"), str):
            raise Wrong(f"{field}[{number}].type is missing")
        if not isinstance(step.get("parameters", {}), dict):
            raise Wrong(f"{field}[{number}].parameters is no object")
        if step["type"] not in STEPS | UNSUPPORTED.keys():
            raise Wrong(f"{field}[{number}].type: OSWorld has no step {step['type']!r}")


def _check_evaluator(evaluator: Mapping[str, Any]) -> None:
    _check_steps(evaluator.get("postconfig"), "evaluator.postconfig")
    func = evaluator.get("func")
    if not isinstance(func, str) and not (_texts(func) and func):
        raise Wrong("evaluator.func is missing, or neither a name nor a list of names")
    if evaluator.get("conj", "and") not in ("and", "or"):
        raise Wrong(f"evaluator.conj is {evaluator['conj']!r}: and, or")
    if func == "infeasible":
        return
    if not evaluator.get("result"):
        raise Wrong("evaluator.result is missing")
    for field in ("result", "expected", "options"):
        value = evaluator.get(field)
        if isinstance(func, list):
            if value and (not isinstance(value, list) or len(value) != len(func)):
                raise Wrong(f"evaluator.{field}: a list of {len(func)} is meant, as func is one")
        elif isinstance(value, list):
            raise Wrong(f"evaluator.{field} is a list, and func is none")
        for each in value if isinstance(value, list) else [value]:
            if each and not isinstance(each, dict):
                raise Wrong(f"evaluator.{field} holds {each!r}, which is no object")


def _check(data: Mapping[str, Any], judged: Callable[[str], str]) -> None:
    """What handeye does not have of what the file asks for."""
    evaluator = data["evaluator"]
    for field, steps in (("config", data.get("config")), ("postconfig", evaluator.get("postconfig"))):
        for step in steps or ():
            if step["type"] in UNSUPPORTED:
                raise Wrong(f"the step {step['type']} of {field} is not supported: {UNSUPPORTED[step['type']]}")
    if evaluator["func"] == "infeasible":
        return
    for field in ("result", "expected"):
        for each in _several(evaluator.get(field)):
            if each and each.get("type") not in GETTERS:
                raise Wrong(f"the getter {each.get('type')} is not supported")
    for name in _several(evaluator["func"]):
        if why := judged(name):
            raise Wrong(why)


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def evaluator_text(data: Mapping[str, Any]) -> str:
    """The evaluator of a task file, as a probe takes it."""
    return json.dumps(data["evaluator"], ensure_ascii=False, sort_keys=True)
