"""What is allowed: the guard's word stands in every step's record, before the act."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..episodes.schema import Decision, GuardWord, Observation
from ..tools.actions import Act, AnswerDialog, Upload
from .base import Guard, Person


class OpenGuard:
    """Allows everything: for scripts that a person wrote."""

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        return GuardWord(rule="open")


class FilesGuard:
    """Refuses to hand out files that no person named, whatever a page or a model says; asks another guard about all else.

    Args:
        why_not: Why a path may not be handed out; empty when it may. Asked beside the loop: it may look at the disk.
        guard: Asked about everything that is not refused here.
    """

    def __init__(self, why_not: Callable[[str], str], guard: Guard) -> None:
        self._why_not = why_not
        self._guard = guard

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        paths = act.paths if isinstance(act, Upload | AnswerDialog) else ()
        for path in paths:
            if reason := await asyncio.to_thread(self._why_not, path):
                return GuardWord(allowed=False, rule="files", reason=reason)
        return await self._guard.judge(decision, act, now)


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
