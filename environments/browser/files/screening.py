"""Looks for declared secrets in the bytes of a file, before they may become part of an episode."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from ....tools.secrets import Secrets

_PIECE = 128 * 1024
"""Bytes searched at a time: some twenty milliseconds in which no other thread runs."""

_OVERLAP = 16 * 1024
_MOST = 256 * 1024 * 1024
"""Unpacked bytes that are searched; who packs more means no good."""


def why_not_kept(file: BinaryIO, secrets: Secrets) -> str:
    """Why the bytes of a file must not be kept: they hold a declared secret, or nobody can tell; empty when they may.

    Looked for in UTF-8, UTF-16 and Latin-1, also as URLs, HTML and JSON spell it, and within zip archives (so office documents too) and
    gzip. What is packed otherwise (within a PDF, in base64) is not found.

    Args:
        file: Open for reading, and left at its beginning.
    """
    if not secrets:
        return ""
    try:
        for part in _parts(file):
            name = _named_in(part, secrets)
            if name:
                return f"it holds the secret {name}"
    except _TooMuchError:
        return "it unpacks to more than can be searched for secrets"
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError):
        # damaged, or with a password: a reader would get no further
        return ""
    finally:
        file.seek(0)
    return ""


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _TooMuchError(Exception):
    pass


def _parts(file: BinaryIO) -> Iterator[_Readable]:
    file.seek(0)
    yield file
    file.seek(0)
    magic = file.read(2)
    file.seek(0)
    if magic == b"\x1f\x8b":
        with gzip.open(file) as unpacked:
            yield unpacked
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if sum(each.file_size for each in archive.infolist()) > _MOST:
                raise _TooMuchError
            for each in archive.infolist():
                with archive.open(each) as unpacked:
                    yield unpacked


def _named_in(part: _Readable, secrets: Secrets) -> str:
    before, total = b"", 0
    while piece := part.read(_PIECE):
        total += len(piece)
        if total > _MOST:
            raise _TooMuchError
        # a secret may lie across two pieces
        window = before + piece
        for text in _readings(window):
            if name := secrets.first_in(text):
                return name
        before = window[-_OVERLAP:]
    return ""


def _readings(data: bytes) -> Iterator[str]:
    yield data.decode(errors="replace")
    if not data.isascii():
        yield data.decode("latin-1")
    if b"\0" in data:
        for start in (0, 1):
            yield data[start:].decode("utf-16-le", errors="replace")
            yield data[start:].decode("utf-16-be", errors="replace")
