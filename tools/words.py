"""A verb in words, for lists of steps, progress lines and messages: what is done, and where or to what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, assert_never

from .actions import (
    Answer,
    AnswerDialog,
    AskUser,
    Back,
    Click,
    CloseTab,
    CloseWindow,
    Done,
    Drag,
    Fail,
    FocusWindow,
    Forward,
    Hold,
    Hover,
    IntendedAct,
    Key,
    Move,
    Navigate,
    NewTab,
    Place,
    Press,
    Read,
    Release,
    Reload,
    Say,
    Scroll,
    Select,
    SwitchTab,
    Type,
    Upload,
    Wait,
)
from .geometry import Point

_UNKNOWN: Mapping[str, str] = MappingProxyType({})


class Headline(NamedTuple):
    """One verb in two short phrases.

    Attributes:
        what: ``Double-click``, ``Type “mug”``.
        where: The place, address, option …; empty when there is nothing to add.
    """

    what: str
    where: str = ""


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and an ellipsis: ``longest`` characters at most."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def one_line(text: str) -> str:
    """The text without line breaks and runs of space: what a page says cannot look like a line of ours."""
    return " ".join(text.split())


def slug(text: str, longest: int = 40) -> str:
    """A name for a file or folder made from any text: ``Find-the-cheapest-blue-mug``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:longest].rstrip("-") or "task"


def in_words(verb: IntendedAct | Say, longest: int = 160, windows: Mapping[str, str] = _UNKNOWN) -> str:
    """One line: ``Click “Add to cart” near “Blue mug”``; a long text in it is cut. See `headline`."""
    return cut(one_line(" ".join(headline(verb, windows))), longest)


def headline(verb: IntendedAct | Say, windows: Mapping[str, str] = _UNKNOWN) -> Headline:
    """What an act or a word of the policy is called in a list.

    Args:
        verb: Which.
        windows: Titles of windows by their ids, where they are known: an id says nothing to a person.
    """
    match verb:
        case FocusWindow():
            return Headline("Focus window", _window(verb.window, windows))
        case CloseWindow():
            return Headline("Close window", _window(verb.window, windows))
        case Click():
            return Headline("+".join((*verb.modifiers, _CLICKS[verb.button, verb.count])), _place(verb.at))
        case Hover():
            return Headline("Hover", _place(verb.at))
        case Press():
            return Headline("Press and keep down", _place(verb.at))
        case Move():
            return Headline("Move", _place(verb.to))
        case Release():
            return Headline("Release", _place(verb.at))
        case Drag():
            return Headline("Drag", f"{_place(verb.path[0])} → {_place(verb.path[-1])}")
        case Scroll():
            return Headline(f"Scroll {_direction(verb.dx, verb.dy)}", _place(verb.at))
        case Type():
            into = f"into {_place(verb.at)}" if verb.at else ""
            return Headline(f"Type “{verb.text}”", into)
        case Hold():
            held = ", ".join(verb.keys) or "the button"
            return Headline(f"Hold {held} for {verb.seconds:g} s", _place(verb.at))
        case Select():
            return Headline(f"Select {_quoted(verb.options)}", f"from {_place(verb.at)}")
        case Wait():
            gone = " to go" if verb.gone else ""
            what = f"Wait up to {verb.seconds:g} s" if verb.for_ is not None else f"Wait {verb.seconds:g} s"
            return Headline(what, f"for {_place(verb.for_)}{gone}" if verb.for_ is not None else "")
        case Upload():
            return Headline(f"Upload {_quoted(verb.paths)}", _place(verb.at))
        case _:
            return _placeless(verb)


def _window(id: str, windows: Mapping[str, str]) -> str:
    title = windows.get(id)
    return f"“{title}”" if title else id


def _placeless(
    verb: Key | Navigate | Back | Forward | Reload | NewTab | SwitchTab | CloseTab | AnswerDialog | Say,
) -> Headline:
    match verb:
        case Key():
            return Headline(f"Press {', '.join(verb.keys)}")
        case Navigate():
            return Headline("Go to", verb.url)
        case Back():
            return Headline("Back")
        case Forward():
            return Headline("Forward")
        case Reload():
            return Headline("Reload")
        case NewTab():
            return Headline("New tab", verb.url or "")
        case SwitchTab():
            return Headline("Switch to tab", verb.tab)
        case CloseTab():
            return Headline("Close tab", verb.tab or "")
        case AnswerDialog():
            return Headline("Accept dialog" if verb.accept else "Dismiss dialog", verb.text or "")
        case AskUser():
            return Headline("Ask", verb.question)
        case Read():
            value = verb.value if isinstance(verb.value, str) else ", ".join(verb.value)
            return Headline(f"Read {verb.name}", value)
        case Answer():
            return Headline("Answer", verb.text)
        case Done():
            return Headline("Done", verb.note)
        case Fail():
            return Headline("Give up", verb.reason)
        case _:
            assert_never(verb)


_CLICKS = {
    (button, count): "-".join(word for word in (name, times) if word).capitalize()
    for button, name in {"left": "", "middle": "middle", "right": "right"}.items()
    for count, times in {1: "click", 2: "double-click", 3: "triple-click"}.items()
}


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    return f"({place.x:g}, {place.y:g})" if isinstance(place, Point) else str(place)


def _direction(dx: float, dy: float) -> str:
    parts = [f"{'down' if dy > 0 else 'up'} {abs(dy):g} px"] if dy else []
    parts += [f"{'right' if dx > 0 else 'left'} {abs(dx):g} px"] if dx else []
    return ", ".join(parts) or "by nothing"


def _quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
