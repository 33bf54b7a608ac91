"""Several grounders one after the other: the first answer that is not absent counts."""

from __future__ import annotations

from collections.abc import Sequence

from ...episodes.schema import Absent, Located, Observation
from ...tools.actions import Target
from ..base import Grounder


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
