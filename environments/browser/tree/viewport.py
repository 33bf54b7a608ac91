"""Which part of a page is on the screen, and how large: the one home of page scale (pinch zoom, and pages laid out wider than the screen).

What was found by trial (Chromium 156), with a page scale other than 1 and the visual viewport moved inside the layout viewport:

* ``DOMSnapshot`` bounds are CSS pixels of the document, free of page scale and of the device's scale. A document's ``scrollOffset`` is that
  of the layout viewport.
* ``DOM.getNodeForLocation`` takes CSS pixels of the document. It finds what the layout viewport holds, also beside what is on the screen.
* ``DOM.getContentQuads`` and ``DOM.getBoxModel`` answer in CSS pixels from the corner of the visual viewport.
* ``Input.dispatchMouseEvent`` takes CSS pixels from the corner of the visual viewport: what is seen twice as large is half as far away.
* ``Page.captureScreenshot`` without a clip shows the visual viewport as it is seen, at device scale 1. With a clip (CSS pixels of the
  document) it lays the picture out anew and **leaves the page at page scale 1**: who needs a clip sets the scale again
  afterwards (``Emulation.setPageScaleFactor``; the corner stays where it was).
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    """

    corner: Point
    offset: Point
    width: float
    height: float
    scale: float

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

    def clip(self, box: Box, device: float) -> dict[str, Any]:
        """The ``clip`` of ``Page.captureScreenshot`` that shows a box of the frame at the frame's own resolution.

        Args:
            box: Frame pixels.
            device: See `to_frame`.
        """
        css = self.to_frame(device).inverse().box(box)
        return {"x": css.left, "y": css.top, "width": css.width, "height": css.height, "scale": device * self.scale}


async def viewport_of(session: CDPSession) -> Viewport:
    """Asks a page for its visual viewport.

    Args:
        session: Debugging session of the page.

    Raises:
        playwright Error: The page is gone.
    """
    seen = (await session.send("Page.getLayoutMetrics"))["cssVisualViewport"]
    return Viewport(
        corner=Point(x=seen["pageX"], y=seen["pageY"]),
        offset=Point(x=seen["offsetX"], y=seen["offsetY"]),
        width=seen["clientWidth"],
        height=seen["clientHeight"],
        scale=seen["scale"] or 1.0,
    )
