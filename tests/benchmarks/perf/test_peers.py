"""Other frameworks beside ours: what is said where one cannot be run. That they can is shown by ``make perf-peers``, which installs them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from handeye.benchmarks.perf.peers import __main__ as peers
from handeye.tools.errors import EnvironmentFailed


@pytest.mark.parametrize("name", peers.PEERS)
def test_every_peer_has_its_script(name: str) -> None:
    assert Path(peers.__file__).with_name(peers.PEERS[name].script).is_file()


def test_a_peer_that_is_not_there_is_named_with_its_reason() -> None:
    # this Python is not one of theirs
    with pytest.raises(EnvironmentFailed, match=r"browsergym ended with 1: ModuleNotFoundError"):
        peers.steps_of("browsergym", peers.PEERS["browsergym"], Path(sys.executable), "http://127.0.0.1:9/", 1)


def test_an_environment_that_was_made_is_not_made_again(tmp_path: Path) -> None:
    peer = peers.PEERS["browsergym, no pauses"]
    home = tmp_path / "browsergym"
    home.mkdir()
    (home / "made-of").write_text("\n".join(peer.needs), encoding="utf-8")
    assert peers.python_of("browsergym, no pauses", peer, tmp_path) == home / "bin" / "python"
    assert list(home.iterdir()) == [home / "made-of"]
