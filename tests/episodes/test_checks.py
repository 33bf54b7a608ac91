"""When a condition holds; above all, that it never holds of something that was not found."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from handeye.episodes.schema import Check, Probe

ORDERS = [{"country": "Norway", "gift": True, "lines": [{"name": "Mug", "count": 2}], "note": None}]


def holds(value: Any, /, **check: Any) -> bool:
    return Check.model_validate(check).holds(value)


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        ({"text": "order confirmed"}, "Thanks!\n  Order \n confirmed, Kari", True),
        ({"text": "Order confirmed"}, "Order not confirmed", False),
        ({"no_text": "Error"}, "All is well", True),
        ({"no_text": "Error"}, "An ERROR occurred", False),
        ({"url": r"/orders/\d+"}, "http://127.0.0.1:5/orders/17?x", True),
        ({"url": r"/orders/\d+$"}, "http://127.0.0.1:5/orders/17?x", False),
        ({"value": "order"}, "17", True),
        ({"value": "order"}, "", False),
        ({"value": "order"}, [], False),
        ({"value": "order"}, 0, True),
        ({"value": "order"}, False, True),
        ({"value": "order", "exists": False}, "", True),
        ({"value": "order", "exists": False}, "17", False),
        ({"value": "order", "equals": "17"}, "17", True),
        ({"value": "order", "equals": 17}, "17", True),
        ({"value": "order", "equals": "17"}, 17, True),
        ({"value": "order", "equals": "17"}, "170", False),
        ({"value": "order", "equals": 1}, 1.0, True),
        ({"value": "order", "equals": 1}, True, False),
        ({"value": "order", "equals": True}, 1, False),
        ({"value": "order", "equals": [1]}, [True], False),
        ({"value": "order", "equals": {"a": [0]}}, {"a": [False]}, False),
        ({"value": "order", "equals": {"a": 1, "b": [2]}}, {"b": [2], "a": 1}, True),
        ({"value": "order", "equals": True}, "true", True),
        ({"value": "order", "contains": "7"}, "17", True),
        ({"value": "order", "contains": "7"}, [5, 17], True),
        ({"value": "order", "contains": "x"}, "17", False),
        ({"value": "order", "matches": r"^\d+$"}, "17", True),
        ({"value": "order", "matches": r"^\d$"}, "17", False),
        ({"value": "order", "matches": "^$"}, "", True),
        ({"value": "order", "matches": "1", "contains": "7"}, "17", True),
        ({"value": "order", "matches": "1", "contains": "8"}, "17", False),
        ({"file": "a.txt", "contains": "hello"}, "hello\n", True),
        ({"process": "vim"}, [123], True),
        ({"process": "vim", "exists": False}, [], True),
        ({"process": "vim", "exists": False}, [123], False),
        ({"script": "1 + 1", "equals": 2}, 2, True),
    ],
)
def test_what_holds(check: dict[str, Any], value: Any, expected: bool) -> None:
    assert holds(value, **check) is expected


@pytest.mark.parametrize(
    ("pick", "equals", "expected"),
    [
        ("0.country", "Norway", True),
        ("-1.country", "Norway", True),
        ("0.gift", True, True),
        ("0.lines.0.count", 2, True),
        ("0.lines.1.count", 2, False),
        ("-2.country", "Norway", False),
        ("1.country", "Norway", False),
        ("0.nothing", "Norway", False),
        ("0.country.0", "N", False),
        ("--1", "Norway", False),
        ("²", "Norway", False),
        ("99999999999999999999", "Norway", False),
        ("", "Norway", False),
    ],
)
def test_what_is_picked(pick: str, equals: Any, expected: bool) -> None:
    import json

    assert holds(ORDERS, http="/", pick=pick, equals=equals) is expected
    assert holds(json.dumps(ORDERS), http="/", pick=pick, equals=equals) is expected


def test_what_is_no_json_has_nothing_to_pick() -> None:
    assert not holds("<html>", http="/", pick="0", matches=".*")
    assert holds("<html>", http="/", pick="0", exists=False)
    assert holds(ORDERS, http="/", pick="0.note", exists=False)


@pytest.mark.parametrize(
    "check",
    [
        {"text": "null"},
        {"text": "n"},
        {"no_text": "Error"},
        {"url": "null"},
        {"url": ".*"},
        {"value": "x"},
        {"value": "x", "matches": r"^\w+$"},
        {"value": "x", "matches": ""},
        {"value": "x", "contains": "nu"},
        {"value": "x", "equals": "null"},
        {"value": "x", "exists": True},
        {"value": "x", "exists": False, "contains": "x"},
        {"http": "/", "pick": "0.a", "matches": ".*"},
        {"file": "a.txt", "contains": "u"},
    ],
)
def test_nothing_found_is_no_success(check: dict[str, Any]) -> None:
    assert not holds(None, **check)


def test_only_absence_holds_of_nothing() -> None:
    assert holds(None, value="x", exists=False)
    assert holds(None, file="a.txt", exists=False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "this one names 0"),
        ({"text": "a", "url": "b"}, "this one names 2"),
        ({"equals": 1}, "this one names 0"),
        ({"url": "("}, "not a regular expression"),
        ({"value": "a", "matches": "[a"}, "not a regular expression"),
        ({"value": "a", "equls": 1}, "equls"),
    ],
)
def test_what_is_no_check(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        Check.model_validate(wrong)


@pytest.mark.parametrize(
    ("check", "probe"),
    [
        ({"text": "a"}, Probe(kind="text")),
        ({"no_text": "a"}, Probe(kind="text")),
        ({"url": "a"}, Probe(kind="url")),
        ({"http": "/a"}, Probe(kind="http", argument="/a")),
        ({"script": "1"}, Probe(kind="script", argument="1")),
        ({"file": "f"}, Probe(kind="file", argument="f")),
        ({"process": "p"}, Probe(kind="process", argument="p")),
        ({"value": "v"}, None),
    ],
)
def test_whom_a_check_asks(check: dict[str, Any], probe: Probe | None) -> None:
    assert Check.model_validate(check).probe == probe


def test_a_check_in_words() -> None:
    assert str(Check(value="order", matches=r"\d")) == r"value 'order', matches '\\d'"
    assert str(Check(http="/o", pick="0.a", equals=True)) == "http '/o', pick '0.a', equals 'true'"
