"""Workers on a Ray cluster (extra ``ray``): an actor on whichever node has a processor free, and under it the same worker process as here.

So what a worker may have of time and memory, how it is ended with all that it started, and which rows are tried again are the pool's
rules, there as here. The run has to lie where all nodes see it: in a shared folder, or in an object store. A node may be lost at any
moment: its rows are tried again elsewhere, and should it write after that all the same, the first result stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...tools.errors import EnvironmentFailed, EpisodeError, UsageError
from .folder import RunFolder
from .pool import MakeWorker
from .process import WorkerProcess
from .talk import WORD, Ended, Order, Ready

_TRIES = 3
"""Nodes that a worker may lose before it has begun."""
_END = 30.0
"""Seconds for an actor to end its process; a node that takes longer counts as lost."""


@contextlib.contextmanager
def on_ray() -> Iterator[tuple[MakeWorker, int]]:
    """The cluster of ``RAY_ADDRESS``, one that this process has joined already, or a small one started here.

    Yields:
        What makes a worker there, and how many processors it has.

    Raises:
        UsageError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError("--engine ray needs the package ray", remedy='pip install "handeye[ray]"') from error
    ours = not ray.is_initialized()
    if ours:
        # a cluster that is started here tells nobody about it, unless that is asked for
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            # what nodes log is theirs
            ray.init(log_to_driver=False)
        except ConnectionError as error:
            raise UsageError(
                f"there is no Ray cluster at {os.environ.get('RAY_ADDRESS')}: {error}", remedy="RAY_ADDRESS=HOST:6379"
            ) from error
    try:
        yield partial(RayWorker, ray), max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if ours:
            ray.shutdown()


class Hand:
    """What an actor does on its node: holds a worker process.

    Args:
        location: Of the run.
        name: Of the worker's log.
        cwd: Where the runner was started, for suites that are named by a relative path; elsewhere if the node has no such folder.
        headed: Shows browsers.
    """

    def __init__(self, location: str, name: str, cwd: str, headed: bool) -> None:
        self._folder = RunFolder(location)
        here = cwd if Path(cwd).is_dir() else None
        self._worker = WorkerProcess(self._folder, name, headed=headed, cwd=here)

    async def start(self) -> tuple[int, str]:
        """The number of the process, or why it does not begin."""
        try:
            # a folder that is not shared would be made anew here
            await asyncio.to_thread(self._folder.header)
            await self._worker.start()
        except (EpisodeError, EnvironmentFailed, UsageError) as error:
            return 0, f"on a node of the cluster: {error}"
        return self._worker.pid, ""

    async def order(self, order: str) -> None:
        """See `SeenWorker.order`."""
        await self._worker.order(Order.model_validate_json(order))

    async def hear(self) -> str:
        """See `SeenWorker.hear`; empty when it is gone."""
        word = await self._worker.hear()
        return word.model_dump_json() if word is not None else ""

    async def weighed(self, every: float) -> tuple[int, int]:
        """See `SeenWorker.weighed`; and the peak."""
        return await self._worker.weighed(every), self._worker.peak

    async def end(self) -> int:
        """See `SeenWorker.end`; gives the peak."""
        await self._worker.end()
        return self._worker.peak

    async def kill(self) -> tuple[str, str, int]:
        """See `SeenWorker.kill`; and its last words, and the peak."""
        how = await self._worker.kill()
        said = self._worker.last_words()
        # an actor is ended without a chance to do that later
        await asyncio.to_thread(self._folder.store.clear)
        return how, said, self._worker.peak


class RayWorker:
    """A worker on a node.

    Args:
        ray: The module.
        folder: Of the run.
        name: Of its log.
        headed: Shows browsers.
    """

    def __init__(self, ray: Any, folder: RunFolder, name: str, *, headed: bool = False) -> None:
        self._ray = ray
        self._given = (folder.store.location, name, str(Path.cwd()), headed)
        self._actor: Any = None
        self._words = ""
        self._killed = False
        self.pid = 0
        self.peak = 0

    async def start(self) -> None:
        """See `SeenWorker.start`; waits as long as the cluster has no processor free."""
        # what is tried again is for the pool to decide
        kind = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Hand)
        for _ in range(_TRIES):
            self._actor = kind.remote(*self._given)
            found = await self._asked(self._actor.start.remote())
            if found is not None:
                self.pid, why = found
                if why:
                    raise EnvironmentFailed(why, remedy="the run has to lie where every node sees it")
                return
            if self._killed:
                break
        raise EnvironmentFailed(f"a worker does not begin on the cluster: {self._words}")

    async def _asked(self, reference: Any) -> Any:
        """What an actor answers; None when it is lost."""
        try:
            return await reference
        except self._ray.exceptions.RayError as error:
            self._words = str(error).strip().splitlines()[0]
            return None

    async def order(self, order: Order) -> None:
        """See `SeenWorker.order`."""
        await self._asked(self._actor.order.remote(order.model_dump_json()))

    async def hear(self) -> Ready | Ended | None:
        """See `SeenWorker.hear`."""
        said = await self._asked(self._actor.hear.remote())
        return WORD.validate_json(said) if said else None

    async def weighed(self, every: float) -> int:
        """See `SeenWorker.weighed`."""
        found = await self._asked(self._actor.weighed.remote(every))
        if found is None:
            return 0
        size, self.peak = found
        return int(size)

    async def end(self) -> None:
        """See `SeenWorker.end`."""
        self.peak = await self._asked(self._actor.end.remote()) or self.peak

    async def kill(self) -> str:
        """See `SeenWorker.kill`; gives the processor back to the cluster."""
        if self._actor is None or self._killed:
            return "it was ended before"
        self._killed = True
        how = "the loss of its node, or of its actor there"
        try:
            # one that never found a place has nothing to end
            if self.pid:
                async with asyncio.timeout(_END):
                    found = await self._asked(self._actor.kill.remote())
                if found is not None:
                    how, self._words, self.peak = found
        except TimeoutError:
            self._words = f"it did not end within {_END:g} s"
        self._ray.kill(self._actor)
        return how

    def last_words(self) -> str:
        """See `SeenWorker.last_words`."""
        return self._words or "it said nothing"
