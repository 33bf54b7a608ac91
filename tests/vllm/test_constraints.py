"""Constraints of the dialects as XGrammar enforces them: what a model may say gets through, what it may not does not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

import pytest
import xgrammar
from pydantic import TypeAdapter

from handeye.agent.base import Scene
from handeye.agent.dialects.phi4 import Phi4
from handeye.agent.dialects.qwen import Qwen, QwenPixels
from handeye.episodes.schema import Constraint, Decision, ImagePart, Reply, Start, Task, View
from handeye.tools import actions
from handeye.tools.actions import IntendedAct, Place, Say, Target
from handeye.tools.errors import DialectError
from handeye.tools.geometry import Box, Point, Size
from handeye.tools.pixels import Frame

Spoken: TypeAlias = Phi4 | Qwen | QwenPixels
every = pytest.mark.parametrize("dialect", [Phi4(), Qwen(), QwenPixels()], ids=lambda dialect: dialect.name)
modes = pytest.mark.parametrize("mode", ["think", "direct", "auto"])
IMAGE = ImagePart(
    view=View(observation="o0001", crop=Box.at(0, 0, 1920, 1080), sent=Size(width=1280, height=720)),
    image=TypeAdapter(Frame).validate_python({"blob": "0" * 64, "pixels": "0" * 64, "width": 1280, "height": 720}),
)


# single bytes: what is accepted is a matter of the grammar alone
END = 256
TOKENS = xgrammar.TokenizerInfo(
    [*(bytes([each]) for each in range(END)), b"<end>"], vocab_type=xgrammar.VocabType.RAW, stop_token_ids=[END]
)


def accepted(constraint: Constraint | None, texts: Iterable[str]) -> list[bool]:
    """Which of ``texts`` could be a whole reply."""
    assert constraint is not None
    value: Any = constraint.value
    match constraint.kind:
        case "structural_tag":
            grammar = xgrammar.Grammar.from_structural_tag(json.dumps(value))
        case "json_schema":
            # as the server makes one with `disable_any_whitespace`
            grammar = xgrammar.Grammar.from_json_schema(json.dumps(value), any_whitespace=False)
        case _:
            grammar = xgrammar.Grammar.from_regex(value)
    compiled = xgrammar.GrammarCompiler(TOKENS).compile_grammar(grammar)
    answers = []
    for text in texts:
        matcher = xgrammar.GrammarMatcher(compiled, terminate_without_stop_token=True)
        answers.append(matcher.accept_string(text) and matcher.is_terminated())
    return answers


def scene(environment: str) -> Scene:
    task: Any = Task(goal="Buy the blue mug", environment=environment, start=Start())
    return Scene(task=task, past=(), dropped=0, image=IMAGE, facts="", step=0)


def intents(place: Place, environment: str) -> list[IntendedAct | Say]:
    words = 'He said “it” and "that":\n\\<é'
    both: list[IntendedAct | Say] = [
        actions.Click[Place](at=place),
        actions.Click[Place](at=place, button="right", count=2, modifiers=("Control", "Shift")),
        actions.Hover[Place](at=place),
        actions.Press[Place](at=place, button="middle"),
        actions.Move[Place](to=place),
        actions.Release[Place](),
        actions.Drag[Place](path=(place, place)),
        actions.Drag[Place](path=(place, place, place), modifiers=("Alt",)),
        actions.Scroll[Place](dy=300, at=place),
        actions.Scroll[Place](dx=-300),
        actions.Scroll[Place](dx=30, dy=-30),
        actions.Type[Place](text=words, at=place, replace=True),
        actions.Type[Place](text=""),
        actions.Key(keys=("Control+a",)),
        actions.Key(keys=("Control+a", "Enter")),
        actions.Hold[Place](keys=("a",), seconds=2),
        actions.Hold[Place](at=place, seconds=2),
        actions.Wait[Place](),
        actions.Wait[Place](seconds=3, for_=place, gone=True),
        actions.Read(name="price", value=words),
        actions.Read(name="prices", value=("£9", words)),
        actions.AskUser(question=words),
        actions.Answer(text=words),
        actions.Done(),
        actions.Done(note=words),
        actions.Fail(reason=words),
    ]
    if environment == "desktop":
        return [*both, actions.FocusWindow(window="0x1"), actions.CloseWindow(window="0x1")]
    browsing: list[IntendedAct | Say] = [
        actions.Select[Place](at=place, options=("Two", words)),
        actions.Upload[Place](at=place, paths=("files/a.png",)),
        actions.Navigate(url="https://example.org/?a=b&c"),
        actions.Back(),
        actions.Forward(),
        actions.Reload(),
        actions.NewTab(),
        actions.NewTab(url="https://example.org/"),
        actions.SwitchTab(tab="t1"),
        actions.CloseTab(),
        actions.AnswerDialog(),
        actions.AnswerDialog(accept=False, text=words),
    ]
    return [*both, *browsing]


def place_for(dialect: Spoken) -> Place:
    return Target(description='the "Add" button', near="it\\that", nth=-1) if dialect.grounds else Point(x=960, y=540)


@every
@modes
@pytest.mark.parametrize("environment", ["browser", "desktop"])
def test_whatever_a_model_means_it_can_say(dialect: Spoken, mode: Any, environment: str) -> None:
    now = scene(environment)
    reasoned = "<think>" if mode == "auto" else ""
    prefix = f"{reasoned}The list is wrong.</think>" if dialect.grounds and mode != "direct" else ""
    said = [
        prefix + dialect.write_plan(Decision(thought="Because.", intent=intent), IMAGE)
        for intent in intents(place_for(dialect), environment)
    ]
    assert [
        text
        for text, good in zip(said, accepted(dialect.plan_request(now, mode).constraint, said), strict=True)
        if not good
    ] == []
    assert all(isinstance(dialect.parse_plan(Reply(text=text), now), Decision) for text in said)


@every
def test_without_reasoning_a_model_may_answer_at_once(dialect: Spoken) -> None:
    plan = dialect.write_plan(Decision(intent=actions.Back()), IMAGE)
    for mode in ("direct", "auto"):
        assert accepted(dialect.plan_request(scene("browser"), mode).constraint, [plan]) == [True]


@every
@modes
def test_what_is_no_plan_cannot_be_said(dialect: Spoken, mode: Any) -> None:
    prefix = "Because.</think>" if dialect.grounds and mode == "think" else ""
    good = prefix + dialect.write_plan(Decision(intent=actions.Click[Place](at=place_for(dialect))), IMAGE)
    tab = prefix + dialect.write_plan(Decision(intent=actions.SwitchTab(tab="t1")), IMAGE)
    bad = [
        "",
        good[:-1],
        f"{good} ",
        good.replace("click", "clack"),
        good.replace('"verb"', '"word"').replace('"action"', '"act"'),
        good.replace("[500, 500]", "[500, 1001]").replace("[640, 360]", "[1281, 360]").replace("-1", "-2"),
        good.replace("[500, 500]", "[500]").replace("[640, 360]", "[640]").replace('"description"', '"desc"'),
    ]
    assert len({good, *bad}) == len(bad) + 1
    assert accepted(dialect.plan_request(scene("browser"), mode).constraint, [good, *bad]) == [
        True,
        *[False] * len(bad),
    ]
    # a desktop has no tabs
    assert accepted(dialect.plan_request(scene("desktop"), mode).constraint, [good, tab]) == [True, False]


@every
def test_a_place_or_none_and_nothing_else(dialect: Spoken) -> None:
    constraint = dialect.ground_request(Target(description="it"), IMAGE).constraint
    boxes = [None, Box.at(10, 10, 300, 20), IMAGE.view.crop, Box.at(1900, 1060, 20, 20)]
    good = [dialect.write_ground(box, IMAGE) for box in boxes]
    bad = ["", "it is here", good[1][:-1], f"{good[1]} ", f"Here: {good[1]}"]
    bad.append(good[1].replace("[0.", "[2.").replace("left", "right"))
    assert accepted(constraint, [*good, *bad]) == [True] * len(good) + [False] * len(bad)
    with pytest.raises(DialectError):
        dialect.parse_ground(Reply(text="it is here"), Target(description="it"), IMAGE)
