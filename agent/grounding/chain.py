"""Several grounders one after the other: the first answer that is not absent counts."""

from __future__ import annotations

from collections.abc import Sequence

from ...episodes.schema import Absent, Located, Observation
from ...tools.actions import Target
from ...tools.plugins import load
from ..base import Grounder
from .means import Means

GROUNDERS = {
    "tree": ".agent.grounding.tree:TreeGrounder",
    "text": ".agent.grounding.text:TextGrounder",
    "model": ".agent.grounding.model:ModelGrounder",
}
"""Short names of the grounders that ship. Each is made with the same `Means`, whatever it needs of them."""

EMBEDDED = ("tree", "text")
"""The default chain: no model, no server."""


MODEL = ("model",)
"""The default when a model plans: what it names it has seen, and it says where."""


def named_grounders(names: Sequence[str], means: Means) -> ChainGrounder:
    """A chain of grounders by short name, entry point of ``handeye.grounders``, or dotted path.

    Raises:
        UnknownName: There is none of that name.
    """
    return ChainGrounder([load("grounder", name, GROUNDERS, "handeye.grounders")(means) for name in names])


class ChainGrounder:
    """Asks its grounders in turn. An ambiguous or hidden answer is an answer: a later grounder must not overrule it.

    Args:
        grounders: In order of trust.
    """

    def __init__(self, grounders: Sequence[Grounder]) -> None:
        self._grounders = tuple(grounders)

    async def locate(self, target: Target, now: Observation) -> Located:
        """See `Grounder.locate`; when all say absent, the nearest candidates and notes of all are kept."""
        absent: list[Absent] = []
        for grounder in self._grounders:
            found = await grounder.locate(target, now)
            if not isinstance(found, Absent):
                return found
            absent.append(found)
        near = [candidate for each in absent for candidate in each.nearest]
        notes = "; ".join(dict.fromkeys(each.note for each in absent if each.note))
        return Absent(target=target, nearest=tuple(near), note=notes)
