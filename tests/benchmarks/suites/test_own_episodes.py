"""Our own episodes as a suite of questions, and a suite of another package by its entry point."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from handeye.benchmarks.bench_steps import StepWords, run_steps
from handeye.benchmarks.report.read import read_run
from handeye.benchmarks.report.summary import summarize
from handeye.benchmarks.suites.made import make
from handeye.benchmarks.suites.problems import DataRefused
from handeye.benchmarks.suites.reading import open_data
from handeye.benchmarks.suites.step_names import open_steps
from handeye.tools.errors import UsageError

from ...episodes.convert.made import agentnet, agentnetbench, converted, true_click

CODES = ["pyautogui.click(x=0.2, y=0.3)", "pyautogui.write(message='mug')", "pyautogui.scroll(-3)"]


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    """Two episodes: one that knows the boxes of its targets, and one that does not."""
    converted("agentnet", agentnet(tmp_path / "a", CODES), tmp_path / "episodes" / "a")
    step = {"ground_truth_actions": [true_click(0.5, 0.5, [0.45, 0.45, 0.1, 0.1])]}
    converted("agentnetbench", agentnetbench(tmp_path / "b", [step]), tmp_path / "episodes" / "b")
    return tmp_path / "episodes"


async def test_every_step_of_every_episode_is_asked_about(episodes: Path, tmp_path: Path) -> None:
    data = open_data(str(episodes))
    suite = open_steps("episodes", data, {})
    words = StepWords(data=str(episodes), policy="oracle")
    report = await run_steps("episodes", suite, data, words, tmp_path / "out")
    assert report.summary.planned == data.records == 4
    assert report.summary.all.means["strict"].mean == 1
    assert {each.cluster for each in report.scored} == {"a", "b"}
    assert {row.name for row in report.summary.groups["verb"]} == {"click", "scroll", "type"}
    assert any("lacks: tree" in name for name in report.summary.provenance)
    random = await run_steps("episodes", suite, data, StepWords(data=str(episodes)), None)
    assert random.summary.all.means["strict"].mean == 0


def test_a_folder_without_episodes_and_one_that_is_damaged_are_told(episodes: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no episode"):
        open_steps("episodes", open_data(str(tmp_path / "empty")), {})
    (episodes / "a" / "episode.json").write_text("{")
    data = open_data(str(episodes))
    open_steps("episodes", data, {})
    assert data.problems.counts == {"it is no readable episode": 1}
    (episodes / "b" / "episode.json").write_text("{")
    with pytest.raises(DataRefused, match="nothing to ask about"):
        open_steps("episodes", open_data(str(episodes)), {})


PACKAGE = """
from handeye.benchmarks.suites.screenspot import ScreenSpot

class Theirs(ScreenSpot):
    rules = {"theirs": "value"}
"""


async def test_a_suite_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = site / "their_suites-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "their_suites.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-suites\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[handeye.suites]\ntheirs = their_suites:Theirs\n")
    monkeypatch.syspath_prepend(str(site))
    data = open_data(str(make("screenspot", tmp_path / "data", 6)))
    words = StepWords(data=str(data.folder), policy="oracle")
    for name in ("theirs", "their_suites:Theirs"):
        await run_steps(name, open_steps(name, data, {}), data, words, tmp_path / name[:6])
    sys.modules.pop("their_suites", None)
    # the folder says by which rules: a report of it needs no suite
    monkeypatch.undo()
    for name in ("theirs", "their_"):
        assert summarize(read_run(tmp_path / name)).all.means["theirs"].mean == 1
