"""How little of each prompt a real server reads anew, over the oracle's run of the bundled shop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handeye.agent.models.vllm import VllmModel
from handeye.agent.run import Resources
from handeye.benchmarks.perf.prompt_cache import measure, table, transcript


@pytest.mark.browser
@pytest.mark.parametrize("frames", [1, 3])
async def test_a_step_reads_its_frame_and_few_words(server: Any, tmp_path: Path, frames: int) -> None:
    async with Resources() as resources:
        episode = await transcript(tmp_path, frames, resources)
    assert episode.outcome is not None
    assert episode.outcome.status == "passed"
    model = VllmModel(server.url)
    try:
        costs = await measure(episode, model, 20)
    finally:
        await model.close()
    print(table(costs))
    assert len(costs) == 20
    assert all(cost.within for cost in costs), table(costs)
    assert any(cost.evicted for cost in costs) == (frames > 1)
    # without a cache every step would read both of its prompts whole
    assert sum(cost.cached for cost in costs) > sum(cost.prompt for cost in costs) / 2
