"""Runs that are killed at random instants and gone on with: nothing recorded is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")

FULL = bool(os.environ.get("FULL"))


def tally(folder: Path, trials: int, steps: int) -> dict[str, int]:
    """In a process of its own: it forks, which a process with threads and a loop should not."""
    code = (
        "import sys, json, dataclasses, pathlib\n"
        "from handeye.benchmarks.replay_suite.sigkill import trials\n"
        f"found = trials({trials}, 11, pathlib.Path({str(folder)!r}), {steps})\n"
        "print(json.dumps(dataclasses.asdict(found)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(("trials", "steps"), [(6, 12), pytest.param(200 if FULL else 30, 40, marks=pytest.mark.slow)])
def test_nothing_is_lost_or_done_twice(tmp_path: Path, trials: int, steps: int) -> None:
    found = tally(tmp_path / "trials", trials, steps)
    wrong = {name: found[name] for name in ("lost", "repeated", "missing", "unreadable", "unfinished", "went_on")}
    assert not any(wrong.values()), (wrong, found["problems"])
    assert found["trials"] == trials and found["kills"] > 0
    if trials >= 30:
        # both kinds of an unknown act were met: one that was done, and one that was not
        assert 0 < found["of_these_done"] < found["unknown"]
