"""Who may write an episode: one process at a time. The claim ends with the process that holds it, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

from ..tools.errors import CannotResume, EpisodeUnwritable
from .reader import Episode
from .store import HEADER, LINES

if sys.platform != "win32":
    import fcntl


def lock(lines: BinaryIO) -> bool:
    """Takes the only right to write the lines of an episode, until the file is closed or this process is gone.

    Returns:
        False when another one has it. A file system that knows no locks lets everybody.
    """
    if sys.platform != "win32":
        try:
            # of the open file, not of the process as POSIX has them: reading the lines elsewhere in this one would end such a lock
            fcntl.flock(lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def is_written(path: Path) -> bool:
    """Whether some process is writing the episode in that folder now."""
    try:
        with (path / LINES).open("rb") as lines:
            return not lock(lines)
    except OSError:
        return False


class Claim:
    """An episode that broke off, taken by whoever means to go on with it. Nothing is changed in it before `go_on`.

    Args:
        path: Its folder.

    Attributes:
        episode: What is in it.

    Raises:
        CannotResume: It is a zip, another process is writing it, or it came to its end.
        EpisodeUnwritable: It cannot be written.
        EpisodeError: There is none, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        if path.is_file():
            raise CannotResume(
                f"{path} is a file: an episode is gone on with in its folder", remedy=f"first: handeye unpack {path}"
            )
        self._lines = _open(path)
        try:
            if self._lines is not None and not lock(self._lines):
                raise CannotResume(
                    f"{path} is being written by another process: that run is not over",
                    remedy="wait for it, or end it (Ctrl-C there), and resume then",
                )
            self.episode = Episode.open(path)
            if self._lines is None:
                raise CannotResume(f"{path} has no {LINES}: nothing is known of that run", remedy="run its task again")
            _check_unfinished(self.episode)
        except BaseException:
            self.release()
            raise

    def go_on(self) -> BinaryIO:
        """Drops what is left of a line that was cut off; gives the file to which further lines are added, for `EpisodeWriter`.

        Raises:
            EpisodeUnwritable: It cannot be written.
        """
        assert self._lines is not None
        try:
            self._lines.seek(0)
            data = self._lines.read()
            self._lines.truncate(data.rfind(b"\n") + 1)
        except OSError as error:
            raise unwritable(self.episode.path, error) from error
        return self._lines

    def release(self) -> None:
        """Lets others have it. Not after `go_on`: the writer's end is the end of the claim then."""
        if self._lines is not None:
            self._lines.close()


def _open(path: Path) -> BinaryIO | None:
    if not (path / HEADER).exists():
        # the reader knows better what is wrong
        return None
    try:
        # to be added to, but not to be made
        return os.fdopen(os.open(path / LINES, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)), "a+b")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unwritable(path, error) from error


def _check_unfinished(episode: Episode) -> None:
    outcome = episode.outcome
    if outcome is None or outcome.status == "infrastructure" or outcome.stop == "interrupted":
        return
    raise CannotResume(
        f"{episode.path} is complete: {outcome.status} after {outcome.steps} steps",
        remedy="there is nothing to go on with; to do its task once more, run it anew",
    )


def unwritable(path: Path | str, error: OSError) -> EpisodeUnwritable:
    """What is said when an episode cannot be written."""
    return EpisodeUnwritable(
        f"cannot write the episode in {path}: {error.strerror or error}",
        remedy="free some space or choose another folder with --out",
    )
