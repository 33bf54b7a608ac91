"""Where an episode's files lie: a folder or a zip, read by relative name only, blobs checked against their hash."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ..tools.errors import EpisodeCorrupt, EpisodeError

HEADER = "episode.json"
LINES = "steps.jsonl"
BLOBS = "blobs"
_HASH = re.compile(r"[0-9a-f]{64}")
# one frame of 32768² could not be larger than this; a zip that claims more is a bomb
_MAX_FILE = 512 * 1024 * 1024


class EpisodeFileMissing(EpisodeError):
    """A file of the episode is not there."""


def blob_name(sha256: str) -> str:
    """Relative path of a blob.

    Raises:
        EpisodeCorrupt: Not a sha256: a record that tries to name another file.
    """
    if not _HASH.fullmatch(sha256):
        raise EpisodeCorrupt(f"{sha256[:80]!r} is not the name of a blob")
    return f"{BLOBS}/{sha256[:2]}/{sha256}"


class Store(Protocol):
    """Reads the files of one episode."""

    path: Path

    def read(self, name: str) -> bytes:
        """The content of a file of the episode, by relative name.

        Raises:
            EpisodeError: It is not there or cannot be read.
        """


class FolderStore:
    """An episode in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        """See `Store.read`; a link that leads out of the folder is refused."""
        file = self.path / name
        try:
            if not file.resolve().is_relative_to(self.path.resolve()):
                raise EpisodeCorrupt(f"{file} leads out of the episode")
            if file.stat().st_size > _MAX_FILE:
                raise EpisodeCorrupt(f"{file} is larger than any file of an episode")
            return file.read_bytes()
        except FileNotFoundError as error:
            raise EpisodeFileMissing(f"cannot read {file}: there is no such file") from error
        except OSError as error:
            raise EpisodeError(f"cannot read {file}: {error.strerror}") from error


class ZipStore:
    """An episode in a zip file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise EpisodeError(f"{path} is not a readable zip: {error}") from error
        # a zip made by hand usually holds the folder itself
        heads = [each for each in self._zip.namelist() if each == HEADER or each.endswith(f"/{HEADER}")]
        self._prefix = min(heads, key=len)[: -len(HEADER)] if heads else ""

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        try:
            info = self._zip.getinfo(self._prefix + name)
            if info.file_size > _MAX_FILE:
                raise EpisodeCorrupt(f"{self.path}: {name} is larger than any file of an episode")
            return self._zip.read(info)
        except KeyError as error:
            raise EpisodeFileMissing(f"cannot read {name} in {self.path}: there is no such file") from error
        # a wrong password, or a compression that this Python lacks, is a RuntimeError
        except (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
            raise EpisodeError(f"cannot read {name} in {self.path}: {error}") from error


def open_store(path: Path) -> Store:
    """The store at a path.

    Raises:
        EpisodeError: There is nothing, or no episode.
    """
    if path.is_dir():
        if not (path / HEADER).exists():
            raise EpisodeError(
                f"{path} is not an episode: it has no {HEADER}",
                remedy="; ".join(f"perhaps {each}" for each in _episodes_below(path))
                or "give the folder that a run printed",
            )
        return FolderStore(path)
    if path.is_file():
        return ZipStore(path)
    raise EpisodeError(f"there is no episode at {path}", remedy="give the folder that a run printed")


def _episodes_below(path: Path) -> Iterator[Path]:
    found = sorted(path.glob(f"*/{HEADER}"))
    return (each.parent for each in found[:3])


def read_blob(store: Store, sha256: str) -> bytes:
    """A blob, checked.

    Raises:
        EpisodeCorrupt: Its content has another hash: truncated or changed.
    """
    data = store.read(blob_name(sha256))
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise EpisodeCorrupt(
            f"{store.path / blob_name(sha256)} is damaged: {len(data)} bytes whose hash is {actual[:12]}…"
        )
    return data
