"""A report as one page: inert, with nothing to fetch and nothing to run; light or dark as its reader has it, on any width."""

from __future__ import annotations

from html import escape
from typing import assert_never

from .document import Block, Grid, Heading, Plot, Words, document
from .provenance import title
from .summary import Summary

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #5b6675; --paper: #fff; --line: #e3e7ee; --back: #edf0f5; --bar: #3767c4;
  --light: #b4c7ec; --other: #b5522f; --warn: #fdf3d8 }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe5ee; --quiet: #97a3b4; --paper: #14181f; --line: #2a323e; --back: #222a35;
  --bar: #6f9bf0; --light: #34507f; --other: #e08a66; --warn: #3a3117 } }
* { box-sizing: border-box }
body { font: 14px/1.5 system-ui, sans-serif; max-width: 74rem; margin: 2rem auto 4rem; padding: 0 1rem;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem }
h1, h2, p, td { overflow-wrap: anywhere }
p { margin: .5rem 0; max-width: 50rem } p.headline { font-size: 1.05rem; font-weight: 600; margin: .3rem 0 }
p.quiet { color: var(--quiet); font-size: 12px; margin: .2rem 0 }
p.warning { background: var(--warn); padding: .3rem .6rem; border-radius: 4px }
.wide { overflow-x: auto; margin: .6rem 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem 1.1rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th { color: var(--quiet); font-weight: 600 } th:last-child, td:last-child { padding-right: 0 }
.number { text-align: right; white-space: nowrap } td:first-child:not(.number) { min-width: 8rem; max-width: 34rem }
svg { display: block; margin: .6rem 0; font: 12px system-ui, sans-serif; min-width: 27rem; max-width: 100%; height: auto }
svg text { fill: var(--ink) } svg .back { fill: var(--back) } svg .bar { fill: var(--bar) } svg .light { fill: var(--light) }
svg .held { stroke: var(--ink); fill: none; stroke-width: 1.2 } svg .grid { stroke: var(--line); fill: none }
svg .quiet { fill: var(--quiet) }
svg path.any { stroke: var(--bar); fill: none; stroke-width: 2 } svg circle.any { fill: var(--bar) }
svg path.every { stroke: var(--other); fill: none; stroke-width: 2 } svg circle.every { fill: var(--other) }
@media print { body { max-width: none; margin: 0 } .wide { overflow: visible } svg { min-width: 0 } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(summary: Summary) -> str:
    """The whole report, as HTML."""
    body = "\n".join(map(_written, document(summary)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title(summary.header))}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _written(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Words(text, kind):
            return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"
        case Grid():
            return _table(block)
        case Plot(svg, caption):
            return f'<div class="wide">{svg}</div><p class="quiet">{escape(caption)}</p>'
        case _:
            assert_never(block)


def _table(grid: Grid) -> str:
    kinds = ["" if index < grid.words else ' class="number"' for index in range(len(grid.columns))]

    def line(tag: str, cells: tuple[str, ...]) -> str:
        told = (f"<{tag}{kind}>{escape(text)}</{tag}>" for text, kind in zip(cells, kinds, strict=True))
        return f"<tr>{''.join(told)}</tr>"

    head = f"<thead>{line('th', grid.columns)}</thead>" if any(grid.columns) else ""
    body = "".join(line("td", row) for row in grid.rows)
    return f'<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'
