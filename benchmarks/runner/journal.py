"""The journal of a run: what its runner did, a line at a time, and what of that counts when the run is gone on with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ...episodes.claim import unwritable
from ...episodes.schema import JOURNAL, JournalLine, first_problem, to_json
from ...tools.errors import EpisodeCorrupt, UsageError
from .store import Store

_LASTING = {"began", "broken", "redone"}
"""Lines that the next runner needs; the others tell what happened, and nothing depends on them."""

_T = TypeVar("_T")


class Journal:
    """What the runner does, a line at a time; held by one runner at once, where the store knows locks.

    Args:
        store: Of the run.
        suffix: Of a shard.

    Attributes:
        broken: Of each row why its attempts broke, those that count.

    Raises:
        UsageError: Another runner is at work there.
        EpisodeError: It is damaged, or cannot be written.
    """

    def __init__(self, store: Store, suffix: str = "") -> None:
        self.name = f"{store.name}/journal{suffix}.jsonl"
        self.broken: dict[str, list[str]] = {}
        try:
            self._lines = store.lines(f"journal{suffix}.jsonl")
        except BlockingIOError as error:
            raise UsageError(
                f"{store.name} is being run by another process", remedy="wait for it, or end it"
            ) from error
        except OSError as error:
            raise unwritable(store.name, error) from error
        try:
            for line in parse_lines(self.name, self._lines.read(), JOURNAL):
                self._note(line)
            self.add("began", pid=os.getpid())
        except OSError as error:
            self._lines.close()
            raise unwritable(store.name, error) from error
        except BaseException:
            self._lines.close()
            raise

    def add(self, kind: Any, row: str = "", **fields: Any) -> None:
        """Writes a line.

        Raises:
            EpisodeUnwritable: It cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = JournalLine(kind=kind, at=now, row=row, **fields)
        self._note(line)
        data = to_json(JOURNAL, line, exclude_defaults=False) + b"\n"
        try:
            self._lines.add(data, at_once=line.kind in _LASTING)
        except OSError as error:
            raise unwritable(self.name, error) from error

    def _note(self, line: JournalLine) -> None:
        if line.kind == "broken" and line.counts:
            self.broken.setdefault(line.row, []).append(line.why)
        elif line.kind == "redone":
            self.broken.pop(line.row, None)

    def close(self) -> None:
        """Lets another runner have the folder.

        Raises:
            EpisodeUnwritable: What was added last cannot be written.
        """
        try:
            self._lines.close()
        except OSError as error:
            raise unwritable(self.name, error) from error


def parse_lines(where: str, data: bytes, kind: TypeAdapter[_T]) -> Iterator[_T]:
    """Records, a line each.

    Raises:
        EpisodeCorrupt: A line is none; it is named.
    """
    for number, line in enumerate(data.splitlines(), 1):
        try:
            yield kind.validate_json(line)
        except ValidationError as error:
            raise EpisodeCorrupt(f"{where}, line {number}: {first_problem(error)}") from error
