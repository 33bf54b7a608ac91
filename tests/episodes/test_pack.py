"""A packed episode shows the very same pixels, says the same, and what is packed to do harm is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from handeye.episodes.claim import Claim
from handeye.episodes.pack import pack, unpack
from handeye.episodes.reader import Episode
from handeye.episodes.schema import (
    REQUEST,
    BeginLine,
    Call,
    Decision,
    Download,
    EndLine,
    Header,
    ImagePart,
    LazyTree,
    Message,
    Node,
    Observation,
    Outcome,
    Request,
    Task,
    Tree,
    View,
)
from handeye.episodes.store import HEADER, LINES, blob_name, open_store
from handeye.episodes.viewer import write_html
from handeye.episodes.writer import EpisodeWriter
from handeye.tools.actions import Click
from handeye.tools.errors import CannotResume, EpisodeCorrupt, EpisodeError, EpisodeExists, FormatTooNew
from handeye.tools.geometry import Point, Size, Surface
from handeye.tools.handles import Content
from handeye.tools.pixels import Frame, hash_pixels

HEAD = Header(id="e", created="2026-01-02T03:04:05+00:00", task=Task(name="packing"))


def picture(number: int, width: int = 160, height: int = 120) -> Frame:
    """Slow gradients with some grain: smaller as WebP than as PNG."""
    y, x = np.mgrid[0:height, 0:width]
    dice = np.random.default_rng(number)
    plane = np.stack([x + number, y, (x + y) // 2], axis=2) + dice.integers(0, 4, (height, width, 1))
    return Frame.from_pixels(np.clip(plane, 0, 255).astype(np.uint8))


def look(number: int, frame: Frame, **more: object) -> Observation:
    tree = LazyTree()
    tree.put(Tree((Node(role="text", name=f"look {number}"),)))
    surfaces = (Surface(name="page", box=frame.box),)
    return Observation.model_validate(
        {"id": f"o{number:04d}", "at": number, "frame": frame, "surfaces": surfaces, "tree": tree, **more}
    )


async def recorded(folder: Path) -> Path:
    """An episode with three frames, a model call with a picture, and a download with the bytes of a frame."""
    writer = EpisodeWriter(folder, HEAD)
    frames = [picture(number) for number in range(3)]
    view = View(observation="o0000", crop=frames[0].box, sent=Size(width=160, height=120))
    seen = ImagePart(image=frames[0], view=view)
    request = Request(purpose="plan", messages=(Message(role="user", parts=(seen,)),))
    writer.observation(look(0, frames[0]))
    call = Call(id="c0000", observation="o0000", purpose="plan", request="0" * 64)
    writer.call(call, request)
    act = Click[Point](at=Point(x=1, y=1))
    for step in range(2):
        await writer.begin(BeginLine(step=step, at=step, saw=f"o{step:04d}", decision=Decision(intent=act), action=act))
        # a person saved the very picture: its bytes have to stay what they are
        content = Content.of(frames[step + 1].data)
        download = Download(name="shot.png", sha256=content.sha256, size=1, content=content)
        writer.observation(look(step + 1, frames[step + 1], downloads=(download,) if step else ()))
        writer.end(EndLine(step=step, at=step, left=f"o{step + 1:04d}"))
    await writer.close(HEAD.model_copy(update={"outcome": Outcome(status="passed", stop="done", steps=2)}))
    return folder


def pixels(episode: Episode) -> list[str]:
    for seen in episode.observations.values():
        assert hash_pixels(seen.frame.pixels) == seen.frame.pixel_hash
    return [seen.frame.pixel_hash for seen in episode.observations.values()]


async def test_packed_and_unpacked_it_shows_and_says_the_same(tmp_path: Path) -> None:
    folder = await recorded(tmp_path / "e")
    before = Episode.open(folder)
    packed = pack(folder)
    assert packed.path == tmp_path / "e.zip" and packed.frames == 3
    unpacked = unpack(packed.path, tmp_path / "again").path
    for path, magic in ((packed.path, b"RIFF"), (unpacked, b"\x89PNG")):
        after = Episode.open(path)
        assert pixels(after) == pixels(before)
        assert all(seen.frame.data.startswith(magic) for seen in after.observations.values())
        # whoever wants PNG gets it
        assert all(seen.frame.png.startswith(b"\x89PNG") for seen in after.observations.values())
        assert after.header == before.header
        assert [step.decision for step in after] == [step.decision for step in before]
        tree = after.observations["o0001"].tree.now()
        assert tree is not None and tree.nodes[0].name == "look 1"
        assert after.downloads[0].data == before.downloads[0].data
        assert hashlib.sha256(after.downloads[0].data).hexdigest() == after.downloads[0].sha256
        (call,) = after.calls.values()
        request = REQUEST.validate_json(after.blob(call.request), context={"load": after.blob})
        assert request.images[0].image.pixel_hash == pixels(before)[0]
        assert hash_pixels(request.images[0].image.pixels) == pixels(before)[0]
        write_html(after, tmp_path / "page.html")
    # the episode itself is as it was
    assert pixels(Episode.open(folder)) == pixels(before)
    assert Episode.open(folder).observations["o0000"].frame.sha256 == before.observations["o0000"].frame.sha256


async def test_a_zip_program_is_all_that_it_takes(tmp_path: Path) -> None:
    packed = pack(await recorded(tmp_path / "e")).path
    with zipfile.ZipFile(packed) as file:
        assert file.testzip() is None
        file.extractall(tmp_path / "by-hand")
    assert pixels(Episode.open(tmp_path / "by-hand" / "e")) == pixels(Episode.open(tmp_path / "e"))


async def test_what_is_damaged_is_named_and_not_packed(tmp_path: Path) -> None:
    folder = await recorded(tmp_path / "e")
    frame = Episode.open(folder).observations["o0001"].frame
    blob = folder / blob_name(frame.sha256)
    blob.write_bytes(blob.read_bytes()[:-20])
    with pytest.raises(EpisodeCorrupt, match=frame.sha256):
        pack(folder)
    assert [each.name for each in tmp_path.iterdir()] == ["e"]


async def test_pixels_that_are_not_those_of_the_record_are_named(tmp_path: Path) -> None:
    folder = await recorded(tmp_path / "e")
    seen = Episode.open(folder).observations["o0000"].frame.pixel_hash
    lines = (folder / LINES).read_bytes()
    (folder / LINES).write_bytes(lines.replace(seen.encode(), b"0" * 64))
    with pytest.raises(EpisodeCorrupt, match=r"other pixels than were recorded|disagree about the pixels"):
        pack(folder)


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = await recorded(tmp_path / "e")
    (tmp_path / "e.zip").write_bytes(b"mine")
    with pytest.raises(EpisodeExists, match=r"e\.zip exists already"):
        pack(folder)
    assert (tmp_path / "e.zip").read_bytes() == b"mine"
    packed = pack(folder, tmp_path / "other.zip").path
    with pytest.raises(EpisodeExists, match="e exists already"):
        unpack(packed, folder)


async def test_an_episode_in_use_is_not_packed(tmp_path: Path) -> None:
    writer = EpisodeWriter(tmp_path / "e", HEAD)
    try:
        with pytest.raises(CannotResume, match="being written"):
            pack(tmp_path / "e")
    finally:
        await writer.close(HEAD)
    pack(tmp_path / "e")


async def test_a_packed_episode_is_not_gone_on_with(tmp_path: Path) -> None:
    packed = pack(await recorded(tmp_path / "e")).path
    with pytest.raises(CannotResume, match="unpack"):
        Claim(packed)


def test_a_frame_that_webp_cannot_hold_stays_png(tmp_path: Path) -> None:
    from handeye.tools.pixels import pack_pixels

    assert pack_pixels(np.zeros((4, 16_384, 3), np.uint8)) is None
    assert pack_pixels(np.zeros((4, 16_383, 3), np.uint8)) is not None


# --- bad input ------------------------------------------------------------------------------------------------------


def zipped(path: Path, files: dict[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes.get(name.rpartition("/")[2].partition(".")[0], 0)
            file.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def head(**more: object) -> bytes:
    return json.dumps({**json.loads(HEAD.model_dump_json()), **more}).encode()


LEAVING = [
    "../out.txt",
    "a/../../out.txt",
    "/out.txt",
    "a//b",
    "C:\\out.txt",
    "..\\out.txt",
    "a/.",
    "blobs/../x",
    "a\x01b",
]


@pytest.mark.parametrize("name", LEAVING)
@pytest.mark.parametrize("doing", [unpack, pack])
def test_a_name_that_leaves_the_episode_is_refused(tmp_path: Path, name: str, doing: object) -> None:
    inside = tmp_path / "deep" / "er"
    inside.mkdir(parents=True)
    bad = zipped(inside / "bad.zip", {HEADER: head(), LINES: b"", name: b"harm"})
    with pytest.raises(EpisodeCorrupt, match="leads elsewhere"):
        doing(bad, inside / "made")  # type: ignore[operator]
    assert {each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*")} == {
        "deep",
        "deep/er",
        "deep/er/bad.zip",
    }


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    bad = zipped(
        tmp_path / "bad.zip", {HEADER: head(), LINES: b"", "link": b"/etc/passwd"}, link=(stat.S_IFLNK | 0o777) << 16
    )
    with pytest.raises(EpisodeCorrupt, match="link is a link"):
        unpack(bad, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    bad = zipped(tmp_path / "bad.zip", {HEADER: head(), LINES: b"", "a": b"1", "A": b"2"})
    with pytest.raises(EpisodeCorrupt, match="two files of one name"):
        unpack(bad, tmp_path / "made")


@pytest.mark.parametrize("name", [LINES, "blobs/" + "a" * 64, "notes.txt"])
def test_a_zip_bomb_is_refused_before_it_goes_off(tmp_path: Path, name: str) -> None:
    bad = zipped(tmp_path / "bad.zip", {HEADER: head(), name: bytes(70_000_000)})
    assert bad.stat().st_size < 200_000
    with pytest.raises(EpisodeCorrupt, match="zip bomb"):
        unpack(bad, tmp_path / "made")
    if name == LINES:
        with pytest.raises(EpisodeCorrupt, match="zip bomb"):
            Episode.open(bad)
    assert not (tmp_path / "made").exists()


def test_a_bomb_of_many_small_files_is_refused(tmp_path: Path) -> None:
    bad = zipped(tmp_path / "bad.zip", {HEADER: head(), LINES: b"", **{f"f{n}": bytes(2_000_000) for n in range(50)}})
    with pytest.raises(EpisodeCorrupt, match="zip bomb"):
        unpack(bad, tmp_path / "made")


def test_a_zip_that_claims_less_than_it_holds_is_damaged(tmp_path: Path) -> None:
    bad = zipped(tmp_path / "bad.zip", {HEADER: head(), LINES: bytes(1_000_000)})
    data = bad.read_bytes()
    # in the entry and in the directory at the end
    bad.write_bytes(data.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10)))
    with pytest.raises(EpisodeError, match=r"cannot read steps\.jsonl"):
        Episode.open(bad)


def test_a_tree_that_is_a_bomb_is_refused() -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    chunk = b" " * 10_000_000
    bomb = b"".join(packer.compress(chunk) for _ in range(28)) + packer.flush()
    assert len(bomb) < 2_000_000
    with pytest.raises(EpisodeCorrupt, match="larger than"):
        Tree.from_bytes(bomb)
    with pytest.raises(EpisodeCorrupt, match="cut off"):
        Tree.from_bytes(gzip.compress(b"[]")[:-3])


def test_a_picture_that_claims_a_size_no_screen_has_is_not_decoded(tmp_path: Path) -> None:
    huge = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    )
    with pytest.raises(EpisodeCorrupt, match="is not a screen"):
        Frame.from_png(huge + bytes(4))


async def test_a_frame_that_is_larger_than_its_record_is_not_decoded(tmp_path: Path) -> None:
    folder = await recorded(tmp_path / "e")
    lines = (folder / LINES).read_bytes()
    (folder / LINES).write_bytes(lines.replace(b'"width":160,"height":120', b'"width":16,"height":12'))
    with pytest.raises(EpisodeCorrupt, match="recorded as 16×12, whose file holds 160×120"):
        _ = Episode.open(folder).observations["o0000"].frame.pixels


@pytest.mark.parametrize("victim", ["file", "folder", "blobs"])
async def test_a_link_that_leads_in_a_circle_is_refused(tmp_path: Path, victim: str) -> None:
    folder = await recorded(tmp_path / "e")
    if victim == "file":
        (folder / LINES).unlink()
        (folder / LINES).symlink_to(LINES)
    elif victim == "folder":
        (folder / "round").symlink_to(".", target_is_directory=True)
    else:
        (folder / "blobs").rename(tmp_path / "blobs")
        (folder / "blobs").symlink_to("blobs")

    def read() -> None:
        for seen in Episode.open(folder).observations.values():
            _ = seen.frame.pixels
        pack(folder)

    with pytest.raises(EpisodeError, match=r"link|symbolic") as refused:
        read()
    assert str(folder) in str(refused.value)
    assert not (tmp_path / "e.zip").exists()


@pytest.mark.parametrize("what", ["folder", "zip"])
def test_a_record_of_a_future_format_is_refused_by_name(tmp_path: Path, what: str) -> None:
    if what == "zip":
        path = zipped(tmp_path / "e.zip", {HEADER: head(format=2), LINES: b'{"kind":"something new"}\n'})
    else:
        path = tmp_path / "e"
        path.mkdir()
        (path / HEADER).write_bytes(head(format=2))
        (path / LINES).write_bytes(b'{"kind":"something new"}\n')
    for doing in (Episode.open, pack, unpack):
        with pytest.raises(FormatTooNew, match="has format 2; this version reads up to 1"):
            doing(path)


async def test_a_wrong_hash_in_a_zip_is_refused(tmp_path: Path) -> None:
    packed = pack(await recorded(tmp_path / "e")).path
    store = open_store(packed)
    frame = Episode.open(packed).observations["o0000"].frame
    files = {name: store.read(name) for name in store.names()}
    files[blob_name(frame.sha256)] = picture(9).data
    bad = zipped(tmp_path / "bad.zip", files)
    with pytest.raises(EpisodeCorrupt, match=f"{frame.sha256}.* is damaged"):
        _ = Episode.open(bad).observations["o0000"].frame.pixels
    with pytest.raises(EpisodeCorrupt, match="is damaged"):
        unpack(bad, tmp_path / "made")
    assert not (tmp_path / "made").exists()
