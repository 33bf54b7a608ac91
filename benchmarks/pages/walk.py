"""Walks over one page that nobody knows: opens it, tries what its tree offers, looks after each act, ends its episode.

Nothing here knows a page by name. What a page has to offer is what MiniWoB++ made common: ``WOB_TASK_READY``, ``WOB_DONE_GLOBAL``,
``WOB_RAW_REWARD_GLOBAL``, ``WOB_REWARD_GLOBAL`` and ``core.endEpisode(reward, proportional, reason)``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ...environments.base import Environment
from ...environments.conformance import check_observation
from ...episodes.schema import Event, Json, Node, Observation, Probe, Start, Tree
from ...tools.actions import Act, Select
from ...tools.errors import HandeyeError
from ...tools.geometry import Box, Point
from .acts import KINDS, POINTING, choose, lists, place_of

_HERE = Path(__file__).parent
_HITS = (_HERE / "hits.js").read_text(encoding="utf-8")
_HEARD = (_HERE / "heard.js").read_text(encoding="utf-8")
_STATE = "[window.WOB_TASK_READY, window.WOB_DONE_GLOBAL, window.WOB_RAW_REWARD_GLOBAL, window.WOB_REWARD_GLOBAL]"
_END = "core.endEpisode(0, false, 'asked to end')"
_TAKES_TEXT = "document.activeElement !== null && document.activeElement.matches('input, textarea, [contenteditable]')"
_OPTIONS = """(x, y) => {
  const list = document.elementFromPoint(x, y).closest("select");
  const names = list ? [...list.options].filter((each) => !each.disabled).map((each) => each.label.trim()) : [];
  return names.filter((name) => name && names.filter((each) => each === name).length === 1);
}"""
"""What can be chosen from the list at a place and is called like nothing else in it."""
_SIGNS: dict[str, tuple[str, ...]] = {
    "hover": ("mousemove",),
    "scroll": ("wheel",),
    "type": ("keydown", "input"),
    "select": ("change",),
    "drag": ("mousedown",),
    "key": ("keydown",),
    "click": ("mousedown",),
}
"""Act → what of it the page hears; one of these is enough."""
_ROUNDED = 2.0
"""CSS pixels by which an edge of a box may lie beside the page's own word: rounding, a stroke."""

_THROUGH_CELLS = frozenset({"tr", "thead", "tbody", "tfoot", "col", "colgroup"})
"""Met only through the cells of their table: between two of those there is the table."""
_SMALLEST = 4.0
"""Frame pixels of a side below which a middle is not asked about: the browser rounds boxes to pixels before it looks what is hit."""


class Wrong(HandeyeError):
    """A page showed something that an environment must not do."""


class Walked(NamedTuple):
    """What a walk that went well saw.

    Attributes:
        acts: What was done, in order.
        boxes: Those whose middle was compared with what the page says lies there.
        slowest: Seconds of the longest wait for the screen to come to rest.
        restless: Looks at a screen that had not come to rest.
        ended: Whether one of the acts ended the episode; else it was asked to end.
        reward: What the page paid.
        noted: What the page itself did that is worth a word: its errors, what was refused to it.
    """

    acts: tuple[str, ...]
    boxes: int
    slowest: float
    restless: int
    ended: bool
    reward: float
    noted: tuple[str, ...]


class Walk:
    """One walk over one page.

    Args:
        world: Not yet reset; whoever made it closes it.
        start: The page.
    """

    def __init__(self, world: Environment, start: Start) -> None:
        self._world = world
        self._start = start
        self._events: list[Event] = []
        self._refused: list[str] = []
        self._boxes = self._restless = 0
        self._slowest = 0.0
        self._now: Observation

    async def run(self) -> Walked:
        """Opens, acts, observes, reports.

        Raises:
            Wrong: Something is not as it has to be.
            AssertionError: An observation breaks a rule of the `Environment` protocol.
            EnvironmentFailed: The world failed.
        """
        await self._see(await self._world.reset(self._start))
        ready, done, *_ = await self._state()
        if ready is not True or done is not False:
            raise Wrong(
                f"no episode is in progress when the page has settled (ready: {ready}, done: {done})",
                remedy="does the site begin the episode by the time the page has loaded?",
            )
        acts = await self._try_all()
        ended = await self._done()
        if not ended:
            await self._ask(_END)
            await self._see(await self._world.look())
        return Walked(
            acts, self._boxes, self._slowest, self._restless, ended, await self._reward(), tuple(self._noted())
        )

    async def _try_all(self) -> tuple[str, ...]:
        done: list[str] = []
        tried: set[str] = set()
        for kind in KINDS:
            tree = await self._tree()
            act = await self._choice(tree) if kind == "select" else choose(kind, tree, tried)
            if act is None:
                continue
            await self._try(act)
            done.append(act.verb)
            if await self._done():
                return tuple(done)
        if not POINTING.intersection(done):
            raise Wrong("the tree shows nothing to act on", remedy="look at its frame: is it empty?")
        return tuple(done)

    async def _choice(self, tree: Tree) -> Act | None:
        for point in lists(tree):
            at = self._now.surfaces[0].to_input.point(point)
            options = await self._ask(f"({_OPTIONS})({at.x}, {at.y})")
            if isinstance(options, list) and options:
                return Select[Point](at=point, options=(str(options[-1]),))
        return None

    async def _try(self, act: Act) -> None:
        await self._ask(_HEARD)
        before = Counter(await self._heard())
        came = await self._world.step(act, on=self._now.id)
        await self._see(came.observation)
        if came.error is not None:
            # a page may take the focus away from the field that was clicked; that it did is for the page to say
            if act.verb != "type" or await self._ask(_TAKES_TEXT):
                raise Wrong(f"{act.model_dump_json()} failed: {came.error}")
            self._refused.append(f"refused: {came.error.message}")
            return
        if not came.sent:
            raise Wrong(f"{act.model_dump_json()} says that nothing was sent")
        after = await self._heard()
        # a page that was replaced by another has forgotten what it heard
        if after and not any(after.get(sign, 0) > before[sign] for sign in _SIGNS[act.verb]):
            raise Wrong(f"the page heard nothing of {act.model_dump_json()}: {dict(after)} after {dict(before)}")

    async def _see(self, now: Observation) -> None:
        self._now = now
        self._events += now.events
        self._slowest = max(self._slowest, now.settled.seconds)
        self._restless += not now.settled.ok
        await check_observation(now, self._start)
        if now.dialog is not None:
            raise Wrong(f"a dialog that nobody asked for: {now.dialog.message!r}")
        strange = await self._strange(await self._tree())
        if strange:
            # the page may have moved between the tree and the question: what is wrong now as well is wrong
            self._now = await self._world.look()
            self._events += self._now.events
            strange = await self._strange(await self._tree())
        if strange:
            raise Wrong(strange[0] + (f" (and {len(strange) - 1} more)" if len(strange) > 1 else ""))

    async def _strange(self, tree: Tree) -> list[str]:
        """Where the tree and the page do not agree about what a click would meet."""
        to_input = self._now.surfaces[0].to_input
        asked = [
            (index, place) for index, node in enumerate(tree.nodes) if _comparable(node) and (place := place_of(node))
        ]
        alike: dict[tuple[object, ...], list[int]] = {}
        for index, _ in asked:
            alike.setdefault(_look(tree.nodes[index]), []).append(index)
        points = [(at.x, at.y) for at in (to_input.point(place) for _, place in asked)]
        chains = await self._ask(f"{_HITS}({json.dumps(points)})")
        assert isinstance(chains, list)
        found = []
        for (index, place), chain in zip(asked, chains, strict=True):
            if not isinstance(chain, list):
                continue
            node = tree.nodes[index]
            assert node.extent is not None
            # of two that are alike the page's answer does not tell which it means
            says = any(tree.meets(each, place) for each in alike[_look(node)])
            meets = any(_same(node, to_input.box(node.extent), line) for line in chain)
            self._boxes += 1
            if says != meets:
                found.append(_disagreement(node, place, says, chain))
        return found

    async def _reward(self) -> float:
        _, done, raw, reward = await self._state()
        if done is not True:
            raise Wrong("the episode was asked to end and has not", remedy="WOB_DONE_GLOBAL stays false")
        for each in (raw, reward):
            if isinstance(each, bool) or not isinstance(each, int | float) or not math.isfinite(each):
                raise Wrong(f"the episode has ended, and its reward is no number: {each!r}")
        assert isinstance(raw, int | float)
        return float(raw)

    def _noted(self) -> list[str]:
        told = Counter((event.kind, event.detail) for event in self._events if event.kind != "navigated")
        counted = [f"{kind}: {detail}" + (f" ×{count}" if count > 1 else "") for (kind, detail), count in told.items()]
        return self._refused + counted

    async def _tree(self) -> Tree:
        tree = await self._now.tree.get()
        if tree is None:
            raise Wrong(f"there is no tree: {self._now.tree.missing}")
        return tree

    async def _done(self) -> bool:
        return (await self._state())[1] is True

    async def _state(self) -> list[Json]:
        state = await self._ask(_STATE)
        assert isinstance(state, list)
        return state

    async def _heard(self) -> dict[str, int]:
        heard = await self._ask("window.__pages_heard || {}")
        assert isinstance(heard, dict)
        return {kind: int(count) for kind, count in heard.items() if isinstance(count, int)}

    async def _ask(self, expression: str) -> Json:
        evidence = await self._world.probe(Probe(kind="script", argument=expression))
        if evidence.missing:
            raise Wrong(f"the page does not answer {expression[:60]!r}: {evidence.missing}")
        return evidence.value


def _comparable(node: Node) -> bool:
    """Whether the page can be asked about a node: it is an element, of some size, with a box of its own."""
    if node.role in ("text", "document") or node.tag.startswith("::") or node.tag in _THROUGH_CELLS:
        return False
    return node.box is not None and min(node.box.width, node.box.height) >= _SMALLEST


def _look(node: Node) -> tuple[object, ...]:
    box = node.extent
    return (
        (node.tag, *(round(edge) for edge in (box.left, box.top, box.right, box.bottom)))
        if box is not None
        else (node.tag,)
    )


def _same(node: Node, extent: Box, line: object) -> bool:
    if not isinstance(line, list) or line[0] != node.tag:
        return False
    edges = (extent.left, extent.top, extent.right, extent.bottom)
    return all(abs(mine - theirs) <= _ROUNDED for mine, theirs in zip(edges, line[1:], strict=True))


def _disagreement(node: Node, place: Point, says: bool, chain: list[Json]) -> str:
    what, inner = "met" if says else "covered", chain[0] if chain else "nothing"
    name = f" “{node.name[:30]}”" if node.name else ""
    return f"at ({place.x:.1f}, {place.y:.1f}) the tree says that the {node.tag}{name} is {what}; the page meets {inner} there"
