"""The files of a recording of a stranger: a folder, one file, or a zip. Nothing outside is read, nothing in it is trusted."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from ...tools.errors import RecordingRefused
from ...tools.words import cut

LARGEST = 256 * 1024 * 1024
"""Bytes of one file."""
_ALL = 8 * 1024 * 1024 * 1024
"""Bytes that all members of a zip unpack to."""
_RATIO = 200
"""A member that is this many times smaller packed, and large, is a bomb: screenshots and JSON are at 2 to 20."""
_SMALL = 16 * 1024 * 1024
_MOST = 500_000
"""Files."""


class Files(Protocol):
    """Files by their relative name, with ``/`` between folders."""

    @property
    def name(self) -> str:
        """Of the folder or file, for messages."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted."""
        ...

    @property
    def index(self) -> tuple[frozenset[str], dict[str, str]]:
        """All names, and by its last part each file whose last part no other has."""
        ...

    @property
    def chosen(self) -> str | None:
        """The one that was named, when a file was; all others are only looked up."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            RecordingRefused: It is not there, leads out, or is too large.
        """
        ...

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file, which may be larger than any that `read` reads.

        Raises:
            RecordingRefused: As `read`; a single line is too large.
        """
        ...


def open_files(path: Path, *, pictures: Path | None = None) -> Files:
    """The files at a path: a folder, a zip, or a file with the folder that it lies in.

    Args:
        path: From the command line.
        pictures: A further folder in which screenshots are looked for by their name.

    Raises:
        RecordingRefused: There is nothing, or no readable zip.
    """
    more = Folder(pictures) if pictures is not None else None
    if path.is_dir():
        return Folder(path, more=more)
    if not path.is_file():
        raise RecordingRefused(f"there is nothing at {path}", remedy="give the folder, file or zip of a recording")
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return Zip(path)
    return Folder(path.parent, chosen=path.name, more=more)


def checked(name: str, where: str) -> str:
    """A relative name as it may stand in a recording, with ``/`` between folders.

    Raises:
        RecordingRefused: It is absolute, leads out of the folder, or is no name.
    """
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or "\0" in plain or plain.startswith("/") or ".." in parts or ":" in parts[0]:
        raise RecordingRefused(f"{where} names {cut(ascii(name), 80)}, which leads out of the recording")
    return str(PurePosixPath(*parts))


def find_file(files: Files, name: str, beside: str, where: str) -> str | None:
    """Which file a name in a recording means; None when there is none.

    Looked for beside the file that names it, from the top, in ``images`` and the like, then anywhere by its last part.

    Args:
        files: All there are.
        name: As the recording has it.
        beside: The file that names it.
        where: For the message.

    Raises:
        RecordingRefused: It leads out.
    """
    name = checked(name, where)
    every, by_last_part = files.index
    folder = str(PurePosixPath(beside).parent)
    for base in (folder, f"{folder}/images", "", "images", f"{folder}/screenshots"):
        candidate = str(PurePosixPath(base) / name)
        if candidate in every:
            return candidate
    return by_last_part.get(PurePosixPath(name).name)


def _indexed(names: tuple[str, ...]) -> tuple[frozenset[str], dict[str, str]]:
    last: dict[str, str] = {}
    twice: set[str] = set()
    for name in names:
        part = PurePosixPath(name).name
        if part in last:
            twice.add(part)
        last[part] = name
    return frozenset(names), {part: name for part, name in last.items() if part not in twice}


class Folder:
    """A folder. Links are followed to files that lie in it, and to no others.

    Args:
        root: The folder.
        chosen: See `Files.chosen`.
        more: A further folder in which files are looked for.
        within: A folder around it in which links may end: that of a cache which keeps the files themselves beside.
    """

    def __init__(
        self, root: Path, *, chosen: str | None = None, more: Folder | None = None, within: Path | None = None
    ) -> None:
        self.root = root
        self._within = within or root
        self.chosen = chosen
        self._more = more

    @property
    def name(self) -> str:
        """See `Files.name`."""
        return str(self.root / self.chosen) if self.chosen else str(self.root)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """See `Files.names`; those of the further folder too."""
        found: list[str] = []
        # a link to a folder may lead back to where it stands
        for folder, folders, files in os.walk(self.root, followlinks=False):
            folders.sort()
            for file in files:
                found.append((Path(folder) / file).relative_to(self.root).as_posix())
            if len(found) > _MOST:
                raise RecordingRefused(f"{self.root} holds more than {_MOST} files")
        return tuple(sorted({*found, *(self._more.names if self._more is not None else ())}))

    @cached_property
    def index(self) -> tuple[frozenset[str], dict[str, str]]:
        """See `Files.index`."""
        return _indexed(self.names)

    def _file(self, name: str) -> Path:
        file = self.root / checked(name, str(self.root))
        try:
            if not file.exists() and self._more is not None:
                return self._more._file(name)
            if not file.resolve(strict=True).is_relative_to(self._within.resolve()):
                raise RecordingRefused(f"{file} is a link that leads out of the recording")
            if not file.is_file():
                raise RecordingRefused(f"{file} is no file")
        except (OSError, RuntimeError, ValueError) as error:
            raise RecordingRefused(f"cannot read {cut(str(file), 200)}: {_why(error)}") from error
        return file

    def read(self, name: str) -> bytes:
        """See `Files.read`."""
        file = self._file(name)
        try:
            if file.stat().st_size > LARGEST:
                raise RecordingRefused(f"{file} has {file.stat().st_size} bytes; at most {LARGEST} are read")
            return file.read_bytes()
        except OSError as error:
            raise RecordingRefused(f"cannot read {file}: {_why(error)}") from error

    def lines(self, name: str) -> Iterator[bytes]:
        """See `Files.lines`."""
        file = self._file(name)
        try:
            with file.open("rb") as opened:
                while line := opened.readline(LARGEST + 1):
                    if len(line) > LARGEST:
                        raise RecordingRefused(f"{file} has a line of more than {LARGEST} bytes")
                    yield line
        except OSError as error:
            raise RecordingRefused(f"cannot read {file}: {_why(error)}") from error


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class Zip:
    """A zip; its members are read one at a time, as far as they say that they are long and no further."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.chosen: str | None = None
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise RecordingRefused(f"{path} is not a readable zip: {error}") from error
        members = [each for each in self._zip.infolist() if not each.is_dir()]
        if len(members) > _MOST or sum(each.file_size for each in members) > _ALL:
            raise RecordingRefused(f"{path} unpacks to more than {_ALL} bytes or {_MOST} files: a zip bomb")
        self._members = {checked(each.filename, str(path)): each for each in members}
        self.names = tuple(sorted(self._members))
        self.index = _indexed(self.names)

    def read(self, name: str) -> bytes:
        """See `Files.read`."""
        member = self._members.get(name)
        if member is None:
            raise RecordingRefused(f"there is no {name} in {self.name}")
        packed = max(1, member.compress_size)
        if member.file_size > LARGEST or (member.file_size > _SMALL and member.file_size / packed > _RATIO):
            raise RecordingRefused(
                f"{self.name}: {name} unpacks from {member.compress_size} to {member.file_size} bytes: a zip bomb"
            )
        try:
            with self._zip.open(member) as opened:
                data = opened.read(member.file_size + 1)
        # a wrong password, or a compression that this Python lacks, is a RuntimeError
        except (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
            raise RecordingRefused(f"cannot read {name} in {self.name}: {error}") from error
        if len(data) > member.file_size:
            raise RecordingRefused(f"{self.name}: {name} is longer than it says: a zip bomb")
        return data

    def lines(self, name: str) -> Iterator[bytes]:
        """See `Files.lines`."""
        yield from self.read(name).splitlines(keepends=True)
