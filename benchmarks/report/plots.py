"""Small plots as SVG: bars with intervals, bars of two lengths, lines. Text in them is escaped; they hold no script and fetch nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ..stats import Spread
from .summary import Row, Tries

_WIDE, _ROW, _END = 400, 20, 110
"""Pixels of the plot, of a row, for what stands behind it."""
_LETTERS, _LETTER = 32, 6.8
"""Letters of a name, at most, and pixels of one."""


def mean_bars(rows: Sequence[Row], title: str) -> str:
    """A bar for each row, with its interval as a line."""
    left, high = _room(each.name for each in rows), max(1, len(rows)) * _ROW
    body = []
    for percent in (0, 25, 50, 75, 100):
        x = left + _WIDE * percent / 100
        body.append(f'<path class="grid" d="M{x:.1f} 0V{high + 4}"/>')
        body.append(_text(x, high + 18, f"{percent} %", "middle", "quiet"))
    for index, each in enumerate(rows):
        body += _bar(each, left, index * _ROW)
    return _svg(left + _WIDE + _END, high + 24, title, body)


def _bar(row: Row, left: int, top: float) -> list[str]:
    body = [_name(row.name, left, top)]
    held = row.first
    if held.mean is None:
        return [*body, _text(left + 6, top + 14, "nothing decided", "start", "quiet")]
    body.append(f'<rect class="back" x="{left}" y="{top + 4}" width="{_WIDE}" height="{_ROW - 8}"/>')
    body.append(f'<rect class="bar" x="{left}" y="{top + 4}" width="{_WIDE * held.mean:.1f}" height="{_ROW - 8}"/>')
    if held.interval is not None:
        middle = top + _ROW / 2
        low, high = (left + _WIDE * end for end in held.interval)
        marks = f"M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"
        body.append(f'<path class="held" d="{marks}"/>')
    return [*body, _text(left + _WIDE + 10, top + 14, f"{held.right:,}/{held.of:,}")]


def stage_bars(stages: Mapping[str, tuple[Spread, int]], title: str) -> str:
    """A bar for each stage: its median, and lighter its 95th percentile; on a scale of their own."""
    longest = max((held.p95 for held, _ in stages.values()), default=0.0) or 1.0
    left, body = _room(stages), []
    for index, (name, (held, _)) in enumerate(stages.items()):
        top = index * _ROW
        body.append(_name(name, left, top))
        for kind, value in (("light", held.p95), ("bar", held.p50)):
            width = _WIDE * value / longest
            body.append(f'<rect class="{kind}" x="{left}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}"/>')
        told = f"{held.p50 * 1000:,.0f} / {held.p95 * 1000:,.0f} ms"
        body.append(_text(left + _WIDE + 10, top + 14, told))
    return _svg(left + _WIDE + _END + 40, len(stages) * _ROW + 4, title, body)


def reliability(tries: Sequence[Tries], title: str) -> str:
    """pass@k and pass^k over k."""
    high, left = 170, 52
    most = max((each.k for each in tries), default=1)

    def at(k: int, value: float) -> tuple[float, float]:
        return left + _WIDE * (k - 1) / max(1, most - 1), 12 + high * (1 - value)

    body = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = at(1, value)[1]
        body.append(f'<path class="grid" d="M{left} {y:.1f}H{left + _WIDE}"/>')
        body.append(_text(left - 8, y + 4, f"{100 * value:.0f} %", "end", "quiet"))
    lines = (
        ("any", "pass@k: at least one", [at(each.k, each.at_least_one) for each in tries]),
        ("every", "pass^k: all", [at(each.k, each.all) for each in tries]),
    )
    ends = _apart([points[-1][1] for _, _, points in lines])
    for (kind, name, points), end in zip(lines, ends, strict=True):
        body.append(f'<path class="{kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')
        body.extend(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
        body.append(_text(points[-1][0] + 10, end + 4, name))
    every = max(1, most // 10)
    for each in tries:
        if each.k == 1 or each.k % every == 0:
            body.append(_text(at(each.k, 0)[0], high + 30, str(each.k), "middle", "quiet"))
    body.append(_text(left + _WIDE + 24, high + 30, "k", "start", "quiet"))
    return _svg(left + _WIDE + 160, high + 38, title, body)


def _apart(ends: Sequence[float], least: float = 15.0) -> list[float]:
    """Heights of two labels, far enough from one another to be read."""
    first, second = ends
    if abs(first - second) >= least:
        return [first, second]
    middle = (first + second) / 2
    return [middle - least / 2, middle + least / 2]


def _svg(width: int, height: int, title: str, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{"".join(body)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<text{mark} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _name(text: str, left: int, top: float) -> str:
    return _text(left - 10, top + 14, _middle(text), "end")


def _middle(text: str) -> str:
    """Both ends of a long name: what tells it from its neighbours stands at either."""
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS // 2 - 1]}…{text[-_LETTERS // 2 :]}"


def _room(names: Iterable[str]) -> int:
    """Pixels that names take."""
    return round(_LETTER * max((len(_middle(each)) for each in names), default=0)) + 14
