"""A folder of ours in the system's temporary one: gone when it is closed, and if we are killed, when the next one is made."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from ....tools.errors import EnvironmentFailed

_PREFIX = "handeye-files-"
_LOCK = "lock"
_NEW = 60.0
"""Seconds for which a folder may still be without its lock: whoever makes it has not come that far."""


class Scratch:
    """Where the browser puts files before they are the episode's.

    A lock that ends with the process, however it ends, tells a folder in use from one that a killed process left behind.

    Attributes:
        path: The folder, empty at first.

    Raises:
        EnvironmentFailed: It cannot be made: the disk is full or read-only.
    """

    def __init__(self) -> None:
        try:
            _sweep(Path(tempfile.gettempdir()))
            self._root = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._lock = os.open(self._root / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            _locked(self._lock)
            self.path = self._root / "files"
            self.path.mkdir()
        except OSError as error:
            raise EnvironmentFailed(
                f"there is no place for downloads in {tempfile.gettempdir()}: {error.strerror or error}",
                remedy="free some space, or name another folder in the environment variable TMPDIR",
            ) from error

    def close(self) -> None:
        """Removes it with all that is in it."""
        # once unlocked, whoever sweeps may be faster
        shutil.rmtree(self._root, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.close(self._lock)


def _sweep(base: Path) -> None:
    for each in base.glob(f"{_PREFIX}*"):
        # others' folders are theirs to remove, and one may vanish while we look
        with contextlib.suppress(OSError):
            if _left_behind(each):
                shutil.rmtree(each, ignore_errors=True)


def _left_behind(folder: Path) -> bool:
    if not (folder / _LOCK).exists():
        return time.time() - folder.stat().st_mtime > _NEW
    lock = os.open(folder / _LOCK, os.O_RDWR)
    try:
        return _locked(lock) and time.time() - folder.stat().st_mtime > _NEW
    finally:
        os.close(lock)


def _locked(descriptor: int) -> bool:
    """Takes the lock, unless a living process has it."""
    if sys.platform == "win32":
        # an open file cannot be removed there
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
