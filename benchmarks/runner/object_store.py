"""The folder of a run in an object store, by fsspec (extra ``store``): an object a file, an episode packed into one.

Of several writers of one name one wins: the store is asked to create the object and to refuse where there is one. S3, Google's and
Azure's stores do that in one step (``If-None-Match``); for those whose fsspec class only looks and then writes, the two must not happen
at the same moment. Nobody can be kept from running the same rows a second time at once: each would still count once.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
import uuid
import weakref
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ...episodes.pack import pack
from ...tools.errors import UsageError
from .store import Lines

_LAG = 5.0
"""Seconds that a line of the journal may wait before it is stored."""
_FOREIGN = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("azure.core.exceptions", "AzureError"),
)
"""What the stores' libraries raise beside OSError: module, class."""


@contextlib.contextmanager
def _boundary() -> Iterator[None]:
    """Turns what the stores' libraries raise into OSError."""
    try:
        yield
    except _foreign() as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def _foreign() -> tuple[type[BaseException], ...]:
    # what is not imported has raised nothing
    found = (getattr(sys.modules.get(module), name, None) for module, name in _FOREIGN)
    return tuple(each for each in found if each is not None)


class ObjectStore:
    """A folder of an object store.

    Args:
        url: Its address. Who may enter is for the environment to say (``AWS_PROFILE``, ``FSSPEC_S3_ENDPOINT_URL`` …).

    Raises:
        UsageError: fsspec, or what it needs for such an address, is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise UsageError(f"{url} needs the package fsspec", remedy='pip install "handeye[store]"') from error
        try:
            self._files, root = fsspec.core.url_to_fs(url.rstrip("/"))
        except ImportError as error:
            raise UsageError(
                f"{url}: {error}", remedy="install what fsspec needs for it: s3fs, gcsfs, adlfs …"
            ) from error
        except ValueError as error:
            raise UsageError(f"{url}: {error}", remedy="s3://BUCKET/FOLDER") from error
        self._root = str(root)
        self._url = url.rstrip("/")
        self._own: Path | None = None

    @property
    def name(self) -> str:
        """See `Store.name`."""
        return self._url

    @property
    def location(self) -> str:
        """See `Store.location`."""
        return self._url

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        with _boundary():
            return bytes(self._files.cat_file(self._at(name)))

    def read_all(self, names: Iterable[str]) -> list[bytes]:
        """See `Store.read_all`; side by side, where the store can."""
        paths = [self._at(name) for name in names]
        if not paths:
            return []
        with _boundary():
            found: dict[str, bytes] = self._files.cat(paths)
        return [bytes(found[path]) for path in paths]

    def names(self, folder: str = "") -> list[str]:
        """See `Store.names`."""
        try:
            with _boundary():
                # others write there, too: what was listed before is not believed
                self._files.invalidate_cache()
                found: list[str] = self._files.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        names = [each.rstrip("/").rpartition("/")[2] for each in found]
        return [each for each in names if each and each[0] != "."]

    def put_once(self, name: str, data: bytes) -> bool:
        """See `Store.put_once`."""
        try:
            with _boundary():
                self._files.pipe_file(self._at(name), data, mode="create")
        except OSError as error:
            # the answer to a first try may have been lost: what is there is ours if it is the same
            there = self._there(name)
            if there is None:
                raise error
            return there == data
        return True

    def _there(self, name: str) -> bytes | None:
        with contextlib.suppress(OSError):
            return self.read(name)
        return None

    def _put(self, name: str, data: bytes) -> None:
        with _boundary():
            self._files.pipe_file(self._at(name), data)

    def rename(self, name: str, to: str) -> None:
        """See `Store.rename`."""
        with _boundary():
            self._files.mv(self._at(name), self._at(to))

    def scratch(self, name: str) -> Path:
        """See `Store.scratch`: in a folder of this object, which goes with it."""
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(prefix="handeye-run-"))
            weakref.finalize(self, shutil.rmtree, self._own, ignore_errors=True)
        path = self._own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _name_of(self, path: Path) -> str:
        return path.relative_to(self.scratch("")).as_posix()

    def keep(self, path: Path) -> str:
        """See `Store.keep`: packed, with the network if that was recorded; nothing stays on this disk."""
        name = f"{self._name_of(path)}.zip"
        packed = path.with_name(f"{path.name}.zip")
        try:
            pack(path, packed, network=True)
            with _boundary():
                self._files.put_file(str(packed), self._at(name))
        finally:
            packed.unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)
        return name

    def keep_log(self, path: Path) -> None:
        """See `Store.keep_log`."""
        data = path.read_bytes()
        if data:
            self._put(self._name_of(path), data)

    def fetch(self, name: str) -> Path:
        """See `Store.fetch`: copied here."""
        path = self.scratch(name)
        if not path.exists():
            path.write_bytes(self.read(name))
        return path

    def clear(self) -> None:
        """See `Store.clear`."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None

    def lines(self, name: str) -> Lines:
        """See `Store.lines`."""
        return _ObjectLines(self, name.removesuffix(".jsonl"))


class _ObjectLines:
    """Lines of several writers, one after the other: an object each, for objects cannot be added to, written anew with each addition."""

    def __init__(self, store: ObjectStore, folder: str) -> None:
        self._store, self._folder = store, folder
        self._name = f"{folder}/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex[:6]}.jsonl"
        self._data = bytearray()
        self._stored = 0
        self._stored_at = time.monotonic()

    def read(self) -> bytes:
        names = sorted(f"{self._folder}/{each}" for each in self._store.names(self._folder))
        return b"".join(self._store.read_all(names))

    def add(self, line: bytes, *, at_once: bool) -> None:
        self._data += line
        if at_once or time.monotonic() - self._stored_at > _LAG:
            self._flush()

    def _flush(self) -> None:
        self._store._put(self._name, bytes(self._data))
        self._stored, self._stored_at = len(self._data), time.monotonic()

    def close(self) -> None:
        if self._stored < len(self._data):
            self._flush()
