"""Pixels: the same ones come back whatever they went through, and every difference is found."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from handeye.tools.errors import EpisodeCorrupt
from handeye.tools.geometry import Box
from handeye.tools.pixels import (
    MASK_COLOR,
    Frame,
    Pixels,
    decode_picture,
    difference,
    encode_png,
    hash_pixels,
    picture_size,
)

FRAME: TypeAdapter[Frame] = TypeAdapter(Frame)


def noise(seed: int, width: int, height: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@st.composite
def images(draw: st.DrawFn) -> Pixels:
    """Noise, flat colours and gradients of any small size: what the PNG filter and deflate do with them differs."""
    width, height = draw(st.integers(1, 70)), draw(st.integers(1, 40))
    match draw(st.sampled_from(["noise", "flat", "ramp"])):
        case "noise":
            return noise(draw(st.integers(0, 2**32 - 1)), width, height)
        case "flat":
            return np.full((height, width, 3), draw(st.integers(0, 255)), np.uint8)
        case _:
            return (
                (np.arange(height * width * 3, dtype=np.uint32) * draw(st.integers(1, 999)))
                .astype(np.uint8)
                .reshape(height, width, 3)
            )


def with_pillow(pixels: Pixels, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


@given(images())
def test_a_png_brings_back_every_pixel(pixels: Pixels) -> None:
    png = encode_png(pixels)
    assert np.array_equal(decode_picture(png), pixels)
    with Image.open(io.BytesIO(png)) as image:
        image.verify()
        assert image.size == (pixels.shape[1], pixels.shape[0])
    assert picture_size(png) == (pixels.shape[1], pixels.shape[0])


def with_filter(pixels: Pixels, kind: int, *more: bytes) -> bytes:
    """A PNG all of whose rows have one filter: 0 none, 1 sub, 2 up, 3 average."""
    height, width, _ = pixels.shape
    flat = pixels.reshape(height, 3 * width).astype(np.int16)
    left, up = np.zeros_like(flat), np.zeros_like(flat)
    left[:, 3:], up[1:] = flat[:, :-3], flat[:-1]
    rows = flat - (np.zeros_like(flat), left, up, (left + up) // 2)[kind]
    body = b"".join(bytes([kind]) + row.astype(np.uint8).tobytes() for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(body)[:20])
        + chunk(b"IDAT", zlib.compress(body)[20:])
        + chunk(b"IEND", b"")
    )


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@given(images(), st.integers(0, 3))
def test_every_simple_filter_is_undone(pixels: Pixels, kind: int) -> None:
    assert np.array_equal(decode_picture(with_filter(pixels, kind)), pixels)
    # colours are taken as they stand, whatever a screen would make of them
    gamma = chunk(b"gAMA", struct.pack(">I", 10_000))
    assert np.array_equal(decode_picture(with_filter(pixels, kind, gamma)), pixels)


@given(st.data())
def test_a_png_with_a_byte_changed_shows_the_same_or_is_refused(data: st.DataObject) -> None:
    pixels = noise(5, 12, 9)
    png = bytearray(with_filter(pixels, data.draw(st.integers(0, 2))))
    # of the picture itself: its header, its rows, their checksums
    at = data.draw(st.integers(8, len(png) - 13))
    png[at] ^= 1 + data.draw(st.integers(0, 254))
    try:
        found = decode_picture(bytes(png))
    except EpisodeCorrupt:
        return
    assert np.array_equal(found, pixels)


@given(images())
def test_equal_pixels_have_one_hash_whoever_encoded_them(pixels: Pixels) -> None:
    ours, theirs = Frame.from_png(encode_png(pixels)), Frame.from_png(with_pillow(pixels))
    assert ours.pixel_hash == theirs.pixel_hash == hash_pixels(pixels)
    assert ours.same_as(theirs)
    assert ours.sha256 != theirs.sha256
    alpha = Frame.from_png(with_pillow(pixels, "RGBA"))
    assert alpha.pixel_hash == ours.pixel_hash


def test_the_hash_knows_the_size() -> None:
    flat = np.zeros((2, 8, 3), np.uint8)
    assert hash_pixels(flat) != hash_pixels(flat.reshape(4, 4, 3))


def test_a_view_of_pixels_hashes_and_encodes_as_its_copy() -> None:
    part = noise(1, 40, 30)[5:20, 7:33]
    assert hash_pixels(part) == hash_pixels(part.copy())
    assert encode_png(part) == encode_png(part.copy())


@given(images(), st.data())
def test_the_difference_is_the_smallest_box_around_every_changed_pixel(pixels: Pixels, data: st.DataObject) -> None:
    height, width, _ = pixels.shape
    places = data.draw(st.sets(st.tuples(st.integers(0, width - 1), st.integers(0, height - 1)), max_size=4))
    other = pixels.copy()
    for x, y in places:
        other[y, x, data.draw(st.integers(0, 2))] ^= 1 + data.draw(st.integers(0, 254))
    found = difference(pixels, other)
    assert found == difference(other, pixels)
    if not places:
        assert found is None
        return
    boxes = [Box.at(x, y, 1, 1) for x, y in places]
    assert found == Box.around(boxes)
    masked = data.draw(st.sampled_from(boxes))
    left = [box for box in boxes if box != masked]
    assert difference(pixels, other, [masked]) == (Box.around(left) if left else None)
    assert Frame.from_pixels(pixels).same_as(Frame.from_pixels(other), boxes)


def test_a_mask_covers_the_pixels_that_it_touches() -> None:
    one, other = np.zeros((10, 10, 3), np.uint8), np.zeros((10, 10, 3), np.uint8)
    other[4, 4] = 9
    assert difference(one, other, [Box(left=3.2, top=3.9, right=4.1, bottom=4.1)]) is None
    assert difference(one, other, [Box(left=3, top=3, right=4, bottom=4)]) == Box.at(4, 4, 1, 1)
    assert difference(one, other, [Box.at(40, 40, 5, 5)]) == Box.at(4, 4, 1, 1)


def test_frames_of_different_size_differ() -> None:
    one, other = Frame.from_pixels(noise(1, 8, 8)), Frame.from_pixels(noise(1, 8, 9))
    assert not one.same_as(other)
    with pytest.raises(ValueError, match="different size"):
        difference(one.pixels, other.pixels)


def test_crop() -> None:
    frame = Frame.from_pixels(noise(3, 50, 40))
    part = frame.crop(Box(left=10.5, top=5, right=20.2, bottom=100))
    assert (part.width, part.height) == (11, 35)
    assert np.array_equal(part.pixels, frame.pixels[5:40, 10:21])
    assert np.array_equal(Frame.from_png(part.png).pixels, part.pixels)


@pytest.mark.parametrize(
    "outside",
    [Box.at(50, 0, 5, 5), Box.at(70, 10, 5, 5), Box.at(-9, 0, 5, 5), Box.at(10, 45, 5, 5), Box.at(5, 5, 0, 0)],
)
def test_a_crop_outside_the_frame_is_refused(outside: Box) -> None:
    with pytest.raises(ValueError, match="outside"):
        Frame.from_pixels(noise(3, 50, 40)).crop(outside)


def test_masked() -> None:
    frame = Frame.from_pixels(np.full((20, 20, 3), 200, np.uint8))
    before = frame.pixel_hash
    masked = frame.masked([Box.at(2, 3, 4, 5), Box.at(100, 100, 5, 5)])
    assert (masked.pixels[3:8, 2:6] == MASK_COLOR).all()
    assert difference(frame.pixels, masked.pixels) == Box.at(2, 3, 4, 5)
    assert hash_pixels(frame.pixels) == before
    assert frame.masked([]) is frame


class Shelf:
    """A blob store that counts."""

    def __init__(self, *frames: Frame) -> None:
        self.blobs = {frame.sha256: frame.png for frame in frames}
        self.loads = 0

    def load(self, sha256: str) -> bytes:
        self.loads += 1
        return self.blobs[sha256]


def test_a_frame_that_was_read_loads_its_file_when_asked() -> None:
    original = Frame.from_pixels(noise(5, 30, 20))
    shelf = Shelf(original)
    read = FRAME.validate_json(FRAME.dump_json(original), context={"load": shelf.load})
    assert (read.width, read.height, read.box) == (30, 20, Box.at(0, 0, 30, 20))
    assert (read.sha256, read.pixel_hash) == (original.sha256, original.pixel_hash)
    assert shelf.loads == 0
    assert np.array_equal(read.pixels, original.pixels)
    assert read.png == original.png
    assert shelf.loads == 1
    read.release()
    assert np.array_equal(read.pixels, original.pixels)
    assert shelf.loads == 2


def test_a_frame_forgets_only_what_it_can_load_again() -> None:
    frame = Frame.from_pixels(noise(5, 30, 20))
    frame.release()
    before = frame.png
    shelf = Shelf(frame)
    frame.stored(shelf.load)
    frame.release()
    assert frame.png == before
    assert shelf.loads == 1


def test_pixels_that_were_decoded_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Frame.from_png(encode_png(noise(1, 4, 4))).pixels[0, 0, 0] = 1


def test_a_frame_without_its_episode_says_so() -> None:
    read = FRAME.validate_json(FRAME.dump_json(Frame.from_pixels(noise(5, 3, 2))))
    with pytest.raises(EpisodeCorrupt, match="without its episode"):
        _ = read.pixels


@pytest.mark.parametrize(
    "change",
    [
        {"blob": "../../etc/passwd"},
        {"blob": "A" * 64},
        {"pixels": ""},
        {"width": 0},
        {"height": 40_000},
        {"more": 1},
    ],
)
def test_a_record_of_a_frame_is_checked(change: dict[str, object]) -> None:
    record = {"blob": "a" * 64, "pixels": "b" * 64, "width": 3, "height": 2}
    FRAME.validate_python(record)
    with pytest.raises(ValidationError):
        FRAME.validate_python(record | change)


def cut(png: bytes) -> bytes:
    return png[: len(png) // 2]


def flipped(png: bytes) -> bytes:
    at = png.index(b"IDAT") + 10
    return png[:at] + bytes([png[at] ^ 0xFF]) + png[at + 1 :]


@pytest.mark.parametrize("damage", [cut, flipped])
def test_a_damaged_png(damage: Callable[[bytes], bytes]) -> None:
    frame = Frame.from_png(damage(encode_png(noise(1, 30, 30))))
    with pytest.raises(EpisodeCorrupt, match="not a readable PNG"):
        _ = frame.pixels


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff" + bytes(40)])
def test_what_is_no_png(data: bytes) -> None:
    with pytest.raises(EpisodeCorrupt, match="not a PNG"):
        Frame.from_png(data)


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (32_769, 10), (2**31, 2**31)])
def test_a_size_that_no_screen_has(size: tuple[int, int]) -> None:
    png = bytearray(encode_png(noise(1, 2, 2)))
    png[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    with pytest.raises(EpisodeCorrupt, match="is not a screen"):
        Frame.from_png(bytes(png))


@settings(max_examples=300)
@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3))
def test_no_bytes_break_the_decoder(cut_at: int, changes: list[tuple[int, int]]) -> None:
    png = bytearray(encode_png(noise(1, 9, 7)))
    for at, value in changes:
        png[at % len(png)] = value
    data = bytes(png[: len(png) - cut_at % 20])
    try:
        frame = Frame.from_png(data)
        assert frame.pixels.shape == (frame.height, frame.width, 3)
    except EpisodeCorrupt:
        pass
