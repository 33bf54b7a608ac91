"""Task files of OSWorld: what can be run is, and what cannot is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from handeye.benchmarks.runner.plan import plan, revision_of
from handeye.benchmarks.suites.names import open_suite
from handeye.benchmarks.suites.osworld.suite import OSWorldSuite
from handeye.tools.errors import TaskError, UsageError

from .conftest import Checkout

GOOD: dict[str, Any] = {
    "config": [{"type": "launch", "parameters": {"command": ["gedit"]}}],
    "evaluator": {
        "func": "exact_match",
        "result": {"type": "vm_command_line", "command": "date"},
        "expected": {"type": "rule", "rules": {"expected": "x"}},
    },
}


def suite(checkout: Checkout, **options: str) -> OSWorldSuite:
    return OSWorldSuite(str(checkout.path), **options)


def test_a_file_becomes_a_task(checkout: Checkout) -> None:
    checkout.add("os/one", **GOOD)
    made = open_suite("osworld", {"examples": str(checkout.path.parent), "steps": "7"})
    task = next(iter(made.tasks()))
    assert (task.name, task.goal, task.environment, task.budget.steps) == ("os/one", "do one", "osworld", 7)
    assert task.start.setup == tuple(GOOD["config"]) and '"exact_match"' in task.probes[0].argument
    rows, left_out = plan(made)
    assert [(row.task, row.group) for row in rows] == [("os/one", "os")] and not left_out


def test_the_revision_is_of_the_files_and_not_of_the_machine(checkout: Checkout) -> None:
    checkout.add("os/one", **GOOD)
    here, there = (
        suite(checkout),
        suite(checkout, vm="http://10.0.0.2:5000,http://10.0.0.3:5000", revert="docker restart {vm}"),
    )
    first, second = (revision_of(each, next(iter(each.tasks()))) for each in (here, there))
    assert first == second and (here.at_once, there.at_once) == (1, 2)
    checkout.add("os/two", **GOOD)
    again = suite(checkout)
    assert revision_of(again, next(iter(again.tasks()))) != first


WRONG = [
    ({}, "examples/os/x.json: evaluator is missing, or no object"),
    ({**GOOD, "instruction": ""}, "examples/os/x.json: instruction is missing, or no text"),
    ({**GOOD, "id": "y"}, "examples/os/x.json: its id is 'y'"),
    ({**GOOD, "config": {}}, "examples/os/x.json: config is no list"),
    ({**GOOD, "config": [{"kind": "open"}]}, r"examples/os/x.json: config\[0\].type is missing"),
    ({**GOOD, "config": [{"type": "dance"}]}, r"examples/os/x.json: config\[0\].type: OSWorld has no step 'dance'"),
    ({"evaluator": {"func": []}}, "examples/os/x.json: evaluator.func is missing"),
    ({"evaluator": {"func": "exact_match"}}, "examples/os/x.json: evaluator.result is missing"),
    ({"evaluator": {**GOOD["evaluator"], "conj": "xor"}}, "examples/os/x.json: evaluator.conj is 'xor'"),
    ({"evaluator": {**GOOD["evaluator"], "func": ["exact_match"]}}, "examples/os/x.json: evaluator.result: a list of 1 is meant"),
    ({"evaluator": {**GOOD["evaluator"], "result": [{}]}}, "examples/os/x.json: evaluator.result is a list, and func is none"),
    ({"evaluator": {**GOOD["evaluator"], "expected": "x"}}, "examples/os/x.json: evaluator.expected holds 'x'"),
    ({**GOOD, "config": [{"type": "login", "parameters": {}}]}, "the step login of config is not supported: it needs an account"),
    ({"evaluator": {**GOOD["evaluator"], "result": {"type": "cookie_data"}}}, "the getter cookie_data is not supported"),
    ({"evaluator": {**GOOD["evaluator"], "func": "compare_table"}}, "which is not installed: pip install desktop-env"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "why"), WRONG)
def test_what_cannot_be_run_is_left_out_by_name(checkout: Checkout, fields: dict[str, Any], why: str) -> None:
    checkout.add("os/good", **GOOD)
    checkout.add("os/x", **fields)
    rows, left_out = plan(suite(checkout))
    assert [row.task for row in rows] == ["os/good"]
    [(said, count)] = left_out.items()
    assert count == 1
    assert re.search(why, said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "there is no such file"),
        ("{", "it is no JSON"),
        ("[" * 100 + "]" * 100, "it is nested too deeply"),
        ("[1]", "it is no object"),
        ('{"task_id": 3, "sites": ["shop"], "eval": {}}', "id is missing, or no text"),
    ],
)
def test_a_file_of_another_kind_is_named(checkout: Checkout, text: str | None, why: str) -> None:
    checkout.add("os/good", **GOOD)
    checkout.add("os/x", **GOOD)
    file = checkout.path / "examples" / "os" / "x.json"
    file.unlink() if text is None else file.write_text(text)
    [said] = plan(suite(checkout))[1]
    assert said.startswith("examples/os/x.json: ") and why in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read"),
        ("[]", "is no list of tasks"),
        ('{"os": "one"}', "'os' is no list of ids"),
        ('{"os": ["../../secret"]}', "which is no name of a file"),
    ],
)
def test_a_damaged_list_ends_it(checkout: Checkout, text: str, why: str) -> None:
    (checkout.path / "test_all.json").write_text(text)
    with pytest.raises(TaskError, match=why):
        plan(suite(checkout))


def test_without_a_list_every_file_is_a_task(checkout: Checkout) -> None:
    checkout.add("os/one", **GOOD)
    (checkout.path / "test_all.json").unlink()
    assert [task.name for task in suite(checkout).tasks()] == ["os/one"]
    with pytest.raises(TaskError, match=r"list=none\.json"):
        plan(suite(checkout, list="none.json"))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"vm": "127.0.0.1:5000"}, "is no address of a server"),
        ({"steps": "many"}, "a whole number is meant"),
        ({"screen": "large"}, "a whole number is meant"),
        ({"chromium": "0"}, "suite"),
    ],
)
def test_options_that_cannot_be_are_said(checkout: Checkout, options: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        suite(checkout, **options)


def test_what_is_no_checkout_is_said(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="there is no folder examples/ in it"):
        OSWorldSuite(str(tmp_path))
