"""A live suite in Inspect: a sample is a task with a seed, its answer is an episode."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Task as InspectsTask
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from pydantic import BaseModel, ConfigDict

from ...agent.face import secrets_of
from ...agent.policies.model import Thinking
from ...agent.run import Interrupt, Resources, Run, run_episode
from ...episodes.reader import Episode
from ...episodes.schema import Outcome, Task
from ...tools.errors import EnvironmentFailed, EpisodeError, HandeyeError, ModelError, UsageError
from ..base import Suite, with_seed
from ..runner.plan import key_of, plan
from ..runner.policies import decided, named, refusal
from ..runner.seeds import literals
from ..suites.names import open_suite
from .model import InspectModel
from .sharing import Shared, apart

EPISODE = "handeye:episode"
"""Where a sample's store, and its metadata, name the folder of its episode."""
_ASKED = "model"


class LiveWords(BaseModel):
    """What the command line says of a live suite; see `tasks.miniwob`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    options: dict[str, str] = {}
    tasks: tuple[str, ...] = ()
    seeds: str | None = None
    policy: str = _ASKED
    dialect: str | None = None
    mode: Literal["think", "direct", "auto"] = "think"
    budget: dict[str, float] = {}
    episodes: str
    vllm: bool | None = None


def live_task(words: LiveWords) -> InspectsTask:
    """The task of a suite.

    Raises:
        UsageError: There is no such suite, task, seed or policy.
    """
    made = _suite(words.suite, tuple(sorted(words.options.items())))
    named(words.policy, None if words.policy != _ASKED else "inspect")
    rows, left_out = plan(
        made,
        seeds=literals(words.seeds) if words.seeds is not None else (None,),
        only=words.tasks,
        refused=refusal(words.policy),
    )
    goals = {task.name: task.goal for task in made.tasks()}
    samples = [
        Sample(
            id=row.key,
            input=goals[row.task] or row.task,
            metadata={"task": row.task, "seed": row.seed, "group": row.group, "revision": row.revision},
        )
        for row in rows
    ]
    return InspectsTask(
        dataset=MemoryDataset(samples, name=words.suite),
        solver=episode(words.model_dump(mode="json")),
        scorer=_scored(words, clustered=len({row.task for row in rows}) < len(rows)),
        version=made.version,
        metadata={"suite": words.suite, "left_out": left_out},
    )


@solver
def episode(words: Mapping[str, Any]) -> Solver:
    """Has the sample's task done by our loop, with Inspect's model.

    Args:
        words: Of a `LiveWords`.
    """
    read = LiveWords.model_validate(words)
    shared = Shared()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        del generate
        interrupt = Interrupt()
        out = _folder(read, state)
        state.metadata[EPISODE] = str(out)
        state.store.set(EPISODE, str(out))
        outcome = (await apart(_play(read, state, out, shared, interrupt), interrupt)).outcome
        if outcome is None or outcome.status == "infrastructure":
            raise _broken(outcome, out)
        state.output = ModelOutput.from_content(
            str(state.model), outcome.answer or f"{outcome.status}: {outcome.message}"
        )
        state.completed = True
        return state

    return solve


async def _play(words: LiveWords, state: TaskState, out: Path, shared: Shared, interrupt: Interrupt) -> Episode:
    async with shared.held() as resources:
        run = _run(words, state, out, resources, interrupt)
        made = await run_episode(run, resources, interrupt)
    if isinstance(run.model, InspectModel) and run.model.limit is not None:
        raise run.model.limit
    return made


def _run(words: LiveWords, state: TaskState, out: Path, resources: Resources, interrupt: Interrupt) -> Run:
    made = _suite(words.suite, tuple(sorted(words.options.items())))
    task = _budgeted(with_seed(made, _task(made, state.metadata["task"]), state.metadata["seed"]), words.budget)
    run = Run(
        task=task,
        out=out,
        secrets=secrets_of(task),
        dialect=words.dialect,
        thinking=Thinking(mode=words.mode),
    )
    if words.policy == _ASKED:
        return replace(run, policy="model", model=InspectModel(words.vllm, interrupt))
    return decided(run, words.policy, None, str(state.sample_id), resources)


def _scored(words: LiveWords, *, clustered: bool) -> Scorer:
    """Seeds of one task are no independent samples: the standard error is that of the tasks' means."""
    if clustered:
        return solved_by_task(words.suite, words.options)
    return solved(words.suite, words.options)


@scorer(metrics=[accuracy(), stderr()])
def solved(suite: str, options: Mapping[str, str]) -> Scorer:
    """Whether the suite counts the episode as solved.

    Args:
        suite: Its name.
        options: Of the suite.
    """
    return _score_of(suite, options)


@scorer(metrics=[accuracy(), stderr(cluster="task")], name="solved")
def solved_by_task(suite: str, options: Mapping[str, str]) -> Scorer:
    """`solved`, of tasks with several seeds each."""
    return _score_of(suite, options)


def _score_of(suite: str, options: Mapping[str, str]) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        del target
        made = _suite(suite, tuple(sorted(options.items())))
        where = Path(state.store.get(EPISODE, ""))
        found = made.score(_task(made, state.metadata["task"]), Episode.open(where))
        known: dict[str, Any] = {**found.parts, "value": found.value, "episode": str(where)}
        if found.success is None:
            return Score.unscored(explanation=found.note or "nobody knows whether it is solved", metadata=known)
        return Score(value=float(found.success), explanation=found.note or str(where), metadata=known)

    return score


@cache
def _suite(name: str, options: tuple[tuple[str, str], ...]) -> Suite:
    return open_suite(name, dict(options))


def _task(suite: Suite, name: str) -> Task:
    found = next((each for each in suite.tasks() if each.name == name), None)
    if found is None:
        raise UsageError(f"the suite no longer has the task {name!r}")
    return found


def _budgeted(task: Task, budget: Mapping[str, float]) -> Task:
    return (
        Task.model_validate({**task.model_dump(), "budget": {**task.budget.model_dump(), **budget}}) if budget else task
    )


def _folder(words: LiveWords, state: TaskState) -> Path:
    """One for each try: an epoch, or a retry, is another episode of the same sample."""
    key = key_of(state.metadata["task"], state.metadata["seed"], state.epoch - 1)
    return Path(words.episodes).absolute() / f"{key}-{uuid.uuid4().hex[:8]}"


def _broken(outcome: Outcome | None, out: Path) -> HandeyeError:
    message = f"{outcome.message if outcome is not None else 'it has no outcome'} (handeye view {out})"
    kinds: dict[str, type[HandeyeError]] = {"model": ModelError, "environment": EnvironmentFailed}
    kind = kinds.get(outcome.stop, EpisodeError) if outcome is not None else EpisodeError
    return kind(message, remedy=outcome.problem.remedy if outcome is not None and outcome.problem is not None else "")
