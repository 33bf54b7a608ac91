"""Recorded desktop episodes done again in another private screen: a real program, and windows that changed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.run import Resources
from handeye.benchmarks.desktop_suite.drift import Stage, case, expected_of
from handeye.benchmarks.desktop_suite.drift_forms import acts_in, change_of, draw
from handeye.benchmarks.drift_tally import Tally, failures
from handeye.benchmarks.replay.modes import replay

pytestmark = [pytest.mark.display, pytest.mark.slow]
CALCULATE: dict[str, Any] = {
    "name": "calculate",
    "environment": "desktop",
    "start": {"viewport": {"width": 800, "height": 500}, "programs": ["galculator"]},
    "steps": [{"click": "7"}, {"click": "*"}, {"click": "6"}, {"click": "="}],
}


async def test_a_real_program_does_the_same_again(play: Any, resources: Resources, tmp_path: Path) -> None:
    recorded = await play(CALCULATE)
    report = await replay(recorded, out=tmp_path / "again", patience=2, resources=resources)
    assert (report.status, report.exit_code) == ("passed", 0), [each.why for each in report]
    assert {each.verdict for each in report} == {"identical"}
    other = {"programs": ["mousepad"]}
    gone = await replay(recorded, out=tmp_path / "gone", patience=0.5, settings=other, resources=resources)
    first = gone.first_divergence
    assert first is not None
    assert (gone.status, first.step, first.verdict) == ("diverged", 0, "wrong-state")
    assert "galculator" in first.why
    assert not any(step.sent for step in gone.episode.steps), "nothing was clicked in the other program"


@pytest.mark.parametrize(
    ("toolkit", "kinds"),
    [
        ("gtk", ("window moved", "removed, decoy in another program", "focus elsewhere")),
        ("qt", ("window resized", "dialog in the way")),
        ("silent", ("window moved", "another window on top")),
    ],
)
async def test_a_change_is_told_and_nothing_else_is_clicked(
    toolkit: str, kinds: tuple[str, ...], resources: Resources, tmp_path: Path
) -> None:
    # `make desktop-suite` draws a seed each time
    seed = 11
    form = draw(seed)
    acts = acts_in(form, random.Random(seed))
    stage = Stage(resources, tmp_path)
    recording = await stage.record(toolkit, form, acts)
    assert recording[1].done() == expected_of(acts)
    tally = Tally()
    for kind in kinds:
        truth = change_of(kind, form, acts, random.Random(seed), silent=toolkit == "silent")
        assert truth is not None
        await case(stage, recording, toolkit, acts, truth, tally, kind)
    assert failures({"": tally}) == [], tally.notes
    assert tally.cases == len(kinds)
