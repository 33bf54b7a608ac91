"""A policy that does anything: acts drawn by a seed from what the tree offers, to see what a world makes of them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ...episodes.schema import Decision, Node, Observation, Step, Task, Tree
from ...tools.actions import Click, Done, Drag, Hover, IntendedAct, Key, Place, Scroll, Type
from ...tools.geometry import Point
from ..pages.acts import place_of

_KINDS = (*("click",) * 6, *("type",) * 2, "key", "scroll", "hover", "drag")
_FIELDS = frozenset({"textbox", "searchbox"})
_KEYS = ("Tab", "Enter", "ArrowDown", "ArrowUp", "Escape", "Space")
_WORDS = ("handeye", "42", "a b", "Ünicode", "x")
_TURNS = (-240.0, -80.0, 80.0, 240.0)


class RandomActs:
    """Decides by a seed and the number of the step alone, and by what is seen; a `Policy`.

    Args:
        seed: Of the acts.
        count: How many there are.
    """

    def __init__(self, seed: int | str, count: int) -> None:
        self._seed = seed
        self._count = count

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        if len(past) >= self._count:
            return Decision(intent=Done(note=f"{self._count} random acts are done"))
        dice = random.Random(f"{self._seed}/{len(past)}")  # nothing secret
        tree = await now.tree.get()
        intent = _intended(dice, tree, now)
        if past and intent == past[-1].decision.intent:
            # the same again and again counts as being stuck, and ends a run
            intent = Key(keys=("Tab",))
        return Decision(intent=intent, source="drawn by lot")


def _intended(dice: random.Random, tree: Tree | None, now: Observation) -> IntendedAct:
    kind = dice.choice(_KINDS)
    met = _met(tree) if tree is not None else []
    anywhere = Point(x=dice.uniform(0, now.frame.width), y=dice.uniform(0, now.frame.height))

    def somewhere() -> Point:
        return dice.choice(met)[1] if met else anywhere

    match kind:
        case "type":
            fields = [each for each in met if each[0].role in _FIELDS]
            if fields:
                return Type[Place](text=dice.choice(_WORDS), at=dice.choice(fields)[1], replace=dice.random() < 0.5)
            return Click[Place](at=somewhere())
        case "key":
            return Key(keys=(dice.choice(_KEYS),))
        case "scroll":
            return Scroll[Place](at=somewhere(), dy=dice.choice(_TURNS))
        case "hover":
            return Hover[Place](at=somewhere())
        case "drag":
            return Drag[Place](path=(somewhere(), somewhere()))
        case _:
            return Click[Place](at=somewhere(), count=dice.choice((1, 1, 1, 2)))


def _met(tree: Tree) -> list[tuple[Node, Point]]:
    """What holds nothing else and is met where one would point to mean it."""
    found = []
    for index, node in enumerate(tree.nodes):
        if node.role == "document" or node.tag in ("html", "body", "option") or tree.children[index]:
            continue
        point = place_of(node)
        if point is not None and tree.meets(index, point):
            found.append((node, point))
    return found
