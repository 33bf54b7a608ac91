"""What a replay says of a recorded step: whether its world and its targets were found again, and by what that was decided."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ...tools.geometry import Box, Point
from ...tools.pixels import Frame
from ...tools.secrets import OURS
from .base import Record

DriftVerdict: TypeAlias = Literal[
    "identical", "cosmetic", "target-moved", "target-ambiguous", "target-gone", "wrong-state"
]
"""How a recorded step was found again. The first three go through; `docs/replay.md` has the rule of each."""

GOES_THROUGH: frozenset[DriftVerdict] = frozenset({"identical", "cosmetic", "target-moved"})
"""Verdicts with which a step is done."""


class Refound(Record):
    """A place of a recorded step, looked for in what is seen now.

    Attributes:
        label: How it presented itself when it was recorded: ``button “Save”``.
        crop: Pixels around it then, and `crop_box` where these lay; None where the recording has no picture of it.
        box: Its own box then, pixels of the recorded frame.
        verdict: What became of it.
        why: By what that was decided, for a person.
        now: Its box now, pixels of the frame of this step; None where it was not found.
        point: Where it is pointed at now.
        name: How it presents itself now, where that is known.
        context: How much of what stood around it stands around it now, 0 to 1; None without trees.
        look: How far its own pixels are the same, 0 to 1; None where they cannot be compared.
        others: Boxes of what else could be meant, best first.
        by: What found it: ``pixels``, ``tree``, both; of a repaired step the grounder.
    """

    label: str
    crop: Frame | None = None
    crop_box: Box | None = None
    box: Box | None = None
    verdict: DriftVerdict
    why: str = ""
    now: Box | None = None
    point: Point | None = None
    name: str = ""
    context: float | None = None
    look: float | None = None
    others: tuple[Box, ...] = ()
    by: tuple[str, ...] = ()


class Replayed(Record):
    """A step of a recorded episode, as a replay met it. It stands in the decision of the new episode's step.

    Attributes:
        step: Index of the recorded step; one more than the last of them stands for the end.
        verdict: The worst of its state's and its places'. None: nothing was compared, the act only leads there (a wait, a scroll).
        why: By what it was decided.
        places: Its places, in the order of the act.
        repaired: Its target was found by a grounder or model, not by what was recorded: never counted as passed.
        waited: Seconds that were waited for the world to be as recorded.
    """

    step: int
    verdict: DriftVerdict | None = None
    why: str = ""
    places: tuple[Refound, ...] = ()
    repaired: bool = False
    waited: float = 0


class ReplayOf(Record):
    """Of an episode that replays another one: which, and how.

    Attributes:
        episode: Its `Header.id`.
        path: Where it lay, for a person.
        mode: How it was replayed: ``action``, or ``hermetic``: with the recorded network and nothing outside.
        steps: How many steps of it were to be done again.
        repair: A step whose target was not found might be grounded anew.
        lacks: What the recording does not have that a replay would compare.
    """

    episode: Annotated[str, OURS]
    path: str = ""
    mode: str = "action"
    steps: int = 0
    repair: bool = False
    lacks: tuple[str, ...] = ()
