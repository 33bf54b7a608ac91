"""What a report says, in blocks: headings, words, tables, plots. Markdown and HTML are two ways of writing them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from . import plots
from .provenance import title
from .summary import Row, Summary
from .words import between, counts, decoded, figure, headlines, named, of_all, percent, warnings

_LONG = 40
"""A table of more rows comes after all that is short."""
_FIRST = 5
"""Of pass@k the first so many are told, then every fifth."""


class Heading(NamedTuple):
    """A heading: level 1 is the title."""

    text: str
    level: int = 2


class Words(NamedTuple):
    """A paragraph; `kind` ``warning`` or ``headline`` where it is one."""

    text: str
    kind: str = ""


class Grid(NamedTuple):
    """A table; the columns after the first `words` hold numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


class Plot(NamedTuple):
    """A drawing as SVG, and what it shows, for whoever can show it."""

    svg: str
    caption: str


Block: TypeAlias = Heading | Words | Grid | Plot


def document(summary: Summary) -> Iterator[Block]:
    """The whole report."""
    yield Heading(title(summary.header), 1)
    for line in headlines(summary):
        yield Words(line, "headline")
    yield Words(" ".join(counts(summary)))
    yield from _warnings(summary)
    if summary.further:
        yield shares((summary.all._replace(name=summary.over or "all"), *summary.further))
    short = {name: rows for name, rows in summary.groups.items() if len(rows) <= _LONG}
    for name, rows in short.items():
        yield from _group(name, rows)
    if summary.measures:
        yield from _measures(summary)
    yield from _repeats(summary)
    yield from _cost(summary)
    yield from _views(summary)
    yield from _ends(summary)
    for name, rows in summary.groups.items():
        if name not in short:
            yield from _group(name, rows)
    yield Heading("Provenance")
    yield Grid(("", ""), tuple(summary.provenance.items()), 2)


def _warnings(summary: Summary) -> Iterator[Block]:
    for line in warnings(summary):
        yield Words(line, "warning")
    bad, more = named(summary)
    if bad:
        rest = ((f"… and {more:,} more",),) if more else ()
        yield Grid(("records that could not be asked about",), (*((each,) for each in bad), *rest))


def _group(name: str, rows: Sequence[Row]) -> Iterator[Block]:
    yield Heading(f"By {name}")
    rule = next(iter(rows[0].means)) if rows else ""
    caption = f"{rule}, by {name}; lines are intervals of 95 %"
    yield Plot(plots.mean_bars(rows, caption), caption)
    yield shares(rows)


def shares(rows: Sequence[Row]) -> Grid:
    """A table of rows: of each the count by the first rule, then mean and interval by every rule."""
    rules = tuple(rows[0].means) if rows else ()
    undecided = any(each.undecided for each in rows)
    columns = ("", "right", "of", *(name for rule in rules for name in (rule, "95 %")), "infrastructure")
    return Grid(
        (*columns, "undecided") if undecided else columns,
        tuple(
            (
                each.name,
                f"{each.first.right:,}",
                f"{each.first.of:,}",
                *(text for mean in each.means.values() for text in (percent(mean.mean), between(mean.interval))),
                f"{each.infrastructure:,}",
                *((f"{each.undecided:,}",) if undecided else ()),
            )
            for each in rows
        ),
    )


def _measures(summary: Summary) -> Iterator[Block]:
    yield Heading("Measures")
    rows = [
        (
            name,
            f"{mean.mean:.4f}" if mean.mean is not None else "–",
            f"{mean.interval.low:.4f}–{mean.interval.high:.4f}" if mean.interval is not None else "–",
            f"{mean.of:,}",
        )
        for name, mean in summary.measures.items()
    ]
    yield Grid(("measure", "mean", "95 %", "of"), tuple(rows))


def _repeats(summary: Summary) -> Iterator[Block]:
    if not summary.live and summary.repeated is None:
        return
    yield Heading("Repeats")
    said = "No row was tried again with the same seed: how often the same begin ends otherwise is not known."
    if summary.repeated is not None:
        held = summary.repeated
        said = (
            f"Of {held.tasks:,} tasks and seeds that were tried several times {held.flipped:,} did not always end alike; "
            f"two tries disagree with probability {held.rate:.3f}."
        )
    yield Words(f"{said} Decoding: {decoded(summary)}." if decoded(summary) else said)
    if len(summary.tries) > 1:
        caption = "pass@k and pass^k over k tries of a task"
        yield Plot(plots.reliability(summary.tries, caption), caption)
        shown = [each for each in summary.tries if each.k <= _FIRST or each.k % _FIRST == 0]
        rows = [(str(each.k), f"{each.tasks:,}", percent(each.at_least_one), percent(each.all)) for each in shown]
        yield Grid(("k", "tasks", "pass@k (any seed)", "pass^k"), tuple(rows), 0)


def _cost(summary: Summary) -> Iterator[Block]:
    cost, rows = summary.cost, max(1, summary.rows)
    if not cost.calls and not cost.seconds:
        return
    yield Heading("Cost and latency")
    asked: list[tuple[str, float | None]] = [
        ("tokens sent", cost.prompt),
        ("of these cached", cost.cached),
        ("tokens written", cost.completion),
        ("model calls", cost.calls),
    ]
    if summary.retries:
        asked.append(("calls again, for words that did not parse", summary.retries))
    sums = [*(asked if cost.calls else ()), ("seconds", cost.seconds)]
    lines = [
        (name, "not said", "") if value is None else (name, figure(value), figure(value / rows)) for name, value in sums
    ]
    yield Grid(("", "all", "a row" if summary.live else "an answer"), tuple(lines))
    yield from (Words(line) for line in _lasted(summary))
    if summary.stages:
        caption = f"Parts of {'a step' if summary.live else 'an answer'}: full bar p50, pale p95"
        yield Plot(plots.stage_bars(summary.stages, caption), caption)
        stages = [
            (name, f"{held.p50 * 1000:,.1f}", f"{held.p95 * 1000:,.1f}", f"{count:,}")
            for name, (held, count) in summary.stages.items()
        ]
        yield Grid(("stage", "p50, ms", "p95, ms", "times"), tuple(stages))


def _lasted(summary: Summary) -> Iterator[str]:
    said = []
    if summary.seconds is not None:
        what = "An episode" if summary.live else "An answer"
        said.append(f"{what}: {summary.seconds.p50:.2f} s (p50), {summary.seconds.p95:.2f} s (p95).")
    if summary.steps is not None:
        said.append(f"Steps: {summary.steps.p50:g} (p50), {summary.steps.p95:g} (p95).")
    if summary.budget is not None:
        least, most, ended = summary.budget
        said.append(f"Step budget: {least if least == most else f'{least} to {most}'}; {ended:,} episodes ended by it.")
    if summary.efficiency is not None:
        mean, of = summary.efficiency
        said.append(f"Steps of the reference path for each step taken: {mean:.3f}, over {of:,} solved rows.")
    if summary.repaired:
        said.append(f"Repaired steps of scripts, whose target the model had to find: {summary.repaired:,}.")
    if said:
        yield " ".join(said)


def _views(summary: Summary) -> Iterator[Block]:
    if not summary.views:
        return
    yield Heading("Resolution")
    all_ = sum(summary.views.values())
    rows = [(view, of_all(count, all_)) for view, count in list(summary.views.items())[:10]]
    if len(summary.views) > 10:
        rest = sum(list(summary.views.values())[10:])
        rows.append((f"{len(summary.views) - 10:,} others", of_all(rest, all_)))
    yield Grid(("pixels of the screen, and as which they were sent", "pictures"), tuple(rows))


def _ends(summary: Summary) -> Iterator[Block]:
    if summary.stops:
        yield Heading("Why episodes ended")
        yield Grid(("", "rows"), tuple((why, f"{count:,}") for why, count in summary.stops.items()))
    yield Heading("Infrastructure")
    said = f"{summary.retried:,} rows had more than one attempt."
    yield Words(said if summary.infrastructure else f"{said} None failed for good.")
    if summary.infrastructure:
        rows = tuple((why, f"{count:,}") for why, count in summary.infrastructure.items())
        yield Grid(("failed for good", "rows"), rows)
