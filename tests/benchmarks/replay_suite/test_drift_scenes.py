"""Some of the scenes, each for a part of the rule: icons, rows, cards of pictures, questions with the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from handeye.agent.run import Resources
from handeye.benchmarks.drift_tally import Tally, failures
from handeye.benchmarks.replay_suite.drift_scenes import scenes
from handeye.benchmarks.replay_suite.scene_suite import run_scenes

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "words",
    [
        "icons: one less",
        "icons: one less in a dark theme",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("icons: another order", "cards of pictures", "table: sorted", "questions: another order")
        ),
    ],
)
async def test_a_scene_goes_as_it_should(words: str, resources: Resources, tmp_path: Path) -> None:
    # `make replay-suite` draws a seed each time
    seed = 7
    tallies: dict[str, Tally] = {}
    await run_scenes(seed, resources, tmp_path, tallies, words)
    told = [note for each in tallies.values() for note in each.notes]
    assert tallies and failures(tallies) == [], f"seed {seed}: {told}"


def test_a_seed_draws_the_same_scenes_and_names_each_once() -> None:
    assert scenes(7) == scenes(7) != scenes(8)
    names = [each.name for each in scenes(7)]
    assert len(set(names)) == len(names) > 40
