"""What the runner itself costs: seconds an episode against the same loop bare, and whether memory grows with the number of episodes.

::

    python -m handeye.benchmarks.runner.overhead [--episodes 1000]

Blocks of bare episodes and of episodes under the runner take turns, so that what else the machine does falls on both. Processor seconds
stand beside those of the clock: on a machine that is busy they tell more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from ...agent.run import Resources, Run, run_episode
from ...episodes.schema import Task
from ..stats import Interval, steady_slope
from ..suites.drawn import DrawnSuite
from .folder import RunFolder
from .journal import Journal
from .pool import Pool, PoolConfig, Tally
from .process import WorkerProcess
from .run import Bench, prepare, rows_left
from .seeds import Shard
from .talk import Order

OVERHEAD = 0.050
"""Seconds an episode that the runner may cost."""
GROWTH = 4096.0
"""Bytes that an episode may leave behind in a worker: less is the allocator's noise."""
_BLOCK = 25
"""Episodes of a kind before it is the other's turn."""
_WARM = 0.2
"""Share of the episodes after which memory is compared: caches fill before."""


class Side(NamedTuple):
    """Seconds an episode, one value a block.

    Attributes:
        wall: By the clock.
        cpu: Of processors, in user and system mode, of all processes that take part.
    """

    wall: list[float]
    cpu: list[float]


class Measured(NamedTuple):
    """What was measured.

    Attributes:
        episodes: How many, of each kind.
        bare: Run and scored one after the other in one process, with nothing of the runner.
        run: Under the runner with one worker, both processes together.
        begin: Seconds until that worker took orders: once in a run.
        grown: Bytes that each further episode left in the worker, and `interval` that of 95 % about it.
        bytes: Of the worker at the end.
    """

    episodes: int
    bare: Side
    run: Side
    begin: float
    grown: float
    interval: Interval
    bytes: int

    @property
    def overhead(self) -> float:
        """Seconds an episode that the runner adds: median of the differences of neighbouring blocks."""
        return statistics.median(a - b for a, b in zip(self.run.wall, self.bare.wall, strict=True))

    @property
    def overhead_cpu(self) -> float:
        """Likewise, of processors."""
        return statistics.median(a - b for a, b in zip(self.run.cpu, self.bare.cpu, strict=True))


class _Bare:
    """The loop, the episode on disk, the score, again and again in this process.

    Args:
        tasks: In turn.
        folder: Of the episodes.
        resources: That they share.
    """

    def __init__(self, suite: DrawnSuite, folder: Path, resources: Resources) -> None:
        self._suite, self._folder, self._resources = suite, folder, resources
        self._tasks: Iterator[Task] = iter(suite.tasks())
        self.side = Side([], [])

    async def block(self, count: int) -> None:
        """Runs that many."""
        wall, cpu = time.monotonic(), time.process_time()
        for _ in range(count):
            task = next(self._tasks)
            run = Run(task=task, out=self._folder / task.name, policy="script")
            self._suite.score(task, await run_episode(run, self._resources))
        self.side.wall.append((time.monotonic() - wall) / count)
        self.side.cpu.append((time.process_time() - cpu) / count)


class _Watched(WorkerProcess):
    """A worker that is told nothing before a block of bare episodes is done, and is weighed then.

    Args:
        bare: What takes turns with it.
        count: Episodes of each kind.
    """

    def __init__(self, folder: RunFolder, name: str, *, headed: bool = False, bare: _Bare, count: int) -> None:
        super().__init__(folder, name, headed=headed)
        self._bare, self._count = bare, count
        self._ordered = 0
        self.side = Side([], [])
        self.sizes: list[int] = []
        self.begin = 0.0

    async def start(self) -> None:
        began = time.monotonic()
        await super().start()
        self.begin = time.monotonic() - began

    async def order(self, order: Order) -> None:
        if self._ordered % _BLOCK == 0:
            self.turn()
            await self._bare.block(min(_BLOCK, self._count - self._ordered))
            self._wall, self._cpu = time.monotonic(), self._spent()
        self._ordered += 1
        await super().order(order)

    def turn(self) -> None:
        """A block is done."""
        if not self._ordered:
            return
        count = (self._ordered - 1) % _BLOCK + 1
        self.side.wall.append((time.monotonic() - self._wall) / count)
        self.side.cpu.append((self._spent() - self._cpu) / count)
        self.sizes.append(self.weigh())

    def _spent(self) -> float:
        theirs = psutil.Process(self.pid).cpu_times()
        return time.process_time() + theirs.user + theirs.system

    async def end(self) -> None:
        self.turn()
        await super().end()


async def measure(count: int, out: Path) -> Measured:
    """Runs that many episodes bare, and as many under the runner in one worker."""
    folder, _ = prepare(Bench("drawn", policy="script", options={"tasks": str(count)}), out / "run")
    journal = Journal(folder.store)
    made: list[_Watched] = []
    async with Resources() as resources:
        warm = DrawnSuite("1")
        await _Bare(warm, out / "warm", resources).block(1)
        bare = _Bare(DrawnSuite(str(count)), out / "bare", resources)

        def worker(folder: RunFolder, name: str, *, headed: bool = False) -> WorkerProcess:
            made.append(_Watched(folder, name, headed=headed, bare=bare, count=count))
            return made[0]

        try:
            rows, of = rows_left(folder, Shard())
            await Pool(folder, journal, rows, PoolConfig(workers=1), Tally(of=of), process=worker).run()
        finally:
            journal.close()
    (watched,) = made
    sizes = watched.sizes[int(len(watched.sizes) * _WARM) :]
    if len(sizes) < 2:
        sizes = [0, 0]
    each = 1 / _BLOCK
    grown, (low, high) = steady_slope(sizes)
    interval = Interval(low * each, high * each)
    return Measured(count, bare.side, watched.side, watched.begin, grown * each, interval, sizes[-1])


def main(arguments: list[str] | None = None) -> int:
    """Entry point; exit code 1 when a figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m handeye.benchmarks.runner.overhead", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="handeye-overhead-") as folder:
        found = asyncio.run(measure(asked.episodes, Path(folder)))
    if asked.json:
        figures = {"overhead": found.overhead, "overhead_cpu": found.overhead_cpu}
        print(json.dumps({**found._asdict(), "bare": found.bare._asdict(), "run": found.run._asdict(), **figures}))
    else:
        print(_said(found))
    # of few episodes the slope is noise, and its interval says so
    grows = found.grown > GROWTH and found.interval.low > 0
    missed = found.overhead > OVERHEAD or grows
    if missed:
        print("missed", file=sys.stderr)
    return int(missed)


def _said(found: Measured) -> str:
    def ms(values: list[float]) -> str:
        return f"{1000 * statistics.median(values):.1f}"

    bare, run = found.bare, found.run
    return (
        f"{found.episodes} episodes of each kind, medians of blocks of {_BLOCK}, in ms an episode:\n"
        f"  by the clock   {ms(bare.wall)} bare, {ms(run.wall)} under the runner: "
        f"{1000 * found.overhead:+.1f} (allowed: {1000 * OVERHEAD:.0f})\n"
        f"  of processors  {ms(bare.cpu)} bare, {ms(run.cpu)} under the runner: {1000 * found.overhead_cpu:+.1f}\n"
        f"a worker begins in {found.begin:.1f} s\n"
        f"memory of the worker: {found.bytes / 2**20:.1f} MiB at the end, {found.grown:+.0f} bytes an episode "
        f"(95 %: {found.interval.low:+.0f} to {found.interval.high:+.0f}; allowed: {GROWTH:.0f})"
    )


if __name__ == "__main__":
    raise SystemExit(main())
