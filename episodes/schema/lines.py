"""The lines of ``steps.jsonl``, in the order in which they are flushed: each before what follows from it happens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ...tools.actions import Action
from ...tools.secrets import OURS
from .base import Json, ObservationId, Record
from .model import Call
from .observation import Observation
from .provenance import Origin
from .step import Decision, GuardWord, Link, Located, Problem, Sent, TargetEvidence, Word


class ObservationLine(Record):
    """A look at the world. A later line with the same observation id replaces it: it adds what was fetched since."""

    kind: Literal["observation"] = "observation"
    observation: Observation


class CallLine(Record):
    """One model call, failed ones too."""

    kind: Literal["call"] = "call"
    call: Call


class BeginLine(Record):
    """A step, written before acting; fields as in `Step`."""

    kind: Literal["begin"] = "begin"
    step: int
    at: float
    saw: ObservationId
    decision: Decision
    located: tuple[Located, ...] = ()
    guard: GuardWord = GuardWord()
    action: Action | None = None
    chain: tuple[Link, ...] = ()
    evidence: tuple[TargetEvidence, ...] = ()
    origin: Origin | None = None


class EndLine(Record):
    """What came of the step; fields as in `Step`."""

    kind: Literal["end"] = "end"
    step: int
    at: float
    left: ObservationId | None = None
    sent: tuple[Sent, ...] = ()
    timings: dict[str, float] = {}
    error: Problem | None = None
    reward: float | None = None


class PersonLine(Record):
    """What a person answered, approved or did during a step."""

    kind: Literal["person"] = "person"
    step: int
    word: Word


class ResumedLine(Record):
    """The run broke off before this line, and a later process went on with it.

    It closes the step that had begun and never ended, if there was one: with ``happened`` true that step left the observation ``saw``,
    else it is a step that was not done, and a policy never hears of it.

    Attributes:
        at: Seconds since the episode began; the time in which nothing ran is not counted.
        created: Time of day, ISO 8601 with offset.
        saw: The first look at the world after it was taken up.
        match: How that look was compared with the newest one before: ``identical`` (the same pixels but for what moves), ``cosmetic``
            (other pixels, the same tree), ``told`` (there is none to compare with: a person said that the act was done), ``anew`` (nothing
            had been done yet, and the world was started again).
        reopened: The page was opened anew by its URL: what it does not show, its session say, may be another one.
        step: The step that had begun and never ended; None when there was none.
        happened: Whether its act was done: what a person said, or false where it had no act to do.
        environment: What the world is now, as in the header.
        versions: Of what went on with it, as in the header.
    """

    kind: Literal["resumed"] = "resumed"
    at: float
    created: Annotated[str, OURS]
    saw: ObservationId
    match: Literal["identical", "cosmetic", "told", "anew"]
    reopened: bool = False
    step: int | None = None
    happened: bool | None = None
    environment: dict[str, Json] = {}
    versions: dict[str, str] = {}


Line = Annotated[
    ObservationLine | CallLine | BeginLine | EndLine | PersonLine | ResumedLine, Field(discriminator="kind")
]

LINE: TypeAdapter[Line] = TypeAdapter(Line)
"""Validates and dumps one line."""
