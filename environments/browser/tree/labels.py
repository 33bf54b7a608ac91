"""Joins ``<label>`` elements to their controls, and the areas of an image map to their image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....episodes.schema import Node
from .projection import Rect

_LABELLED = frozenset({"input", "select", "textarea", "button", "meter", "output", "progress"})


class Labels:
    """The labels of one document; an id is good within its own shadow root only."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[int, str], int] = {}
        self._labels: list[tuple[int, int, str | None]] = []

    def note(self, index: int, tag: str, scope: int, attributes: Mapping[str, str]) -> None:
        """Remembers what matters of an element.

        Args:
            index: Its place in the tree.
            tag: Its name.
            scope: What tells its shadow root from others.
            attributes: Its attributes.
        """
        if "id" in attributes:
            self._by_id.setdefault((scope, attributes["id"]), index)
        if tag == "label":
            self._labels.append((index, scope, attributes.get("for")))

    def resolve(self, nodes: list[Node], first: int) -> None:
        """Sets ``label_for`` once the document is complete.

        Args:
            nodes: The tree so far.
            first: Index of the document in it.
        """
        inside = self._controls_inside(nodes, first)
        for index, scope, target in self._labels:
            control = inside.get(index, -1) if target is None else self._by_id.get((scope, target), -1)
            if control >= 0:
                nodes[index] = nodes[index].model_copy(update={"label_for": control})

    def _controls_inside(self, nodes: list[Node], first: int) -> dict[int, int]:
        """The first control inside each label that names none."""
        waiting = {index for index, _, target in self._labels if target is None}
        found: dict[int, int] = {}
        if not waiting:
            return found
        # the nearest label around each node: parents stand before their children
        around: dict[int, int] = {}
        for index in range(first, len(nodes)):
            label = index if index in waiting else around.get(nodes[index].parent, -1)
            if label >= 0:
                around[index] = label
                if nodes[index].tag in _LABELLED:
                    found.setdefault(label, index)
        return found


def shape_of(attributes: Mapping[str, str], width: float, height: float) -> Rect | None:
    """The upright rectangle around an ``<area>``, pixels of its image; None when its coordinates make no shape.

    Args:
        attributes: Of the area.
        width: Of the image, which an area of shape ``default`` covers.
        height: Likewise.
    """
    shape = attributes.get("shape", "rect").strip().lower()
    numbers = _numbers(attributes.get("coords", ""))
    if shape == "default":
        return 0.0, 0.0, width, height
    if shape in ("circle", "circ"):
        if len(numbers) < 3 or numbers[2] <= 0:
            return None
        x, y, radius = numbers[:3]
        return x - radius, y - radius, x + radius, y + radius
    if shape in ("poly", "polygon"):
        if len(numbers) < 6:
            return None
        xs, ys = numbers[::2][: len(numbers) // 2], numbers[1::2]
        return min(xs), min(ys), max(xs), max(ys)
    if len(numbers) < 4:
        return None
    return (
        min(numbers[0], numbers[2]),
        min(numbers[1], numbers[3]),
        max(numbers[0], numbers[2]),
        max(numbers[1], numbers[3]),
    )


def _numbers(text: str) -> Sequence[float]:
    found = []
    for word in text.replace(";", ",").replace(",", " ").split():
        try:
            found.append(float(word))
        except ValueError:
            # what is no number counts as one, so that those behind it keep their places
            found.append(0.0)
    return found
