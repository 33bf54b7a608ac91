"""The whole agent against a real vLLM: what it serves here is noise, but noise in the form that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handeye.agent.policies.model import Thinking
from handeye.agent.run import Resources, Run, run_episode
from handeye.environments.sites import open_site
from handeye.episodes.schema import Budget, Start, Task


@pytest.mark.browser
async def test_a_goal_is_pursued_and_every_call_is_on_record(server: Any, tmp_path: Path) -> None:
    with open_site("shop") as site:
        task = Task(goal="Find the cheapest blue mug", start=Start(url=site.url), budget=Budget(steps=3, seconds=240))
        run = Run(task=task, out=tmp_path / "episode", model=server.url, thinking=Thinking(mode="direct"))
        async with Resources() as resources:
            episode = await run_episode(run, resources)
    outcome = episode.outcome
    assert outcome is not None
    # whatever noise says, it is never infrastructure
    assert outcome.status in ("failed", "unverified", "refused"), outcome.message
    model = episode.header.model
    assert model is not None and model.name and "vllm" in model.server.lower()
    assert episode.calls
    for call in episode.calls.values():
        reply = call.reply
        assert reply is not None, call.error
        assert reply.usage.image == 3600 and reply.usage.cached is not None
        assert reply.sent["structured_outputs"] and "left_out" not in reply.sent
        assert reply.first_token is not None and reply.first_token <= call.seconds
    # the frame went over the wire as it is on record
    views = [view for call in episode.calls.values() for view in call.views]
    assert all((view.sent.width, view.sent.height) == (1280, 720) for view in views)
