"""`inspect eval handeye/…`: Inspect's own command, its provider over HTTP, a real page, our loop, and the log that it writes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from handeye.agent.models.endpoint import ModelEndpoint
from handeye.agent.models.oracle import OracleModel
from handeye.agent.run import Resources, Run, run_episode
from handeye.benchmarks.base import with_seed
from handeye.benchmarks.runner.policies import decided
from handeye.benchmarks.suites.made import make
from handeye.benchmarks.suites.miniwob import MiniWobSuite
from handeye.benchmarks.suites.reading import open_data
from handeye.benchmarks.suites.step_names import open_steps
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Decision, Item, ModelInfo, Reply, Request, View
from handeye.tools.actions import places
from handeye.tools.geometry import Box, Point
from handeye.tools.words import one_line

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("miniwob") is None, reason='the extra "miniwob" is not installed'),
    pytest.mark.skipif(find_spec("inspect_ai") is None, reason='the extra "inspect" is not installed'),
    pytest.mark.skipif(
        find_spec("openai") is None, reason="openai, on which Inspect's providers stand, is not installed"
    ),
]
SEED = 3
TASK = "enter-text"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def known(resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Episode:
    """An episode in which the task is solved in a model's words."""
    suite = MiniWobSuite()
    task = with_seed(suite, next(each for each in suite.tasks() if each.name == TASK), SEED)
    run = Run(task=task, out=tmp_path_factory.mktemp("known") / "episode")
    episode = await run_episode(decided(run, "oracle", None, "key", resources), resources)
    assert episode.outcome is not None and episode.outcome.status == "passed"
    return episode


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint(known: Episode) -> AsyncIterator[ModelEndpoint]:
    """A server whose model says what was said in that episode, whatever it is shown."""
    async with ModelEndpoint(OracleModel(known), "phi-4-oracle") as served:
        yield served


async def inspect_eval(folder: Path, url: str, *words: str, model: str = "openai-api/handeye/phi-4-oracle") -> Any:
    """The log that ``inspect eval`` writes; its command fails the test unless it ends as the evaluation does."""
    command = [sys.executable, "-m", "inspect_ai", "eval", *words, "--model", model]
    command += ["--log-dir", str(folder / "logs"), "--log-format", "json", "--display", "plain", "--max-retries", "0"]
    variables = {"HANDEYE_BASE_URL": url, "HANDEYE_API_KEY": "none", "VLLM_BASE_URL": url, "VLLM_API_KEY": "none"}
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    logs = sorted((folder / "logs").glob("*.json"))
    assert len(logs) == 1, done.stdout + done.stderr
    from inspect_ai.log import read_eval_log

    # not beside a running loop: it would replace `asyncio.run` for this whole process, by one that closes no loop
    return await asyncio.to_thread(read_eval_log, str(logs[0]), resolve_attachments=True)


def test_inspect_finds_the_tasks_where_the_package_says() -> None:
    [found] = [each for each in entry_points(group="inspect_ai") if each.name == "handeye"]
    assert {"miniwob", "suite", "steps", "screenspot_pro"} <= set(found.load().__all__)


@pytest.mark.parametrize("model", ["openai-api/handeye/phi-4-oracle", "vllm/phi-4-oracle"])
async def test_a_page_is_played_by_inspects_model_and_scored_by_the_suite(
    endpoint: ModelEndpoint, tmp_path: Path, model: str
) -> None:
    log = await inspect_eval(
        tmp_path, endpoint.url, "handeye/miniwob", "-T", f"tasks={TASK}", "-T", f"seeds={SEED},{SEED + 1}", model=model
    )
    assert log.status == "success", log.error
    assert (log.eval.task, log.eval.dataset.samples) == ("handeye/miniwob", 2)
    samples = {each.metadata["seed"]: each for each in log.samples}
    # what solves one seed does not solve the next: the text to be entered is another
    assert {seed: each.scores["solved"].value for seed, each in samples.items()} == {SEED: 1.0, SEED + 1: 0.0}
    metrics = log.results.scores[0].metrics
    assert metrics["accuracy"].value == 0.5 and "stderr" in metrics
    sample = samples[SEED]
    episode = Episode.open(sample.metadata["handeye:episode"])
    assert episode.outcome is not None and episode.outcome.status == "passed"
    assert episode.path.is_relative_to(tmp_path / "runs" / "inspect")
    assert sample.scores["solved"].metadata["raw"] == 1.0
    # every call of the episode is one that Inspect made, with its picture, and counted
    asked = [event for event in sample.events if event.event == "model"]
    replies = [call.reply for call in episode.calls.values() if call.reply is not None]
    assert len(asked) == len(replies) == len(episode.calls)
    assert all("image" in [part.type for part in event.input[0].content] for event in asked)
    assert [event.output.completion for event in asked] == [reply.text for reply in replies]
    said = sum(reply.usage.completion for reply in replies)
    assert sum(each.output_tokens for each in sample.model_usage.values()) == said > 0
    # a server that may not be vLLM gets plain messages, and the episode says what was left out
    vllm = model.startswith("vllm/")
    assert all(("left_out" in reply.sent) != vllm for reply in replies)
    assert all(("structured_outputs" in reply.sent) == vllm for reply in replies)


async def test_what_the_infrastructure_fails_at_is_an_error_and_no_score(tmp_path: Path) -> None:
    log = await inspect_eval(
        tmp_path, "http://127.0.0.1:9/v1", "handeye/miniwob", "-T", f"tasks={TASK}", "--no-fail-on-error"
    )
    [sample] = log.samples
    assert "onnection" in sample.error.message and not sample.scores
    outcome = Episode.open(sample.metadata["handeye:episode"]).outcome
    assert outcome is not None and (outcome.status, outcome.stop) == ("infrastructure", "model")


async def test_a_limit_of_inspect_ends_the_episode_in_order(endpoint: ModelEndpoint, tmp_path: Path) -> None:
    log = await inspect_eval(
        tmp_path, endpoint.url, "handeye/miniwob", "-T", f"tasks={TASK}", "-T", f"seeds={SEED}", "--turn-limit", "1"
    )
    [sample] = log.samples
    assert sample.limit.type == "turn"
    episode = Episode.open(sample.store["handeye:episode"])
    assert episode.outcome is not None and episode.outcome.stop == "interrupted"
    assert [call.error for call in episode.calls.values()] == ["", "cut off"]
    assert sample.scores["solved"].value == 0.0


def test_a_persons_mistake_is_a_word_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inspect_ai", "eval", "handeye/miniwob", "--model", "mockllm/model"]
    for words, said in (("tasks=click-buton", "has no task 'click-buton'"), ("mode=loud", "-T: ")):
        done = subprocess.run(
            [*command, "-T", words], cwd=tmp_path, capture_output=True, text=True, timeout=540, check=False
        )
        assert done.returncode != 0
        assert said in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr


class Silent:
    """A model that never answers."""

    async def complete(self, request: Request) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def describe(self) -> ModelInfo:
        return ModelInfo(name="silent")

    async def close(self) -> None:
        pass


async def test_a_sample_that_is_cut_off_closes_its_world_and_its_record(tmp_path: Path) -> None:
    words = ["handeye/miniwob", "-T", f"tasks={TASK}", "--time-limit", "20"]
    async with ModelEndpoint(Silent(), "phi-4-oracle") as served:
        log = await inspect_eval(tmp_path, served.url, *words)
    [sample] = log.samples
    assert sample.limit.type == "time"
    outcome = Episode.open(sample.store["handeye:episode"]).outcome
    assert outcome is not None and (outcome.status, outcome.stop) == ("unverified", "interrupted")


async def test_a_suite_without_a_browser_and_a_policy_without_a_model(tmp_path: Path) -> None:
    words = ["handeye/suite", "-T", "suite=drawn", "-T", "policy=script", "-T", "tasks=press-0000,press-0001"]
    log = await inspect_eval(tmp_path, "http://127.0.0.1:9/v1", *words, model="mockllm/model")
    assert log.status == "success", log.error
    assert [each.scores["solved"].value for each in log.samples] == [1.0, 1.0]


class Truths:
    """Knows where everything is, but for one thing."""

    def __init__(self, items: list[Item], missed: str) -> None:
        self._items, self._missed = {one_line(item.task.goal): item for item in items}, missed

    async def plan(self, step: int, *, failed: bool) -> Decision:
        raise AssertionError("it is asked where things are, not what to do")

    async def place(self, description: str, view: View) -> Box | None:
        item = self._items[one_line(description)]
        if item.id == self._missed:
            return Box(left=0, top=0, right=1, bottom=1)
        action = item.truth[0].action
        assert action is not None
        [point] = places(action)
        assert isinstance(point, Point)
        x = point.x * view.crop.width / item.now.frame.width
        y = point.y * view.crop.height / item.now.frame.height
        return Box.at(x - 1, y - 1, 2, 2)


async def test_a_suite_of_questions_is_answered_by_inspects_model(tmp_path: Path) -> None:
    make("screenspot", tmp_path / "data", 4, 0)
    items = list(open_steps("screenspot", open_data(str(tmp_path / "data")), {}).items())
    assert len({item.task.goal for item in items}) == len(items) == 4
    async with ModelEndpoint(OracleModel(Truths(items, items[1].id)), "phi-4-oracle") as served:
        log = await inspect_eval(tmp_path, served.url, "handeye/screenspot", "-T", "data=data")
    assert log.status == "success", log.error
    assert log.results.scores[0].metrics["accuracy"].value == 0.75
    assert {each.id: each.scores["matched"].value for each in log.samples} == {
        item.id: float(item is not items[1]) for item in items
    }
