"""Predictions and scores on disk: a folder with ``scoring.json`` and ``predictions.jsonl``, a line for each answer as it comes.

Whatever ends the writing process, the lines before are whole; one that was cut off is dropped when the folder is gone on with.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from ..tools.errors import EpisodeCorrupt, EpisodeError, FormatTooNew, HandeyeError, UsageError
from .claim import lock, unwritable
from .schema import FORMAT, SCORED, Scored, ScoringHeader, first_problem, to_json

HEADER = "scoring.json"
LINES = "predictions.jsonl"

_HEADER: TypeAdapter[ScoringHeader] = TypeAdapter(ScoringHeader)
_MAY_DIFFER = {"created", "source", "versions", "host", "left_out", "bad", "lacks"}


class ScoresWriter:
    """Writes one scoring; goes on with one that is there.

    Args:
        folder: Is made. One that holds a scoring is gone on with.
        header: Who is asked what.

    Attributes:
        there: What was there already, by item.

    Raises:
        UsageError: The folder holds something else, or a scoring of another episode, model or rule.
        EpisodeUnwritable: It cannot be written.
    """

    def __init__(self, folder: Path, header: ScoringHeader) -> None:
        self.folder = folder
        self.there: dict[str, Scored] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / HEADER).exists():
                if any(folder.iterdir()):
                    raise UsageError(f"{folder} holds something that is no scoring", remedy="name another folder")
                aside = folder / f"{HEADER}.part"
                aside.write_bytes(to_json(_HEADER, header, indent=1))
                aside.replace(folder / HEADER)
            self._lines: BinaryIO = (folder / LINES).open("ab")
        except OSError as error:
            raise unwritable(folder, error) from error
        try:
            self._go_on(header)
        except (HandeyeError, OSError):
            self._lines.close()
            raise

    def _go_on(self, header: ScoringHeader) -> None:
        if not lock(self._lines):
            raise UsageError(f"{self.folder} is being written by another process", remedy="wait for it, or end it")
        before = _read_header(self.folder)
        for name in ScoringHeader.model_fields:
            then, now = getattr(before, name), getattr(header, name)
            if name not in _MAY_DIFFER and then != now:
                raise UsageError(
                    f"{self.folder} holds the scoring of another {name}: {then!r}, not {now!r}",
                    remedy="name another folder",
                )
        self.there, whole = _read_lines(self.folder)
        # a line that was cut off would run into the next one
        self._lines.truncate(whole)

    def put(self, scored: Scored) -> None:
        """Writes a line, and hands it to the operating system.

        Raises:
            EpisodeUnwritable: It cannot be written.
        """
        try:
            self._lines.write(to_json(SCORED, scored) + b"\n")
            self._lines.flush()
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def close(self) -> None:
        """Brings the lines to the disk. A second call does nothing.

        Raises:
            EpisodeUnwritable: They cannot be.
        """
        if self._lines.closed:
            return
        try:
            os.fsync(self._lines.fileno())
        except OSError as error:
            raise unwritable(self.folder, error) from error
        finally:
            self._lines.close()


def read_scores(folder: Path) -> tuple[ScoringHeader, list[Scored]]:
    """The scoring in a folder: who was asked, and the last answer to each item, in the order in which they came.

    Raises:
        EpisodeError: There is none, it is damaged, or a newer handeye wrote it.
    """
    header = _read_header(folder)
    return header, list(_read_lines(folder)[0].values())


def torn(folder: Path) -> str:
    """Says that the last line was cut off while it was written, and which that is; empty when all are whole.

    Raises:
        EpisodeError: The lines cannot be read.
    """
    data = _bytes(folder)
    if not data or data.endswith(b"\n"):
        return ""
    number = data.count(b"\n") + 1
    return f"{LINES}, line {number}: it was cut off while it was written, and is not counted"


def _bytes(folder: Path) -> bytes:
    try:
        return (folder / LINES).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise EpisodeError(f"{folder / LINES} cannot be read: {error.strerror or error}") from error


def _read_header(folder: Path) -> ScoringHeader:
    try:
        data = (folder / HEADER).read_bytes()
        found = json.loads(data)
        if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise FormatTooNew(
                f"{folder} has format {found['format']}; this version reads up to {FORMAT}",
                remedy="upgrade: pip install -U handeye",
            )
        return _HEADER.validate_json(data)
    except OSError as error:
        raise EpisodeError(f"there is no scoring at {folder}: {error.strerror or error}") from error
    except ValidationError as error:
        raise EpisodeCorrupt(f"{folder / HEADER}: {first_problem(error)}") from error
    except ValueError as error:
        raise EpisodeCorrupt(f"{folder / HEADER} is not JSON: {error}") from error


def _read_lines(folder: Path) -> tuple[dict[str, Scored], int]:
    """The lines by item, and how many bytes they are."""
    data = _bytes(folder)
    *rows, cut_off = data.split(b"\n")
    found: dict[str, Scored] = {}
    for number, row in enumerate(rows, 1):
        try:
            scored = SCORED.validate_json(row)
        except ValidationError as error:
            raise EpisodeCorrupt(f"{folder / LINES}, line {number}: {first_problem(error)}") from error
        found[scored.prediction.item] = scored
    return found, len(data) - len(cut_off)
