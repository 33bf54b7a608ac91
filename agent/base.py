"""The Protocols of the agent: who decides, who finds, who may forbid, who can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..environments.base import Environment
from ..episodes.schema import Decision, GuardWord, Located, Observation, Reply, Request, Step, Task, View
from ..tools.actions import Act, Target


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


class Dialect(Protocol):
    """Words ↔ actions for one family of models. Pure: no I/O, no clock, no state."""

    def plan_request(self, task: Task, past: Sequence[Step], now: View) -> Request:
        """Asks what to do."""
        ...

    def parse_plan(self, reply: Reply, now: View) -> Decision:
        """Reads what to do.

        Raises:
            DialectError: It says nothing that can be done.
        """
        ...

    def ground_request(self, target: Target, view: View) -> Request:
        """Asks where something is."""
        ...

    def parse_ground(self, reply: Reply, view: View) -> Located:
        """Reads where something is.

        Raises:
            DialectError: It is no place.
        """
        ...
