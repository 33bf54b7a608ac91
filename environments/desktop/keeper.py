"""The program that keeps what a private screen consists of, and ends all of it, whatever happens to those who use it.

It runs beside the process that wants a screen (its owner), is the parent of everything on that screen, and becomes the parent of
whatever detaches itself there. When the owner says so, or is no more (the pipe between them ends, or its process does, by SIGKILL too),
it ends every process below itself until there is none, and removes the folder. It uses nothing but the standard library and is started
by its path.

::

    python -I keeper.py OWNER FOLDER
    python -I keeper.py clear FOLDER     ends what a keeper left behind that was killed itself

On its standard input come requests, a JSON object on a line: ``{"do": "start", "id": 1, "command": [...], "environment": {...},
"folder": "/…", "role": "server" | "bus" | "program", "tells": false}``; with ``tells``, an argument ``{fd}`` of the command becomes a
descriptor, and the first line written there is passed on. ``{"do": "said", "id": 2, "pid": 7}`` asks for the last lines that a process
wrote; ``{"do": "end"}`` ends all. Answers carry the ``id``; events are ``{"ended": pid, "code": 1}`` and ``{"told": pid, "text": "7"}``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

_SUBREAPER, _DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 36, 1, 38  # <linux/prctl.h>
_KEPT_OF_WORDS = 8192
_POLITE_SECONDS = 1.0
_LAST_SECONDS = 30.0
MARK = "HANDEYE_SANDBOX"
"""The variable by which a process is known to belong to a folder."""


class Keeper:
    """Starts what it is asked for, and outlives it.

    Args:
        owner: The process that all of this is for.
        folder: Removed in the end.
    """

    def __init__(self, owner: int, folder: Path) -> None:
        self.folder = folder
        self._words: dict[int, bytes] = {}
        self._ears: dict[int, int] = {}
        self._last: set[int] = set()
        self._asked = b""
        self._over = False
        self._wait = selectors.DefaultSelector()
        self._wait.register(0, selectors.EVENT_READ, self._listen)
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._wait.register(os.pidfd_open(owner), selectors.EVENT_READ, self._end)
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end(0))
        self._wait.register(woken, selectors.EVENT_READ, self._reap)
        # It may have ended before anybody looked.
        self._over = os.getppid() != owner

    def run(self) -> None:
        """Until the owner is gone or wants no more."""
        while not self._over:
            for key, _ in self._wait.select():
                # What came before may have closed it, and its number may be another's by now.
                if self._wait.get_map().get(key.fd) is key:
                    act: Callable[[int], None] = key.data
                    act(key.fd)
        self._end_everything()
        shutil.rmtree(self.folder, onerror=_open_up)

    def _end(self, _: int) -> None:
        self._over = True

    def _listen(self, descriptor: int) -> None:
        read = os.read(descriptor, 65536)
        if not read:
            self._over = True
        *lines, self._asked = (self._asked + read).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            match asked["do"]:
                case "start":
                    _tell(id=asked["id"], **self._start(asked))
                case "said":
                    _tell(id=asked["id"], text=self._words.get(asked["pid"], b"").decode("utf-8", "replace"))
                case "end":
                    self._over = True

    def _start(self, asked: dict[str, Any]) -> dict[str, Any]:
        command = asked["command"]
        heard, saying = os.pipe()
        told = telling = -1
        if asked["tells"]:
            told, telling = os.pipe()
            command = [str(telling) if word == "{fd}" else word for word in command]
        try:
            pid = _spawn(command, asked, saying, telling)
        except (OSError, ValueError) as error:
            os.close(heard)
            _close(told)
            return {"error": str(error), "number": error.errno if isinstance(error, OSError) else 0}
        finally:
            os.close(saying)
            _close(telling)
        if asked["role"] != "program":
            self._last.add(pid)
        self._words[pid], self._ears[pid] = b"", heard
        self._wait.register(heard, selectors.EVENT_READ, lambda fd: self._hear(fd, pid))
        if told >= 0:
            self._wait.register(told, selectors.EVENT_READ, lambda fd: self._pass_on(fd, pid, bytearray()))
        return {"pid": pid}

    def _hear(self, descriptor: int, pid: int) -> None:
        words = os.read(descriptor, 65536)
        if not words:
            self._forget(descriptor)
            del self._ears[pid]
        self._words[pid] = (self._words[pid] + words)[-_KEPT_OF_WORDS:]

    def _pass_on(self, descriptor: int, pid: int, sofar: bytearray) -> None:
        words = os.read(descriptor, 4096)
        sofar += words
        if b"\n" in sofar:
            _tell(told=pid, text=sofar.split(b"\n")[0].decode("utf-8", "replace"))
        if not words or b"\n" in sofar:
            self._forget(descriptor)
        else:
            self._wait.modify(descriptor, selectors.EVENT_READ, lambda fd: self._pass_on(fd, pid, sofar))

    def _forget(self, descriptor: int) -> None:
        self._wait.unregister(descriptor)
        os.close(descriptor)

    def _reap(self, woken: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 4096)
        for pid, code in _ended():
            # What it said last is there before its end is told, so that it can be asked for then.
            while (ear := self._ears.get(pid)) is not None and _readable(ear):
                self._hear(ear, pid)
            _tell(ended=pid, code=code)

    def _end_everything(self) -> None:
        """First the programs, then what they need to end well: their bus, and the server, which leaves a lock behind when it is killed."""
        limit = time.monotonic() + _LAST_SECONDS
        _signal(_below(os.getpid()) - self._last, signal.SIGTERM)
        _until(lambda: not _below(os.getpid()) - self._last, _POLITE_SECONDS)
        _kill(lambda: _below(os.getpid()) - self._last, limit)
        _signal(_below(os.getpid()), signal.SIGTERM)
        _until(lambda: not _below(os.getpid()), 2 * _POLITE_SECONDS)
        _kill(lambda: _below(os.getpid()), limit)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def _spawn(command: list[str], asked: dict[str, Any], saying: int, telling: int) -> int:
    role = asked["role"]

    def inside() -> None:
        # Should the keeper itself be killed, this ends with it; and nothing in here becomes another user, whom it could not end.
        _libc().prctl(_DEATH_SIGNAL, signal.SIGTERM if role == "server" else signal.SIGKILL)
        _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)

    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=saying,
        stderr=saying,
        env=asked["environment"],
        cwd=asked["folder"],
        pass_fds=(telling,) if telling >= 0 else (),
        start_new_session=True,
        preexec_fn=inside,  # noqa: PLW1509 — the keeper has one thread
    )
    process.returncode = 0  # whoever ends here is reaped in one place
    return process.pid


def _tell(**what: object) -> None:
    # Who is gone hears nothing; that it is gone is heard elsewhere.
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(what).encode() + b"\n")


def _readable(descriptor: int) -> bool:
    with selectors.DefaultSelector() as once:
        once.register(descriptor, selectors.EVENT_READ)
        return bool(once.select(0))


def _ended() -> Iterator[tuple[int, int]]:
    """The children that ended since last asked, detached ones that became children included."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            yield pid, os.waitstatus_to_exitcode(status)


def _below(top: int) -> set[int]:
    """The processes that descend from one and still run."""
    parents = dict(_parents())
    found: set[int] = set()
    layer = {top}
    while layer:
        layer = {pid for pid, parent in parents.items() if parent in layer} - found
        found |= layer
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            stat = Path(entry.path, "stat").read_text(errors="replace")
        except OSError:
            continue  # ended meanwhile
        state, parent = stat.rpartition(")")[2].split()[:2]
        # A dead one has no children; one of ours is reaped, one of theirs becomes ours with its parent's end.
        if state not in "ZX":
            yield int(entry.name), int(parent)


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _kill(whom: Callable[[], set[int]], limit: float) -> None:
    """Stops all first, so that none starts another one while the rest is being killed."""
    while (found := whom()) and time.monotonic() < limit:
        still: set[int] = set()
        while found - still and time.monotonic() < limit:
            _signal(found - still, signal.SIGSTOP)
            still |= found
            found = whom()
        _signal(found, signal.SIGKILL)
        _until(lambda: not whom(), 1)


def _until(over: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not over() and time.monotonic() < limit:
        for _ in _ended():
            pass
        time.sleep(0.01)
    for _ in _ended():
        pass


def _open_up(remove: Callable[..., Any], path: str, _: object) -> None:
    """A folder that a program made unwritable is removed all the same."""
    with contextlib.suppress(OSError):
        Path(path).parent.chmod(0o700)
        Path(path).chmod(0o700)
        if remove is os.rmdir or remove is os.unlink:
            remove(path)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _clear_away(folder: Path) -> None:
    """Does `_clear` for what other keepers left behind that were killed together with their owners."""
    for left in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
        if left != folder:
            with contextlib.suppress(OSError):  # of another user, in use, just beginning, or just removed
                _clear(left)


@cache
def _libc() -> ctypes.CDLL:
    # not at the top, nor is fcntl: its variable's name is imported where there is neither
    return ctypes.CDLL(None, use_errno=True)


def _clear(left: Path) -> None:
    """Ends what runs in a folder that nobody keeps any more, and removes it.

    Raises:
        OSError: It is kept, or is not ours.
    """
    if left.lstat().st_uid != os.getuid():
        raise PermissionError(left)
    import fcntl

    with (left / "kept").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not lock.read():
            raise BlockingIOError(left)  # its keeper has made the file, and is about to lock it
        mark = f"{MARK}={left}".encode()
        _signal(_marked(mark), signal.SIGTERM)
        _until(lambda: not _marked(mark), 2 * _POLITE_SECONDS)
        _kill(lambda: _marked(mark), time.monotonic() + _LAST_SECONDS)
        shutil.rmtree(left, onerror=_open_up)


def _marked(mark: bytes) -> set[int]:
    found = set()
    for pid, _ in _parents():
        with contextlib.suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def main() -> None:
    """Keeps a folder for an owner, or clears it away."""
    folder = Path(sys.argv[2])
    if sys.argv[1] == "clear":
        with contextlib.suppress(FileNotFoundError):
            _clear(folder)
        return
    import fcntl

    owner = int(sys.argv[1])
    _libc().prctl(_SUBREAPER, 1, 0, 0, 0)
    keeper = Keeper(owner, folder)
    with (folder / "kept").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        _clear_away(folder)
        _tell(ready=True)
        keeper.run()


if __name__ == "__main__":
    main()
