"""The same rows on a Ray cluster of several nodes, one of which is killed in mid-run: each ends exactly once, under the same limits."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from handeye.benchmarks.bench_command import BenchWords, bench_command
from handeye.benchmarks.runner.folder import RunFolder
from handeye.benchmarks.runner.object_store import ObjectStore
from handeye.benchmarks.runner.store import open_store
from handeye.episodes.reader import Episode
from handeye.episodes.schema import JOURNAL, BenchResult, JournalLine

from . import troubles
from .conftest import SUITE, until

ray = pytest.importorskip("ray", reason="Ray is not installed: ./setup.sh cluster")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]


class Nodes:
    """A head and two more nodes on this machine, a processor each, and what the misbehaving suite needs on them.

    Attributes:
        go: The file that slow rows wait for.
    """

    def __init__(self, cluster: Any, folder: Path) -> None:
        self._cluster = cluster
        self.mark, self.go = folder / "mark", folder / "go"
        self._more = [cluster.add_node(num_cpus=1) for _ in range(2)]
        cluster.wait_for_nodes()

    def in_hand(self) -> set[int]:
        """Worker processes that have begun a slow row."""
        said = self.mark.read_text() if self.mark.exists() else ""
        return {int(each) for each in said.split("\n")[:-1]}

    def lose_one(self) -> None:
        """Kills a node once every node has a row in hand, and lets the rows go on after that."""
        until(lambda: len(self.in_hand()) >= 3, "a row in hand on each node")
        os.kill(self._more[0].all_processes["raylet"][0].process.pid, signal.SIGKILL)
        self._cluster.remove_node(self._more[0], allow_graceful=False)
        # a worker outlives its node by seconds: one that ended its row in these would have done so for good
        until(lambda: not all(map(psutil.pid_exists, self.in_hand())), "the worker of the lost node gone")
        self.go.touch()


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Nodes]:
    from ray.cluster_utils import Cluster

    troubles.write(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TROUBLES_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("TROUBLES_GO", str(tmp_path / "go"))
    if "bucket" in request.fixturenames:
        # nodes enter the store as the runner does: by their environment
        request.getfixturevalue("bucket")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        ray.init(address=made.address, log_to_driver=False)
        yield Nodes(made, tmp_path)
    finally:
        ray.shutdown()
        made.shutdown()
        sys.modules.pop(troubles.MODULE, None)


def play(out: str, worlds: str, **words: Any) -> tuple[int, str]:
    """``handeye bench --engine ray`` in this process, which has joined the cluster."""
    said = StringIO()
    asked = BenchWords(
        policy="script", out=out, engine="ray", config=(f"suite.worlds={worlds}", "suite.count=3"), **words
    )
    code = bench_command(SUITE, asked, Console(file=said, width=300))
    return code, said.getvalue()


def results(out: str) -> dict[str, BenchResult]:
    return {each.row.task: each for each in RunFolder(out).results()}


def journal(out: str) -> list[JournalLine]:
    lines = open_store(out).lines("journal.jsonl")
    try:
        return [JOURNAL.validate_json(line) for line in lines.read().splitlines()]
    finally:
        lines.close()


def check_every_row_ended_once(out: str, nodes: Nodes) -> None:
    losing = threading.Thread(target=nodes.lose_one)
    losing.start()
    code, said = play(out, "Slow+Crashing", retries=1)
    losing.join()
    assert code == 5, said
    folder = RunFolder(out)
    found = folder.results()
    assert [each.status for each in found] == ["passed"] * 3 + ["infrastructure"] * 3
    # what was in hand on the lost node was done by another
    assert sorted(each.attempt for each in found[:3]) == [1, 1, 2]
    assert all(each.attempt == 2 and len(each.broken) == 1 for each in found[3:])
    finished = [line.row for line in journal(out) if line.kind == "finished"]
    assert len(finished) == len(set(finished)) == 6
    for each in found[:3]:
        episode = Episode.open(folder.fetch(each.episode))
        assert episode.outcome is not None and episode.outcome.status == "passed"
    # the same again: nothing is left to do
    again, _ = play(out, "Slow+Crashing", retries=1)
    assert again == 5 and folder.results() == found


def check_an_interruption_costs_nothing(out: str, nodes: Nodes) -> None:
    """Also of workers that wait for a processor, of which there is one fewer than workers."""

    def interrupt() -> None:
        until(lambda: len(nodes.in_hand()) >= 3, "a row in hand on each node")
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    code, said = play(out, "Slow+Crashing", retries=1, workers=4)
    interrupting.join()
    assert code == 4 and RunFolder(out).done() == set(), said
    nodes.mark.unlink()


def test_every_row_ends_exactly_once_though_the_runner_is_interrupted_and_a_node_lost(
    nodes: Nodes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    check_an_interruption_costs_nothing(str(tmp_path / "run"), nodes)
    gc.collect()
    assert [each for each in caplog.records if each.name == "asyncio"] == []
    check_every_row_ended_once(str(tmp_path / "run"), nodes)
    until(
        lambda: not any(map(psutil.pid_exists, nodes.in_hand())),
        "all worker processes gone, those of the lost node too",
    )


def test_every_row_ends_exactly_once_in_an_object_store_though_a_node_is_lost(nodes: Nodes, bucket: str) -> None:
    out = f"{bucket}/runs/x"
    check_every_row_ended_once(out, nodes)
    store = open_store(out)
    assert isinstance(store, ObjectStore)
    assert sorted(store.names("episodes")) == sorted(
        each.episode.removeprefix("episodes/") for each in RunFolder(out).results() if each.episode
    )


def test_rows_that_hang_or_leak_are_ended_on_their_node(nodes: Nodes, tmp_path: Path) -> None:
    nodes.go.touch()
    out = str(tmp_path / "run")
    code, said = play(out, "drawn+Hanging+Leaking", retries=0, seconds=20, memory=500)
    assert code == 5, said
    found = results(out)
    for number in range(3):
        assert found[f"drawn-0{number}"].status == "passed"
        assert "not done within 20 s" in found[f"hanging-0{number}"].message
        assert "more than 500" in found[f"leaking-0{number}"].message
