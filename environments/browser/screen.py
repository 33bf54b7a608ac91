"""How large things are: the page's pixels, the frame's, and those that input is sent in. The one home of scale and zoom.

A browser's page zoom z lays a page out in a viewport of size ÷ z and draws it z times as large. Emulated, that is a viewport of so
many CSS pixels, rounded up, at ``scale × zoom`` device pixels each: ``innerWidth`` shrinks, ``devicePixelRatio`` grows. The frame stays
``viewport × scale``, rounded; of a viewport that was rounded up less than one CSS pixel at the right and at the bottom is not in it.

Found by trial (Chromium 156): a capture with a clip lays a mobile page out anew, 390 pixels wide where it was 980, and leaves it so.
One without a clip comes at one pixel per CSS pixel, unless the emulation itself is told to draw larger (``scale`` of
``Emulation.setDeviceMetricsOverride``): then it comes at native resolution and the page does not notice; but input is then wanted in
pixels of that drawing. So mobile screens are drawn larger, and all others are clipped.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ...episodes.schema import Start
from ...tools.geometry import Size, Transform


class Screen(NamedTuple):
    """The screen that a start recipe asks for.

    Attributes:
        frame: Size of every frame, whole frame pixels.
        css: Size of the viewport, whole CSS pixels at page scale 1.
        device: Frame pixels to a CSS pixel, at page scale 1: ``devicePixelRatio``.
        mobile: Laid out as on a telephone.
        touch: There is a finger, and no mouse.
    """

    frame: Size
    css: Size
    device: float
    mobile: bool = False
    touch: bool = False

    @classmethod
    def of(cls, start: Start) -> Screen:
        """The screen of a recipe."""
        width, height = start.viewport.width, start.viewport.height
        return cls(
            frame=Size(width=round(width * start.scale), height=round(height * start.scale)),
            css=Size(width=_up(width / start.zoom), height=_up(height / start.zoom)),
            device=start.scale * start.zoom,
            mobile=start.mobile,
            touch=start.touch,
        )

    def to_css(self, page_scale: float = 1.0) -> Transform:
        """Frame pixels → CSS pixels from the corner of the visual viewport.

        Args:
            page_scale: See `Viewport.scale`.
        """
        return Transform.scale(1 / (self.device * page_scale))

    @property
    def drawn(self) -> float:
        """What the emulation enlarges by, and with it the coordinates of input events: those of an event are CSS pixels × this."""
        return self.device if self.mobile else 1.0


def _up(length: float) -> int:
    # 1280 / 1.28 is a little more than 1000 in binary
    return max(1, math.ceil(length - 1e-6))
