"""A verb in words, for a person."""

from __future__ import annotations

from typing import Any

import pytest

from handeye.tools.actions import (
    AnswerDialog,
    Back,
    Click,
    CloseWindow,
    Done,
    Drag,
    FocusWindow,
    Hold,
    Key,
    Navigate,
    Place,
    Read,
    Scroll,
    Select,
    Target,
    Type,
    Wait,
)
from handeye.tools.geometry import Point
from handeye.tools.words import headline, in_words

MUG = Target(description="Blue mug")
AT = Point(x=12, y=34.5)


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (Click[Place](at=Target(description="Add", near="Blue mug")), ["Click", "“Add” near “Blue mug”"]),
        (Click[Place](at=AT, count=2), ["Double-click", "(12, 34.5)"]),
        (Click[Place](at=MUG, button="right", modifiers=("Shift",)), ["Shift", "right", "“Blue mug”"]),
        (Type[Place](text="mug", at=MUG), ["“mug”", "into", "“Blue mug”"]),
        (Drag[Place](path=(MUG, AT)), ["Drag", "“Blue mug”", "(12, 34.5)"]),
        (Scroll[Place](dx=-5, dy=300), ["down 300", "left 5"]),
        (Hold[Place](keys=("Shift",), seconds=1.5), ["Hold", "Shift", "1.5 s"]),
        (Hold[Place](at=MUG, seconds=2), ["Hold", "“Blue mug”", "2 s"]),
        (Wait[Place](for_=MUG, gone=True), ["Wait", "“Blue mug”", "go"]),
        (Wait[Place](seconds=3), ["Wait", "3 s"]),
        (Select[Place](at=MUG, options=("Norway", "Oslo")), ["Norway", "Oslo", "“Blue mug”"]),
        (Key(keys=("Control+a", "Delete")), ["Press", "Control+a, Delete"]),
        (Navigate(url="/cart"), ["/cart"]),
        (AnswerDialog(accept=False), ["Dismiss"]),
        (Read(name="order", value=("1", "2")), ["order", "1, 2"]),
        (Back(), ["Back"]),
        (Done(), ["Done"]),
    ],
)
def test_what_and_where(verb: Any, says: list[str]) -> None:
    line = in_words(verb)
    assert all(each.casefold() in line.casefold() for each in says), line
    assert " ".join(filter(None, headline(verb))) == line


def test_one_line_of_bounded_length() -> None:
    line = in_words(Type[Place](text="a\n b" * 500))
    assert "\n" not in line
    assert len(line) <= 160
    assert line.endswith("…")


def test_a_secret_stays_a_placeholder() -> None:
    assert "<secret:pw>" in in_words(Type[Place](text="<secret:pw>"))


def test_a_window_is_called_by_its_title_where_that_is_known() -> None:
    windows = {"0x1": "Mail", "0x2": ""}
    assert in_words(FocusWindow(window="0x1"), windows=windows) == "Focus window “Mail”"
    assert in_words(CloseWindow(window="0x1"), windows=windows) == "Close window “Mail”"
    for unknown in ("0x2", "0x3"):
        assert in_words(FocusWindow(window=unknown), windows=windows) == f"Focus window {unknown}"
    assert in_words(FocusWindow(window="0x1")) == "Focus window 0x1"
