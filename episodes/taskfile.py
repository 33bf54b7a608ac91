"""Reads task files: YAML to `Task`, every error with its file and line.

YAML is read as a person means it: only ``true``, ``false`` and ``null`` are special words, dates stay text, and a number stays text where its
spelling would be lost (``007``, ``1.50``, ``12:30``). A file may be UTF-8 only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..tools.errors import TaskError
from ..tools.plugins import did_you_mean
from .schema import Task
from .schema.script import VERB_KEYS, WORDS

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_MAX_DEPTH = 60


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
    """Reads and validates a task file.

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
        raise TaskError(f"{path}{_yaml_place(error)}: not YAML: {_yaml_problem(error)}") from error
    if not isinstance(root, yaml.MappingNode):
        raise TaskError(f"{path}: a task file is a mapping with keys such as start: and steps:")
    lines: dict[str, int] = {}
    data = _value(root, "", lines, path, 0)
    data.setdefault("name", path.stem)
    try:
        task = Task.model_validate(data)
    except ValidationError as error:
        raise TaskError("\n".join(_explain(each, data, lines, path) for each in error.errors(include_url=False))) from error
    return TaskFile(path, task, lines)


def _value(node: yaml.Node, where: str, lines: dict[str, int], path: Path, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise TaskError(f"{path}, line {node.start_mark.line + 1}: nested too deeply (or an alias that holds itself)")
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


def _explain(error: ErrorDetails, data: Any, lines: dict[str, int], path: Path) -> str:
    where, here, rest = _place(error["loc"], data)
    line = lines.get(where, 1)
    at = f"{path}, line {line}{f', {where}' if where else ''}"
    match error["type"]:
        case "extra_forbidden" if isinstance(here, dict) or rest:
            key = str(error["loc"][-1])
            allowed = _allowed(error["loc"], data)
            return f"{at}: unknown key `{key}`; {did_you_mean(key, allowed)}".rstrip("; ")
        case "union_tag_invalid":
            tag = error.get("ctx", {}).get("tag", "")
            names = [*VERB_KEYS, *WORDS]
            hint = next(filter(None, (did_you_mean(word, names) for word in str(tag).split(", "))), "")
            return f"{at}: no step is called `{tag}`; {hint}steps are: {', '.join(names)}"
        case "missing":
            return f"{at}: the key `{error['loc'][-1]}` is missing"
        case _:
            message = error["msg"].removeprefix("Value error, ")
            return f"{at}: {message}"


def _place(loc: tuple[int | str, ...], data: Any) -> tuple[str, Any, bool]:
    """Where in the document an error lies; tags of unions, which are no keys, are passed over."""
    where, here, rest = "", data, False
    for each in loc:
        if isinstance(each, int) and isinstance(here, list) and each < len(here):
            where, here, rest = f"{where}[{each}]", here[each], False
        elif isinstance(each, str) and isinstance(here, dict) and each in here:
            where, here, rest = f"{where}.{each}" if where else each, here[each], False
        else:
            rest = True
    return where, here, rest


def _allowed(loc: tuple[int | str, ...], data: Any) -> list[str]:
    from .schema import script, task

    owners = [kind for room in (script, task) for kind in vars(room).values() if isinstance(kind, type) and hasattr(kind, "model_fields")]
    top = len(loc) == 1
    kinds = [Task] if top else owners
    if len(loc) >= 2 and isinstance(loc[-2], str) and loc[-2] in VERB_KEYS:
        kinds = [kind for kind in owners if loc[-2] in {f.alias or n for n, f in kind.model_fields.items()}]
    return sorted({found.alias or name for kind in kinds for name, found in kind.model_fields.items()})


def _yaml_place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark is not None else ""


def _yaml_problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]
