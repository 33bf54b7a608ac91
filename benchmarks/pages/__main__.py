"""``make pages``: the browser environment over pages, ours and others', as tables. Exit code 1 when something failed.

::

    python -m handeye.benchmarks.pages --only miniwob --page click-button --page use-slider
    FULL=1 python -m handeye.benchmarks.pages --json pages.json
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ...environments.browser.host import BrowserHost
from ...tools.errors import HandeyeError, UsageError
from .miniwob import Pages
from .run import PARTS, Setting, run_parts

_WIDTH = 150
"""Columns where there is no terminal: a log."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 1 when something failed, 2 for a mistake of the person's, 5 when no browser runs."""
    asked = _parser().parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    progress = Console(stderr=True, highlight=False)
    pages = Pages(site=asked.site, names=asked.page, seed=asked.seed, workers=asked.workers, limit=asked.limit)

    def told(line: str) -> None:
        if progress.is_terminal:
            progress.print(Text(line, style="dim"), soft_wrap=True)

    async def go() -> int:
        async with BrowserHost() as host:
            setting = Setting(host, full=bool(os.environ.get("FULL")), pages=pages, told=told)
            return await run_parts(setting, console, asked.only, asked.json)

    try:
        return asyncio.run(go())
    except HandeyeError as error:
        progress.print(Text(f"handeye: {error}", style="red"), soft_wrap=True)
        return 2 if isinstance(error, UsageError) else 5


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m handeye.benchmarks.pages",
        description="Runs the browser environment over pages and prints tables; exit code 1 when something failed.",
        epilog="FULL=1 in the environment: the figures at full size.",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="PART", help=f"a part, again for more: {', '.join(PARTS)}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the same for machines")
    walked = parser.add_argument_group("what the part miniwob walks over")
    walked.add_argument("--page", action="append", metavar="NAME", help="a page, again for more (default: every task)")
    walked.add_argument("--site", default=Pages().site, help="another site than miniwob: a name, or module:attribute")
    walked.add_argument("--seed", type=int, default=Pages().seed, help="another problem on each page")
    walked.add_argument("--workers", type=int, default=Pages().workers, help="how many pages side by side")
    walked.add_argument("--limit", type=float, default=Pages().limit, metavar="SECONDS", help="that a page may take")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
