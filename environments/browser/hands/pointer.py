"""The mouse."""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

from ....tools.actions import Button, Click, Drag, Scroll
from ....tools.geometry import Point
from .contact import Contact

_STRIDE = 25
"""CSS pixels between two moves of a drag: native drag and drop needs to see the pointer under way."""
_STRIDES = 40
"""Moves between two places at most."""


class Pointer(Protocol):
    """What points: a mouse or a finger. Places are in frame pixels; each raises `ActionError` for what it cannot do."""

    async def click(self, act: Click[Point]) -> None:
        """Presses and releases, ``count`` times."""

    async def hover(self, at: Point) -> None:
        """Goes there and rests."""

    async def press(self, at: Point, button: Button) -> None:
        """Goes there and presses."""

    async def move(self, to: Point) -> None:
        """Goes there, pressed or not."""

    async def release(self, at: Point | None, button: Button) -> None:
        """Lets go, there or where it is."""

    async def drag(self, act: Drag[Point]) -> None:
        """Presses, goes through all places, lets go."""

    async def scroll(self, act: Scroll[Point]) -> None:
        """Moves what is shown."""

    async def hold(self, at: Point, seconds: float) -> None:
        """Stays pressed."""

    async def release_all(self) -> None:
        """Lets go of everything."""


class Mouse:
    """The mouse of one context.

    Args:
        contact: The page under it.
    """

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self._held: set[Button] = set()

    async def click(self, act: Click[Point]) -> None:
        """See `Pointer.click`."""
        await self._move(act.at)
        for count in range(1, act.count + 1):
            await self._down(act.button, count)
            await self._up(act.button, count)

    async def hover(self, at: Point) -> None:
        """See `Pointer.hover`."""
        await self._move(at)

    async def press(self, at: Point, button: Button) -> None:
        """See `Pointer.press`."""
        await self._move(at)
        await self._down(button)

    async def move(self, to: Point) -> None:
        """See `Pointer.move`."""
        await self._move(to, steps=8)

    async def release(self, at: Point | None, button: Button) -> None:
        """See `Pointer.release`."""
        if at is not None:
            await self._move(at, steps=8)
        await self._up(button)

    async def drag(self, act: Drag[Point]) -> None:
        """See `Pointer.drag`."""
        await self._move(act.path[0])
        await self._down(act.button)
        few = 3 if len(act.path) <= 3 else 1
        for before, point in zip(act.path, act.path[1:], strict=False):
            way = self._contact.css(before).distance(self._contact.css(point))
            await self._move(point, steps=min(_STRIDES, max(few, math.ceil(way / _STRIDE))))
        await self._up(act.button)

    async def scroll(self, act: Scroll[Point]) -> None:
        """See `Pointer.scroll`."""
        size = self._contact.screen.frame
        await self._move(act.at if act.at is not None else Point(x=size.width / 2, y=size.height / 2))
        css = self._contact.to_css
        dx, dy = act.dx * css.scale_x, act.dy * css.scale_y
        await self._contact.page.mouse.wheel(dx, dy)
        self._contact.note("wheel", "turn", f"{dx:g},{dy:g}")
        await self._contact.paints()

    async def hold(self, at: Point, seconds: float) -> None:
        """See `Pointer.hold`."""
        await self._move(at)
        await self._down("left")
        await asyncio.sleep(seconds)
        await self._up("left")

    async def release_all(self) -> None:
        """See `Pointer.release_all`."""
        for button in sorted(self._held):
            await self._up(button)

    async def _move(self, point: Point, steps: int = 1) -> None:
        at = self._contact.css(point)
        await self._contact.page.mouse.move(at.x, at.y, steps=steps)
        self._contact.note("mouse", "move", f"{at.x:g},{at.y:g}" + (f" in {steps}" if steps > 1 else ""))

    async def _down(self, button: Button, count: int = 1) -> None:
        self._held.add(button)
        await self._contact.page.mouse.down(button=button, click_count=count)
        self._contact.note("mouse", "down", button)

    async def _up(self, button: Button, count: int = 1) -> None:
        await self._contact.page.mouse.up(button=button, click_count=count)
        self._held.discard(button)
        self._contact.note("mouse", "up", button)
