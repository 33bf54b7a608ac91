"""Episodes of tasks of WebArena-Verified, on a stand-in for its sites, judged by its own scorer: what was done right counts, the rest not."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from handeye.benchmarks.runner.folder import RunFolder
from handeye.benchmarks.suites.names import open_suite
from handeye.benchmarks.suites.webarena_scorer import WebArenaScorer
from handeye.episodes.reader import Episode
from handeye.tools.errors import UsageError

from ...conftest import Play
from .webarena_site import StandIn

ROOT = Path(__file__).resolve().parents[3]
# not resolved: what a link leads to is a Python without the packages beside the link
PYTHON = str(Path(os.environ.get("HANDEYE_WEBARENA_PYTHON") or ROOT / ".venv-webarena/bin/python").absolute())
with_scorer = pytest.mark.skipif(
    not Path(PYTHON).exists(), reason="the package webarena-verified is not there: ./setup.sh webarena brings it"
)
REFUND = "I need a refund. Order: 180. Amount: 12.99. Reason: It broke after three days of use"
CHANGED, SHOWN = (
    {"answer": f'{{{{"task_type": "{kind}", "status": "SUCCESS", "retrieved_data": null}}}}'}
    for kind in ("MUTATE", "NAVIGATE")
)


SENT = {"wait": {"text": "sent: 200"}}


POLICY = """
from handeye.episodes.schema import Decision
from handeye.tools.actions import Answer, Navigate

WORDS = {
    "21": '["Dibbins", "Catso", "Anglebert", "Michelle Davis"]',
    "44": '{"task_type": "NAVIGATE", "status": "SUCCESS", "retrieved_data": null, "error_details": null}',
    "50": '{"task_type": "NAVIGATE", "status": "SUCCESS", "retrieved_data": null, "error_details": null}',
}


class Policy:
    def __init__(self, task, world):
        pass

    async def decide(self, task, past, now):
        if task.name != "21" and not past:
            return Decision(intent=Navigate(url=task.start.url.rstrip("/") + "/dashboard/todos"))
        return Decision(intent=Answer(text=WORDS[task.name]))
"""


class Case(NamedTuple):
    """A task of the data set, and steps that do it, and do not."""

    task: int
    start: str
    right: list[Any]
    wrong: list[Any]


CASES = (
    # find out; of 268 the scorer also reads a cookie that the page had set
    Case(
        21,
        "/",
        [{"answer": '["Dibbins", "Catso", "Anglebert", "Michelle Davis"]'}],
        [{"answer": '["Dibbins", "Catso", "Anglebert"]'}],
    ),
    Case(47, "/", [{"answer": '{"order_count": 0, "amount": 0.0}'}], [{"answer": '{"order_count": 1, "amount": 0}'}]),
    Case(0, "/", [{"answer": "Quest Lumaflex™ Band"}], [{"answer": "Sprite Stasis Ball"}]),
    Case(
        268,
        "/directions",
        [{"click": "Bicycle"}, SENT, {"answer": '[{"relation_id": 2176999, "duration": "10:58:00"}]'}],
        [{"click": "Car"}, SENT, {"answer": '[{"relation_id": 2176999, "duration": "10:58:00"}]'}],
    ),
    # go somewhere
    Case(44, "/", [{"click": "To-Do List"}], [{"click": "Explore"}]),
    Case(102, "/labels", [{"click": "help wanted"}, SENT, SHOWN], [{"click": "bug"}, SENT, SHOWN]),
    # change something: a form, JSON, an answer's cookie, a request that nobody answers
    Case(
        399,
        "/edit",
        [{"type": "I am a robot", "into": "Biography"}, {"click": "Save"}],
        [{"type": "I am no robot", "into": "Biography"}, {"click": "Save"}],
    ),
    Case(418, "/status", [{"click": "Busy"}, SENT], [{"click": "Free"}, SENT]),
    Case(390, "/merge", [{"click": "Approve", "nth": 1}, SENT], [{"click": "Approve another"}, SENT]),
    Case(512, "/paste", [{"click": "Add toothpaste"}], [{"click": "Add brush"}]),
    Case(
        528,
        "/contact",
        [{"type": REFUND, "into": "Message"}, {"click": "Submit"}],
        [{"type": REFUND, "into": "Message"}, CHANGED],
    ),
)
"""Of the official data set, by number."""


@pytest.fixture(scope="module")
def site() -> Iterator[StandIn]:
    with StandIn() as made:
        yield made


@with_scorer
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.task))
async def test_the_official_scorer_tells_what_was_done_from_what_was_not(
    case: Case, site: StandIn, play: Play, tmp_path: Path
) -> None:
    scorer, config = WebArenaScorer(PYTHON), site.configuration(tmp_path)
    for steps, wanted in ((case.right, 1.0), (case.wrong, 0.0)):
        task = {"name": f"webarena-verified-{case.task}", "start": site.url + case.start, "steps": steps}
        episode = await play(task, record_requests=True)
        score = scorer.score(episode, config)
        assert (score.value, score.success) == (wanted, wanted == 1), (steps, score, episode.outcome)
        assert score.parts["error"] == 0, score


@with_scorer
@pytest.mark.slow
def test_the_suite_runs_tasks_of_the_data_set_with_their_network_recorded(site: StandIn, tmp_path: Path) -> None:
    (tmp_path / "handeye_webarena.py").write_text(POLICY)
    config, out = site.configuration(tmp_path), tmp_path / "run"
    options = ("-c", f"suite.config={config}", "-c", f"suite.python={PYTHON}", "-c", "suite.subset=hard")
    command = [sys.executable, "-m", "handeye", "bench", "webarena-verified", "--policy", "handeye_webarena:Policy"]
    command += [*options, *("--task", "21", "--task", "44", "--task", "50"), "--workers", "1", "--out", str(out)]
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    found = {each.row.task: each for each in RunFolder(out).results()}
    scores = {name: each.score.value if each.score is not None else each.message for name, each in found.items()}
    assert scores == {"21": 1.0, "44": 1.0, "50": 0.0}, done.stdout + done.stderr
    assert {name: each.row.group for name, each in found.items()} == {
        "21": "shopping",
        "44": "gitlab",
        "50": "shopping",
    }
    header = Episode.open(out / found["44"].episode).header
    assert header.private == ("network",)
    # a page's clock is left as it is: nothing of the run is to differ from a person's visit
    assert header.task.start.clock is None and header.task.start.clock_step is None
    assert header.task.start.allow == (site.url.removeprefix("http://"),)


@with_scorer
@pytest.mark.slow
def test_its_tasks_are_those_of_the_data_set(site: StandIn, tmp_path: Path) -> None:
    config = site.configuration(tmp_path)
    suite = open_suite("webarena-verified", {"config": str(config), "python": PYTHON})
    assert suite.version == "webarena-verified 1.2.3"
    tasks = {task.name: task for task in suite.tasks()}
    # the sites of the others have no address here
    assert len(tasks) == 812 - 86 - 78 - 18 - 2
    assert tasks["21"].start.url.startswith(f"{site.url}/6s-wireless-headphones")
    assert tasks["21"].goal.startswith("Get name(s) of reviewer(s) who mention ear cups being small")
    # one with two places to begin at
    assert tasks["268"].start.url == site.url and f"also: {site.url}" in tasks["268"].goal


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no configuration of webarena-verified"):
        open_suite("webarena-verified", {"config": str(tmp_path / "none.json"), "python": sys.executable})
    (tmp_path / "config.json").write_text('{"environments": {"__SHOPPING__": {"urls": ["http://127.0.0.1:7770"]}}}')
    options = {"config": str(tmp_path / "config.json")}
    with pytest.raises(UsageError, match="there is no such Python"):
        open_suite("webarena-verified", {**options, "python": str(tmp_path / "python")})
    if importlib.util.find_spec("webarena_verified") is None:
        with pytest.raises(UsageError, match="not installed in this Python"):
            open_suite("webarena-verified", options)
        here = open_suite("webarena-verified", {**options, "python": sys.executable})
        with pytest.raises(UsageError, match="does not have the package"):
            _ = here.version
