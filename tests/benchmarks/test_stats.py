"""Statistics: values of textbooks, what has to hold of any counts, and how often an interval holds the truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from handeye.benchmarks.stats import (
    Paired,
    cluster_mean,
    cluster_share,
    efficiency,
    paired,
    pass_all,
    pass_at,
    repeats,
    slope,
    spread,
    steady_slope,
    wilson,
)


@st.composite
def tries(draw: st.DrawFn) -> tuple[int, int]:
    of = draw(st.integers(1, 60))
    return draw(st.integers(0, of)), of


def test_wilson_has_the_values_of_newcombe() -> None:
    # R. G. Newcombe 1998, Table I, method 3
    for right, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(right, of) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


@given(tries())
def test_wilson_holds_the_share_and_is_its_own_mirror(counts: tuple[int, int]) -> None:
    right, of = counts
    found, mirrored = wilson(right, of), wilson(of - right, of)
    assert found is not None and mirrored is not None
    assert 0 <= found.low <= right / of <= found.high <= 1
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx(found)


@pytest.mark.parametrize("share", [0.3, 0.4, 0.5, 0.6, 0.7])
@pytest.mark.parametrize("of", [125, 369])
def test_wilson_holds_the_truth_as_often_as_it_says(share: float, of: int) -> None:
    held = [right for right in range(of + 1) if (found := wilson(right, of)) and found.low <= share <= found.high]
    assert 0.93 <= binom.pmf(held, of, share).sum() <= 0.97


@pytest.mark.parametrize("of", [125, 160, 250, 500])
def test_wilson_does_so_at_every_share_in_the_middle(of: int) -> None:
    intervals = np.array([wilson(right, of) for right in range(of + 1)])
    for share in np.linspace(0.3, 0.7, 81):
        held = (intervals[:, 0] <= share) & (share <= intervals[:, 1])
        assert 0.93 <= binom.pmf(np.arange(of + 1), of, share)[held].sum() <= 0.97, share


def test_wilson_does_so_in_draws() -> None:
    draw = np.random.default_rng(7)
    for share, of in ((0.3, 125), (0.45, 200), (0.7, 369)):
        intervals = np.array([wilson(right, of) for right in range(of + 1)])
        drawn = intervals[draw.binomial(of, share, 20_000)]
        assert 0.93 <= np.mean((drawn[:, 0] <= share) & (share <= drawn[:, 1])) <= 0.97


def test_steps_of_one_episode_stand_and_fall_together() -> None:
    assert cluster_share([(3, 4)]) is None and cluster_share([(3, 4), (0, 0)]) is None
    assert cluster_share([(100, 100), (0, 100)]) == (0.0, 1.0)
    assert cluster_share([(5, 10)] * 20) == (0.5, 0.5)
    # the same steps as if they were independent say far more than they do
    alone = wilson(500, 1000)
    together = cluster_share([(100, 100), (0, 100)] * 5)
    assert alone is not None and together is not None
    assert together.high - together.low > 5 * (alone.high - alone.low)


def test_of_groups_of_one_the_interval_of_a_mean_is_that_of_student() -> None:
    # hours of sleep gained (Cushny and Peebles), with which Student showed his distribution in 1908: 0.70 to 2.46
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    found = cluster_mean([[each] for each in gained])
    assert found == pytest.approx((0.70, 2.46), abs=0.35)
    assert cluster_mean([[each] for each in gained]) == found


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "share", "alike"), [(50, 0.3, 4), (50, 0.8, 10), (100, 0.6, 4)])
def test_the_bootstrap_holds_the_truth_as_often_as_it_says(groups: int, share: float, alike: float) -> None:
    draw = np.random.default_rng(groups)
    held, trials = 0, 400
    for _ in range(trials):
        own = draw.beta(share * alike, (1 - share) * alike, groups)
        of = draw.integers(3, 15, groups)
        found = cluster_share([(int(a), int(b)) for a, b in zip(draw.binomial(of, own), of, strict=True)])
        held += found is not None and found.low <= share <= found.high
    # of 400 trials, two standard errors more than the 93 to 97 % that it is to have
    assert 0.91 <= held / trials <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("groups", [50, 120])
def test_the_bootstrap_of_a_mean_does_so_where_values_of_a_group_are_alike(groups: int) -> None:
    draw = np.random.default_rng(groups)
    held, trials = 0, 400
    for _ in range(trials):
        # what is common to a group weighs as much as what is not; the mean is 3
        own = draw.exponential(1.0, groups)
        found = cluster_mean([each + 2 + draw.normal(0, 1, draw.integers(2, 8)) for each in own])
        held += found is not None and found.low <= 3 <= found.high
    assert 0.91 <= held / trials <= 0.99


def test_mcnemar_has_the_value_of_the_textbook() -> None:
    # A. Agresti's approval ratings: z = 4.17; of 1 and 9 flips the binomial's tails are 22/1024
    assert Paired(794, 150, 86, 570).p < 1e-4
    assert Paired(0, 1, 9, 0).p == pytest.approx(22 / 1024)
    assert Paired(7, 0, 0, 3).p == 1.0
    assert paired([(True, True), (True, False), (False, True), (False, True)]) == Paired(1, 1, 2, 0)
    assert paired([(True, True), (True, False), (False, True), (False, True)]).difference == 0.25


@given(tries(), st.data())
def test_pass_at_and_pass_all_are_shares_of_all_draws(counts: tuple[int, int], data: st.DataObject) -> None:
    passed, of = min(counts[0], 8), min(counts[1], 8)
    passed = min(passed, of)
    k = data.draw(st.integers(1, of))
    draws = [sum(each) for each in itertools.combinations([1] * passed + [0] * (of - passed), k)]
    assert pass_at(k, of, passed) == pytest.approx(sum(each > 0 for each in draws) / len(draws))
    assert pass_all(k, of, passed) == pytest.approx(sum(each == k for each in draws) / len(draws))


def test_more_tries_than_were_made_say_nothing() -> None:
    for k, of, passed in ((3, 2, 1), (0, 2, 1), (1, 2, 3)):
        with pytest.raises(ValueError, match="say nothing"):
            pass_at(k, of, passed)
        with pytest.raises(ValueError, match="say nothing"):
            pass_all(k, of, passed)


def test_flips_are_counted_by_task_and_by_pairs_of_tries() -> None:
    found = repeats([[True, True], [True, False], [True, True, False], [True], []])
    assert (found.tasks, found.flipped) == (3, 2)
    assert found.rate == pytest.approx((0 + 1 + 2 / 3) / 3)
    assert repeats([]) == (0, 0, 0.0)


def test_numbers_are_summed_up() -> None:
    assert spread([]) is None
    assert spread([4.0]) == (4.0, 4.0)
    assert spread([float(each) for each in range(101)]) == (50.0, 95.0)
    assert slope([3.0, 5.0, 7.0]) == pytest.approx(2) and slope([1, 1, 1]) == 0
    with pytest.raises(ValueError, match="two values"):
        slope([1])
    with pytest.raises(ValueError, match="two values"):
        steady_slope([1])
    assert steady_slope([3.0, 5.0, 7.0, 9.0]) == (2, (2, 2))
    value, (low, high) = steady_slope([0, 1, 2, 3, 400, 5, 6, 7, 8, 9])
    assert value == 1 and 0 < low <= 1 <= high < 10
    assert [efficiency(4, 2), efficiency(2, 4), efficiency(0, 2), efficiency(0, 0), efficiency(3, 0)] == [
        0.5,
        1,
        0,
        1,
        0,
    ]
    assert not math.isnan(efficiency(1, 1))
    with pytest.raises(ValueError, match="numbers of steps"):
        efficiency(-1, 2)
