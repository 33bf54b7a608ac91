"""Replay as a test of our own code: model and world are as they were, and whatever we ask, find or do must be the same.

The first thing that differs ends it, and is shown.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...agent.base import Model
from ...agent.models.playback import PlaybackModel
from ...agent.policies.model import Thinking
from ...agent.recorded import RecordedGuard, RecordedPerson
from ...agent.run import Resources, Run, run_episode
from ...environments.recorded import RecordedEnvironment
from ...episodes.reader import Episode
from ...episodes.schema import Header, ModelInfo, Reply, Request
from ...tools.errors import ModelError, UsageError
from ...tools.secrets import Secrets
from .differing import outcome_difference, request_difference, step_difference

_POLICIES: dict[str, Literal["script", "model"]] = {"ScriptPolicy": "script", "ModelPolicy": "model"}


@dataclass(frozen=True)
class PlaybackOptions:
    """How it is played back.

    Attributes:
        world: ``recorded`` serves the recorded observations; ``anew`` starts the world that the task names, one that always shows the same.
        out: Folder for the episode that comes of it; by default it is not kept.
    """

    world: Literal["recorded", "anew"] = "recorded"
    out: Path | None = None


@dataclass(frozen=True)
class PlaybackReport:
    """What came of it.

    Attributes:
        steps: How many were the same.
        calls: How many requests were the same.
        where: What the first difference is in: ``step 3``, ``c0004 (plan)``, ``the outcome``; empty without one.
        difference: It, in lines; empty when all was the same.
        lacks: What the recording does not have → what that means.
    """

    steps: int
    calls: int
    where: str
    difference: str
    lacks: dict[str, str]

    @property
    def same(self) -> bool:
        """Whether nothing differed."""
        return not self.difference


async def playback(episode: Episode, options: PlaybackOptions | None = None) -> PlaybackReport:
    """Plays an episode back.

    Raises:
        UsageError: It cannot be: it was imported, gone on with by another process, or decided by a program of somebody's own.
    """
    options = options or PlaybackOptions()
    known = _check(episode)
    with tempfile.TemporaryDirectory(prefix="handeye-playback-") as folder:
        model = _Compared(episode) if episode.calls else None
        world = RecordedEnvironment(episode) if options.world == "recorded" else None
        run = Run(
            task=episode.header.task,
            out=options.out or Path(folder) / "episode",
            inputs=episode.header.inputs,
            # nothing is typed anywhere: any value will do, as long as no page shows it
            secrets=Secrets({name: f"the secret {name} in a playback" for name in episode.header.task.secrets}),
            guard=RecordedGuard(episode),
            person=RecordedPerson(episode),
            world=world,
            policy=known,
            model=model,
            dialect=_dialect_of(episode.header),
            thinking=_thinking_of(episode.header),
            grounders=episode.header.grounders,
        )
        async with Resources() as resources:
            again = await run_episode(run, resources)
        return await asyncio.to_thread(_report, episode, again, model)


def _check(episode: Episode) -> Literal["script", "model"]:
    header = episode.header
    if header.imported is not None:
        raise UsageError(
            f"{episode.path} was made of a recording of {header.imported.format}, which has neither the requests nor the replies of its"
            " model: there is nothing to play back",
            remedy="a model can be asked about its steps: --mode policy",
        )
    if episode.resumed:
        raise UsageError(f"{episode.path} was gone on with by another process, and cannot be played back in one go")
    known = _POLICIES.get(header.policy.rpartition(":")[2])
    if known is None:
        raise UsageError(
            f"{episode.path} was decided by {header.policy or 'nobody that it names'}, not by handeye's own"
        )
    if not episode.observations:
        raise UsageError(f"{episode.path} broke off before anything was seen: there is nothing to play back")
    return known


def _dialect_of(header: Header) -> str | None:
    name = header.model.sampling.get("dialect") if header.model is not None else None
    return name if isinstance(name, str) else None


def _thinking_of(header: Header) -> Thinking:
    sampling = header.model.sampling if header.model is not None else {}
    return Thinking.model_validate({name: sampling[name] for name in Thinking.model_fields if name in sampling})


def _report(then: Episode, now: Episode, model: _Compared | None) -> PlaybackReport:
    lacks = {}
    outcome = then.outcome
    whole = outcome is not None and outcome.stop != "interrupted"
    if not whole:
        lacks["end"] = "the recording broke off: what is in it is played back, and what comes after it is not compared"
    where, difference, same = _steps(then, now)
    if not difference and model is not None and (whole or model.same < len(then.calls)):
        where, difference = model.where, model.difference
    if not difference and whole and model is not None and model.same < len(then.calls):
        where, difference = "the calls", f"{model.same} of {len(then.calls)} requests were made"
    if not difference and whole:
        where, difference = "the outcome", outcome_difference(then, now)
        if difference and now.outcome is not None:
            difference += f"\n{now.outcome.message}"
    return PlaybackReport(same, model.same if model is not None else 0, where if difference else "", difference, lacks)


def _steps(then: Episode, now: Episode) -> tuple[str, str, int]:
    """Where the first step differs, how, and how many before it do not."""
    done = [step for step in then.steps if not step.unknown]
    for number, (before, after) in enumerate(zip(done, now.steps, strict=False)):
        if difference := step_difference(before, after):
            return f"step {before.index}", difference, number
    return "", "", min(len(done), len(now.steps))


class _Compared:
    """The recorded replies, and in what a request differs."""

    def __init__(self, episode: Episode) -> None:
        self.where = self.difference = ""
        self.same = 0
        self._episode = episode
        self._calls = tuple(episode.calls.values())
        self._model: Model = PlaybackModel(episode)

    async def complete(self, request: Request) -> Reply:
        """See `Model.complete`."""
        number = self.same
        try:
            reply = await self._model.complete(request)
        except ModelError as error:
            if number >= len(self._calls):
                self.where, self.difference = "the calls", error.message
                raise
            call = self._calls[number]
            self.difference = await asyncio.to_thread(request_difference, self._episode, call, request)
            if self.difference:
                self.where = f"{call.id} ({call.purpose})"
            else:
                # it failed then, too
                self.same += 1
            raise
        self.same += 1
        return reply

    async def describe(self) -> ModelInfo:
        """See `Model.describe`."""
        return await self._model.describe()

    async def close(self) -> None:
        """See `Model.close`."""
