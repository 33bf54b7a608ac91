"""How the numbers of a call lie on what was shown: a point in thousandths of a picture or in its pixels as sent, and in frame pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...episodes.schema import View
from ...tools.errors import DialectError
from ...tools.geometry import Box, Point, Size, Transform
from .verbs import MOST, shown


class Grid(NamedTuple):
    """How the numbers of a call lie on what was shown.

    Attributes:
        view: What was shown.
        size: The numbers of its right and its lower edge: thousandths, or pixels as sent. Lengths are in the same unit.
    """

    view: View
    size: Size

    @property
    def to_frame(self) -> Transform:
        """Numbers of a call → frame pixels."""
        return Transform.between(Box(left=0, top=0, right=self.size.width, bottom=self.size.height), self.view.crop)

    def point(self, value: Any) -> Point:
        """``[x, y]`` in frame pixels; what lies on the far edge is moved just inside.

        Raises:
            DialectError: It is no point of the picture.
        """
        if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(is_number, value)):
            raise DialectError(f"a coordinate is two numbers [x, y], not {shown(value)}")
        x, y = value
        if not (0 <= x <= self.size.width and 0 <= y <= self.size.height):
            raise DialectError(f"{shown(value)} lies outside the screen of {self.resolution}")
        inside = Point(x=min(x, self.size.width - 0.5), y=min(y, self.size.height - 0.5))
        return self.to_frame.point(inside)

    def said(self, point: Point) -> list[int]:
        """The whole numbers for a point in frame pixels; the inverse of `point`."""
        at = self.to_frame.inverse().point(point)
        return [
            max(0, min(round(at.x), int(self.size.width) - 1)),
            max(0, min(round(at.y), int(self.size.height) - 1)),
        ]

    @property
    def resolution(self) -> str:
        """``1000x1000``."""
        return f"{self.size.width:g}x{self.size.height:g}"


def is_number(value: Any) -> bool:
    """Whether it is a number that a call can mean."""
    # compared before anything is computed: a reply may hold numbers that no float can
    return type(value) in (int, float) and -MOST <= value <= MOST
