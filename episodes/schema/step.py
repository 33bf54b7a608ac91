"""What was decided, where it was found, what was done and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ...tools.actions import Action, Intent, Target
from ...tools.geometry import Box, Point, Transform
from ...tools.pixels import Frame
from ...tools.secrets import OURS
from .base import Json, Record
from .model import Reply, View
from .observation import Observation
from .provenance import Origin
from .replay import Replayed


class Candidate(Record):
    """A place that a target could mean.

    Attributes:
        box: What can be seen of it, frame pixels.
        point: Where to point, frame pixels, inside the box.
        label: How it presents itself: ``button “Add to cart”``.
        source: Which grounder saw it: ``tree``, ``text``, ``model``.
        confidence: 0 to 1; what it means is the grounder's to say.
        node: Index in the observation's tree; None when it did not come from there.
        context: What tells it from the others: the text around it.
    """

    box: Box
    point: Point
    label: str
    source: str
    confidence: float = Field(default=1.0, ge=0, le=1)
    node: int | None = None
    context: str = ""


class Found(Record):
    """The target is there, once."""

    status: Literal["found"] = "found"
    target: Target
    place: Candidate
    others: tuple[Candidate, ...] = ()


class Ambiguous(Record):
    """Several places fit equally well.

    Attributes:
        candidates: The first of them.
        more: How many there are besides.
    """

    status: Literal["ambiguous"] = "ambiguous"
    target: Target
    candidates: tuple[Candidate, ...] = Field(min_length=2)
    more: int = Field(default=0, ge=0)


class Hidden(Record):
    """It is there but cannot be pointed at now.

    Attributes:
        reason: ``offscreen``: it lies outside what the frame shows; ``covered``: something lies on top of it.
        place: Its whole box, frame pixels, also outside the frame.
        by: What covers it.
        clear: A place nearby that a wheel can be turned at to scroll it into view.
    """

    status: Literal["hidden"] = "hidden"
    target: Target
    reason: Literal["offscreen", "covered", "disabled"]
    place: Candidate
    by: str = ""


class Absent(Record):
    """It is not there.

    Attributes:
        nearest: What comes closest, best first.
        note: Why nothing was found, when that is more than "not there".
    """

    status: Literal["absent"] = "absent"
    target: Target
    nearest: tuple[Candidate, ...] = ()
    note: str = ""


Located: TypeAlias = Annotated[Found | Ambiguous | Hidden | Absent, Field(discriminator="status")]
"""The answer of a grounder."""


class Decision(Record):
    """What a policy decided.

    Attributes:
        thought: Why, in words.
        intent: What to do now.
        pending: What it means to do after that, if all goes as expected.
        calls: Ids of the model calls of its step, in order: those that led to it and those that found its places.
        memo: What the policy wants to find again in the past: its only state.
        source: Where the decision comes from: ``steps[3] (line 17)`` of a task file, a model's name.
        replayed: In a replay: the recorded step that it does again, and how that was found.
    """

    thought: str = ""
    intent: Intent
    pending: tuple[Intent, ...] = ()
    calls: tuple[Annotated[str, OURS], ...] = ()
    memo: Json = None
    source: str = ""
    replayed: Replayed | None = None


class GuardWord(Record):
    """What the guard said of an act: whether it may be done, by which rule."""

    allowed: bool = True
    rule: str = ""
    reason: str = ""


class TargetEvidence(Record):
    """What stood at the target when it was acted on, to find it again in a replay.

    Attributes:
        crop: Pixels around it.
        crop_box: Where the crop lies, frame pixels.
        box: The target's own box, frame pixels.
        role: Of its node in the tree, and likewise `name` and `path`; empty without a tree.
    """

    crop: Frame
    crop_box: Box
    box: Box
    role: str = ""
    name: str = ""
    path: str = ""


class Link(Record):
    """One link of the transform chain, from the frame to the units in which input is sent."""

    source: str
    target: str
    transform: Transform


class Sent(Record):
    """One low-level input as it was sent.

    Attributes:
        device: ``mouse``, ``keyboard``, ``wheel``, ``touch``, or ``script`` for what has no device (a value set in a native
            date input, an option chosen in a native list, a navigation).
        event: ``move``, ``down``, ``up``, ``press``, ``insert`` …
        detail: Coordinates in input units, a key, a text with placeholders.
    """

    device: str
    event: str
    detail: str = ""


class Problem(Record):
    """Why a step failed.

    Attributes:
        kind: Class name in the error tree: ``TargetAbsent``.
    """

    kind: str
    message: str
    remedy: str = ""


class Word(Record):
    """What a person answered, approved, refused or did."""

    kind: Literal["asked", "answered", "approved", "refused", "drove"]
    text: str = ""
    at: float


class Step(Record):
    """One turn of the loop, as a policy sees its past and a reader sees an episode.

    Attributes:
        index: From 0.
        saw: The observation on which the act was grounded.
        decision: What was decided.
        located: One answer for each place of the intent that was a description.
        guard: The guard's word.
        action: What was done; None when nothing was sent (a `Say`, a refusal, a target that was not found).
        chain: How frame pixels became input units.
        evidence: What stood at each place of the action.
        left: The observation afterwards; None when the episode broke off in between, or nobody looked (of an imported one).
        sent: Low-level input.
        timings: Seconds of ``decide``, ``ground``, ``check``, ``guard``, ``act``, ``settle`` … (monotonic clock).
        error: Why it failed.
        reward: What the environment paid, if it does.
        words: What a person said or did in it.
        unknown: It was begun and never ended: whether the act happened cannot be told.
        undone: It was begun and never ended, and its act was not done: nothing was to be sent, or a person who resumed the run said so.
        origin: Of an imported episode: what the step was made of.
    """

    index: int
    saw: Observation
    decision: Decision
    located: tuple[Located, ...] = ()
    guard: GuardWord = GuardWord()
    action: Action | None = None
    chain: tuple[Link, ...] = ()
    evidence: tuple[TargetEvidence, ...] = ()
    left: Observation | None = None
    sent: tuple[Sent, ...] = ()
    timings: dict[str, float] = {}
    error: Problem | None = None
    reward: float | None = None
    words: tuple[Word, ...] = ()
    unknown: bool = False
    undone: bool = False
    origin: Origin | None = None

    @property
    def thought(self) -> str:
        """Why it was done, in words."""
        return self.decision.thought

    @property
    def seconds(self) -> float:
        """Duration of the whole step."""
        return self.timings.get("step", 0.0)


class Prediction(Record):
    """What a policy or model answers to a recorded observation, with nothing carried out.

    Attributes:
        item: Id of the question.
        decision: None when it failed to answer; `error` says how.
        located: Its grounding of the decision's places.
        action: The act that would have been carried out; None where nothing would have been: a `Say`, a place that was not found.
        point: Its first point, frame pixels, or that of a grounding item; None for a refusal.
        points: All points of the answer to a grounding item that asks for several, in order, frame pixels; empty where `point` says all.
        error: Why there is no answer, or no place.
        failed: What kind of failure that is: ``parse`` (the model's words say nothing that can be done, nor did they when it was told),
            ``action`` (the policy says that it cannot be done), ``infrastructure`` (the server, the network, the disk: nobody's answer).
        replies: What the model said, in order, without the probabilities of its tokens.
        views: What it was shown, in order.
        tries: How often it was asked in all, after failures of the infrastructure.
        seconds: Of the last try, from the question to the answer.
    """

    item: str
    decision: Decision | None = None
    located: tuple[Located, ...] = ()
    action: Action | None = None
    point: Point | None = None
    points: tuple[Point, ...] = ()
    error: str = ""
    failed: Literal["parse", "action", "infrastructure"] | None = None
    replies: tuple[Reply, ...] = ()
    views: tuple[View, ...] = ()
    tries: int = 1
    seconds: float = 0
