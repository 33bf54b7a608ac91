"""Takes pictures of a page: the whole viewport or a part of it, lossless, at native resolution."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any

from playwright.async_api import CDPSession

from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Box
from ...tools.pixels import Frame
from .host import boundary
from .screen import Screen
from .tabs import Tabs
from .viewport import Viewport, viewport_of

_CAPTURE = {"format": "png", "optimizeForSpeed": True}
_LIMITS = (1.0, 3.0, 10.0)
"""Seconds for each attempt at a capture."""


class Camera:
    """Looks at the tab that is looked at.

    Args:
        tabs: Which that is.
        screen: How large things are.
    """

    def __init__(self, tabs: Tabs, screen: Screen) -> None:
        self._tabs = tabs
        self._screen = screen
        self._claimed: set[CDPSession] = set()
        self._page_scale = 1.0

    async def whole(self) -> Frame:
        """The viewport.

        Raises:
            EnvironmentFailed: The browser gives no picture.
        """
        if self._screen.plain:
            return await self._capture({})
        size = self._screen.frame
        return await self.part(Box.at(0, 0, size.width, size.height))

    async def part(self, box: Box) -> Frame:
        """A part of the viewport; ``box`` in whole frame pixels.

        Raises:
            EnvironmentFailed: The browser gives no picture.
        """
        if not self._screen.plain:
            await self._claim()
        seen = await self._viewport()
        # the emulation enlarges by the device's scale itself
        return await self._capture({"clip": seen.clip(box, self._screen.device) | {"scale": seen.scale}})

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

    async def _capture(self, options: dict[str, Any]) -> Frame:
        # a capture that was asked for while a page replaces another may never be answered: asked again, it is at once
        for limit in _LIMITS:
            last = limit == _LIMITS[-1]
            try:
                answer = await asyncio.wait_for(self._tabs.send("Page.captureScreenshot", _CAPTURE | options), limit)
                return Frame.from_png(base64.b64decode(answer["data"]))
            except TimeoutError as error:
                if last:
                    raise EnvironmentFailed(
                        f"the browser gave no picture of {self._tabs.page.url} within {sum(_LIMITS):g} s",
                        remedy="the page may keep its main thread busy",
                    ) from error
            except EnvironmentFailed:
                # right after a navigation the old surface may be gone and the new one not there yet
                if last:
                    raise
        raise AssertionError
