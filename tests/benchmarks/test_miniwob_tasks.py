"""The task files for MiniWoB++ earn the full reward on the real pages: each on its own seed, with FULL=1 on seeds 1 to 5."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from handeye.agent.run import Resources, Run
from handeye.benchmarks.batch import Result, run_batch, task_files
from handeye.episodes.schema import Probe
from handeye.episodes.taskfile import TaskFile, read_task

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("miniwob") is None, reason='the extra "miniwob" is not installed'),
]

FILES = [read_task(path) for path in task_files(Path(__file__).parents[2] / "benchmarks" / "tasks" / "miniwob")]
WORKERS = 3
REWARD = Probe(kind="script", argument="WOB_RAW_REWARD_GLOBAL")


def on_seed(file: TaskFile, seed: int, out: Path) -> Run:
    task = file.task.model_copy(update={"start": file.task.start.model_copy(update={"seed": seed})})
    return Run(task=task, out=out / f"{task.name}-{seed}", lines=file.lines)


def short_of(result: Result) -> str:
    """What is wrong with a run; empty for one that passed with a recorded reward of exactly 1."""
    name = result.run.out.name
    outcome = result.episode.outcome if result.episode is not None else None
    if outcome is None:
        return f"{name}: {result.error}"
    if outcome.status != "passed":
        return f"{name}: {outcome.status}: {outcome.message}"
    rewards = [each.evidence.value for each in outcome.verdicts if each.evidence and each.evidence.probe == REWARD]
    return "" if rewards == [1] else f"{name}: passed with the rewards {rewards}"


async def shortfalls(runs: list[Run], resources: Resources) -> list[str]:
    return list(filter(None, map(short_of, await run_batch(runs, resources, workers=WORKERS))))


def test_each_file_is_a_task_of_its_own() -> None:
    starts = [file.task.start for file in FILES]
    assert len(FILES) >= 20
    assert all(start.site == "miniwob" and start.seed == 1 for start in starts)
    assert [start.url for start in starts] == [file.path.stem for file in FILES]


async def test_every_file_earns_the_full_reward(resources: Resources, tmp_path: Path) -> None:
    assert await shortfalls([on_seed(file, 1, tmp_path) for file in FILES], resources) == []


@pytest.mark.skipif(not os.environ.get("FULL"), reason="FULL=1 runs every file on five seeds")
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
async def test_every_file_earns_it_on_other_seeds_too(seed: int, resources: Resources, tmp_path: Path) -> None:
    # one seed after the other: a browser has one clipboard, and two runs that copy would mix theirs up
    assert await shortfalls([on_seed(file, seed, tmp_path) for file in FILES], resources) == []
