"""Data sets of a hub: the client, unmodified, brings them from one on loopback, and they are asked about as folders are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from handeye.benchmarks.report.read import FIGURES
from handeye.benchmarks.suites.made import make, png

from .hub_server import Hub, commit_of

LIMIT = 120.0


ASKED = """
import json, sys

from handeye.benchmarks.suites.reading import open_data
from handeye.benchmarks.suites.step_names import open_steps
from handeye.tools.errors import HandeyeError

for name in sys.argv[1:]:
    try:
        data = open_data(name)
        suite = open_steps("screenspot", data, {})
        right = [suite.match(item, suite.oracle(item)).value for item in suite.items()]
        print(json.dumps([len(right), sum(right), data.sha256]))
    except HandeyeError as error:
        print(json.dumps([0, 0, str(error)]))
"""


class Person:
    """Has a machine that knows this hub and no other."""

    def __init__(self, hub: Hub, home: Path) -> None:
        # a proxy would be asked for loopback, too
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.env = {**kept, "HF_ENDPOINT": hub.url, "HF_HOME": str(home / "hub"), "HF_HUB_DISABLE_TELEMETRY": "1"}

    def runs(self, *words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asks(self, *names: str) -> list[tuple[int, float, str]]:
        """How many questions each data set has, how many of them an oracle gets right, and what the data are, or what is wrong."""
        return [tuple(json.loads(line)) for line in self.runs("-c", ASKED, *names).splitlines()]


def test_a_data_set_is_brought_once_by_its_name_and_revision(tmp_path: Path) -> None:
    few, more = make("screenspot", tmp_path / "few", 4, seed=1), make("screenspot", tmp_path / "more", 9, seed=2)
    pinned = commit_of("owner/spots", "v1")
    with Hub({"owner/spots": {"main": more, "v1": few}}) as hub:
        person = Person(hub, tmp_path)
        names = ("hf:owner/spots", "hf:owner/spots", "hf:owner/spots@v1", f"hf:owner/spots@{pinned}")
        newest, again, tagged, by_commit = person.asks(*names)
        assert newest[:2] == (9, 9) and again == newest
        assert tagged[:2] == by_commit[:2] == (4, 4)
        # each content came once, whatever it was asked by
        brought = [each for each in hub.asked if each.startswith("GET /datasets/")]
        contents = {each.read_bytes() for folder in (few, more) for each in folder.rglob("*") if each.is_file()}
        assert len(brought) == len(contents)
        for _, _, said in person.asks("hf:owner/none", "hf:owner/spots@v9", "hf:owner spots"):
            assert "cannot be had" in said and "name its folder" in said
    # what is here needs no hub; what is not says so
    here, gone = person.asks("hf:owner/spots@v1", "hf:owner/other")
    assert here == tagged
    assert "cannot be had" in gone[2]


def test_pictures_in_the_parquet_files_of_a_hub_are_asked_about(tmp_path: Path) -> None:
    from pyarrow import Table, parquet

    box = {"attributes": json.dumps({"bounding_box_rect": "20,10,15,12"})}
    rows = [
        {
            "annotation_id": f"task{index // 3}",
            "action_uid": f"u{index}",
            "confirmed_task": "Buy it",
            "operation": json.dumps({"op": "CLICK", "value": ""}),
            "pos_candidates": [json.dumps(box)],
            "screenshot": {"bytes": png(index), "path": None},
        }
        for index in range(6)
    ]
    folder = tmp_path / "set" / "data"
    folder.mkdir(parents=True)
    parquet.write_table(Table.from_pylist(rows), folder / "test-00000.parquet", row_group_size=2)
    out = tmp_path / "out"
    with Hub({"owner/web": {"main": tmp_path / "set"}}) as hub:
        words = ("bench", "mind2web", "--data", "hf:owner/web", "--policy", "oracle", "--out", str(out))
        Person(hub, tmp_path).runs("-m", "handeye", *words)
    told = json.loads((out / FIGURES).read_text())
    assert (told["planned"], told["all"]["means"]["step"]["mean"], told["header"]["bad"]) == (6, 1, [])
