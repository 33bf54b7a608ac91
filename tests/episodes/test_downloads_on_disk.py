"""What was downloaded, on disk: a blob of the episode, or why there is none; and what a stranger's episode cannot do with it."""

from __future__ import annotations

import gc
import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.episodes.reader import Episode
from handeye.episodes.schema import Check, Download, Header, LazyTree, Observation, Probe, Task
from handeye.episodes.store import blob_name
from handeye.episodes.writer import EpisodeWriter
from handeye.tools.errors import EpisodeCorrupt, EpisodeError, EpisodeUnwritable, UsageError
from handeye.tools.filenames import safe_name
from handeye.tools.geometry import Surface
from handeye.tools.handles import Content
from handeye.tools.pixels import Frame

HEADER = Header(id="e", created="2026-01-02T03:04:05+00:00", task=Task())


def seen(name: str, *downloads: Download) -> Observation:
    frame = Frame.from_pixels(np.zeros((4, 4, 3), np.uint8))
    surfaces = (Surface(name="page", box=frame.box),)
    return Observation(id=name, at=0, frame=frame, surfaces=surfaces, tree=LazyTree(), downloads=downloads)


def download(data: bytes, name: str = "r.csv") -> Download:
    sha256 = hashlib.sha256(data).hexdigest()
    return Download(
        name=name, url="http://x/r", mime="text/csv", size=len(data), sha256=sha256, content=Content.of(data)
    )


async def recorded(folder: Path, *looks: Observation) -> Episode:
    writer = EpisodeWriter(folder, HEADER)
    for each in looks:
        writer.observation(each)
    await writer.close(HEADER)
    return Episode.open(folder)


async def test_bytes_are_a_blob_and_come_back(tmp_path: Path) -> None:
    one, two = download(b"one"), download(b"two\0" * 700_000, "large.bin")
    lost = Download(name="lost", size=7, content=Content(missing="it broke off after 7 bytes"))
    episode = await recorded(tmp_path / "e", seen("o0000", one), seen("o0001", two, lost, one))
    assert [each.name for each in episode.downloads] == ["r.csv", "large.bin", "lost", "r.csv"]
    assert [each.data for each in episode.downloads if not each.missing] == [b"one", b"two\0" * 700_000, b"one"]
    assert episode.downloads[2].missing == "it broke off after 7 bytes"
    with pytest.raises(EpisodeError, match="broke off after 7 bytes"):
        _ = episode.downloads[2].data
    # the handle of the run itself now reads the blob
    assert one.data == b"one"
    (episode.path / blob_name(one.sha256 or "")).write_bytes(b"tampered")
    with pytest.raises(EpisodeCorrupt):
        _ = episode.downloads[0].data


async def test_what_is_added_at_the_end_replaces_the_look(tmp_path: Path) -> None:
    one, two = download(b"one"), download(b"two")
    episode = await recorded(tmp_path / "e", seen("o0000", one), seen("o0000", one, two))
    assert [each.data for each in episode.downloads] == [b"one", b"two"]


async def test_a_disk_that_takes_no_more_is_named(tmp_path: Path) -> None:
    class Full(Content):
        def copy_to(self, out: BinaryIO) -> None:
            raise OSError(28, os.strerror(28))

    content = Full(sha256="0" * 64)
    with pytest.raises(EpisodeUnwritable, match="No space left"):
        await recorded(tmp_path / "e", seen("o0000", Download(name="r", content=content)))
    assert Episode.open(tmp_path / "e").downloads == ()


def test_an_open_file_is_let_go_of(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"bytes")
    file = (tmp_path / "f").open("rb")
    content = Content(file, hashlib.sha256(b"bytes").hexdigest())
    assert content.data == b"bytes" == content.data
    del content
    gc.collect()
    assert file.closed


def test_a_name_in_a_strangers_episode_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    saved = download(b"x", "../../evil").save(tmp_path / "inner")
    assert saved == tmp_path / "inner" / "evil"
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be saved"):
        download(b"x").save(tmp_path / "file")


def test_saving_never_replaces(tmp_path: Path) -> None:
    names = [download(data, "a.tar").save(tmp_path).name for data in (b"1", b"2", b"3")]
    assert names == ["a.tar", "a (2).tar", "a (3).tar"]
    assert [(tmp_path / name).read_bytes() for name in names] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Windows\evil.exe", "evil.exe"),
        ("con", "_con"),
        ("NUL.tar.gz", "_NUL.tar.gz"),
        ("LPT¹", "_LPT¹"),
        ("console.log", "console.log"),
        (".bashrc", "bashrc"),
        ("trailing. .", "trailing"),
        ("a\nb\tc\0d", "abcd"),
        ("gpj\u202e.exe", "gpj.exe"),
        ('what?<>:"|*.txt', "what_______.txt"),
        ("Cafe\u0301.pdf", "Café.pdf"),
        ("年🎉.csv", "年🎉.csv"),
        ("half\ud83d", "half"),
        ("", "download"),
        ("..", "download"),
        ("/", "download"),
        ("x" * 300 + ".csv", "x" * 176 + ".csv"),
        ("年" * 100, "年" * 60),
        ("." + "x" * 300, "x" * 180),
    ],
)
def test_a_name_any_file_system_takes(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.text())
def test_whatever_is_suggested(text: str) -> None:
    name = safe_name(text)
    assert name and not set(name) & set('/\\<>:"|?*\0') and not name.startswith(".") and len(name.encode()) <= 181
    assert name.isprintable() or " " in name or not name.isascii()


def test_a_check_of_a_download() -> None:
    check = Check(download="*.csv", contains="mug")
    assert check.probe == Probe(kind="download", argument="*.csv")
    assert check.holds("name\nmug") and not check.holds("name") and not check.holds(None)
    assert Check(download="x", exists=False).holds(None)


def test_two_ways_to_store_are_one(tmp_path: Path) -> None:
    kept: dict[str, Any] = download(b"x").model_dump(mode="json")
    assert kept["content"] == {"blob": hashlib.sha256(b"x").hexdigest()}
    assert Download(name="l", content=Content(missing="why")).model_dump(mode="json")["content"] == {"missing": "why"}
