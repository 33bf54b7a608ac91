"""A recorded network on disk: what is kept, what is left out, and that it is read back as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handeye.episodes.network import (
    EXCHANGES,
    NETWORK_FOLDER,
    NetworkWriter,
    RecordedNetwork,
    network_blob,
    read_network,
    without_credentials,
)
from handeye.episodes.pack import pack
from handeye.episodes.schema import Header, Moment, NetworkLine, Task
from handeye.episodes.schema.network import AnsweredLine, AskedLine, ClosedLine, MessageLine, WorldLine
from handeye.episodes.writer import EpisodeWriter
from handeye.tools.errors import EpisodeCorrupt, UsageError
from handeye.tools.secrets import Secrets

NOW = Moment(act=1, tick=2)


def _with_body(line: NetworkLine, blob: str) -> NetworkLine:
    return line.model_copy(update={"body": blob})


async def _episode(folder: Path) -> Path:
    header = Header(id="x", created="2026-01-01T00:00:00+00:00", task=Task())
    writer = EpisodeWriter(folder, header)
    await writer.close(header)
    return folder


def _asked(exchange: int, order: int, url: str = "http://a.test/x", **more: Any) -> AskedLine:
    return AskedLine(exchange=exchange, order=order, moment=NOW, method="GET", url=url, **more)


async def _written(folder: Path, secrets: Secrets | None = None) -> RecordedNetwork:
    path = await _episode(folder)
    writer = NetworkWriter(path, secrets)
    writer.put(WorldLine(url="http://a.test/"))
    writer.put(_asked(1, 1))
    writer.put(_asked(2, 2, "ws://a.test/live", resource="websocket"))
    # what is known later is written later, and says itself when it was
    writer.put(MessageLine(exchange=2, order=5, moment=NOW, text="second"))
    writer.put(MessageLine(exchange=2, order=4, moment=NOW, text="first", sent=True))
    answer = AnsweredLine(exchange=1, order=3, moment=NOW, status=200, headers=(("Content-Type", "text/plain"),))
    writer.put(answer, b"hello hunter2", _with_body)
    writer.put(ClosedLine(exchange=2, order=6, moment=NOW))
    await writer.close()
    return read_network(path)


async def test_exchanges_are_read_back_as_they_were(tmp_path: Path) -> None:
    network = await _written(tmp_path / "e")
    assert network.world.url == "http://a.test/"
    first, second = network.exchanges
    assert first.answered is not None
    assert first.answered.body is not None
    assert network.load(first.answered.body) == b"hello hunter2"
    assert first.answered.moment == NOW
    assert [message.text for message in second.messages] == ["first", "second"]
    assert second.is_socket
    assert second.closed is not None


async def test_a_secret_is_a_placeholder_in_lines_and_bodies(tmp_path: Path) -> None:
    network = await _written(tmp_path / "e", Secrets({"password": "hunter2"}))
    answer = network.exchanges[0].answered
    assert answer is not None
    assert answer.body is not None
    assert network.load(answer.body) == b"hello <secret:password>"
    files = [each.read_bytes() for each in (tmp_path / "e").rglob("*") if each.is_file()]
    assert not any(b"hunter2" in each for each in files)


def test_headers_that_sign_somebody_in_are_left_out() -> None:
    kept = without_credentials(
        [
            ("Authorization", "Bearer abc"),
            ("Cookie", "session=abc"),
            ("Set-Cookie", "session=abc; Path=/; HttpOnly"),
            ("Set-Cookie", "theme=dark; Path=/"),
            ("X-Api-Key", "abc"),
            ("Accept", "text/html"),
        ]
    )
    assert not any("abc" in value for _, value in kept)
    assert ("Set-Cookie", "theme=dark; Path=/") in kept
    assert ("Accept", "text/html") in kept
    assert [name for name, value in kept if name == "Set-Cookie" and value.endswith("; Path=/; HttpOnly")]


async def test_a_line_that_was_cut_off_is_dropped_and_said(tmp_path: Path) -> None:
    await _written(tmp_path / "e")
    file = tmp_path / "e" / EXCHANGES
    file.write_bytes(file.read_bytes()[:-10])
    network = read_network(tmp_path / "e")
    assert "cut off" in network.warnings[0]
    assert network.exchanges[1].closed is None


async def test_a_damaged_body_is_named(tmp_path: Path) -> None:
    network = await _written(tmp_path / "e")
    answer = network.exchanges[0].answered
    assert answer is not None
    assert answer.body is not None
    (tmp_path / "e" / network_blob(answer.body)).write_bytes(b"other")
    with pytest.raises(EpisodeCorrupt, match=answer.body):
        read_network(tmp_path / "e").load(answer.body)


async def test_the_folder_is_its_owners(tmp_path: Path) -> None:
    await _written(tmp_path / "e")
    assert (tmp_path / "e" / NETWORK_FOLDER).stat().st_mode & 0o077 == 0


async def test_a_zip_has_it_only_when_it_is_asked_for(tmp_path: Path) -> None:
    await _written(tmp_path / "e")
    without = pack(tmp_path / "e", tmp_path / "without.zip").path
    with pytest.raises(UsageError, match="no recorded network"):
        read_network(without)
    network = read_network(pack(tmp_path / "e", tmp_path / "with.zip", network=True).path)
    answer = network.exchanges[0].answered
    assert answer is not None
    assert answer.body is not None
    assert network.load(answer.body) == b"hello hunter2"
