"""Playback: golden episodes come out as they were, and whatever is asked, found or done otherwise is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handeye.agent.models.scripted import ScriptedModel
from handeye.agent.policies.model import Thinking
from handeye.agent.run import Resources
from handeye.benchmarks.replay.playback.golden import FOLDER, GOLDEN, make
from handeye.benchmarks.replay.playback.mode import PlaybackOptions, playback
from handeye.environments.drawn import DrawnEnvironment
from handeye.environments.recorded import RecordedEnvironment
from handeye.episodes.pack import unpack
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Decision, Observation, Start, Step, Task
from handeye.tools.actions import Click, Done, Wait
from handeye.tools.errors import EnvironmentFailed, StaleFrame, UsageError
from handeye.tools.geometry import Box, Point
from handeye.tools.pixels import Frame

from ...conftest import Play, Serve
from ...episodes.convert.made import agentnet, converted

DIRECT = Thinking(mode="direct")
Change = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize("name", sorted(GOLDEN))
async def test_our_code_is_unchanged(name: str) -> None:
    report = await playback(Episode.open(FOLDER / f"{name}.zip"))
    assert report.same, (
        f"{report.where}\n{report.difference}\nmeant? python -m handeye.benchmarks.replay.playback.golden {name}"
    )
    assert (report.where, report.lacks) == ("", {})
    assert report.calls > 0


def test_every_golden_episode_is_there_and_small() -> None:
    files = {each.stem: each.stat().st_size for each in FOLDER.iterdir()}
    assert files.keys() == GOLDEN.keys()
    assert sum(files.values()) < 500_000


async def test_one_command_makes_them(resources: Resources, tmp_path: Path) -> None:
    again = Episode.open(await make("ambiguous", tmp_path, resources))
    before = Episode.open(FOLDER / "ambiguous.zip")
    assert [step.decision.intent for step in again] == [step.decision.intent for step in before]
    assert (await playback(again)).same


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Episode]:
    """A golden episode in which something is changed: in its header, or in the lines of a kind."""

    def change(name: str, header: Change | None = None, **lines: Change) -> Episode:
        folder = unpack(FOLDER / f"{name}.zip", tmp_path / name).path
        if header is not None:
            data = json.loads((folder / "episode.json").read_bytes())
            header(data)
            (folder / "episode.json").write_text(json.dumps(data))
        kept = []
        for row in (folder / "steps.jsonl").read_bytes().splitlines():
            line = json.loads(row)
            if line["kind"] in lines:
                lines[line["kind"]](line)
            kept += [json.dumps(line)] if line else []
        (folder / "steps.jsonl").write_text("".join(f"{row}\n" for row in kept))
        return Episode.open(folder)

    return change


async def test_a_request_in_other_words_is_shown(changed: Callable[..., Episode]) -> None:
    report = await playback(changed("press", lambda header: header["task"].update(goal="Press it twice")))
    assert (report.same, report.steps, report.calls, report.where) == (False, 0, 0, "c0000 (plan)")
    assert "\n-Task: Press the button once" in report.difference
    assert "\n+Task: Press it twice" in report.difference
    # what is the same is not shown, but for the lines around it
    assert len(report.difference.splitlines()) < 12


async def test_of_a_picture_the_hash_is_shown(changed: Callable[..., Episode]) -> None:
    frames: list[dict[str, Any]] = []

    def swap(line: dict[str, Any]) -> None:
        seen = line["observation"]
        frames.append(seen["frame"])
        if seen["id"] == "o0001":
            seen["frame"] = frames[0]

    report = await playback(changed("press", observation=swap))
    assert report.where == "c0002 (plan)"
    before, after = (
        [line for line in report.difference.splitlines() if line.startswith(sign) and "pixels" in line]
        for sign in ("-", "+")
    )
    assert len(before) == len(after) == 1
    assert frames[0]["pixels"][:16] in after[0]


async def test_another_act_is_refused_and_named(changed: Callable[..., Episode]) -> None:
    def elsewhere(line: dict[str, Any]) -> None:
        if line["step"] == 0:
            line["action"]["at"]["x"] += 40

    report = await playback(changed("press", begin=elsewhere))
    assert (report.same, report.where, report.steps) == (False, "step 0", 0)
    assert "step 0 was to Click (140, 226.008), and is now to Click (100, 226.008) (at " in report.difference

    def other_verb(line: dict[str, Any]) -> None:
        if line["step"] == 0:
            line["action"] = {"verb": "key", "keys": ["F2"]}

    report = await playback(changed("qwen", begin=other_verb))
    assert "F2" in report.difference and report.where == "step 0"


async def test_a_decision_read_otherwise_is_shown(changed: Callable[..., Episode]) -> None:
    def renamed(line: dict[str, Any]) -> None:
        if line["step"] == 0:
            line["decision"]["thought"] = "something else"

    report = await playback(changed("press", begin=renamed))
    assert report.where == "step 0"
    assert report.difference == 'thought: "there it is", not "something else"'


async def test_more_or_fewer_requests_and_another_end(changed: Callable[..., Episode], tmp_path: Path) -> None:
    def drop(line: dict[str, Any]) -> None:
        if line["call"]["id"] == "c0002":
            line.clear()

    report = await playback(changed("press", call=drop))
    assert report.where == "the calls" and "one more" in report.difference
    other = changed("absent", lambda header: header["outcome"].update(message="it was tired"))
    report = await playback(other)
    assert (report.where, report.steps, report.calls) == ("the outcome", 2, 3)
    assert "it was tired" in report.difference and "nothing to leave" in report.difference

    longer = changed("nobody")
    rows = (longer.path / "steps.jsonl").read_text()
    call = json.loads(next(row for row in rows.splitlines() if '"kind": "call"' in row))
    call["call"]["id"] = "c0001"
    (longer.path / "steps.jsonl").write_text(f"{rows}{json.dumps(call)}\n")
    report = await playback(Episode.open(longer.path))
    assert report.where == "the calls" and "1 of 2" in report.difference


async def test_a_person_is_asked_the_same(changed: Callable[..., Episode]) -> None:
    def other(line: dict[str, Any]) -> None:
        if line["word"]["kind"] == "asked":
            line["word"]["text"] = "Who are you?"

    report = await playback(changed("person", person=other))
    assert report.where == "step 0" and "Who are you?" in report.difference


async def test_what_broke_off_plays_back_as_far_as_it_goes(changed: Callable[..., Episode]) -> None:
    whole = changed("plan-ahead")
    rows = (whole.path / "steps.jsonl").read_bytes().splitlines(keepends=True)
    header = json.loads((whole.path / "episode.json").read_bytes())
    (whole.path / "episode.json").write_text(json.dumps({**header, "outcome": None}))
    ends = [at for at, row in enumerate(rows) if b'"kind": "end"' in row]
    for kept in (ends[1] + 1, ends[1]):
        (whole.path / "steps.jsonl").write_bytes(b"".join(rows[:kept]))
        report = await playback(Episode.open(whole.path))
        assert report.same, report
        assert report.steps == (2 if kept > ends[1] else 1)
        assert "broke off" in report.lacks["end"]


class Flickering(DrawnEnvironment):
    """A screen that looks otherwise for a moment, whenever it is looked at closely for the first time."""

    peeks = 0

    async def peek(self, box: Box) -> Frame:
        self.peeks += 1
        frame = await super().peek(box)
        return Frame.from_pixels(np.bitwise_not(frame.pixels)) if self.peeks % 2 else frame


async def test_a_second_look_is_taken_again(play: Play) -> None:
    start = {"drawn": "buttons", "viewport": {"width": 640, "height": 360}}
    said = (
        '{"action": {"verb": "click", "at": "Press me"}}',
        *["[0.0625, 0.5778, 0.2500, 0.6778]"] * 2,
        '{"action": {"verb": "done"}}',
    )
    asked = {"goal": "Press", "environment": "drawn", "start": start}
    recorded = await play(asked, model=ScriptedModel(*said), thinking=DIRECT, world=Flickering())
    assert recorded.steps[0].saw.id == "o0001"
    report = await playback(recorded)
    assert report.same, report.difference
    # a world that stands still is another one: started anew, it shows the same but nobody looks twice
    report = await playback(recorded, PlaybackOptions(anew=True))
    assert not report.same


async def test_a_drawn_world_may_be_started_anew(play: Play, tmp_path: Path) -> None:
    start = {"drawn": "buttons", "viewport": {"width": 640, "height": 360}}
    steps = [{"type": "Ada", "into": "Name"}, {"click": "Press me"}]
    asked = {"environment": "drawn", "start": start, "steps": steps, "postconditions": [{"text": "Pressed 1 times"}]}
    recorded = await play(asked)
    for anew in (False, True):
        out = tmp_path / f"anew-{anew}"
        report = await playback(recorded, PlaybackOptions(anew=anew, out=out))
        assert (report.same, report.calls) == (True, 0), report.difference
        assert len(Episode.open(out)) == report.steps == 3
    # the recording was only read
    assert recorded.steps[0].saw.frame.pixels.any()
    assert (await playback(Episode.open(recorded.path))).same


@pytest.mark.browser
async def test_what_a_real_page_showed_is_served_without_a_browser(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN", "8675309")
    url = serve(
        "<title>Sign up</title><label>PIN <input id=pin></label><button onclick='document.title=1'>Join</button>"
    )
    steps = [{"type": "<secret:pin>", "into": "PIN"}, {"click": "Join"}]
    task = {"start": url, "secrets": {"pin": "PIN"}, "steps": steps, "postconditions": [{"text": "Join"}]}
    recorded = await play(task)
    assert recorded.outcome.status == "passed", recorded.outcome.message
    monkeypatch.delenv("PIN")
    report = await playback(recorded)
    assert report.same, report.difference
    assert report.steps == len(recorded)


async def test_what_cannot_be_played_back_says_why(play: Play, tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "net", ["pyautogui.click(x=0.5, y=0.5)"])
    imported = await asyncio.to_thread(converted, "agentnet", folder, tmp_path / "imported")
    with pytest.raises(UsageError, match="neither the requests nor the replies"):
        await playback(imported)

    class Mine:
        async def decide(self, task: Task, past: list[Step], now: Observation) -> Decision:
            return Decision(intent=Done())

    own = await play({"environment": "drawn"}, policy=Mine())
    with pytest.raises(UsageError, match="Mine"):
        await playback(own)


async def test_the_recorded_world_does_only_what_was_done(tmp_path: Path) -> None:
    episode = Episode.open(FOLDER / "press.zip")
    world = RecordedEnvironment(episode)
    with pytest.raises(EnvironmentFailed, match="not reset"):
        await world.look()
    first = await world.reset(Start())
    assert first.model_dump() == episode.observations["o0000"].model_dump()
    # nobody writes into the handles of the episode itself
    assert first.frame is not episode.observations["o0000"].frame
    box = Box.at(10, 10, 50, 50)
    assert (await world.peek(box)).pixel_hash == first.frame.crop(box).pixel_hash
    with pytest.raises(EnvironmentFailed, match="nobody looked again"):
        await world.look()
    with pytest.raises(EnvironmentFailed, match="is now to"):
        await world.step(Wait[Point](seconds=0), on=first.id)
    then = episode.steps[0].action
    assert isinstance(then, Click)
    with pytest.raises(EnvironmentFailed, match="count 2, not 1"):
        await world.step(then.model_copy(update={"count": 2}), on=first.id)
    with pytest.raises(StaleFrame):
        await world.step(then, on="o0007")
    came = await world.step(then, on=first.id)
    assert (came.observation.id, came.error, came.sent) == ("o0001", None, episode.steps[0].sent)
    with pytest.raises(EnvironmentFailed, match="one more"):
        await world.step(then, on=came.observation.id)
    again = await world.reset(Start())
    assert again.id == "o0000"
    await world.close()
    await world.close()
    with pytest.raises(EnvironmentFailed, match="not reset"):
        await world.peek(box)
    # an act that could not be done then cannot be done now
    waits = Episode.open(FOLDER / "waits.zip")
    failed = next(step for step in waits if step.error is not None)
    world = RecordedEnvironment(waits)
    now = await world.reset(Start())
    for step in waits:
        if step.action is not None:
            came = await world.step(step.action, on=now.id)
            now = came.observation
            assert (came.error is not None) == (step is failed)
