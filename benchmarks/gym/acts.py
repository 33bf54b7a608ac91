"""The acts of a Gymnasium environment: a space to draw from, and what an element of it means.

An element is a dictionary of which every key is there and only those that its verb uses count::

    verb       which of `VERBS`
    at, to     pixels of the frame, column and row; the middle of the pixel is meant. ``to`` is where a drag ends
    direction  which of `DIRECTIONS` a scroll shows more of
    text       what is typed where the focus is
    key        which of `KEYS` is pressed

Whoever wants more than that (modifiers, continuous points, files, tabs) gives an act of ours: a `Verb`, or the dictionary of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ...episodes.schema import first_problem
from ...tools.actions import Act, Click, Drag, Hover, Key, Move, Press, Release, Say, Scroll, Type, Wait
from ...tools.errors import UsageError
from ...tools.geometry import Point, Size

VERBS = (
    "wait", "click", "double_click", "right_click", "hover", "press", "move", "release", "drag", "scroll", "type", "key",
)  # fmt: skip
"""What ``verb`` counts through. ``wait`` lets a moment pass: `PAUSE` seconds."""

DIRECTIONS = ("down", "up", "right", "left")
KEYS = (
    "Enter", "Tab", "Shift+Tab", "Escape", "Backspace", "Delete", "Space", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
    "Home", "End", "PageUp", "PageDown", "Control+a", "Control+c", "Control+x", "Control+v", "Control+z",
)  # fmt: skip
PAUSE = 0.5
LETTERS = "".join(map(chr, range(0x20, 0x7F))) + "\n"
"""Characters of texts."""
LONGEST_TEXT = 64

_WHEEL = {"down": (0.0, 1.0), "up": (0.0, -1.0), "right": (1.0, 0.0), "left": (-1.0, 0.0)}
_OURS: TypeAdapter[Act | Say] = TypeAdapter(Annotated[Act | Say, Field(discriminator="verb")])


def action_space(frame: Size) -> spaces.Dict:
    """The space of acts on frames of a size."""
    pixel = [int(frame.width), int(frame.height)]
    return spaces.Dict(
        {
            "verb": spaces.Discrete(len(VERBS)),
            "at": spaces.MultiDiscrete(pixel),
            "to": spaces.MultiDiscrete(pixel),
            "direction": spaces.Discrete(len(DIRECTIONS)),
            "text": spaces.Text(LONGEST_TEXT, min_length=1, charset=LETTERS),
            "key": spaces.Discrete(len(KEYS)),
        }
    )


def act_of(action: object, frame: Size) -> Act | Say:
    """What an action means.

    Args:
        action: An element of `action_space`, one in which ``verb`` is a word and only the keys that it uses are there, an act or a say of
            ours, or the dictionary of one (``{"verb": "click", "at": {"x": 10, "y": 20}}``).
        frame: Size of the newest frame.

    Raises:
        UsageError: It is none of those.
    """
    if isinstance(action, BaseModel):
        return _read(action.model_dump(mode="json"))
    if not isinstance(action, Mapping) or "verb" not in action:
        raise UsageError(
            f"{action!r} is no action: it has no verb",
            remedy='draw one from env.action_space, or give an act: {"verb": "click", "at": {"x": 10, "y": 20}}',
        )
    if isinstance(action["verb"], str):
        return _read(dict(action))
    try:
        return _meant(action, frame)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{dict(action)!r} is not in the action space: {error!r}") from error


def _read(record: dict[str, Any]) -> Act | Say:
    try:
        return _OURS.validate_python(record)
    except ValidationError as error:
        raise UsageError(f"the action {record!r}: {first_problem(error)}") from error


def _meant(drawn: Mapping[str, Any], frame: Size) -> Act:
    def place(name: str) -> Point:
        x, y = (int(each) for each in np.asarray(drawn[name]).reshape(2))
        if not (0 <= x < frame.width and 0 <= y < frame.height):
            raise ValueError(f"{name} lies outside the frame of {frame.width:g}x{frame.height:g}")
        return Point(x=x + 0.5, y=y + 0.5)

    match _one_of(VERBS, drawn["verb"]):
        case "click":
            return Click[Point](at=place("at"))
        case "double_click":
            return Click[Point](at=place("at"), count=2)
        case "right_click":
            return Click[Point](at=place("at"), button="right")
        case "hover":
            return Hover[Point](at=place("at"))
        case "press":
            return Press[Point](at=place("at"))
        case "move":
            return Move[Point](to=place("at"))
        case "release":
            return Release[Point](at=place("at"))
        case "drag":
            return Drag[Point](path=(place("at"), place("to")))
        case "scroll":
            right, down = _WHEEL[_one_of(DIRECTIONS, drawn["direction"])]
            return Scroll[Point](at=place("at"), dx=right * frame.width / 2, dy=down * frame.height / 2)
        case "type":
            return Type[Point](text=str(drawn["text"]))
        case "key":
            return Key(keys=(_one_of(KEYS, drawn["key"]),))
        case _:
            return Wait[Point](seconds=PAUSE)


def _one_of(names: tuple[str, ...], index: Any) -> str:
    number = int(index)
    if not 0 <= number < len(names):
        raise ValueError(f"{number} is none of {len(names)}")
    return names[number]
