"""Files that tasks download: fetched once, and then taken from a folder of this machine."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import httpx

from ...tools.errors import EnvironmentFailed

_SECONDS = 300.0
_LARGEST = 2 * 1024**3


class Cache:
    """Files by their address.

    A folder that OSWorld's own runs filled serves too: they keep ``TASK/UUID_NAME`` for what a machine is given, and ``TASK/NAME`` for
    what its files are compared with; both are found here.

    Args:
        folder: Where they are kept; made when it is first needed.
        task: Name of the task.
    """

    def __init__(self, folder: Path, task: str) -> None:
        self._folder = folder.expanduser()
        self._task = PurePosixPath(task).name

    def fetched(self, url: str, name: str, *, compared: bool = False) -> bytes:
        """The file at an address.

        Args:
            url: Of the file.
            name: That the task gives it.
            compared: What the machine ends with is compared with it: OSWorld keeps such a file under its mere name.

        Raises:
            EnvironmentFailed: It is not in the folder, and cannot be fetched.
        """
        last = PurePosixPath(name.replace("\\", "/")).name
        key = f"{uuid.uuid5(uuid.NAMESPACE_URL, url)}_{last}"
        try:
            for path in self._places(key, last, compared):
                if path.is_file():
                    return path.read_bytes()
        except OSError as error:
            raise EnvironmentFailed(f"{self._folder} cannot be read: {error.strerror}") from error
        data = _download(url)
        self._keep(self._folder / key, data)
        return data

    def _places(self, key: str, last: str, compared: bool) -> Iterator[Path]:
        yield self._folder / key
        yield self._folder / self._task / key
        if compared:
            yield self._folder / self._task / last

    def _keep(self, path: Path, data: bytes) -> None:
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            # under its name a file is always whole
            aside.replace(path)
        except OSError as error:
            raise EnvironmentFailed(
                f"{path} cannot be written: {error.strerror}", remedy="another folder: -c suite.cache=FOLDER"
            ) from error


def _download(url: str) -> bytes:
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_SECONDS) as answer:
            answer.raise_for_status()
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > _LARGEST:
                    raise EnvironmentFailed(f"{url} is larger than {_LARGEST:,} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EnvironmentFailed(
            f"{url} cannot be downloaded: {error}",
            remedy="where there is no network, fill the folder that -c suite.cache=FOLDER names",
        ) from error
    return bytes(data)
