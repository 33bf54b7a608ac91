"""A recorded world, replayed when its server is gone: the same pixels, nothing leaves, and what is missing is the environment's failure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from handeye.agent.run import Resources, Run, run_episode
from handeye.benchmarks.replay.modes import replay
from handeye.benchmarks.replay_suite.hermetic import differing, measure, record
from handeye.benchmarks.replay_suite.hermetic_site import HermeticSite
from handeye.episodes.network import EXCHANGES, read_network
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Start, Task

pytestmark = pytest.mark.browser


async def _recorded(folder: Path, resources: Resources) -> Episode:
    async with HermeticSite() as site:
        return await record(site, folder, resources)


def _without(episode: Path, target: Path, method: str, path: str) -> Path:
    """A copy of a recording that lacks every exchange of a method and path."""
    shutil.copytree(episode, target)
    rows = [json.loads(row) for row in (target / EXCHANGES).read_text().splitlines()]
    gone = {row["exchange"] for row in rows if row.get("method") == method and row["url"].endswith(path)}
    assert gone
    kept = [row for row in rows if row.get("exchange") not in gone]
    (target / EXCHANGES).write_text("".join(json.dumps(row) + "\n" for row in kept))
    return target


@pytest.mark.slow
async def test_every_frame_of_a_replay_has_the_recorded_pixels(resources: Resources, tmp_path: Path) -> None:
    # a page that is told something while each picture of it is taken, as on a busy machine, has none that could be repeated
    found = await measure(2, tmp_path, resources, every=0.9)
    assert found.identical == found.passed == found.runs == 2, found.row()
    assert found.misses == 0
    assert found.asked == 0


@pytest.mark.slow
async def test_a_new_run_acts_in_the_recorded_world(resources: Resources, tmp_path: Path) -> None:
    recorded = await _recorded(tmp_path / "recorded", resources)
    task = Task.model_validate(
        {"name": "once", "steps": [{"click": "Add one"}], "postconditions": [{"text": "count 1"}]}
    )
    made = await run_episode(Run(task=task, out=tmp_path / "new", hermetic=recorded.path), resources)
    assert made.outcome is not None
    assert made.outcome.status == "passed", (made.outcome.message, made.outcome.network)
    start, before = made.header.task.start, recorded.header.task.start
    assert (start.clock, start.seed, start.clock_step) == (before.clock, before.seed, before.clock_step)
    # the script did less than was recorded, and the rest of it is named
    assert made.outcome.network is not None
    assert any("POST" in each for each in made.outcome.network.unused)


@pytest.mark.slow
async def test_a_miss_that_makes_a_replay_fail_is_the_environments(resources: Resources, tmp_path: Path) -> None:
    recorded = await _recorded(tmp_path / "recorded", resources)
    lacking = _without(recorded.path, tmp_path / "lacking", "POST", "/count")
    report = await replay(lacking, hermetic=True, out=tmp_path / "replayed", resources=resources)
    assert report.status == "infrastructure"
    assert report.exit_code == 5
    outcome = report.episode.outcome
    assert outcome is not None
    assert outcome.network is not None
    assert next((each.method, each.url.rpartition("/")[2]) for each in outcome.network.misses) == ("POST", "count")
    assert any("miss: POST" in note for note in report.notes)


async def test_what_a_recording_fixes_is_said_in_its_header(resources: Resources, tmp_path: Path) -> None:
    recorded = await _recorded(tmp_path / "recorded", resources)
    start = recorded.header.task.start
    assert start.clock is not None
    assert start.seed is not None
    assert start.clock_step is not None
    assert recorded.header.private == ("network",)
    network = read_network(recorded.path)
    kinds = {each.asked.resource for each in network.exchanges}
    assert {"document", "fetch", "image", "websocket", "eventsource"} <= kinds
    assert all(
        each.answered is not None and not each.answered.missing for each in network.exchanges if not each.is_socket
    )
    assert differing(recorded, Episode.open(recorded.path)) == 0


async def test_a_task_keeps_the_clock_and_the_seed_that_it_asks_for(resources: Resources, tmp_path: Path) -> None:
    async with HermeticSite() as site:
        start = Start(url=site.url, clock="2026-03-04T05:06:07Z", seed="mine", clock_step=0.5)
        steps = [{"click": "Add one"}]
        # half a second at the start, half a second after the click
        shown = [{"text": "2026-03-04T05:06:08.000Z"}]
        task = Task.model_validate({"start": dict(start), "steps": steps, "postconditions": shown})
        made = await run_episode(Run(task=task, out=tmp_path / "own", record_network=True), resources)
    assert made.header.task.start == start
    assert made.outcome is not None
    assert made.outcome.status == "passed", made.outcome.message
