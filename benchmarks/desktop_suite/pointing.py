"""Clicks at random points, and turns of the wheel, in a window that says what came: exact to the pixel and to the notch."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ...environments.desktop.x11.display import connect
from ...environments.desktop.x11.pointer import Pointer
from ...tools.actions import Button
from ...tools.geometry import Point
from ..figures import Asked, Found, Line
from .stage import CLICKS, Program, stage

FULL, FEW = 1000, 64
"""Clicks at full size, and at the small one."""

_MOST_NOTCHES = 12


class Screen(NamedTuple):
    """A screen and its monitors.

    Attributes:
        width: Of the whole, in pixels.
        height: Likewise.
        monitors: As ``xrandr --setmonitor`` takes them: name and geometry, ``WIDTH/MILLIMETRESxHEIGHT/MILLIMETRES+LEFT+TOP``.
    """

    width: int
    height: int
    monitors: tuple[tuple[str, str], ...] = ()


SCREENS = (
    Screen(1280, 720),
    Screen(3840, 2160),
    Screen(1366, 768),
    Screen(3200, 1080, (("left", "1280/338x1024/270+0+56"), ("right", "1920/508x1080/286+1280+0"))),
)


@dataclass
class Pointed:
    """What came of pointing.

    Attributes:
        hit: Clicks that came with the right button at the exact pixel, and `clicks` how many there were.
        turned: Turns of the wheel that came with the exact number of notches, and `turns` how many there were.
        wrong: The others: where, what was asked, what came.
    """

    hit: int = 0
    clicks: int = 0
    turned: int = 0
    turns: int = 0
    wrong: list[str] = field(default_factory=list)


def part(asked: Asked) -> Found:
    """Clicks and turns of the wheel that came as they were made."""
    found = measure(FULL if asked.full else FEW, asked.seed)
    screens = ", ".join(f"{each.width}×{each.height}" for each in SCREENS)
    misses = found.clicks - found.hit
    lines = (
        Line(
            f"pointing: clicks at the exact pixel ({screens}, the last of two monitors)",
            found.hit,
            found.clicks,
            misses,
            f"{misses} elsewhere, or not at all" if misses else "",
        ),
        Line(
            "pointing: turns of the wheel by the exact number of notches, in both directions",
            found.turned,
            found.turns,
            missed=f"{found.turns - found.turned} by another number" if found.turned < found.turns else "",
        ),
    )
    return Found(lines, tuple(f"pointing: {each}" for each in found.wrong))


def measure(count: int, seed: int, screens: Sequence[Screen] = SCREENS) -> Pointed:
    """Clicks ``count`` times and turns the wheel a quarter as often, spread evenly over the screens; half of all points lie on an edge.

    Args:
        count: How many clicks.
        seed: Of the points and buttons.
        screens: Where.
    """
    found = Pointed()
    each = max(4, count // len(screens))
    for number, screen in enumerate(screens):
        draw = random.Random(f"{seed} {number}")
        with stage(width=screen.width, height=screen.height) as there:
            for name, geometry in screen.monitors:
                output = "screen" if name == screen.monitors[0][0] else "none"
                command = ["xrandr", "--display", there.name, "--setmonitor", name, geometry, output]
                subprocess.run(command, check=True, timeout=60, capture_output=True)
            with there.program(CLICKS, 0, 0, screen.width, screen.height) as program:
                display = connect(there.name)
                try:
                    _clicks(Pointer(display), program, screen, draw, each, found)
                    _turns(Pointer(display), program, screen, draw, max(1, each // 4), found)
                finally:
                    display.close()
    return found


def _clicks(
    pointer: Pointer, program: Program, screen: Screen, draw: random.Random, count: int, found: Pointed
) -> None:
    buttons: tuple[Button, ...] = ("left", "middle", "right")
    for _ in range(count):
        at, button = _place(screen, draw), draw.choice(buttons)
        program.clear()
        pointer.move(at)
        pointer.press(button)
        pointer.release(button)
        wanted = [[button, int(at.x), int(at.y)]]
        came = program.comes_to({"clicks": wanted, "wheel": [0, 0]})["clicks"]
        found.clicks += 1
        found.hit += came == wanted
        if came != wanted:
            found.wrong.append(f"{screen.width}×{screen.height}: asked {wanted}, came {came}")


def _turns(pointer: Pointer, program: Program, screen: Screen, draw: random.Random, count: int, found: Pointed) -> None:
    for _ in range(count):
        pointer.move(_place(screen, draw))
        program.clear()
        right, down = (draw.randint(-_MOST_NOTCHES, _MOST_NOTCHES) for _ in range(2))
        pointer.wheel(right, down)
        came = program.comes_to({"clicks": [], "wheel": [right, down]})
        found.turns += 1
        found.turned += came == {"clicks": [], "wheel": [right, down]}
        if came["wheel"] != [right, down] or came["clicks"]:
            found.wrong.append(f"{screen.width}×{screen.height}: turned {right, down}, came {came}")


def _place(screen: Screen, draw: random.Random) -> Point:
    """A pixel's place somewhere on it, not only at its corner."""
    x, y = draw.randrange(screen.width), draw.randrange(screen.height)
    if draw.random() < 0.5:
        edges = [(0, y), (screen.width - 1, y), (x, 0), (x, screen.height - 1)]
        x, y = draw.choice(edges)
    return Point(x=x + draw.choice((0.0, 0.5, 0.99)), y=y + draw.choice((0.0, 0.5, 0.99)))
