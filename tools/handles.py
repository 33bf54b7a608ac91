"""Handles: how a record holds something large. Its bytes lie beside it as a blob, named by their hash, and come when asked for.

`handle_schema` tells pydantic how a handle is stored; frames, trees and the content of files share it.
"""

from __future__ import annotations

import hashlib
import io
import threading
import weakref
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from .errors import EpisodeCorrupt, EpisodeError

Load = Callable[[str], bytes]
"""Brings the bytes of a blob by their hash."""

HASH = core_schema.str_schema(pattern="^[0-9a-f]{64}$")
"""The name of a blob."""

_H = TypeVar("_H")
_CHUNK = 1 << 20


def handle_schema(
    kind: type[_H],
    fields: dict[str, CoreSchema],
    read: Callable[[dict[str, Any], Load | None], _H],
    write: Callable[[_H], dict[str, Any]],
    *,
    required: bool = True,
) -> CoreSchema:
    """How a handle is stored: as a mapping in JSON, as itself in Python.

    Args:
        kind: The class of the handle.
        fields: Keys of the mapping.
        read: Makes a handle of the mapping; told how its blob is loaded (the validation context's ``load``), if that is known.
        write: Makes the mapping of a handle.
        required: All keys have to be there.
    """

    def from_record(record: dict[str, Any], info: ValidationInfo) -> _H:
        return read(record, (info.context or {}).get("load"))

    record = core_schema.typed_dict_schema(
        {name: core_schema.typed_dict_field(each, required=required) for name, each in fields.items()},
        extra_behavior="forbid",
    )
    stored = core_schema.with_info_after_validator_function(from_record, record)
    return core_schema.json_or_python_schema(
        json_schema=stored,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(kind), stored]),
        serialization=core_schema.plain_serializer_function_ser_schema(write, return_schema=record),
    )


def nowhere(sha256: str) -> bytes:
    """Stands for a blob store where there is none.

    Raises:
        EpisodeCorrupt: Always.
    """
    raise EpisodeCorrupt(f"the blob {sha256[:12]} was read without its episode: there is no file to load it from")


class Content:
    """The bytes of a file, or why they are not there.

    On disk it is ``{"blob": sha256}`` or ``{"missing": why}``. Before it is stored it holds an open file, so that nothing large is in
    memory; afterwards its blob is read when the bytes are asked for.

    Args:
        file: Where the bytes are; closed once they are stored.
        sha256: Their hash.
        missing: Why there are none.
    """

    __slots__ = ("__weakref__", "_file", "_load", "_lock", "missing", "sha256")

    def __init__(self, file: BinaryIO | None = None, sha256: str | None = None, *, missing: str = "") -> None:
        self.sha256 = sha256
        self.missing = missing
        self._file = file
        self._load: Load | None = None
        # the writer's thread copies while another one may read
        self._lock = threading.Lock()
        if file is not None:
            # what is never stored is let go of with its handle
            weakref.finalize(self, file.close)

    @classmethod
    def of(cls, data: bytes) -> Content:
        """These bytes."""
        return cls(io.BytesIO(data), hashlib.sha256(data).hexdigest())

    @property
    def data(self) -> bytes:
        """All of the bytes.

        Raises:
            EpisodeError: There are none, or they cannot be read.
        """
        with self._lock:
            if self._file is not None:
                self._file.seek(0)
                return self._file.read()
            load = self._load
        if self.sha256 is None or self.missing:
            raise EpisodeError(f"the bytes of this file are not there: {self.missing or 'no reason recorded'}")
        return (load or nowhere)(self.sha256)

    def copy_to(self, out: BinaryIO) -> None:
        """Writes the bytes, a piece at a time.

        Raises:
            EpisodeError: There are none.
        """
        with self._lock:
            if self._file is not None:
                self._file.seek(0)
                while piece := self._file.read(_CHUNK):
                    out.write(piece)
                return
        out.write(self.data)

    def stored(self, load: Load) -> None:
        """Says that the bytes lie in a blob store now, and lets go of them."""
        with self._lock:
            self._load, file, self._file = load, self._file, None
            if file is not None:
                file.close()

    def __repr__(self) -> str:
        return f"Content({self.missing or (self.sha256 or '')[:12]!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        fields: dict[str, CoreSchema] = {"blob": HASH, "missing": core_schema.str_schema()}
        return handle_schema(cls, fields, cls._from_record, cls._to_record, required=False)

    @classmethod
    def _from_record(cls, record: dict[str, Any], load: Load | None) -> Content:
        content = cls(sha256=record.get("blob"), missing=record.get("missing", ""))
        content._load = load
        return content

    def _to_record(self) -> dict[str, Any]:
        return {"missing": self.missing} if self.missing or self.sha256 is None else {"blob": self.sha256}
