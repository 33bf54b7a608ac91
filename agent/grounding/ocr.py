"""Reads the text in images with PP-OCR (``rapidocr``) on the CPU, in a process of its own: both ends of its pipe.

Run as ``python -m handeye.agent.grounding.ocr``, which is what `Worker` does. Over stdin comes one image after another, each
as width and height (two big-endian 32-bit numbers) and the RGB values; over stdout goes, for the start and then for each
image, a length (the same kind of number) and that much JSON: ``{"ready": true}`` or ``{"error": "…"}``, then
``{"lines": [[text, left, top, right, bottom, score], …]}``.

The process ends as soon as its stdin does, in the middle of a page too, so it cannot outlive whoever started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...tools.errors import EnvironmentFailed
from ...tools.pixels import Pixels

GRID = 32
"""The detection network works in cells of this many pixels: an image cut along them is seen as it was within the whole."""

_SMALLEST = 8
"""Pixels of height. The boxes are larger than the ink: what is lower than this is a rounded corner taken for a letter."""

_CONTRAST = 24
"""Levels of a channel (of 256) between ink and paper."""

_BORDER = 4
"""Pixels that the border of a field is wide at most."""

REMEDY = "Run `handeye doctor`: it says what is missing on this machine, and how to get it."
_SIZE = struct.Struct(">II")
_LENGTH = struct.Struct(">I")

# Chosen on pages of 1280×720 with text of 9 to 18 pixels, light and dark: native resolution, and a button is not read as
# one line with the link beside it.
_SETTINGS: dict[str, Any] = {
    "Global.log_level": "critical",
    "Global.use_cls": False,  # nothing on a screen is upside down
    "Global.use_vertical_padding": False,  # letterboxes what is wide and low, which a changed line of text is
    "Global.max_side_len": 1 << 16,  # the default shrinks what is wider than 2000
    "Det.limit_type": "max",  # the default blows up to 736 whatever is lower
    "Det.limit_side_len": 1 << 16,
    "Det.thresh": 0.6,
    "Det.use_dilation": False,
    "Det.unclip_ratio": 1.8,  # what the higher threshold takes from the boxes
    # Alone and unpadded a line reads the same whatever else the image shows; on a CPU that is faster than in batches, too.
    "Rec.rec_batch_num": 1,
    "Rec.rec_img_shape": [3, 48, 96],
}


class Found(NamedTuple):
    """A line of text as the worker sends it; the box is in pixels of the image sent."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    score: float


class WorkerDied(Exception):
    """The process ended, or was ended because it hung, before it answered."""


class Worker:
    """The parent's end: one process, one caller at a time, blocking.

    Args:
        timeout: Seconds after which a process that does not answer is killed.
    """

    def __init__(self, timeout: float = 120.0) -> None:
        self._timeout = timeout
        self._ready = False
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - as long-lived as the process, see `dispose`
        # -P: a `queue.py` in the working directory is not ours.
        command = [sys.executable, "-P", "-W", "ignore", "-m", __name__]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said)
        except OSError as error:
            self._said.close()
            raise EnvironmentFailed(
                f"the process that reads the screen did not start: {error}", remedy=REMEDY
            ) from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def read(self, pixels: Pixels) -> list[Found]:
        """The lines of text in an image, in no promised order.

        Raises:
            WorkerDied: It did not answer; it has to be disposed of.
            EnvironmentFailed: It cannot run on this machine.
        """
        height, width, _ = pixels.shape
        if not self._ready:
            hello = self._exchange(lambda _: None)
            if "error" in hello:
                raise EnvironmentFailed(f"the screen cannot be read: {hello['error']}", remedy=REMEDY)
            self._ready = True

        def send(stdin: IO[bytes]) -> None:
            stdin.write(_SIZE.pack(width, height))
            stdin.write(np.ascontiguousarray(pixels).data)
            stdin.flush()

        return [Found(*line) for line in self._exchange(send)["lines"]]

    def _exchange(self, send: Callable[[IO[bytes]], None]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        watchdog = threading.Timer(self._timeout, self.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            send(stdin)
            head = _take(stdout, _LENGTH.size)
            body = head and _take(stdout, _LENGTH.unpack(head)[0])
        except BrokenPipeError:
            body = None
        finally:
            watchdog.cancel()
        if body is None:
            raise WorkerDied(self._last_words())
        answer: dict[str, Any] = json.loads(body)
        return answer

    def _last_words(self) -> str:
        self.kill()
        code = self._process.wait()
        self._said.seek(0)
        words = self._said.read().decode(errors="replace").strip().splitlines()
        return f"exit code {code}" + (f", {words[-1].strip()}" if words else "")

    def kill(self) -> None:
        """Ends the process; may be called from any thread, whoever waits in `read` gets `WorkerDied`."""
        self._process.kill()

    def dispose(self) -> None:
        """Ends the process, waits for its end and closes what belongs to it; not while another thread is in `read`."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            # what was not sent yet is flushed on closing, to nobody
            with contextlib.suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()


def _take(stream: IO[bytes], size: int) -> bytes | None:
    data = stream.read(size)
    return data if len(data) == size else None


def main() -> None:
    """The worker's end."""
    # Ctrl-C in a terminal reaches the whole group: what it means is decided by the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pages: queue.SimpleQueue[Pixels] = queue.SimpleQueue()
    threading.Thread(target=_feed, args=(pages,), daemon=True).start()
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    # a library that prints would break the stream
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        recognize = _load()
    except ImportError as error:
        _answer(answers, {"error": str(error)})
        return
    _answer(answers, {"ready": True})
    while True:
        _answer(answers, {"lines": recognize(pages.get())})


def _feed(pages: queue.SimpleQueue[Pixels]) -> None:
    """Takes in what is sent, beside the work, so that the end of stdin is seen at once."""
    stdin = sys.stdin.buffer
    while head := _take(stdin, _SIZE.size):
        width, height = _SIZE.unpack(head)
        body = _take(stdin, width * height * 3)
        if body is None:
            break
        pages.put(np.frombuffer(body, np.uint8).reshape(height, width, 3))
    os._exit(0)


def _follow(parent: int) -> None:
    """Ends the process with its parent even where a fork of the parent still holds the other end of stdin."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def _answer(stream: IO[bytes], answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    try:
        stream.write(_LENGTH.pack(len(body)) + body)
        stream.flush()
    except BrokenPipeError:
        os._exit(0)


def _load() -> Callable[[Pixels], list[Found]]:
    """Loads the models.

    Raises:
        ImportError: ``rapidocr`` or the runtime of its models is not installed.
    """
    # As published since 1.29 the runtime reports to its maker, and keeps an id and a database in the home directory.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from omegaconf import flag_override
    from rapidocr import RapidOCR

    class Engine(RapidOCR):  # type: ignore[misc, unused-ignore]  # untyped where it is not installed
        def crop_text_regions(self, img: Pixels, det_boxes: Any) -> Any:
            # in place: these are the boxes that come back with the text
            for corners in det_boxes:
                _fit(img, corners)
            return super().crop_text_regions(img, det_boxes)

    engine = Engine(params=_SETTINGS)
    for part in (engine.cfg.Det, engine.cfg.Rec):
        with flag_override(part, "allow_objects", True):
            part.session = _session(Path(engine.cfg.Global.model_root_dir), part)
    # A model is loaded when it is first used: here, rather than on someone's first page.
    blank = np.zeros((GRID * 2, GRID * 2, 3), np.uint8)
    engine(blank)
    engine(blank, use_det=False)

    def recognize(pixels: Pixels) -> list[Found]:
        height, width, _ = pixels.shape
        # The networks were trained on BGR. Filled up to whole cells, or the image would be stretched to them.
        image = np.pad(pixels[:, :, ::-1], ((0, -height % GRID), (0, -width % GRID), (0, 0)), mode="edge")
        # what was said about use_det above is remembered otherwise
        found: Any = engine(image, use_det=True)
        if found.boxes is None:
            return []
        lines = []
        for text, corners, score in zip(found.txts, found.boxes, found.scores, strict=True):
            left, top = corners.min(axis=0).tolist()
            # into the image again, off what it was filled up with
            right, bottom = np.minimum(corners.max(axis=0), (width, height)).tolist()
            if right > left and bottom - top >= _SMALLEST:
                lines.append(Found(text.strip(), left, top, right, bottom, float(score)))
        return lines

    return recognize


def _fit(image: Pixels, corners: Any) -> None:
    """Corrects where a line ends: the network cuts through a full stop, and takes in the border of a field or button.

    A border read as a bracket is a wrong text. What is tilted is left as it is.
    """
    left, top = corners.min(axis=0).astype(int)
    right, bottom = corners.max(axis=0).astype(int)
    height = bottom - top
    if abs(corners[0][1] - corners[1][1]) > height / 4:
        return
    reach = height // 2
    start, stop = max(0, left - reach), min(image.shape[1], right + reach)
    strip = image[top:bottom, start:stop].astype(np.int16)
    paper = np.median(strip[:, left - start : right - start], axis=(0, 1))
    share = (np.abs(strip - paper).max(axis=2) > _CONTRAST).mean(axis=0)
    new_right = start + _end(share, right - start, reach)
    new_left = stop - _end(share[::-1], stop - left, reach)
    if new_right - new_left > (right - left) / 2:
        corners[:] = [[new_left, top], [new_right, top], [new_right, bottom], [new_left, bottom]]


def _end(share: NDArray[np.float64], end: int, reach: int) -> int:
    """Where a line ends that was thought to end at column ``end``; ``share`` says how much of each column is ink."""
    first = max(0, end - reach)
    limit = len(share)
    for column in range(first, limit):
        if share[column] > 0.9:
            beyond = share[column : column + _BORDER + 1]
            if column < end and len(beyond) > _BORDER and beyond[-1] > 0.9:
                return end  # too wide for a border: a picture, perhaps
            limit = column
            break
    last = 0
    for column in range(first, limit):
        if column >= end and column - last > 1:
            break
        if column >= end and share[column] > 0.5:
            limit = column  # no full stop: a rounded border, or another word
            break
        if share[column] > 0:
            last = column + 1
    if last == 0 or last == end + reach:
        return min(end, limit)  # no ink, or ink as far as can be seen, which is not the rest of this line
    return min(last + reach // 2, limit)


def _session(models: Path, part: Any) -> Any:
    """A model of ``rapidocr``, started by us: so that nothing is fetched when its file is missing.

    Also, its threads sleep while they wait. By default they spin, which on two busy cores costs half as much CPU time again.
    """
    from onnxruntime import InferenceSession, SessionOptions

    marks = (part.ocr_version.value, part.task_type.value, part.model_type.value)
    file = next((path for path in models.glob("*.onnx") if all(mark in path.name for mark in marks)), None)
    if file is None:
        raise ImportError(f"rapidocr is installed without its models: no {'_'.join(marks)} in {models}")
    options = SessionOptions()
    # more threads than cores only hinder each other
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # a fifth of a gigabyte for a few percent of time
    options.log_severity_level = 4
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
