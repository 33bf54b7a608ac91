"""Reads again what a recorded step read: the same words if they are still said, else what stands in their place."""

from __future__ import annotations

import re
from typing import NamedTuple

from ....agent.grounding.match import squeezed
from ....episodes.schema import DriftVerdict, Observation, Step
from ....tools.actions import Read
from ....tools.errors import EpisodeError
from .surroundings import Page


class Again(NamedTuple):
    """What was read now; `value` is None where it is not there."""

    value: str | tuple[str, ...] | None
    verdict: DriftVerdict
    why: str


async def read_again(step: Step, word: Read, now: Observation) -> Again:
    """Reads what a step read, off the page that is seen now."""
    try:
        before = step.saw.tree.now()
    except EpisodeError:
        before = None
    after = await now.tree.get()
    if before is None or after is None:
        return Again(word.value, "cosmetic", "taken over from the recording: without trees nothing can be read again")
    was, here = Page(before), Page(after)
    values = (word.value,) if isinstance(word.value, str) else word.value
    read: list[str] = []
    verdict: DriftVerdict = "identical"
    for value in values:
        found = _one(was, here, value)
        if found is None:
            return Again(None, "target-gone", f"nothing stands where “{value}” was read")
        if found != value:
            verdict = "cosmetic"
        read.append(found)
    why = "the same words" if verdict == "identical" else f"it says {', '.join(read)} now, and said {', '.join(values)}"
    return Again(read[0] if isinstance(word.value, str) else tuple(read), verdict, why)


def _one(was: Page, now: Page, value: str) -> str | None:
    wanted = squeezed(value)
    if not wanted or any(wanted in squeezed(line) for line in now.tree.lines()):
        return value
    holders = [i for i, node in enumerate(was.nodes) if node.role == "text" and wanted in squeezed(node.name)]
    if len(holders) != 1:
        return None
    path = was.tree.path(holders[0])
    here = [i for i, node in enumerate(now.nodes) if node.role == "text" and now.tree.path(i) == path]
    if len(here) != 1:
        return None
    # what stood around the value within its text stands around the new one
    before, _, after = squeezed(was.nodes[holders[0]].name).partition(wanted)
    match = re.fullmatch(f"{re.escape(before)}(.+?){re.escape(after)}", squeezed(now.nodes[here[0]].name))
    return match[1] if match is not None else None
