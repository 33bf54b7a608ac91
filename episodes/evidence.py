"""The pixels around a place, as they are kept to find it again."""

from __future__ import annotations

from typing import NamedTuple

from ..tools.geometry import Box, Point
from ..tools.pixels import Frame

_MARGIN = 24
# the crop that a replay looks for should stand out from its surroundings: not the whole page, not a single glyph
_LARGEST = 400


class Crop(NamedTuple):
    """A part of a frame.

    Attributes:
        frame: Its pixels.
        box: Where it lies, frame pixels.
    """

    frame: Frame
    box: Box


def crop_around(frame: Frame, box: Box, point: Point) -> Crop | None:
    """The pixels around a box; of a large one those around the point. None when the box lies outside the frame."""
    if box.intersection(frame.box) is None:
        return None
    around = box
    if max(around.width, around.height) > _LARGEST:
        half = _LARGEST / 2
        around = around.intersection(Box.at(point.x - half, point.y - half, 2 * half, 2 * half)) or around
    left, top, right, bottom = around.grown(_MARGIN).pixels(frame.width, frame.height)
    where = Box(left=left, top=top, right=right, bottom=bottom)
    return Crop(frame.crop(where), where)
