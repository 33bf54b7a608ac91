"""What is allowed: the guard's word stands in every step's record, before the act."""

from __future__ import annotations

from collections.abc import Collection

from ..episodes.schema import Decision, GuardWord, Observation
from ..tools.actions import Act, Upload
from .base import Guard, Person


class OpenGuard:
    """Allows everything: for scripts that a person wrote."""

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        return GuardWord(rule="open")


class FilesGuard:
    """Refuses to hand out files that no person named, whatever a page or a model says; asks another guard about all else.

    Args:
        files: Paths that may be uploaded.
        guard: Asked about everything that is not refused here.
    """

    def __init__(self, files: Collection[str], guard: Guard) -> None:
        self._files = frozenset(files)
        self._guard = guard

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        strange = [path for path in act.paths if path not in self._files] if isinstance(act, Upload) else []
        if strange:
            reason = f"{strange[0]} is not a file that this task was given as an input"
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
