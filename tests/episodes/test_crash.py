"""Whatever ends the writing process, what had begun is in the episode, and it can be read."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handeye.episodes.reader import Episode
from handeye.episodes.store import BLOBS, HEADER

WRITER = Path(__file__).with_name("writing_process.py")
KILLS = 200 if os.environ.get("FULL") else 20

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")


def process(*arguments: object) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, WRITER, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=600
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(episode: Episode, begun: int) -> None:
    """Every step that had begun is there, whole; only the last one may be unknown."""
    indices = [step.index for step in episode]
    assert indices == list(range(len(indices)))
    assert len(indices) >= begun
    assert all(not step.unknown for step in episode.steps[:-1])
    for file in (episode.path / BLOBS).rglob("*"):
        # under its name a blob is whole
        assert file.is_dir() or file.suffix == ".part" or hashlib.sha256(file.read_bytes()).hexdigest() == file.name
    for seen in episode.observations.values():
        number = int(seen.id[1:])
        assert seen.frame.pixels.shape == (seen.frame.height, seen.frame.width, 3)
        tree = seen.tree.now()
        assert tree is not None
        assert tree.nodes[0].name == f"look {number}"


def test_a_killed_writer_leaves_every_step_that_had_begun(tmp_path: Path) -> None:
    seen = process("killed", tmp_path, KILLS, 7)
    assert len(seen) == KILLS
    for each in seen:
        folder, begun = Path(str(each["folder"])), int(str(each["begun"]))
        if begun == 0 and not (folder / HEADER).exists():
            # killed before there was an episode
            continue
        episode = Episode.open(folder)
        assert episode.outcome is None
        check(episode, begun)
    assert max(int(str(each["begun"])) for each in seen) > 5


@pytest.mark.parametrize("limit", [3000, 20_000, 60_000])
def test_a_full_disk_stops_the_next_act_and_leaves_the_rest(tmp_path: Path, limit: int) -> None:
    (said,) = process("full", tmp_path / "e", limit)
    assert "cannot write the episode" in str(said["error"])
    assert "free some space" in str(said["error"])
    episode = Episode.open(tmp_path / "e")
    check(episode, int(str(said["begun"])))
    # the outcome that says so still fitted
    assert episode.outcome is not None
    assert episode.outcome.stop == "recording"
