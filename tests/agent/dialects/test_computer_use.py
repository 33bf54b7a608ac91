"""The calls that Qwen-VL, Fara and Holo make: what each family says, and in which pixels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from handeye.agent.base import Scene, Shown
from handeye.agent.dialects.qwen import Qwen, QwenPixels
from handeye.episodes.schema import Decision, Found, ImagePart, Reply, Start, Task, View
from handeye.tools import actions
from handeye.tools.actions import Place, Target, Zoom
from handeye.tools.errors import DialectError
from handeye.tools.geometry import Box, Point, Size
from handeye.tools.pixels import Frame

# the right half of a frame of 1600×1200, sent at half its size
IMAGE = ImagePart(
    view=View(observation="o0001", crop=Box.at(800, 0, 800, 1200), sent=Size(width=400, height=600)),
    image=TypeAdapter(Frame).validate_python({"blob": "0" * 64, "pixels": "0" * 64, "width": 400, "height": 600}),
)
MIDDLE = Point(x=1200, y=600)


def scene(*past: str) -> Scene:
    task = Task(goal="Buy the blue mug", environment="browser", start=Start())
    return Scene(task=task, past=tuple(map(Shown, past)), dropped=0, image=IMAGE, facts="", step=7)


def call(**arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': 'computer_use', 'arguments': arguments})}\n</tool_call>"


def meant(text: str, *past: str, dialect: Qwen | QwenPixels | None = None) -> Any:
    read = (dialect or Qwen()).parse_plan(Reply(text=text), scene(*past))
    return read.intent if isinstance(read, Decision) else read


@pytest.mark.parametrize(
    ("arguments", "intent"),
    [
        ({"action": "left_click", "coordinate": [500, 500]}, actions.Click[Place](at=MIDDLE)),
        ({"action": "right_click", "coordinate": [500, 500]}, actions.Click[Place](at=MIDDLE, button="right")),
        ({"action": "middle_click", "coordinate": [500, 500]}, actions.Click[Place](at=MIDDLE, button="middle")),
        ({"action": "double_click", "coordinate": [500, 500]}, actions.Click[Place](at=MIDDLE, count=2)),
        ({"action": "triple_click", "coordinate": [500, 500]}, actions.Click[Place](at=MIDDLE, count=3)),
        ({"action": "mouse_move", "coordinate": [500.0, 500]}, actions.Move[Place](to=MIDDLE)),
        ({"action": "click_element", "element": "Buy", "x": 500, "y": 500}, actions.Click[Place](at=MIDDLE)),
        ({"action": "key", "keys": ["ctrl", "shift", "t"]}, actions.Key(keys=("Control+Shift+t",))),
        ({"action": "key", "keys": ["Down", "Down", "Enter"]}, actions.Key(keys=("ArrowDown", "ArrowDown", "Enter"))),
        ({"action": "key", "text": "ctrl+c"}, actions.Key(keys=("Control+c",))),
        ({"action": "type", "text": "mug"}, actions.Type[Place](text="mug")),
        (
            {"action": "type", "text": "mug", "coordinate": [500, 500], "press_enter": True, "delete_existing_text": True},
            actions.Type[Place](text="mug\n", at=MIDDLE, replace=True),
        ),
        # lengths are in the unit of coordinates, and up is positive
        ({"action": "scroll", "pixels": -100}, actions.Scroll[Place](dy=120)),
        ({"action": "scroll", "pixels": 100, "coordinate": [500, 500]}, actions.Scroll[Place](dy=-120, at=MIDDLE)),
        ({"action": "hscroll", "pixels": 100}, actions.Scroll[Place](dx=80)),
        ({"action": "wait", "time": 2.5}, actions.Wait[Place](seconds=2.5)),
        ({"action": "visit_url", "url": "https://a.example"}, actions.Navigate(url="https://a.example")),
        ({"action": "web_search", "query": "blue mug"}, actions.Navigate(url="https://www.bing.com/search?q=blue+mug")),
        ({"action": "history_back"}, actions.Back()),
        ({"action": "refresh"}, actions.Reload()),
        ({"action": "pause_and_memorize_fact", "fact": "£9"}, actions.Read(name="fact 7", value="£9")),
        ({"action": "ask_user_question", "question": "Which?"}, actions.AskUser(question="Which?")),
        ({"action": "answer", "text": "£9"}, actions.Answer(text="£9")),
        ({"action": "terminate", "status": "success"}, actions.Done()),
        ({"action": "terminate", "status": "success", "answer": "£9"}, actions.Answer(text="£9")),
        ({"action": "terminate", "status": "failure"}, actions.Fail(reason="I see it.")),
        ({"action": "select", "coordinate": [500, 500], "options": ["Two"]}, actions.Select[Place](at=MIDDLE, options=("Two",))),
        (
            {"action": "left_click_drag", "start_coordinate": [500, 500], "coordinate": [0, 0]},
            actions.Drag[Place](path=(MIDDLE, Point(x=800, y=0))),
        ),
    ],
    ids=lambda each: each.get("action") if isinstance(each, dict) else "",
)  # fmt: skip
def test_what_the_families_say(arguments: Any, intent: Any) -> None:
    assert meant(f"I see it.\n{call(**arguments)}") == intent


def test_pixels_are_those_of_the_picture_as_sent() -> None:
    text = call(action="left_click", coordinate=[200, 300])
    assert meant(text, dialect=QwenPixels()) == actions.Click[Place](at=MIDDLE)
    assert meant(call(action="scroll", pixels=-100), dialect=QwenPixels()) == actions.Scroll[Place](dy=200)
    with pytest.raises(DialectError, match="400x600"):
        meant(call(action="left_click", coordinate=[401, 300]), dialect=QwenPixels())


def test_the_far_edge_is_moved_inside() -> None:
    for dialect, edge in ((Qwen(), [1000, 1000]), (QwenPixels(), [400, 600])):
        at = meant(call(action="left_click", coordinate=edge), dialect=dialect).at
        assert IMAGE.view.crop.contains(at) and at.distance(Point(x=1600, y=1200)) < 2


def test_a_drag_begins_where_the_last_step_left_the_mouse() -> None:
    text = call(action="left_click_drag", coordinate=[500, 500])
    assert meant(text, "6. Move (820, 40.5) → done") == actions.Drag[Place](path=(Point(x=820, y=40.5), MIDDLE))
    for line in ("6. Type “6. Move (820, 40)” → done", "6. Move (820, 40) → FAILED: gone", "6. Back → done"):
        with pytest.raises(DialectError, match="start_coordinate"):
            meant(text, "5. Move (1, 1) → done", line)


def test_a_part_to_be_seen_closer_is_in_frame_pixels() -> None:
    read = meant(call(action="zoom", box=[0, 0, 500, 500]))
    assert isinstance(read, Zoom) and read.box == Box.at(800, 0, 400, 600)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "computer_use", "arguments": {"action": "history_back"}}',
        '{"action": "history_back"}',
        'Back.\n```json\n{"action": "history_back"}\n```',
        '<tool_call>{"name":"computer_use","arguments":{"action":"history_back"}}</tool_call>',
        '<tool_call>\n{"name": "computer_use", "arguments": {"action": "history_back"}}',
        '<think>Maybe <tool_call>{"action": "refresh"}</tool_call>?</think>\n<tool_call>\n{"action": "history_back"}',
    ],
)
def test_a_call_is_found_with_its_tags_or_without(text: str) -> None:
    assert meant(text) == actions.Back()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I do not know.", "no JSON"),
        (call(action="left_clik", coordinate=[1, 1]), "left_click"),
        (call(action="left_click"), "at"),
        (call(action="left_click", coordinate=[1001, 1]), "1000x1000"),
        (call(action="left_click", coordinate=[1, 1, 1, 1]), "two numbers"),
        (call(action="scroll", pixels="far"), "length"),
        (call(action="terminate"), "status success or status failure"),
        (call(action="key", keys=["Strg"]), "Strg"),
        (call(coordinate=[1, 1]), "needs an action"),
    ],
)
def test_what_it_cannot_mean_is_refused_with_a_word(text: str, told: str) -> None:
    with pytest.raises(DialectError, match=told):
        meant(text)


def test_what_is_only_described_cannot_be_written() -> None:
    intent = actions.Click[Place](at=Target(description="Add to cart"))
    with pytest.raises(ValueError, match="points"):
        Qwen().write_plan(Decision(intent=intent), IMAGE)
    with pytest.raises(ValueError, match="together"):
        Qwen().write_plan(Decision(intent=actions.Key(keys=("Control", "a"))), IMAGE)


def test_a_place_is_a_small_box_around_the_point() -> None:
    found = Qwen().parse_ground(
        Reply(text=call(action="left_click", coordinate=[500, 500])), Target(description="it"), IMAGE
    )
    assert isinstance(found, Found)
    assert found.place.point == MIDDLE and found.place.box == Box.at(1196, 596, 8, 8)


@pytest.mark.parametrize(
    ("dialect", "size", "fitted"),
    [
        (Qwen(), (1280, 720), (1280, 704)),
        (Qwen(), (1920, 1080), (1920, 1088)),
        (Qwen(), (100, 100), (256, 256)),
        (Qwen(), (8000, 6000), (4704, 3520)),
        (QwenPixels(), (1280, 720), (1288, 728)),
        (QwenPixels(), (1440, 900), (1428, 896)),
        (QwenPixels(), (20, 20), (56, 56)),
        (QwenPixels(), (8000, 6000), (4116, 3080)),
    ],
)
def test_sizes_are_those_of_the_family(
    dialect: Qwen | QwenPixels, size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    fit = dialect.fit(Size(width=size[0], height=size[1]))
    assert (fit.width, fit.height) == fitted
    assert dialect.least <= fit.width * fit.height <= dialect.most


def test_a_picture_that_the_family_refuses_is_refused_here() -> None:
    with pytest.raises(ValueError, match="200 to 1"):
        Qwen().fit(Size(width=20_100, height=100))
