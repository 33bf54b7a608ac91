"""Where the documents of a page lie: in the frame that is seen, in one another, and what of them is let through.

Of an element that is turned or sheared within its document (not with its frame) the snapshot tells the upright box around it only. Where
such an element clips what is in it, that box clips: at its corners more may count as seen than is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ....tools.geometry import Box
from .frames import Corners
from .layout import Layout
from .projection import Corner, Projection, Rect, around, clipped, meet
from .style import Style

_FAR = 1e9


class View:
    """How a document lies in the frame: pixels of the document's own viewport → frame pixels.

    Where the way leads through a frame that is turned or tilted, it has two steps, because what is upright and clipped on one side of it is
    not on the other.

    Args:
        projection: Pixels of the viewport → frame pixels, or those of the outer view.
        outer: The rest of the way.
        clip: What can be seen of this document there, pixels of the outer view.
    """

    def __init__(self, projection: Projection, outer: View | None = None, clip: Rect | None = None) -> None:
        self.projection = projection
        self.outer = outer
        self.clip = clip

    def through(self, projection: Projection, clip: Rect | None) -> View:
        """The view of a document that lies in this one, seen through a clip of this one."""
        if projection.rectilinear:
            return View(projection.then(self.projection), self.outer, self.clip)
        return View(projection, self, clip)

    def shown(self, rect: Rect | None) -> Box | None:
        """What is seen of a rectangle of the document."""
        if rect is None:
            return None
        if self.outer is None:
            return _box(self.projection.bounds(rect))
        left, top, right, bottom = rect
        return self.outer._shown([(left, top), (right, top), (right, bottom), (left, bottom)], self)

    def _shown(self, corners: list[Corner], inner: View) -> Box | None:
        # the image of an upright rectangle is none: it is clipped as what it is, corner by corner
        found = [inner.projection.at(*each) for each in corners]
        if None in found or inner.clip is None:
            return None
        seen = clipped([each for each in found if each is not None], inner.clip)
        if self.outer is not None:
            return self.outer._shown(seen, self) if seen else None
        placed = [each for each in (self.projection.at(*each) for each in seen) if each is not None]
        if not placed:
            return None
        return _box((*map(min, zip(*placed, strict=True)), *map(max, zip(*placed, strict=True))))

    def whole(self, rect: Rect) -> Box | None:
        """The whole of a rectangle of the document, seen or not."""
        found = self.projection.bounds(rect)
        if self.outer is not None:
            return None if found is None else self.outer.whole(found)
        return _box(found)


def _box(rect: Rect | None) -> Box | None:
    if rect is None or not (rect[0] < rect[2] and rect[1] < rect[3]):
        return None
    return Box(left=rect[0], top=rect[1], right=rect[2], bottom=rect[3])


class Place(NamedTuple):
    """What a node hands down; rectangles in pixels of its document's viewport.

    Attributes:
        node: Its place in the tree.
        clip: What can be seen of that which flows in it.
        clip_absolute: Likewise for what is positioned absolutely.
        clip_fixed: Likewise for what is fixed.
        cut: Beyond this nothing can be scrolled into view (``overflow: hidden``).
        faded: It, or something around it, has opacity 0.
        zoom: CSS zoom of it and of everything around it.
        stretch: How much larger transforms make what is in it.
        scope: The shadow root it belongs to.
    """

    node: int
    clip: Rect | None
    clip_absolute: Rect | None
    clip_fixed: Rect | None
    cut: Rect | None = None
    faded: bool = False
    zoom: float = 1.0
    stretch: tuple[float, float] = (1.0, 1.0)
    scope: int = -1


class Ground(NamedTuple):
    """One document: where it comes from and how it lies.

    Attributes:
        layout: What its process told.
        document: Its part of that.
        left: Pixels by which it is scrolled.
        top: Likewise.
        view: How it lies in the frame.
        to_root: Pixels of its viewport → those of the outermost document of its process.
        zoom: CSS zoom of its frame.
        window: Its viewport.
        through: Clicks pass through its frame.
    """

    layout: Layout
    document: Any
    left: float
    top: float
    view: View
    to_root: Projection
    zoom: float
    window: Rect
    through: bool


def project(ground: Ground, *, corners: Corners, size: tuple[float, float], whole: Rect) -> Projection | None:
    """How the inside of an element lies in its document's viewport.

    Args:
        ground: The document.
        corners: Of the element.
        size: Of its inside, in the inside's own pixels.
        whole: Its border box, pixels of the viewport.

    Returns:
        Pixels of the inside → pixels of the viewport; None when it cannot be seen.
    """
    back = Projection.scaling(ground.zoom).then(ground.to_root.inverse())
    content, border = _mapped(corners.content, back), _mapped(corners.border, back)
    if content is None or border is None:
        return None
    # the snapshot says where: the page may have been scrolled since, and pinch zoom moves what corners are counted from
    outline = around(border)
    dx, dy = whole[0] - outline[0], whole[1] - outline[1]
    projection = Projection.onto(*size, content)
    return None if projection is None else projection.shifted(dx, dy)


def _mapped(quad: list[float], by: Projection) -> list[float] | None:
    found: list[float] = []
    for x, y in zip(quad[::2], quad[1::2], strict=True):
        place = by.at(x, y)
        if place is None:
            return None
        found += place
    return found


def padding_box(whole: Rect, style: Style, zoom: float, stretch: tuple[float, float]) -> Rect:
    x, y = zoom * stretch[0], zoom * stretch[1]
    left, top = whole[0] + style.border[0] * x, whole[1] + style.border[1] * y
    return left, top, max(left, whole[2] - style.border[2] * x), max(top, whole[3] - style.border[3] * y)


def cut_by(above: Rect | None, inside: Rect, style: Style) -> Rect:
    """Beyond which nothing in a box can be scrolled into view.

    Each axis has its own rule: what is hidden ends at the edge, and what scrolls can be brought inside, whatever cuts further out.
    """
    whole = above or (-_FAR, -_FAR, _FAR, _FAR)
    seen = meet(whole, inside)
    if seen is None:
        return inside[0], inside[1], inside[0], inside[1]
    (cuts_x, cuts_y), (scrolls_x, scrolls_y) = style.cuts, style.scrolls
    return (
        -_FAR if scrolls_x else seen[0] if cuts_x else whole[0],
        -_FAR if scrolls_y else seen[1] if cuts_y else whole[1],
        _FAR if scrolls_x else seen[2] if cuts_x else whole[2],
        _FAR if scrolls_y else seen[3] if cuts_y else whole[3],
    )


def scroll_of(document: Any) -> tuple[float, float]:
    return document.get("scrollOffsetX", 0), document.get("scrollOffsetY", 0)
