"""A seat in the virtual machine. What is done is gathered, and carried out in one go when something is looked at.

Each command costs the machine a Python process: a click sent piece by piece would be too slow to be one. The time between two inputs is
kept, so that a key that is held for three seconds here is held for three seconds there.
"""

from __future__ import annotations

import json
import math
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...tools.actions import Button
from ...tools.errors import ActionError, DisplayGone, EpisodeCorrupt
from ...tools.geometry import Box, Point, Size
from ...tools.keys import for_x11
from ...tools.pixels import decode_picture
from ..desktop.seat import Monitor, Shown, Words
from ..desktop.x11.characters import checked, keysym_of
from .server import NotDone, Server

_BUTTONS: dict[Button, int] = {"left": 1, "middle": 2, "right": 3}
_WHEEL = {"up": 4, "down": 5, "left": 6, "right": 7}
_PAUSE = 0.01
"""Seconds between two inputs below which they follow each other at once."""
_CHUNK = 2000
"""Characters that are typed by one command: 120 seconds would do for ten times as many."""

Order = list[Any]


class RemoteSeat:
    """See `Seat`; its points are the units of the machine's own input.

    Args:
        server: In the machine.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._size: tuple[int, int] | None = None
        self._picture: tuple[int, int] | None = None
        self._orders: list[Order] = []
        self._last = 0.0
        self._looked: dict[str, Any] | None = None
        self._buttons: set[Button] = set()
        self._keys: set[str] = set()

    @property
    def name(self) -> str:
        """See `Seat.name`."""
        return f"OSWorld machine at {self._server.machine.server}"

    def monitors(self) -> tuple[Monitor, ...]:
        """See `Seat.monitors`: one, of the size that its last picture had."""
        if self._size is None:
            self._size = self._server.screen_size()
        width, height = self._picture or self._size
        return (Monitor("screen", Box.at(0, 0, *self._size), Size(width=width, height=height)),)

    def grab(self, points: Box) -> NDArray[np.uint8]:
        """See `Seat.grab`."""
        self._send()
        try:
            pixels = decode_picture(self._server.screenshot())
        except EpisodeCorrupt as error:
            raise DisplayGone(f"the picture of {self.name} is damaged: {error.message}") from error
        height, width, _ = pixels.shape
        if self._picture not in (None, (width, height)):
            # another resolution: the units of its input may be others too
            self._size = None
        self._picture = (width, height)
        if self._size is None:
            self._size = self._server.screen_size()
        across, down = width / self._size[0], height / self._size[1]
        left, right = round(points.left * across), round(points.right * across)
        top, bottom = round(points.top * down), round(points.bottom * down)
        return np.ascontiguousarray(pixels[top:bottom, left:right])

    def glance(self, points: Box) -> Words:
        """See `Seat.glance`."""
        pixels = self.grab(points)
        # in memory a word begins with its lowest byte
        bytes_ = np.zeros((*pixels.shape[:2], 4), np.uint8)
        bytes_[..., :3] = pixels[..., ::-1]
        return bytes_.view("<u4")[..., 0]

    def windows(self) -> tuple[Shown, ...]:
        """See `Seat.windows`. The processes are the machine's, and none of this one's."""
        return tuple(
            Shown(
                id=str(each["id"]),
                title=each["title"],
                program=each["program"],
                pid=0,
                box=Box.at(*each["box"]),
                active=each["active"],
                hidden=each["hidden"],
                modal=each["modal"],
            )
            for each in self._look()["windows"]
        )

    def focus_window(self, id: str) -> None:
        """See `Seat.focus_window`."""
        self._order("focus", self._window(id))

    def close_window(self, id: str) -> None:
        """See `Seat.close_window`."""
        self._order("close", self._window(id))

    def pointer(self) -> Point:
        """See `Seat.pointer`: where it was when the windows were listed, if nothing was done since."""
        found = self._looked if self._looked is not None and not self._orders else self._look()
        x, y = found["pointer"]
        return Point(x=x, y=y)

    def move(self, to: Point) -> None:
        """See `Seat.move`."""
        self._order("move", math.floor(to.x), math.floor(to.y))

    def press(self, button: Button) -> None:
        """See `Seat.press`."""
        self._buttons.add(button)
        self._order("press", _BUTTONS[button])

    def release(self, button: Button) -> None:
        """See `Seat.release`."""
        self._buttons.discard(button)
        self._order("release", _BUTTONS[button])

    def wheel(self, right: int, down: int) -> None:
        """See `Seat.wheel`."""
        for way, notches in (("right" if right > 0 else "left", right), ("down" if down > 0 else "up", down)):
            for _ in range(abs(notches)):
                self._order("press", _WHEEL[way])
                self._order("release", _WHEEL[way])

    def key_down(self, key: str) -> None:
        """See `Seat.key_down`."""
        self._keys.add(key)
        self._order("down", _keysym(key))
        if not key.isascii():
            # whether there is a key for it is known there
            self._send()

    def key_up(self, key: str) -> None:
        """See `Seat.key_up`."""
        if key in self._keys:
            self._keys.discard(key)
            self._order("up", _keysym(key))

    def type(self, text: str) -> None:
        """See `Seat.type`."""
        keysyms = [keysym_of(each) for each in checked(text)]
        for start in range(0, len(keysyms), _CHUNK):
            self._order("type", keysyms[start : start + _CHUNK])
            self._send()

    def read_clipboard(self) -> str | None:
        """See `Seat.read_clipboard`: the machine's is not read."""
        return None

    def write_clipboard(self, text: str | None) -> None:
        """See `Seat.write_clipboard`.

        Raises:
            ActionError: The machine's clipboard is the task's.
        """
        if text is not None:
            raise ActionError("texts are not pasted in a virtual machine", remedy="leave out -c desktop.paste")

    def let_go(self) -> None:
        """See `Seat.let_go`."""
        for button in tuple(self._buttons):
            self.release(button)
        for key in tuple(self._keys):
            self.key_up(key)
        self._send()

    def close(self) -> None:
        """See `Seat.close`."""
        self.let_go()

    def _window(self, id: str) -> int:
        if not id.isdecimal():
            raise ActionError(f"there is no window {id!r}")
        return int(id)

    def _order(self, name: str, *what: Any) -> None:
        now = time.monotonic()
        if self._orders and now - self._last > _PAUSE:
            self._orders.append(["sleep", round(now - self._last, 3)])
        self._orders.append([name, *what])
        self._last = now
        self._looked = None

    def _send(self) -> None:
        if self._orders:
            self._look()

    def _look(self) -> dict[str, Any]:
        """Carries out what was ordered, and says where the pointer and the windows are."""
        orders, self._orders = self._orders, []
        try:
            said = self._server.execute(["python", "-c", _source(), json.dumps(orders)])
        except NotDone as error:
            raise DisplayGone(f"input does not reach the screen of {self.name}: {error}") from error
        try:
            found = json.loads(said.output)
        except ValueError as error:
            last = said.error.strip().splitlines()[-1:] or [f"exit code {said.code}"]
            raise DisplayGone(
                f"input does not reach the screen of {self.name}: {last[0]}",
                remedy="its command python needs python-xlib, as the server in it does; other systems than Linux are not supported",
            ) from error
        if "refused" in found:
            raise ActionError(str(found["refused"]))
        self._looked = found
        return dict(found)


def _keysym(key: str) -> int | str:
    """The number of a character's keysym; of another key its name, which is looked up in the machine."""
    return keysym_of(key) if len(key) == 1 else for_x11(key)


@cache
def _source() -> str:
    return Path(__file__).with_name("guest.py").read_text(encoding="utf-8")
