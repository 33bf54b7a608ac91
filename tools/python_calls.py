"""Python source that only calls things with constants, read as those calls: parsed, and never run.

What agents write to drive a desktop is Python. Of it this reads calls of dotted names whose arguments are constants, plain arithmetic of
them, lists and tuples, and names that were given such a value before. Everything else (a loop, a function, a value that has to be computed)
is refused with the line it stands on.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from .words import cut, one_line

Value: TypeAlias = "str | int | float | bool | list[Value] | tuple[Value, ...] | None"
"""What an argument may be."""

LONGEST = 200_000
"""Characters of source."""
_LARGEST = 1e9
_DEEPEST = 32
_MOST = 10_000
"""Statements, and items of a list."""


class SourceRefused(ValueError):
    """The source is not of the kind that is read here: names the line and what stands there."""


class Call(NamedTuple):
    """One call.

    Attributes:
        name: Dotted, with what imports and their ``as`` stand for put in: ``pyautogui.click``.
        arguments: Positional ones.
        named: The others.
        line: Where it stands in the source, from 1.
        inside: The calls of the ``with`` statements around it, outermost first; each bears its own line.
    """

    name: str
    arguments: tuple[Value, ...]
    named: dict[str, Value]
    line: int
    inside: tuple[Call, ...] = ()


class Setting(NamedTuple):
    """A value given to an attribute of a module: ``pyautogui.PAUSE = 1``."""

    name: str
    value: Value
    line: int


def read_calls(source: str, constants: Callable[[str], Value] | None = None) -> tuple[Call | Setting, ...]:
    """The calls in some source, in order.

    Args:
        source: Python, perhaps fenced as Markdown has it.
        constants: The value of a dotted name of a module (``pyautogui.LEFT``); raises KeyError for one that has none.

    Raises:
        SourceRefused: It is too long, no Python, or does more than call things with constants.
    """
    if len(source) > LONGEST:
        raise SourceRefused(f"the source has {len(source)} characters; at most {LONGEST} are read")
    try:
        with warnings.catch_warnings():
            # a backslash that escapes nothing is the author's business
            warnings.simplefilter("ignore")
            tree = ast.parse(_unfenced(source))
        return tuple(_Reader(constants or _none).block(tree.body, ()))
    except SyntaxError as error:
        raise SourceRefused(f"line {error.lineno or 1}: this is no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, SourceRefused):
            raise
        raise SourceRefused(f"line 1: this cannot be parsed: {cut(str(error), 80) or 'nested too deeply'}") from error


_FENCE = re.compile(r"\s*```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)


def _unfenced(source: str) -> str:
    match = _FENCE.fullmatch(source)
    return match[1] if match else source.strip()


def _none(name: str) -> Value:
    raise KeyError(name)


class _Reader:
    def __init__(self, constants: Callable[[str], Value]) -> None:
        self._constants = constants
        self._modules: dict[str, str] = {}
        self._values: dict[str, Value] = {}
        self._seen = 0

    def block(self, body: list[ast.stmt], inside: tuple[Call, ...]) -> Iterator[Call | Setting]:
        for each in body:
            self._seen += 1
            if self._seen > _MOST:
                raise SourceRefused(f"line {each.lineno}: more than {_MOST} statements")
            yield from self._statement(each, inside)

    def _statement(self, statement: ast.stmt, inside: tuple[Call, ...]) -> Iterator[Call | Setting]:
        match statement:
            case ast.Import(names=names):
                for name in names:
                    self._modules[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for name in names:
                    if name.name == "*":
                        raise _refused(statement, "an import of everything")
                    self._modules[name.asname or name.name] = f"{module}.{name.name}"
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(value=ast.Call() as call):
                yield self._call(call, inside)
            case ast.Assign(targets=[target], value=value):
                yield from self._assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from self._assign(target, value)
            case ast.With(items=items, body=body):
                held = tuple(self._with(each) for each in items)
                yield from self.block(body, (*inside, *held))
            case _:
                raise _refused(statement, _WHAT.get(type(statement), "this"))

    def _with(self, item: ast.withitem) -> Call:
        if not isinstance(item.context_expr, ast.Call) or item.optional_vars is not None:
            raise _refused(item.context_expr, "a with of something else than a call")
        return self._call(item.context_expr, ())

    def _assign(self, target: ast.expr, value: ast.expr) -> Iterator[Setting]:
        found = self._value(value)
        match target:
            case ast.Name(id=name):
                self._values[name] = found
            case ast.Attribute():
                yield Setting(self._name(target), found, target.lineno)
            case ast.Tuple(elts=names) if isinstance(found, list | tuple) and len(found) == len(names):
                for name_, each in zip(names, found, strict=True):
                    if not isinstance(name_, ast.Name):
                        raise _refused(target, "an assignment to this")
                    self._values[name_.id] = each
            case _:
                raise _refused(target, "an assignment to this")

    def _call(self, call: ast.Call, inside: tuple[Call, ...]) -> Call:
        name = self._name(call.func)
        named: dict[str, Value] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise _refused(call, "arguments from a mapping (**)")
            named[keyword.arg] = self._value(keyword.value)
        arguments: list[Value] = []
        for each in call.args:
            if isinstance(each, ast.Starred):
                found = self._value(each.value)
                if not isinstance(found, list | tuple):
                    raise _refused(each, "arguments from what is no list (*)")
                arguments += found
            else:
                arguments.append(self._value(each))
        return Call(name, tuple(arguments), named, call.lineno, inside)

    def _name(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            raise _refused(node, "a call of something without a name")
        return ".".join((self._modules.get(node.id, node.id), *reversed(parts)))

    def _value(self, node: ast.expr, depth: int = 0) -> Value:
        if depth > _DEEPEST:
            raise _refused(node, "a value nested this deeply")
        match node:
            case ast.Constant(value=None | bool() | str() as plain):
                return plain
            case ast.Constant(value=int() | float() as number):
                return _number(node, number)
            case ast.Name(id=name) if name in self._values:
                return self._values[name]
            case ast.Name(id=name):
                raise _refused(node, f"the name {name!r}, which has no known value")
            case ast.Attribute():
                try:
                    return self._constants(self._name(node))
                except KeyError as error:
                    raise _refused(node, "a value of an object") from error
            case ast.List(elts=items) | ast.Tuple(elts=items):
                if len(items) > _MOST:
                    raise _refused(node, f"more than {_MOST} items")
                found = [self._value(each, depth + 1) for each in items]
                return found if isinstance(node, ast.List) else tuple(found)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                value = self._value(operand, depth + 1)
                if not _is_number(value):
                    raise _refused(node, "a sign before what is no number")
                return -value if isinstance(sign, ast.USub) else value
            case ast.BinOp():
                return self._computed(node, depth)
            case ast.JoinedStr():
                raise _refused(node, "an f-string")
            case _:
                raise _refused(node, _WHAT.get(type(node), "a value that has to be computed"))

    def _computed(self, node: ast.BinOp, depth: int) -> Value:
        left, right = self._value(node.left, depth + 1), self._value(node.right, depth + 1)
        if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
            return left + right
        if not _is_number(left) or not _is_number(right):
            raise _refused(node, "arithmetic of what are no numbers")
        try:
            match node.op:
                case ast.Add():
                    return _number(node, left + right)
                case ast.Sub():
                    return _number(node, left - right)
                case ast.Mult():
                    return _number(node, left * right)
                case ast.Div():
                    return _number(node, left / right)
                case ast.FloorDiv():
                    return _number(node, left // right)
                case _:
                    raise _refused(node, "arithmetic beyond + - * / //")
        except ZeroDivisionError as error:
            raise _refused(node, "a division by zero") from error


def _is_number(value: Value) -> TypeGuard[int | float]:
    return type(value) in (int, float)


def _number(node: ast.expr, value: Any) -> int | float:
    # compared before anything is computed: an integer may be larger than any float
    if type(value) not in (int, float) or not -_LARGEST <= value <= _LARGEST or math.isnan(value):
        raise _refused(node, f"a number beyond {_LARGEST:g}")
    found: int | float = value
    return found


_WHAT: dict[type[ast.AST], str] = {
    ast.For: "a loop",
    ast.While: "a loop",
    ast.If: "a condition",
    ast.Try: "a try",
    ast.FunctionDef: "a function",
    ast.AsyncFunctionDef: "a function",
    ast.ClassDef: "a class",
    ast.Delete: "a del",
    ast.AugAssign: "an assignment that adds to a value",
    ast.Lambda: "a function",
    ast.Call: "a value that a call returns",
    ast.Subscript: "an item of a value",
    ast.IfExp: "a condition",
    ast.ListComp: "a loop",
    ast.GeneratorExp: "a loop",
    ast.Dict: "a mapping",
}


def _refused(node: ast.AST, what: str) -> SourceRefused:
    try:
        text = cut(one_line(ast.unparse(node)), 60)
    except (RecursionError, ValueError):
        text = "…"
    return SourceRefused(f"line {getattr(node, 'lineno', 1)}: {what} is not read: {ascii(text)[1:-1]}")
