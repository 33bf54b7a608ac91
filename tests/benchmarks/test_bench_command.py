"""``handeye bench`` as a whole: a suite of another package, a folder of task files, policies, MiniWoB++ in a real browser."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from rich.console import Console
from typer.testing import CliRunner

from handeye.__main__ import app
from handeye.agent.dialects.phi4 import Phi4
from handeye.agent.models.endpoint import ModelEndpoint
from handeye.agent.run import Resources, Run, run_episode
from handeye.benchmarks.runner.board import COLUMNS, Board
from handeye.benchmarks.runner.folder import RunFolder
from handeye.benchmarks.runner.policies import PlaybackPolicy, decided, named, random_policy, refusal
from handeye.benchmarks.runner.pool import Tally, fitting
from handeye.benchmarks.suites.drawn import DrawnSuite
from handeye.benchmarks.suites.miniwob import REWARD, MiniWobSuite
from handeye.environments.drawn import DrawnEnvironment
from handeye.episodes.reader import Episode
from handeye.episodes.schema import (
    BenchResult,
    BenchRow,
    Budget,
    Decision,
    Evidence,
    Json,
    ModelInfo,
    Observation,
    Outcome,
    Reply,
    Request,
    Score,
    Step,
    Stop,
    Task,
)
from handeye.tools.actions import Click, Place, Wait
from handeye.tools.errors import UsageError
from handeye.tools.geometry import Box, Point

from .runner.conftest import until

MINIWOB = pytest.mark.skipif(find_spec("miniwob") is None, reason='the extra "miniwob" is not installed')


def call(*words: str, path: Sequence[Path] = (), cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    paths = [*map(str, path), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "handeye", *words]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_a_new_suite_installs_as_a_package_and_is_found_by_its_name(tmp_path: Path) -> None:
    made = call("bench", "new", "my-tasks", cwd=tmp_path)
    assert made.returncode == 0 and "pip install -e my-tasks" in made.stdout
    assert call("bench", "new", "my-tasks", cwd=tmp_path).returncode == 2
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(site), str(tmp_path / "my-tasks")], check=True)
    words = ("--policy", "script", "-c", "suite.times=3", "--workers", "1", "--out", "run")
    ran = call("bench", "my-tasks", *words, path=[site], cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (result,) = RunFolder(tmp_path / "run").results()
    assert result.success and result.score is not None and result.score.parts == {"presses": 3.0}
    unknown = call("bench", "my-task", path=[site], cwd=tmp_path)
    assert unknown.returncode == 2 and "did you mean 'my-tasks'" in unknown.stderr


@pytest.mark.slow
def test_a_folder_of_task_files_and_its_report(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    task = "goal: press\nenvironment: drawn\nstart: {drawn: buttons}\nsteps: [click: Press me]\npostconditions: [{script: presses, equals: %d}]\n"
    (tasks / "right.yaml").write_text(task % 1)
    (tasks / "wrong.yaml").write_text(task % 2)
    ran = call("bench", "tasks", "--workers", "1", "--repeats", "2", "--out", "run", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "solved: 50.0 % (" in ran.stderr and "2 of 4. Intervals" in ran.stderr and "Rows: 4." in ran.stderr
    said = call("report", "run", "--html", "r.html", "--json", "r.json", "--md", "r.md", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "| right | 2 | 2 |" in (tmp_path / "r.md").read_text()
    assert (tmp_path / "r.html").stat().st_size > 2000 and (tmp_path / "r.json").stat().st_size > 1000
    same = call("compare", "run", "run", cwd=tmp_path)
    assert same.returncode == 0 and "p = 1" in same.stdout
    assert call("report", "tasks", cwd=tmp_path).returncode == 5


_CANVAS = """<body style="margin:0"><output></output><canvas id=c width=500 height=400></canvas><script>
const pen = c.getContext("2d"); pen.fillStyle = "rgb(200,0,0)"; pen.fillRect(310, 150, 60, 40);
c.onclick = e => { if (pen.getImageData(e.offsetX, e.offsetY, 1, 1).data[0] == 200) document.querySelector("output").value = "found it"; };
</script>"""


class Seeing:
    """A model that finds what is red, and has no plans."""

    async def complete(self, request: Request) -> Reply:
        (image,) = request.images
        assert Phi4().sought(request) == "the red thing" and request.purpose == "ground"
        down, across = np.nonzero((image.image.pixels == (200, 0, 0)).all(axis=2))
        box = Box(left=across.min(), top=down.min(), right=across.max() + 1, bottom=down.max() + 1)
        return Reply(text=Phi4().write_ground(box, image), finish="stop", model="seeing")

    async def describe(self) -> ModelInfo:
        return ModelInfo(name="seeing")

    async def close(self) -> None: ...


@pytest.mark.slow
@pytest.mark.browser
async def test_what_tree_and_text_do_not_show_a_model_finds_and_the_report_counts_it(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "page.html").write_text(_CANVAS)
    start = f"start: {{url: '{(tmp_path / 'page.html').as_uri()}'}}"
    steps = "steps: [click: the red thing]\npostconditions: [text: found it]"
    (tmp_path / "tasks" / "red.yaml").write_text(f"goal: click\n{start}\n{steps}\n")
    async with ModelEndpoint(Seeing(), "phi-4") as endpoint:
        words = (
            "bench",
            "tasks",
            "--policy",
            "script+repair",
            "--model",
            endpoint.url,
            "--workers",
            "1",
            "--out",
            "run",
        )
        ran = await asyncio.to_thread(call, *words, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (result,) = RunFolder(tmp_path / "run").results()
    assert result.success and result.repaired == 1 and result.calls == 1
    said = call("report", "run", cwd=tmp_path)
    assert "Repaired steps of scripts, whose target the model had to find: 1." in said.stdout
    alone = call("bench", "tasks", "--policy", "script", "--workers", "1", "--out", "alone", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    (missed,) = RunFolder(tmp_path / "alone").results()
    assert not missed.success and not missed.repaired


def test_what_a_person_gets_wrong_is_said() -> None:
    for words, said in (
        (["miniwo"], "did you mean 'miniwob'"),
        (["drawn", "--policy", "scrip"], "there is no policy named 'scrip'"),
        (["drawn", "--policy", "model"], "needs a model to ask"),
        (["drawn", "--policy", "random", "--model", "http://127.0.0.1:1/v1"], "asks no model"),
        (["drawn", "--seeds", "x"], "x is no seed"),
        (["drawn", "--task", "nothing"], "no task 'nothing'"),
        (["drawn", "-c", "browser.settle=3"], "sections: suite, thinking"),
        (["drawn", "more"], "one suite at a time"),
        (["new", "Not A Name"], "no name for a suite"),
    ):
        found = CliRunner().invoke(app, ["bench", *words])
        assert isinstance(found.exception, UsageError), words
        assert said in str(found.exception), words


def drawn_task(**update: object) -> Task:
    return next(iter(DrawnSuite().tasks())).model_copy(update=update)


async def test_random_acts_are_those_of_task_and_seed(tmp_path: Path) -> None:
    async def acts(name: str, task: Task) -> list[str]:
        run = Run(task=task, out=tmp_path / name, policy=random_policy(task, DrawnEnvironment()))
        episode = await run_episode(run, Resources())
        frame = episode.steps[0].saw.frame.box
        points = [act.at for step in episode.steps if isinstance(act := step.decision.intent, Click)]
        assert all(isinstance(each, Point) and frame.contains(each) for each in points)
        return [step.decision.intent.model_dump_json() for step in episode.steps]

    task = drawn_task()
    first, again = await acts("first", task), await acts("again", task)
    other = await acts("other", task.model_copy(update={"start": task.start.model_copy(update={"seed": 1})}))
    assert len(first) == 11 and first == again and first != other


async def test_a_policy_is_chosen_by_its_name(tmp_path: Path) -> None:
    run = Run(task=drawn_task(), out=tmp_path / "x")
    async with Resources() as resources:
        centre = await run_episode(decided(run, "centre", None, "key", resources), resources)
        with pytest.raises(UsageError, match="no row key"):
            decided(run, f"playback:{tmp_path}", None, "key", resources)
    again = await run_episode(
        Run(task=drawn_task(), out=tmp_path / "again", policy=PlaybackPolicy(centre)), Resources()
    )
    assert [step.action for step in again.steps] == [step.action for step in centre.steps] and len(again.steps) == 2
    first = centre.steps[0].decision.intent
    assert isinstance(first, Click) and isinstance(first.at, Point) and (first.at.x, first.at.y) == (160, 160)
    assert named("http://127.0.0.1:8000/v1", None) == ("model", "http://127.0.0.1:8000/v1")
    assert named(None, None) == ("script", None) and named(None, "local:x") == ("model", "local:x")
    assert refusal("script")(drawn_task(steps=())) and not refusal("script")(drawn_task())
    assert refusal("oracle")(drawn_task()) if find_spec("handeye.benchmarks.oracle") else True


class Pressing:
    """Presses the button and never says that it is done."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        intent = Wait(seconds=0.0) if past else Click[Place](at=Point(x=100, y=226))
        return Decision(intent=intent)


async def test_what_was_reached_without_a_claim_is_still_evidence(tmp_path: Path) -> None:
    task = drawn_task(budget=Budget(steps=2))
    episode = await run_episode(Run(task=task, out=tmp_path / "x", policy=Pressing()), Resources())
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.stop) == ("failed", "steps")
    assert [each.value for each in episode.outcome.evidence] == [1]


def result(success: bool | None, tokens: int = 10) -> BenchResult:
    row = BenchRow(key="k", task="t", group="g", revision="r")
    if success is None:
        return BenchResult(row=row, status="infrastructure", message="gone\x1b[2J\nagain")
    score = Score(value=float(success), success=success)
    return BenchResult(row=row, status="passed", score=score, prompt=tokens, completion=1)


def test_the_board_shows_the_tally_and_lines_where_there_is_no_terminal() -> None:
    out = StringIO()
    tally = Tally(of=10, before=2, running={"a": 0.0})
    board = Board(Console(file=out, width=200), tally).begin()
    for each in (result(True), result(False), result(None)):
        tally.ended.append(each)
        board(each)
    board.end()
    figures = dict(zip(COLUMNS, board.figures(), strict=True))
    assert figures | {"left": ""} == {
        "done": "5/10",
        "running": "1",
        "passed": "1",
        "failed": "1",
        "undecided": "0",
        "infrastructure": "1",
        "tokens": "22",
        "left": "",
    }
    lines = out.getvalue().splitlines()
    assert len(lines) == 3 and "5/10" in lines[2] and "infrastructure" in lines[2] and "\x1b" not in out.getvalue()
    shown = StringIO()
    Console(file=shown, width=160).print(board)
    assert all(name in shown.getvalue() for name in COLUMNS)


def test_as_many_workers_as_fit() -> None:
    assert fitting(1, 1) == 1
    assert fitting(2**60, 100) == 1
    assert 1 <= fitting(1, 100) <= (os.cpu_count() or 1)


@MINIWOB
def test_miniwob_has_all_registered_tasks_and_two_clocks() -> None:
    tasks = list(MiniWobSuite().tasks())
    assert len(tasks) == 125 == len({task.name for task in tasks})
    assert sum(bool(task.steps) for task in tasks) >= 37
    assert all(task.start.clock_step == 0.5 and task.start.allow == () and task.start.seed == 0 for task in tasks)
    raised = next(iter(MiniWobSuite(clock="raised", seed='"1"').tasks()))
    assert raised.start.clock is None and raised.start.seed == "1"
    assert MiniWobSuite(clock="raised").version != MiniWobSuite().version
    with pytest.raises(UsageError, match="no such clock"):
        MiniWobSuite(clock="real")


class Ended(Episode):
    """An episode of which only the end is known."""

    def __init__(self, value: Json, stop: Stop) -> None:
        self._ending = Outcome(status="failed", stop=stop, evidence=(Evidence(probe=REWARD, value=value),))

    @property
    def outcome(self) -> Outcome | None:
        return self._ending


@MINIWOB
@pytest.mark.parametrize(
    ("said", "stop", "success", "strict", "lenient", "value"),
    [
        ([True, 1, 0.9, None], "steps", True, 1, 1, 1.0),
        ([True, 0.5, 0.2, None], "done", False, 0, 1, 0.5),
        ([True, -1, -1, "wrong"], "done", False, 0, 0, 0.0),
        ([False, 1, 1, None], "done", False, 0, 0, 0.0),
    ],
)
def test_the_reward_of_the_page_counts_strictly_and_leniently(
    said: Json, stop: Stop, success: bool, strict: float, lenient: float, value: float
) -> None:
    suite = MiniWobSuite()
    score = suite.score(next(iter(suite.tasks())), Ended(said, stop))
    assert (score.success, score.parts["strict"], score.parts["lenient"], score.value) == (
        success,
        strict,
        lenient,
        value,
    )
    assert score.parts["claimed"] == float(stop == "done")
    nothing = suite.score(next(iter(suite.tasks())), Ended(None, stop))
    assert nothing.success is False and "no reward is known" in nothing.note


@MINIWOB
@pytest.mark.browser
@pytest.mark.slow
def test_browsers_end_with_a_killed_runner_and_the_run_goes_on(tmp_path: Path) -> None:
    words = ["bench", "miniwob", "--policy", "centre", "--limit", "2", "--workers", "1", "--out", "run"]
    runner = subprocess.Popen(
        [sys.executable, "-m", "handeye", *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    started: list[psutil.Process] = []

    def browsing() -> bool:
        started[:] = psutil.Process(runner.pid).children(recursive=True)
        return any("--type=renderer" in each.cmdline() for each in started)

    until(lambda: quiet(browsing), "a browser at work")
    runner.kill()
    runner.wait()
    until(lambda: not any(map(alive, started)), "no process of the killed run")
    assert call(*words, cwd=tmp_path).returncode == 0
    assert [each.attempt for each in RunFolder(tmp_path / "run").results()] == [1, 1]


def quiet(asks: Callable[[], bool]) -> bool:
    """False while processes come and go under the question."""
    try:
        return asks()
    except psutil.Error:
        return False


def alive(process: psutil.Process) -> bool:
    return quiet(lambda: process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


@MINIWOB
@pytest.mark.browser
@pytest.mark.slow
def test_miniwob_is_played_by_scripts_on_exact_seeds(tmp_path: Path) -> None:
    words = [
        "--task",
        "click-button",
        "--task",
        "click-test-2",
        "--seeds",
        '1,"1"',
        "--workers",
        "1",
        "--contexts",
        "2",
    ]
    ran = call("bench", "miniwob", "--policy", "script", *words, "--out", "run", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    folder = RunFolder(tmp_path / "run")
    results = folder.results()
    assert [each.success for each in results] == [True] * 4
    assert all(each.score is not None and each.score.parts["strict"] == 1 for each in results)
    first, other = (Episode.open(folder.fetch(each.episode)) for each in results[:2])
    assert (first.header.task.start.seed, other.header.task.start.seed) == (1, "1")
    # two seeds, two problems
    assert first.steps[0].saw.frame.pixel_hash != other.steps[0].saw.frame.pixel_hash
