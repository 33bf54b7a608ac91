"""Runs the browser over pages, part by part, and prints a table of each."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...environments.browser.host import BrowserHost
from ...tools.errors import UsageError
from ...tools.plugins import did_you_mean
from . import clicking, miniwob, settling
from .part import Part, Row


class Setting(NamedTuple):
    """What every part is given.

    Attributes:
        host: The browser; who made it closes it.
        full: Figures at full size.
        pages: For the part that walks over pages.
        told: Takes a line of progress.
    """

    host: BrowserHost
    full: bool = False
    pages: miniwob.Pages = miniwob.Pages()
    told: Callable[[str], None] = lambda line: None


TRIALS = {False: 94, True: 500}
"""Acts whose settling is measured, at the small and at the full size."""
TARGETS = {False: 208, True: 1000}
"""Targets that are clicked by their pixels, likewise; by the tree it is as many again."""

PARTS: Mapping[str, Callable[[Setting], Awaitable[Part]]] = {
    "miniwob": lambda setting: miniwob.measure(setting.host, setting.pages, setting.told),
    "settling": lambda setting: settling.measure(TRIALS[setting.full]),
    "clicking": lambda setting: clicking.measure(TARGETS[setting.full], host=setting.host),
}
"""Name of a part → what measures it, in the order in which they run."""


async def run_parts(setting: Setting, console: Console, only: Sequence[str] = (), out: Path | None = None) -> int:
    """Runs parts and prints each as soon as it is done.

    Args:
        setting: What they are given.
        console: Where the tables go.
        only: Names of parts; all when empty.
        out: A file for the same as JSON.

    Returns:
        The exit code: 1 when something failed.

    Raises:
        UsageError: There is no such part, or the file cannot be written.
    """
    for name in only:
        if name not in PARTS:
            near = did_you_mean(name, list(PARTS))
            raise UsageError(f"there is no part {name!r}", remedy=f"{near}there are: {', '.join(PARTS)}")
    parts: dict[str, Part] = {}
    seconds: dict[str, float] = {}
    for name, measure in PARTS.items():
        if only and name not in only:
            continue
        began = time.monotonic()
        parts[name] = await measure(setting)
        seconds[name] = time.monotonic() - began
        print_part(console, parts[name], seconds[name])
    failures = [f"{name}: {each}" for name, part in parts.items() for each in part.failures]
    for failure in failures:
        console.print(Text(f"✗ {failure}", style="red"), soft_wrap=True)
    verdict = f"{len(failures)} failed" if failures else "nothing failed"
    console.print(Text(f"{verdict}: {', '.join(parts)} in {sum(seconds.values()):.0f} s", style="bold"), soft_wrap=True)
    if out is not None:
        _write(out, parts, seconds)
    return 1 if failures else 0


def print_part(console: Console, part: Part, seconds: float) -> None:
    """Prints a part as a table; what failed is marked in its line and told after all parts."""
    table = Table(*part.columns, box=box.SIMPLE_HEAD, pad_edge=False, title=part.title, title_justify="left")
    for row in part.rows:
        table.add_row(*_cells(row, len(part.columns)), style="red" if row.failed else "")
    console.print(table)
    if part.note:
        console.print(Text(part.note), soft_wrap=True)
    console.print(Text(f"{seconds:.0f} s\n", style="dim"))


def _cells(row: Row, columns: int) -> list[Text]:
    # what a page says may look like markup
    cells = [Text(cell) for cell in row.cells]
    if row.failed:
        cells[0] = Text(f"✗ {row.cells[0]}")
    return cells[:columns]


def _write(out: Path, parts: Mapping[str, Part], seconds: Mapping[str, float]) -> None:
    record = {
        name: {
            "title": part.title,
            "columns": part.columns,
            "rows": [{"cells": row.cells, "failed": row.failed} for row in part.rows],
            "note": part.note,
            "seconds": round(seconds[name], 3),
        }
        for name, part in parts.items()
    }
    try:
        out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", remedy="name another file: --json FILE") from error
