"""Runs the rows of a plan in worker processes: one row's crash, hang or leak is that row's own.

The rule for what breaks: a row whose attempt ends in infrastructure (its world or model failed; its worker died, took more memory
than it may, or did not end the row in time) is tried again, alone in a fresh worker, at most `retries` times; then that is its result.
Rows that a dying worker had in hand beside it are tried again likewise, so that what is guilty is found alone. A task that is itself
wrong is not tried again. What the runner's own end broke off counts for nothing.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...episodes.schema import BenchResult, BenchRow
from ...tools.errors import HandeyeError
from .folder import RunFolder
from .journal import Journal
from .process import WorkerProcess
from .talk import Ended, Order, SeenWorker

_LOOK = 1.0
"""Seconds between two looks at a worker's memory and time."""
_SHARE = 0.8
"""Of the machine's free memory that workers may have together."""


@dataclass(frozen=True)
class PoolConfig:
    """How rows are run.

    Attributes:
        workers: Processes; None finds out how many fit, from the memory that the first one takes.
        contexts: Rows side by side in each. They share a browser, and its clipboard.
        seconds: That an attempt may take from being told to its end.
        memory: Bytes that a worker may have, with all that it started.
        retries: Of a row whose attempt broke.
        headed: Shows browsers.
    """

    workers: int | None = None
    contexts: int = 1
    seconds: float = 1200.0
    memory: int = 4 * 1024**3
    retries: int = 2
    headed: bool = False


@dataclass
class Tally:
    """How a run stands.

    Attributes:
        of: Rows that are wanted, and `before` those that had a result when it began.
        running: What is in hand: key → when it was begun (monotonic clock).
        ended: What has come since.
        workers: Processes at work.
        peak: The most bytes that one of them had.
    """

    of: int
    before: int = 0
    running: dict[str, float] = field(default_factory=dict)
    ended: list[BenchResult] = field(default_factory=list)
    workers: int = 0
    peak: int = 0
    began: float = field(default_factory=time.monotonic)


Told = Callable[[BenchResult | None], None]
"""Called with each result as it comes, and with None when something else has changed."""


class MakeWorker(Protocol):
    """Makes a worker, not begun yet: `WorkerProcess` here, another one elsewhere."""

    def __call__(self, folder: RunFolder, name: str, *, headed: bool = False) -> SeenWorker: ...


class Pool:
    """Runs rows.

    Args:
        folder: Of the run.
        journal: Of this runner.
        rows: That have no result yet.
        config: How.
        tally: Is kept.
        told: Called when something changes.
        process: Makes a worker.
    """

    def __init__(
        self,
        folder: RunFolder,
        journal: Journal,
        rows: Sequence[BenchRow],
        config: PoolConfig,
        tally: Tally,
        told: Told = lambda result: None,
        process: MakeWorker = WorkerProcess,
    ) -> None:
        self._folder, self._journal, self._config = folder, journal, config
        self.tally = tally
        self._told = told
        self._process = process
        self._rows = {row.key: row for row in rows}
        # what broke before, in this run or one before it, is tried alone
        self._alone = deque(row.key for row in rows if journal.broken.get(row.key))
        self._fresh = deque(row.key for row in rows if not journal.broken.get(row.key))
        self._stopping = False
        self._stopped = asyncio.Event()
        self._names = 0
        self._first_done = asyncio.Event()

    def stop(self) -> None:
        """Begins no further row, and breaks off those in hand: they will have their turn when the run goes on."""
        self._stopping = True
        self._stopped.set()
        self._first_done.set()

    async def run(self) -> None:
        """Runs all of them, or until it is stopped.

        Raises:
            EnvironmentFailed: Worker processes do not begin.
            EpisodeUnwritable: The folder cannot be written.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._slot())
                count = self._config.workers
                if count is None:
                    await self._first_done.wait()
                    count = fitting(self.tally.peak, len(self._rows))
                for _ in range(min(count, len(self._rows)) - 1):
                    group.create_task(self._slot())
        except BaseExceptionGroup as several:
            ours, others = several.split(HandeyeError)
            if ours is None or others is not None:
                raise
            # one is enough to be said: where one worker does not begin, none does
            raise next(_leaves(ours)) from several

    async def _slot(self) -> None:
        """One place for a worker: a fresh one for each row that is tried again, and one for all that are not."""
        try:
            while not self._stopping and (self._alone or self._fresh):
                await self._serve(alone=bool(self._alone))
        finally:
            self._first_done.set()

    async def _serve(self, *, alone: bool) -> None:
        self._names += 1
        worker = self._process(self._folder, f"{os.getpid()}-{self._names}", headed=self._config.headed)
        in_hand: dict[str, Order] = {}
        queue = self._alone if alone else self._fresh
        room = 1 if alone else self._config.contexts
        self.tally.workers += 1
        try:
            first = queue.popleft()
            await self._give(worker, first, in_hand, start=True)
            while (in_hand or (queue and not alone)) and not self._stopping:
                while queue and len(in_hand) < room and not alone:
                    await self._give(worker, queue.popleft(), in_hand)
                if why := await self._listen(worker, in_hand):
                    self._broke(in_hand, why)
                    return
            await worker.end()
        finally:
            for key in in_hand:
                self.tally.running.pop(key, None)
            self.tally.workers -= 1
            self.tally.peak = max(self.tally.peak, worker.peak)
            await worker.kill()

    async def _give(self, worker: SeenWorker, key: str, in_hand: dict[str, Order], *, start: bool = False) -> None:
        broken = tuple(self._journal.broken.get(key, ()))
        order = Order(key=key, attempt=len(broken) + 1, last=len(broken) >= self._config.retries, broken=broken)
        in_hand[key] = order
        if start and not await self._started(worker):
            return
        self._journal.add("claimed", key, attempt=order.attempt, pid=worker.pid)
        self.tally.running[key] = time.monotonic()
        self._told(None)
        await worker.order(order)

    async def _started(self, worker: SeenWorker) -> bool:
        """Begins a worker, which may have to wait for its place; False when the run is to end before."""
        starting = asyncio.create_task(worker.start())
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping:
                await worker.kill()
                # that one which is ended does not begin is no news
                await asyncio.gather(starting, return_exceptions=True)
                return False
            starting.result()
            return True
        finally:
            stopped.cancel()
            starting.cancel()

    async def _listen(self, worker: SeenWorker, in_hand: dict[str, Order]) -> str:
        """Waits until a row has ended; says what is wrong with the worker when it is past that."""
        hearing = asyncio.create_task(worker.hear())
        try:
            while not self._stopping:
                done, _ = await asyncio.wait({hearing}, timeout=_LOOK)
                size = await worker.weighed(_LOOK)
                self.tally.peak = max(self.tally.peak, size)
                if done:
                    break
                if size > self._config.memory:
                    await worker.kill()
                    return f"its worker had {size / 2**20:.0f} MiB, more than {self._config.memory / 2**20:.0f}"
                late = [key for key in in_hand if time.monotonic() - self.tally.running[key] > self._config.seconds]
                if late:
                    await worker.kill()
                    self._spare(in_hand, late)
                    return f"it was not done within {self._config.seconds:g} s"
            if self._stopping:
                return ""
            word = hearing.result()
        finally:
            hearing.cancel()
        if not isinstance(word, Ended):
            how = await worker.kill()
            return f"its worker ended by {how}: {worker.last_words()}"
        self._ended(word, in_hand)
        return ""

    def _spare(self, in_hand: dict[str, Order], late: Sequence[str]) -> None:
        """Rows that ran beside one that hangs are begun anew, and it is none of their attempts."""
        for key in [key for key in in_hand if key not in late]:
            order = in_hand.pop(key)
            self.tally.running.pop(key, None)
            self._journal.add("broken", key, attempt=order.attempt, counts=False, why="beside it another row hung")
            self._fresh.append(key)

    def _ended(self, word: Ended, in_hand: dict[str, Order]) -> None:
        order = in_hand.pop(word.key)
        self.tally.running.pop(word.key, None)
        if not word.claimed:
            self._again(order, word.result.message)
            return
        self._journal.add("finished", word.key, attempt=order.attempt)
        self._counted(word.result if word.mine else self._folder.result(word.key))

    def _broke(self, in_hand: dict[str, Order], why: str) -> None:
        for key in list(in_hand):
            order = in_hand.pop(key)
            self.tally.running.pop(key, None)
            if key in self._folder.done():
                # it died after the result was in its place
                self._journal.add("finished", key, attempt=order.attempt)
                self._counted(self._folder.result(key))
            elif order.last:
                self._give_up(order, why)
            else:
                self._again(order, why)

    def _again(self, order: Order, why: str) -> None:
        self._journal.add("broken", order.key, attempt=order.attempt, why=why)
        self._alone.append(order.key)
        self._told(None)

    def _give_up(self, order: Order, why: str) -> None:
        row = self._rows[order.key]
        result = BenchResult(row=row, status="infrastructure", message=why, attempt=order.attempt, broken=order.broken)
        # first the result: a runner that ends in between has nothing left to do about it
        mine = self._folder.claim(result)
        self._journal.add("broken", order.key, attempt=order.attempt, why=why)
        self._journal.add("finished", order.key, attempt=order.attempt)
        self._counted(result if mine else self._folder.result(order.key))

    def _counted(self, result: BenchResult) -> None:
        self.tally.ended.append(result)
        self._first_done.set()
        self._told(result)


def _leaves(group: BaseExceptionGroup[HandeyeError]) -> Iterator[HandeyeError]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def fitting(peak: int, rows: int) -> int:
    """How many workers of that many bytes fit on this machine beside what runs there, one a processor at most."""
    import psutil

    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fit = int(psutil.virtual_memory().available * _SHARE / max(peak, 1)) + 1
    return max(1, min(processors, fit, rows))
