"""The verbs as planning models speak them: what the schema lists is read, what it does not is refused with a word."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.agent.dialects.verbs import listed, plan_schema, read_action, spoken, summary, write_action
from handeye.episodes.schema import View
from handeye.tools.actions import AnswerDialog, Click, Hold, Key, Target, Zoom
from handeye.tools.errors import DialectError
from handeye.tools.geometry import Box, Size

BROWSER, DESKTOP = spoken("browser", zoom=True), spoken("desktop", zoom=True)
VERBS = tuple(dict.fromkeys((*BROWSER, *DESKTOP)))
VIEW = View(observation="o0001", crop=Box.at(100, 50, 800, 400), sent=Size(width=400, height=200))
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def of_schema(schema: Any, definitions: Any) -> st.SearchStrategy[Any]:
    """Instances of a schema of the kinds that a plan's is made of; any other kind fails the test."""
    if "$ref" in schema:
        return of_schema(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if "anyOf" in schema:
        return st.one_of([of_schema(each, definitions) for each in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    match schema["type"]:
        case "string" if "enum" in schema:
            return st.sampled_from(schema["enum"])
        case "string":
            return words
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case "array":
            items = of_schema(schema["items"], definitions)
            return st.lists(
                items, min_size=schema["minItems"], max_size=max(schema["minItems"], min(3, schema["maxItems"]))
            )
        case "object":
            assert schema["additionalProperties"] is False
            fields = {name: of_schema(each, definitions) for name, each in schema["properties"].items()}
            required = {name: each for name, each in fields.items() if name in schema["required"]}
            optional = {name: each for name, each in fields.items() if name not in schema["required"]}
            return st.fixed_dictionaries(required, optional=optional)
        case _:
            raise AssertionError(schema)


def instances(verb: str) -> st.SearchStrategy[Any]:
    definitions: Any = plan_schema(VERBS)["$defs"]
    return of_schema(definitions[verb], definitions)


@pytest.mark.parametrize("verb", VERBS)
@given(data=st.data())
def test_whatever_the_schema_lists_is_read(verb: str, data: st.DataObject) -> None:
    said = data.draw(instances(verb))
    for name in ("keys", "modifiers"):
        # what is a key is the key table's to say, not the schema's
        if name == "keys" and name in said:
            said[name] = ["Control+a"]
    if verb == "zoom":
        left, top, right, bottom = said["box"]
        if left >= right or top >= bottom:
            with pytest.raises(DialectError):
                read_action(said, VIEW)
            return
    read = read_action(said, VIEW)
    assert read.verb == verb
    if isinstance(read, Zoom):
        assert VIEW.crop.encloses(read.box.grown(-1e-9))
    else:
        assert read_action(write_action(read), VIEW) == read


@pytest.mark.parametrize("environment", ["browser", "desktop"])
def test_every_verb_of_an_environment_is_described_and_in_the_schema(environment: str) -> None:
    verbs = spoken(environment, zoom=True)
    assert re.findall(r"(\w+)\(", listed(verbs)) == list(verbs)
    assert all(summary(verb).endswith(".") for verb in verbs)
    definitions: Any = plan_schema(verbs)["$defs"]
    assert set(definitions) == {*verbs, "place"}
    assert ("switch_tab" in verbs, "focus_window" in verbs) == (environment == "browser", environment == "desktop")
    assert "zoom" not in spoken(environment, zoom=False)


def test_what_is_pending_is_done_and_not_said() -> None:
    schema: Any = plan_schema(BROWSER)
    pending = {each["$ref"] for each in schema["properties"]["then"]["items"]["anyOf"]}
    assert "#/$defs/click" in pending and "#/$defs/done" not in pending and "#/$defs/zoom" not in pending


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"verb": "click", "at": "Add to cart"}, Click(at=Target(description="Add to cart"))),
        (
            {"verb": "click", "at": {"description": "Add", "near": None}, "count": 2},
            Click(at=Target(description="Add"), count=2),
        ),
        ({"verb": "key", "keys": "ctrl+a"}, Key(keys=("Control+a",))),
        ({"verb": "hold", "keys": "a", "seconds": 1}, Hold[Target](keys=("a",), seconds=1)),
        ({"verb": "answer_dialog", "accept": False, "text": None}, AnswerDialog(accept=False)),
        ({"verb": "click", "at": "a <\u2060b>"}, Click(at=Target(description="a <b>"))),
    ],
)
def test_what_is_plain_is_understood(said: Any, meant: Any) -> None:
    assert read_action(said, VIEW).model_dump() == meant.model_dump()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ({}, "there is no verb"),
        ({"verb": "clik", "at": "x"}, "click"),
        ({"verb": ["click"]}, "there is no verb"),
        ({"verb": "click"}, "at"),
        ({"verb": "click", "at": "x", "speed": 3}, "speed"),
        ({"verb": "click", "at": ""}, "at"),
        ({"verb": "drag", "path": 5}, "path"),
        ({"verb": "drag", "path": "from a to b"}, "path"),
        ({"verb": "drag", "path": ["a"]}, "path"),
        ({"verb": "key", "keys": ["Strg"]}, "Strg"),
        ({"verb": "wait", "seconds": 1e9}, "seconds"),
        ({"verb": "zoom"}, "box"),
        ({"verb": "zoom", "box": [50, 0, 50, 100]}, "left < right"),
        ({"verb": "zoom", "box": [0, 0, 100, 10**400]}, "from 0 to 100"),
        ({"verb": "zoom", "box": [True, 0, 100, 100]}, "percent"),
    ],
)
def test_what_is_not_is_refused_with_a_word(said: Any, told: str) -> None:
    with pytest.raises(DialectError, match=told):
        read_action(said, VIEW)


def test_a_part_to_be_seen_closer_is_in_frame_pixels() -> None:
    read = read_action({"verb": "zoom", "box": [50, 50, 100, 100]}, VIEW)
    assert isinstance(read, Zoom) and read.box == Box.at(500, 250, 400, 200)
