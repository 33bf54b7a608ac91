"""A worker process, seen by its runner: started, told, listened to, weighed, ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ...tools.errors import EnvironmentFailed
from .folder import RunFolder
from .talk import WORD, Ended, Order, Ready

if TYPE_CHECKING:
    import psutil

_START = 120.0
"""Seconds that a process may take to begin on a busy machine."""
_END = 15.0
"""Seconds for a clean end."""
_LINE = 64 * 1024 * 1024


class WorkerProcess:
    """One worker.

    Args:
        folder: Of the run.
        name: Of its log.
        headed: Shows browsers.
        cwd: Where it runs; None is here.
    """

    def __init__(self, folder: RunFolder, name: str, *, headed: bool = False, cwd: str | None = None) -> None:
        self.peak = 0
        self._folder = folder
        self.log = folder.store.scratch(f"logs/{name}.log")
        self._headed = headed
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None
        self._tree: list[psutil.Process] = []
        self._weighed_at = -math.inf
        self._bytes = 0
        self._scratch: Path | None = None

    @property
    def pid(self) -> int:
        """Of the process; 0 before it is started."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Begins it and waits until it takes orders.

        Raises:
            EnvironmentFailed: It does not begin; the last line of its log is in the message.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", f"{__package__}.worker", self._folder.store.location]
        # a browser that is killed leaves its profile behind: it goes with the folder
        self._scratch = Path(tempfile.mkdtemp(prefix="handeye-worker-"))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *(["headed"] if self._headed else []),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LINE,
                env={**os.environ, "TMPDIR": str(self._scratch)},
                cwd=self._cwd,
                # Ctrl-C is the runner's to hear: it ends its workers one by one
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(_START):
                word = await self.hear()
        except TimeoutError:
            word = None
        if not isinstance(word, Ready):
            await self.kill()
            raise EnvironmentFailed(f"a worker process does not begin: {self.last_words()}", remedy=f"see {self.log}")

    async def order(self, order: Order) -> None:
        """Tells it to run a row; a worker that is gone hears nothing, and `hear` will say so."""
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(order.model_dump_json().encode() + b"\n")
            await self._process.stdin.drain()

    async def hear(self) -> Ready | Ended | None:
        """The next thing it says; None when it is gone."""
        assert self._process is not None and self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            return None
        try:
            return WORD.validate_json(line)
        except ValidationError as error:
            raise EnvironmentFailed(f"a worker process says what is no word: {line[:200]!r}") from error

    def weigh(self) -> int:
        """Bytes of memory of it and all that it started: shared pages in parts (PSS), where the system tells."""
        import psutil

        if self._process is None or self._process.returncode is not None:
            return 0
        total = 0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            self._tree = [process, *process.children(recursive=True)]
        for each in self._tree:
            with contextlib.suppress(psutil.Error):
                total += size_of(each)
        self.peak = max(self.peak, total)
        return total

    async def weighed(self, every: float) -> int:
        """`weigh`, but not more often than every so many seconds: what it had last in between."""
        if time.monotonic() - self._weighed_at >= every:
            self._weighed_at = time.monotonic()
            self._bytes = await asyncio.to_thread(self.weigh)
        return self._bytes

    async def end(self) -> None:
        """Lets it finish by itself, and ends it if it does not."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_END):
                await self._process.wait()
        except TimeoutError:
            pass
        await self.kill()

    async def kill(self) -> str:
        """Ends it now, and whatever it started.

        Returns:
            How it ended, in words.
        """
        if self._process is None:
            return "it was never started"
        if self._process.returncode is None:
            await asyncio.to_thread(self.weigh)
        await asyncio.to_thread(_kill, self._tree)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        code = await self._process.wait()
        self._tree = []
        if self._scratch is not None:
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)
        # what it said is worth less than how it ended
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._folder.store.keep_log, self.log)
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def last_words(self) -> str:
        """The last line of its log; of a traceback that is the error."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
            if lines:
                return lines[-1][:300]
        return "it said nothing"


def size_of(process: psutil.Process) -> int:
    """Bytes of memory of a process: shared pages in parts (PSS), where the system tells.

    Raises:
        psutil Error: It is gone, or not to be asked.
    """
    memory = process.memory_full_info()
    # only Linux tells how much of what is shared falls to each
    return int(getattr(memory, "pss", memory.uss))


def _kill(processes: Iterable[psutil.Process]) -> None:
    import psutil

    for each in processes:
        # psutil compares the time of birth: a number that was given to another process since is left alone
        with contextlib.suppress(psutil.Error):
            each.kill()
