"""Statistics of runs: shares with intervals, repeats, pairs. Pure functions of counts and numbers.

Intervals are of 95 % unless asked otherwise. What comes in groups (the steps of an episode, the seeds of a task, the targets of a
screenshot) is no sample of independent things: its intervals are drawn over whole groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_RESAMPLES = 4000
_SEED = 0
"""Of the draws: the same counts have the same interval."""


class Interval(NamedTuple):
    """From `low` to `high`, both included."""

    low: float
    high: float


def wilson(right: int, of: int, confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of a share of independent trials (E. B. Wilson 1927), which stays within 0 and 1; None without trials.

    Raises:
        ValueError: There are more right than there are, or fewer than none.
    """
    if not 0 <= right <= of:
        raise ValueError(f"{right} of {of} is no share")
    if not of:
        return None
    from scipy.stats import binomtest

    found = binomtest(right, of).proportion_ci(confidence, method="wilson")
    # at the ends the formula meets 0 and 1 but for rounding
    return Interval(0.0 if right == 0 else float(found.low), 1.0 if right == of else float(found.high))


def cluster_share(counts: Iterable[tuple[int, int]], confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of a share over groups, by a bootstrap that draws whole groups.

    Args:
        counts: Of each group (right, of); those without any are left out.
        confidence: How often it holds the truth.

    Returns:
        None with fewer than two groups.
    """
    held = np.array([each for each in counts if each[1]], np.float64).reshape(-1, 2)
    return _cluster(held[:, 0], held[:, 1], confidence)


def cluster_mean(groups: Iterable[Sequence[float]], confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of the mean of all values in groups, as `cluster_share` has it of a share."""
    held = [(math.fsum(each), len(each)) for each in groups if len(each)]
    numbers = np.array(held, np.float64).reshape(-1, 2)
    return _cluster(numbers[:, 0], numbers[:, 1], confidence)


def strata_mean(strata: Sequence[Sequence[Sequence[float]]], confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of a mean of the means of several strata, each a sample of clusters of its own, so that their variances add.

    Args:
        strata: Of each its clusters, of each of these its values, from 0 to 1.
        confidence: How often it holds the truth.

    Returns:
        None where a stratum has fewer than two clusters, or nothing varies.
    """
    from scipy.stats import t

    variance, free, means = 0.0, 0, []
    for clusters in strata:
        count, of = len(clusters), sum(map(len, clusters))
        if count < 2:
            return None
        mean = math.fsum(map(math.fsum, clusters)) / of
        means.append(mean)
        off = math.fsum((math.fsum(each) - mean * len(each)) ** 2 for each in clusters)
        variance += off / of**2 * count / (count - 1)
        free += count - 1
    if not variance:
        return None
    mean = math.fsum(means) / len(means)
    half = float(t.ppf((1 + confidence) / 2, free)) * math.sqrt(variance) / len(means)
    return Interval(max(0.0, mean - half), min(1.0, mean + half))


def _cluster(sums: NDArray[np.float64], counts: NDArray[np.float64], confidence: float) -> Interval | None:
    if len(sums) < 2:
        return None
    from scipy.stats import bootstrap

    def ratio(sums: NDArray[np.float64], counts: NDArray[np.float64], axis: int) -> Any:
        return sums.sum(axis=axis) / counts.sum(axis=axis)

    found = bootstrap(
        (sums, counts),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=500,
        confidence_level=_widened(confidence, len(sums)),
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def _widened(confidence: float, groups: int) -> float:
    """The level to ask a percentile bootstrap of few groups for.

    What it draws is narrower than the truth, as a variance with n is than one with n - 1, and as the normal is than Student's distribution
    (T. Hesterberg 2015, "expanded percentile").
    """
    from scipy.stats import norm, t

    quantile = math.sqrt(groups / (groups - 1)) * t.ppf((1 + confidence) / 2, groups - 1)
    return float(min(1 - 2 * norm.sf(quantile), 1 - 1e-9))


class Paired(NamedTuple):
    """The same things tried under A and under B.

    Attributes:
        both: Passed under both.
        only_a: Passed under A alone.
        only_b: Passed under B alone.
        neither: Passed under neither.
    """

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def p(self) -> float:
        """Probability of a difference as large if there were none: McNemar's test, exact and two-sided; 1 where nothing flipped."""
        flipped = self.only_a + self.only_b
        if not flipped:
            return 1.0
        from scipy.stats import binomtest

        return float(binomtest(self.only_a, flipped, 0.5).pvalue)

    @property
    def difference(self) -> float:
        """Share that passes under B less that under A; 0 without pairs."""
        return (self.only_b - self.only_a) / max(1, sum(self))


def paired(pairs: Iterable[tuple[bool, bool]]) -> Paired:
    """Counts pairs of (passed under A, passed under B)."""
    count = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for a, b in pairs:
        count[bool(a), bool(b)] += 1
    return Paired(count[True, True], count[True, False], count[False, True], count[False, False])


def pass_at(k: int, tries: int, passed: int) -> float:
    """Probability that at least one of ``k`` tries of a task passes (M. Chen et al. 2021, without bias).

    Args:
        k: Tries that are asked about.
        tries: That were made.
        passed: Of these.

    Raises:
        ValueError: There are fewer than ``k`` tries, or more passed than were made.
    """
    _check(k, tries, passed)
    return 1.0 - math.comb(tries - passed, k) / math.comb(tries, k)


def pass_all(k: int, tries: int, passed: int) -> float:
    """Probability that all of ``k`` tries of a task pass (pass^k of S. Yao et al. 2024, without bias).

    Raises:
        ValueError: There are fewer than ``k`` tries, or more passed than were made.
    """
    _check(k, tries, passed)
    return math.comb(passed, k) / math.comb(tries, k)


def _check(k: int, tries: int, passed: int) -> None:
    if not (1 <= k <= tries and 0 <= passed <= tries):
        raise ValueError(f"{passed} passed of {tries} tries say nothing of {k} tries")


class Repeats(NamedTuple):
    """Tasks that were tried several times.

    Attributes:
        tasks: With two tries or more.
        flipped: Of these, those whose tries do not agree.
        rate: Probability that two tries of a task do not agree, mean over tasks, whatever the number of tries. 0 without tasks.
    """

    tasks: int
    flipped: int
    rate: float


def repeats(tries: Iterable[Sequence[bool]]) -> Repeats:
    """How well tries of the same task agree.

    Args:
        tries: Of each task whether each try passed.
    """
    held = [[bool(each) for each in task] for task in tries if len(task) > 1]
    rates = [2 * sum(task) * (len(task) - sum(task)) / (len(task) * (len(task) - 1)) for task in held]
    flipped = sum(len(set(task)) > 1 for task in held)
    return Repeats(len(held), flipped, math.fsum(rates) / len(rates) if rates else 0.0)


class Spread(NamedTuple):
    """Of numbers the median and the 95th percentile, interpolated between neighbours."""

    p50: float
    p95: float


def spread(values: Sequence[float]) -> Spread | None:
    """The median and 95th percentile; None without any."""
    if not len(values):
        return None
    p50, p95 = np.percentile(np.asarray(values, np.float64), [50, 95])
    return Spread(float(p50), float(p95))


def efficiency(taken: int, recorded: int) -> float:
    """Steps of a reference path for each step that was taken, at most 1; 0 where nothing was done though something is to be.

    Raises:
        ValueError: A number of steps is negative.
    """
    if taken < 0 or recorded < 0:
        raise ValueError(f"{taken} and {recorded} are no numbers of steps")
    if recorded == 0:
        return 1.0 if taken == 0 else 0.0
    return min(1.0, recorded / taken) if taken else 0.0


def slope(values: Sequence[float]) -> float:
    """Growth of a series from one value to the next, by least squares: of memory over episodes, what each leaves behind.

    Raises:
        ValueError: There are fewer than two values.
    """
    if len(values) < 2:
        raise ValueError("a slope needs two values")
    away = np.arange(len(values)) - (len(values) - 1) / 2
    return float((away * (np.asarray(values, np.float64) - np.mean(values))).sum() / (away * away).sum())


def steady_slope(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, Interval]:
    """Such a growth as the median slope of all pairs, and its interval by their ranks (Theil 1950, Sen 1968).

    A few values far off move neither.

    Raises:
        ValueError: There are fewer than two values.
    """
    if len(values) < 2:
        raise ValueError("a slope needs two values")
    from scipy.stats import theilslopes

    found = theilslopes(np.asarray(values, np.float64), alpha=confidence)
    return float(found.slope), Interval(float(found.low_slope), float(found.high_slope))
