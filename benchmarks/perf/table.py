"""One table of all rows, the same as JSON, and what changed since the table that was committed last."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .base import Row

NOISE = 0.15
"""Relative change of a ratio from which on it is told: less is what two runs on a busy machine differ by."""

Document = Mapping[str, Any]


def document(rows: Sequence[Row], short: bool, load: tuple[float, float]) -> dict[str, Any]:
    """What ``latest.json`` holds.

    Args:
        rows: In the order of the table.
        short: Whether it was a run for the code paths only.
        load: Runnable processes by the system's own average over a minute, at the beginning and at the end.
    """
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "load": [round(each, 2) for each in load],
        "short": short,
        "rows": [
            {**_rounded(row), "ratio": _figures(row.ratio) if row.ratio is not None else None, "verdict": row.verdict}
            for row in rows
        ],
    }


def _rounded(row: Row) -> dict[str, Any]:
    floor = None if row.floor is None else _figures(row.floor)
    return {**row._asdict(), "ours": _figures(row.ours), "floor": floor}


def _figures(value: float) -> float:
    return float(f"{value:.3g}") if abs(value) < 1000 else round(value)


def rows_of(kept: Document) -> dict[str, Row]:
    """The rows of a document, by name."""
    return {each["name"]: Row(**{key: each[key] for key in Row._fields}) for each in kept["rows"]}


def read(file: Path) -> Document | None:
    """The table of an earlier run; None where there is none."""
    if not file.exists():
        return None
    found: Document = json.loads(file.read_text(encoding="utf-8"))
    return found


def merged(new: dict[str, Any], before: Document | None, groups: Sequence[Row]) -> dict[str, Any]:
    """A document in which the rows of other groups stay as an earlier run found them.

    Args:
        new: Of this run.
        before: Of the earlier one.
        groups: The rows of this run.
    """
    measured = {row.name for row in groups}
    kept = [each for each in (before or {"rows": []})["rows"] if each["name"] not in measured]
    return {**new, "rows": [*new["rows"], *({**each, "earlier": True} for each in kept)]}


def changes(rows: Sequence[Row], before: Document | None) -> list[str]:
    """What is another than in the table before, a line each: ratios, where there is a floor, else the figures themselves."""
    if before is None:
        return ["there is no earlier table to compare with"]
    known, found = rows_of(before), []
    for row in rows:
        old = known.get(row.name)
        if old is None:
            found.append(f"{row.name}: not in the table of {before['date']}")
            continue
        was, now = (each.ratio if each.ratio is not None else each.ours for each in (old, row))
        if was and abs(now / was - 1) > NOISE:
            found.append(f"{row.name}: {_short(was)} on {before['date']}, now {_short(now)}")
        elif old.verdict != row.verdict:
            found.append(f"{row.name}: {old.verdict} its limit on {before['date']}, now {row.verdict} it")
    return found or [f"nothing differs by more than {NOISE:.0%} from the table of {before['date']}"]


def show(rows: Sequence[Row], console: Console) -> None:
    """Prints the table."""
    table = Table("what", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("ours", "floor", "ratio", "wanted", "trials"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        ratio = row.ratio
        wanted = "" if row.limit is None else f"≤ {_short(row.limit)}{'' if row.floor is not None else ' ' + row.unit}"
        table.add_row(
            Text(row.name),
            f"{_short(row.ours)} {row.unit}",
            "" if row.floor is None else f"{_short(row.floor)} {row.unit}",
            "" if ratio is None else f"{_short(ratio)}",
            wanted,
            str(row.trials),
            Text(row.verdict),
            style="red" if row.verdict == "short of" else "",
        )
    console.print(table)
    for row in rows:
        if row.note:
            console.print(Text(f"  {row.name}: {row.note}", style="dim"), soft_wrap=True)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
