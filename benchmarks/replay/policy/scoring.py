"""Puts questions to whoever answers, so many at once, and scores the answers; every one is on the disk as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ....episodes.schema import Item, Prediction, Score, Scored, ScoringHeader
from ....episodes.scores import ScoresWriter
from ...base import StepSuite
from .tally import PolicyReport

Answering = Callable[[Item], Awaitable[Prediction]]

_DOWN = 2
"""After so many failures of the infrastructure in a row, times the concurrency, nobody is asked any more: it is gone."""


@dataclass(frozen=True)
class Pace:
    """How questions are put.

    Attributes:
        concurrency: So many at once.
        rounds: How often a question is put in all when the infrastructure fails, beyond what a model's client tries by itself.
        watch: Told of every answer and score as it comes.
    """

    concurrency: int = 64
    rounds: int = 2
    watch: Callable[[Scored], None] | None = None


async def score(
    suite: StepSuite,
    answer: Answering,
    header: ScoringHeader,
    pace: Pace,
    out: Path | None = None,
) -> PolicyReport:
    """Puts the questions of any suite, so many at once, and scores the answers.

    What the infrastructure failed at is put again when all else was answered, `Pace.rounds` times in all; when it fails again and
    again with nothing answered in between, no more is asked.

    Args:
        suite: Where questions come from, and what answers are worth.
        answer: Answers one.
        header: Written before the first answer.
        pace: How many at once, and how often.
        out: Folder for the scores; what is answered there already is not asked again.

    Raises:
        EpisodeError: The scores cannot be written.
        UsageError: The folder holds another scoring.
    """
    writer = await asyncio.to_thread(ScoresWriter, out, header) if out is not None else None
    asking = _Asking(suite, answer, pace, writer)
    try:
        await asking.all()
    finally:
        if writer is not None:
            await asyncio.to_thread(writer.close)
    order = {name: at for at, name in enumerate(asking.verbs)}
    scored = sorted(asking.scored.values(), key=lambda each: order[each.prediction.item])
    return PolicyReport(header, tuple(scored), len(order), asking.verbs, out)


class _Asking:
    """One scoring under way."""

    def __init__(self, suite: StepSuite, answer: Answering, pace: Pace, writer: ScoresWriter | None) -> None:
        self.scored: dict[str, Scored] = {}
        self.verbs: dict[str, str] = {}
        self._suite, self._answer, self._pace, self._writer = suite, answer, pace, writer
        self._there = writer.there if writer is not None else {}
        self._in_a_row = 0

    async def all(self) -> None:
        for _ in range(max(1, self._pace.rounds)):
            waiting = self._open()
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(max(1, self._pace.concurrency)):
                        group.create_task(self._work(waiting))
            except BaseExceptionGroup as errors:
                # the first is what went wrong, the others were cut off by it
                raise _first(errors) from None
            if self._down or all(name in self.scored and not _failed(self.scored[name]) for name in self.verbs):
                return

    @property
    def _down(self) -> bool:
        return self._in_a_row >= _DOWN * self._pace.concurrency

    def _open(self) -> Iterator[Item]:
        """The questions that have no answer yet."""
        for item in self._suite.items():
            verb = (item.truth[0].action or item.truth[0].intent).verb if item.truth else ""
            self.verbs.setdefault(item.id, verb)
            there = self.scored.get(item.id) or self._there.get(item.id)
            if there is not None and not _failed(there):
                self.scored[item.id] = there
            elif not self._down:
                yield item

    async def _work(self, waiting: Iterable[Item]) -> None:
        for item in waiting:
            prediction = await self._answer(item)
            before = self.scored.get(item.id)
            if before is not None:
                prediction = prediction.model_copy(update={"tries": before.prediction.tries + 1})
            if prediction.failed == "infrastructure":
                self._in_a_row += 1
                worth = Score(value=0, success=None, note=prediction.error)
            else:
                self._in_a_row = 0
                worth = self._suite.match(item, prediction)
            scored = self.scored[item.id] = Scored(
                prediction=prediction, score=worth, groups=item.groups, cluster=item.cluster, steps=item.steps
            )
            if self._writer is not None:
                self._writer.put(scored)
            if self._pace.watch is not None:
                self._pace.watch(scored)
            # what it was shown goes before the next is read
            del item


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _failed(scored: Scored) -> bool:
    return scored.prediction.failed == "infrastructure"
