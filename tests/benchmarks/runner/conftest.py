"""A folder with the misbehaving suite on the path of worker processes, and the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import troubles

LIMIT = 120.0
SUITE = f"{troubles.MODULE}:Suite"


class Bench:
    """``handeye bench`` as a person calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "mark"
        self.out = folder / "run"
        troubles.write(folder)
        path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
        self.env = {**os.environ, "PYTHONPATH": path, "TROUBLES_MARK": str(self.mark)}

    def begin(self, *words: str, suite: str = SUITE, log: str = "log") -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "handeye",
            "bench",
            suite,
            "--policy",
            "script",
            "--out",
            str(self.out),
            *words,
        ]
        with (self.folder / log).open("ab") as file:
            return subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=file, stderr=file)

    def run(self, *words: str, suite: str = SUITE) -> int:
        return self.begin(*words, suite=suite).wait(LIMIT)

    def said(self, log: str = "log") -> str:
        return (self.folder / log).read_text(encoding="utf-8")

    def handeye(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "handeye", *words]
        return subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT, check=False
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a bucket on a server of its own; the environment says where that is."""
    from . import buckets

    if buckets.MISSING:
        pytest.skip(buckets.MISSING)
    import s3fs

    with buckets.served(tmp_path) as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        yield "s3://runs"
        s3fs.S3FileSystem.clear_instance_cache()


def until(holds: Callable[[], bool], what: str) -> None:
    """Waits for a state.

    Raises:
        AssertionError: It does not come.
    """
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, f"it never came: {what}"
        time.sleep(0.01)
