"""A task of a suite as an environment of Gymnasium: the same problem, pixels and reward as in a run of ours, and nothing left behind."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import psutil
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics

import handeye.benchmarks.gym
from handeye.agent.run import Resources, Run, run_episode
from handeye.benchmarks.base import with_seed
from handeye.benchmarks.suites.miniwob import MiniWobSuite
from handeye.episodes.reader import Episode
from handeye.tools.actions import AnswerDialog, Click, Done
from handeye.tools.errors import EnvironmentFailed, UsageError
from handeye.tools.geometry import Point

LOGIN = "handeye/MiniWoB-login-user-v0"
LIMIT = 60.0
SAME: Any = [1, 1]
"""Seeds of two environments; Gymnasium's own annotation of a wrapper knows only one for both."""
needs_pages = pytest.mark.skipif(find_spec("miniwob") is None, reason='the extra "miniwob" is not installed')
pytestmark = [pytest.mark.browser, needs_pages]

gymnasium.register_envs(handeye.benchmarks.gym)


def children() -> list[psutil.Process]:
    """What this process started and has not seen the end of."""
    return [each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end; waits for it."""
    return not psutil.wait_procs(processes, timeout=LIMIT)[1]


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    """One whose browser serves several tests: each begins it anew."""
    made = gymnasium.make(LOGIN, disable_env_checker=True)
    yield made
    made.close()


async def test_an_episode_of_the_suite_done_again_has_the_same_pixels_and_pays(
    resources: Resources, tmp_path: Path
) -> None:
    suite = MiniWobSuite()
    task = with_seed(suite, next(each for each in suite.tasks() if each.name == "login-user"), 3)
    ours = await run_episode(Run(task=task, out=tmp_path / "ours", policy="script"), resources)
    acted = [step for step in ours.steps if step.action is not None]
    acts = [step.action for step in acted]
    assert len(acts) == 3
    env = gymnasium.make(LOGIN, record=tmp_path / "recorded")
    try:
        seen, info = env.reset(seed=3)
        assert (seen["screenshot"] == ours.steps[0].saw.frame.pixels).all()
        assert seen["goal"].startswith('Enter the username "') and info["seed"] == 3
        for act, step in zip(acts, acted, strict=True):
            seen, paid, terminated, truncated, info = env.step(act)
            assert step.left is not None and (seen["screenshot"] == step.left.frame.pixels).all()
            assert not truncated and terminated == (act is acts[-1]) and paid == float(terminated)
        assert (info["strict"], info["raw"], info["error"]) == (1.0, 1.0, "")
        with pytest.raises(ResetNeeded):
            env.step(acts[0])
    finally:
        env.close()
    recorded = Episode.open(info["recorded"])
    assert recorded.outcome is not None and recorded.outcome.status == "passed"
    assert [step.action for step in recorded.steps] == acts
    assert suite.score(task, recorded).parts["strict"] == 1


@pytest.mark.slow
def test_gymnasium_finds_nothing_wrong_with_it(env: Any) -> None:
    check_env(env.unwrapped, skip_render_check=True)


def test_it_has_the_picture_that_it_shows(tmp_path: Path) -> None:
    env = gymnasium.make(LOGIN, render_mode="rgb_array")
    try:
        seen, _ = env.reset(seed=1)
        assert np.array_equal(env.render(), seen["screenshot"])  # type: ignore[arg-type]
        assert seen in env.observation_space
    finally:
        env.close()


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual screen."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "900x700x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as said:
        number = said.readline().strip()
    yield f":{number}"
    process.terminate()
    process.wait()


@pytest.mark.slow
@pytest.mark.display
def test_a_person_sees_the_browser_whose_frames_are_the_same(
    display: str, monkeypatch: pytest.MonkeyPatch, env: Any
) -> None:
    from Xlib.display import Display

    monkeypatch.setenv("DISPLAY", display)
    shown = gymnasium.make(LOGIN, render_mode="human")
    try:
        seen, _ = shown.reset(seed=1)
        assert shown.render() is None
        screen = Display(display)
        windows = screen.screen().root.query_tree().children
        assert any(each.get_attributes().map_state and each.get_geometry().width > 300 for each in windows)
        screen.close()
        # fonts may be drawn otherwise in a window, by a few grey levels
        difference = seen["screenshot"].astype(int) - env.reset(seed=1)[0]["screenshot"].astype(int)
        assert np.abs(difference).mean() < 2
    finally:
        shown.close()


def test_what_cannot_be_done_is_said_and_not_raised(env: Any) -> None:
    env.reset(seed=1)
    for act in (AnswerDialog(), {"verb": "click", "at": {"x": 4000, "y": 1}}, Click[Point](at=Point(x=-5, y=1))):
        _, paid, terminated, truncated, info = env.step(act)
        assert info["error"].startswith("ActionError: ") and (paid, terminated, truncated) == (0.0, False, False)
    drawn = {**env.action_space.sample(), "verb": 1, "at": [200, 390]}
    assert env.step(drawn)[4]["error"] == ""


@pytest.mark.parametrize(
    "action", [7, {}, {"verb": "jump"}, {"verb": "click"}, {"verb": 99}, {"verb": 1, "at": [400, 0]}, {"verb": 10}]
)
def test_what_is_no_action_is_refused_and_the_episode_goes_on(env: Any, action: object) -> None:
    env.reset(seed=1)
    with pytest.raises(UsageError):
        env.step(action)
    env.step({"verb": "wait", "seconds": 0.5})


def test_every_verb_of_the_space_is_an_act(env: Any) -> None:
    from handeye.benchmarks.gym.acts import VERBS, act_of

    env.action_space.seed(0)
    drawn = [{**env.action_space.sample(), "verb": number} for number in range(len(VERBS))]
    words = {"double_click": "click", "right_click": "click"}
    acts = [act_of(each, env.unwrapped.frame) for each in drawn]
    assert [act.verb for act in acts] == [words.get(verb, verb) for verb in VERBS]
    # the dictionary of an act is the act
    assert [act_of(act.model_dump(mode="json"), env.unwrapped.frame) for act in acts] == acts


def test_a_seed_is_a_literal(env: Any) -> None:
    number, text = env.reset(options={"seed": 1}), env.reset(options={"seed": "1"})
    assert (number[1]["seed"], text[1]["seed"]) == (1, "1")
    assert number[1]["url"].endswith("?seed=1") and text[1]["url"].endswith("?seed=%221%22")
    assert number[0]["goal"] != text[0]["goal"]
    assert env.reset(seed=1)[0]["goal"] == number[0]["goal"]


def test_an_episode_ends_with_the_budget_of_its_task() -> None:
    env = gymnasium.make("handeye/Suite-v0", suite="drawn", task="press-0002", disable_env_checker=True)
    try:
        env.reset(seed=0)
        ends = [env.step({"verb": "wait", "seconds": 0})[2:4] for _ in range(12)]
        assert ends == [(False, False)] * 11 + [(False, True)]
    finally:
        env.close()


def test_a_suite_whose_world_does_not_pay_is_paid_by_its_postconditions() -> None:
    env = gymnasium.make("handeye/Suite-v0", suite="drawn", task="press-0000")
    try:
        seen, info = env.reset(seed=0)
        assert seen["goal"] == 'Press the button "Press me" 1 times' and info["strict"] == 0
        assert env.step(Done())[1:3] == (0.0, True), "a claim ends it, and is not believed"
        env.reset(seed=0)
        assert env.step({"verb": "click", "at": {"x": 60, "y": 114}})[1:3] == (0.0, False)
        assert env.step({"verb": "click", "at": {"x": 100, "y": 226}})[1:3] == (1.0, True)
    finally:
        env.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "click-buton"}, "did you mean 'click-button'"),
        ({"suite": "miniwop"}, "did you mean 'miniwob'"),
        ({"options": {"clock": "sun"}}, "no such clock"),
    ],
)
def test_a_wrong_name_is_refused_with_what_there_is(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        gymnasium.make("handeye/Suite-v0", **options)


@pytest.mark.slow
def test_several_side_by_side_keep_their_statistics() -> None:
    several = gymnasium.make_vec(
        "handeye/MiniWoB-click-test-v0", 2, vectorization_mode="sync", wrappers=[RecordEpisodeStatistics]
    )
    try:
        seen = several.reset(seed=SAME)[0]
        assert seen["screenshot"].shape == (2, 400, 400, 3) and seen["goal"] == ("Click the button.",) * 2
        assert (seen["screenshot"][0] == seen["screenshot"][1]).all()
        several.action_space.seed(0)
        _, paid, terminated, truncated, _ = several.step(several.action_space.sample())
        assert paid.shape == terminated.shape == truncated.shape == (2,)
    finally:
        several.close()


@pytest.mark.slow
def test_processes_side_by_side_hand_over_words_where_they_share_no_memory() -> None:
    several = gymnasium.make_vec(
        "handeye/MiniWoB-click-test-v0", 2, vectorization_mode="async", vector_kwargs={"shared_memory": False}
    )
    try:
        assert several.reset(seed=7)[0]["goal"] == ("Click the button.",) * 2
    finally:
        several.close()


@pytest.mark.slow
def test_a_browser_that_dies_is_raised_and_the_next_episode_has_another(tmp_path: Path) -> None:
    before = set(children())
    env = gymnasium.make(LOGIN, record=tmp_path)
    try:
        _, info = env.reset(seed=1)
        for each in set(children()) - before:
            if each.is_running() and "--type=" not in " ".join(each.cmdline()) and "hrom" in each.name():
                each.kill()
        with pytest.raises(EnvironmentFailed):
            env.step({"verb": "wait", "seconds": 0.5})
        outcome = Episode.open(info["recorded"]).outcome
        assert outcome is not None and outcome.status == "infrastructure"
        with pytest.raises(ResetNeeded):
            env.step({"verb": "wait", "seconds": 0.5})
        assert env.reset(seed=1)[1]["goal"] == info["goal"]
    finally:
        env.close()


@pytest.mark.slow
def test_nothing_is_left_when_it_is_closed_or_forgotten(tmp_path: Path) -> None:
    before = set(children())
    env: Any = gymnasium.make(LOGIN, record=tmp_path)
    _, info = env.reset(seed=1)
    begun = list(set(children()) - before)
    assert begun
    env.close()
    env.close()
    assert gone(begun)
    outcome = Episode.open(info["recorded"]).outcome
    assert outcome is not None and (outcome.status, outcome.stop) == ("unverified", "interrupted")
    env.reset(seed=1)
    begun = list(set(children()) - before)
    assert begun
    del env
    gc.collect()
    assert gone(begun)


_LEAVES = f"""
import gymnasium, psutil, sys
env = gymnasium.make("handeye.benchmarks.gym:{LOGIN}")
env.reset(seed=0)
print(*[each.pid for each in psutil.Process().children(recursive=True)], flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", ["", "import os; os.kill(os.getpid(), 9)"])
def test_nothing_is_left_of_an_interpreter_that_ends_without_closing_it(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES + end],
        capture_output=True,
        text=True,
        timeout=600,
        env=dict(os.environ),
        check=False,
    )
    assert done.returncode == (-9 if end else 0), done.stderr
    assert done.stderr == ""
    pids = [int(each) for each in done.stdout.split()]
    assert len(pids) > 2
    until = time.monotonic() + LIMIT
    while time.monotonic() < until and any(_runs(pid) for pid in pids):
        gc.collect()
    assert not any(_runs(pid) for pid in pids)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
