"""The folder for files on their way: gone when it is closed, and gone later when whoever made it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handeye.environments.browser.files.scratch import Scratch
from handeye.tools.errors import EnvironmentFailed

MAKE = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from handeye.environments.browser.files.scratch import Scratch
made = Scratch()
(made.path / "left").write_text("behind")
print(made.path.parent, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> None:
    """As if it had been made an hour ago."""
    os.utime(folder, (time.time() - 3600, time.time() - 3600))


def test_nothing_is_left_when_it_is_closed(temporary: Path) -> None:
    made = Scratch()
    (made.path / "file").write_text("x")
    made.close()
    assert not list(temporary.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="locks of another kind")
def test_what_a_killed_process_left_is_removed_by_the_next(temporary: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE, str(temporary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdin is not None
    left = Path(process.stdout.readline().strip())
    aged(left)
    # while it lives, its folder is its own
    Scratch().close()
    assert (left / "files" / "left").exists()
    process.kill()
    process.wait()
    Scratch().close()
    assert not left.exists()
    process.stdin.close()
    process.stdout.close()


def test_what_is_being_made_is_left_alone(temporary: Path) -> None:
    (temporary / "handeye-files-new").mkdir()
    (temporary / "handeye-files-old").mkdir()
    aged(temporary / "handeye-files-old")
    Scratch().close()
    assert [each.name for each in temporary.iterdir()] == ["handeye-files-new"]


def test_where_no_folder_can_be_made_it_is_said(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "nowhere"))
    with pytest.raises(EnvironmentFailed, match="no place for downloads"):
        Scratch()
