"""Which part of a page is on the screen, and how large: the one home of page scale (pinch zoom, and pages laid out wider than the screen).

What was found by trial (Chromium 156), with a page scale other than 1 and the visual viewport moved inside the layout viewport:

* ``DOMSnapshot`` bounds are CSS pixels of the document times the scale that the browser's own screen has (``--force-device-scale-factor``),
  free of page scale and of a scale that is emulated. A document's ``scrollOffset`` is that of the layout viewport, likewise enlarged.
* ``DOM.getNodeForLocation`` takes CSS pixels of the document. It finds what the layout viewport holds, also beside what is on the screen.
* ``DOM.getContentQuads`` and ``DOM.getBoxModel`` answer in CSS pixels from the corner of the visual viewport.
* ``Input.dispatchMouseEvent`` takes CSS pixels from the corner of the visual viewport: what is seen twice as large is half as far away.
* ``Page.captureScreenshot`` without a clip shows the visual viewport as it is seen, at the scale of the screen that its own session
  emulates, else at 1. With a clip it lays the picture out anew and **leaves the page at page scale 1**, and input to frames of other
  processes where it was then: nobody takes one here.
"""

from __future__ import annotations

from typing import NamedTuple

from playwright.async_api import CDPSession

from ....tools.geometry import Box, Point, Transform


class Viewport(NamedTuple):
    """The visual viewport of a page.

    Attributes:
        corner: Its top left corner, CSS pixels of the document.
        offset: The same corner, CSS pixels of the layout viewport (the one that scrolling moves and ``position: fixed`` holds to).
        width: CSS pixels that are seen from left to right; scroll bars are not counted.
        height: Likewise from top to bottom.
        scale: Page scale: pixels of the screen (at device scale 1) to a CSS pixel; 1 but for pinch zoom and mobile layout.
        native: Device pixels to a CSS pixel (at page scale 1) by the browser's own screen, emulated or not.
    """

    corner: Point
    offset: Point
    width: float
    height: float
    scale: float
    native: float

    @property
    def seen(self) -> Box:
        """What is on the screen, CSS pixels of the document."""
        return Box.at(self.corner.x, self.corner.y, self.width, self.height)

    def to_frame(self, device: float) -> Transform:
        """CSS pixels of the document → frame pixels.

        Args:
            device: Frame pixels to a pixel of the screen, as the start recipe says (``Start.scale``).
        """
        scale = device * self.scale
        return Transform(scale_x=scale, scale_y=scale, shift_x=-self.corner.x * scale, shift_y=-self.corner.y * scale)

    def to_input(self, device: float) -> Transform:
        """Frame pixels → what ``Input.dispatchMouseEvent`` takes: CSS pixels from the corner of the visual viewport.

        Args:
            device: See `to_frame`.
        """
        return Transform.scale(1 / (device * self.scale))


async def viewport_of(session: CDPSession) -> Viewport:
    """Asks a page for its visual viewport.

    Args:
        session: Debugging session of the page.

    Raises:
        playwright Error: The page is gone.
    """
    metrics = await session.send("Page.getLayoutMetrics")
    seen = metrics["cssVisualViewport"]
    return Viewport(
        corner=Point(x=seen["pageX"], y=seen["pageY"]),
        offset=Point(x=seen["offsetX"], y=seen["offsetY"]),
        width=seen["clientWidth"],
        height=seen["clientHeight"],
        scale=seen["scale"] or 1.0,
        # the older of the two answers, under its older name, is in pixels of the screen
        native=metrics["visualViewport"]["clientWidth"] / seen["clientWidth"] if seen["clientWidth"] else 1.0,
    )
