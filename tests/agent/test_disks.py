"""A disk that fills up, or may not be written: what was written stays readable, the run says so, and it goes on once there is room."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.face import resume, run
from handeye.benchmarks.replay_suite.counting import acts_of
from handeye.episodes.claim import Claim
from handeye.episodes.reader import Episode
from handeye.tools.errors import EpisodeError, EpisodeUnwritable, UsageError

STEPS = 60

Mount = Callable[..., None]


def task(ledger: Path) -> dict[str, Any]:
    return {
        "name": "counting",
        "environment": "handeye.benchmarks.replay_suite.counting:CountingWorld",
        "start": {"url": ledger.as_uri()},
        "steps": [{"type": f"act {number}"} for number in range(STEPS)],
        "postconditions": [{"text": f"act {STEPS - 1}"}],
    }


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Mount]]:
    """A small disk of its own, and what changes its options."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a disk needs root on Linux")
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*options: str, remount: bool = True) -> None:
        words = ",".join((*(["remount"] if remount else []), *options))
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", words, "tmpfs", str(place)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"this machine mounts no disks: {done.stderr.strip()}")

    mount("size=400k", remount=False)
    yield place, mount
    subprocess.run(["umount", str(place)], check=True)


def in_order(acts: list[str]) -> bool:
    return acts == [f"act {number}" for number in range(len(acts))]


async def test_a_full_disk_stops_the_next_act_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, disk: tuple[Path, Mount]
) -> None:
    place, mount = disk
    ledger = tmp_path / "ledger"
    said = ""
    try:
        broken = await run(task(ledger), out=place / "e")
        assert broken.outcome is not None and broken.outcome.stop == "recording"
        said = broken.outcome.message
    except EpisodeError as error:
        said = str(error)
    assert "No space left" in said
    done = acts_of(ledger)
    assert 2 < len(done) < STEPS and in_order(done)
    read = Episode.open(place / "e")
    begun = [step for step in read if step.action is not None]
    # whatever was done had begun on the disk; the end of the last one may not have fitted
    assert len(done) <= len(begun) <= len(done) + 1
    assert not any(step.unknown for step in read.steps[:-1])
    for seen in read.observations.values():
        assert seen.frame.pixels.shape == (64, 96, 3)
    # still full: nothing is lost by trying
    unknown: Any = ("happened" if len(done) == len(begun) else "not-happened") if read.steps[-1].unknown else None
    with pytest.raises(EpisodeError, match="No space left"):
        await resume(place / "e", unknown=unknown)
    assert acts_of(ledger)[: len(done)] == done and in_order(acts_of(ledger))
    mount("size=64m")
    last = Episode.open(place / "e").steps[-1]
    acts = [step for step in Episode.open(place / "e") if step.action is not None and not step.undone]
    unknown = ("happened" if len(acts_of(ledger)) == len(acts) else "not-happened") if last.unknown else None
    whole = await resume(place / "e", unknown=unknown)
    assert whole.outcome is not None and whole.outcome.status == "passed"
    assert acts_of(ledger) == [f"act {number}" for number in range(STEPS)]


async def test_a_disk_that_may_not_be_written_is_said_before_anything_is_done(
    tmp_path: Path, disk: tuple[Path, Mount]
) -> None:
    place, mount = disk
    ledger = tmp_path / "ledger"
    mount("size=64m", "ro")
    with pytest.raises(UsageError, match="Read-only file system") as refused:
        await run(task(ledger), out=place / "e")
    assert "--out" in refused.value.remedy
    assert not ledger.exists()


async def test_an_episode_on_a_disk_that_may_not_be_written_is_read_and_not_gone_on_with(
    tmp_path: Path, disk: tuple[Path, Mount]
) -> None:
    place, mount = disk
    ledger = tmp_path / "ledger"
    # where not even the outcome fits, the run ends with the error
    with contextlib.suppress(EpisodeError):
        await run(task(ledger), out=place / "e")
    mount("size=64m", "ro")
    done = acts_of(ledger)
    assert len(Episode.open(place / "e")) >= len(done)
    with pytest.raises(EpisodeUnwritable, match="Read-only file system"):
        Claim(place / "e")
    with pytest.raises(EpisodeUnwritable, match="Read-only file system"):
        await resume(place / "e", unknown="happened")
    assert acts_of(ledger) == done
