"""Secrets: placeholders in every text that is kept or shown, the value only at the moment of typing.

A secret has a name, declared in the task, and a value, from the process's environment. Everywhere but in the last step before
the keyboard it is the placeholder ``<secret:name>``: in actions, in what a model is told, in titles, URLs and trees, on disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html.entities import codepoint2name
from types import EllipsisType, NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from .errors import ActionError, UsageError

_PLACEHOLDER = re.compile(r"<secret:([A-Za-z_][A-Za-z0-9_]*)>")
_MIN_LENGTH = 3


class Ours:
    """Marks a text field that holds a word of ours, an id or a hash: no secret can be in it, and it must stay as it is."""


OURS = Ours()


def placeholder(name: str) -> str:
    """What stands for the secret in texts: ``<secret:name>``."""
    return f"<secret:{name}>"


class Secrets:
    """Names and values of the secrets of one run.

    Args:
        values: Name → value.

    Raises:
        UsageError: A value is shorter than three characters: it would be blotted out of every other text too.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})
        for name, value in self._values.items():
            if len(value.strip()) < _MIN_LENGTH:
                raise UsageError(
                    f"the secret {name!r} has {len(value.strip())} characters",
                    remedy=f"a secret needs at least {_MIN_LENGTH}, or hiding it would blot out unrelated text",
                )
        # longest first: a value that contains another one must not be cut in half
        self._order = sorted(self._values, key=lambda name: len(self._values[name]), reverse=True)
        # a placeholder is passed over: a value such as "secret" stands in it
        passed = "|".join(re.escape(placeholder(name)) for name in self._order)
        spelled = "|".join(f"({_spelled(self._values[name].strip())})" for name in self._order)
        self._pattern = re.compile(f"(?:{passed})|{spelled}") if self._values else None

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def names(self) -> tuple[str, ...]:
        """The declared names."""
        return tuple(self._values)

    def reveal(self, text: str) -> str:
        """``text`` with every placeholder replaced by its value: for the keyboard only, never to be kept.

        Raises:
            ActionError: It holds a placeholder whose value this run does not have; typing it literally would be wrong.
        """

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self._values:
                raise ActionError(
                    f"the text holds {match[0]}, but this run has no secret {name!r}",
                    remedy=f"declare it in the task's `secrets:` ({', '.join(self._values) or 'none are declared'})",
                )
            return self._values[name]

        return _PLACEHOLDER.sub(value, text)

    def redact(self, text: str) -> str:
        """``text`` with every value (raw, or as URLs, HTML and JSON spell it) replaced by its placeholder."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda m: placeholder(self._order[m.lastindex - 1]) if m.lastindex else m[0], text)

    def redact_all(self, data: Any) -> Any:
        """Redacts every string in nested dicts (keys too), lists and records.

        What is ours in a record stays as it is: names of fields, literals, ids, hashes. The three digits on the back of a card
        stand in many a hash.
        """
        if self._pattern is None:
            return data
        match data:
            case str():
                return self.redact(data)
            case list():
                return [self.redact_all(each) for each in data]
            case tuple():
                return tuple(self.redact_all(each) for each in data)
            case dict():
                return {self.redact_all(key): self.redact_all(value) for key, value in data.items()}
            case BaseModel():
                fields = _fields(type(data))
                return data.model_copy(update={name: self._field(value, fields[name]) for name, value in data})
            case _:
                return data

    def _field(self, value: Any, kind: _Kind) -> Any:
        match value:
            case dict() if kind == "named":
                return {name: self.redact_all(each) for name, each in value.items()}
            case str() if kind == "ours":
                return value
            case tuple() if kind == "ours":
                return tuple(self._field(each, kind) for each in value)
            case _:
                return self.redact_all(value)

    def occurs_in(self, text: str) -> bool:
        """Whether any value stands in ``text``."""
        return bool(self.first_in(text))

    def first_in(self, text: str) -> str:
        """The name of the first secret whose value stands in ``text``; empty when none does."""
        found = self._pattern.finditer(text) if self._pattern is not None else ()
        return next((self._order[match.lastindex - 1] for match in found if match.lastindex), "")

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._values)})"


_Kind = Literal["ours", "named", "foreign"]
"""What a field of a record holds: only words of ours, values under names that a task gave, or text from anywhere."""


@cache
def _fields(record: type[BaseModel]) -> dict[str, _Kind]:
    found: dict[str, _Kind] = {}
    for name, field in record.model_fields.items():
        ours = any(each is OURS for each in field.metadata) or _is_ours(field.annotation)
        named: _Kind = "named" if get_origin(field.annotation) is dict else "foreign"
        found[name] = "ours" if ours else named
    return found


def _is_ours(annotation: Any) -> bool:
    """Whether no text from anywhere fits the type; records look after themselves."""
    if isinstance(annotation, type):
        return issubclass(annotation, BaseModel | int | float | NoneType | EllipsisType)
    match get_origin(annotation):
        case origin if origin is Literal:
            return True
        case origin if origin is Annotated:
            kind, *marks = get_args(annotation)
            return any(each is OURS for each in marks) or _is_ours(kind)
        case _:
            arguments = get_args(annotation)
            return annotation is ... or (bool(arguments) and all(map(_is_ours, arguments)))


_ENTITIES = {"'": "apos"} | {chr(code): name for code, name in codepoint2name.items()}
_SPACE = r"(?:\s|\+|%(?:25)*(?:20|0[9ad])|&(?:amp;)*(?:nbsp|#32|#160|#x20|#xa0);|\\+(?:[nrt]|u0020|u00a0))+"


def _spelled(value: str) -> str:
    """A regular expression for a value: each character raw, or as URLs, HTML or JSON spell it, once or over and over.

    Any run of space stands for a run of space.
    """
    parts = re.split(r"(\s+)", value)
    return "".join(f"(?i:{_SPACE})" if part.isspace() else "".join(map(_character, part)) for part in parts)


def _character(char: str) -> str:
    raw = re.escape(char)
    percent = "".join(f"%(?:25)*{byte:02X}" for byte in char.encode(errors="surrogatepass"))
    entity = "|".join(filter(None, (f"#{ord(char)}", f"#x{ord(char):x}", _ENTITIES.get(char))))
    units = char.encode("utf-16-be", errors="surrogatepass").hex()
    escaped = "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    if char in "\"'/\\":
        raw = rf"\\*{raw}"
    if char in "<[":
        # as a text for a model spells it (tools/neutral.py)
        raw = f"{raw}\u2060?"
    return f"(?:{raw}|(?i:{percent}|&(?:amp;)*(?:{entity});|{escaped}))"
