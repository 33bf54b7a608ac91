"""``handeye bench SUITE --data FOLDER`` as it is typed: its table, a kill, the same command again, ``handeye report``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handeye.benchmarks.report.read import FIGURES
from handeye.benchmarks.suites.made import make
from handeye.episodes.scores import LINES, read_scores

LIMIT = 120.0


def handeye(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handeye", *words], capture_output=True, text=True, timeout=LIMIT, check=False
    )


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_counts_nothing_twice(tmp_path: Path) -> None:
    data, out = make("screenspot", tmp_path / "data", 4000), tmp_path / "out"
    words = ["bench", "screenspot", "--data", str(data), "--policy", "random", "--seed", "5", "--out", str(out)]
    begun = subprocess.Popen([sys.executable, "-m", "handeye", *words], stdout=subprocess.DEVNULL)
    until = time.monotonic() + LIMIT
    try:
        while not (out / LINES).exists() or (out / LINES).stat().st_size < 20_000:
            assert time.monotonic() < until and begun.poll() is None
            time.sleep(0.005)
    finally:
        begun.send_signal(signal.SIGKILL)
        begun.wait()
    before = len(read_scores(out)[1])
    assert 0 < before < 4000
    assert not (out / FIGURES).exists()
    done = handeye(*words)
    assert done.returncode == 0, done.stderr
    assert "not run on real images" in done.stderr
    scored = read_scores(out)[1]
    assert len({each.prediction.item for each in scored}) == len(scored) == 4000
    assert len((out / LINES).read_bytes().splitlines()) == 4000
    whole = handeye(*words[:-1], str(tmp_path / "whole"))
    assert whole.returncode == 0
    ours, theirs = (json.loads((folder / FIGURES).read_text()) for folder in (out, tmp_path / "whole"))
    assert ours["all"] == theirs["all"] and ours["groups"] == theirs["groups"]


@pytest.mark.slow
def test_what_is_wrong_is_said_in_a_line_and_a_report_is_printed_again(tmp_path: Path) -> None:
    missing = handeye("bench", "cuactspot")
    assert missing.returncode == 2
    assert "--data FOLDER" in missing.stderr
    data, out = make("cuactspot", tmp_path / "data", 10), tmp_path / "out"
    shard = handeye("bench", "cuactspot", "--data", str(data), "--shard", "5/4")
    assert shard.returncode == 2 and "1/4" in shard.stderr
    done = handeye("bench", "cuactspot", "--data", str(data), "--policy", "oracle", "--out", str(out))
    assert done.returncode == 0 and "100.0 %" in done.stderr
    again = handeye("report", str(out))
    assert again.returncode == 0 and "Mean over category" in again.stdout and "not run on real images" in again.stdout
