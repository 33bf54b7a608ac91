"""Means over rows, each with the interval that fits how they hang together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..stats import Interval, cluster_mean, strata_mean, wilson
from ..suites.steps import Average
from .trial import Trial, grouped


class Mean(NamedTuple):
    """A mean with its interval.

    Attributes:
        mean: None without rows.
        interval: 95 %; None where there are too few.
        method: How the interval was found: ``Wilson`` of rows that stand alone and are right or wrong, ``Wilson of whole clusters`` where
            all are alike, ``bootstrap over clusters`` of all others.
        of: Rows that it is the mean of.
        right: Those of them that are worth 1.
    """

    mean: float | None = None
    interval: Interval | None = None
    method: str = ""
    of: int = 0
    right: int = 0


def mean_of(trials: Sequence[Trial], part: str) -> Mean:
    """The mean over all rows that are worth something by a part."""
    groups = _values(trials, part)
    values = [value for each in groups for value in each]
    if not values:
        return Mean()
    interval, method = _interval(groups, values)
    return Mean(math.fsum(values) / len(values), interval, method, len(values), sum(value == 1 for value in values))


def headline(trials: Sequence[Trial], part: str, average: Average = "items", over: str = "") -> Mean:
    """What a run reports by a part.

    Args:
        trials: All rows.
        part: Of the score.
        average: See `Average`.
        over: Name of the groups, where it is the mean of their means.
    """
    plain = mean_of(trials, part)
    groups = _values(trials, part)
    if average == "items" or len({value for each in groups for value in each}) < 2:
        # of values that are all alike any mean is the same
        return plain
    if average == "clusters":
        means = [math.fsum(each) / len(each) for each in groups]
        interval, method = _interval([[each] for each in means], means)
        return plain._replace(mean=math.fsum(means) / len(means), interval=interval, method=method)
    strata = [_values(some, part) for some in grouped(trials, lambda each: each.groups.get(over)).values()]
    strata = [each for each in strata if each]
    means = [math.fsum(map(math.fsum, each)) / sum(map(len, each)) for each in strata]
    mean = math.fsum(means) / len(means)
    return plain._replace(mean=mean, interval=strata_mean(strata), method="normal, by strata of clusters")


def _values(trials: Sequence[Trial], part: str) -> list[list[float]]:
    """What rows are worth, by what they hang together in."""
    worth = [(each, value) for each in trials if (value := each.worth(part)) is not None]
    # rows of one task are a sample of its seeds, and those of one seed a sample of its tries
    levels: tuple[Callable[[Trial], object], ...] = (
        lambda each: each.cluster,
        lambda each: (each.task, each.seed),
        lambda each: each.name,
    )
    found: dict[object, list[float]] = {}
    for level in levels:
        found = {}
        for each, value in worth:
            found.setdefault(level(each), []).append(value)
        if len(found) > 1:
            break
    return list(found.values())


def _interval(groups: Sequence[Sequence[float]], values: Sequence[float]) -> tuple[Interval | None, str]:
    right_or_wrong = all(value in (0, 1) for value in values)
    if right_or_wrong and len(groups) == len(values):
        return wilson(round(math.fsum(values)), len(values)), "Wilson"
    if len(set(values)) > 1:
        return cluster_mean(groups), "bootstrap over clusters"
    # all alike: a bootstrap, which draws from them alone, would be certain
    if right_or_wrong:
        return wilson(round(values[0]) * len(groups), len(groups)), "Wilson of whole clusters"
    return None, ""
