"""One row of a run: makes its episode, has it scored, and sums up both."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from ...agent.face import secrets_of
from ...agent.policies.model import Thinking
from ...agent.run import Interrupt, Resources, Run, run_episode
from ...episodes.reader import Episode
from ...episodes.schema import BenchHeader, BenchResult, BenchRow, Found, Step, Task
from ...tools.errors import EpisodeError, HandeyeError, UsageError
from ..base import MakesWorld, ReadsRequests, Suite, with_seed
from ..suites.names import open_suite
from .folder import RunFolder
from .plan import revision_of
from .policies import decided

_DIGITS = 4
"""Of seconds: a tenth of a millisecond."""


class Rows:
    """What a process needs to run rows of one run.

    Args:
        folder: Of the run.
        resources: What its rows share.
        interrupt: Ends them.
    """

    def __init__(self, folder: RunFolder, resources: Resources, interrupt: Interrupt | None = None) -> None:
        self.folder = folder
        self._resources = resources
        self._interrupt = interrupt or Interrupt()

    @cached_property
    def header(self) -> BenchHeader:
        """What is run."""
        return self.folder.header()

    @cached_property
    def planned(self) -> Mapping[str, BenchRow]:
        """The plan, by key."""
        return {row.key: row for row in self.folder.rows()}

    @cached_property
    def suite(self) -> Suite:
        """Whose tasks."""
        return open_suite(self.header.suite, self.header.options)

    @cached_property
    def _tasks(self) -> Mapping[str, Task]:
        return {task.name: task for task in self.suite.tasks()}

    def task(self, row: BenchRow) -> Task:
        """The task of a row, with its seed.

        Raises:
            UsageError: The suite has it no more, or another revision of it.
        """
        task = self._tasks.get(row.task)
        if task is None or revision_of(self.suite, task) != row.revision:
            was = "no longer has" if task is None else "has another revision of"
            raise UsageError(
                f"the suite {self.header.suite!r} {was} the task {row.task!r}", remedy="name another folder with --out"
            )
        return with_seed(self.suite, task, row.seed)

    async def result(self, key: str, attempt: int, broken: tuple[str, ...] = ()) -> BenchResult:
        """Makes the episode of a row. Nothing is claimed yet.

        A mistake in the task, a world or model that fails, an episode that cannot be written: all of them are the result *infrastructure*.
        """
        row = self.planned[key]
        out = self.folder.episode(key)
        try:
            task = self.task(row)
            episode = await run_episode(self._run(task, out, key), self._resources, self._interrupt)
            return await asyncio.to_thread(self._sum_up, row, task, episode, attempt, broken)
        except HandeyeError as error:
            return BenchResult(
                row=row,
                status="infrastructure",
                stop="task" if isinstance(error, UsageError) else "environment",
                message=str(error),
                attempt=attempt,
                broken=broken,
                episode=await asyncio.to_thread(self._kept, out),
            )

    def _run(self, task: Task, out: Path, key: str) -> Run:
        thinking = Thinking.model_validate(self.header.thinking)
        run = Run(
            task=task,
            out=out,
            secrets=secrets_of(task),
            dialect=self.header.dialect,
            thinking=thinking,
            world=self.suite.world(task) if isinstance(self.suite, MakesWorld) else None,
            record_requests=isinstance(self.suite, ReadsRequests) and self.suite.records_requests,
        )
        return decided(run, self.header.policy, self.header.model, key, self._resources)

    def _kept(self, out: Path) -> str:
        """What there is of an episode that failed."""
        with contextlib.suppress(EpisodeError):
            return self.folder.keep(out)
        return ""

    def _sum_up(
        self, row: BenchRow, task: Task, episode: Episode, attempt: int, broken: tuple[str, ...]
    ) -> BenchResult:
        outcome = episode.outcome
        if outcome is None:
            raise EpisodeError(f"{episode.path} has no outcome")
        usages = [call.reply.usage for call in episode.calls.values() if call.reply is not None]
        cached = [each.cached for each in usages if each.cached is not None]
        broke = outcome.status == "infrastructure"
        score = None if broke else self.suite.score(task, episode)
        return BenchResult(
            row=row,
            status=outcome.status,
            score=score,
            stop=outcome.stop,
            message=outcome.message,
            steps=outcome.steps,
            budget=task.budget.steps,
            seconds=outcome.seconds,
            calls=len(episode.calls),
            retries=sum(call.purpose == "retry" for call in episode.calls.values()),
            prompt=sum(each.prompt for each in usages),
            completion=sum(each.completion for each in usages),
            cached=sum(cached) if cached else None,
            views=Counter(str(view) for call in episode.calls.values() for view in call.views),
            stages=_stages(episode.steps),
            repaired=sum(map(_found_by_model, episode.steps)) if self.header.policy == "script+repair" else 0,
            attempt=attempt,
            broken=broken,
            episode=self.folder.keep(episode.path),
            model=episode.header.model,
        )


def _stages(steps: list[Step]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for step in steps:
        for name, seconds in step.timings.items():
            found.setdefault(name, []).append(round(seconds, _DIGITS))
    return {name: tuple(values) for name, values in found.items()}


def _found_by_model(step: Step) -> bool:
    return any(isinstance(each, Found) and each.place.source == "model" for each in step.located)
