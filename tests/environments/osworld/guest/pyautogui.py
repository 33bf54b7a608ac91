"""What the commands of tasks call in a machine, on xdotool: a stand-in for the module of that name."""

from __future__ import annotations

import subprocess

FAILSAFE = True
PAUSE = 0.0

_NAMES = {"ctrl": "ctrl", "enter": "Return", "esc": "Escape", "win": "super", "space": "space", "tab": "Tab"}


def _do(*words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], check=True)


def moveTo(x: float, y: float, *more: object) -> None:
    _do("mousemove", int(x), int(y))


def click(x: float | None = None, y: float | None = None, clicks: int = 1) -> None:
    if x is not None and y is not None:
        moveTo(x, y)
    _do("click", "--repeat", clicks, 1)


def write(text: str) -> None:
    _do("type", "--delay", 4, text)


def press(key: str) -> None:
    _do("key", _NAMES.get(key, key))


def hotkey(*keys: str) -> None:
    _do("key", "+".join(_NAMES.get(key, key) for key in keys))
