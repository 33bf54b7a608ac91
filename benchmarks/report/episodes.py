"""Whole episodes out of the answers to their steps: one is right when all its steps are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...episodes.schema import Score
from .trial import SUCCESS, VALUE, Trial, grouped


class Episodes(NamedTuple):
    """What came of the episodes whose steps were asked about.

    Attributes:
        whole: One for each that was asked and answered whole, with the groups of its first step; by each part of a score it is worth 1
            where all its steps are, else 0.
        left_out: How many were not: a limit or shard parted them, a record was bad, the infrastructure failed a step.
    """

    whole: tuple[Trial, ...]
    left_out: int


def episodes_of(trials: Iterable[Trial], parts: Sequence[str]) -> Episodes:
    """Episodes of the answers that are steps of some.

    Args:
        trials: Answers, also those that the infrastructure failed.
        parts: Of a score; see `Trial.worth`.
    """
    found = grouped((each for each in trials if each.of_steps), lambda each: each.cluster)
    whole = [_as_one(steps, parts) for steps in found.values() if _is_whole(steps)]
    return Episodes(tuple(whole), len(found) - len(whole))


def _is_whole(steps: Sequence[Trial]) -> bool:
    return len(steps) == steps[0].of_steps and not any(each.broke for each in steps)


def _as_one(steps: Sequence[Trial], parts: Sequence[str]) -> Trial:
    right = {part: all(each.worth(part) == 1 for each in steps) for part in parts}
    score = Score(
        value=float(right.get(VALUE, False)),
        success=right.get(SUCCESS, right.get(VALUE, False)),
        parts={part: float(held) for part, held in right.items() if part not in (SUCCESS, VALUE)},
    )
    return replace(steps[0], task=steps[0].cluster, score=score)
