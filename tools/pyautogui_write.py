"""Verbs as pyautogui source: what `Reader` of ``pyautogui_source.py`` reads back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from .actions import (
    Act,
    Answer,
    Click,
    Done,
    Drag,
    Fail,
    Hold,
    Hover,
    Key,
    Move,
    Press,
    Release,
    Say,
    Scroll,
    Type,
    Wait,
)
from .geometry import Point
from .keys import parse_chord
from .pyautogui_keys import pyautogui_key
from .pyautogui_source import NOTCH
from .words import in_words

Numbers: TypeAlias = Callable[[Point], tuple[float, float]]
"""A point in frame pixels → the numbers that stand in the source."""


class Unsayable(ValueError):
    """pyautogui has no words for a verb; says which."""


class Written(NamedTuple):
    """Some source.

    Attributes:
        lines: Statements, a line each.
        lost: What the verb says and the source does not.
    """

    lines: tuple[str, ...]
    lost: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


class Style(NamedTuple):
    """In which of the ways a source is written.

    Attributes:
        numbers: See `Numbers`.
        named: Every argument by its name, and keys as a list, as AgentNet does; else such that pyautogui runs it.
        words: The whole sources that end a recording with success, and with failure.
        wait: The statement that waits, with ``{}`` for the seconds.
        notch: Frame pixels of one step of ``scroll``.
    """

    numbers: Numbers
    named: bool = False
    words: tuple[str, str] = ("DONE", "FAIL")
    wait: str = "time.sleep({})"
    notch: float = NOTCH


def source_of(verb: Act | Say, style: Style) -> Written:
    """What pyautogui has to be told to do a verb.

    Raises:
        Unsayable: It cannot be told.
    """
    writer = _Writer(style)
    lines = tuple(writer.lines(verb))
    return Written(lines, tuple(writer.lost))


class _Writer:
    def __init__(self, style: Style) -> None:
        self.lost: list[str] = []
        self._style = style

    def lines(self, verb: Act | Say) -> Iterator[str]:
        match verb:
            case Click():
                name = _CLICKS.get((verb.button, verb.count))
                called = (
                    self._at(name, verb.at)
                    if name
                    else self._at("click", verb.at, clicks=verb.count, button=verb.button)
                )
                yield from self._holding(verb.modifiers, (called,))
            case Hover(at=at) | Move(to=at):
                yield self._at("moveTo", at)
            case Press() | Release():
                name = "mouseDown" if isinstance(verb, Press) else "mouseUp"
                button = {} if verb.button == "left" else {"button": verb.button}
                yield self._at(name, verb.at, **button) if verb.at is not None else _called(name, **button)
            case Drag():
                yield from self._holding(verb.modifiers, self._drag(verb))
            case Scroll():
                yield from self._scroll(verb)
            case Type():
                yield from self._type(verb)
            case Key():
                yield from self._key(verb)
            case Hold():
                yield from self._hold(verb)
            case Wait(for_=None):
                yield self._style.wait.format(_number(verb.seconds))
            case Done() | Answer():
                text = verb.text if isinstance(verb, Answer) else verb.note
                if text:
                    self.lost.append("the text of an answer or of a claim")
                yield self._style.words[0]
            case Fail():
                self.lost.append("why it gave up")
                yield self._style.words[1]
            case _:
                raise Unsayable(f"pyautogui has no words for {verb.verb}: {in_words(verb, 80)}")

    def _at(self, name: str, at: Point, **more: object) -> str:
        x, y = self._style.numbers(at)
        return _called(name, x=x, y=y, **more)

    def _drag(self, verb: Drag[Point]) -> tuple[str, ...]:
        start, *way, end = verb.path
        if not way:
            return (self._at("moveTo", start), self._at("dragTo", end, button=verb.button))
        moves = (self._at("moveTo", each) for each in (*way, end))
        return (self._at("mouseDown", start, button=verb.button), *moves, _called("mouseUp", button=verb.button))

    def _scroll(self, verb: Scroll[Point]) -> Iterator[str]:
        if verb.at is not None:
            yield self._at("moveTo", verb.at)
        for name, pixels in (("scroll", -verb.dy), ("hscroll", verb.dx)):
            if not pixels:
                continue
            notches = round(pixels / self._style.notch) or (1 if pixels > 0 else -1)
            if notches * self._style.notch != pixels:
                self.lost.append("parts of a notch of the wheel")
            yield f"pyautogui.{name}({notches})"

    def _type(self, verb: Type[Point]) -> Iterator[str]:
        if verb.at is not None:
            yield self._at("click", verb.at)
        if verb.replace:
            yield self._hotkey(("Control", "a"))
        if not verb.text.isascii():
            self.lost.append("characters that pyautogui itself does not type")
        yield f"pyautogui.write({'message=' if self._style.named else ''}{verb.text!r})"

    def _key(self, verb: Key) -> Iterator[str]:
        chords = [parse_chord(each) for each in verb.keys]
        if all(len(chord) == 1 for chord in chords):
            keys = [pyautogui_key(chord[0]) for chord in chords]
            yield f"pyautogui.press({f'keys={keys!r}' if self._style.named else repr(keys[0] if len(keys) == 1 else keys)})"
            return
        for chord in chords:
            yield self._hotkey(chord)

    def _hotkey(self, chord: tuple[str, ...]) -> str:
        keys = [pyautogui_key(key) for key in chord]
        return f"pyautogui.hotkey({f'keys={keys!r}' if self._style.named else ', '.join(map(repr, keys))})"

    def _hold(self, verb: Hold[Point]) -> Iterator[str]:
        held = [pyautogui_key(key) for chord in verb.keys for key in parse_chord(chord)]
        for key in held:
            yield f"pyautogui.keyDown({key!r})"
        if verb.at is not None:
            yield self._at("mouseDown", verb.at)
        yield self._style.wait.format(_number(verb.seconds))
        if verb.at is not None:
            yield "pyautogui.mouseUp()"
        for key in reversed(held):
            yield f"pyautogui.keyUp({key!r})"

    def _holding(self, modifiers: tuple[str, ...], lines: tuple[str, ...]) -> Iterator[str]:
        keys = [pyautogui_key(each) for each in modifiers]
        yield from (f"pyautogui.keyDown({key!r})" for key in keys)
        yield from lines
        yield from (f"pyautogui.keyUp({key!r})" for key in reversed(keys))


_CLICKS = {
    ("left", 1): "click",
    ("left", 2): "doubleClick",
    ("left", 3): "tripleClick",
    ("right", 1): "rightClick",
    ("middle", 1): "middleClick",
}


def _called(name: str, **arguments: object) -> str:
    inner = ", ".join(
        f"{key}={_number(value) if isinstance(value, float) else repr(value)}" for key, value in arguments.items()
    )
    return f"pyautogui.{name}({inner})"


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() else repr(value)
