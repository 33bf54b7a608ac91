"""A worker process of a run: reads orders from its standard input, one a line, runs them side by side, and says what came of each.

It ends when its input does: at the runner's wish, and also when the runner is killed. Whatever its rows print goes to standard error.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from pydantic import ValidationError

from ...agent.run import Interrupt, Resources
from ...environments.browser.host import BrowserConfig
from .folder import RunFolder
from .rows import Rows
from .talk import ORDER, Ended, Order, Ready

_GRACE = 10.0
"""Seconds for a clean end; then the process ends as it is."""


class Worker:
    """Runs orders until there are no more.

    Args:
        folder: Of the run.
        words: Where it says what came of them.
        headed: Shows the browser.
    """

    def __init__(self, folder: RunFolder, words: BinaryIO, *, headed: bool = False) -> None:
        self._interrupt = Interrupt()
        self._words = words
        self._resources = Resources(BrowserConfig(headed=headed))
        self._rows = Rows(folder, self._resources, self._interrupt)

    async def serve(self, orders: BinaryIO) -> None:
        """Takes orders until their end, then lets go of everything; rows in hand have no result then."""
        coming: asyncio.Queue[Order | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def told(order: Order | None) -> None:
            loop.call_soon_threadsafe(coming.put_nowait, order)

        threading.Thread(target=_listen, args=(orders, told), daemon=True).start()
        running: set[asyncio.Task[None]] = set()
        async with self._resources:
            self._say(Ready())
            listening = asyncio.create_task(coming.get())
            while True:
                done, _ = await asyncio.wait({listening, *running}, return_when=asyncio.FIRST_COMPLETED)
                for task in done & running:
                    running.discard(task)
                    # a defect of ours, or the suite's, ends the process: whatever it left behind ends with it
                    task.result()
                if listening in done:
                    order = listening.result()
                    if order is None:
                        break
                    running.add(asyncio.create_task(self._run(order)))
                    listening = asyncio.create_task(coming.get())
            self._interrupt.requested = True
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, order: Order) -> None:
        result = await self._rows.result(order.key, order.attempt, order.broken)
        if self._interrupt.requested or result.stop == "interrupted":
            return
        # another attempt cannot mend a task that is wrong
        counts = order.last or result.status != "infrastructure" or result.stop == "task"
        mine = counts and await asyncio.to_thread(self._rows.folder.claim, result)
        self._say(Ended(key=order.key, result=result, claimed=counts, mine=mine))

    def _say(self, word: Ready | Ended) -> None:
        self._words.write(word.model_dump_json().encode(errors="replace") + b"\n")
        self._words.flush()


def _listen(orders: BinaryIO, told: Callable[[Order | None], None]) -> None:
    """Reads orders in a thread: also a loop that hangs is to notice that the runner is gone."""
    for line in orders:
        try:
            told(ORDER.validate_json(line))
        except ValidationError:
            # half a line: the runner was killed as it wrote
            break
    told(None)
    timer = threading.Timer(_GRACE, os._exit, (1,))
    timer.daemon = True
    timer.start()


def main() -> None:
    """Entry point: ``python -m handeye.benchmarks.runner.worker FOLDER [headed]``."""
    # what a library prints must not come between the lines
    words = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    folder = RunFolder(sys.argv[1])
    try:
        asyncio.run(Worker(folder, words, headed="headed" in sys.argv[2:]).serve(sys.stdin.buffer))
    except BrokenPipeError:
        # nobody listens any more
        os._exit(1)


if __name__ == "__main__":
    main()
