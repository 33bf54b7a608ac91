"""A comparison as Markdown and as JSON."""

from __future__ import annotations

from ..stats import Interval
from .compare import Changed, Comparison
from .figures import as_text, plain
from .markdown import table
from .words import figure, percent

_SHOWN = 200
"""Flips; all of them stand in the JSON."""


def comparison_json(found: Comparison) -> str:
    """All of it as JSON."""
    return as_text(plain(found))


def comparison_markdown(found: Comparison) -> str:
    """All of it as Markdown."""
    parts = [f"# {found.a} → {found.b}"]
    parts += [_by_rule(rule, held) for rule, held in found.rules.items()]
    parts.append(
        f"Not compared: {found.only_a:,} rows of A, {found.only_b:,} of B; failed by the infrastructure: "
        f"{found.infrastructure[0]:,} of A, {found.infrastructure[1]:,} of B."
    )
    if found.revisions:
        parts.append(f"**Other revisions of {len(found.revisions):,} tasks: what differs may be these.**")
    if found.decoding[0] != found.decoding[1]:
        said = [each or "no model" for each in found.decoding]
        parts.append(f"**A: {said[0]}; B: {said[1]}. What differs may be chance of the draw.**")
    if found.changed:
        rows = [(name, *each) for name, each in found.changed.items()]
        parts += ["## How they were run", table(("", "A", "B"), rows)]
    parts += ["## Cost", _costs(found), "## Flips", _flips(found)]
    return "\n\n".join(parts) + "\n"


def _by_rule(rule: str, held: Changed) -> str:
    both, only_a, only_b, neither = held.paired
    before, after = held.means
    return (
        f"**{rule}**: {percent(before)} → {percent(after)} over {held.rows:,} rows that both decided, a difference of "
        f"{100 * held.difference:+.1f} points ({_points(held.interval)} over whole clusters). McNemar's exact test: p = {held.p:.4g}.\n"
        f"{both:,} right in both, {neither:,} in neither, {only_a:,} in A alone, {only_b:,} in B alone."
    )


def _points(interval: Interval | None) -> str:
    return "no interval" if interval is None else f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"


def _costs(found: Comparison) -> str:
    names = ("tokens sent", "of these cached", "tokens written", "model calls", "seconds")
    rows = [
        (name, *("not said" if value is None else figure(value) for value in pair))
        for name, pair in zip(names, zip(*found.costs, strict=True), strict=True)
    ]
    return table(("", "A", "B"), rows, 1)


def _flips(found: Comparison) -> str:
    if not found.flips:
        return "None."
    rows = [(each.task, each.seed, str(each.repeat), each.solved_by, each.why) for each in found.flips[:_SHOWN]]
    told = table(("task", "seed", "try", "right in", "the other"), rows)
    more = len(found.flips) - _SHOWN
    return f"{told}\n\n… and {more:,} more." if more > 0 else told
