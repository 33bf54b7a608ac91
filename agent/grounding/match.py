"""When a name on the screen is the one that was meant: the same words, in three degrees, and never a guess."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from enum import IntEnum

_EDGES = " \t\n:*.…!?,;–—-→›»‹«()[]\"'“”‘’"


class Tier(IntEnum):
    """How well a name fits; smaller is better."""

    EXACT = 0
    LOOSE = 1
    """The same but for case, punctuation at the ends and spaces."""
    PREFIX = 2
    """The name begins with what was asked for: “Cart” and “Cart (2)”."""
    WITHIN = 3
    """It stands somewhere in the text, as whole words. Good for reading and for neighbours, not for pointing."""


def squeezed(text: str) -> str:
    """Text in one normal form (NFKC) with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def loose(text: str) -> str:
    """Squeezed, without case and without punctuation at the ends."""
    return squeezed(text).casefold().strip(_EDGES)


def tier(want: str, have: str) -> Tier | None:
    """How well ``have`` fits ``want``; None when it does not."""
    if not have:
        return None
    if squeezed(want) == squeezed(have):
        return Tier.EXACT
    wanted, found = loose(want), loose(have)
    if not wanted:
        # nothing but punctuation was asked for (“+”, “…”): only the very same will do
        return None
    if wanted == found:
        return Tier.LOOSE
    at = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", found)
    if at is None:
        return None
    return Tier.PREFIX if at.start() == 0 else Tier.WITHIN


def nearest(want: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names most like what was asked for, best first; for messages, never for acting."""
    wanted = loose(want)
    scored = {name: _likeness(wanted, loose(name)) for name in names if name.strip()}
    best = sorted(scored, key=lambda name: -scored[name])
    return [name for name in best if scored[name] >= 0.35][:most]


def _likeness(wanted: str, found: str) -> float:
    whole = difflib.SequenceMatcher(None, wanted, found).ratio()
    words, others = set(wanted.split()), set(found.split())
    shared = len(words & others) / max(1, len(words | others))
    return max(whole, shared)
