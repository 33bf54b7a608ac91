"""The record of an episode that somebody else's loop plays: as any of ours it can be viewed, replayed and scored."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...agent.record import Record, problem_of
from ...agent.versions import versions
from ...environments.base import Environment, Stepped
from ...episodes.schema import (
    Decision,
    Evidence,
    Header,
    Json,
    Observation,
    Outcome,
    Status,
    Stop,
    Task,
    Verdict,
)
from ...episodes.writer import EpisodeWriter
from ...tools.actions import Act
from ...tools.errors import ActionError, HandeyeError
from ...tools.secrets import Secrets
from ...tools.words import slug


class Recording:
    """Writes one episode.

    Args:
        folder: In which a folder of its own is made.
        task: What is asked, with its seed.
        secrets: Never written.

    Raises:
        EpisodeUnwritable: It cannot be made.
    """

    def __init__(self, folder: Path, task: Task, secrets: Secrets) -> None:
        created = datetime.now(UTC).astimezone()
        name = uuid.uuid4().hex
        header = Header(
            id=name,
            created=created.isoformat(timespec="seconds"),
            task=task,
            policy="gymnasium",
            versions=versions(),
            redactions=secrets.names,
        )
        # side by side with those of other environments: a moment is not enough to tell them apart
        self.path = folder / f"{created:%Y%m%d-%H%M%S}-{slug(task.name)}-{name[:8]}"
        self._writer = EpisodeWriter(self.path, header, secrets)
        self._record = Record(self._writer)

    def began(self, saw: Observation, world: dict[str, Json]) -> None:
        """The world has begun, and what it is is known."""
        self._record.saw(saw)
        self._record.describe(self._writer.header.model_copy(update={"environment": world}))

    async def act(self, decision: Decision, act: Act, saw: Observation, world: Environment) -> Stepped:
        """Acts, and writes it down before and after.

        Raises:
            EnvironmentFailed: The world failed; that is written, too.
            EpisodeUnwritable: It cannot be written; if it could not before acting, nothing was done.
        """
        self._record.start()
        step = await self._record.begin(saw, decision, act=act)
        try:
            came = await world.step(act, on=saw.id)
        except HandeyeError as error:
            await self._record.end(step, error=error)
            raise
        await self._record.end(step, came)
        return came

    async def say(self, decision: Decision, saw: Observation, error: ActionError | None) -> None:
        """Writes what was said."""
        self._record.start()
        await self._record.end(await self._record.begin(saw, decision), error=error)

    async def end(self, stop: Stop, solved: bool, verdicts: Sequence[Verdict], evidence: Sequence[Evidence]) -> None:
        """Writes how it ended."""
        status: Status = "passed" if solved else "unverified" if stop == "interrupted" else "failed"
        message = "" if stop != "interrupted" else "it was begun anew, or closed, before it had ended"
        await self._close(
            Outcome(status=status, stop=stop, message=message, verdicts=tuple(verdicts), evidence=tuple(evidence))
        )

    async def broke(self, error: HandeyeError) -> None:
        """Writes that its world failed."""
        await self._close(
            Outcome(status="infrastructure", stop="environment", message=error.message, problem=problem_of(error))
        )

    async def _close(self, outcome: Outcome) -> None:
        figures = {"steps": len(self._record.past), "seconds": round(self._record.seconds(), 3)}
        outcome = outcome.model_copy(update=figures)
        await self._record.close(self._writer.header.model_copy(update={"outcome": outcome}))
