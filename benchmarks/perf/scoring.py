"""How fast suites of questions are read and scored without a model: ``python -m handeye.benchmarks.perf.scoring --count 10000``.

Data are made in the schema of each suite, and a random answer is given to every question through all that a real run goes through: items,
matching, the journal on disk, the report with its intervals. Beside each suite stands a floor taken in the same run: parsing its annotation
files as JSON and writing the journal's bytes to the same disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from ..bench_steps import StepWords, run_steps
from ..report.read import read_run
from ..report.summary import summarize
from ..report.terminal import show
from ..suites.made import MAKERS, make
from ..suites.reading import open_data
from ..suites.step_names import open_steps


class Taken(NamedTuple):
    """Seconds of one suite.

    Attributes:
        questions: That were asked.
        read: Reading and checking the data.
        scored: Questions, answers, matching and the journal.
        reported: Reading the answers again, and the table with its intervals.
        floor: Parsing the same files and writing the same bytes.
        cpu: Of the processor, for everything but the floor: what is left of the time on a machine that does nothing else.
    """

    questions: int
    read: float
    scored: float
    reported: float
    floor: float
    cpu: float

    @property
    def all(self) -> float:
        """Everything."""
        return self.read + self.scored + self.reported


def measure(name: str, count: int, folder: Path) -> Taken:
    """Reads, scores and reports so many questions of a suite.

    Args:
        name: Of the suite.
        count: Questions.
        folder: Is made; holds data and answers.
    """
    data_folder = make(name, folder / "data", count)
    began, cpu = time.perf_counter(), time.process_time()
    data = open_data(str(data_folder))
    suite = open_steps(name, data, {})
    read = time.perf_counter() - began
    began = time.perf_counter()
    report = asyncio.run(run_steps(name, suite, data, StepWords(data=str(data_folder)), folder / "out"))
    scored = time.perf_counter() - began
    began = time.perf_counter()
    show(summarize(read_run(folder / "out")), Console(quiet=True))
    reported = time.perf_counter() - began
    cpu = time.process_time() - cpu
    return Taken(len(report.scored), read, scored, reported, _floor(data_folder, folder / "out"), cpu)


def _floor(data: Path, out: Path) -> float:
    lines = (out / "predictions.jsonl").read_bytes()
    began = time.perf_counter()
    for path in data.rglob("*.json*"):
        for line in path.read_bytes().splitlines() if path.suffix == ".jsonl" else [path.read_bytes()]:
            json.loads(line)
    (out / "floor").write_bytes(lines)
    return time.perf_counter() - began


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="How fast suites of questions are scored.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--suite", action="append", choices=sorted(MAKERS))
    words = parser.parse_args()
    columns = ("suite", "questions", "read s", "scored s", "reported s", "all s", "cpu s", "floor s", "a second")
    table = Table(*columns, box=box.SIMPLE_HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for name in words.suite or ("screenspot", "screenspot-pro", "osworld-g"):
            taken = measure(name, words.count, Path(folder) / name)
            figures = (taken.read, taken.scored, taken.reported, taken.all, taken.cpu, taken.floor)
            table.add_row(
                name, str(taken.questions), *(f"{each:.2f}" for each in figures), f"{taken.questions / taken.all:,.0f}"
            )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
