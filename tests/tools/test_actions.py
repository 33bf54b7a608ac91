"""The verbs: what is stored is read back, what is no verb is refused, places become points."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from handeye.tools import actions
from handeye.tools.actions import (
    Action,
    AskUser,
    Back,
    Click,
    Done,
    Drag,
    Hold,
    Intent,
    Key,
    Move,
    Place,
    Read,
    Release,
    Scroll,
    Target,
    Type,
    Wait,
    Zoom,
    placed,
    places,
)
from handeye.tools.geometry import Box, Point

ACTION: TypeAdapter[Any] = TypeAdapter(Action)
INTENT: TypeAdapter[Any] = TypeAdapter(Intent)

coordinate = st.floats(-5000, 5000, allow_nan=False)
points = st.builds(lambda x, y: Point(x=x, y=y), coordinate, coordinate)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
targets = st.builds(
    Target,
    description=words,
    near=st.none() | words,
    inside=st.none() | words,
    nth=st.none() | st.integers(-3, 9),
    role=st.none() | st.sampled_from(["button", "field", "words"]),
)
buttons = st.sampled_from(["left", "middle", "right"])
modifiers = st.lists(st.sampled_from(["Control", "Shift", "Alt", "Meta"]), max_size=2)


def verbs(place: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[dict[str, Any]]]:
    """What every verb is made of, as it stands on disk."""
    where = place.map(lambda each: each.model_dump())

    def made(required: dict[str, Any] | None = None, /, **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(required or {}, optional=optional)

    chords = st.lists(st.sampled_from(["Control+a", "Enter", "Control++", " ", "é"]), min_size=1, max_size=3)
    return {
        "click": made({"at": where}, button=buttons, count=st.integers(1, 3), modifiers=modifiers),
        "hover": made({"at": where}),
        "press": made({"at": where}, button=buttons),
        "move": made({"to": where}),
        "release": made(at=st.none() | where, button=buttons),
        "drag": made({"path": st.lists(where, min_size=2, max_size=4)}, button=buttons, modifiers=modifiers),
        "scroll": made(at=st.none() | where, dx=coordinate, dy=coordinate),
        "type": made({"text": words}, at=st.none() | where, replace=st.booleans()),
        "key": made({"keys": chords}),
        "hold": made({"seconds": st.floats(0.1, 60)}, keys=chords, at=st.none() | where),
        "select": made({"at": where, "options": st.lists(words, min_size=1, max_size=3)}),
        "wait": made(None, **{"seconds": st.floats(0, 3600), "for": st.none() | where, "gone": st.booleans()}),
        "navigate": made({"url": words}),
        "back": made(),
        "forward": made(),
        "reload": made(),
        "new_tab": made(url=st.none() | words),
        "switch_tab": made({"tab": words}),
        "close_tab": made(tab=st.none() | words),
        "focus_window": made({"window": words}),
        "close_window": made({"window": words}),
        "upload": made({"at": where, "paths": st.lists(words, min_size=1, max_size=2)}),
        "answer_dialog": made(accept=st.booleans(), text=st.none() | words),
    }


SAY: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "ask_user": st.fixed_dictionaries({"question": words}),
    "read": st.fixed_dictionaries({"name": words, "value": words | st.lists(words, max_size=3)}),
    "answer": st.fixed_dictionaries({"text": words}),
    "done": st.fixed_dictionaries({}, optional={"note": words}),
    "fail": st.fixed_dictionaries({"reason": words}),
}


def tags(union: Any) -> set[str]:
    """The verbs of a union."""
    if isinstance(union, type) and issubclass(union, BaseModel):
        return {union.model_fields["verb"].default}
    return {tag for each in get_args(union) for tag in tags(each)}


def test_every_verb_is_tested_here() -> None:
    assert tags(actions.Act) == tags(actions.IntendedAct) == set(verbs(points))
    assert tags(actions.Say) == set(SAY)


@pytest.mark.parametrize("verb", verbs(points))
@given(st.data())
def test_an_action_is_read_back_as_it_was_written(verb: str, data: st.DataObject) -> None:
    act = ACTION.validate_python({"verb": verb, **data.draw(verbs(points)[verb])})
    assert ACTION.validate_json(ACTION.dump_json(act)) == act
    assert INTENT.validate_json(ACTION.dump_json(act)) == act
    assert act.verb == verb


@pytest.mark.parametrize("verb", [*verbs(targets), *SAY])
@given(st.data())
def test_an_intent_is_read_back_as_it_was_written(verb: str, data: st.DataObject) -> None:
    made = (verbs(points | targets) | SAY)[verb]
    intent = INTENT.validate_python({"verb": verb, **data.draw(made)})
    again = INTENT.validate_json(INTENT.dump_json(intent))
    assert again == intent
    if verb not in SAY:
        assert [type(each) for each in places(again)] == [type(each) for each in places(intent)]


@pytest.mark.parametrize("verb", verbs(targets))
@given(st.data())
def test_placing_replaces_every_place_and_nothing_else(verb: str, data: st.DataObject) -> None:
    intent = INTENT.validate_python({"verb": verb, **data.draw(verbs(targets)[verb])})
    found = tuple(data.draw(points) for _ in places(intent))
    act = placed(intent, found)
    assert places(act) == found
    # with the same points in their places both are the same act
    assert placed(act, found) == act
    assert ACTION.validate_json(ACTION.dump_json(act)) == act
    field = {"move": "to", "drag": "path", "wait": "for"}.get(verb, "at")
    before, after = INTENT.dump_python(intent, mode="json"), ACTION.dump_python(act, mode="json")
    assert {k: v for k, v in before.items() if k != field} == {k: v for k, v in after.items() if k != field}


def test_places_are_in_the_order_of_use() -> None:
    a, b, c = (Target(description=each) for each in "abc")
    assert places(Drag[Place](path=(a, b, c))) == (a, b, c)
    assert places(Wait[Place](for_=a)) == (a,)
    assert places(Move[Place](to=b)) == (b,)
    assert places(Release[Place]()) == ()
    assert places(Back()) == ()


@pytest.mark.parametrize("count", [0, 2])
def test_as_many_points_as_places(count: int) -> None:
    with pytest.raises(ValueError, match="click has 1 places"):
        placed(Click[Place](at=Target(description="a")), (Point(x=1, y=1),) * count)


def test_a_place_is_a_point_or_a_target() -> None:
    assert INTENT.validate_python({"verb": "hover", "at": {"x": 1, "y": 2}}).at == Point(x=1, y=2)
    assert INTENT.validate_python({"verb": "hover", "at": {"description": "a"}}).at == Target(description="a")
    for wrong in ({"x": 1}, {"x": 1, "y": 2, "description": "a"}, {"description": ""}, {}, "a", None):
        with pytest.raises(ValidationError):
            INTENT.validate_python({"verb": "hover", "at": wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"verb": "clik", "at": {"x": 1, "y": 2}},
        {"at": {"x": 1, "y": 2}},
        {"verb": "click"},
        {"verb": "click", "at": {"x": 1, "y": 2}, "force": True},
        {"verb": "click", "at": {"x": 1, "y": 2, "z": 3}},
        {"verb": "click", "at": {"x": 1, "y": 2}, "count": 4},
        {"verb": "click", "at": {"x": 1, "y": 2}, "button": "side"},
        {"verb": "click", "at": {"description": "a"}},
        {"verb": "click", "at": {"x": float("nan"), "y": 2}},
        {"verb": "drag", "path": [{"x": 1, "y": 2}]},
        {"verb": "key", "keys": []},
        {"verb": "key", "keys": ["Contrl+a"]},
        {"verb": "hold", "keys": ["Foo"], "seconds": 1},
        {"verb": "hold", "keys": ["a"], "seconds": 0},
        {"verb": "hold", "keys": ["a"], "seconds": 61},
        {"verb": "select", "at": {"x": 1, "y": 2}, "options": []},
        {"verb": "navigate", "url": ""},
        {"verb": "done"},
        {"verb": "zoom", "box": {"left": 0, "top": 0, "right": 1, "bottom": 1}},
        {"verb": "__class__"},
        [],
    ],
)
def test_what_is_no_action(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        ACTION.validate_python(wrong)


def test_zoom_reaches_neither_an_environment_nor_an_episode() -> None:
    zoom = Zoom[Place](box=Box.at(0, 0, 5, 5)).model_dump()
    for kind in (ACTION, INTENT):
        with pytest.raises(ValidationError):
            kind.validate_python(zoom)


def test_chords_are_stored_canonically() -> None:
    assert Key(keys=("ctrl+a", "del")).keys == ("Control+a", "Delete")
    assert Hold[Point](keys=("shift",), seconds=1).keys == ("Shift",)


def test_verbs_cannot_be_changed() -> None:
    click = Click[Point](at=Point(x=1, y=2))
    with pytest.raises(ValidationError):
        setattr(click, "count", 2)  # noqa: B010  # mypy forbids the plain way, too
    assert hash(click) == hash(Click[Point](at=Point(x=1, y=2)))


def test_the_name_of_what_is_waited_for_is_a_word_of_python() -> None:
    wait = Wait[Point](for_=Point(x=1, y=2))
    assert '"for":{' in ACTION.dump_json(wait).decode()
    assert INTENT.validate_python({"verb": "wait", "for_": {"x": 1, "y": 2}}) == wait


def test_a_target_in_words() -> None:
    target = Target(description="Remove", near="Blue mug", inside="Cart", nth=-1, role="button")
    assert str(target) == "“Remove” near “Blue mug” inside “Cart” number -1"


def test_the_schema_names_every_verb() -> None:
    schema = INTENT.json_schema()
    assert set(schema["discriminator"]["mapping"]) == {*verbs(points), *SAY}


def test_defaults_are_what_a_person_means() -> None:
    assert Click[Point](at=Point(x=1, y=2)).button == "left"
    assert Scroll[Point](dy=5).at is None
    assert not Type[Point](text="a").replace
    assert Done().note == ""
    assert Read(name="a", value=("b",)).value == ("b",)
    assert AskUser(question="?").verb == "ask_user"
