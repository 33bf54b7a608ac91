"""What a step acted on, as far as its episode knows: by role and name, by its place in the document, by pixels."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...tools.actions import IntendedAct, Place, Say, Target, places
from ...tools.geometry import Box, Point, surface_at
from ..schema import CONTROLS, Found, Node, Step, Tree

_PART = re.compile(r"([a-z][a-z0-9-]*)(?:\[(\d+)\])?")
_FRAMES = ("iframe", "frame")
ARIA = frozenset(
    {
        *(CONTROLS - {"date", "time", "color"}),
        "heading",
        "img",
        "dialog",
        "cell",
        "row",
        "table",
        "list",
        "listitem",
        "navigation",
        "main",
        "region",
        "article",
        "form",
        "group",
        "tabpanel",
        "menu",
        "menubar",
        "toolbar",
        "tree",
        "grid",
        "gridcell",
        "columnheader",
        "alert",
        "status",
        "progressbar",
    }
)
"""Roles that other tools know too."""


class FrameAt(NamedTuple):
    """A frame on the way to a target.

    Attributes:
        css: Where it stands in its document; empty when that is not known.
        number: Which of the document's frames it is, from 0.
    """

    css: str
    number: int


class Handle(NamedTuple):
    """How a target can be found again.

    Attributes:
        role: ARIA role; empty when it is not known, or one of ours.
        name: Accessible name, or words.
        nth: Which of those with this role and name in its document, from 0.
        alike: How many of them there are; 0 when nobody counted.
        tag: Element name.
        css: Where it stands in its document; empty when that is not known.
        frames: The frames that it is in, outermost first.
        point: Where it was acted on, in input units (CSS pixels of the viewport); None when that is not known.
        box: Of the target, likewise.
        words: It is text to be read, not a control.
    """

    role: str = ""
    name: str = ""
    nth: int = 0
    alike: int = 0
    tag: str = ""
    css: str = ""
    frames: tuple[FrameAt, ...] = ()
    point: Point | None = None
    box: Box | None = None
    words: bool = False

    @property
    def named(self) -> bool:
        """Whether it can be found by role or words, without pixels."""
        return bool(self.name) and (bool(self.role) or self.words or not self.css)


def handles(step: Step) -> tuple[Handle, ...]:
    """What each place of a step's act was."""
    intent = step.decision.intent
    if isinstance(intent, Say):
        return ()
    wanted = places(intent)
    done = places(step.action) if step.action is not None else ()
    answers = iter(step.located)
    found = []
    for index, place in enumerate(wanted):
        located = next(answers, None) if isinstance(place, Target) else None
        point = done[index] if index < len(done) else place if isinstance(place, Point) else None
        found.append(_handle(step, index, place, located if isinstance(located, Found) else None, point))
    return tuple(found)


def _handle(step: Step, index: int, place: Place, located: Found | None, point: Place | None) -> Handle:
    tree = step.saw.tree.now()
    at = point if isinstance(point, Point) else None
    surface = surface_at(step.saw.surfaces, at) if at is not None else None
    evidence = step.evidence[index] if index < len(step.evidence) else None
    box = located.place.box if located is not None else evidence.box if evidence is not None else None
    handle = Handle(
        point=surface.to_input.point(at) if surface is not None and at is not None else at,
        box=surface.to_input.box(box) if surface is not None and box is not None else None,
    )
    node = located.place.node if located is not None else None
    if node is None and tree is not None and at is not None:
        node = _control_at(tree, at)
    if tree is not None and node is not None and 0 <= node < len(tree.nodes):
        return _in_tree(handle, tree, node)
    if evidence is not None and evidence.name:
        role = evidence.role if evidence.role in ARIA else ""
        return handle._replace(role=role, name=" ".join(evidence.name.split()))
    if isinstance(place, Target):
        words = place.role == "words"
        role = place.role if place.role in ARIA else ""
        return handle._replace(role=role or "", name=place.description, words=words, nth=_nth(place))
    return handle


def _nth(target: Target) -> int:
    return target.nth - 1 if target.nth is not None and target.nth > 0 else 0


def _control_at(tree: Tree, point: Point) -> int | None:
    """The control that a click at a point meets; None when it meets none that has a name."""
    hit = tree.topmost_at(point)
    for each in tree.ancestors(hit) if hit is not None else ():
        node = tree.nodes[each]
        if node.role in CONTROLS and node.name.strip():
            return each
    return None


def _in_tree(handle: Handle, tree: Tree, index: int) -> Handle:
    node = tree.nodes[index]
    words = node.role == "text"
    css, frames = _paths(tree, node.parent if words and node.tag.startswith("#") else index)
    extent = node.extent
    if handle.box is None and extent is not None and handle.point is not None:
        handle = handle._replace(box=extent)
    name = " ".join(node.name.split())
    alike = _alike(tree, index, node)
    return handle._replace(
        role=node.role if node.role in ARIA else "",
        name=name,
        nth=alike.index(index) if index in alike else 0,
        alike=len(alike),
        tag=node.tag,
        css=css,
        frames=frames,
        words=words,
    )


def _alike(tree: Tree, index: int, node: Node) -> list[int]:
    """The rendered nodes of the same document that bear the same role and name, in order."""
    name = " ".join(node.name.split())
    document = _document(tree, index)
    return [
        each
        for each, other in enumerate(tree.nodes)
        if other.role == node.role
        and other.extent is not None
        and " ".join(other.name.split()) == name
        and _document(tree, each) == document
    ]


def _document(tree: Tree, index: int) -> int:
    return next((each for each in tree.ancestors(index) if tree.nodes[each].tag in _FRAMES and each != index), -1)


def _paths(tree: Tree, index: int) -> tuple[str, tuple[FrameAt, ...]]:
    """(CSS within the innermost document, the frames on the way)."""
    frames = [each for each in tree.ancestors(index) if tree.nodes[each].tag in _FRAMES and each != index]
    ways = tuple(FrameAt(_css(tree, each), _frame_index(tree, each)) for each in reversed(frames))
    return _css(tree, index), ways


def _frame_index(tree: Tree, index: int) -> int:
    document = _document(tree, index)
    siblings = [
        each for each, node in enumerate(tree.nodes) if node.tag in _FRAMES and _document(tree, each) == document
    ]
    return siblings.index(index)


def _css(tree: Tree, index: int) -> str:
    """``html > body > form > button:nth-of-type(2)``, from the root of the document; empty where something on the way is no element."""
    steps: list[str] = []
    for part in reversed(tree.path(index).split(" > ")):
        if part.partition("[")[0] in ("document", "#document"):
            break
        match = _PART.fullmatch(part)
        if match is None or (steps and match[1] in _FRAMES):
            return "" if match is None else " > ".join(reversed(steps))
        steps.append(match[1] if match[2] is None else f"{match[1]}:nth-of-type({match[2]})")
    return " > ".join(reversed(steps))


def xpath_of(css: str) -> str:
    """The same place as an XPath."""
    return "/" + re.sub(r":nth-of-type\((\d+)\)", r"[\1]", css).replace(" > ", "/")


def act_of(step: Step) -> IntendedAct | Say:
    """What a step did; what it meant to do where it has no action."""
    return step.action if step.action is not None else step.decision.intent
