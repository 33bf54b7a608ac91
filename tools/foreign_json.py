"""JSON that somebody else wrote: numbers are numbers, and nothing is nested deeper than its reader can follow."""

from __future__ import annotations

import json
import math
from typing import Any

from .words import cut

_LONGEST = 25
"""Digits of a whole number."""


def decode(text: str, at: int = 0, *, deepest: int) -> tuple[Any, int]:
    """The JSON value that begins at a place, and where it ends.

    Args:
        text: Where it stands.
        at: Index of its first character.
        deepest: Arrays and objects that may lie in one another.

    Raises:
        ValueError: It is none, holds ``NaN`` or a number that no float can be, or is nested too deeply.
    """
    try:
        value, end = _DECODER.raw_decode(text, at)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    layer = [value]
    for _ in range(deepest):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return value, end
    raise ValueError("it is nested too deeply")


def parse(text: str, *, deepest: int) -> Any:
    """The one JSON value that a text is.

    Raises:
        ValueError: As `decode`; or something follows it.
    """
    begin = len(text) - len(text.lstrip(_SPACE))
    value, end = decode(text, begin, deepest=deepest)
    if text[end:].strip(_SPACE):
        raise ValueError(f"something follows the value: {cut(ascii(text[end:].strip(_SPACE)), 30)}")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{cut(text, 30)} is larger than any number may be")
    return value


def _int(text: str) -> int:
    if len(text) > _LONGEST:
        raise ValueError(f"{cut(text, 30)} is larger than any number may be")
    return int(text)


_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_int)
