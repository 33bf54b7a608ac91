"""The real samples of other projects: an oracle scores exactly 1 where the data allow it. Skipped without `HANDEYE_SAMPLES`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from handeye.benchmarks.bench_steps import Answered, StepWords, run_steps
from handeye.benchmarks.suites.reading import open_data
from handeye.benchmarks.suites.step_names import open_steps
from handeye.episodes.schema import ScoringHeader

SAMPLES = os.environ.get("HANDEYE_SAMPLES")
pytestmark = pytest.mark.skipif(
    not SAMPLES, reason="HANDEYE_SAMPLES is not set: the samples of other projects are not part of this one"
)


async def answered(name: str, policy: str) -> Answered:
    folder = Path(SAMPLES or "") / name
    data = open_data(str(folder))
    suite = open_steps(name, data, {})
    return await run_steps(name, suite, data, StepWords(data=str(folder), policy=policy), None)


@pytest.mark.parametrize(("name", "count"), [("cuactspot", 39), ("agentnetbench", 17), ("screenagent", 50)])
async def test_who_knows_the_truth_is_right_and_who_does_not_look_is_not(name: str, count: int) -> None:
    oracle = (await answered(name, "oracle")).summary
    assert oracle.planned == count and oracle.rows - oracle.all.infrastructure == count
    assert isinstance(oracle.header, ScoringHeader)
    assert not oracle.header.left_out
    assert all(mean.mean == 1 for mean in oracle.all.means.values())
    assert oracle.header.data is not None and not oracle.header.data.made
    for policy in ("random", "centre"):
        mean = (await answered(name, policy)).summary.all.first.mean
        assert mean is not None and mean < 0.2
