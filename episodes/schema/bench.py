"""A run of a suite on disk: ``run.json``, a line of ``plan.jsonl`` and of ``journal.jsonl``, a file of ``results/``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ...tools.secrets import OURS
from .base import Json, Record
from .outcome import ModelInfo, Score, Status

Seed = int | str | None
"""Exact JavaScript literal: ``1`` and ``"1"`` are two seeds; None leaves the task's own."""


class BenchRow(Record):
    """A line of ``plan.jsonl``: one episode that is wanted.

    Attributes:
        key: Unique in the run, and the name of its file in ``results/``.
        task: Name of the task, unique in the suite.
        group: What tasks are counted together under.
        seed: What the task is begun with.
        repeat: Which of the tries with the same seed, from 0.
        revision: Hash of the task without its seed: of another revision is another task.
    """

    key: Annotated[str, OURS]
    task: str
    group: str
    seed: Seed = None
    repeat: int = Field(default=0, ge=0)
    revision: Annotated[str, OURS]


class BenchHeader(Record):
    """``run.json``: what is run, written before the first episode; the shards of one run share it.

    Attributes:
        format: Version of the format of episodes, which this one shares.
        created: Wall-clock time of the start, ISO 8601 with offset.
        suite: Short name or dotted path.
        options: Given to the suite.
        version: The suite's own: of the pages, of the files.
        policy: Who decides, as it was named.
        model: Where the model is, as it was named; None without one.
        dialect: The dialect it speaks, where that was named.
        seeds: What each task is begun with.
        repeats: Tries with each seed.
        thinking: How a model is asked to plan.
        versions: Of this package, Python, and what it stands on.
        host: What it ran on: system, processors, memory. Neither names nor paths.
        left_out: Why a task is not run → how many of these there are.
    """

    format: int
    created: Annotated[str, OURS]
    suite: str
    options: dict[str, str] = {}
    version: str = ""
    policy: str
    model: str | None = None
    dialect: str | None = None
    seeds: tuple[Seed, ...] = (None,)
    repeats: int = Field(default=1, ge=1)
    thinking: dict[str, Json] = {}
    versions: dict[str, str] = {}
    host: dict[str, Json] = {}
    left_out: dict[str, int] = {}


class BenchResult(Record):
    """``results/KEY.json``: how a row of the plan ended. There is one, and the first that is written stays.

    Attributes:
        row: What was asked.
        status: What the episode counts as by its own outcome; ``infrastructure`` also where there is no episode.
        score: What the suite says; None where the infrastructure failed.
        stop: Why its loop stopped; empty where there is no episode.
        message: What happened, for a person.
        steps: That were taken.
        budget: Steps that it might have taken; 0 where that is not known.
        seconds: That the episode took.
        calls: Of the model.
        retries: Of these, those made because the words before said nothing that can be done.
        prompt: Tokens that it was sent, and `completion` those that it wrote.
        cached: Of those sent, how many its server had in its cache; None where it does not say.
        views: ``1280x720 as 1024x576``, what a model was to see and the size in which it was sent → how often.
        stages: Seconds of each part of a step (``decide``, ``act`` …), a number for each step that had it.
        repaired: Steps of a script whose target a model had to find.
        attempt: Which attempt this was, from 1.
        broken: Why each attempt before broke.
        episode: Its folder, relative to the run's; empty where there is none.
        model: Which model decided.
    """

    row: BenchRow
    status: Status
    score: Score | None = None
    stop: str = ""
    message: str = ""
    steps: int = 0
    budget: int = 0
    seconds: float = 0
    calls: int = 0
    retries: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int | None = None
    views: dict[str, int] = {}
    stages: dict[str, tuple[float, ...]] = {}
    repaired: int = 0
    attempt: int = 1
    broken: tuple[str, ...] = ()
    episode: str = ""
    model: ModelInfo | None = None

    @property
    def success(self) -> bool | None:
        """Whether it counts as solved; None when that cannot be told."""
        return self.score.success if self.score is not None else None


class JournalLine(Record):
    """A line of ``journal.jsonl``: what the runner did, in order.

    Attributes:
        kind: ``began`` the runner did, again after a crash · ``claimed`` a row for an attempt · ``broken`` that attempt, through the
            row's fault or not (`counts`) · ``finished`` the row, which then has a result · ``redone`` that was set aside, to be run again
            with all its attempts.
        at: Wall-clock time, ISO 8601 with offset.
        row: Key of the row.
        attempt: From 1.
        pid: Of the process that has it.
        counts: Whether a broken attempt is one of those that the row has.
        why: What broke it.
    """

    kind: Literal["began", "claimed", "broken", "finished", "redone"]
    at: Annotated[str, OURS]
    row: Annotated[str, OURS] = ""
    attempt: int = 0
    pid: int = 0
    counts: bool = True
    why: str = ""


BENCH_HEADER: TypeAdapter[BenchHeader] = TypeAdapter(BenchHeader)
BENCH_ROW: TypeAdapter[BenchRow] = TypeAdapter(BenchRow)
BENCH_RESULT: TypeAdapter[BenchResult] = TypeAdapter(BenchResult)
JOURNAL: TypeAdapter[JournalLine] = TypeAdapter(JournalLine)
