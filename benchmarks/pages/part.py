"""One part of ``make pages``: a table, and what in it failed."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        cells: As many as the part has columns.
        failed: What was wrong; empty when nothing was.
    """

    cells: tuple[str, ...]
    failed: str = ""


class Part(NamedTuple):
    """What one part of the run found.

    Attributes:
        title: What was asked of the pages.
        columns: Heads of the columns.
        rows: The lines.
        note: What a reader has to know to read the figures.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def failures(self) -> tuple[str, ...]:
        """What failed, each with the first cell of its line."""
        return tuple(f"{row.cells[0]}: {row.failed}" for row in self.rows if row.failed)
