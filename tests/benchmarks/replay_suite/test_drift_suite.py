"""The drift suite at its small size: no wrong click, every verdict the right one, nearly every true target reached."""

from __future__ import annotations

import os

import pytest

from handeye.benchmarks.drift_tally import failures
from handeye.benchmarks.replay_suite.drift_suite import KINDS, measure

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_no_wrong_click() -> None:
    # `make replay-suite` draws its seeds each time, and runs more than 500 cases
    seeds = range(44 if os.environ.get("FULL") else 2)
    tallies = await measure(seeds, KINDS, scenes=[7] if os.environ.get("FULL") else [])
    told = [f"{kind}: {note}" for kind, each in tallies.items() for note in each.notes]
    assert failures(tallies) == [], told


async def test_an_icon_that_went_is_not_taken_for_the_one_beside_it() -> None:
    # two icons beside one word: the page that this seed draws
    tallies = await measure([633132313], ["removed", "removed and restyled"], scenes=[])
    assert failures(tallies) == [], [note for each in tallies.values() for note in each.notes]


async def test_a_field_that_went_with_its_label_does_not_lose_the_one_beside_it() -> None:
    # a form of two fields and a button, whose heading stands on the page three times
    tallies = await measure([391330326], ["removed", "relabelled"], scenes=[])
    assert failures(tallies) == [], [note for each in tallies.values() for note in each.notes]
