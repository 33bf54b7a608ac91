"""A suite of questions in Inspect: a sample is a question, its answer a prediction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from inspect_ai import Task as InspectsTask
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from pydantic import BaseModel, ConfigDict

from ...agent.policies.model import Thinking
from ...agent.run import Interrupt
from ...episodes.schema import Item, Prediction
from ...tools.errors import ModelError
from ..replay.policy.mode import Asked, PolicyOptions
from ..suites.reading import open_data
from ..suites.step_names import open_steps
from ..suites.steps import BenchSteps
from .model import InspectModel
from .sharing import apart

PREDICTION = "handeye:prediction"
"""Where a sample's store holds what was answered."""


class QuestionWords(BaseModel):
    """What the command line says of a suite of questions; see `tasks.steps`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    data: str
    options: dict[str, str] = {}
    dialect: str | None = None
    mode: Literal["think", "direct", "auto"] = "think"
    vllm: bool | None = None


class _Read(NamedTuple):
    suite: BenchSteps
    items: dict[str, Item]


def question_task(words: QuestionWords) -> InspectsTask:
    """The task of a suite.

    Raises:
        UsageError: There is no such suite, or the data are not its own.
    """
    read = _read(words.suite, words.data, tuple(sorted(words.options.items())))
    samples = [
        Sample(
            id=item.id,
            input=item.task.goal or item.task.name,
            metadata={**item.groups, "cluster": item.cluster or item.id},
        )
        for item in read.items.values()
    ]
    return InspectsTask(
        dataset=MemoryDataset(samples, name=words.suite),
        solver=answer(words.model_dump(mode="json")),
        scorer=matched(words.suite, words.data, words.options),
        metadata={"suite": words.suite, "lacks": read.suite.lacks, "rules": read.suite.rules},
    )


@solver
def answer(words: Mapping[str, Any]) -> Solver:
    """Puts the sample's question to Inspect's model.

    Args:
        words: Of a `QuestionWords`.
    """
    said = QuestionWords.model_validate(words)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        del generate
        read = _read(said.suite, said.data, tuple(sorted(said.options.items())))
        item = read.items[str(state.sample_id)]
        interrupt = Interrupt()
        prediction = await apart(_ask(said, read.suite, item, interrupt), interrupt)
        if prediction.failed == "infrastructure":
            raise ModelError(prediction.error)
        state.store.set(PREDICTION, prediction.model_dump(mode="json"))
        replies = prediction.replies
        state.output = ModelOutput.from_content(str(state.model), replies[-1].text if replies else prediction.error)
        state.completed = True
        return state

    return solve


async def _ask(words: QuestionWords, suite: BenchSteps, item: Item, interrupt: Interrupt) -> Prediction:
    model = InspectModel(words.vllm, interrupt)
    options = PolicyOptions(model=model, dialect=words.dialect, thinking=Thinking(mode=words.mode))
    try:
        async with await Asked.open(options) as asked:
            return await (asked.place(item) if suite.asks == "place" else asked.answer(item))
    except asyncio.CancelledError:
        if model.limit is None:
            raise
        raise model.limit from None


@scorer(metrics=[accuracy(), stderr(cluster="cluster")])
def matched(suite: str, data: str, options: Mapping[str, str]) -> Scorer:
    """What the suite's rule makes of the answer; the standard error is that of the clusters (screenshots, episodes).

    Args:
        suite: Its name.
        data: What it was read from.
        options: Of the suite.
    """

    async def score(state: TaskState, target: Target) -> Score:
        del target
        read = _read(suite, data, tuple(sorted(options.items())))
        prediction = Prediction.model_validate(state.store.get(PREDICTION))
        found = read.suite.match(read.items[str(state.sample_id)], prediction)
        point = prediction.point
        return Score(
            value=found.value,
            answer=f"{point.x:g}, {point.y:g}" if point is not None else prediction.error,
            explanation=found.note,
            metadata={**found.parts, "success": found.success},
        )

    return score


@cache
def _read(suite: str, data: str, options: tuple[tuple[str, str], ...]) -> _Read:
    made = open_steps(suite, open_data(data), dict(options))
    return _Read(made, {item.id: item for item in made.items()})
