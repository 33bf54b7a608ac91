"""What a measurement is: rows of ours against a floor that was taken in the same run, and what each ought to be."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

Verdict = Literal["within", "short of", ""]


class Row(NamedTuple):
    """One figure.

    Attributes:
        name: What was measured; the key by which two tables are compared.
        ours: Median of ours, in `unit`.
        floor: Median of what ours is held against, in `unit`; None where the figure stands for itself.
        limit: The most that ``ours / floor``, or ``ours`` itself where there is no floor, ought to be; None where nothing is promised.
        trials: How many of each went into the medians.
        unit: Of `ours` and `floor`.
        note: Against what, and under which circumstances.
    """

    name: str
    ours: float
    floor: float | None = None
    limit: float | None = None
    trials: int = 1
    unit: str = "ms"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the floor."""
        return self.ours / self.floor if self.floor else None

    @property
    def verdict(self) -> Verdict:
        """Whether it is as it ought to be; empty where nothing is promised."""
        if self.limit is None:
            return ""
        held = self.ratio if self.floor is not None else self.ours
        return "within" if held is not None and held <= self.limit else "short of"


class Asked(NamedTuple):
    """How a measurement is run.

    Attributes:
        short: For its code paths only: a figure of such a run says nothing.
        folder: Where it may write; removed afterwards.
    """

    short: bool
    folder: Path

    def trials(self, full: int, short: int = 2) -> int:
        """How often something is timed."""
        return short if self.short else full


Measure = Callable[[Asked], Sequence[Row]]
"""Measures a group of rows; raises `HandeyeError` where the machine lacks what it needs."""


async def interleaved(
    ways: Mapping[str, Callable[[], Awaitable[float]]], trials: int, warm: int = 1
) -> dict[str, list[float]]:
    """Times several ways in turn, so that whatever else the machine does meets all of them alike.

    Args:
        ways: Name → does it once and says how many milliseconds of it count.
        trials: How often each.
        warm: How often each is done before, uncounted.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm + trials):
        # no way always follows the same other one
        names = list(ways) if number % 2 else list(ways)[::-1]
        for name in names:
            milliseconds = await ways[name]()
            if number >= warm:
                took[name].append(milliseconds)
    return took


def medians(took: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: statistics.median(values) for name, values in took.items()}
