"""A script as a flat program: every step one operation, loops and branches as jumps, so that one number says where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...episodes.schema import Task
from ...episodes.schema.script import AskStep, Condition, ForEachStep, IfStep, ReadStep, ScriptStep
from ...tools.errors import TaskError
from ...tools.plugins import did_you_mean
from .fill import names_in


@dataclass(frozen=True)
class Do:
    """Does one step."""

    step: ScriptStep
    source: str


@dataclass(frozen=True)
class Branch:
    """Goes on if the condition holds, else to ``otherwise``."""

    condition: Condition
    otherwise: int
    source: str


@dataclass(frozen=True)
class Jump:
    """Goes to ``to``."""

    to: int


@dataclass(frozen=True)
class Loop:
    """Gives ``name`` the next item, or leaves for ``end``."""

    name: str
    items: str | tuple[str, ...]
    end: int
    source: str


Operation: TypeAlias = Do | Branch | Jump | Loop


def compile_script(task: Task, lines: Mapping[str, int] | None = None) -> tuple[Operation, ...]:
    """The program of a task's steps.

    Args:
        task: Whose steps.
        lines: Path of a step in the file (``steps[3].then[0]``) → line number, for messages.

    Raises:
        TaskError: A step uses a name that nothing defines.
    """
    operations: list[Operation] = []
    _add(operations, task.steps, "steps", lines or {})
    _check_names(task, operations)
    return tuple(operations)


def _add(operations: list[Operation], steps: Sequence[ScriptStep], path: str, lines: Mapping[str, int]) -> None:
    for number, step in enumerate(steps):
        where = f"{path}[{number}]"
        source = f"{where} (line {lines[where]})" if where in lines else where
        match step:
            case IfStep():
                at = len(operations)
                operations.append(Jump(0))
                _add(operations, step.then, f"{where}.then", lines)
                out = len(operations)
                operations.append(Jump(0))
                operations[at] = Branch(step.if_, len(operations), source)
                _add(operations, step.else_, f"{where}.else", lines)
                operations[out] = Jump(len(operations))
            case ForEachStep():
                at = len(operations)
                operations.append(Jump(0))
                _add(operations, step.steps, f"{where}.steps", lines)
                operations.append(Jump(at))
                operations[at] = Loop(step.for_each, step.in_, len(operations), source)
            case _:
                operations.append(Do(step, source))


def _check_names(task: Task, operations: Sequence[Operation]) -> None:
    known = {*task.inputs, *task.secrets, *_defined(operations)}
    for operation in operations:
        for name in _used(operation):
            if name not in known:
                assert not isinstance(operation, Jump)
                hint = did_you_mean(name, sorted(known))
                raise TaskError(
                    f"{operation.source}: {{{name}}} is no input, no secret and nothing that a step reads",
                    remedy=f"{hint}known: {', '.join(sorted(known)) or 'none'}; a literal brace is written {{{{",
                )


def _defined(operations: Sequence[Operation]) -> Iterator[str]:
    for operation in operations:
        match operation:
            case Do(step=ReadStep(read=name)) | Do(step=AskStep(as_=name)) | Loop(name=name):
                yield name
            case _:
                pass


def _used(operation: Operation) -> Iterator[str]:
    match operation:
        case Do(step=step) if not isinstance(step, str):
            for field, value in step.model_dump().items():
                # a pattern is full of braces that mean something else
                if field != "pattern":
                    yield from names_in(value)
        case Branch(condition=condition):
            yield from names_in(condition.sees)
            yield from () if condition.value is None else (condition.value,)
            yield from names_in(condition.equals)
        case Loop(items=items):
            yield from names_in(items)
        case _:
            pass
