"""Takes pictures of a page: the whole viewport or a part of it, lossless, at native resolution."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import CDPSession

from ...tools.errors import EnvironmentFailed, PageHangs
from ...tools.geometry import Box
from ...tools.pixels import Frame
from .host import boundary
from .screen import Screen
from .tabs import Tabs
from .tree.viewport import Viewport, viewport_of

_CAPTURE = {"format": "png", "optimizeForSpeed": True}
_LIMITS = (1.0, 3.0)
"""Seconds for the first attempts at a capture."""


class Camera:
    """Looks at the tab that is looked at.

    Args:
        tabs: Which that is.
        screen: How large things are.
        patience: Seconds that the last attempt at a capture may take.
    """

    def __init__(self, tabs: Tabs, screen: Screen, patience: float = 10.0) -> None:
        self._tabs = tabs
        self._screen = screen
        self._claimed: set[CDPSession] = set()
        self._limits = (*_LIMITS, patience)
        self._page_scale = 1.0

    async def whole(self) -> Frame:
        """The viewport.

        Raises:
            PageHangs: The browser gives no picture in time.
            EnvironmentFailed: It cannot give one.
        """
        if self._screen.plain:
            return await self._capture(_everything)
        size = self._screen.frame
        return await self.part(Box.at(0, 0, size.width, size.height))

    async def part(self, box: Box) -> Frame:
        """A part of the viewport; ``box`` in whole frame pixels.

        Raises:
            PageHangs: The browser gives no picture in time.
            EnvironmentFailed: It cannot give one.
        """

        async def clipped() -> dict[str, Any]:
            if not self._screen.plain:
                await self._claim()
            seen = await self._viewport()
            # the emulation enlarges by the device's scale itself
            return {"clip": seen.clip(box, self._screen.device) | {"scale": seen.scale}}

        return await self._capture(clipped)

    async def page_scale(self) -> float:
        """See `Viewport.scale`; what it was last when the page does not answer."""
        with contextlib.suppress(TimeoutError, EnvironmentFailed):
            self._page_scale = (await asyncio.wait_for(self._viewport(), _LIMITS[0])).scale
        return self._page_scale

    async def _viewport(self) -> Viewport:
        session = await self._tabs.session()
        with boundary("the page does not say what of it is seen"):
            return await viewport_of(session)

    async def _claim(self) -> None:
        """Makes the emulation of the screen that of this session.

        After a capture with a clip the browser restores what the session that asked for it had set. What another session had set is lost: a
        page would find itself at ``devicePixelRatio`` 1, and one of 980 pixels in 390 (Chromium 156).
        """
        session = await self._tabs.session()
        if session in self._claimed:
            return
        css, device, mobile = self._screen.css, self._screen.device, self._screen.mobile
        metrics = {"width": int(css.width), "height": int(css.height), "deviceScaleFactor": device, "mobile": mobile}
        await self._tabs.send("Emulation.setDeviceMetricsOverride", metrics)
        self._claimed.add(session)

    async def _capture(self, options: Callable[[], Awaitable[dict[str, Any]]]) -> Frame:
        # a capture that was asked for while a page replaces another may never be answered: asked again, it is at once
        for attempt, limit in enumerate(self._limits):
            last = attempt == len(self._limits) - 1
            try:
                if last:
                    await self._kick()
                return await asyncio.wait_for(self._picture(options), limit)
            except TimeoutError as error:
                if last:
                    raise self._hangs() from error
            except EnvironmentFailed as error:
                # right after a navigation the old surface may be gone and the new one not there yet; of a page that hangs while it
                # loads the browser says so, too, rather than nothing
                if last and type(error) is EnvironmentFailed and not await self._tabs.answers():
                    raise self._hangs() from error
                if last:
                    raise
        raise AssertionError

    def _hangs(self) -> PageHangs:
        return PageHangs(
            f"the browser gave no picture of {self._tabs.url} within {sum(self._limits):g} s",
            remedy="its main thread is busy, or its process stands still; -c browser.hang=60 waits longer",
        )

    async def _picture(self, options: Callable[[], Awaitable[dict[str, Any]]]) -> Frame:
        # what a part is of, the page says, which may hang
        answer = await self._tabs.send("Page.captureScreenshot", _CAPTURE | await options())
        return Frame.from_png(base64.b64decode(answer["data"]))

    async def _kick(self) -> None:
        """Has the browser draw a tab that it may take for hidden.

        It is the browser's own process that answers, however busy the page is. Nothing helps against a main thread that is busy:
        neither captures that leave the surface out, nor a session of its own, nor ``Page.stopLoading`` were answered.
        """
        await self._tabs.send("Page.bringToFront")


async def _everything() -> dict[str, Any]:
    return {}
