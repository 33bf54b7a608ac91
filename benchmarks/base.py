"""The Protocols of the benchmarks: where questions come from, and what an answer to them is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from ..environments.base import Environment
from ..episodes.reader import Episode
from ..episodes.schema import Evidence, Item, Prediction, Probe, Score, Seed, Task


class Suite(Protocol):
    """Live tasks: each makes an episode in a world, and an episode is scored.

    A suite is made by name with options in words (``-c suite.clock=raised``), again in each process that runs it; it must offer the same
    tasks in each.
    """

    @property
    def version(self) -> str:
        """Of what its tasks are made of: the pages' package, a hash of the files. Part of the revision of each task."""
        ...

    def tasks(self) -> Iterable[Task]:
        """The tasks, of unique names, as they are begun without a seed of the run's own; always the same in the same order."""
        ...

    def score(self, task: Task, episode: Episode) -> Score:
        """What an episode of the task is worth, from the episode alone. Never asked about one that the infrastructure failed."""
        ...


@runtime_checkable
class Grouped(Protocol):
    """A suite whose tasks are counted together in groups; of others each task is its own."""

    def group(self, task: Task) -> str:
        """Name of the task's group."""
        ...


@runtime_checkable
class Seeded(Protocol):
    """A suite that begins a task with a seed in its own way; of others the seed goes into `Start.seed`."""

    def seeded(self, task: Task, seed: Seed) -> Task:
        """The task, begun with that seed."""
        ...


@runtime_checkable
class ReadsRequests(Protocol):
    """A suite whose scores read what pages asked for: its episodes are run with ``--record-requests``."""

    @property
    def records_requests(self) -> bool:
        """Whether they do."""
        ...


class Pay(NamedTuple):
    """What a world is worth at one moment, in mid-episode.

    Attributes:
        ended: The world counts the task as ended: nothing done from here on changes what it is worth.
        parts: Measures by name. ``strict`` is 1 where the task is solved, else 0.
    """

    ended: bool
    parts: dict[str, float]


@runtime_checkable
class Pays(Protocol):
    """A suite whose world says at each moment what it is worth, and in words what it asks for; of others the postconditions say it."""

    @property
    def instruction(self) -> Probe:
        """Where a world that has begun says what it asks for."""
        ...

    def pay(self, found: Sequence[Evidence]) -> Pay | None:
        """What a world is worth by what the task's probes found; None when it does not say."""
        ...


@runtime_checkable
class Selective(Protocol):
    """A suite some of whose tasks cannot be run: they are left out, and counted as left out."""

    def refuses(self, task: Task) -> str:
        """Why a task cannot be run; empty where it can."""
        ...


@runtime_checkable
class MakesWorld(Protocol):
    """A suite whose tasks run in worlds that it was told of; of others the task names its environment."""

    def world(self, task: Task) -> Environment:
        """The world for one episode of a task, not begun yet."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """A suite of which only so many tasks can run side by side."""

    @property
    def at_once(self) -> int:
        """How many."""
        ...


def with_seed(suite: Suite, task: Task, seed: Seed) -> Task:
    """The task of a suite, begun with a seed; None leaves it as it is."""
    if seed is None:
        return task
    if isinstance(suite, Seeded):
        return suite.seeded(task, seed)
    return task.model_copy(update={"start": task.start.model_copy(update={"seed": seed})})


def group_of(suite: Suite, task: Task) -> str:
    """What the task is counted under."""
    return suite.group(task) if isinstance(suite, Grouped) else task.name


def score_outcome(episode: Episode) -> Score:
    """What an episode is worth by its own postconditions: 1 when all held; nobody knows when there are none."""
    outcome = episode.outcome
    if outcome is None or outcome.status == "infrastructure":
        return Score(value=0, success=None, note="it has no outcome")
    if outcome.status == "unverified":
        return Score(value=0, success=None, note=outcome.message)
    return Score(value=float(outcome.status == "passed"), success=outcome.status == "passed", note=outcome.message)


class StepSuite(Protocol):
    """Questions about recorded steps, teacher-forced, or about single screenshots: there is no environment."""

    def items(self) -> Iterable[Item]:
        """The questions. Each call begins anew; one is made when it is asked for, so that there may be any number of them."""
        ...

    def match(self, item: Item, prediction: Prediction) -> Score:
        """What an answer is worth. Never asked about one that the infrastructure failed to give."""
        ...
