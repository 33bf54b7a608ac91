"""The Protocols of the agent: who decides, who finds, who may forbid, who can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from ..environments.base import Environment
from ..episodes.schema import (
    Decision,
    GuardWord,
    ImagePart,
    Located,
    ModelInfo,
    Observation,
    Reply,
    Request,
    Step,
    Task,
)
from ..tools.actions import Act, Target, Zoom
from ..tools.geometry import Size


class Policy(Protocol):
    """What to do. One per episode; it has no state but ``past``: what it wants to remember it puts into `Decision.memo`."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """The next thing to do or say.

        Raises:
            DialectError: The model's words do not parse, after it was told once.
            ModelError: The model failed.
        """
        ...


class Grounder(Protocol):
    """Target → place."""

    async def locate(self, target: Target, now: Observation) -> Located:
        """Where the target is: found, ambiguous, hidden or absent; never a guess."""
        ...


@runtime_checkable
class FindsItself(Protocol):
    """A policy that finds the places of its decisions itself: a replay, by what was recorded of them."""

    def finder(self, others: Grounder) -> Grounder:
        """What finds the places of the run; ``others`` are the grounders that the run names."""
        ...


class Guard(Protocol):
    """What is allowed, decided below the policy and the model."""

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """Whether the act may be done."""
        ...


class Person(Protocol):
    """Who can be asked. The default refuses; a terminal is another one."""

    async def ask(self, question: str, now: Observation) -> str:
        """The answer.

        Raises:
            PersonRefused: Nobody answers.
        """
        ...

    async def approve(self, decision: Decision, now: Observation) -> bool:
        """Whether this may be done."""
        ...

    async def drive(self, environment: Environment) -> None:
        """Takes over until the person gives back control; what they do is recorded as theirs."""
        ...


class Model(Protocol):
    """Text and images in, text out."""

    async def complete(self, request: Request) -> Reply:
        """The answer.

        Raises:
            ModelError: The model or its server failed.
        """
        ...

    async def describe(self) -> ModelInfo:
        """Which model this is, for the header of an episode; asks its server, and so finds out whether it is there.

        Raises:
            ModelError: It is not.
        """
        ...

    async def close(self) -> None:
        """Lets go of connections and memory. A second call does nothing."""
        ...


Mode: TypeAlias = Literal["think", "direct", "auto"]
"""Whether a model reasons before it answers; ``auto`` leaves it to the model."""


class Shown(NamedTuple):
    """One past step as a model is shown it: its line, and its frame where that is still shown."""

    text: str
    image: ImagePart | None = None


class Scene(NamedTuple):
    """What a model is told when it is asked what to do.

    Attributes:
        task: What is asked, with the values of its inputs; those that its goal names are filled in.
        past: Oldest first.
        dropped: How many steps before those are not shown.
        image: The newest frame as it is sent.
        facts: What is known of the newest observation beside its pixels.
        step: Index of the step to be decided.
        closer: Parts of the newest frame at native resolution that the model asked for.
    """

    task: Task
    past: tuple[Shown, ...]
    dropped: int
    image: ImagePart
    facts: str
    step: int
    closer: tuple[ImagePart, ...] = ()


class Dialect(Protocol):
    """Words ↔ actions for one family of models. Pure: no I/O, no clock, no state."""

    @property
    def name(self) -> str:
        """Short name: ``phi4``."""
        ...

    @property
    def grounds(self) -> bool:
        """Whether a plan names things and a second question finds them; else plans hold points already."""
        ...

    def fit(self, size: Size) -> Size:
        """The size in which a picture of ``size`` is sent, so that nothing is resized behind our back; ``size`` itself when it may stay."""
        ...

    def plan_request(self, scene: Scene, mode: Mode = "auto") -> Request:
        """Asks what to do."""
        ...

    def parse_plan(self, reply: Reply, scene: Scene) -> Decision | Zoom[Any]:
        """Reads what to do, or which part of the frame the model wants to see closer (a box in frame pixels).

        Raises:
            DialectError: It says nothing that can be done.
        """
        ...

    def ground_request(self, target: Target, image: ImagePart, after: Request | None = None) -> Request:
        """Asks where something is.

        Args:
            target: What is sought.
            image: The view to find it in.
            after: The plan of the same view, whose prompt this one shares through the image, for the server's cache.
        """
        ...

    def parse_ground(self, reply: Reply, target: Target, image: ImagePart) -> Located:
        """Reads where something is, in frame pixels.

        Raises:
            DialectError: It is no place.
        """
        ...
