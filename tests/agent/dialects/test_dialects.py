"""Every dialect: what it writes it reads back, no reply breaks it, no request holds a live token, prompts begin alike."""

from __future__ import annotations

import json
import os
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from handeye.agent.base import Dialect, Scene, Shown
from handeye.agent.dialects.common import ask_again, in_prose
from handeye.agent.dialects.names import open_dialect
from handeye.agent.dialects.phi4 import Phi4
from handeye.agent.dialects.qwen import Qwen, QwenPixels
from handeye.episodes.schema import (
    Absent,
    Decision,
    Found,
    ImagePart,
    Located,
    Reply,
    Request,
    Start,
    Task,
    TextPart,
    View,
)
from handeye.tools import actions
from handeye.tools.actions import Place, Say, Target
from handeye.tools.errors import DialectError
from handeye.tools.geometry import Box, Point, Size, Transform
from handeye.tools.neutral import neutral, restored
from handeye.tools.pixels import Frame

Spoken: TypeAlias = Phi4 | Qwen | QwenPixels
DIALECTS: tuple[Spoken, ...] = (Phi4(), Qwen(), QwenPixels())
every = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)

HASH = "0123456789abcdef" * 4
LOCATED: TypeAdapter[Located] = TypeAdapter(Located)
FRAGMENTS = (
    *(
        "<|im_start|>",
        "<|im_end|>",
        "<|im_sep|>",
        "<|dummy_84|>",
        "<think>",
        "</think>",
        "<image>",
        "<tool_call>\n",
        "\n</tool_call>",
    ),
    *(
        "<|vision_start|>",
        "<|image_pad|>",
        "[INST]",
        "[/INST]",
        "<s>",
        "</s>",
        "<",
        "[",
        "{",
        "}",
        '"',
        "\\",
        "none",
        "1.0000",
    ),
)


def frame(width: int, height: int) -> Frame:
    """A frame whose pixels nobody asks for."""
    return TypeAdapter(Frame).validate_python({"blob": HASH, "pixels": HASH, "width": width, "height": height})


@st.composite
def images(draw: st.DrawFn) -> ImagePart:
    """A view of a random part of a random frame, in a random size."""
    width, height = draw(st.integers(32, 4000)), draw(st.integers(32, 3000))
    left, top = draw(st.integers(0, width - 32)), draw(st.integers(0, height - 32))
    crop = Box.at(left, top, draw(st.integers(32, width - left)), draw(st.integers(32, height - top)))
    sent = (draw(st.integers(28, 2000)), draw(st.integers(28, 2000)))
    return ImagePart(
        view=View(observation="o0001", crop=crop, sent=Size(width=sent[0], height=sent[1])), image=frame(*sent)
    )


texts = st.lists(
    st.sampled_from(FRAGMENTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4
).map("".join).filter(lambda text: restored(text) == text)  # fmt: skip
names = texts.filter(bool)
targets = st.builds(
    Target, description=names, near=st.none() | names, inside=st.none() | names, nth=st.none() | st.integers(-1, 9)
)


def grid(dialect: Spoken, image: ImagePart) -> Size:
    return Size(width=1000, height=1000) if dialect.name == "qwen" else image.view.sent


def to_frame(dialect: Spoken, image: ImagePart) -> Transform:
    size = grid(dialect, image)
    return Transform.between(Box(left=0, top=0, right=size.width, bottom=size.height), image.view.crop)


def places(dialect: Spoken, image: ImagePart) -> st.SearchStrategy[Place]:
    """Places that the dialect can say exactly."""
    size, back = grid(dialect, image), to_frame(dialect, image)
    xs, ys = st.integers(0, int(size.width) - 1), st.integers(0, int(size.height) - 1)
    points = st.builds(lambda x, y: back.point(Point(x=x, y=y)), xs, ys)
    return targets | points if dialect.grounds else points


def intents(dialect: Spoken, image: ImagePart) -> dict[str, st.SearchStrategy[Any]]:
    """Verb → what can be said with it."""
    place = places(dialect, image)
    maybe = st.none() | place
    scale = to_frame(dialect, image)
    button = st.sampled_from(["left", "middle", "right"])
    held = st.lists(st.sampled_from(["Control", "Shift", "Alt", "Meta"]), unique=True, max_size=2).map(tuple)
    seconds = st.integers(1, 60) | st.floats(0.1, 60)
    steps = st.integers(-3000, 3000)
    chords = st.lists(st.sampled_from(["Control+a", "Enter", "Control++", " ", "a", "F5"]), min_size=1, max_size=3)
    keys = chords.map(tuple) | st.sampled_from([("Shift",), ("Control+Shift",)])
    some = st.lists(texts, min_size=1, max_size=3).map(tuple)
    return {
        "click": st.builds(actions.Click[Place], at=place, button=button, count=st.integers(1, 3), modifiers=held),
        "hover": st.builds(actions.Hover[Place], at=place),
        "press": st.builds(actions.Press[Place], at=place, button=button),
        "move": st.builds(actions.Move[Place], to=place),
        "release": st.builds(actions.Release[Place], at=maybe, button=button),
        "drag": st.builds(
            actions.Drag[Place],
            path=st.lists(place, min_size=2, max_size=4).map(tuple),
            button=button,
            modifiers=held,
        ),
        "scroll": st.builds(
            actions.Scroll[Place],
            at=maybe,
            dx=steps.map(lambda each: each * scale.scale_x),
            dy=steps.map(lambda each: each * scale.scale_y),
        ),
        "type": st.builds(actions.Type[Place], text=texts, at=maybe, replace=st.booleans()),
        "key": st.builds(actions.Key, keys=keys),
        "hold": st.builds(actions.Hold[Place], keys=keys, at=maybe, seconds=seconds),
        "select": st.builds(actions.Select[Place], at=place, options=some),
        "wait": st.builds(actions.Wait[Place], seconds=seconds, for_=maybe, gone=st.booleans()),
        "navigate": st.builds(actions.Navigate, url=names),
        "back": st.just(actions.Back()),
        "forward": st.just(actions.Forward()),
        "reload": st.just(actions.Reload()),
        "new_tab": st.builds(actions.NewTab, url=st.none() | texts),
        "switch_tab": st.builds(actions.SwitchTab, tab=texts),
        "close_tab": st.builds(actions.CloseTab, tab=st.none() | texts),
        "focus_window": st.builds(actions.FocusWindow, window=texts),
        "close_window": st.builds(actions.CloseWindow, window=texts),
        "upload": st.builds(actions.Upload[Place], at=place, paths=some),
        "answer_dialog": st.builds(actions.AnswerDialog, accept=st.booleans(), text=st.none() | texts),
        "ask_user": st.builds(actions.AskUser, question=texts),
        "read": st.builds(actions.Read, name=texts, value=texts | some),
        "answer": st.builds(actions.Answer, text=texts),
        "done": st.builds(actions.Done, note=texts),
        "fail": st.builds(actions.Fail, reason=texts),
    }


def scene(image: ImagePart, environment: str = "browser", **changes: Any) -> Scene:
    task = Task(goal="Buy the blue mug", environment=environment, start=Start())
    return Scene(task=task, past=(), dropped=0, image=image, facts="", step=3)._replace(**changes)


def rounded(value: Any) -> Any:
    """What two intents that differ by rounding alone have in common."""
    match value:
        case float():
            return pytest.approx(value, abs=1e-6)
        case dict():
            return {name: rounded(each) for name, each in value.items()}
        case list() | tuple():
            return [rounded(each) for each in value]
        case _:
            return value


def dumped(intent: Any) -> Any:
    return json.loads(intent.model_dump_json())


def spoken_verbs() -> list[str]:
    kinds = [*actions.Act.__args__, *Say.__args__]
    return sorted(kind.model_fields["verb"].default for kind in kinds)


def test_every_verb_of_the_union_is_tried() -> None:
    assert sorted(intents(DIALECTS[0], an_image())) == spoken_verbs()


def an_image(width: int = 1280, height: int = 720) -> ImagePart:
    sent = Size(width=width, height=height)
    return ImagePart(
        view=View(observation="o0001", crop=Box.at(0, 0, width, height), sent=sent), image=frame(width, height)
    )


@every
@pytest.mark.parametrize("verb", spoken_verbs())
@settings(max_examples=100 if os.environ.get("FULL") else 12)
@given(data=st.data())
def test_a_plan_that_is_written_is_read_back(dialect: Spoken, verb: str, data: st.DataObject) -> None:
    image = data.draw(images())
    intent = data.draw(intents(dialect, image)[verb])
    decision = Decision(thought="It is the only one.", intent=intent)
    read = dialect.parse_plan(Reply(text=dialect.write_plan(decision, image)), scene(image))
    assert isinstance(read, Decision)
    assert dumped(read.intent) == rounded(dumped(intent))
    assert read.thought == decision.thought


@given(images(), st.data())
def test_what_is_pending_is_read_back(image: ImagePart, data: st.DataObject) -> None:
    acts = st.one_of([each for verb, each in intents(DIALECTS[0], image).items() if verb not in SAYING])
    decision = Decision(intent=actions.Back(), pending=tuple(data.draw(st.lists(acts, max_size=3))))
    read = DIALECTS[0].parse_plan(Reply(text=DIALECTS[0].write_plan(decision, image)), scene(image))
    assert isinstance(read, Decision) and read.pending == decision.pending


SAYING = {kind.model_fields["verb"].default for kind in Say.__args__}


@every
@given(image=images(), target=targets, data=st.data())
def test_a_place_that_is_written_is_read_back(
    dialect: Spoken, image: ImagePart, target: Target, data: st.DataObject
) -> None:
    view = image.view
    left, right = sorted(data.draw(st.lists(st.floats(0, 1), min_size=2, max_size=2)))
    top, bottom = sorted(data.draw(st.lists(st.floats(0, 1), min_size=2, max_size=2)))
    unit = Transform.between(Box(left=0, top=0, right=1, bottom=1), view.crop)
    box = unit.box(Box(left=left, top=top, right=right, bottom=bottom))
    assume(box.intersection(view.crop) is not None)
    found = dialect.parse_ground(Reply(text=dialect.write_ground(box, image)), target, image)
    assert isinstance(found, Found)
    assert view.crop.encloses(found.place.box.grown(-1e-9)) and view.crop.contains(found.place.point)
    pixel = view.to_sent.inverse()
    if dialect.grounds:
        # four decimals of a side, and at least one pixel of what was sent
        x, y = 0.00006 * view.crop.width + pixel.scale_x, 0.00006 * view.crop.height + pixel.scale_y
        for side, slack in (("left", x), ("right", x), ("top", y), ("bottom", y)):
            assert abs(getattr(found.place.box, side) - getattr(box, side)) <= slack
    else:
        # a coordinate's half, one pixel where it was moved inside, and half of the box where that is cut off at the edge
        unit = to_frame(dialect, image)
        x, y = unit.scale_x + 2 * pixel.scale_x, unit.scale_y + 2 * pixel.scale_y
        assert abs(found.place.point.x - box.center.x) <= x and abs(found.place.point.y - box.center.y) <= y


@every
@given(image=images(), target=targets)
def test_what_is_not_there_is_absent(dialect: Spoken, image: ImagePart, target: Target) -> None:
    beside = image.view.crop.offset(image.view.crop.width, 0)
    for box in (None, beside):
        assert isinstance(dialect.parse_ground(Reply(text=dialect.write_ground(box, image)), target, image), Absent)


@every
@given(target=targets, image=images())
def test_what_is_sought_can_be_told_from_the_request(dialect: Spoken, target: Target, image: ImagePart) -> None:
    plan = dialect.plan_request(scene(image))
    assert dialect.sought(plan) is None
    assert dialect.sought(dialect.ground_request(target, image)) == in_prose(target)
    assert dialect.sought(dialect.ground_request(target, image, plan)) == in_prose(target)


numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 10**30, 1e308, -1e308, True])
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=6) | st.sampled_from([*FRAGMENTS, "left", "click", "success"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["x", "y", "description", "verb", "action", "arguments", "at", "nth"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
FIELDS = (
    *(
        "verb",
        "action",
        "name",
        "arguments",
        "thought",
        "then",
        "at",
        "to",
        "path",
        "text",
        "box",
        "keys",
        "options",
        "value",
    ),
    *(
        "coordinate",
        "start_coordinate",
        "pixels",
        "time",
        "status",
        "fact",
        "url",
        "query",
        "modifiers",
        "seconds",
        "dx",
        "for",
    ),
)


@st.composite
def replies(draw: st.DrawFn, dialect: Spoken, image: ImagePart) -> str:
    """What a model might say that has lost its way."""
    kind = draw(st.sampled_from(["words", "fragments", "json", "fields", "changed", "cut", "mutated", "nested"]))
    if kind == "words":
        return draw(st.text(st.characters()))
    if kind == "fragments":
        return "".join(draw(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=12)))
    if kind == "json":
        return json.dumps(draw(values))
    if kind == "fields":
        verb = draw(
            st.sampled_from([*spoken_verbs(), "zoom", "left_click", "left_click_drag", "terminate", "web_search"])
        )
        said = draw(st.dictionaries(st.sampled_from(FIELDS), values, max_size=5))
        return json.dumps({"name": "computer_use", **said, "verb": verb, "action": draw(st.sampled_from([verb, said]))})
    verb = draw(st.sampled_from(spoken_verbs()))
    valid = dialect.write_plan(Decision(intent=draw(intents(dialect, image)[verb])), image)
    if draw(st.booleans()):
        valid = dialect.write_ground(draw(st.none() | st.just(image.view.crop)), image)
    start, end = valid.find("{"), valid.rfind("}") + 1
    if kind == "changed" and start >= 0:
        data = json.loads(valid[start:end])
        inner = next((each for name in ("arguments", "action") if isinstance(each := data.get(name), dict)), data)
        inner[draw(st.sampled_from([*inner, *FIELDS]))] = draw(values)
        return f"{valid[:start]}{json.dumps(data)}{valid[end:]}"
    at = draw(st.integers(0, len(valid)))
    if kind == "cut":
        return valid[:at]
    if kind == "mutated":
        return valid[:at] + draw(st.sampled_from(FRAGMENTS) | st.text(st.characters(), max_size=4)) + valid[at + 1 :]
    depth = draw(st.sampled_from([5, 90, 250, 500, 900, 1500, 10_000]))
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"action":', "}"), ('{"at":', "}")]))
    nested = opening * depth + "1" + closing * draw(st.sampled_from([depth, 0]))
    return draw(
        st.sampled_from(
            [
                nested,
                f'{{"thought": {nested}, "action": {{"verb": "back"}}}}',
                f'{{"thought": "", "action": {{"verb": {nested}}}}}',
                f'{{"thought": "", "action": {{"verb": "click", "at": {nested}}}}}',
                f'<tool_call>\n{{"name": "computer_use", "arguments": {{"action": {nested}}}}}\n</tool_call>',
                f'<tool_call>\n{{"name": "computer_use", "arguments": {{"action": "select", "options": {nested}}}}}\n</tool_call>',
            ]
        )
    )


@every
@given(data=st.data())
def test_no_reply_raises_anything_but_a_dialect_error(dialect: Spoken, data: st.DataObject) -> None:
    image = data.draw(images())
    check_reply(dialect, image, data.draw(replies(dialect, image)))


def check_reply(dialect: Spoken, image: ImagePart, text: str) -> None:
    refused: list[DialectError] = []
    try:
        planned = dialect.parse_plan(Reply(text=text), scene(image))
    except DialectError as error:
        refused.append(error)
    else:
        assert type(planned).model_validate_json(planned.model_dump_json()) == planned
    try:
        found = dialect.parse_ground(Reply(text=text), Target(description="it"), image)
    except DialectError as error:
        refused.append(error)
    else:
        assert LOCATED.validate_json(LOCATED.dump_json(found)) == found
    for each in refused:
        # told to the model again, and written to disk
        assert 0 < len(each.message.encode()) < 2000


@every
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ud800",
        "[" * 10_000,
        '{"verb":' * 10_000,
        '{"verb": "drag", "path": 5}',
        '{"verb": "drag", "path": {"a": 1}}',
        '{"verb": "zoom", "box": [1e999, 0, 1, 1]}',
        f'{{"verb": "zoom", "box": [0, 0, {"9" * 400}, 1]}}',
        f'{{"verb": "click", "at": {{"x": {"9" * 400}, "y": 1}}}}',
        f'{{"verb": "click", "at": {{"description": "a", "nth": {"9" * 400}}}}}',
        f'{{"verb": "click", "at": {{"description": "a", "nth": {"9" * 5000}}}}}',
        '{"verb": "wait", "seconds": NaN}',
        '{"verb": "wait", "seconds": 1e999}',
        '{"verb": "\\ud800"}',
        '{"verb": "type", "text": "\\ud800"}',
        '{"\\ud800": 1, "verb": "type", "text": "a"}',
        '{"thought": "\\ud800", "action": {"verb": "back"}}',
        '{"thought": "", "action": {"verb": "back"}, "then": [{"verb": "drag", "path": 5}]}',
        "[1e999, 0, 0, 0]",
        f"[0, 0, 0, {'9' * 5000}]",
        '<tool_call>{"arguments": {"action": "left_click", "coordinate": [1e999, 1]}}</tool_call>',
        f'<tool_call>{{"arguments": {{"action": "scroll", "pixels": {"9" * 400}}}}}</tool_call>',
        '<tool_call>{"arguments": {"action": "left_click", "coordinate": [NaN, 1]}}</tool_call>',
        '<tool_call>{"arguments": {"action": "web_search", "query": "\\ud800"}}</tool_call>',
        '<tool_call>{"arguments": {"action": "zoom", "box": [0, 0, 1e999, 1]}}</tool_call>',
        '<tool_call>{"arguments": {"action": "drag", "path": 5}}</tool_call>',
        '<tool_call>{"arguments": {"action": "key", "keys": [["ctrl"], 5]}}</tool_call>',
        '<tool_call>{"arguments": {"action": "\\ud800"}}</tool_call>',
        '<tool_call>{"arguments": {"action": "terminate", "status": ["failure"]}}</tool_call>',
    ],
)  # fmt: skip
def test_replies_that_could_break_a_parser(dialect: Spoken, text: str) -> None:
    check_reply(dialect, an_image(), text)


def live(text: str) -> bool:
    """Whether a text holds something that a tokenizer could read as more than words."""
    return neutral(text) != text


def texts_of(request: Request) -> list[str]:
    return [part.text for message in request.messages for part in message.parts if isinstance(part, TextPart)]


hostile = st.lists(st.sampled_from(FRAGMENTS) | st.text(st.characters(), max_size=5), max_size=5).map("".join)


@every
@given(image=images(), words=st.tuples(*[hostile] * 5))
def test_no_request_holds_a_live_token(dialect: Spoken, image: ImagePart, words: tuple[str, ...]) -> None:
    # records hold no half of a surrogate pair, so only the texts beside them may
    goal, description, near = (each.encode("utf-8", "replace").decode() for each in (words[0], words[3], words[2]))
    _, facts, line, _, answer = words
    task = Task(goal=goal, environment="browser", start=Start())
    now = scene(image, task=task, facts=facts, past=(Shown(line),), closer=(image,))
    plan = dialect.plan_request(now)
    target = Target(description=description or "it", near=near or None)
    again = ask_again(plan, Reply(text=answer), f"it says {answer}")
    for request in (plan, dialect.ground_request(target, image), dialect.ground_request(target, image, plan), again):
        assert not any(map(live, [*texts_of(request), request.prefill]))
        assert Request.model_validate_json(request.model_dump_json()).messages[0].role == "user"


@every
@given(image=images(), mode=st.sampled_from(["think", "direct", "auto"]))
def test_equal_questions_are_equal_requests(dialect: Spoken, image: ImagePart, mode: Any) -> None:
    now = scene(image, past=(Shown("0. Back → done"),))
    target = Target(description="Add to cart")
    plan = dialect.plan_request(now, mode)
    assert plan == dialect.plan_request(now, mode) and plan.mode == mode
    assert dialect.ground_request(target, image, plan) == dialect.ground_request(target, image, plan)
    reply = Reply(text=dialect.write_ground(image.view.crop, image))
    assert dialect.parse_ground(reply, target, image) == dialect.parse_ground(reply, target, image)


def parts_of(request: Request) -> list[Any]:
    return list(request.messages[0].parts)


def through(request: Request, image: ImagePart) -> list[Any]:
    parts = parts_of(request)
    return parts[: parts.index(image) + 1]


@every
@pytest.mark.parametrize("frames", [1, 4])
def test_plan_and_place_of_one_view_begin_alike_through_the_image(dialect: Spoken, frames: int) -> None:
    earlier = an_image().model_copy(update={"view": an_image().view.model_copy(update={"observation": "o0000"})})
    image = an_image()
    plan = dialect.plan_request(scene(image, past=(Shown("0. Back → done", earlier if frames > 1 else None),)))
    place = dialect.ground_request(Target(description="Add to cart"), image, plan)
    shared = through(plan, image)
    assert parts_of(place)[: len(shared)] == shared and len(parts_of(place)) == len(shared) + 1
    assert len(shared) == (4 if frames > 1 else 3)
    # a view that the plan did not show is asked about alone
    closer = an_image(640, 360)
    assert parts_of(dialect.ground_request(Target(description="it"), closer, plan))[0] == closer


@every
def test_what_is_known_of_the_page_changes_nothing_before_the_frame(dialect: Spoken) -> None:
    image = an_image()
    first = dialect.plan_request(scene(image))
    later = dialect.plan_request(scene(image, facts="URL: x", step=9))
    assert through(first, image) == through(later, image) and parts_of(first) != parts_of(later)


@every
def test_a_conversation_is_only_ever_added_to(dialect: Spoken) -> None:
    seen = [
        an_image().model_copy(update={"view": an_image().view.model_copy(update={"observation": f"o{step:04}"})})
        for step in range(5)
    ]
    before: list[Any] = []
    for step, image in enumerate(seen):
        past = tuple(Shown(f"{each}. Back → done", seen[each]) for each in range(step))
        request = dialect.plan_request(scene(image, past=past, step=step))
        assert parts_of(request)[: len(before)] == before
        before = through(request, image)


@every
def test_what_was_asked_to_be_seen_closer_comes_last(dialect: Spoken) -> None:
    image, closer = an_image(), an_image(640, 360)
    plan, asked = (dialect.plan_request(scene(image, closer=each)) for each in ((), (closer,)))
    assert parts_of(asked)[:-2] == parts_of(plan) and parts_of(asked)[-2] == closer


@every
def test_a_second_try_adds_to_the_first(dialect: Spoken) -> None:
    plan = dialect.plan_request(scene(an_image()))
    again = ask_again(plan, Reply(text="I cannot"), "there is no JSON")
    assert again.messages[:1] == plan.messages and [each.role for each in again.messages] == [
        "user",
        "assistant",
        "user",
    ]
    assert again.purpose == "retry" and again.constraint == plan.constraint


@every
def test_reasoning_is_a_thought(dialect: Spoken) -> None:
    decision = Decision(intent=actions.Back())
    text = f"<think>\nThe list is wrong.\n</think>\n{dialect.write_plan(decision, an_image())}"
    read = dialect.parse_plan(Reply(text=text, model="m"), scene(an_image()))
    assert isinstance(read, Decision) and (read.intent, read.thought) == (decision.intent, "The list is wrong.")
    assert read.source == "m"
    # the chat template has already opened it
    read = dialect.parse_plan(Reply(text=text.removeprefix("<think>\n")), scene(an_image()))
    assert isinstance(read, Decision) and read.intent == decision.intent
    with pytest.raises(DialectError):
        dialect.parse_plan(Reply(text="<think>\nThe list is"), scene(an_image()))


@every
@given(width=st.integers(30, 4000), height=st.integers(30, 4000))
def test_a_size_that_fits_stays(dialect: Spoken, width: int, height: int) -> None:
    fitted = dialect.fit(Size(width=width, height=height))
    assert dialect.fit(fitted) == fitted
    assert fitted.width == int(fitted.width) and fitted.height == int(fitted.height)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("microsoft/Phi-4-reasoning-vision-15B", "phi4"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen-pixels"),
        ("Qwen/Qwen3-VL-8B-Instruct", "qwen"),
        ("Qwen/Qwen3.5-9B", "qwen"),
        ("microsoft/Fara-7B", "qwen-pixels"),
        ("microsoft/Fara-1.5-9B", "qwen"),
        ("microsoft/Fara1.5-9B", "qwen"),
        ("Hcompany/Holo1-7B", "qwen-pixels"),
        ("Hcompany/Holo1.5-7B", "qwen-pixels"),
        ("Hcompany/Holo2-8B", "qwen"),
        ("anything", "phi4"),
    ],
)
def test_a_model_is_spoken_to_in_its_own_dialect(model: str, name: str) -> None:
    assert open_dialect(None, model).name == name
    dialect: Dialect = open_dialect(name, "whatever")
    assert dialect.name == name
