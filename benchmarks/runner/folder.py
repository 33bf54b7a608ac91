"""The folder of a run: what was planned, what came of it, and a journal; whole whatever ends whoever writes it.

::

    run.json        what is run                                            \\  written once, under another name first, then linked:
    plan.jsonl      a line for each row                                    /   whoever comes second finds them there, and compares
    results/KEY.json      how a row ended: of several writers one wins, so that a row counts once
    journal.jsonl   what the runner did; with --shard 1/4 journal-1-of-4.jsonl
    episodes/KEY-…/ an episode for each attempt; the result names the one that counts
    logs/           what the processes said

In an object store episodes are ``episodes/KEY-….zip``, and of the journal each runner writes a part: ``journal/TIME-….jsonl``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ...episodes.claim import unwritable
from ...episodes.schema import (
    BENCH_HEADER,
    BENCH_RESULT,
    BENCH_ROW,
    FORMAT,
    BenchHeader,
    BenchResult,
    BenchRow,
    first_problem,
    to_json,
)
from ...tools.errors import EpisodeCorrupt, EpisodeError, FormatTooNew, UsageError
from .journal import parse_lines
from .store import open_store

HEADER = "run.json"
PLAN = "plan.jsonl"
_RESULTS = "results"
_MAY_DIFFER = {"created", "versions", "host"}


class RunFolder:
    """The files of one run.

    Args:
        where: They lie, or will: a path, or the address of a folder in an object store.

    Raises:
        UsageError: What such an address needs is not installed.
    """

    def __init__(self, where: Path | str) -> None:
        self.store = open_store(where)

    @property
    def name(self) -> str:
        """For people: the path or the address."""
        return self.store.name

    def _put_once(self, name: str, data: bytes) -> bool:
        try:
            return self.store.put_once(name, data)
        except OSError as error:
            raise unwritable(self.name, error) from error

    def begin(self, header: BenchHeader, rows: Sequence[BenchRow]) -> None:
        """Writes what is planned; where that is there already, it must be the same.

        Raises:
            UsageError: The folder holds something else, or another run.
            EpisodeError: What is there is damaged, or cannot be written.
        """
        try:
            there = set(self.store.names())
        except OSError as error:
            raise unwritable(self.name, error) from error
        if HEADER not in there and (strange := sorted(there - {PLAN})):
            raise UsageError(f"{self.name} holds something that is no run: {strange[0]}", remedy="name another folder")
        lines = b"".join(to_json(BENCH_ROW, row, exclude_defaults=True) + b"\n" for row in rows)
        # the header last: where it is, the plan is
        self._put_once(PLAN, lines)
        if not self._put_once(HEADER, to_json(BENCH_HEADER, header, indent=1)):
            self._compare(self.header(), header)
        self._compare_plans(self.rows(), rows)

    def _compare(self, then: BenchHeader, now: BenchHeader) -> None:
        for name in BenchHeader.model_fields:
            before, after = getattr(then, name), getattr(now, name)
            if name not in _MAY_DIFFER and before != after:
                raise UsageError(
                    f"{self.name} holds a run of another {name}: {before!r}, not {after!r}",
                    remedy="name another folder with --out, or leave the options as they were",
                )

    def _compare_plans(self, then: Sequence[BenchRow], now: Sequence[BenchRow]) -> None:
        known = {row.key: row for row in then}
        for row in now:
            before = known.get(row.key)
            if before is None or before.revision != row.revision:
                what = "has no row of" if before is None else "holds a run of another revision of"
                raise UsageError(f"{self.name} {what} the task {row.task!r}", remedy="name another folder with --out")
        if len(then) != len(now):
            raise UsageError(
                f"{self.name} was planned with {len(then)} rows, not {len(now)}",
                remedy="name another folder with --out, or leave --limit, --task and --seeds as they were",
            )

    def header(self) -> BenchHeader:
        """What is run.

        Raises:
            EpisodeError: There is no run, it is damaged, or a newer handeye wrote it.
        """
        try:
            header = BENCH_HEADER.validate_json(self.store.read(HEADER))
        except OSError as error:
            raise EpisodeError(f"there is no run of a suite at {self.name}: {error.strerror or error}") from error
        except ValidationError as error:
            raise EpisodeCorrupt(f"{self.name}/{HEADER}: {first_problem(error)}") from error
        if header.format > FORMAT:
            raise FormatTooNew(
                f"{self.name} has format {header.format}; this version reads up to {FORMAT}",
                remedy="upgrade: pip install -U handeye",
            )
        return header

    def rows(self) -> list[BenchRow]:
        """The plan.

        Raises:
            EpisodeError: It is not there, or damaged.
        """
        where = f"{self.name}/{PLAN}"
        try:
            data = self.store.read(PLAN)
        except OSError as error:
            raise EpisodeError(f"{where} cannot be read: {error.strerror or error}") from error
        return list(parse_lines(where, data, BENCH_ROW))

    def done(self) -> set[str]:
        """Keys of the rows that have a result.

        Raises:
            EpisodeError: That cannot be found out.
        """
        try:
            return {each[:-5] for each in self.store.names(_RESULTS) if each.endswith(".json")}
        except OSError as error:
            raise EpisodeError(f"{self.name}/{_RESULTS} cannot be read: {error.strerror or error}") from error

    def claim(self, result: BenchResult) -> bool:
        """Puts a result into its place, unless the row has one.

        Returns:
            Whether it counts.

        Raises:
            EpisodeUnwritable: It cannot be written.
        """
        return self._put_once(_result(result.row.key), to_json(BENCH_RESULT, result, exclude_defaults=True))

    def result(self, key: str) -> BenchResult:
        """The result of a row.

        Raises:
            EpisodeError: There is none, or it is damaged: the file is named.
        """
        return self._results([key])[0]

    def results(self) -> list[BenchResult]:
        """All results, in the order of the plan.

        Raises:
            EpisodeError: One is damaged, or of a row that was not planned: the file is named.
        """
        there = self.done()
        rows = self.rows()
        strange = there - {row.key for row in rows}
        if strange:
            raise EpisodeCorrupt(f"{self.name}/{_result(min(strange))}: {PLAN} has no such row")
        return self._results([row.key for row in rows if row.key in there])

    def _results(self, keys: Sequence[str]) -> list[BenchResult]:
        try:
            found = self.store.read_all(map(_result, keys))
        except OSError as error:
            what = _result(keys[0]) if len(keys) == 1 else _RESULTS
            raise EpisodeError(f"{self.name}/{what} cannot be read: {error.strerror or error}") from error
        results = []
        for key, data in zip(keys, found, strict=True):
            try:
                results.append(BENCH_RESULT.validate_json(data))
            except ValidationError as error:
                raise EpisodeCorrupt(f"{self.name}/{_result(key)}: {first_problem(error)}") from error
        return results

    def set_aside(self, keys: Sequence[str]) -> None:
        """Takes results out of the count, so that their rows are run again; the files stay, under another name.

        Raises:
            EpisodeUnwritable: They cannot be renamed.
        """
        for key in keys:
            try:
                self.store.rename(_result(key), f"{_RESULTS}/{key}.{uuid.uuid4().hex[:6]}.redone")
            except OSError as error:
                raise unwritable(self.name, error) from error

    def episode(self, key: str) -> Path:
        """A folder for an episode of a row; another one with each call, for a lost process may still write its own."""
        return self.store.scratch(f"episodes/{key}-{uuid.uuid4().hex[:8]}")

    def keep(self, episode: Path) -> str:
        """Puts an episode that was made in such a folder into its place, and gives its name in the run.

        Raises:
            EpisodeError: There is none that can be read, or it cannot be put there.
        """
        try:
            return self.store.keep(episode)
        except OSError as error:
            raise unwritable(self.name, error) from error

    def fetch(self, episode: str) -> Path:
        """Where the episode of that name can be read.

        Raises:
            EpisodeError: It cannot be had.
        """
        try:
            return self.store.fetch(episode)
        except OSError as error:
            raise EpisodeError(f"{self.name}/{episode} cannot be read: {error.strerror or error}") from error


def _result(key: str) -> str:
    return f"{_RESULTS}/{key}.json"
