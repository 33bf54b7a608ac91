"""``make perf``: how far ours is from the floor, measured on this machine now, in one table and in ``latest.json``.

Floors are written by hand, with the same guarantees, and taken in the same run, in turn with ours; figures are medians, and only their
ratios travel. Nothing here fails for being slow: the exit code is 0 unless something could not be run.

::

    python -m handeye.benchmarks.perf                            all of it
    python -m handeye.benchmarks.perf --only step                a group, again for more
    python -m handeye.benchmarks.perf --short --out /tmp/x.json  for the code paths only
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from ...tools.errors import HandeyeError
from ..figures import figures_console
from .base import Asked, Measure, Row
from .table import changes, document, merged, read, show

GROUPS: Mapping[str, str] = {
    "encoding": "encoding",
    "start": "start",
    "step": "browser_step",
    "desktop": "desktop",
    "parallel": "parallel",
    "model": "model_client",
}
"""Name of a group → the module whose ``measure`` it is; in the order in which they run."""

LATEST = Path(__file__).with_name("latest.json")


def measure_of(group: str) -> Measure:
    """What measures a group; imported only now, as each brings what it measures."""
    found: Measure = importlib.import_module(f".{GROUPS[group]}", __package__).measure
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 5 when a group could not be run."""
    parser = argparse.ArgumentParser(prog="python -m handeye.benchmarks.perf", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", action="append", choices=list(GROUPS), help="a group, again for more")
    parser.add_argument("--short", action="store_true", help="for the code paths only: the figures mean nothing")
    parser.add_argument("--out", type=Path, help="where the table is written (by default latest.json, beside this)")
    asked = parser.parse_args(arguments)
    console = figures_console()
    rows: list[Row] = []
    failed = False
    began, load = time.monotonic(), os.getloadavg()[0]
    for name in asked.only or GROUPS:
        with tempfile.TemporaryDirectory(prefix=f"handeye-perf-{name}-") as folder:
            try:
                rows += measure_of(name)(Asked(asked.short, Path(folder)))
            except HandeyeError as error:
                failed = True
                console.print(Text(f"handeye: {name}: {error}", style="red"), soft_wrap=True)
        console.print(Text(f"{name}: done at {time.monotonic() - began:.0f} s", style="dim"))
    show(rows, console)
    before = read(LATEST)
    made = document(rows, asked.short, (load, os.getloadavg()[0]))
    console.print(Text(f"load {load:.1f} at the beginning, {made['load'][1]:.1f} at the end", style="dim"))
    for line in changes(rows, before):
        console.print(Text(line), soft_wrap=True)
    # a run for the code paths does not take the place of one that measured
    file = asked.out or (None if asked.short else LATEST)
    if file is not None:
        whole = made if asked.out is not None else merged(made, before, rows)
        file.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 5 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
