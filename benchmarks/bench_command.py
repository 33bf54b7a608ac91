"""What ``handeye bench`` does with a live suite, once its words are understood."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from ..agent.face import new_folder
from ..agent.policies.model import Thinking
from ..episodes.schema import Seed
from ..tools.errors import UsageError
from .base import Bounded
from .commands import section, setting
from .runner.board import Board
from .runner.folder import RunFolder
from .runner.pool import MakeWorker, PoolConfig, Tally
from .runner.process import WorkerProcess
from .runner.run import Bench, conduct, prepare
from .runner.seeds import Shard, literals
from .suites.names import open_suite

_MIB = 1024**2


@dataclass(frozen=True)
class BenchWords:
    """Options of ``handeye bench``; see its help."""

    policy: str | None = None
    model: str | None = None
    dialect: str | None = None
    seeds: str | None = None
    repeats: int = 1
    limit: int | None = None
    tasks: tuple[str, ...] = ()
    shard: str | None = None
    workers: int | None = None
    contexts: int = 1
    out: str | None = None
    seconds: float = 1200.0
    memory: int = 4096
    retries: int = 2
    redo: bool = False
    headed: bool = False
    engine: Literal["processes", "ray"] = "processes"
    config: tuple[str, ...] = ()


def bench_command(suite: str, words: BenchWords, console: Console) -> int:
    """Runs a live suite, or goes on with it, prints how it goes and what came of it.

    Returns:
        0 when every row has a result that can be counted; 5 when the infrastructure failed some; 4 when it was ended before.

    Raises:
        UsageError: Something is wrong that can be known before the first episode begins.
    """
    settings = [setting(each) for each in words.config]
    _check_sections(settings)
    options = {path[1]: value for path, value in settings if path[0] == "suite" and len(path) == 2}
    seeds: tuple[Seed, ...] = literals(words.seeds) if words.seeds is not None else (None,)
    bench = Bench(
        suite=suite,
        policy=words.policy,
        model=words.model,
        dialect=words.dialect,
        thinking=section(Thinking, "thinking", settings),
        options=options,
        seeds=seeds,
        repeats=words.repeats,
        limit=words.limit,
        only=words.tasks,
    )
    shard = Shard.read(words.shard) if words.shard is not None else Shard()
    out = words.out if words.out is not None else new_folder(f"bench-{Path(suite).name}")
    _check_seen(out)
    folder, header = prepare(bench, out)
    for why, count in header.left_out.items():
        console.print(f"{count} task{'s' if count > 1 else ''} left out: {why}", markup=False)
    most = _at_once(suite, options)
    if words.engine == "ray":
        if most is not None:
            raise UsageError(
                f"the suite {suite!r} has {most} machine(s), which a cluster cannot share out",
                remedy="--engine processes",
            )
        from .runner.ray_engine import on_ray

        with on_ray() as (process, processors):
            many = words.workers or processors
            interrupted = asyncio.run(_conduct(folder, shard, words, console, workers=many, process=process))
    else:
        workers = words.workers if most is None else min(words.workers or most, most)
        interrupted = asyncio.run(_conduct(folder, shard, words, console, workers=workers, alone=most is not None))
    return _finish(folder, console, interrupted)


async def _conduct(
    folder: RunFolder,
    shard: Shard,
    words: BenchWords,
    console: Console,
    *,
    workers: int | None,
    alone: bool = False,
    process: MakeWorker = WorkerProcess,
) -> bool:
    config = PoolConfig(
        workers=workers,
        contexts=1 if alone else words.contexts,
        seconds=words.seconds,
        memory=words.memory * _MIB,
        retries=words.retries,
        headed=words.headed,
    )
    boards: list[Board] = []

    def begins(tally: Tally) -> Board:
        if tally.before:
            console.print(f"{folder.name}: {tally.before} of {tally.of} rows have their results, the others are run")
        boards.append(Board(console, tally).begin())
        return boards[0]

    try:
        tally, interrupted = await conduct(folder, shard, config, redo=words.redo, watching=begins, process=process)
    finally:
        for board in boards:
            board.end()
    if tally.peak:
        console.print(f"a worker had at most {tally.peak / _MIB:.0f} MiB", markup=False)
    return interrupted


def _at_once(suite: str, options: dict[str, str]) -> int | None:
    """How many tasks the suite can run side by side; None where it sets no bound."""
    opened = open_suite(suite, options)
    return opened.at_once if isinstance(opened, Bounded) else None


def _finish(folder: RunFolder, console: Console, interrupted: bool) -> int:
    from .report.read import read_run
    from .report.summary import summarize
    from .report.terminal import show

    summary = summarize(read_run(folder.store.location))
    show(summary, console)
    console.print(f"  run     {folder.name}\n  report  handeye report {folder.name}", soft_wrap=True, markup=False)
    if interrupted:
        console.print("ended before it was done; the same command goes on", markup=False)
        return 4
    return 5 if summary.infrastructure else 0


def _check_seen(out: Path | str) -> None:
    if str(out).startswith("memory://"):
        raise UsageError(f"--out {out}: workers are other processes, which do not see it", remedy="name another place")


def _check_sections(settings: Sequence[tuple[list[str], str]]) -> None:
    for path, _ in settings:
        if path[0] not in ("suite", "thinking") or len(path) != 2:
            raise UsageError(f"-c {'.'.join(path)}: there is no such setting", remedy="sections: suite, thinking")
