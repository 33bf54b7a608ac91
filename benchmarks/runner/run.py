"""A run of a suite: planned, begun or gone on with, and run to its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ...agent.policies.model import Thinking
from ...agent.versions import host, versions
from ...episodes.schema import FORMAT, BenchHeader, BenchRow, Seed
from ..suites.names import open_suite
from .folder import RunFolder
from .journal import Journal
from .plan import plan
from .policies import named, refusal
from .pool import MakeWorker, Pool, PoolConfig, Tally, Told
from .process import WorkerProcess
from .seeds import WHOLE, Shard


@dataclass(frozen=True)
class Bench:
    """What is to be run.

    Attributes:
        suite: Name of a live suite, or a folder of task files.
        policy: Who decides; None is the model, if there is one, else the tasks' own steps.
        model: Where the model is.
        dialect: The dialect that it speaks, where its name does not tell.
        thinking: How it is asked to plan.
        options: Of the suite.
        seeds: What each task is begun with.
        repeats: Tries with each seed.
        limit: The most tasks.
        only: Names of the tasks that are wanted; none means all.
    """

    suite: str
    policy: str | None = None
    model: str | None = None
    dialect: str | None = None
    thinking: Thinking = field(default_factory=Thinking)
    options: dict[str, str] = field(default_factory=dict)
    seeds: Sequence[Seed] = (None,)
    repeats: int = 1
    limit: int | None = None
    only: Sequence[str] = ()


def prepare(bench: Bench, out: Path | str) -> tuple[RunFolder, BenchHeader]:
    """Plans a run and writes the plan, or finds the same one there.

    Raises:
        UsageError: There is no such suite or policy, nothing to run, or another run in the folder.
        EpisodeError: What lies in the folder is damaged, or cannot be written.
    """
    policy, model = named(bench.policy, bench.model)
    name = bench.suite
    suite = open_suite(name, bench.options)
    rows, left_out = plan(
        suite,
        seeds=bench.seeds,
        repeats=bench.repeats,
        limit=bench.limit,
        only=bench.only,
        refused=refusal(policy),
    )
    header = BenchHeader(
        format=FORMAT,
        created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        suite=name,
        options=dict(bench.options),
        version=suite.version,
        policy=policy,
        model=model,
        dialect=bench.dialect,
        seeds=tuple(bench.seeds),
        repeats=bench.repeats,
        thinking=bench.thinking.model_dump(mode="json", exclude_defaults=True),
        versions=versions(),
        host=host(),
        left_out=left_out,
    )
    folder = RunFolder(out)
    folder.begin(header, rows)
    return folder, header


def rows_left(folder: RunFolder, shard: Shard) -> tuple[list[BenchRow], int]:
    """The rows of a shard that have no result, and how many it has in all."""
    mine = folder.rows()[shard.number - 1 :: shard.of]
    done = folder.done()
    return [row for row in mine if row.key not in done], len(mine)


async def conduct(
    folder: RunFolder,
    shard: Shard = WHOLE,
    config: PoolConfig | None = None,
    *,
    redo: bool = False,
    watching: Callable[[Tally], Told] = lambda tally: lambda result: None,
    process: MakeWorker = WorkerProcess,
) -> tuple[Tally, bool]:
    """Runs what has no result yet. Ctrl-C ends it; the same command goes on.

    Args:
        folder: Prepared.
        shard: Which part.
        config: How.
        redo: Sets results of the infrastructure aside first.
        watching: Told that it begins; gives whom to tell of each result.
        process: Makes a worker.

    Returns:
        What came of it, and whether it was interrupted.

    Raises:
        UsageError: Another process runs it.
        EpisodeError: The folder is damaged, or cannot be written.
    """
    journal = Journal(folder.store, shard.suffix)
    try:
        if redo:
            again = [each.row.key for each in folder.results() if each.status == "infrastructure"]
            folder.set_aside(again)
            for key in again:
                journal.add("redone", key)
        rows, of = rows_left(folder, shard)
        tally = Tally(of=of, before=of - len(rows))
        if not rows:
            return tally, False
        pool = Pool(folder, journal, rows, config or PoolConfig(), tally, watching(tally), process)
        with _ended_by_signals(pool) as interrupted:
            await pool.run()
        return tally, bool(interrupted)
    finally:
        journal.close()


@contextmanager
def _ended_by_signals(pool: Pool) -> Iterator[list[int]]:
    loop = asyncio.get_running_loop()
    heard: list[int] = []

    def stop() -> None:
        heard.append(1)
        pool.stop()

    caught = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in caught:
            loop.add_signal_handler(number, stop)
    except (NotImplementedError, RuntimeError, ValueError):
        # a loop in a thread of its own: signals are its caller's
        yield heard
        return
    try:
        yield heard
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
