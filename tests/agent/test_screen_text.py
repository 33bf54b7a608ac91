"""Reading the screen with the real models: what is read, how little is read again, and that the worker never outlives us."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageFont

from handeye.agent.grounding.screen import ScreenReader, TextLine, reading_order
from handeye.environments.browser.host import BrowserHost
from handeye.tools.errors import EnvironmentFailed
from handeye.tools.geometry import Box
from handeye.tools.pixels import Frame

Text = tuple[int, int, str]

FORM: list[Text] = [
    (20, 16, "Billing address"),
    (20, 60, "First name"),
    (220, 60, "Ada"),
    (20, 90, "Last name"),
    (220, 90, "Lovelace"),
    (20, 120, "Postcode"),
    (220, 120, "10117"),
    (20, 180, "Cancel"),
    (220, 180, "Save changes"),
    (20, 230, "Your card is charged when the parcel leaves our warehouse."),
    (20, 252, "You can send it back within thirty days."),
]


def draw(
    texts: Sequence[Text],
    size: int = 15,
    *,
    width: int = 480,
    height: int = 288,
    ink: str = "#222",
    paper: str = "#fff",
) -> Frame:
    """A frame with texts at the left top corners given."""
    image = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(image)
    for x, y, text in texts:
        pen.text((x, y), text, ink, ImageFont.load_default(size=size))
    return Frame.from_pixels(np.asarray(image))


def dense(seed: int) -> Frame:
    """A page that takes a while."""
    word = "alpha bravo charlie delta echo foxtrot golf hotel india juliet".split()
    lines = [(10 + 420 * (n % 3), 8 + 22 * (n // 3), f"{word[(n + seed) % 10]} {word[n % 7]} {n}") for n in range(96)]
    return draw(lines, width=1280, height=720)


def said(lines: Sequence[TextLine]) -> list[str]:
    return [line.text for line in lines]


def said_by(texts: Sequence[Text]) -> list[str]:
    return [text for _, _, text in texts]


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Looks again and again; the deadline is there to fail, not to measure."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    # nobody may be there to reap an orphan
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def works(pid: int) -> Callable[[], bool]:
    """Whether a process has spent noticeably more CPU time than now."""
    process = psutil.Process(pid)
    before = process.cpu_times().user
    return lambda: process.cpu_times().user > before + 0.1


def worker(reader: ScreenReader) -> int:
    assert reader.pid is not None
    return reader.pid


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader() -> AsyncIterator[ScreenReader]:
    async with ScreenReader() as shared:
        yield shared


@pytest_asyncio.fixture(loop_scope="session")
async def fresh() -> AsyncIterator[ScreenReader]:
    async with ScreenReader() as own:
        yield own


@pytest.mark.parametrize(("ink", "paper"), [("#222", "#fff"), ("#ddd", "#1e1e1e"), ("#999", "#fff"), ("#fff", "#0a6")])
@pytest.mark.parametrize("size", [12, 15, 18])
async def test_every_line_is_read_where_it_is(reader: ScreenReader, size: int, ink: str, paper: str) -> None:
    frame = draw(FORM, size, ink=ink, paper=paper, width=512)
    lines = await reader.read(frame)
    assert said(lines) == said_by(FORM)
    for (x, y, text), line in zip(FORM, lines, strict=True):
        left, top, right, bottom = ImageFont.load_default(size=size).getbbox(text)
        drawn = Box(left=x + left, top=y + top, right=x + right, bottom=y + bottom)
        assert line.box.grown(2).encloses(drawn)
        assert drawn.grown(size).encloses(line.box)
        assert frame.box.encloses(line.box)
        assert 0.5 < line.score <= 1


async def test_digits_that_stand_alone(reader: ScreenReader) -> None:
    days = [(20 + 40 * (n % 7), 20 + 40 * (n // 7), str(n + 1)) for n in range(31)]
    assert said(await reader.read(draw(days, 14))) == [str(n + 1) for n in range(31)]


async def test_a_large_screen_is_not_shrunk(reader: ScreenReader) -> None:
    texts = [(40, 20, "Left edge 0123"), (2700, 20, "Right edge 4567"), (2700, 160, "Bottom right 89")]
    assert said(await reader.read(draw(texts, 13, width=2880, height=192))) == said_by(texts)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 3), (31, 33), (300, 9), (7, 300)])
async def test_nothing_to_read(reader: ScreenReader, width: int, height: int) -> None:
    assert await reader.read(draw([], width=width, height=height)) == ()


def test_reading_order() -> None:
    def at(left: float, top: float, text: str, height: float = 20) -> TextLine:
        return TextLine(text, Box.at(left, top, 50, height), 1)

    jumbled = [at(200, 13, "b"), at(10, 60, "d"), at(10, 10, "a"), at(400, 8, "c", 26), at(200, 64, "e")]
    assert "".join(said(reading_order(jumbled))) == "abcde"
    assert reading_order([]) == ()


async def test_the_same_pixels_are_read_once(fresh: ScreenReader) -> None:
    first = await fresh.read(draw(FORM))
    assert (await fresh.read(Frame.from_png(draw(FORM).png))) == first
    crowd = await asyncio.gather(*(fresh.read(draw(FORM[:4])) for _ in range(20)))
    assert [said(lines) for lines in crowd] == [said_by(FORM[:4])] * 20
    assert fresh.counts.whole + fresh.counts.parts == 2
    assert fresh.counts.starts == 1


async def test_frames_at_the_same_time(fresh: ScreenReader) -> None:
    # more than are taken on at a time, each with something of its own
    frames = [draw([(20, 20, f"Window number {n}")], width=320 + n, height=64) for n in range(20)]
    for n, lines in enumerate(await asyncio.gather(*map(fresh.read, frames))):
        assert said(lines) == [f"Window number {n}"]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([*FORM[:2], (220, 60, "Augusta"), *FORM[3:]], id="replaced"),
        pytest.param([*FORM[:4], (220, 90, "Lovelace-Byron"), *FORM[5:]], id="longer", marks=pytest.mark.slow),
        pytest.param([*FORM[:6], *FORM[7:]], id="removed", marks=pytest.mark.slow),
        pytest.param([*FORM[:6], (110, 120, "is missing"), *FORM[6:]], id="beside", marks=pytest.mark.slow),
        pytest.param(
            [*FORM[:7], (20, 150, "Country"), (220, 150, "Germany"), *FORM[7:]], id="between", marks=pytest.mark.slow
        ),
        pytest.param(
            [*FORM[:9], (20, 230, "Your card is charged at once."), FORM[10]], id="shorter", marks=pytest.mark.slow
        ),
        pytest.param(
            [*FORM[:10], (20, 252, "You can send it back within fifty days, for nothing.")],
            id="at the edge",
            marks=pytest.mark.slow,
        ),
    ],
)
async def test_a_change_read_alone_equals_the_whole(fresh: ScreenReader, after: list[Text]) -> None:
    await fresh.read(draw(FORM))
    partly = await fresh.read(draw(after))
    assert (fresh.counts.whole, fresh.counts.parts) == (1, 1)
    async with ScreenReader() as other:
        whole = await other.read(draw(after))
    assert said(partly) == said(whole) == said_by(after)
    for mine, theirs in zip(partly, whole, strict=True):
        assert mine.box.iou(theirs.box) > 0.6


async def test_changes_upon_changes(fresh: ScreenReader) -> None:
    # typed letter by letter, while another tab of the same size takes turns
    other = draw([(20, 60, "Inbox"), (20, 120, "Drafts")], paper="#eef")
    lines: tuple[TextLine, ...] = ()
    for typed in ("A", "Ad", "Ada", "Ada B", "Ada By", "Ada Byr", "Ada Byron"):
        await fresh.read(other)
        lines = await fresh.read(draw([*FORM[:2], (220, 60, typed), *FORM[3:]]))
    assert said(lines) == [*said_by(FORM[:2]), "Ada Byron", *said_by(FORM[3:])]
    assert (fresh.counts.whole, fresh.counts.parts) == (2, 6)


async def test_a_large_change_is_read_whole(fresh: ScreenReader) -> None:
    await fresh.read(draw(FORM))
    moved = [(x + 7, y + 5, text) for x, y, text in FORM]
    assert said(await fresh.read(draw(moved))) == said_by(moved)
    assert (fresh.counts.whole, fresh.counts.parts) == (2, 0)


async def test_noise_is_no_change_but_a_fade_is(fresh: ScreenReader) -> None:
    before = await fresh.read(draw(FORM))
    pixels = draw(FORM).pixels.copy()
    pixels[::3, ::2] ^= 1  # as when Chromium draws a button again
    assert await fresh.read(Frame.from_pixels(pixels)) == before
    assert (fresh.counts.whole, fresh.counts.parts) == (1, 0)
    lines: tuple[TextLine, ...] = ()
    for level in (0xFB, 0xF0, 0xC0, 0x80, 0x22):
        page = Image.fromarray(draw(FORM).pixels)
        ImageDraw.Draw(page).text((220, 150), "Saved", (level,) * 3, ImageFont.load_default(size=15))
        lines = await fresh.read(Frame.from_pixels(np.asarray(page)))
    assert said(lines) == [*said_by(FORM[:7]), "Saved", *said_by(FORM[7:])]
    assert fresh.counts.whole == 1


@pytest.mark.slow
async def test_a_worker_killed_in_the_middle_of_a_page(fresh: ScreenReader) -> None:
    await fresh.read(draw(FORM))
    first = worker(fresh)
    busy = works(first)
    page = asyncio.create_task(fresh.read(dense(0)))
    await until(busy)
    assert not page.done()
    os.kill(first, signal.SIGKILL)
    assert len(await page) == 96
    assert fresh.counts.starts == 2
    assert worker(fresh) != first
    # and between two pages
    os.kill(worker(fresh), signal.SIGKILL)
    assert said(await fresh.read(draw(FORM[:3]))) == said_by(FORM[:3])
    assert fresh.counts.starts == 3


async def test_ctrl_c_is_for_the_parent(fresh: ScreenReader) -> None:
    await fresh.read(draw(FORM))
    os.kill(worker(fresh), signal.SIGINT)
    assert said(await fresh.read(draw(FORM[:5]))) == said_by(FORM[:5])
    assert fresh.counts.starts == 1


async def test_a_worker_that_never_answers() -> None:
    async with ScreenReader(timeout=0.001) as impatient:
        with pytest.raises(EnvironmentFailed, match="died twice on a frame of 480x288") as failure:
            await impatient.read(draw(FORM))
        assert "handeye doctor" in failure.value.remedy
        assert impatient.counts.starts == 2
        assert impatient.pid is None


async def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rapidocr.py").write_text("raise ModuleNotFoundError(\"No module named 'rapidocr'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with ScreenReader() as reader:
        with pytest.raises(EnvironmentFailed, match="No module named 'rapidocr'") as failure:
            await reader.read(draw(FORM))
    assert "handeye doctor" in failure.value.remedy
    assert reader.counts.starts == 1


async def test_a_caller_who_leaves(fresh: ScreenReader) -> None:
    await fresh.read(draw(FORM))
    busy = works(worker(fresh))
    leaver = asyncio.create_task(fresh.read(dense(1)))
    stayer = asyncio.create_task(fresh.read(dense(1)))
    await until(busy)
    page = dense(2)
    queued = asyncio.create_task(fresh.read(page))
    await asyncio.to_thread(lambda: page.pixel_hash)
    leaver.cancel()
    queued.cancel()
    for task in (leaver, queued):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(await stayer) == 96
    assert said(await fresh.read(draw(FORM[:3]))) == said_by(FORM[:3])
    # the one whose only caller left was never begun
    assert fresh.counts.whole + fresh.counts.parts == 3
    assert fresh.counts.starts == 1


async def test_what_was_begun_for_nobody_is_kept(fresh: ScreenReader) -> None:
    await fresh.read(draw(FORM))
    busy = works(worker(fresh))
    alone = asyncio.create_task(fresh.read(dense(3)))
    await until(busy)
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone
    assert len(await fresh.read(dense(3))) == 96
    assert fresh.counts.whole == 2


async def test_one_reader_in_several_loops() -> None:
    reader = ScreenReader()

    async def crowd(first: int) -> list[tuple[TextLine, ...]]:
        # more than are taken on at a time: somebody has to wait, which is what binds things to a loop
        frames = [draw([(20, 20, f"Window number {n}")], width=320, height=64) for n in range(first, first + 10)]
        return await asyncio.gather(*map(reader.read, frames))

    for first in (10, 20):
        found = await asyncio.to_thread(asyncio.run, crowd(first))
        assert [said(lines) for lines in found] == [[f"Window number {n}"] for n in range(first, first + 10)]
    assert reader.counts.starts == 1
    await asyncio.to_thread(asyncio.run, reader.close())
    assert reader.pid is None


async def test_closing(fresh: ScreenReader) -> None:
    await fresh.read(draw(FORM))
    pid = worker(fresh)
    busy = works(pid)
    tasks = [asyncio.create_task(fresh.read(dense(seed))) for seed in (4, 5)]
    await until(busy)
    await fresh.close()
    assert gone(pid)
    for task in tasks:
        with pytest.raises(EnvironmentFailed, match="closed"):
            await task
    with pytest.raises(EnvironmentFailed, match="closed"):
        await fresh.read(dense(6))
    await fresh.close()
    await ScreenReader().close()


PARENT = """
import asyncio, os, sys
from pathlib import Path
from handeye.agent.grounding.screen import ScreenReader
from handeye.tools.pixels import Frame

async def main():
    reader = ScreenReader()
    small, large = (Frame.from_png(Path(name).read_bytes()) for name in sys.argv[2:])
    await reader.read(small)
    if sys.argv[1] == "forked" and os.fork() == 0:
        sys.stdin.read()  # and holds all that its parent had open
        os._exit(0)
    print(reader.pid, flush=True)
    if sys.argv[1] == "busy":
        await reader.read(large)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.mark.parametrize("state", ["idle", "busy", "forked"])
async def test_the_worker_does_not_outlive_its_parent(tmp_path: Path, state: str) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    small.write_bytes(draw(FORM).png)
    large.write_bytes(dense(7).png)
    command = [sys.executable, "-c", PARENT, state, str(small), str(large)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:  # noqa: ASYNC220
        assert parent.stdout is not None
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        if state == "busy":
            await until(works(pid))
        assert not gone(pid)
        parent.kill()
        await until(lambda: gone(pid), 5)


async def test_the_worker_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # what lies about in the working directory is not taken for a module of its own
    (tmp_path / "queue.py").write_text("raise SystemExit('not yours')")
    monkeypatch.chdir(tmp_path)
    async with ScreenReader() as reader:
        assert said(await reader.read(draw(FORM))) == said_by(FORM)
    assert [path.name for path in tmp_path.iterdir()] == ["queue.py"]


async def test_the_program_says_nothing_and_ends_with_its_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "handeye.agent.grounding.ocr"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    size = int.from_bytes(await process.stdout.readexactly(4), "big")
    assert await process.stdout.readexactly(size) == b'{"ready": true}'
    process.stdin.close()
    assert await process.stdout.read() == b""
    assert await process.stderr.read() == b""
    assert await process.wait() == 0
    assert list(tmp_path.iterdir()) == []


SHOP = """<style>body{font:13px sans-serif} td{padding:6px 14px}</style><h2>Orders</h2>
<input value="blue mug"> <button>Search</button>
<table><tr><td>A-10293<td>2024-03-17<td>$1,299.00<td>Shipped<tr><td>B-77120<td>2024-04-09<td>$7.25<td>Cancelled</table>
<p style="font-size:11px;color:#777">Prices include taxes.</p>"""


@pytest.mark.browser
async def test_a_page_in_chromium(fresh: ScreenReader, host: BrowserHost) -> None:
    browser = await host.browser()
    page = await browser.new_page(viewport={"width": 640, "height": 360})
    try:
        await page.set_content(SHOP)
        before = await fresh.read(Frame.from_png(await page.screenshot()))
        cell = await page.locator("td", has_text="$7.25").bounding_box()
        await page.fill("input", "green teapot")
        after = await fresh.read(Frame.from_png(await page.screenshot()))
    finally:
        await page.close()
    rest = "Search A-10293 2024-03-17 $1,299.00 Shipped B-77120 2024-04-09 $7.25 Cancelled".split()
    assert said(before) == ["Orders", "blue mug", *rest, "Prices include taxes."]
    assert said(after) == ["Orders", "green teapot", *rest, "Prices include taxes."]
    assert (fresh.counts.whole, fresh.counts.parts) == (1, 1)
    price = next(line for line in after if line.text == "$7.25")
    assert cell is not None
    assert Box.at(cell["x"], cell["y"], cell["width"], cell["height"]).contains(price.box.center)
