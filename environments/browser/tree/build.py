"""Puts one tree together: the nodes of every document, through frames of this process and of others."""

from __future__ import annotations

import re
from typing import Any

from ....episodes.schema import Node, Tree
from ....tools.geometry import Box
from ....tools.secrets import Secrets
from .ground import Ground, Place, View, project, scroll_of
from .layout import Layout
from .projection import Projection, Rect, meet
from .style import Style, style_of
from .walk import Walk

_SPACES = re.compile(r"\s+")


class Builder:
    """Builds one tree.

    Args:
        main: What the processes told.
        view: How the viewport of the main document lies in the frame.
        window: What is seen of that viewport.
        secrets: Values that become placeholders.
    """

    def __init__(self, main: Layout, view: View, window: Rect, secrets: Secrets) -> None:
        self._main = main
        self._view = view
        self._window = window
        self._secrets = secrets
        self._paints = _paint_orders(main)
        self._nodes: list[Node] = []
        self._secret_boxes: list[Box] = []
        self._inline: set[int] = set()
        self._hollow: list[int] = []
        self._styles: dict[str, dict[tuple[int, ...], Style]] = {}

    def build(self) -> tuple[Tree, tuple[Box, ...]]:
        """The tree, and the boxes (frame pixels) in which a secret can be read."""
        document = self._main.documents[0]
        left, top = scroll_of(document)
        ground = Ground(self._main, document, left, top, self._view, Projection(), 1.0, self._window, False)
        self._document(ground, Place(-1, self._window, self._window, self._window))
        return Tree(tuple(self._nodes)), tuple(self._secret_boxes)

    def _document(self, ground: Ground, owner: Place) -> None:
        first = len(self._nodes)
        walk = Walk(self, ground, owner)
        walk.run()
        self._fill(first)
        self._wrap(first)

    def frame(self, ground: Ground, key: int, number: int | None, whole: Rect, place: Place, style: Style) -> None:
        """Adds the document that an element holds.

        Args:
            ground: The document that the element stands in.
            key: ``backendNodeId`` of the element.
            number: Which document of the same process; None when another process has it.
            whole: The element's box, pixels of the viewport.
            place: What it hands down.
            style: Its style.
        """
        layout = ground.layout if number is not None else ground.layout.guests[key]
        document = layout.documents[number or 0]
        bounds = document["layout"]["bounds"]
        if not style.visible or not bounds:
            return
        width, height = bounds[0][2:4]
        corners = ground.layout.corners.get(key)
        if corners is None:
            # gone since the snapshot
            return
        projection = project(ground, corners=corners, size=(width, height), whole=whole)
        if projection is None:
            return
        left, top = scroll_of(document)
        window = (0.0, 0.0, width, height)
        clip: Rect | None = window if place.clip is not None else None
        if projection.rectilinear and place.clip is not None:
            clip = meet(window, projection.inverse().bounds(place.clip))
        inner = Ground(
            layout,
            document,
            left,
            top,
            ground.view.through(projection, place.clip),
            projection.then(ground.to_root) if number is not None else Projection(),
            place.zoom,
            window,
            ground.through or style.transparent,
        )
        self._document(inner, Place(place.node, clip, clip, clip, faded=place.faded, zoom=place.zoom))

    def style(self, layout: Layout, row: list[int]) -> Style:
        """The style of a row of the snapshot."""
        # a page has thousands of nodes and some dozens of styles
        known = self._styles.setdefault(layout.name, {})
        key = tuple(row)
        if key not in known:
            known[key] = style_of(row, layout.strings)
        return known[key]

    def paint(self, layout: Layout, order: int) -> int:
        """Order of painting among all processes."""
        return self._paints[layout.name][order] if self._paints else order

    def add(self, node: Node, *, inline: bool = False, hollow: bool = False) -> int:
        """Appends a node; a hollow one gets the box of what is in it."""
        index = len(self._nodes)
        self._nodes.append(node)
        if inline:
            self._inline.add(index)
        if hollow:
            self._hollow.append(index)
        return index

    @property
    def nodes(self) -> list[Node]:
        """The tree so far."""
        return self._nodes

    def redacted(self, text: str) -> str:
        """A text without secrets."""
        return self._secrets.redact(text) if self._secrets and text else text

    def text(self, ground: Ground, text: str, rect: Rect, seen: Rect | None, fields: dict[str, Any]) -> None:
        """Appends a run of text."""
        words = " ".join(text.split())
        if not words or rect[2] <= rect[0] or rect[3] <= rect[1]:
            return
        box = ground.view.shown(seen)
        if self._secrets and box is not None and self._secrets.occurs_in(words):
            self._secret_boxes.append(box.grown(1))
        # a space at an end keeps two runs of a line apart
        name = self.redacted(_SPACES.sub(" ", text))
        self._nodes.append(Node(role="text", name=name, tag="#text", box=box, extent=ground.view.whole(rect), **fields))

    def _fill(self, first: int) -> None:
        """Gives elements that are not rendered themselves (``display: contents``) the box of what is in them."""
        if not self._hollow or self._hollow[-1] < first:
            return
        for index in [each for each in reversed(self._hollow) if each >= first]:
            inside = [node for node in self._nodes[index + 1 :] if node.parent == index]
            boxes, extents = [n.box for n in inside if n.box], [n.extent for n in inside if n.extent]
            self._nodes[index] = self._nodes[index].model_copy(
                update={
                    "box": Box.around(boxes) if boxes else None,
                    "extent": Box.around(extents) if extents else None,
                    "paint": min((node.paint for node in inside), default=0),
                }
            )
        self._hollow = [each for each in self._hollow if each < first]

    def _wrap(self, first: int) -> None:
        """Gives inline elements the lines of the text in them: the box around a link that wraps holds much that is not the link."""
        lines: dict[int, list[Box]] = {}
        # children stand after their parents: backwards, every element meets its lines complete
        for index in range(len(self._nodes) - 1, first - 1, -1):
            node = self._nodes[index]
            own = (
                list(node.parts or ((node.box,) if node.box is not None else ()))
                if node.role == "text"
                else lines.get(index, [])
            )
            if index in self._inline and len(own) > 1:
                self._nodes[index] = node.model_copy(update={"parts": tuple(own)})
            if own and (node.role == "text" or index in self._inline):
                lines.setdefault(node.parent, [])[:0] = own


def _paint_orders(main: Layout) -> dict[str, dict[int, int]]:
    """Order of painting over all processes, by process; empty when there is one."""
    if not main.guests:
        return {}
    orders: dict[str, dict[int, int]] = {}
    count = 0

    def number(layout: Layout) -> None:
        nonlocal count
        # what is in a frame comes right after the frame's element
        mine = orders.setdefault(layout.name, {})
        inside: dict[int, list[Layout]] = {}
        for document in layout.documents:
            keys, rows = document["nodes"]["backendNodeId"], document["layout"]
            for node, order in zip(rows["nodeIndex"], rows["paintOrders"], strict=True):
                mine[order] = 0
                if keys[node] in layout.guests:
                    inside.setdefault(order, []).append(layout.guests[keys[node]])
        for order in sorted(mine):
            mine[order] = count
            count += 1
            for guest in inside.get(order, ()):
                number(guest)

    number(main)
    return orders
