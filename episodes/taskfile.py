"""Reads task files: YAML to `Task`, every error with its file and line.

YAML is read as a person means it: only ``true``, ``false`` and ``null`` are special words, dates stay text, and a number stays
text where its spelling would be lost (``007``, ``1.50``, ``12:30``). A file may be UTF-8 only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ..tools.errors import TaskError
from ..tools.plugins import did_you_mean
from .paths import anchored
from .schema import Task
from .schema.script import VERB_KEYS, WORDS

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_MAX_DEPTH = 60
_MOST = 200_000


@dataclass(frozen=True)
class TaskFile:
    """A task and where it stands.

    Attributes:
        path: The file.
        task: What it says.
        lines: Path in the document (``steps[3].then[0]``) → line number, from 1.
    """

    path: Path
    task: Task
    lines: dict[str, int] = field(default_factory=dict)


def read_task(path: Path) -> TaskFile:
    """Reads and validates a task file. Relative paths in it are seen from its folder.

    Raises:
        TaskError: It cannot be read, is no YAML, or says something that no task has; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TaskError(f"cannot read the task file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TaskError(f"{path} is not UTF-8 text (byte {error.start})") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise TaskError(f"{path}{_yaml_place(error, text)}: not YAML: {_yaml_problem(error)}") from error
    except RecursionError as error:
        raise TaskError(f"{path}: nested too deeply") from error
    if not isinstance(root, yaml.MappingNode):
        raise TaskError(f"{path}: a task file is a mapping with keys such as start: and steps:")
    lines: dict[str, int] = {}
    data = _value(root, "", lines, path, 0)
    data.setdefault("name", path.stem)
    try:
        task = Task.model_validate(data)
    except ValidationError as error:
        raise TaskError(_explain(error.errors(include_url=False), data, lines, path)) from error
    return TaskFile(path, anchored(task, path.parent), lines)


def _value(node: yaml.Node, where: str, lines: dict[str, int], path: Path, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise TaskError(f"{path}, line {node.start_mark.line + 1}: nested too deeply (or an alias that holds itself)")
    if len(lines) > _MOST:
        raise TaskError(f"{path}, line {node.start_mark.line + 1}: too large (aliases that multiply?)")
    lines[where] = node.start_mark.line + 1
    match node:
        case yaml.MappingNode():
            found: dict[str, Any] = {}
            for key_node, value_node in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    raise TaskError(f"{path}, line {key_node.start_mark.line + 1}: a key has to be a word")
                key = key_node.value
                if key in found:
                    raise TaskError(f"{path}, line {key_node.start_mark.line + 1}: the key `{key}` stands here twice")
                below = f"{where}.{key}" if where else key
                found[key] = _value(value_node, below, lines, path, depth + 1)
                lines[below] = key_node.start_mark.line + 1
            return found
        case yaml.SequenceNode():
            return [_value(each, f"{where}[{i}]", lines, path, depth + 1) for i, each in enumerate(node.value)]
        case _:
            return _scalar(node)


def read_scalar(text: str) -> Any:
    """One value as a task file would read it: ``3`` is a number, ``"3"`` and ``007`` are text.

    Raises:
        TaskError: It is no YAML.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise TaskError(f"{text!r} is not a YAML value: {_yaml_problem(error)}") from error
    return None if node is None else _value(node, "", {}, Path("value"), 0)


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    # a quoted word is always text; a plain one is what YAML 1.2 says, if nothing of its spelling is lost
    if getattr(node, "style", None) is not None:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text) and len(text) < 16:
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text and text not in ("nan", "inf", "-inf") else text


def _explain(errors: Sequence[ErrorDetails], data: Any, lines: dict[str, int], path: Path) -> str:
    """One line for each place; of the branches of a union that all failed the first says enough."""
    messages: dict[str, str] = {}
    for error in errors:
        where, here, owner = _place(error["loc"], data)
        at = f"{path}, line {lines.get(where, 1)}{f', {where}' if where else ''}"
        messages.setdefault(where, f"{at}: {_message(error, here, owner)}")
    return "\n".join(messages.values())


def _message(error: ErrorDetails, here: Any, owner: type[BaseModel] | None) -> str:
    match error["type"]:
        case "extra_forbidden":
            key, known = str(error["loc"][-1]), sorted(_fields(owner))
            hint = did_you_mean(key, known).strip() or f"known: {', '.join(known)}"
            return f"unknown key `{key}`; {hint}"
        case "union_tag_invalid":
            tag = error.get("ctx", {}).get("tag", "")
            names = [*VERB_KEYS, *WORDS]
            hint = next(filter(None, (did_you_mean(word, names) for word in str(tag).split(", "))), "")
            return f"no step is called `{tag}`; {hint}steps are: {', '.join(names)}"
        case "missing":
            return f"the key `{error['loc'][-1]}` is missing"
        case "model_type" if here in VERB_KEYS:
            return f"`{here}` needs a value: `{here}: …`"
        case "model_type" | "dict_type":
            return "this has to be a mapping: keys with values"
        case "tuple_type":
            return "this has to be a list"
        case _:
            return error["msg"].removeprefix("Value error, ")


def _place(loc: tuple[int | str, ...], data: Any) -> tuple[str, Any, type[BaseModel] | None]:
    """Where in the document an error lies, what stands there, and the record whose keys are allowed there."""
    where, here = "", data
    kinds: list[type[BaseModel]] = [Task]
    for each in loc:
        if isinstance(each, int):
            if isinstance(here, list) and each < len(here):
                where, here = f"{where}[{each}]", here[each]
        elif len(kinds) > 1:
            # the tag of a step: it looks like a key, and an `if` has both
            kinds = [kind for kind in kinds if each in _fields(kind)]
        elif isinstance(here, dict) and each in here:
            where, here = f"{where}.{each}" if where else each, here[each]
            found = _fields(kinds[0] if kinds else None).get(each)
            kinds = list(_records(found.annotation)) if found is not None else kinds
    return where, here, kinds[0] if kinds else None


def _fields(kind: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """The fields of a record by the keys that a file has for them."""
    return {} if kind is None else {field.alias or name: field for name, field in kind.model_fields.items()}


def _records(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _records(each)


def _yaml_place(error: yaml.YAMLError, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f", line {text.count(chr(10), 0, getattr(error, 'position', 0)) + 1}"
    return f", line {mark.line + 1}"


def _yaml_problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]
