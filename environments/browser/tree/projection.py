"""Plane to plane: how the content of a frame lies on the page around it, however that page turns, scales or tilts it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ....tools.geometry import Box, Point

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Corner = tuple[float, float]
"""x, y."""

_EXACT = 1e-7


class Projection(NamedTuple):
    """A projective map of the plane: what `Transform` of ``tools/geometry.py`` cannot carry, rotation, shear and perspective, included.

    ``x' = (a·x + b·y + c) / w``, ``y' = (d·x + e·y + f) / w``, ``w = g·x + h·y + i``.
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0
    g: float = 0.0
    h: float = 0.0
    i: float = 1.0

    @classmethod
    def scaling(cls, scale: float, dx: float = 0.0, dy: float = 0.0) -> Projection:
        """Scales both axes, then shifts."""
        return cls(a=scale, c=dx, e=scale, f=dy)

    @classmethod
    def onto(cls, width: float, height: float, quad: Sequence[float]) -> Projection | None:
        """The map that takes the rectangle (0, 0, width, height) onto a quadrilateral.

        Args:
            width: Of the rectangle.
            height: Likewise.
            quad: Four corners x, y: the images of top left, top right, bottom right and bottom left.

        Returns:
            None when there is none that can be inverted: a rectangle without area, a quadrilateral that is a line.
        """
        if width <= 0 or height <= 0:
            return None
        x0, y0, x1, y1, x2, y2, x3, y3 = quad
        # the unit square onto a quadrilateral, as eight linear equations solved by hand
        sum_x, sum_y = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
        g = h = 0.0
        if max(abs(sum_x), abs(sum_y)) > 1e-3:
            ux, uy, vx, vy = x1 - x2, y1 - y2, x3 - x2, y3 - y2
            area = ux * vy - vx * uy
            if area == 0:
                return None
            g, h = (sum_x * vy - vx * sum_y) / area, (ux * sum_y - sum_x * uy) / area
        a, b = x1 - x0 + g * x1, x3 - x0 + h * x3
        d, e = y1 - y0 + g * y1, y3 - y0 + h * y3
        made = cls(a / width, b / height, x0, d / width, e / height, y0, g / width, h / height, 1.0)
        return made if abs(made._determinant) > 1e-12 else None

    @property
    def _determinant(self) -> float:
        a, b, c, d, e, f, g, h, i = self
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    @property
    def rectilinear(self) -> bool:
        """Whether upright rectangles stay upright rectangles."""
        size = max(abs(self.a), abs(self.b), abs(self.d), abs(self.e)) * _EXACT
        straight = abs(self.b) <= size and abs(self.d) <= size
        quarter = abs(self.a) <= size and abs(self.e) <= size
        return (straight or quarter) and abs(self.g) + abs(self.h) < _EXACT * 1e-3

    def inverse(self) -> Projection:
        """The map back."""
        a, b, c, d, e, f, g, h, i = self
        raw = (
            e * i - f * h, c * h - b * i, b * f - c * e,
            f * g - d * i, a * i - c * g, c * d - a * f,
            d * h - e * g, b * g - a * h, a * e - b * d,
        )  # fmt: skip
        last = raw[8] or 1.0
        return Projection(*(each / last for each in raw))

    def then(self, after: Projection) -> Projection:
        """This map followed by ``after``."""
        a, b, c, d, e, f, g, h, i = self
        A, B, C, D, E, F, G, H, I = after  # noqa: E741  # the second matrix, by the same letters
        return Projection(
            A * a + B * d + C * g, A * b + B * e + C * h, A * c + B * f + C * i,
            D * a + E * d + F * g, D * b + E * e + F * h, D * c + E * f + F * i,
            G * a + H * d + I * g, G * b + H * e + I * h, G * c + H * f + I * i,
        )  # fmt: skip

    def shifted(self, dx: float, dy: float) -> Projection:
        """This map followed by a shift."""
        return self.then(Projection(c=dx, f=dy))

    def at(self, x: float, y: float) -> tuple[float, float] | None:
        """Maps a place; None when perspective puts it behind the one who looks."""
        w = self.g * x + self.h * y + self.i
        if w <= 1e-9:
            return None
        return (self.a * x + self.b * y + self.c) / w, (self.d * x + self.e * y + self.f) / w

    def bounds(self, rect: Rect) -> Rect | None:
        """The upright rectangle around the image of one; None when a corner of it has no image."""
        left, top, right, bottom = rect
        if self.b == self.d == self.g == self.h == 0 and self.a > 0 and self.e > 0:
            # nearly every node of nearly every page: worth its own line
            return left * self.a + self.c, top * self.e + self.f, right * self.a + self.c, bottom * self.e + self.f
        corners = [self.at(left, top), self.at(right, top), self.at(right, bottom), self.at(left, bottom)]
        found = [each for each in corners if each is not None]
        if len(found) < 4:
            return None
        xs, ys = [x for x, _ in found], [y for _, y in found]
        return min(xs), min(ys), max(xs), max(ys)

    def point(self, p: Point) -> Point:
        """Maps a point.

        Raises:
            ValueError: It has no image.
        """
        found = self.at(p.x, p.y)
        if found is None or not all(map(math.isfinite, found)):
            raise ValueError(f"({p.x:g}, {p.y:g}) has no image")
        return Point(x=found[0], y=found[1])

    def box(self, b: Box) -> Box:
        """The upright box around the image of one.

        Raises:
            ValueError: It has no image.
        """
        found = self.bounds((b.left, b.top, b.right, b.bottom))
        if found is None:
            raise ValueError(f"{b} has no image")
        return Box(left=found[0], top=found[1], right=found[2], bottom=found[3])


def meet(one: Rect | None, other: Rect | None) -> Rect | None:
    """The common part of two rectangles; None when they share no area."""
    if one is None or other is None:
        return None
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def clipped(corners: Sequence[Corner], rect: Rect) -> list[Corner]:
    """The part of a convex polygon that lies in a rectangle, by its corners; none when they share no area."""
    # one edge of the rectangle after the other (Sutherland and Hodgman, 1974)
    found = list(corners)
    for axis, edge, sign in ((0, rect[0], 1), (1, rect[1], 1), (0, rect[2], -1), (1, rect[3], -1)):
        kept: list[Corner] = []
        for one, other in zip(found, (*found[1:], *found[:1]), strict=True):
            near, far = (one[axis] - edge) * sign, (other[axis] - edge) * sign
            if near >= 0:
                kept.append(one)
            if (near > 0 > far) or (near < 0 < far):
                share = near / (near - far)
                kept.append((one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share))
        found = kept
    return found if len(found) > 2 else []


def around(quad: Sequence[float]) -> Rect:
    """The upright rectangle around the corners of a quadrilateral."""
    return min(quad[::2]), min(quad[1::2]), max(quad[::2]), max(quad[1::2])


def side(quad: Sequence[float], first: int, second: int) -> float:
    """Length between two corners of a quadrilateral, by number."""
    return math.hypot(quad[2 * first] - quad[2 * second], quad[2 * first + 1] - quad[2 * second + 1])
