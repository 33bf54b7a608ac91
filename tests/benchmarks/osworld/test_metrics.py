"""Our own metrics say what OSWorld's say. ``osworld_metrics.json`` holds what desktop_env 1.0.2 said to made-up inputs."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handeye.benchmarks.suites.osworld.measuring import Unjudged, measure, unknown
from handeye.benchmarks.suites.osworld.metrics import METRICS
from handeye.episodes.schema import Json

GOLDEN = json.loads((Path(__file__).parents[1] / "suites" / "golden" / "osworld_metrics.json").read_text())


def laid(value: Any, folder: Path, number: int) -> Any:
    if isinstance(value, dict) and value.keys() == {"file"}:
        path = folder / f"{number}.txt"
        path.write_bytes(value["file"].encode())
        return str(path)
    if isinstance(value, dict) and value.keys() == {"table"}:
        path = folder / f"{number}.db"
        book = sqlite3.connect(path)
        book.execute("CREATE TABLE t(a)")
        book.executemany("INSERT INTO t VALUES (?)", [(each,) for each in value["table"]])
        book.commit()
        book.close()
        return str(path)
    return value


@pytest.mark.parametrize("name", sorted(METRICS))
def test_it_says_what_the_official_one_says(name: str, tmp_path: Path) -> None:
    cases = [each for each in GOLDEN if each["name"] == name]
    assert len(cases) == 14
    for number, case in enumerate(cases):
        given = [laid(each, tmp_path, 10 * number + at) for at, each in enumerate(case["given"])]
        assert measure(name, given, case["options"]) == pytest.approx(case["value"], abs=1e-9), case


@pytest.mark.parametrize(
    "name", ["compare_text_file", "diff_text_file", "check_json", "check_csv", "check_list", "run_sqlite3"]
)
def test_what_the_machine_did_not_have_counts_nothing(name: str, tmp_path: Path) -> None:
    rules: Json = {"sql": "SELECT 1", "expect": []}
    expected: Json = str(tmp_path / "gold") if name.endswith("text_file") else rules
    assert measure(name, [None, expected], {}) == 0


def test_what_is_no_text_is_not_as_it_should_be(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.write_bytes(b"\xff\xfe\x00")
    good.write_text("good")
    assert measure("compare_text_file", [str(bad), str(good)], {}) == 0
    assert measure("check_json", [str(bad), {"expect": []}], {}) == 0
    assert measure("run_sqlite3", [str(bad), {"sql": "SELECT 1 FROM t"}], {}) == 0


def test_a_rule_that_is_none_is_nobodys_failure() -> None:
    with pytest.raises(Unjudged, match="the metric exact_match fails: KeyError"):
        measure("exact_match", ["x", {}], {})


def test_an_installed_official_package_judges_the_rest(tmp_path: Path) -> None:
    """A package of that name and form, for the real one brings half of PyPI along."""
    package = tmp_path / "desktop_env" / "evaluators" / "metrics"
    package.mkdir(parents=True)
    for folder in (package, package.parent, package.parent.parent):
        (folder / "__init__.py").write_text("")
    (package / "__init__.py").write_text(
        "def compare_table(result, expected=None, **options):\n"
        "    print('noise')\n"
        "    return options['share'] if open(result).read() == open(expected).read() else 0\n"
        "def breaks(result):\n"
        "    raise OSError('no such sheet')\n"
    )
    script = (
        "from handeye.benchmarks.suites.osworld.measuring import Unjudged, measure, unknown\n"
        "assert unknown('compare_table') == '', unknown('compare_table')\n"
        "assert unknown('dance') == 'OSWorld has no metric dance'\n"
        f"assert measure('compare_table', [{str(tmp_path / 'a')!r}, {str(tmp_path / 'b')!r}], {{'share': 0.5}}) == 0.5\n"
        "try:\n    measure('breaks', [None], {})\n"
        "except Unjudged as error:\n    assert 'no such sheet' in str(error)\n"
        "else:\n    raise SystemExit('it was judged')\n"
    )
    for name in "ab":
        (tmp_path / name).write_text("same")
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pip install desktop-env" in unknown("compare_table")
