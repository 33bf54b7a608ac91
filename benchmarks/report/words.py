"""How figures are written: shares, intervals, headlines; the same wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator

from ...episodes.schema import ScoringHeader
from ...tools.words import cut
from ..stats import Interval
from .provenance import decoding
from .summary import Summary

NAMED = 20
"""Bad records that are named; all of them stand in the JSON."""


def percent(value: float | None, digits: int = 1) -> str:
    """``62.5 %``; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def between(interval: Interval | None) -> str:
    """``51.2–73.8 %``; a dash where there is none."""
    return "–" if interval is None else f"{100 * interval.low:.1f}–{100 * interval.high:.1f} %"


def figure(value: float) -> str:
    """A number of a table: whole where it is large."""
    return f"{value:,.0f}" if value == round(value) or value >= 1000 else f"{value:,.2f}"


def of_all(count: int, of: int) -> str:
    """``3 of 40 (7.5 %)``."""
    return f"{count:,} of {of:,} ({percent(count / of)})" if of else "none"


def headlines(summary: Summary) -> Iterator[str]:
    """The result by each rule, in a line each."""
    for rule, mean in summary.all.means.items():
        interval = f" ({between(mean.interval)})" if mean.interval is not None else ""
        yield f"{rule}: {percent(mean.mean)}{interval}" if mean.mean is not None else f"{rule}: nothing was decided"


def methods(summary: Summary) -> str:
    """What the headlines are means of, and how their intervals were found."""
    first = summary.all.first
    what = f"{summary.over} of {first.of:,} answers" if summary.over else f"{first.right:,} of {first.of:,}"
    found: dict[str, list[str]] = {}
    for rule, mean in summary.all.means.items():
        found.setdefault(mean.method or "none", []).append(rule)
    how = "; ".join(f"{method} ({', '.join(rules)})" if len(found) > 1 else method for method, rules in found.items())
    return f"{what[0].upper()}{what[1:]}. Intervals, 95 %: {how}."


def counts(summary: Summary) -> Iterator[str]:
    """What is in the figures, and what is not."""
    all_, what = summary.all, "Rows" if summary.live else "Questions"
    yield methods(summary)
    if summary.planned is None:
        yield f"{what} with a result: {summary.rows:,}; the run was ended before, and how many there were is not known."
    else:
        missing = f"; without a result, for the run is not complete: {summary.missing:,}" if summary.missing else ""
        yield f"{what}: {summary.planned:,}{missing}."
    yield f"In no mean: {all_.infrastructure:,} failed by the infrastructure, {all_.undecided:,} undecided."
    if summary.parted:
        yield f"In no rate of whole episodes, for they were not asked or answered whole: {summary.parted:,}."
    decided = summary.rows - all_.infrastructure
    yield f"Unparsed: {of_all(summary.unparsed, decided)}. Refused: {of_all(summary.refused, decided)}."


def warnings(summary: Summary) -> Iterator[str]:
    """What must be known before a figure is quoted."""
    header = summary.header
    yield from summary.notes
    if isinstance(header, ScoringHeader) and header.data is not None and header.data.made:
        yield "not run on real images: these data were made by this project"
    for why, count in header.left_out.items():
        yield f"{count:,} × left out: {why}"
    if isinstance(header, ScoringHeader):
        yield from (f"{name}: {what}" for name, what in header.lacks.items())


def named(summary: Summary) -> tuple[list[str], int]:
    """The first bad records, by file and place, and how many more there are."""
    bad = summary.header.bad if isinstance(summary.header, ScoringHeader) else ()
    return [cut(each, 200) for each in bad[:NAMED]], max(0, len(bad) - NAMED)


def decoded(summary: Summary) -> str:
    """How the model's words were drawn; empty without a model."""
    return decoding(summary.header)
