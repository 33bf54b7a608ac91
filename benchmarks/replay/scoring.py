"""Puts questions to whoever answers, so many at once, and scores the answers; every one is on the disk as soon as it is there."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...episodes.schema import Item, Prediction, Score, Scored, ScoringHeader
from ...episodes.scores import ScoresWriter
from ...tools.actions import Fail
from ..base import StepSuite

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


class Summary(NamedTuple):
    """What the answers come to.

    Attributes:
        items: Questions.
        right: Answers that score as right.
        wrong: All other answers, those that do not parse and those that give up among them.
        unparsed: Answers that say nothing that can be done.
        gave_up: Answers that say `Fail`, or that the policy could not give.
        infrastructure: Questions without an answer: nobody's failure, and not among the wrong ones.
        unasked: Of these, those that were not put any more, because nothing answered.
        parts: Name of a part → (its mean, over how many answers).
        by_verb: Verb of what was done → (right, answers).
        seconds: Median and 95th percentile of the time of an answer; None without any.
        tokens: Prompt and completion.
    """

    items: int
    right: int
    wrong: int
    unparsed: int
    gave_up: int
    infrastructure: int
    unasked: int
    parts: dict[str, tuple[float, int]]
    by_verb: dict[str, tuple[int, int]]
    seconds: tuple[float, float] | None
    tokens: tuple[int, int]

    @property
    def rate(self) -> float | None:
        """Share of right answers among all answers; None without any."""
        answers = self.right + self.wrong
        return self.right / answers if answers else None


@dataclass(frozen=True)
class PolicyReport:
    """What was asked and what came of it.

    Attributes:
        header: Who was asked what, what was left out, what the recording lacks.
        scored: Every answer and its score, in the order of the steps.
        items: How many questions there were.
        verbs: Item → the verb of what was done.
    """

    header: ScoringHeader
    scored: tuple[Scored, ...]
    items: int
    verbs: dict[str, str]

    def summary(self) -> Summary:
        """What the answers come to."""
        answers = [each for each in self.scored if each.prediction.failed != "infrastructure"]
        right = [each for each in answers if each.score.success]
        verbs = Counter(self.verbs.get(each.prediction.item, "") for each in answers)
        hits = Counter(self.verbs.get(each.prediction.item, "") for each in right)
        names = dict.fromkeys(name for each in answers for name in each.score.parts)
        values = {name: [each.score.parts[name] for each in answers if name in each.score.parts] for name in names}
        times = sorted(each.prediction.seconds for each in answers)
        replies = [reply for each in self.scored for reply in each.prediction.replies]
        return Summary(
            items=self.items,
            right=len(right),
            wrong=len(answers) - len(right),
            unparsed=sum(each.prediction.failed == "parse" for each in answers),
            gave_up=sum(map(_gave_up, answers)),
            infrastructure=self.items - len(answers),
            unasked=self.items - len(self.scored),
            parts={name: (statistics.fmean(each), len(each)) for name, each in values.items()},
            by_verb={verb: (hits[verb], count) for verb, count in sorted(verbs.items())},
            seconds=(statistics.median(times), times[int(len(times) * 0.95)]) if times else None,
            tokens=(sum(each.usage.prompt for each in replies), sum(each.usage.completion for each in replies)),
        )


def _gave_up(each: Scored) -> bool:
    said = each.prediction
    return said.failed == "action" or (said.decision is not None and isinstance(said.decision.intent, Fail))


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
    return PolicyReport(header, tuple(scored), len(order), asking.verbs)


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
            scored = self.scored[item.id] = Scored(prediction=prediction, score=worth)
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
