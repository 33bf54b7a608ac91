"""How large things are: the page's pixels and the frame's. The one home of scale and zoom.

A browser's page zoom z lays a page out in a viewport of size ÷ z and draws it z times as large. Emulated, that is a viewport of so
many CSS pixels, rounded up, at ``scale × zoom`` device pixels each: ``innerWidth`` shrinks, ``devicePixelRatio`` grows. The frame stays
``viewport × scale``, rounded; of a viewport that was rounded up, once to CSS pixels and once to those of the screen, less than two CSS
pixels at the right and at the bottom are not in it.
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

    @property
    def plain(self) -> bool:
        """Whether it is the browser's own: any session may take a picture of it at its own resolution."""
        return self.device == 1 and not self.mobile

    def to_css(self, page_scale: float = 1.0) -> Transform:
        """Frame pixels → CSS pixels from the corner of the visual viewport.

        Args:
            page_scale: See `Viewport.scale`.
        """
        return Transform.scale(1 / (self.device * page_scale))


def _up(length: float) -> int:
    # 1280 / 1.28 is a little more than 1000 in binary
    return max(1, math.ceil(length - 1e-6))
