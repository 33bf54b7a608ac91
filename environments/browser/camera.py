"""Takes pictures of a page: the whole viewport or a part of it, lossless, at native resolution."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from ...episodes.schema import Start
from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Box, Transform
from ...tools.pixels import Frame
from .tabs import Tabs

_CAPTURE = {"format": "png", "optimizeForSpeed": True}
_LIMITS = (1.0, 3.0, 10.0)
"""Seconds for each attempt at a capture."""


class Camera:
    """Looks at the tab that is looked at.

    Args:
        tabs: Which that is.
        start: The size of the viewport, and its scale.
        to_input: Frame pixels → CSS pixels of the viewport.
    """

    def __init__(self, tabs: Tabs, start: Start, to_input: Transform) -> None:
        self._tabs = tabs
        self._start = start
        self._to_input = to_input

    async def whole(self) -> Frame:
        """The viewport.

        Raises:
            EnvironmentFailed: The browser gives no picture.
        """
        if self._start.scale == 1:
            return await self._capture({})
        # without a clip the browser answers in CSS pixels, whatever the device scale is
        viewport = Box.at(0, 0, self._start.viewport.width, self._start.viewport.height)
        return await self._capture(await self._clip(self._to_input.inverse().box(viewport)))

    async def part(self, box: Box) -> Frame:
        """A part of the viewport; ``box`` in whole frame pixels.

        Raises:
            EnvironmentFailed: The browser gives no picture.
        """
        return await self._capture(await self._clip(box))

    async def _clip(self, box: Box) -> dict[str, Any]:
        """What of the page to capture; the protocol wants its box in document coordinates and its scale said."""
        css = self._to_input.box(box)
        scrolled = (await self._tabs.send("Page.getLayoutMetrics"))["cssVisualViewport"]
        x, y = css.left + scrolled["pageX"], css.top + scrolled["pageY"]
        return {"clip": {"x": x, "y": y, "width": css.width, "height": css.height, "scale": self._start.scale}}

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
