"""Random texts on four layouts into three kinds of program: exact to the character, and how fast."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...environments.desktop.x11.display import connect
from ...environments.desktop.x11.keyboard import Keyboard
from ...tools.errors import ActionError
from ..figures import Asked, Found, Line
from .stage import ENTRIES, Program, Stage, stage
from .texts import random_text

LAYOUTS = ("us", "de", "fr", "ru")
FULL, FEW = 1008, 36
"""Texts at full size, 84 on each layout into each program, and at the small one."""

_PANGRAM = "The quick brown fox jumps over the lazy dog; 12 pints, 50 jugs! "
_TIMED = (_PANGRAM * 20)[:1000]


@dataclass
class Typed:
    """What came of typing into one program.

    Attributes:
        exact: Texts that arrived as they were typed, and `of` how many.
        wrong: Those that did not: where, what was typed, what arrived.
        characters: Typed in all, in `seconds` until the call returned.
        ratios: Of each layout, the time of 1,000 ASCII characters by that of the bare XTEST calls.
    """

    exact: int = 0
    of: int = 0
    wrong: list[str] = field(default_factory=list)
    characters: int = 0
    seconds: float = 0.0
    ratios: dict[str, float] = field(default_factory=dict)


def part(asked: Asked) -> Found:
    """Texts typed exactly, by program; what 1,000 characters take is said, and not judged."""
    found = measure(FULL if asked.full else FEW, asked.seed)
    lines = [
        Line(
            f"typing into {name}: texts on {len(LAYOUTS)} layouts that arrived exactly",
            typed.exact,
            typed.of,
            missed=f"{typed.of - typed.exact} of {typed.of} did not" if typed.wrong else "",
        )
        for name, typed in found.items()
    ]
    notes = [_speed(name, typed) for name, typed in found.items()]
    notes += [wrong for typed in found.values() for wrong in typed.wrong]
    return Found(tuple(lines), tuple(notes))


def _speed(name: str, typed: Typed) -> str:
    ratios = ", ".join(f"{ratio:.2f} ({layout})" for layout, ratio in typed.ratios.items())
    each = 1000 * typed.seconds / typed.characters
    return (
        f"typing into {name}: {each:.2f} s for 1,000 characters of the random texts ({typed.characters} characters); 1,000 of ASCII until"
        f" they arrived, by bare XTEST of one key: {ratios} times"
    )


def measure(count: int, seed: int, layouts: Sequence[str] = LAYOUTS, into: Iterable[str] = ENTRIES) -> dict[str, Typed]:
    """Types texts.

    Args:
        count: How many in all, spread evenly; at least one on each layout into each program.
        seed: Of the texts.
        layouts: Of the keyboard.
        into: Names of `ENTRIES`.

    Returns:
        By program.
    """
    found = {name: Typed() for name in into}
    each = max(1, count // (len(layouts) * len(found)))
    for layout in layouts:
        with stage(layout) as screen:
            for name, typed in found.items():
                draw = random.Random(f"{seed} {layout} {name}")
                _one(screen, name, layout, [random_text(draw) for _ in range(each)], typed)
    return found


def _one(screen: Stage, name: str, layout: str, texts: Sequence[str], typed: Typed) -> None:
    display = connect(screen.name)
    keyboard = Keyboard(display)
    try:
        with screen.program(ENTRIES[name]) as program:
            for text in texts:
                _type(keyboard, program, text, f"{layout}, {name}", typed)
            if layout != "ru":  # which has no Latin letters
                typed.ratios[layout] = _ratio(display, keyboard, program)
            keyboard.close()
    finally:
        display.close()


def _type(keyboard: Keyboard, program: Program, text: str, where: str, typed: Typed) -> None:
    program.clear()
    began = time.perf_counter()
    try:
        keyboard.type(text)
        trouble = ""
    except ActionError as error:
        trouble = f" ({error.message})"
    typed.seconds += time.perf_counter() - began
    typed.characters += len(text)
    held = program.comes_to(text)
    typed.of += 1
    typed.exact += held == text
    if held != text or trouble:
        typed.wrong.append(f"{where}: typed {text!r}, arrived {held!r}{trouble}")


def _ratio(display: Any, keyboard: Keyboard, program: Program) -> float:
    """Seconds of a thousand ASCII characters until they arrived, by those of the bare presses of the same number of keys."""
    seconds: dict[str, float] = {}
    for what in ("bare", "typed", "bare", "typed"):
        program.clear()
        began = time.perf_counter()
        if what == "typed":
            keyboard.type(_TIMED)
        else:
            bare(display, len(_TIMED))
        while len(program.held()) < len(_TIMED) and time.perf_counter() - began < 10:
            time.sleep(0.001)
        seconds[what] = min(seconds.get(what, 60.0), time.perf_counter() - began)
    return seconds["typed"] / seconds["bare"]


def bare(display: Any, count: int) -> None:
    """Presses and releases the key under the left middle finger, nothing else."""
    from Xlib import X
    from Xlib.ext import xtest

    for _ in range(count):
        xtest.fake_input(display, X.KeyPress, 40)
        xtest.fake_input(display, X.KeyRelease, 40)
    display.sync()
