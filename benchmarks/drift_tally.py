"""What came of replays after changes of one kind, counted; which of the figures that a suite states are missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .figures import Found, Line

THROUGH = 0.95
"""Share of the acts with one true target that have to go through."""


@dataclass
class Tally:
    """The line of one kind of change.

    Attributes:
        cases: Replays.
        wrong: Of those in which something was done that should not have been, or not in that order.
        right: Verdicts that are the right ones, of those that were `told`.
        through: Acts done, of the `acts` that have one true target.
        blind: Acts on which a program that says nothing of itself was stopped at, as the rule has it where its pixels became others.
        notes: What was not as it should be.
    """

    cases: int = 0
    wrong: int = 0
    right: int = 0
    told: int = 0
    through: int = 0
    acts: int = 0
    blind: int = 0
    notes: list[str] = field(default_factory=list)


def total(tallies: Mapping[str, Tally]) -> Tally:
    """All kinds together, without their notes."""
    names = ("cases", "wrong", "right", "told", "through", "acts", "blind")
    return Tally(*(sum(getattr(each, name) for each in tallies.values()) for name in names))


def failures(tallies: Mapping[str, Tally]) -> list[str]:
    """Which figures are missed."""
    found = total(tallies)
    missed = [f"{found.wrong} wrong clicks"] if found.wrong else []
    if found.through < THROUGH * found.acts:
        missed.append(
            f"{found.through} of {found.acts} acts with one true target went through, fewer than {THROUGH:.0%}"
        )
    if found.right < found.told:
        missed.append(f"{found.told - found.right} of {found.told} verdicts are not the right ones")
    return missed


def drift_found(tallies: Mapping[str, Tally], note: str) -> Found:
    """The figures of a part.

    Args:
        tallies: By kind of change.
        note: What a run needs to be repeated.
    """
    lines = [
        Line(f"drift, {kind}: right verdicts ({each.cases} cases)", each.right, each.told, each.wrong)
        for kind, each in tallies.items()
    ]
    all_ = total(tallies)
    lines.append(Line("drift: acts with one true target that went through", all_.through, all_.acts))
    notes = [note, *(f"drift, {kind}: {said}" for kind, each in tallies.items() for said in each.notes)]
    return Found(tuple(lines), tuple(notes), tuple(f"drift: {each}" for each in failures(tallies)))
