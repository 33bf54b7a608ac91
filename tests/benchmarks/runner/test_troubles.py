"""What goes wrong in a row is that row's own; what ends the runner costs nothing and counts nothing twice. Real processes are killed."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial
from pathlib import Path

import psutil
import pytest

from handeye.benchmarks.runner.folder import RunFolder
from handeye.episodes.reader import Episode
from handeye.episodes.schema import JOURNAL, BenchResult, JournalLine

from .conftest import SUITE, Bench, until

pytestmark = pytest.mark.slow


def results(bench: Bench) -> dict[str, BenchResult]:
    return {each.row.task: each for each in RunFolder(bench.out).results()}


def journal(bench: Bench) -> list[JournalLine]:
    lines = (bench.out / "journal.jsonl").read_bytes().splitlines(keepends=True)
    return [JOURNAL.validate_json(line) for line in lines if line.endswith(b"\n")]


def done(bench: Bench) -> int:
    return len(RunFolder(bench.out).done())


def test_a_crash_a_hang_a_leak_and_a_lost_world_are_each_their_rows_own(bench: Bench) -> None:
    worlds = "drawn+Crashing+Hanging+Leaking+Broken+Recovering"
    code = bench.run(
        *("-c", f"suite.worlds={worlds}", "--workers", "2", "--contexts", "2"),
        *("--retries", "1", "--row-seconds", "12", "--memory", "500"),
    )
    assert code == 5, bench.said()
    found = results(bench)
    assert {name: each.status for name, each in found.items()} == {
        "drawn-00": "passed",
        "crashing-00": "infrastructure",
        "hanging-00": "infrastructure",
        "leaking-00": "infrastructure",
        "broken-00": "infrastructure",
        "recovering-00": "passed",
    }
    said = {name: each.message for name, each in found.items()}
    assert "exit code 7" in said["crashing-00"]
    assert "not done within 12 s" in said["hanging-00"]
    assert "more than 500" in said["leaking-00"]
    assert said["broken-00"] == "the world is gone"
    for name in ("crashing-00", "hanging-00", "leaking-00", "broken-00", "recovering-00"):
        assert found[name].attempt == 2 and len(found[name].broken) == 1, name
    assert found["broken-00"].episode and not found["crashing-00"].episode
    # all of it again changes nothing; set aside, the failed rows are run anew with all their attempts
    assert bench.run("-c", f"suite.worlds={worlds}", "--workers", "1") == 5
    assert results(bench) == found


def test_rows_that_the_infrastructure_failed_are_run_again_when_that_is_asked_for(bench: Bench) -> None:
    words = ("-c", "suite.worlds=Recovering", "--workers", "1", "--retries", "0")
    assert bench.run(*words) == 5
    assert results(bench)["recovering-00"].status == "infrastructure"
    assert bench.run(*words, "--redo") == 0
    again = results(bench)["recovering-00"]
    assert (again.status, again.attempt) == ("passed", 1)
    assert len(list((bench.out / "results").glob("*.redone"))) == 1


def test_a_runner_that_is_killed_again_and_again_loses_nothing_and_counts_nothing_twice(bench: Bench) -> None:
    words = ("-c", "suite.worlds=drawn+Slow", "-c", "suite.count=8", "--workers", "2", "--contexts", "2")
    kept: dict[str, bytes] = {}
    for wanted in (1, 5, 9):
        runner = bench.begin(*words)
        until(partial(further, bench, runner, wanted), f"{wanted} rows done")
        workers = [each.pid for each in psutil.Process(runner.pid).children()] if runner.poll() is None else []
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        until(partial(gone, workers), "the killed runner's workers gone")
        now = {each.name: each.read_bytes() for each in (bench.out / "results").glob("*.json")}
        assert kept.items() <= now.items()
        kept = now
    assert bench.run(*words) == 0, bench.said()
    now = {each.name: each.read_bytes() for each in (bench.out / "results").glob("*.json")}
    assert kept.items() <= now.items() and len(now) == 16
    found = RunFolder(bench.out).results()
    assert [each.status for each in found] == ["passed"] * 16
    # no row's fault: none of the runner's ends was counted as an attempt of a row
    assert {each.attempt for each in found} == {1}
    for each in found:
        outcome = Episode.open(bench.out / each.episode).outcome
        assert outcome is not None and outcome.status == "passed"
    assert sum(each.kind == "began" for each in journal(bench)) == 4


def further(bench: Bench, runner: subprocess.Popen[bytes], wanted: int) -> bool:
    return done(bench) >= wanted or runner.poll() is not None


def gone(pids: list[int]) -> bool:
    return not any(map(alive, pids))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_that_is_killed_costs_an_attempt_of_the_row_in_hand(bench: Bench) -> None:
    bench.env["TROUBLES_SLEEP"] = "1"
    runner = bench.begin("-c", "suite.worlds=Slow", "-c", "suite.count=3", "--workers", "1")
    until(lambda: bench.mark.exists() and bench.mark.read_text().endswith("\n"), "a worker in mid-row")
    os.kill(int(bench.mark.read_text().split()[0]), signal.SIGKILL)
    assert runner.wait(120) == 0, bench.said()
    found = RunFolder(bench.out).results()
    assert [each.status for each in found] == ["passed"] * 3
    assert sorted(each.attempt for each in found) == [1, 1, 2]
    assert "signal 9" in next(each.broken[0] for each in found if each.attempt == 2)


def test_an_interrupted_run_ends_cleanly_and_goes_on(bench: Bench) -> None:
    bench.env["TROUBLES_SLEEP"] = "0.3"
    words = ("-c", "suite.worlds=Slow", "-c", "suite.count=6", "--workers", "1")
    runner = bench.begin(*words)
    until(lambda: done(bench) >= 1, "a row done")
    runner.send_signal(signal.SIGINT)
    assert runner.wait(120) == 4, bench.said()
    assert 1 <= done(bench) < 6
    assert "the same command goes on" in bench.said()
    assert bench.run(*words) == 0
    assert {each.attempt for each in RunFolder(bench.out).results()} == {1}


def test_one_runner_at_a_time_and_shards_side_by_side(bench: Bench) -> None:
    go = bench.folder / "go"
    bench.env["TROUBLES_GO"] = str(go)
    words = ("-c", "suite.worlds=Slow", "-c", "suite.count=5", "--workers", "1")
    first = bench.begin(*words, "--shard", "1/2")
    until(bench.mark.exists, "the first runner in mid-row")
    second = bench.begin(*words, "--shard", "1/2", log="second")
    assert second.wait(120) == 2
    go.touch()
    assert "is being run by another process" in bench.said("second")
    other = bench.begin(*words, "--shard", "2/2", log="other")
    assert (first.wait(120), other.wait(120)) == (0, 0), bench.said("other")
    assert [each.status for each in RunFolder(bench.out).results()] == ["passed"] * 5
    parts = [(bench.out / f"journal-{number}-of-2.jsonl").read_text() for number in (1, 2)]
    assert [part.count('"finished"') for part in parts] == [3, 2]


def test_a_run_of_something_else_in_the_folder_is_refused(bench: Bench) -> None:
    assert bench.run("--workers", "1") == 0
    for words, said in (
        (("--repeats", "2"), "another repeats"),
        (("-c", "suite.edition=2"), "another options"),
        (("--seeds", "3"), "another seeds"),
    ):
        assert bench.run(*words) == 2, said
        assert said in bench.said(), said
    log = Path(bench.folder / "log")
    log.unlink()
    bench.out = bench.folder / "strange"
    bench.out.mkdir()
    (bench.out / "letter.txt").touch()
    assert bench.run() == 2
    assert "something that is no run: letter.txt" in bench.said()


def test_other_revisions_of_tasks_are_not_compared_unless_told(bench: Bench) -> None:
    first = bench.out
    assert bench.run("--workers", "1", "-c", "suite.worlds=drawn+Crashing", "--retries", "0") == 5
    bench.out = bench.folder / "run-2"
    assert bench.run("--workers", "1", "-c", "suite.edition=2", suite=SUITE) == 0
    refused = bench.handeye("compare", str(first), str(bench.out))
    assert refused.returncode == 2 and "other revisions of the task drawn-00" in refused.stderr
    told = bench.handeye("compare", str(first), str(bench.out), "--anyway")
    assert told.returncode == 0 and "Other revisions of 1 tasks" in told.stdout
