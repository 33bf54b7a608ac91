"""Asking a policy about recorded steps: what it is shown, what its answers are worth, and what is nobody's answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.models.endpoint import ModelEndpoint
from handeye.agent.models.oracle import OracleModel
from handeye.agent.models.scripted import ScriptedModel
from handeye.agent.policies.model import Thinking
from handeye.benchmarks.replay.policy.items import RecordedItems
from handeye.benchmarks.replay.policy.matching import strict
from handeye.benchmarks.replay.policy.mode import PolicyOptions, policy
from handeye.benchmarks.replay.policy.scoring import Pace
from handeye.episodes.hindsight import as_past, as_seen
from handeye.episodes.reader import Episode
from handeye.episodes.schema import (
    Decision,
    Item,
    ModelInfo,
    Observation,
    Prediction,
    Reply,
    Request,
    Scored,
    Step,
    Task,
    TextPart,
    Truth,
)
from handeye.episodes.scores import read_scores
from handeye.tools.actions import Answer, Click, Done, Key, Scroll, Target, Type
from handeye.tools.errors import ContextTooLong, DialectError, ModelError, ModelUnreachable, UsageError
from handeye.tools.geometry import Box, Point

from ...conftest import Play
from ...episodes.convert.made import HEIGHT, WIDTH, agentnet, agentnetbench, converted, true_click

DIRECT = Thinking(mode="direct")
ONE = Pace(concurrency=1)
DRAWN: dict[str, Any] = {
    "goal": "Press it as Ada",
    "environment": "drawn",
    "start": {"drawn": "buttons", "viewport": {"width": 640, "height": 360}},
    "postconditions": [{"script": "presses", "equals": 1}],
}
SAID = (
    # the second act is hoped for in the first
    '{"thought": "as Ada", "action": {"verb": "type", "text": "Ada", "at": "Name"},'
    ' "then": [{"verb": "click", "at": "I agree"}]}',
    "[0.0625, 0.1111, 0.4375, 0.2111]",
    "[0.0625, 0.2667, 0.3125, 0.3667]",
    '{"thought": "", "action": {"verb": "click", "at": "Press me"}}',
    "[0.0625, 0.5778, 0.2500, 0.6778]",
    '{"thought": "", "action": {"verb": "done", "note": "pressed"}}',
)


@pytest.fixture
async def recorded(play: Play) -> Episode:
    """Four steps in a drawn world: type, click, click, done."""
    episode: Episode = await play(DRAWN, model=ScriptedModel(*SAID), thinking=DIRECT)
    assert episode.outcome is not None
    assert episode.outcome.status == "passed", episode.outcome.message
    assert len(episode) == 4
    return episode


class Inspector:
    """A policy that takes down everything it is given, and presses Enter."""

    def __init__(self, told: list[tuple[Task, Sequence[Step], Observation]]) -> None:
        self._told = told

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        self._told.append((task, past, now))
        for seen in (now, *(step.saw for step in past), *(step.left for step in past if step.left is not None)):
            assert seen.frame.pixels.any()
            await seen.tree.get()
        for step in past:
            assert all(each.crop.pixels.any() for each in step.evidence)
        return Decision(intent=Key(keys=("Enter",)))


async def test_who_answers_as_was_decided_is_right(recorded: Episode) -> None:
    report = await policy(recorded, PolicyOptions(model=OracleModel(recorded), thinking=DIRECT, pace=ONE))
    summary = report.summary()
    assert (summary.items, summary.right, summary.wrong, summary.infrastructure) == (4, 4, 0, 0), report.scored
    assert summary.by_verb == {"click": (2, 2), "done": (1, 1), "type": (1, 1)}
    assert summary.parts["place"] == (1.0, 3)
    assert [each.prediction.item for each in report.scored] == [f"step {index}" for index in range(4)]
    assert report.header.model is not None
    assert report.header.model.sampling["dialect"] == "phi4"


async def test_nothing_that_is_shown_comes_from_the_step_or_after_it(recorded: Episode) -> None:
    told: list[tuple[Task, Sequence[Step], Observation]] = []
    await policy(recorded, PolicyOptions(policy=lambda: Inspector(told), pace=ONE))
    assert len(told) == 4
    for number, (task, past, now) in enumerate(told):
        assert [step.index for step in past] == list(range(number))
        assert now.id == recorded.steps[number].saw.id
        assert not task.steps and not task.postconditions
        words = task.model_dump_json() + "".join(step.model_dump_json() for step in past) + now.model_dump_json()
        later = {seen.frame.sha256 for step in recorded.steps[number:] if (seen := step.left) is not None}
        known = {now.frame.sha256, *(step.saw.frame.sha256 for step in past)}
        assert not any(sha256 in words for sha256 in later - known)
        # the first plan named the second act: whoever is asked about that must not read it there
        assert ("I agree" in words) == (number > 1)
        assert ("pressed" in words) == (number > 3)


async def test_what_is_shown_is_what_would_be_there_had_the_run_ended_before(recorded: Episode, tmp_path: Path) -> None:
    rows = (recorded.path / "steps.jsonl").read_bytes().split(b"\n")[:-1]
    for item in RecordedItems(recorded).items():
        number = int(item.id.removeprefix("step "))
        cut = next(at for at, row in enumerate(rows) if b'"kind":"begin","step":%d,' % number in row)
        short = tmp_path / f"until-{number}"
        short.mkdir()
        (short / "blobs").symlink_to(recorded.path / "blobs")
        (short / "episode.json").write_bytes((recorded.path / "episode.json").read_bytes())
        (short / "steps.jsonl").write_bytes(b"".join(row + b"\n" for row in rows[:cut]))
        until = Episode.open(short)
        assert [step.model_dump() for step in as_past(until.steps)] == [step.model_dump() for step in item.past]
        assert as_seen(until.observations[item.now.id]).model_dump() == item.now.model_dump()


async def test_what_came_after_a_look_is_no_part_of_it(recorded: Episode) -> None:
    now = recorded.steps[1].saw
    events = [
        {"kind": "navigated", "detail": "/was", "at": now.at},
        {"kind": "downloaded", "detail": "late.csv", "at": now.at + 9},
    ]
    more = Observation.model_validate({**dict(now), "events": events})
    assert [each.detail for each in as_seen(more).events] == ["/was"]


async def test_what_comes_later_need_not_even_be_readable(recorded: Episode) -> None:
    step = recorded.steps[2]
    needed = {step.saw.frame.sha256, step.saw.tree.sha256}
    for each in recorded.steps[:2]:
        needed |= {each.saw.frame.sha256, each.saw.tree.sha256, *(crop.crop.sha256 for crop in each.evidence)}
    for blob in (recorded.path / "blobs").glob("*/*"):
        if blob.name not in needed:
            blob.unlink()
    told: list[tuple[Task, Sequence[Step], Observation]] = []
    report = await policy(
        Episode.open(recorded.path), PolicyOptions(policy=lambda: Inspector(told), steps=(2,), pace=ONE)
    )
    assert len(told) == 1
    assert report.scored[0].prediction.failed is None
    # its own frame, though, is the question: without it there is none, and that is nobody's wrong answer
    (recorded.path / "blobs" / step.saw.frame.sha256[:2] / step.saw.frame.sha256).unlink()
    report = await policy(Episode.open(recorded.path), PolicyOptions(policy=lambda: Inspector([]), steps=(2,)))
    assert report.scored[0].prediction.failed == "infrastructure"
    assert report.summary().wrong == 0


class Crowd:
    """A model that answers in another order than it was asked: each says which picture it saw, and of which step.

    Attributes:
        most: How many questions were under way at once at most.
    """

    def __init__(self, batch: int) -> None:
        self.most = self._now = 0
        self._batch = batch
        self._asked = 0
        self._full = asyncio.Event()

    async def complete(self, request: Request) -> Reply:
        self._now += 1
        self.most = max(self.most, self._now)
        self._asked += 1
        if self._asked == self._batch:
            self._full.set()
        turns = 7 * self._asked % 11
        # the first ones wait until all are there; then some are slower than others
        await self._full.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        self._now -= 1
        last = request.messages[0].parts[-1]
        assert isinstance(last, TextPart)
        said = {"thought": f"{request.images[-1].image.sha256} {last.text}", "action": {"verb": "key", "keys": ["F2"]}}
        return Reply(text=json.dumps(said), finish="stop")

    async def describe(self) -> ModelInfo:
        return ModelInfo(name="crowd")

    async def close(self) -> None:
        pass


async def test_answers_come_to_their_own_steps_whatever_their_order(play: Play) -> None:
    steps = [{"type": f"{number}", "into": "Name"} for number in range(30)]
    recorded = await play({**DRAWN, "goal": "Count", "steps": steps, "postconditions": []}, policy="script")
    model = Crowd(6)
    report = await policy(recorded, PolicyOptions(model=model, thinking=DIRECT, pace=Pace(concurrency=6)))
    assert model.most == 6
    assert len(report.scored) == 31
    for step, scored in zip(recorded, report.scored, strict=True):
        assert scored.prediction.decision is not None
        assert scored.prediction.decision.thought.startswith(step.saw.frame.sha256)
        assert f"Step {step.index}:" in scored.prediction.decision.thought


class Moody:
    """A model that fails as it is told, and presses Enter else."""

    def __init__(self, mood: Callable[[int], Exception | None]) -> None:
        self.asked = 0
        self._mood = mood

    async def complete(self, request: Request) -> Reply:
        self.asked += 1
        error = self._mood(self.asked)
        if error is not None:
            raise error
        return Reply(text='{"thought": "", "action": {"verb": "key", "keys": ["Enter"]}}', finish="stop")

    async def describe(self) -> ModelInfo:
        return ModelInfo(name="moody")

    async def close(self) -> None:
        pass


async def test_what_the_infrastructure_fails_at_is_asked_again_and_is_never_wrong(recorded: Episode) -> None:
    once = Moody(lambda asked: ModelUnreachable("gone for a moment") if asked == 2 else None)
    report = await policy(recorded, PolicyOptions(model=once, thinking=DIRECT, pace=ONE))
    assert (once.asked, report.summary().infrastructure) == (5, 0)
    assert [each.prediction.tries for each in report.scored] == [1, 2, 1, 1]
    twice = Moody(lambda asked: ModelUnreachable("gone") if asked in (2, 5) else None)
    report = await policy(recorded, PolicyOptions(model=twice, thinking=DIRECT, pace=ONE))
    summary = report.summary()
    assert (summary.right, summary.wrong, summary.infrastructure, summary.unasked) == (0, 3, 1, 0)
    failed = report.scored[1]
    assert (failed.prediction.failed, failed.score.success) == ("infrastructure", None)
    gone = Moody(lambda asked: ModelUnreachable("gone for good"))
    report = await policy(recorded, PolicyOptions(model=gone, thinking=DIRECT, pace=ONE))
    # two in a row: nobody is asked any more, and nothing is lost
    assert gone.asked == 2
    summary = report.summary()
    assert (summary.items, summary.infrastructure, summary.unasked, summary.rate) == (4, 4, 2, None)


async def test_what_does_not_parse_is_wrong_and_counted_apart(recorded: Episode) -> None:
    silent = ScriptedModel("Well.", "I would not know.", *['{"action": {"verb": "fail", "reason": "no"}}'] * 3)
    report = await policy(recorded, PolicyOptions(model=silent, thinking=DIRECT, pace=ONE))
    summary = report.summary()
    assert (summary.wrong, summary.unparsed, summary.gave_up, summary.infrastructure) == (4, 1, 3, 0)
    first = report.scored[0].prediction
    assert first.failed == "parse"
    assert [reply.text for reply in first.replies] == ["Well.", "I would not know."]
    assert [request.purpose for request in silent.requests[:2]] == ["plan", "retry"]


async def test_answers_are_on_disk_at_once_and_a_scoring_goes_on_where_it_was(
    recorded: Episode, tmp_path: Path
) -> None:
    out = tmp_path / "scores"
    seen: list[int] = []

    def watch(scored: Scored) -> None:
        seen.append(len((out / "predictions.jsonl").read_bytes().splitlines()))

    first = Moody(lambda asked: ModelUnreachable("gone") if asked > 2 else None)
    options = PolicyOptions(model=first, thinking=DIRECT, pace=Pace(1, 1, watch), out=out)
    report = await policy(recorded, options)
    assert seen == [1, 2, 3, 4]
    assert report.summary().infrastructure == 2
    # killed while it wrote
    with (out / "predictions.jsonl").open("ab") as file:
        file.write(b'{"prediction": {"item": "st')
    second = Moody(lambda asked: None)
    report = await policy(recorded, PolicyOptions(model=second, thinking=DIRECT, pace=ONE, out=out))
    assert second.asked == 2
    assert (len(report.scored), report.summary().infrastructure) == (4, 0)
    header, scored = read_scores(out)
    assert header.episode == recorded.header.id
    assert {each.prediction.item: each for each in scored} == {each.prediction.item: each for each in report.scored}
    other = PolicyOptions(model=second, thinking=Thinking(mode="think"), out=out)
    with pytest.raises(UsageError, match="another model"):
        await policy(recorded, other)


async def test_a_defect_of_a_policy_is_not_taken_for_an_answer(recorded: Episode) -> None:
    class Broken:
        async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
            raise ZeroDivisionError("a defect")

    with pytest.raises(ZeroDivisionError):
        await policy(recorded, PolicyOptions(policy=Broken))


async def test_over_http_and_a_server_that_is_not_there(recorded: Episode) -> None:
    async with ModelEndpoint(OracleModel(recorded), "phi-4") as endpoint:
        report = await policy(recorded, PolicyOptions(model=endpoint.url, thinking=DIRECT, pace=ONE))
        url = endpoint.url
    assert report.summary().right == 4
    with pytest.raises(ModelUnreachable):
        await policy(recorded, PolicyOptions(model=url, thinking=DIRECT))


async def test_mistakes_of_the_person(recorded: Episode, play: Play) -> None:
    with pytest.raises(UsageError, match="a model or a policy"):
        await policy(recorded, PolicyOptions())
    with pytest.raises(UsageError, match="no step 9"):
        await policy(recorded, PolicyOptions(policy=lambda: Inspector([]), steps=(9,)))
    aimless = await play({**DRAWN, "goal": "", "steps": [{"click": "Press me"}]})
    with pytest.raises(UsageError, match="goal"):
        await policy(aimless, PolicyOptions(model=ScriptedModel()))
    press = ScriptedModel(SAID[3], SAID[4], SAID[5])
    told = await policy(aimless, PolicyOptions(model=press, thinking=DIRECT, goal="Press the button", pace=ONE))
    assert "Press the button" in press.requests[0].model_dump_json()
    assert told.summary().right >= 1
    failing = await play(
        {**DRAWN, "goal": "x", "steps": [{"click": "Nowhere"}], "postconditions": []},
        policy="script",
        grounders=("tree",),
    )
    with pytest.raises(UsageError, match="could not be done"):
        await policy(failing, PolicyOptions(policy=lambda: Inspector([]), steps=(0,)))


async def test_an_imported_episode_is_asked_about_as_far_as_it_goes(tmp_path: Path) -> None:
    truth = [true_click(0.5, 0.5, [0.4, 0.4, 0.2, 0.2]), true_click(0.1, 0.1)]
    bench = agentnetbench(tmp_path / "bench", [{"ground_truth_actions": [each]} for each in truth])
    episode = await asyncio.to_thread(converted, "agentnetbench", bench, tmp_path / "episode")

    class Points:
        async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
            assert all(step.origin is None for step in past)
            at = Point(x=0.58 * WIDTH, y=0.58 * HEIGHT) if not past else Point(x=0.1 * WIDTH + 3, y=0.1 * HEIGHT)
            return Decision(intent=Click(at=at))

    report = await policy(episode, PolicyOptions(policy=Points, pace=ONE))
    by_box, by_distance = (each.score for each in report.scored[:2])
    assert (by_box.success, by_box.parts["place"]) == (True, 1.0)
    assert by_box.parts["distance"] > 0.05
    assert by_distance.success and 0 < by_distance.parts["distance"] < 0.01
    assert "tree" in report.header.lacks and "boxes" in report.header.lacks
    # two acts of one record: the second is asked about on the frame of the first, and the record that names both is not shown
    code = "pyautogui.click(x=0.5, y=0.5)\npyautogui.write('mug')"
    both = await asyncio.to_thread(converted, "agentnet", agentnet(tmp_path / "net", [code]), tmp_path / "both")
    told: list[tuple[Task, Sequence[Step], Observation]] = []
    report = await policy(both, PolicyOptions(policy=lambda: Inspector(told), pace=ONE))
    assert "mug" not in "".join(step.model_dump_json() for step in told[1][1])
    assert "frame of the step before" in report.header.lacks["frames"]


def _click(x: float, y: float, **more: Any) -> Click[Point]:
    return Click(at=Point(x=x, y=y), **more)


BOX = Box.at(100, 100, 50, 20)
AT = Point(x=120, y=110)


@pytest.mark.parametrize(
    ("done", "said", "right", "parts"),
    [
        (_click(120, 110), _click(149.9, 100), True, {"place": 1, "button": 1}),
        (_click(120, 110), _click(150, 110), False, {"place": 0}),
        (_click(120, 110), _click(120, 110, button="right"), False, {"place": 1, "button": 0}),
        (_click(120, 110, modifiers=("Control", "Shift")), _click(120, 110, modifiers=("Shift", "Control")), True, {}),
        (_click(120, 110), Key(keys=("Enter",)), False, {"verb": 0}),
        (Key(keys=("ctrl+a", "Delete")), Key(keys=("Control+a", "Delete")), True, {"keys": 1}),
        (Key(keys=("Control+a",)), Key(keys=("Control+b",)), False, {"keys": 0}),
        (Type(text="Ada", at=AT), Type(text="ada", at=AT), False, {"text": 0, "place": 1}),
        (Type(text="Ada", at=AT), Type(text="Ada"), False, {"text": 1, "place": 0}),
        (Type(text="Ada"), Type(text="Ada", at=AT), False, {"text": 1, "place": 0}),
        (Scroll(dy=300), Scroll(dy=600, at=AT), True, {"direction": 1, "dy": 0.5}),
        (Scroll(dy=300), Scroll(dy=-300), False, {"direction": 0, "dy": 0}),
        (Answer(text="12  mugs"), Answer(text="12 mugs"), True, {"text": 1}),
        (Answer(text="12 mugs"), Answer(text="13 mugs"), False, {"text": 0}),
        (Done(note="a"), Done(note="b"), True, {}),
    ],
)
async def test_the_strict_rule(recorded: Episode, done: Any, said: Any, right: bool, parts: dict[str, float]) -> None:
    now = recorded.steps[0].saw
    action = None if isinstance(done, Answer | Done) else done
    boxes = (BOX,) if getattr(done, "at", None) is not None else ()
    item = Item(id="i", task=Task(), now=now, truth=(Truth(intent=done, action=action, boxes=boxes),))
    acts = None if isinstance(said, Answer | Done) else said
    score = strict(item, Prediction(item="i", decision=Decision(intent=said), action=acts))
    assert score.success is right, score
    assert {name: score.parts[name] for name in parts} == parts
    assert (score.note == "") == right
    # of several right answers the best counts
    other = Truth(intent=Key(keys=("F12",)), action=Key(keys=("F12",)))
    both = item.model_copy(update={"truth": (other, *item.truth)})
    assert strict(both, Prediction(item="i", decision=Decision(intent=said), action=acts)).success is right
    # a place that was not found is no place
    if action is not None and boxes and isinstance(said, Click):
        lost = Prediction(item="i", decision=Decision(intent=Click(at=Target(description="x"))), error="absent")
        assert strict(item, lost).success is False


@pytest.mark.parametrize("error", [ContextTooLong("long"), ModelError("refused"), DialectError("no")])
async def test_kinds_of_failure(recorded: Episode, error: Exception) -> None:
    class Fails:
        async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
            raise error

    report = await policy(recorded, PolicyOptions(policy=Fails, steps=(0,)))
    expected = "parse" if isinstance(error, DialectError) else "infrastructure"
    assert report.scored[0].prediction.failed == expected
