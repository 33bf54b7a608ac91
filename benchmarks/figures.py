"""A suite that states figures: its parts run one after the other, their table, and which figures are missed."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..tools.errors import HandeyeError, UsageError

_WIDTH = 150
"""Columns where there is no terminal: a log."""


class Asked(NamedTuple):
    """How a part is run.

    Attributes:
        full: At full size, for the figures that are promised.
        seed: Of whatever is random.
        folder: Where it may write; removed afterwards.
    """

    full: bool
    seed: int
    folder: Path


class Line(NamedTuple):
    """A figure.

    Attributes:
        what: What was counted.
        good: How often it was as it should be, and `of` how many.
        wrong: Wrong clicks; None where nothing could be clicked wrongly.
        missed: Why the figure is missed; empty when it is not.
    """

    what: str
    good: int
    of: int
    wrong: int | None = None
    missed: str = ""


class Found(NamedTuple):
    """What a part found.

    Attributes:
        lines: Its figures.
        notes: What was not as it should be, one by one, and what a run needs to be repeated.
        missed: Figures of the part as a whole that are missed.
    """

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


def figures_console() -> Console:
    """Where the table is printed: as wide as the terminal, or wide enough for it in a log."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


def told(found: Sequence[Found], console: Console) -> int:
    """Prints the table of all parts; returns the exit code: 1 when a figure is missed."""
    table = Table("what", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("as it should be", "of", "wrong clicks"):
        table.add_column(head, justify="right")
    missed = [each for part in found for each in part.missed]
    for part in found:
        for line in part.lines:
            wrong = "" if line.wrong is None else str(line.wrong)
            table.add_row(Text(line.what), str(line.good), str(line.of), wrong, style="red" if line.missed else "")
            missed += [f"{line.what}: {line.missed}"] if line.missed else []
    console.print(table)
    for part in found:
        for note in part.notes:
            console.print(Text(f"  {note}", style="dim"), soft_wrap=True)
    for each in missed:
        console.print(Text(f"✗ {each}", style="red"), soft_wrap=True)
    console.print(Text(f"{len(missed)} figures missed" if missed else "nothing missed", style="bold"))
    return 1 if missed else 0


Part = Callable[[Asked], Found]
"""Measures something."""


def run_parts(name: str, about: str | None, parts: Mapping[str, Part], arguments: Sequence[str] | None = None) -> int:
    """Runs the parts of a suite that the command line names; ``FULL=1`` in the environment: at full size.

    Args:
        name: Of the module.
        about: What it says of itself.
        parts: By name, in the order in which they run.
        arguments: In place of those of the command line.

    Returns:
        The exit code: 0, 1 when a figure is missed, 2 for a mistake of the person's, 5 when no screen or browser can be had.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", action="append", choices=list(parts), help="a part, again for more")
    parser.add_argument("--seed", type=int, help="of whatever is random: one that an earlier run told")
    asked = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
    console = figures_console()
    console.print(Text(f"seed {seed}", style="dim"))
    found: list[Found] = []
    began = time.monotonic()
    try:
        for part in asked.only or parts:
            with tempfile.TemporaryDirectory(prefix=f"handeye-{part}-") as folder:
                found.append(parts[part](Asked(bool(os.environ.get("FULL")), seed, Path(folder))))
            console.print(Text(f"{part}: done at {time.monotonic() - began:.0f} s", style="dim"))
    except HandeyeError as error:
        console.print(Text(f"handeye: {error}", style="red"), soft_wrap=True)
        return 2 if isinstance(error, UsageError) else 5
    return told(found, console)
