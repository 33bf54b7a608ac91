"""Every group of measurements runs, at its short size: its code paths, never its figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handeye.benchmarks.perf.__main__ import GROUPS, main

ROWS = {"encoding": 2, "start": 3, "step": 8, "desktop": 3, "parallel": 5, "model": 2}


def test_each_group_is_tested() -> None:
    assert set(ROWS) == set(GROUPS)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("group", [each for each in GROUPS if each != "desktop"])
def test_a_group_runs(group: str, tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    assert main(["--short", "--only", group, "--out", str(out)]) == 0
    _check(out, group)


@pytest.mark.slow
@pytest.mark.display
def test_the_desktop_runs(tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    assert main(["--short", "--only", "desktop", "--out", str(out)]) == 0
    _check(out, "desktop")


def _check(out: Path, group: str) -> None:
    table = json.loads(out.read_text())
    assert table["short"] is True
    assert len(table["rows"]) == ROWS[group]
    # what is added to something may be less than nothing where it is noise
    assert all(row["ours"] >= 0 or row["floor"] is None for row in table["rows"])
    assert all(row["floor"] is None or row["floor"] > 0 for row in table["rows"])
