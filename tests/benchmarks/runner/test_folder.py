"""The folder of a run: one result a row whoever writes, and damage is named by file and line."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.benchmarks.runner.folder import RunFolder
from handeye.benchmarks.runner.journal import Journal
from handeye.benchmarks.runner.plan import key_of, plan, revision_of
from handeye.benchmarks.runner.seeds import Shard, literals
from handeye.benchmarks.runner.store import FolderStore
from handeye.benchmarks.suites.drawn import DrawnSuite
from handeye.benchmarks.suites.names import open_suite
from handeye.episodes.schema import FORMAT, BenchHeader, BenchResult, BenchRow, Seed, Task
from handeye.tools.errors import EpisodeCorrupt, EpisodeError, UnknownName, UsageError

HEADER = BenchHeader(format=FORMAT, created="2026-01-01T00:00:00+00:00", suite="drawn", policy="script")


def begun(folder: Path) -> RunFolder:
    made = RunFolder(folder / "run")
    made.begin(HEADER, plan(DrawnSuite())[0])
    return made


def test_of_many_writers_at_once_one_wins_and_its_file_is_whole(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / f"{number}.json"
        gate = threading.Barrier(8)
        won: list[bytes] = []

        def write(path: Path = path, gate: threading.Barrier = gate, won: list[bytes] = won) -> None:
            data = threading.current_thread().name.encode() * 1000
            gate.wait()
            if FolderStore(path.parent).put_once(path.name, data):
                won.append(data)

        threads = [threading.Thread(target=write) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [path.read_bytes()] == won
    assert len(list(tmp_path.iterdir())) == 20


def test_the_first_result_of_a_row_stays(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    row = folder.rows()[0]
    first = BenchResult(row=row, status="passed", steps=3)
    assert folder.claim(first)
    assert not folder.claim(BenchResult(row=row, status="infrastructure", message="a late word of a lost process"))
    assert folder.results() == [first] and folder.done() == {row.key}


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    row = folder.rows()[1]
    folder.claim(BenchResult(row=row, status="passed"))
    path = tmp_path / "run" / "results" / f"{row.key}.json"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(EpisodeCorrupt, match=f"{row.key}.json"):
        folder.results()
    path.rename(path.with_name("other.json"))
    with pytest.raises(EpisodeCorrupt, match=r"other.json: plan.jsonl has no such row"):
        folder.results()
    plan_file = tmp_path / "run" / "plan.jsonl"
    lines = plan_file.read_bytes().splitlines()
    plan_file.write_bytes(b"\n".join([lines[0], lines[1][:20], lines[2]]))
    with pytest.raises(EpisodeCorrupt, match=r"plan.jsonl, line 2"):
        folder.rows()
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(EpisodeCorrupt, match=r"run.json"):
        folder.header()
    with pytest.raises(EpisodeError, match="no run of a suite"):
        RunFolder(tmp_path / "nothing").header()


def test_a_journal_goes_on_after_a_line_that_was_cut_off(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    first = Journal(folder.store)
    with pytest.raises(UsageError, match="another process"):
        Journal(folder.store)
    first.add("broken", "a", attempt=1, why="it crashed")
    first.add("broken", "b", attempt=1, why="a neighbour hung", counts=False)
    first.add("broken", "c", attempt=1, why="it crashed")
    first.add("redone", "c")
    first.close()
    path = tmp_path / "run" / "journal.jsonl"
    with path.open("ab") as file:
        file.write(b'{"kind": "broken", "row": "a", ')
    again = Journal(folder.store)
    assert again.broken == {"a": ["it crashed"]}
    again.close()
    assert path.read_bytes().count(b"\n") == 6
    path.write_bytes(b"no line\n" + path.read_bytes())
    with pytest.raises(EpisodeCorrupt, match=r"journal.jsonl, line 1"):
        Journal(folder.store)


seeds = st.one_of(st.none(), st.integers(0, 99), st.text(max_size=5))
names = st.one_of(st.text(min_size=1, max_size=8), st.sampled_from(["a", "a.1", "A", "a/b", "a--b", "x" * 200]))


@given(st.sets(st.tuples(names, seeds, st.integers(0, 3)), max_size=30))
def test_the_names_of_rows_tell_all_of_them_apart(rows: set[tuple[str, Seed, int]]) -> None:
    keys = [key_of(*row) for row in rows]
    assert len({key.lower() for key in keys}) == len(rows)
    assert all(0 < len(key) <= 140 and "/" not in key and key.isprintable() and key[0] != "." for key in keys)


def test_seeds_are_exact_literals() -> None:
    assert literals("0-3") == (0, 1, 2, 3)
    assert literals('7, "7","a,b"') == (7, "7", "a,b")
    for wrong in ("", "x", "3-1", "1,1", "1.5", "true", '"a'):
        with pytest.raises(UsageError, match="--seeds"):
            literals(wrong)
    assert Shard.read("2/3") == (2, 3)
    for wrong in ("0/3", "4/3", "1", "a/b"):
        with pytest.raises(UsageError, match="--shard"):
            Shard.read(wrong)


def test_a_revision_is_of_the_task_and_not_of_its_seed() -> None:
    suite = DrawnSuite()
    task = next(iter(suite.tasks()))
    seeded = task.model_copy(update={"start": task.start.model_copy(update={"seed": 3})})
    assert revision_of(suite, seeded) == revision_of(suite, task)
    assert revision_of(suite, task.model_copy(update={"goal": "another"})) != revision_of(suite, task)


def test_a_plan_is_tasks_by_seeds_by_repeats() -> None:
    rows, left_out = plan(
        DrawnSuite("4"), seeds=(1, "1"), repeats=2, limit=2, refused=lambda task: "odd" if "1" in task.name else ""
    )
    assert [(row.task, row.seed, row.repeat) for row in rows] == [
        (name, seed, repeat) for name in ("press-0000", "press-0002") for seed in (1, "1") for repeat in (0, 1)
    ]
    assert left_out == {"odd": 1}
    assert {row.task for row in plan(DrawnSuite(), only=("press-0001",))[0]} == {"press-0001"}
    with pytest.raises(UsageError, match="no task 'nothing'"):
        plan(DrawnSuite(), only=("nothing",))


def test_two_tasks_of_one_name_are_refused() -> None:
    class Twice(DrawnSuite):
        def tasks(self) -> list[Task]:
            return [*super().tasks(), *super().tasks()]

    with pytest.raises(UsageError, match="two tasks named 'press-0000'"):
        plan(Twice())


def test_a_suite_is_opened_by_name_with_its_options(tmp_path: Path) -> None:
    assert len(list(open_suite("drawn", {"tasks": "5"}).tasks())) == 5
    with pytest.raises(UsageError, match="its options: tasks"):
        open_suite("drawn", {"colour": "red"})
    with pytest.raises(UnknownName, match="did you mean 'miniwob'"):
        open_suite("minwob")
    with pytest.raises(UsageError, match="no suite of live tasks"):
        open_suite("handeye.tools.geometry:Point", {"x": "1", "y": "2"})


def test_a_folder_of_task_files_is_a_suite(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text("goal: a\nenvironment: drawn\nsteps: [click: Press me]\n")
    (tmp_path / "deep" / "b.yaml").write_text("goal: b\nenvironment: drawn\n")
    suite = open_suite(str(tmp_path))
    assert [task.name for task in suite.tasks()] == ["a", "deep/b"]
    with pytest.raises(UsageError, match="has no options"):
        open_suite(str(tmp_path), {"times": "2"})
    before = suite.version
    (tmp_path / "a.yaml").write_text("goal: c\ninputs: {who: }\n")
    again = open_suite(str(tmp_path))
    assert again.version != before
    with pytest.raises(UsageError, match="'who' has no value"):
        list(again.tasks())


def test_rows_are_records() -> None:
    row = BenchRow(key="k", task="t", group="g", seed="1", revision="r")
    assert BenchResult.model_validate_json(BenchResult(row=row, status="failed").model_dump_json()).row.seed == "1"
