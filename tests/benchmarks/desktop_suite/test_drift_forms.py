"""The windows of the drift suite: drawn the same from a seed, and changed as their truth says."""

from __future__ import annotations

import copy
import random

import pytest

from handeye.benchmarks.desktop_suite.drift_forms import KINDS, acts_in, cells, change_of, draw
from handeye.benchmarks.drift_tally import Tally, failures

SEEDS = range(30)


def test_a_seed_draws_the_same_window_with_names_that_occur_more_than_once() -> None:
    assert draw(7) == draw(7) != draw(8)
    for seed in SEEDS:
        form = draw(seed)
        keys = [each["key"] for each in (*cells(form), *form["icons"], *form["list"])]
        assert len(set(keys)) == len(keys)
        named = [each["text"] for each in cells(form) if each["kind"] == "button"]
        assert len(set(named)) < len(named)


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_leaves_the_recorded_window_alone_and_says_what_it_loses(kind: str) -> None:
    changed = 0
    for seed in SEEDS:
        form = draw(seed)
        kept = copy.deepcopy(form)
        acts = acts_in(form, random.Random(seed))
        for silent in (False, True):
            truth = change_of(kind, form, acts, random.Random(seed), silent=silent)
            if truth is None:
                continue
            changed += 1
            assert form == kept
            assert (truth.form != form or truth.others) != (kind == "unchanged")
            assert (truth.lost is None) == (not truth.stops)
            there = {each["key"] for each in (*cells(truth.form), *truth.form["icons"], *truth.form["list"])}
            assert {each.key for each in acts[: truth.lost]} <= there
    assert changed


def test_one_wrong_click_one_wrong_verdict_or_too_few_that_go_through_is_a_failure() -> None:
    good = Tally(cases=20, right=40, told=40, through=38, acts=40)
    assert failures({"": good}) == []
    assert len(failures({"": good, "b": Tally(wrong=1)})) == 1
    assert len(failures({"": good, "b": Tally(right=1, told=2)})) == 1
    assert len(failures({"": good, "b": Tally(through=0, acts=1)})) == 1
