"""Paths in a task file: seen from its folder, so that it can be run from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handeye.episodes.schema import Task
from handeye.episodes.taskfile import read_task

TASK = """
start: {storage_state: ada.json, files: [papers, /srv/all, ~/mine]}
inputs: {cv: a.pdf}
steps:
  - {upload: cv.pdf, into: CV}
  - {upload: ["{cv}", "papers/{cv}", "{{odd}}.pdf"], into: CV}
  - {answer_dialog: accept, files: b.pdf}
  - if: {sees: More}
    then:
      - for_each: one
        in: [x, y]
        steps:
          - {upload: "../{one}.pdf", into: CV}
    else:
      - {upload: ~/c.pdf, into: CV}
"""


def paths(task: Task) -> dict[str, Any]:
    first, second, third, fourth = (each.model_dump(by_alias=True) for each in task.steps if not isinstance(each, str))
    return {
        "state": task.start.storage_state,
        "files": task.start.files,
        "one": first["upload"],
        "several": second["upload"],
        "dialog": third["files"],
        "loop": fourth["then"][0]["steps"][0]["upload"],
        "home": fourth["else"][0]["upload"],
    }


def test_relative_paths_are_seen_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a{b}").mkdir()
    (tmp_path / "a{b}" / "t.yaml").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    assert paths(read_task(Path("a{b}/t.yaml")).task) == {
        "state": "a{b}/ada.json",
        "files": ("a{b}/papers", "/srv/all", "~/mine"),
        # where names are filled in, braces of the folder are doubled
        "one": "a{{b}}/cv.pdf",
        "several": ("{cv}", "a{{b}}/papers/{cv}", "a{{b}}/{{odd}}.pdf"),
        "dialog": "a{{b}}/b.pdf",
        "loop": "a{{b}}/../{one}.pdf",
        "home": "~/c.pdf",
    }


def test_in_the_folder_itself_they_stay_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.yaml").write_text(TASK)
    monkeypatch.chdir(tmp_path)
    found = paths(read_task(Path("t.yaml")).task)
    assert (found["state"], found["one"], found["loop"]) == ("ada.json", "cv.pdf", "../{one}.pdf")
