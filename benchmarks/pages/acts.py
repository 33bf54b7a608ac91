"""What to try on a page that nobody knows: acts chosen by what its tree shows."""

from __future__ import annotations

from collections.abc import Iterator

from ...episodes.schema import Node, Tree
from ...tools.actions import Act, Click, Drag, Hover, Key, Scroll, Type
from ...tools.geometry import Box, Point

_CLICKS = 3
_TURN = 120.0
"""Frame pixels by which the wheel is turned."""
_FIXED = frozenset({"disabled", "readonly"})
_NATIVE = frozenset({"input", "textarea"})
_CLICKED = frozenset({"button", "link", "checkbox", "radio", "switch", "tab", "menuitem", "treeitem"})
_TYPED = {
    "textbox": "handeye",
    "searchbox": "handeye",
    "combobox": "handeye",
    "spinbutton": "7",
    "date": "2026-03-14",
    "time": "09:30",
    "color": "#336699",
}
"""Role of a field → what to type into it."""

POINTING = frozenset({"hover", "type", "select", "drag", "click"})
"""What needs something on the screen; the wheel can be turned and a key pressed anywhere."""
KINDS = ("hover", "scroll", "type", "select", "drag", "key", *(["click"] * _CLICKS))
"""The acts in the order in which they are tried: what most likely ends an episode comes last."""


def choose(kind: str, tree: Tree, tried: set[str]) -> Act | None:
    """An act of that kind on what the tree shows; None when nothing there is made for it.

    Args:
        kind: One of `KINDS` but ``select``: what a closed list offers its tree does not show (see `lists`).
        tree: Of the newest observation.
        tried: Paths of what was clicked before: a further click goes elsewhere. What is clicked is added.
    """
    match kind:
        case "hover":
            found = next(iter(_pointable(tree, _CLICKED)), None) or next(_leaves(tree), None)
            return None if found is None else Hover[Point](at=found[1])
        case "scroll":
            place = next((node.box.center for node in tree.nodes if "scrollable" in node.states and node.box), None)
            return Scroll[Point](at=place, dy=_TURN)
        case "type":
            return _type(tree)
        case "drag":
            return _drag(tree)
        case "key":
            return Key(keys=("Tab",))
        case _:
            return _click(tree, tried)


def lists(tree: Tree) -> Iterator[Point]:
    """Where native lists are that can be chosen from."""
    for index, point in _pointable(tree, frozenset({"combobox", "listbox"})):
        if tree.nodes[index].tag == "select":
            yield point


def place_of(node: Node) -> Point | None:
    """Where a person would point to mean a node, frame pixels: its middle, or that of the first line of what wraps."""
    box = node.parts[0] if node.parts else node.box
    if box is None or node.box is None:
        return None
    seen = box.intersection(node.box)
    return None if seen is None else seen.center


def _click(tree: Tree, tried: set[str]) -> Act | None:
    # where there are no controls, what was drawn may be meant: the shapes of a picture, words that can be clicked
    for found in (_pointable(tree, _CLICKED), _leaves(tree)):
        for index, point in found:
            if (path := tree.path(index)) not in tried:
                tried.add(path)
                return Click[Point](at=point)
    return None


def _type(tree: Tree) -> Act | None:
    for index, point in _pointable(tree, frozenset(_TYPED)):
        node = tree.nodes[index]
        if node.tag in _NATIVE:
            return Type[Point](text=_TYPED[node.role], at=point, replace=True)
    return None


def _drag(tree: Tree) -> Act | None:
    found = [point for _, point in _pointable(tree, frozenset({"slider"}))]
    if found:
        return Drag[Point](path=(found[0], found[0].offset(30, 0)))
    points = [point for _, point in _leaves(tree)]
    return Drag[Point](path=(points[0], points[-1])) if len(points) > 1 else None


def _pointable(tree: Tree, roles: frozenset[str]) -> Iterator[tuple[int, Point]]:
    """What has one of the roles, is not disabled, and is met at its middle."""
    for index, node in enumerate(tree.nodes):
        if node.role not in roles or _FIXED & set(node.states):
            continue
        point = place_of(node)
        if point is not None and tree.meets(index, point):
            yield index, point


def _leaves(tree: Tree) -> Iterator[tuple[int, Point]]:
    """What holds nothing else, is met at its middle and is no mere background."""
    for index, node in enumerate(tree.nodes):
        if node.role == "document" or node.tag in ("html", "body") or tree.children[index]:
            continue
        point = place_of(node)
        if point is not None and _substantial(node.box) and tree.meets(index, point):
            yield index, point


def _substantial(box: Box | None) -> bool:
    return box is not None and min(box.width, box.height) >= 3
