"""A run in an object store: the same promises as in a folder, held against a server that speaks S3, and several processes at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from handeye.benchmarks.runner.folder import RunFolder
from handeye.benchmarks.runner.journal import Journal
from handeye.benchmarks.runner.plan import plan
from handeye.benchmarks.runner.store import open_store
from handeye.benchmarks.suites.drawn import DrawnSuite
from handeye.episodes.reader import Episode
from handeye.episodes.schema import FORMAT, BenchHeader, BenchResult
from handeye.tools.errors import EpisodeCorrupt, EpisodeError, UsageError

from .conftest import Bench, until

pytest.importorskip("fsspec", reason='the extra "store" is not installed')

HEADER = BenchHeader(format=FORMAT, created="2026-01-01T00:00:00+00:00", suite="drawn", policy="script")


def begun(where: str) -> RunFolder:
    made = RunFolder(where)
    made.begin(HEADER, plan(DrawnSuite())[0])
    return made


def test_a_run_in_a_store_keeps_what_a_folder_keeps(tmp_path: Path) -> None:
    where = f"memory://{tmp_path.name}/run"
    folder = begun(where)
    row = folder.rows()[0]
    first = BenchResult(row=row, status="passed", steps=3)
    assert folder.done() == set() and folder.claim(first)
    assert not folder.claim(BenchResult(row=row, status="infrastructure", message="a late word of a lost process"))
    again = begun(where)
    assert again.results() == [first] and again.done() == {row.key}
    with pytest.raises(UsageError, match="another policy"):
        again.begin(HEADER.model_copy(update={"policy": "random"}), again.rows())
    again.set_aside([row.key])
    assert again.done() == set() and len(again.store.names("results")) == 1
    again.store.put_once("results/other.json", b"{")
    with pytest.raises(EpisodeCorrupt, match=r"other.json: plan.jsonl has no such row"):
        again.results()
    with pytest.raises(EpisodeError, match="no run of a suite"):
        RunFolder(f"memory://{tmp_path.name}/nothing").header()
    strange = f"memory://{tmp_path.name}/strange"
    open_store(strange).put_once("letter.txt", b"dear")
    with pytest.raises(UsageError, match=r"no run: letter.txt"):
        begun(strange)


def test_a_journal_in_a_store_goes_on_where_the_last_runner_left_it(tmp_path: Path) -> None:
    folder = begun(f"memory://{tmp_path.name}/run")
    first = Journal(folder.store)
    first.add("broken", "a", attempt=1, why="it crashed")
    first.add("broken", "b", attempt=1, why="it crashed")
    first.add("redone", "b")
    # not closed: its runner was killed
    again = Journal(folder.store)
    assert again.broken == {"a": ["it crashed"]}
    again.add("finished", "a")
    again.close()
    lines = folder.store.lines("journal.jsonl").read().splitlines()
    assert len(lines) == 6 and b"finished" in lines[-1]


def test_an_address_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        RunFolder("nowhere://x")
    assert RunFolder(f"file://{tmp_path}").name == str(tmp_path)


@pytest.mark.slow
def test_of_many_processes_that_put_one_object_one_wins(bucket: str, tmp_path: Path) -> None:
    put = (
        "import sys; from handeye.benchmarks.runner.store import open_store; store = open_store(sys.argv[1]); print(flush=True);"
        "sys.stdin.readline(); print(*(store.put_once(f'results/{i}.json', sys.argv[2].encode() * 1000) for i in range(20)))"
    )
    words = [[sys.executable, "-c", put, f"{bucket}/race", each] for each in "abc"]
    racing = [subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for each in words]
    for each in racing:
        assert each.stdout is not None and each.stdout.readline()
    said: dict[int, list[str]] = {}

    def go(number: int, each: subprocess.Popen[str]) -> None:
        said[number] = each.communicate("\n", timeout=120)[0].split()

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(racing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(f"{bucket}/race")
    for number in range(20):
        winners = [
            name for name, each in zip("abc", (said[0], said[1], said[2]), strict=True) if each[number] == "True"
        ]
        assert len(winners) == 1
        assert store.read(f"results/{number}.json") == winners[0].encode() * 1000


@pytest.mark.slow
def test_a_run_in_a_bucket_survives_its_runner_and_is_reported_and_compared_from_there(
    bench: Bench, bucket: str
) -> None:
    bench.env |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    out = f"{bucket}/runs/x"
    words = (
        "-c",
        "suite.worlds=drawn+Slow+Crashing",
        "-c",
        "suite.count=2",
        "--workers",
        "1",
        "--retries",
        "0",
        "--out",
        out,
    )
    runner = bench.begin(*words)
    until(lambda: len(RunFolder(out).done()) >= 2 or runner.poll() is not None, "two rows done")
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    before = {each.row.key: each for each in RunFolder(out).results()}
    assert before
    assert bench.run(*words) == 5, bench.said()
    folder = RunFolder(out)
    found = folder.results()
    assert [each.status for each in found] == ["passed"] * 4 + ["infrastructure"] * 2
    assert before.items() <= {each.row.key: each for each in found}.items()
    assert all("exit code 7" in each.message and each.attempt == 1 for each in found[4:])
    for each in found[:4]:
        episode = Episode.open(folder.fetch(each.episode))
        assert episode.outcome is not None and episode.outcome.status == "passed"
    # nothing of it lies here
    assert not bench.out.exists()
    report = bench.handeye("report", out, "--json", "x.json")
    assert report.returncode == 0 and (bench.folder / "x.json").stat().st_size > 1000, report.stderr
    played = bench.run(
        "-c", "suite.worlds=drawn", "-c", "suite.count=2", "--workers", "1", "--policy", f"playback:{out}"
    )
    assert played == 0, bench.said()
    compared = bench.handeye("compare", out, str(bench.out))
    assert compared.returncode == 0 and "p = 1" in compared.stdout, compared.stderr


@pytest.mark.slow
def test_a_store_that_cannot_be_reached_is_said(bench: Bench, bucket: str) -> None:
    bench.env |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for out, said in ((f"{bucket}-not-there/x", "cannot write"), ("memory://x", "other processes"), ("s3x://x", "s3x")):
        assert bench.run("--out", out) != 0
        assert said in bench.said(), bench.said()
        assert "Traceback" not in bench.said()
