"""Tasks of OSWorld run in the machine's stand-in and judged from their episodes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.base import Policy
from handeye.agent.run import Resources, Run, run_episode
from handeye.benchmarks.suites.osworld.suite import OSWorldSuite
from handeye.episodes.pack import pack
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Score

from ...environments.osworld.standin import StandIn
from .conftest import Checkout
from .hands import WORDS, Claims, GivesUp, Writes

pytestmark = [pytest.mark.display, pytest.mark.slow]

Runs = Callable[..., Any]


@pytest.fixture
def runs(resources: Resources, machine: StandIn, checkout: Checkout, tmp_path: Path) -> Runs:
    """Runs the only task of the checkout; gives its episode and score."""

    async def run(policy: Policy, **options: str) -> tuple[Episode, Score]:
        settings = {"vm": machine.url, "screen": "640x480", "cache": str(tmp_path / "cache"), **options}
        suite = OSWorldSuite(str(checkout.path), **settings)
        [task] = suite.tasks()
        assert not suite.refuses(task)
        out = tmp_path / f"episode-{len(list(tmp_path.iterdir()))}"
        episode = await run_episode(Run(task=task, out=out, policy=policy, world=suite.world(task)), resources)
        return episode, await asyncio.to_thread(suite.score, task, episode)

    return run


def written(machine: StandIn) -> dict[str, Any]:
    """The task of a letter: what is written has to be what the gold file holds."""
    path = str(machine.home / "letter.txt")
    machine.files["/gold.txt"] = WORDS.replace("мир", "МИР").encode()
    return {
        "config": [
            {"type": "execute", "parameters": {"command": f": > {path}", "shell": True}},
            {"type": "launch", "parameters": {"command": ["mousepad", path]}},
        ],
        "evaluator": {
            "postconfig": [{"type": "sleep", "parameters": {"seconds": 0.1}}],
            "func": "compare_text_file",
            "result": {"type": "vm_file", "path": path, "dest": "letter.txt"},
            "expected": {"type": "cloud_file", "path": f"{machine.url}/gold.txt", "dest": "gold.txt"},
            "options": {"ignore_case": True},
        },
    }


async def test_what_is_written_and_saved_is_compared(
    machine: StandIn, checkout: Checkout, runs: Runs, tmp_path: Path
) -> None:
    checkout.add("os/letter", **written(machine))
    episode, score = await runs(Writes())
    assert (score.value, score.success, score.parts["claimed"]) == (1, True, 1)
    assert episode.outcome is not None and episode.outcome.status == "unverified"
    assert sorted(each.name for each in episode.downloads) == ["gold.txt", "letter.txt"]
    assert WORDS.encode() in [each.data for each in episode.downloads]
    # the score is the episode's alone: also of one that was packed, with the machine gone
    machine.close()
    suite = OSWorldSuite(str(checkout.path))
    [task] = suite.tasks()
    packed = Episode.open(pack(episode.path, tmp_path / "packed.zip").path)
    assert suite.score(task, packed).value == 1


@pytest.mark.parametrize(
    ("func", "policy", "value"),
    [("infeasible", GivesUp, 1), ("infeasible", Claims, 0), ("exact_match", GivesUp, 0), ("exact_match", Claims, 1)],
)
async def test_what_cannot_be_done_has_to_be_said(
    checkout: Checkout, runs: Runs, func: str, policy: type[GivesUp | Claims], value: float
) -> None:
    result = {"type": "vm_command_line", "command": ["echo", "x"]}
    expected = {"type": "rule", "rules": {"expected": "x\n"}}
    asked = {} if func == "infeasible" else {"result": result, "expected": expected}
    checkout.add("gimp/impossible", config=[], evaluator={"func": func, **asked})
    _, score = await runs(policy())
    assert (score.value, score.success) == (value, bool(value))


def several(conj: str | None, *halves: tuple[str, str]) -> dict[str, Any]:
    """An evaluator of several metrics: each compares what the machine echoes with what was expected, line by line."""
    return {
        "func": ["diff_text_file" if "/" in said else "check_include_exclude" for said, _ in halves],
        **({} if conj is None else {"conj": conj}),
        "result": [
            {"type": "vm_file", "path": said, "dest": f"{at}.txt"} if "/" in said else {"type": "vm_command_line", "command": ["echo", said]}
            for at, (said, _) in enumerate(halves)
        ],
        "expected": [
            {"type": "vm_file", "path": wanted, "dest": "gold.txt"} if "/" in wanted else {"type": "rule", "rules": {"include": [wanted]}}
            for _, wanted in halves
        ],
        "options": [None, {}][: len(halves)],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("conj", "halves", "value"),
    [
        ("and", (("yes", "yes"), ("HALF", "GOLD")), 0.75),
        (None, (("yes", "yes"), ("HALF", "GOLD")), 0.75),
        ("and", (("yes", "no"), ("HALF", "GOLD")), 0),
        ("or", (("yes", "no"), ("HALF", "GOLD")), 0.5),
        ("or", (("yes", "yes"), ("NONE", "GOLD")), 1),
        ("and", (("yes", "yes"), ("NONE", "GOLD")), 0),
    ],
)
async def test_several_metrics_are_combined(
    machine: StandIn,
    checkout: Checkout,
    runs: Runs,
    conj: str | None,
    halves: tuple[tuple[str, str], ...],
    value: float,
) -> None:
    (machine.home / "half").write_text("one\ntwo\n")
    (machine.home / "gold").write_text("one\n2\n")
    paths = {name: str(machine.home / name.lower()) for name in ("HALF", "GOLD", "NONE")}
    named = tuple((paths.get(said, said), paths.get(wanted, wanted)) for said, wanted in halves)
    checkout.add("os/several", config=[], evaluator=several(conj, *named))
    _, score = await runs(Claims())
    assert (score.value, score.success) == (value, value == 1)


async def test_every_getter_asks_the_machine(machine: StandIn, checkout: Checkout, runs: Runs) -> None:
    (machine.home / "folder").mkdir()
    (machine.home / "folder" / "a.jpg").write_text("")
    parts: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("check_moved_jpgs", {"type": "list_directory", "path": str(machine.home / "folder")}, {"expected": ["a.jpg"]}),
        ("exact_match", {"type": "vm_screen_size"}, {"expected": {"width": 640, "height": 480}}),
        ("exact_match", {"type": "vm_terminal_output"}, {"expected": None}),
        ("exact_match", {"type": "vm_command_error", "command": "echo x >&2", "shell": True}, {"expected": "x\n"}),
        ("file_contains", {"type": "cache_file", "path": "said.txt"}, {"expected": ["kept"]}),
        ("check_include_exclude", {"type": "accessibility_tree"}, {"include": ["desktop-frame"]}),
    ]
    checkout.add(
        "os/getters",
        config=[{"type": "execute", "parameters": {"command": ["echo", "kept"], "stdout": "said.txt"}}],
        evaluator={
            "func": [func for func, _, _ in parts],
            "result": [result for _, result, _ in parts],
            "expected": [{"type": "rule", "rules": rules} for _, _, rules in parts],
        },
    )
    episode, score = await runs(Claims())
    assert score.value == 1, (score, episode.outcome)


async def test_what_an_agent_left_counts_also_when_its_steps_are_spent(
    machine: StandIn, checkout: Checkout, runs: Runs
) -> None:
    checkout.add("os/letter", **written(machine))
    episode, score = await runs(Writes(), steps="4")
    assert episode.outcome is not None and episode.outcome.stop in ("steps", "done")
    assert score.success is not None


async def test_a_machine_that_is_not_there_is_the_infrastructure(checkout: Checkout, runs: Runs) -> None:
    checkout.add("os/one", config=[], evaluator={"func": "infeasible"})
    episode, _ = await runs(Claims(), vm="http://127.0.0.1:9")
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.stop) == ("infrastructure", "environment")
    assert "cannot be reached" in episode.outcome.message


async def test_a_machine_that_fails_at_the_end_is_the_infrastructure(
    machine: StandIn, checkout: Checkout, runs: Runs
) -> None:
    rule = {"type": "rule", "rules": {"include": []}}
    evaluator = {"func": "check_include_exclude", "result": {"type": "accessibility_tree"}, "expected": rule}
    checkout.add("os/one", config=[], evaluator=evaluator)
    machine.broken["/accessibility"] = (500, "text/plain", b"pyatspi is gone")
    episode, _ = await runs(Claims())
    assert episode.outcome is not None and episode.outcome.status == "infrastructure"


def test_bench_and_report(machine: StandIn, checkout: Checkout, tmp_path: Path) -> None:
    checkout.add("os/letter", **written(machine))
    checkout.add("gimp/impossible", config=[], evaluator={"func": "infeasible"})
    checkout.add("chrome/account", config=[{"type": "login", "parameters": {}}], evaluator={"func": "infeasible"})
    out = tmp_path / "run"
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "handeye", *words],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    settings = [f"examples={checkout.path}", f"vm={machine.url}", "screen=640x480", f"cache={tmp_path / 'cache'}"]
    options = [word for each in settings for word in ("-c", f"suite.{each}")]
    done = call("bench", "osworld", "--policy", "hands:writes", *options, "--workers", "4", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 task left out: the step login of config is not supported" in done.stderr
    results = {path.stem: json.loads(path.read_text()) for path in (out / "results").iterdir()}
    values = {each["row"]["task"]: each["score"]["value"] for each in results.values()}
    assert values == {"os/letter": 1, "gimp/impossible": 0}
    report = call("report", str(out))
    assert report.returncode == 0 and "osworld" in report.stdout and "left out" in report.stdout
