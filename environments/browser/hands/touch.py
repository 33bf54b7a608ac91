"""A finger on a touch screen.

Found by trial (Chromium 156): the first 15 pixels of a swipe move nothing (the finger might mean a tap); what is shown runs ahead of a
finger whose moves are less than 20 ms apart, by how far it has come meanwhile in the browser's reckoning, so none of ours are; a swipe ends
with a rest, after which nothing is flung; moves beyond the edge of the screen count like others. A long press opens a menu only where the
browser itself makes touches of a mouse.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time

from playwright.async_api import Error as PlaywrightError

from ....tools.actions import Button, Click, Drag, Scroll
from ....tools.errors import ActionError
from ....tools.geometry import Point
from .contact import Contact

_SLOP = 15
"""Pixels of the screen within which a finger has not moved."""
_BEAT = 0.025
"""Seconds between two moves: so many that the browser does not reckon where the finger is by now."""
_REST = 0.06
"""Seconds of rest after which nothing is flung."""
_STILL = 0.25
"""CSS pixels so few that nothing runs ahead of them."""
_STRIDE = 60
"""CSS pixels between two moves."""
_TAP_DELAY = 0.35
"""Seconds for which a page that can be zoomed by a double tap waits for the second one."""


class Finger:
    """The finger of one context.

    Args:
        contact: The page under it.
    """

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self._at: Point | None = None
        # a clock that is set meanwhile would turn moves back, or have them far apart
        self._epoch = time.time() - time.monotonic()

    async def click(self, act: Click[Point]) -> None:
        """See `Pointer.click`: taps."""
        self._only_left(act.button)
        at = self._contact.css(act.at)
        for _ in range(act.count):
            await self._down(at)
            await self._up()
        if self._contact.screen.mobile and not math.isclose(
            self._contact.to_css.scale_x, self._contact.screen.to_css().scale_x
        ):
            await asyncio.sleep(_TAP_DELAY)
        await self._contact.paints()

    async def hover(self, at: Point) -> None:
        """See `Pointer.hover`."""
        raise ActionError("a finger cannot hover: this is a touch screen", remedy="click, or hold at the place")

    async def press(self, at: Point, button: Button) -> None:
        """See `Pointer.press`."""
        self._only_left(button)
        await self._down(self._contact.css(at))

    async def move(self, to: Point) -> None:
        """See `Pointer.move`."""
        await self._glide(self._contact.css(to))

    async def release(self, at: Point | None, button: Button) -> None:
        """See `Pointer.release`."""
        self._only_left(button)
        if at is not None:
            await self._glide(self._contact.css(at))
        if self._at is None:
            raise ActionError("no finger is on the screen", remedy="press first")
        await self._up()

    async def drag(self, act: Drag[Point]) -> None:
        """See `Pointer.drag`: swipes."""
        self._only_left(act.button)
        await self._down(self._contact.css(act.path[0]))
        for point in act.path[1:]:
            await self._glide(self._contact.css(point))
        await asyncio.sleep(_REST)
        await self._up()

    async def scroll(self, act: Scroll[Point]) -> None:
        """See `Pointer.scroll`: swipes, along one axis and then the other."""
        size = self._contact.screen.frame
        start = self._contact.css(act.at or Point(x=size.width / 2, y=size.height / 2))
        css = self._contact.to_css
        for dx, dy in ((act.dx * css.scale_x, 0.0), (0.0, act.dy * css.scale_y)):
            way = math.hypot(dx, dy)
            if way:
                await self._swipe(start, -dx / way, -dy / way, way)

    async def hold(self, at: Point, seconds: float) -> None:
        """See `Pointer.hold`: a long press, with the menu that it opens."""
        css = self._contact.css(at)
        session = await self._contact.tabs.session()
        mouse = {"x": css.x, "y": css.y, "button": "left", "clickCount": 1}
        emitting = {"enabled": True, "configuration": "mobile" if self._contact.screen.mobile else "desktop"}
        await session.send("Emulation.setEmitTouchEventsForMouse", emitting)
        # a mouse whose events become touches never answers
        waiting = []
        try:
            for event, pause in (("mousePressed", seconds), ("mouseReleased", _REST)):
                waiting.append(
                    asyncio.ensure_future(session.send("Input.dispatchMouseEvent", {**mouse, "type": event}))
                )
                await asyncio.sleep(pause)
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            with contextlib.suppress(PlaywrightError):
                await session.send("Emulation.setEmitTouchEventsForMouse", {"enabled": False})
        self._contact.note("touch", "long press", f"{css.x:g},{css.y:g} for {seconds:g} s")
        await self._contact.paints()

    async def release_all(self) -> None:
        """See `Pointer.release_all`."""
        if self._at is not None:
            await self._up()

    async def _swipe(self, start: Point, ux: float, uy: float, way: float) -> None:
        """Moves what is under the finger by ``way`` CSS pixels in the direction (ux, uy)."""
        # from pixels of the screen to CSS pixels of a page that may be pinched
        slop = _SLOP * self._contact.to_css.scale_x * self._contact.screen.device
        await self._down(start)
        begun = start.offset(ux * slop, uy * slop)
        # a hair beyond, or it is not a swipe yet
        await self._to(begun.offset(ux * slop / 50, uy * slop / 50))
        left = way
        while left > _STILL:
            await asyncio.sleep(_BEAT)
            left /= 2
            await self._to(begun.offset(ux * (way - left), uy * (way - left)))
        await self._contact.paints()
        await self._to(begun.offset(ux * way, uy * way), note=True)
        await asyncio.sleep(_REST)
        await self._up()
        await self._contact.paints()

    async def _glide(self, to: Point) -> None:
        if self._at is None:
            raise ActionError("no finger is on the screen that could move", remedy="press first")
        begin = self._at
        steps = max(4, math.ceil(begin.distance(to) / _STRIDE))
        for step in range(1, steps + 1):
            await asyncio.sleep(_BEAT)
            await self._to(
                begin.offset((to.x - begin.x) * step / steps, (to.y - begin.y) * step / steps), note=step == steps
            )

    async def _down(self, at: Point) -> None:
        await self._touch("touchStart", at)
        self._at = at
        self._contact.note("touch", "start", f"{at.x:g},{at.y:g}")

    async def _to(self, at: Point, note: bool = False) -> None:
        await self._touch("touchMove", at)
        self._at = at
        if note:
            self._contact.note("touch", "move", f"{at.x:g},{at.y:g}")

    async def _up(self) -> None:
        await self._touch("touchEnd", None)
        self._at = None
        self._contact.note("touch", "end", "")

    async def _touch(self, kind: str, at: Point | None) -> None:
        points = [] if at is None else [{"x": at.x, "y": at.y}]
        # by our clock: on a busy machine the browser may meet two moves at once, and would see a finger that flings
        event = {"type": kind, "touchPoints": points, "timestamp": self._epoch + time.monotonic()}
        await self._contact.send("Input.dispatchTouchEvent", event)

    def _only_left(self, button: Button) -> None:
        if button != "left":
            raise ActionError(
                f"a finger has no {button} button: this is a touch screen",
                remedy="hold at the place: a long press opens its menu",
            )
