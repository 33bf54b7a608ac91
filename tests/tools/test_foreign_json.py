"""JSON of strangers: what is read, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.tools.foreign_json import decode, parse

_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_PLAIN, st.text(alphabet=" \n\t\r", max_size=3))
def test_what_json_says_is_read(value: object, space: str) -> None:
    text = json.dumps(value)
    assert parse(space + text + space, deepest=64) == value
    assert decode("x" + text, 1, deepest=64) == (value, 1 + len(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("1 2", "something follows"),
        ("[NaN]", "NaN is no number"),
        ("-Infinity", "no number"),
        ("1e999", "larger than any number"),
        ("9" * 400, "larger than any number"),
        ("[" * 9 + "]" * 9, "nested too deeply"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text, deepest=8)
    if said != "something follows":
        with pytest.raises(ValueError, match=said):
            decode(text, 0, deepest=8)


def test_as_deep_as_allowed() -> None:
    assert parse("[" * 8 + "]" * 8, deepest=8)
