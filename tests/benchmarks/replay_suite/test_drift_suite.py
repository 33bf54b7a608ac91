"""The drift suite at its small size: no wrong click, every verdict the right one, nearly every true target reached."""

from __future__ import annotations

import os

import pytest

from handeye.benchmarks.replay_suite.drift_stage import failures
from handeye.benchmarks.replay_suite.drift_suite import KINDS, measure

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_no_wrong_click() -> None:
    # `make replay-suite` draws its seeds each time, and runs more than 500 cases
    seeds = range(44 if os.environ.get("FULL") else 2)
    tallies = await measure(seeds, KINDS, scenes=[7] if os.environ.get("FULL") else [])
    told = [f"{kind}: {note}" for kind, each in tallies.items() for note in each.notes]
    assert failures(tallies) == [], told
