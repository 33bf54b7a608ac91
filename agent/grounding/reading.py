"""Reads what a page says: from its tree where there is one, else off the pixels."""

from __future__ import annotations

from ...episodes.schema import Candidate, Observation
from ...tools.geometry import Box
from .match import loose
from .screen import ScreenReader


class PageText:
    """Text of an observation.

    Args:
        reader: Reads pixels where there is no tree.
    """

    def __init__(self, reader: ScreenReader) -> None:
        self._reader = reader

    async def read(self, now: Observation, place: Candidate | None, inside: str | None) -> tuple[str, Box | None]:
        """The text of a place, of the region called ``inside``, or of everything, line by line; and where it stands.

        A field says what it holds, anything else what it shows.
        """
        tree = await now.tree.get()
        if place is not None and place.node is not None and tree is not None:
            node = tree.nodes[place.node]
            return (node.value or tree.text_of(place.node) or node.name), place.box
        if place is not None:
            return place.label.split("“", 1)[-1].rstrip("”"), place.box
        if tree is None:
            lines = await self._reader.read(now.frame)
            return "\n".join(line.text for line in lines), None
        if inside is None:
            return "\n".join(tree.lines()), None
        wanted = loose(inside)
        named = [i for i, each in enumerate(tree.nodes) if loose(each.name) == wanted and each.extent is not None]
        # the innermost thing of that name that says more than the name
        for index in reversed(named):
            for above in tree.ancestors(index):
                text = tree.text_of(above)
                if loose(text) != wanted and text:
                    box = tree.nodes[above].extent
                    return "\n".join(tree.lines(box)) if box is not None else text, box
        return "", None
