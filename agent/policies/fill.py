"""Puts values into texts: ``{name}``, with ``{{`` and ``}}`` for braces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_FIELD = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


def fill(text: str, values: Mapping[str, Any]) -> str:
    """``text`` with every ``{name}`` replaced; a list comes out comma-separated.

    Raises:
        KeyError: A name has no value yet.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        found = values[name]
        return ", ".join(found) if isinstance(found, list | tuple) else str(found)

    return _FIELD.sub(value, text)


def names_in(value: Any) -> Iterator[str]:
    """The names that a text, or anything made of texts, uses."""
    if isinstance(value, str):
        yield from (match[1] for match in _FIELD.finditer(value) if match[1] is not None)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from names_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from names_in(each)
