"""The records of a data set, each with the file and the place that it stands at: JSON, JSON lines or Parquet, from a folder or a hub."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ...episodes.convert.files import Folder
from ...episodes.convert.reading import read_json
from ...tools.errors import RecordingRefused
from .images import Images, Shot
from .problems import BadRecord, DataRefused, Problems

MADE = "made-by-handeye.json"
"""Beside data that this project made in the schema of a suite; scores of them say nothing of real images."""
HUB = "hf:"
_ENDINGS = (".json", ".jsonl", ".parquet")


class Row(NamedTuple):
    """One record.

    Attributes:
        where: ``screenspot_web.json, record 17``.
        file: Its file, relative to the folder.
        value: What stands there, without the bytes of images.
        image: Brings the screenshot that it holds itself, of a Parquet file; None where it names a file.
    """

    where: str
    file: str
    value: dict[str, Any]
    image: Callable[[], Shot] | None = None


class Data:
    """What a suite is read from.

    Args:
        folder: Holds annotations and images, at any depth.
        identity: What tells it from others where that is not its annotations: the revision of a data set.
        within: A folder around it in which its links may end; None where they may not leave it.

    Attributes:
        problems: The bad records that were met.
        images: Its image files.
        records: How many records were read.

    Raises:
        DataRefused: There is no such folder.
    """

    def __init__(self, folder: Path, identity: str = "", within: Path | None = None) -> None:
        if not folder.is_dir():
            raise DataRefused(f"there is no folder {folder}", remedy="name the folder of the data set: --data FOLDER")
        self.folder = folder
        self.files = Folder(folder, within=within)
        self.images = Images(self.files)
        self.problems = Problems()
        self.records = 0
        self._hash = hashlib.sha256(identity.encode())

    @property
    def made(self) -> bool:
        """Whether this project made it."""
        return (self.folder / MADE).exists()

    @property
    def sha256(self) -> str:
        """Over the names and bytes of all annotation files that were read so far."""
        return self._hash.hexdigest()

    def identify(self, what: str) -> None:
        """Adds something else that tells these data from others."""
        self._hash.update(what.encode() + b"\0")

    def annotations(self, wanted: Callable[[str], bool] = lambda name: True) -> list[str]:
        """Names of the files that may hold records.

        Args:
            wanted: Says of a name whether it is one.

        Raises:
            DataRefused: There is none.
        """
        found = [
            name
            for name in self.files.names
            if name.endswith(_ENDINGS) and PurePosixPath(name).name != MADE and wanted(name)
        ]
        if not found:
            raise DataRefused(f"{self.folder} holds no annotations: no {' or '.join(_ENDINGS)} file of this suite")
        return found

    def value(self, name: str) -> Any:
        """The JSON value of a whole file.

        Raises:
            DataRefused: It is none.
        """
        data = self._bytes(name)
        try:
            return read_json(data, name)
        except RecordingRefused as error:
            raise DataRefused(str(error)) from error

    def rows(self, names: Iterable[str]) -> Iterator[Row]:
        """The records of files.

        A line that is cut off, or no JSON, is a bad record; a file that is no JSON is no data.

        Raises:
            DataRefused: A file does not hold a list of objects.
        """
        for name in names:
            for row in self._of(name):
                self.records += 1
                yield row

    def shot(self, row: Row, name: object) -> Shot:
        """The screenshot of a record: its own, or that of the file it names.

        Raises:
            BadRecord: See `Images.shot`.
        """
        return row.image() if row.image is not None else self.images.shot(name, row.file)

    def _of(self, name: str) -> Iterator[Row]:
        ending = PurePosixPath(name).suffix
        if ending == ".parquet":
            from .parquet import parquet_rows

            self._hash.update(name.encode() + self._bytes(name, keep=False))
            yield from parquet_rows(self.folder / name, name)
        elif ending == ".jsonl":
            yield from self._lines(name)
        else:
            value = self.value(name)
            records = value if isinstance(value, list) else [value]
            for number, each in enumerate(records):
                where = f"{name}, record {number}" if isinstance(value, list) else name
                if not isinstance(each, dict):
                    raise DataRefused(f"{where} is no JSON object")
                yield Row(where, name, each)

    def _lines(self, name: str) -> Iterator[Row]:
        for number, line in enumerate(self._bytes(name).splitlines(), 1):
            if not line.strip():
                continue
            where = f"{name}, line {number}"
            try:
                value = read_json(line, where)
            except RecordingRefused:
                self.records += 1
                self.problems.bad(where, BadRecord("it is no JSON: cut off, or damaged"))
                continue
            if not isinstance(value, dict):
                raise DataRefused(f"{where} is no JSON object")
            yield Row(where, name, value)

    def _bytes(self, name: str, *, keep: bool = True) -> bytes:
        try:
            if not keep:
                # gigabytes, mostly of images: its size and end tell it from others
                with (self.folder / name).open("rb") as file:
                    size = file.seek(0, 2)
                    file.seek(max(0, size - 65536))
                    return size.to_bytes(8, "big") + file.read()
            data = self.files.read(name)
        except (OSError, RecordingRefused) as error:
            raise DataRefused(f"cannot read {self.folder / name}: {error}") from error
        self._hash.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        return data


def open_data(source: str) -> Data:
    """The data at a folder, or of a data set of a hub: ``hf:OWNER/NAME``, ``hf:OWNER/NAME@REVISION``.

    Raises:
        DataRefused: It is not there; the extra ``hub`` is needed.
    """
    if not source.startswith(HUB):
        return Data(Path(source))
    name, _, revision = source.removeprefix(HUB).partition("@")
    from .hub import fetch

    folder = fetch(name, revision or None)
    # the hub's cache has a folder for each revision, of links to the files of all of them beside it
    return Data(folder, source, within=folder.parents[1])
