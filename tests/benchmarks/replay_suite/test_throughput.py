"""The command that times a policy replay: it finds answers that are lost or put to another step, and the stub it asks is a server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from handeye.benchmarks.replay_suite import throughput
from handeye.episodes.reader import Episode
from handeye.tools.pixels import encode_png


@pytest.fixture
async def recorded(tmp_path: Path) -> Episode:
    """Twenty steps of two small screens, each with a file of its own."""
    pictures = [encode_png(np.full((48, 64, 3), shade, np.uint8)) for shade in (40, 200)]
    episode = await throughput.write_steps(tmp_path / "episode", pictures, 20)
    assert len({step.saw.frame.sha256 for step in episode}) == 20
    assert len({step.saw.frame.pixel_hash for step in episode}) == 2
    return episode


def test_every_step_has_its_own_answer(recorded: Episode, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--episode", str(recorded.path), "--concurrency", "16", "--seconds", "0.01"]
    assert throughput.main(arguments) == 0
    told = capsys.readouterr().out
    assert "20 steps, 16 at once" in told
    assert "0 lost   0 put to another step" in told
    assert "ratio" in told


async def test_an_answer_to_another_step_is_found(recorded: Episode) -> None:
    mixed = Episode.open(recorded.path)
    mixed.steps[3], mixed.steps[4] = (
        mixed.steps[3].model_copy(update={"saw": mixed.steps[4].saw}),
        mixed.steps[4].model_copy(update={"saw": mixed.steps[3].saw}),
    )
    with throughput.stub(0.0) as url:
        measured = await throughput.measure(recorded, 4, 0.01, url)
        assert (measured.steps, measured.lost, measured.misplaced) == (20, 0, 0)
        found = throughput.misplaced(mixed, (await throughput.answers(recorded, 4, url)).scored)
    assert found == 2
