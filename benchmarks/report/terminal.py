"""What a run says at its end, on the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..progress import printable
from .means import Mean
from .provenance import title
from .summary import Row, Summary
from .words import counts, figure, headlines, named, percent, warnings

_LONG = 40
"""A table of more rows is for the report."""


def show(summary: Summary, console: Console) -> None:
    """Prints the headlines, a table of the groups, and what must be known of them."""
    console.print(_table(summary))
    lines = [(line, "bold") for line in headlines(summary)]
    lines += [(line, "") for line in counts(summary)]
    lines += [(f"! {line}", "yellow") for line in warnings(summary)]
    bad, more = named(summary)
    lines += [(f"    {line}", "yellow") for line in bad] + ([(f"    … and {more:,} more", "yellow")] if more else [])
    lines += [(f"! {count} × {why}", "magenta") for why, count in list(summary.infrastructure.items())[:5]]
    lines += [(line, "dim") for line in _costs(summary)]
    for line, style in lines:
        console.print(Text(printable(line), style=style), soft_wrap=True)


def _table(summary: Summary) -> Table:
    rules = tuple(summary.all.means)
    head = printable(title(summary.header))
    table = Table(
        "", "right", "of", *rules, "infra", box=box.SIMPLE_HEAD, pad_edge=False, title=head, title_justify="left"
    )
    for column in table.columns[1:]:
        column.justify = "right"
        column.no_wrap = True
    table.add_row(*_cells(summary.over or "all", summary.all), style="bold")
    for row in summary.further:
        table.add_row(*_cells(row.name, row))
    for name, rows in summary.groups.items():
        for row in rows if len(rows) <= _LONG else ():
            table.add_row(*_cells(f"{name}: {printable(row.name)}", row))
    return table


def _cells(name: str, row: Row) -> tuple[str, ...]:
    first = row.first
    return name, f"{first.right:,}", f"{first.of:,}", *map(_cell, row.means.values()), f"{row.infrastructure:,}"


def _cell(mean: Mean) -> str:
    if mean.mean is None or mean.interval is None:
        return percent(mean.mean)
    return f"{percent(mean.mean)} ({100 * mean.interval.low:.0f}–{100 * mean.interval.high:.0f})"


def _costs(summary: Summary) -> list[str]:
    cost, said = summary.cost, []
    if cost.calls and summary.seconds is not None:
        cached = f" ({percent(cost.cached / cost.prompt)} cached)" if cost.cached is not None and cost.prompt else ""
        what = "an episode" if summary.live else "an answer"
        said.append(
            f"{summary.seconds.p50:.2f} s {what} (p50), {summary.seconds.p95:.2f} s (p95), "
            f"{figure(cost.prompt)} tokens in{cached}, {figure(cost.completion)} out"
        )
    told = summary.provenance
    said.append(", ".join(f"{name} {told[name]}" for name in ("data", "seeds", "decoding", "versions") if name in told))
    return said
