"""The accessibility tree with boxes, from two snapshots of the browser's own: layout and accessibility.

``DOMSnapshot.captureSnapshot`` gives boxes, styles, paint order and texts of all frames in the process, open and closed shadow roots
included; ``Accessibility.getFullAXTree`` gives roles, names and states. They are joined by ``backendNodeId``. Nothing runs in the page.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, NamedTuple

from playwright.async_api import CDPSession

from ...episodes.schema import Node, Tree
from ...tools.geometry import Box, Transform
from ...tools.secrets import Secrets
from .accessibility import Accessible, accessible_nodes
from .style import PLAIN, PROPERTIES, Style, style_of

_BUTTON_INPUTS = frozenset({"button", "submit", "reset", "image"})


async def take_tree(
    session: CDPSession, viewport: Box, to_frame: Transform, secrets: Secrets
) -> tuple[Tree, tuple[Box, ...]]:
    """Takes the tree of the page as it is now.

    Args:
        session: Debugging session of the page.
        viewport: The visible part, CSS pixels from its own corner.
        to_frame: CSS pixels of the viewport → frame pixels.
        secrets: Values that become placeholders in the tree.

    Returns:
        The tree, and the boxes (frame pixels) in which a secret can be read.

    Raises:
        playwright Error: The page is gone.
    """
    snapshot = await session.send(
        "DOMSnapshot.captureSnapshot",
        {"computedStyles": list(PROPERTIES), "includePaintOrder": True, "includeDOMRects": False},
    )
    frames = [snapshot["strings"][document["frameId"]] for document in snapshot["documents"]]
    answers = await asyncio.gather(*(accessible_nodes(session, frame) for frame in frames))
    accessible = {key: value for answer in answers for key, value in answer.items()}
    # a thousand nodes take some 20 ms of pure Python: not on the event loop
    return await asyncio.to_thread(lambda: _Builder(snapshot, accessible, viewport, to_frame, secrets).build())


class _Place(NamedTuple):
    """What a node hands down.

    Attributes:
        node: Its place in the tree.
        clip: What can be seen of that which flows in it, CSS pixels of the viewport.
        clip_absolute: Likewise for what is positioned absolutely.
        faded: It, or something around it, has opacity 0.
        cut: Beyond this nothing can be scrolled into view (``overflow: hidden``).
    """

    node: int
    clip: Box | None
    clip_absolute: Box | None
    faded: bool
    cut: Box | None = None


class _Builder:
    """Puts one tree together."""

    def __init__(
        self, snapshot: Any, accessible: dict[int, Accessible], viewport: Box, to_frame: Transform, secrets: Secrets
    ) -> None:
        self._documents = snapshot["documents"]
        self._strings = snapshot["strings"]
        self._accessible = accessible
        self._viewport = viewport
        self._to_frame = to_frame
        self._secrets = secrets
        self._nodes: list[Node] = []
        self._secret_boxes: list[Box] = []
        self._inline: set[int] = set()
        self._styles: dict[tuple[int, ...], Style] = {}

    def build(self) -> tuple[Tree, tuple[Box, ...]]:
        main = self._documents[0]
        self._document(
            0,
            -main.get("scrollOffsetX", 0),
            -main.get("scrollOffsetY", 0),
            _Place(-1, self._viewport, self._viewport, False),
        )
        return Tree(tuple(self._nodes)), tuple(self._secret_boxes)

    def _document(self, number: int, dx: float, dy: float, owner: _Place) -> None:
        document = self._documents[number]
        first = len(self._nodes)
        nodes, layout = document["nodes"], document["layout"]
        rows: dict[int, list[int]] = {}
        for row, node in enumerate(layout["nodeIndex"]):
            rows.setdefault(node, []).append(row)
        lines = self._lines(document)
        inner = _rare(nodes.get("contentDocumentIndex"))
        labels = _Labels(self._strings)
        places: dict[int, _Place] = {}
        for node, parent in enumerate(nodes["parentIndex"]):
            above = places.get(parent, owner)
            if node not in rows:
                # not painted itself (a script, a shadow root, display: contents), but what is below it may be
                places[node] = above
                continue
            attributes = self._attributes(nodes["attributes"][node])
            index = len(self._nodes)
            place = self._emit(document, node, rows[node], attributes, above, (dx, dy), lines)
            places[node] = place
            if place.node == index:
                labels.note(index, self._nodes[index].tag, attributes)
            if node in inner and place.clip is not None:
                self._frame(inner[node], layout, rows[node][0], place, (dx, dy))
        labels.resolve(self._nodes)
        self._wrap(first)

    def _frame(self, number: int, layout: Any, row: int, place: _Place, offset: tuple[float, float]) -> None:
        left, top, width, height = layout["bounds"][row]
        style = self._style(layout["styles"][row])
        x, y = (
            left + offset[0] + style.border[0] + style.padding[0],
            top + offset[1] + style.border[1] + style.padding[1],
        )
        document = self._documents[number]
        window = Box.at(
            x,
            y,
            max(0.0, width - style.border[0] - style.border[2]),
            max(0.0, height - style.border[1] - style.border[3]),
        )
        clip = place.clip.intersection(window) if place.clip else None
        scroll_x, scroll_y = document.get("scrollOffsetX", 0), document.get("scrollOffsetY", 0)
        self._document(number, x - scroll_x, y - scroll_y, _Place(place.node, clip, clip, place.faded))

    def _emit(
        self,
        document: Any,
        node: int,
        rows: list[int],
        attributes: dict[str, str],
        above: _Place,
        offset: tuple[float, float],
        lines: dict[int, list[Box]],
    ) -> _Place:
        layout, nodes = document["layout"], document["nodes"]
        row = rows[0]
        left, top, width, height = layout["bounds"][row]
        whole = Box.at(left + offset[0], top + offset[1], max(0.0, width), max(0.0, height))
        is_text = nodes["nodeType"][node] == 3
        style = self._style(layout["styles"][row]) if layout["styles"][row] else PLAIN
        clip = self._clip_of(above, style)
        shown = clip.intersection(whole) if clip is not None and style.visible else None
        faded = above.faded or style.faded
        reachable = above.cut is None or style.position == "fixed" or above.cut.intersection(whole) is not None
        key = nodes["backendNodeId"][node]
        if is_text:
            if reachable and not faded:
                parts = [each.offset(*offset) for each in lines.get(row, ())]
                text = self._string(layout["text"][row])
                self._text(above.node, text, whole, shown, layout["paintOrders"][row], style, parts)
            return above
        index = len(self._nodes)
        made = self._node(self._accessible.get(key), document, node, above.node)
        self._nodes.append(
            made.model_copy(
                update={
                    "states": (*made.states, "scrollable") if any(style.scrolls) else made.states,
                    "box": self._in_frame(shown),
                    "extent": self._in_frame(whole if reachable and whole.area > 0 and style.visible else None),
                    "paint": layout["paintOrders"][row],
                    "transparent": style.transparent,
                    "key": str(key),
                }
            )
        )
        if style.inline:
            self._inline.add(index)
        inside, cut = clip, above.cut
        if style.clips:
            border = style.border
            padded = Box(
                left=whole.left + border[0],
                top=whole.top + border[1],
                right=max(whole.left + border[0], whole.right - border[2]),
                bottom=max(whole.top + border[1], whole.bottom - border[3]),
            )
            inside = clip.intersection(padded) if clip is not None else None
            # the root's overflow belongs to the viewport, which scrolls all the same or hides nothing that could be reached
            if self._nodes[index].tag not in ("html", "body"):
                cut = _cut(cut, padded, style)
        place = _Place(index, inside, inside if style.contains_absolute else above.clip_absolute, faded, cut)
        if reachable and not faded:
            self._own_text(document, rows, place, attributes, whole, shown, style)
        return place

    def _own_text(
        self,
        document: Any,
        rows: list[int],
        place: _Place,
        attributes: dict[str, str],
        whole: Box,
        shown: Box | None,
        style: Style,
    ) -> None:
        """Text that the browser paints without a text node: what a field holds, the label of an input button, generated content."""
        node = self._nodes[place.node]
        if node.tag == "input" and attributes.get("type", "").lower() in _BUTTON_INPUTS:
            self._text(place.node, node.name, whole, shown, node.paint, style, [])
        elif node.value and (node.tag in ("input", "select", "textarea")) and node.role not in ("checkbox", "radio"):
            self._text(place.node, node.value, whole, shown, node.paint, style, [])
        for row in rows:
            text = self._string(document["layout"]["text"][row])
            if text.strip():
                self._text(place.node, text, whole, shown, node.paint, style, [])

    def _node(self, accessible: Accessible | None, document: Any, node: int, parent: int) -> Node:
        tag = self._strings[document["nodes"]["nodeName"][node]].lower()
        if document["nodes"]["nodeType"][node] == 9:
            return Node(
                role="document",
                name=self._redacted(self._string(document.get("title", -1))),
                tag="document",
                parent=parent,
            )
        if accessible is None:
            return Node(role="generic", tag=tag, parent=parent)
        value = accessible.value
        return Node(
            role=accessible.role,
            name=self._redacted(accessible.name),
            value=None if value is None else self._redacted(value),
            tag=tag,
            parent=parent,
            states=accessible.states,
            url=self._redacted(accessible.url),
        )

    def _text(
        self, parent: int, text: str, whole: Box, shown: Box | None, paint: int, style: Style, lines: list[Box]
    ) -> None:
        words = " ".join(text.split())
        # a space at an end keeps two runs of a line apart
        spaced = re.sub(r"\s+", " ", text)
        if not words or not style.visible or whole.area <= 0:
            return
        if self._secrets.occurs_in(words) and shown is not None:
            self._secret_boxes.append(self._to_frame.box(shown).grown(1))
        self._nodes.append(
            Node(
                role="text",
                name=self._redacted(spaced),
                tag="#text",
                parent=parent,
                box=self._in_frame(shown),
                extent=self._in_frame(whole),
                parts=tuple(self._to_frame.box(each) for each in lines) if len(lines) > 1 else (),
                paint=paint,
                transparent=style.transparent,
            )
        )

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

    def _clip_of(self, above: _Place, style: Style) -> Box | None:
        if style.position == "fixed":
            return self._viewport
        return above.clip_absolute if style.position == "absolute" else above.clip

    def _lines(self, document: Any) -> dict[int, list[Box]]:
        boxes = document["textBoxes"]
        found: dict[int, list[Box]] = {}
        for row, (left, top, width, height) in zip(boxes["layoutIndex"], boxes["bounds"], strict=True):
            if width > 0 and height > 0:
                found.setdefault(row, []).append(Box.at(left, top, width, height))
        return found

    def _style(self, row: list[int]) -> Style:
        # a page has thousands of nodes and some dozens of styles
        key = tuple(row)
        if key not in self._styles:
            self._styles[key] = style_of(row, self._strings)
        return self._styles[key]

    def _attributes(self, row: list[int]) -> dict[str, str]:
        words = [self._string(each) for each in row]
        return dict(zip(words[::2], words[1::2], strict=True))

    def _string(self, index: int) -> str:
        return self._strings[index] if index >= 0 else ""

    def _redacted(self, text: str) -> str:
        return self._secrets.redact(text)

    def _in_frame(self, box: Box | None) -> Box | None:
        return None if box is None else self._to_frame.box(box)


_FAR = 1e9
_LABELLED = frozenset({"input", "select", "textarea", "button", "meter", "output", "progress"})


def _cut(above: Box | None, inside: Box, style: Style) -> Box:
    """Beyond which nothing in a box can be scrolled into view.

    Each axis has its own rule: what is hidden ends at the edge, and what scrolls can be brought inside, whatever cuts further out.
    """
    whole = Box(left=-_FAR, top=-_FAR, right=_FAR, bottom=_FAR) if above is None else above
    seen = whole.intersection(inside)
    if seen is None:
        return Box.at(inside.left, inside.top, 0, 0)
    (cuts_x, cuts_y), (scrolls_x, scrolls_y) = style.cuts, style.scrolls
    return Box(
        left=-_FAR if scrolls_x else seen.left if cuts_x else whole.left,
        top=-_FAR if scrolls_y else seen.top if cuts_y else whole.top,
        right=_FAR if scrolls_x else seen.right if cuts_x else whole.right,
        bottom=_FAR if scrolls_y else seen.bottom if cuts_y else whole.bottom,
    )


class _Labels:
    """Joins ``<label>`` elements of one document to their controls."""

    def __init__(self, strings: list[str]) -> None:
        self._by_id: dict[str, int] = {}
        self._labels: list[tuple[int, str | None]] = []

    def note(self, index: int, tag: str, attributes: dict[str, str]) -> None:
        """Remembers what matters of an element."""
        if "id" in attributes:
            self._by_id.setdefault(attributes["id"], index)
        if tag == "label":
            self._labels.append((index, attributes.get("for")))

    def resolve(self, nodes: list[Node]) -> None:
        """Sets ``label_for`` once the document is complete."""
        tree = Tree(tuple(nodes)) if any(target is None for _, target in self._labels) else None
        for index, target in self._labels:
            control = -1
            if target is not None:
                control = self._by_id.get(target, -1)
            elif tree is not None:
                control = next((each for each in tree.descendants(index) if nodes[each].tag in _LABELLED), -1)
            if control >= 0:
                nodes[index] = nodes[index].model_copy(update={"label_for": control})


def _rare(data: Any) -> dict[int, int]:
    return dict(zip(data["index"], data["value"], strict=True)) if data else {}
