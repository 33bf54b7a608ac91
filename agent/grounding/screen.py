"""The text on the screen and where it is: reads frames with the OCR worker, each no more than once and only what changed.

A page of 1280×720 costs a second or more of CPU. So a reading is kept by the hash of the pixels, callers who ask for the
same frame share one, and of a frame that differs little from one read lately only the surroundings of the change are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Box
from ...tools.pixels import Frame, Pixels, difference
from .ocr import GRID, REMEDY, Worker, WorkerDied

_QUEUE = 8
"""Frames taken on at a time, by each event loop; who comes later waits before anything is queued for them."""

_KEPT = 512
"""Readings kept by pixel hash: some tens of kilobytes each."""

_RECENT = 4
"""Frames kept with their pixels, to find what changed: several episodes or tabs may take turns."""

_WHOLE = 0.5
"""From this share of the frame on, reading a part saves too little."""

_NEAR = 4
"""Pixels by which the box of a line may be off, or a change touch it without overlapping it."""

_NOISE = 8
"""Levels of a channel (of 256) below which a change alters no text. Chromium draws unchanged text again with ±1."""

_CONTEXT = 16
"""Pixels of surroundings without which a line at the edge of a cut-out is read worse than within the page."""


class TextLine(NamedTuple):
    """A line of text on the screen.

    Attributes:
        text: What it says.
        box: Where it is, in frame pixels; a few pixels larger than the ink.
        score: How sure the recognition is, 0.5 to 1.
    """

    text: str
    box: Box
    score: float


class ReadCounts(NamedTuple):
    """What a `ScreenReader` had its worker do.

    Attributes:
        whole: Frames read as a whole.
        parts: Frames of which only a part was read.
        starts: Processes started; more than one means that one died.
    """

    whole: int = 0
    parts: int = 0
    starts: int = 0


@dataclass
class _Job:
    future: Future[tuple[TextLine, ...]]
    waiters: int = 0


class ScreenReader:
    """Reads frames in one worker process, which starts with the first read and is replaced when it dies.

    Nothing in it belongs to an event loop: it may be used in several, one after the other. Close it when done.

    Args:
        timeout: Seconds after which a worker that does not answer counts as dead.
    """

    def __init__(self, timeout: float = 120.0) -> None:
        self._timeout = timeout
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="screen-reader")
        self._slots: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._jobs: dict[str, _Job] = {}
        self._known: OrderedDict[str, tuple[TextLine, ...]] = OrderedDict()
        self._recent: deque[tuple[Pixels, tuple[TextLine, ...]]] = deque(maxlen=_RECENT)  # the thread's own
        self._lock = threading.Lock()  # over what follows, and _known
        self._worker: Worker | None = None
        self._counts = ReadCounts()
        self._closed = False

    @property
    def counts(self) -> ReadCounts:
        """What the worker did so far."""
        return self._counts

    @property
    def pid(self) -> int | None:
        """The process id of the worker; None while there is none."""
        worker = self._worker
        return worker.pid if worker else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def read(self, frame: Frame) -> tuple[TextLine, ...]:
        """The lines of text on a frame, from top to bottom and left to right.

        A caller who is cancelled leaves; what was begun is finished and kept, what was only queued for it is dropped.

        Raises:
            EnvironmentFailed: The worker cannot run here, or died twice on this frame; or the reader was closed.
        """
        key = await asyncio.to_thread(_hash, frame)
        if (lines := self._recall(key)) is not None:
            return lines
        async with self._gate():
            return await self._shared(key, frame)

    async def close(self) -> None:
        """Ends the worker at once, and with it what is being read. Closing again does nothing."""
        await asyncio.to_thread(self._stop)

    def _gate(self) -> asyncio.Semaphore:
        # a semaphore binds itself to the loop in which someone first had to wait
        loop = asyncio.get_running_loop()
        if self._slots is None or self._slots[0] is not loop:
            self._slots = loop, asyncio.Semaphore(_QUEUE)
        return self._slots[1]

    async def _shared(self, key: str, frame: Frame) -> tuple[TextLine, ...]:
        job = self._jobs.get(key)
        if job is None:
            try:
                job = self._jobs[key] = _Job(self._thread.submit(self._read, key, frame))
            except RuntimeError as error:
                raise _closed() from error
            job.future.add_done_callback(lambda _: self._jobs.pop(key, None))
        job.waiters += 1
        try:
            await _done(job.future)
            return job.future.result()
        except CancelledError as error:
            raise _closed() from error
        finally:
            job.waiters -= 1
            if not job.waiters:
                job.future.cancel()  # no effect once it has begun

    def _recall(self, key: str) -> tuple[TextLine, ...] | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    # From here on: in the thread.

    def _read(self, key: str, frame: Frame) -> tuple[TextLine, ...]:
        lines = self._recall(key)
        if lines is None:
            pixels = frame.pixels
            lines = self._read_change(pixels, frame.box)
            if lines is None:
                lines = reading_order(self._ask(pixels))
                self._counts = self._counts._replace(whole=self._counts.whole + 1)
                self._recent.appendleft((pixels, lines))
            with self._lock:
                self._known[key] = lines
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return lines

    def _read_change(self, pixels: Pixels, whole: Box) -> tuple[TextLine, ...] | None:
        """Reads what differs from a frame read lately; None where that is too much, or does not stand on its own."""
        for before, lines in self._recent:
            if before.shape != pixels.shape:
                continue
            # What is below the noise stays as it was read, or a slow fade would never be seen.
            seen = np.where(np.maximum(before, pixels) - np.minimum(before, pixels) < _NOISE, before, pixels)
            change = difference(before, seen)
            if change is None:
                return lines
            stale = [line for line in lines if _reaches(line.box, change)]
            part = _cut_out(Box.around([change, *(line.box for line in stale)]), whole)
            if part.area <= whole.area * _WHOLE:
                left, top, right, bottom = part.pixels(int(whole.width), int(whole.height))
                fresh = [
                    line._replace(box=line.box.offset(left, top)) for line in self._ask(pixels[top:bottom, left:right])
                ]
                self._counts = self._counts._replace(parts=self._counts.parts + 1)
                kept = [line for line in lines if line not in stale]
                news = _news(fresh, kept, [change.grown(_NEAR), *(line.box for line in stale)], part, whole)
                if news is None:
                    return None
                lines = reading_order(kept + news)
                self._recent.appendleft((seen, lines))
                return lines
        return None

    def _ask(self, pixels: Pixels) -> list[TextLine]:
        try:
            return self._ask_once(pixels)
        except WorkerDied:
            pass
        try:
            return self._ask_once(pixels)
        except WorkerDied as error:
            raise EnvironmentFailed(
                f"the process that reads the screen died twice on a frame of {pixels.shape[1]}x{pixels.shape[0]}: {error}",
                remedy=REMEDY,
            ) from error

    def _ask_once(self, pixels: Pixels) -> list[TextLine]:
        with self._lock:
            if self._closed:
                raise _closed()
            if self._worker is None:
                self._worker = Worker(self._timeout)
                self._counts = self._counts._replace(starts=self._counts.starts + 1)
            worker = self._worker
        try:
            found = worker.read(pixels)
        except BaseException:
            # the stream may have stopped within a message: this process is not asked again
            with self._lock:
                self._worker = None
            worker.dispose()
            raise
        return [
            TextLine(line.text, Box(left=line.left, top=line.top, right=line.right, bottom=line.bottom), line.score)
            for line in found
        ]

    def _stop(self) -> None:
        with self._lock:
            self._closed = True
            if self._worker is not None:
                self._worker.kill()
        self._thread.shutdown(cancel_futures=True)
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.dispose()


def reading_order(lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
    """Lines in rows from top to bottom, each row from left to right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.box.center.y):
        first = rows[-1][0].box if rows else None
        if first and line.box.center.y - first.center.y < min(first.height, line.box.height) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(line for row in rows for line in sorted(row, key=lambda line: line.box.left))


def _reaches(line: Box, change: Box) -> bool:
    """Whether a change may alter what is read there: words join to a line across gaps of about its height."""
    wide = Box(
        left=line.left - line.height,
        top=line.top - _NEAR,
        right=line.right + line.height,
        bottom=line.bottom + _NEAR,
    )
    return wide.intersection(change) is not None


def _cut_out(box: Box, whole: Box) -> Box:
    """The box with surroundings, along the grid on which the whole frame is seen."""
    wide = box.grown(_CONTEXT)
    return Box(
        left=max(whole.left, wide.left // GRID * GRID),
        top=max(whole.top, wide.top // GRID * GRID),
        right=min(whole.right, -(-wide.right // GRID) * GRID),
        bottom=min(whole.bottom, -(-wide.bottom // GRID) * GRID),
    )


def _news(
    fresh: Sequence[TextLine], kept: Sequence[TextLine], changed: Sequence[Box], part: Box, whole: Box
) -> list[TextLine] | None:
    """Of the lines read in a part of the frame, those that take the place of what was there.

    None when the part does not stand on its own: a line runs out of it, or has swallowed one that was to be kept.
    """
    news = []
    for line in fresh:
        if any(_share(line.box, known.box) > 0.7 for known in kept):
            continue  # seen again, perhaps only its end
        if not any(line.box.intersection(box) for box in changed):
            continue
        if _cut_off(line.box, part, whole) or any(_share(known.box, line.box) > 0.5 for known in kept):
            return None
        news.append(line)
    return news


def _share(box: Box, other: Box) -> float:
    """How much of ``box`` lies in ``other``, 0 to 1."""
    common = box.intersection(other)
    return common.area / box.area if common else 0.0


def _cut_off(line: Box, part: Box, whole: Box) -> bool:
    """Whether a line reaches an edge of the part that is not one of the frame."""
    near = 2
    return (
        (line.left - part.left <= near and part.left > whole.left)
        or (line.top - part.top <= near and part.top > whole.top)
        or (part.right - line.right <= near and part.right < whole.right)
        or (part.bottom - line.bottom <= near and part.bottom < whole.bottom)
    )


def _hash(frame: Frame) -> str:
    return frame.pixel_hash


def _closed() -> EnvironmentFailed:
    return EnvironmentFailed("the reader of the screen is closed")


async def _done(future: Future[tuple[TextLine, ...]]) -> None:
    """Waits for a future of another thread without owning it: to be cancelled here means nothing there."""
    loop = asyncio.get_running_loop()
    seen: asyncio.Future[None] = loop.create_future()

    def tell(_: Future[tuple[TextLine, ...]]) -> None:
        # the loop of a caller who has left may be closed by now
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, seen)

    future.add_done_callback(tell)
    await seen


def _settle(seen: asyncio.Future[None]) -> None:
    if not seen.done():
        seen.set_result(None)
