"""The desktop's captures, clicks and steps, as the desktop suite takes them: on private screens, in turn with the same by hand."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

from ..desktop_suite.numbers import SIZES, Sides, captures, clicks, steps
from .base import Asked, Row

_CAPTURES, _STEPS = 100, 8
CAPTURE, STEP = 1.2, 1.3
"""Times its floor that a capture, and a step, may take."""


def measure(asked: Asked) -> Sequence[Row]:
    """Rows of captures at three sizes, of a click, and of a step."""
    times = asked.trials(_CAPTURES)
    rows = []
    for width, height in SIZES[:1] if asked.short else SIZES:
        _, took = captures(width, height, times)
        rows.append(_row(f"desktop capture, {width}×{height}", took, CAPTURE, "the bare library call"))
    rows.append(_row("desktop click", clicks(times), None, "bare XTEST"))
    took = asyncio.run(steps(asked.trials(_STEPS, 1)))
    rows.append(_row("desktop step", took, STEP, "by hand: XTEST, the library's captures, the same rest, PNG, hash"))
    return rows


def _row(name: str, took: Sides, limit: float | None, note: str) -> Row:
    ours, bare = (statistics.median(each) * 1000 for each in took)
    return Row(name, ours, bare, limit, len(took.ours), note=note)
