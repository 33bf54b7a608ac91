"""The lines of ``steps.jsonl``, in the order in which they are flushed: each before what follows from it happens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ...tools.actions import Action
from .base import ObservationId, Record
from .model import Call
from .observation import Observation
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


Line = Annotated[ObservationLine | CallLine | BeginLine | EndLine | PersonLine, Field(discriminator="kind")]

LINE: TypeAdapter[Line] = TypeAdapter(Line)
"""Validates and dumps one line."""
