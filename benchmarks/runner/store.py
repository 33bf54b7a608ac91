"""Where the folder of a run lies: on a disk, or in an object store (``s3://bucket/runs/x``); a few operations that both can do."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ...episodes.claim import lock
from ...tools.errors import EpisodeError, UsageError


class Lines(Protocol):
    """A file that lines are added to, held by one writer."""

    def read(self) -> bytes:
        """Everything that was added before, by this writer and those before it; without what is left of a line that was cut off."""
        ...

    def add(self, line: bytes, *, at_once: bool) -> None:
        """Adds a line. It outlives this process at once if that is wanted, else within seconds.

        Raises:
            OSError: It cannot be written.
        """
        ...

    def close(self) -> None:
        """Lets others have it."""
        ...


class Store(Protocol):
    """A place with names in it, ``results/KEY.json``. All operations raise OSError, FileNotFoundError where nothing is there.

    Attributes:
        name: For people, as they wrote it.
        location: For other processes of this machine, and of others that see the same place.
    """

    @property
    def name(self) -> str: ...

    @property
    def location(self) -> str: ...

    def read(self, name: str) -> bytes:
        """What is under a name."""
        ...

    def read_all(self, names: Iterable[str]) -> list[bytes]:
        """What is under each."""
        ...

    def names(self, folder: str = "") -> list[str]:
        """What a folder of it holds, by last names, those in the making (they begin with a dot) left out; nothing where it is not."""
        ...

    def put_once(self, name: str, data: bytes) -> bool:
        """Puts something under a name, whole or not at all, unless something is there: of several writers one wins, and is told True."""
        ...

    def rename(self, name: str, to: str) -> None:
        """Puts under another name what is under this one."""
        ...

    def scratch(self, name: str) -> Path:
        """A path on a disk where a folder or file of that name may be made."""
        ...

    def keep(self, path: Path) -> str:
        """Puts an episode that was made at a `scratch` path into its place.

        Returns:
            Its name.

        Raises:
            EpisodeError: There is none that can be read.
        """
        ...

    def keep_log(self, path: Path) -> None:
        """Puts a log that was made at a `scratch` path into its place."""
        ...

    def fetch(self, name: str) -> Path:
        """Where on a disk the episode of that name can be read."""
        ...

    def clear(self) -> None:
        """Removes what was made at `scratch` paths and is in no place of its own."""
        ...

    def lines(self, name: str) -> Lines:
        """Opens lines for adding.

        Raises:
            BlockingIOError: Another process has them.
        """
        ...


def open_store(where: Path | str) -> Store:
    """The place at a path or an address.

    Raises:
        UsageError: fsspec, or what it needs for such an address, is not installed.
    """
    if is_address(where):
        from .object_store import ObjectStore

        return ObjectStore(str(where))
    return FolderStore(Path(str(where).removeprefix(_FILE)))


_FILE = "file://"


def is_address(where: Path | str) -> bool:
    """Whether it is the address of an object store; ``file://`` is a path."""
    return isinstance(where, str) and "://" in where and not where.startswith(_FILE)


def on_disk(where: str | None) -> Path | None:
    """A path, where nothing else will do.

    Raises:
        UsageError: It is the address of an object store.
    """
    if where is None:
        return None
    if is_address(where):
        raise UsageError(
            f"{where} is no folder: only runs of live suites go to an object store", remedy="name a folder"
        )
    return Path(where)


class FolderStore:
    """A folder that every process sees.

    Args:
        path: Of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """See `Store.name`."""
        return str(self._path)

    @property
    def location(self) -> str:
        """See `Store.location`."""
        return str(self._path.resolve())

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        return (self._path / name).read_bytes()

    def read_all(self, names: Iterable[str]) -> list[bytes]:
        """See `Store.read_all`."""
        return [self.read(name) for name in names]

    def names(self, folder: str = "") -> list[str]:
        """See `Store.names`."""
        try:
            return [each.name for each in os.scandir(self._path / folder) if each.name[0] != "."]
        except FileNotFoundError:
            return []

    def put_once(self, name: str, data: bytes) -> bool:
        """See `Store.put_once`."""
        path = self._path / name
        aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # unlike a rename, a link refuses to replace what another writer has put there
            os.link(aside, path)
        except FileExistsError:
            return False
        finally:
            aside.unlink(missing_ok=True)
        return True

    def rename(self, name: str, to: str) -> None:
        """See `Store.rename`."""
        (self._path / name).replace(self._path / to)

    def scratch(self, name: str) -> Path:
        """See `Store.scratch`: the place itself."""
        return self._path / name

    def keep(self, path: Path) -> str:
        """See `Store.keep`: it is there already."""
        if not path.exists():
            raise EpisodeError(f"there is no episode at {path}")
        return path.relative_to(self._path).as_posix()

    def keep_log(self, path: Path) -> None:
        """See `Store.keep_log`: it is there already."""

    def fetch(self, name: str) -> Path:
        """See `Store.fetch`."""
        return self._path / name

    def clear(self) -> None:
        """See `Store.clear`: all of it is in its place."""

    def lines(self, name: str) -> Lines:
        """See `Store.lines`."""
        return _FileLines(self._path / name)


class _FileLines:
    def __init__(self, path: Path) -> None:
        # not closed by a `with`: the lock is held as long as the file is open
        self._file = path.open("a+b")
        if not lock(self._file):
            self._file.close()
            raise BlockingIOError(f"{path} is held by another process")

    def read(self) -> bytes:
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        # a line that was cut off would run into the next one
        self._file.truncate(whole)
        return data[:whole]

    def add(self, line: bytes, *, at_once: bool) -> None:
        # handing it to the operating system is cheap: all of them outlive this process
        del at_once
        self._file.write(line)
        self._file.flush()

    def close(self) -> None:
        self._file.close()
