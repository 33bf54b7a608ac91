"""``handeye run --resume``, ``pack`` and ``unpack`` as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from handeye.agent.face import run
from handeye.benchmarks.replay_suite.counting import acts_of
from handeye.episodes.reader import Episode
from handeye.episodes.store import HEADER, LINES


def handeye(*words: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "handeye", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.slow
async def test_resume_pack_and_unpack(tmp_path: Path) -> None:
    episode, ledger = tmp_path / "e", tmp_path / "ledger"
    world = "handeye.benchmarks.replay_suite.counting:CountingWorld"
    steps = [{"type": f"act {number}"} for number in range(4)]
    checks = [{"text": "act 3"}]
    await run(
        {"environment": world, "start": {"url": ledger.as_uri()}, "steps": steps, "postconditions": checks}, out=episode
    )
    code, said = handeye("run", "--resume", episode)
    assert code == 2 and "is complete: passed after 5 steps" in said
    # as a kill leaves it: the third act was written down and done, and no end of it
    header = json.loads((episode / HEADER).read_bytes())
    (episode / HEADER).write_text(json.dumps({**header, "outcome": None}))
    rows = (episode / LINES).read_bytes().splitlines(keepends=True)
    at = next(n for n, row in enumerate(rows) if row.startswith(b'{"kind":"begin","step":2'))
    (episode / LINES).write_bytes(b"".join(rows[: at + 1]) + b'{"kind":"observ')
    ledger.write_text("act 0\nact 1\nact 2\n")
    code, said = handeye("run", "--resume", episode)
    assert code == 2 and "not done a second time" in said and "--unknown happened" in said
    code, said = handeye("run", "--resume", episode, "--unknown", "happened")
    assert code == 0, said
    assert "cut off" in said and "3 steps on record" in said
    assert acts_of(ledger) == ["act 0", "act 1", "act 2", "act 3"]
    code, said = handeye("pack", episode)
    assert code == 0 and "the same pixels" in said
    code, said = handeye("run", "--resume", tmp_path / "e.zip")
    assert code == 2 and "unpack" in said
    code, said = handeye("unpack", tmp_path / "e.zip", "--out", tmp_path / "again")
    assert code == 0
    assert len(Episode.open(tmp_path / "again")) == len(Episode.open(episode))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run",), "there is nothing to run"),
        (("run", "task.yaml", "--unknown", "happened"), "--unknown goes with --resume"),
        (("run", "task.yaml", "--resume", "e"), "TASK cannot be given again"),
        (
            ("run", "--resume", "e", "--start", "http://127.0.0.1:9", "-c", "start.scale=2"),
            "start, -c start.scale=2 cannot",
        ),
    ],
)
def test_what_does_not_go_together_is_said(words: tuple[str, ...], message: str) -> None:
    code, said = handeye(*words)
    assert code == 2 and message in said
