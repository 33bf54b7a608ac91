"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from .document import Block, Grid, Heading, Plot, Words, document
from .summary import Summary


def markdown(summary: Summary) -> str:
    """The whole report."""
    return "\n\n".join(text for block in document(summary) if (text := _written(block))) + "\n"


def _written(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escaped(text)}"
        case Words(text, kind):
            return f"**{escaped(text)}**" if kind else escaped(text)
        case Grid(columns, rows, words):
            return table(columns, rows, words)
        case Plot():
            return ""
        case _:
            assert_never(block)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], words: int | None = None) -> str:
    """A Markdown table.

    Args:
        columns: Their names.
        rows: Text of each cell.
        words: So many columns hold words, those after them numbers, which stand at the right; all by default.
    """
    marks = ["---" if words is None or index < words else "---:" for index in range(len(columns))]
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join(marks) + "|"]
    lines.extend("| " + " | ".join(escaped(each) for each in row) + " |" for row in rows)
    return "\n".join(lines)


def escaped(text: str) -> str:
    """One line that cannot end a cell, nor begin a tag."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())
