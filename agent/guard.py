"""What is allowed: the guard's word stands in every step's record, before the act."""

from __future__ import annotations

from ..episodes.schema import Decision, GuardWord, Observation
from ..tools.actions import Act
from .base import Person


class OpenGuard:
    """Allows everything: for scripts that a person wrote."""

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        return GuardWord(rule="open")


class ApprovalGuard:
    """Asks a person before anything is done.

    Args:
        person: Whom to ask.
    """

    def __init__(self, person: Person) -> None:
        self._person = person

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        allowed = await self._person.approve(decision, now)
        return GuardWord(allowed=allowed, rule="approval", reason="" if allowed else "the person said no")
