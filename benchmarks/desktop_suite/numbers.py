"""What the desktop costs, beside the same done by hand in the same run: a capture, a click, a whole step. Ratios of medians; none fails."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np

from ...environments.desktop.environment import DesktopEnvironment
from ...environments.desktop.settling import SettleConfig
from ...environments.desktop.x11.display import connect
from ...environments.desktop.x11.seat import X11Seat
from ...environments.desktop.x11.server import PrivateServer
from ...episodes.schema import Start
from ...tools.actions import Click
from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Box, Point, Size
from ...tools.pixels import Frame
from ..figures import Asked, Found, Line

SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
_FULL, _FEW = 200, 40
_STEPS = 6
"""Steps timed, of each kind, at the small size; four times as many at full."""


class Sides(NamedTuple):
    """Seconds of the same thing, done by ours and by hand in turn."""

    ours: list[float]
    bare: list[float]


def part(asked: Asked) -> Found:
    """Captures at three sizes, clicks, steps; the pixels of both ways of capturing have to be the same."""
    times = _FULL if asked.full else _FEW
    lines: list[Line] = []
    notes: list[str] = []
    for width, height in SIZES:
        same, took = captures(width, height, times)
        missed = "" if same == times else "what the seat captured is not what the library did"
        lines.append(
            Line(f"numbers: captures at {width}x{height} with the library's own pixels", same, times, None, missed)
        )
        notes.append(f"a capture at {width}x{height}: {_against(took, 'the bare library call')}")
    notes.append(f"a click: {_against(clicks(times), 'bare XTEST')}")
    took = asyncio.run(steps(_STEPS * 4 if asked.full else _STEPS))
    rest = f"a step, {SettleConfig().rest * 1000:.0f} ms of rest in each"
    notes.append(f"{rest}: {_against(took, 'a loop by hand (XTEST, mss, the same rest, PNG, hash)')}")
    return Found(tuple(lines), tuple(notes))


def captures(width: int, height: int, times: int) -> tuple[int, Sides]:
    """Captures of a screen of that size, and how many had the same pixels both ways."""
    import mss

    with closing(PrivateServer()) as server:
        name = server.start(Size(width=width, height=height))
        box, whole = Box.at(0, 0, width, height), {"left": 0, "top": 0, "width": width, "height": height}
        with closing(X11Seat(name)) as seat, mss.MSS(display=name) as library:
            pairs = [_pair(lambda: seat.glance(box), lambda: library.grab(whole)) for _ in range(times)]
            same = sum(
                np.array_equal(ours.view(np.uint8).reshape(height, width, 4)[..., :3], _bgr(bare))
                for (_, ours), (_, bare) in pairs
            )
    return same, Sides([ours for (ours, _), _ in pairs], [bare for _, (bare, _) in pairs])


def _bgr(shot: Any) -> Any:
    return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)[..., :3]


def clicks(times: int) -> Sides:
    """Clicks all over a screen on which nothing is."""
    from Xlib import X
    from Xlib.ext import xtest

    with closing(PrivateServer()) as server:
        name = server.start(Size(width=1280, height=720))
        with closing(X11Seat(name)) as seat, closing(connect(name)) as bare:
            places = [Point(x=10 + 7 * n, y=20 + 3 * n) for n in range(times)]

            def by_hand(at: Point) -> None:
                xtest.fake_input(bare, X.MotionNotify, x=int(at.x), y=int(at.y))
                xtest.fake_input(bare, X.ButtonPress, 1)
                xtest.fake_input(bare, X.ButtonRelease, 1)
                bare.sync()

            def ours(at: Point) -> None:
                seat.move(at)
                seat.press("left")
                seat.release("left")

            pairs = [_pair(lambda at=at: ours(at), lambda at=at: by_hand(at)) for at in places]  # type: ignore[misc]
    return Sides([each[0] for each, _ in pairs], [each[0] for _, each in pairs])


async def steps(times: int) -> Sides:
    """Steps on a calculator that shows something else after each, by the environment and by hand with the same rule of rest."""
    world = DesktopEnvironment("sandbox")
    try:
        now = await world.reset(
            Start.model_validate({"viewport": {"width": 1280, "height": 720}, "programs": ["galculator"]})
        )
        tree = await now.tree.get()
        boxes = {node.name: node.box for node in tree.nodes if node.role == "button"} if tree is not None else {}
        seven, clear = boxes.get("7"), boxes.get("C")
        if seven is None or clear is None or world.private is None:
            raise EnvironmentFailed(
                "the calculator does not say where its keys are", remedy="apt-get install at-spi2-core"
            )
        ours, bare = [], []
        with closing(_ByHand(world.private)) as hand:
            for _ in range(times):
                for box in (seven, clear):
                    began = time.perf_counter()
                    came = await world.step(Click(at=box.center), now.id)
                    _kept(came.observation.frame)
                    ours.append(time.perf_counter() - began)
                    now = came.observation
                for box in (seven, clear):
                    began = time.perf_counter()
                    _kept(await hand.step(box.center))
                    bare.append(time.perf_counter() - began)
                now = await world.look()
    finally:
        await world.close()
    return Sides(ours, bare)


class _ByHand:
    """Clicks and waits for rest with nothing but the two libraries."""

    def __init__(self, name: str) -> None:
        import mss

        self._display = connect(name)
        self._camera = mss.MSS(display=name)

    def close(self) -> None:
        self._camera.close()
        self._display.close()

    async def step(self, at: Point) -> Frame:
        from Xlib import X
        from Xlib.ext import xtest

        rule = SettleConfig()
        last, changed = self._grab(), False
        for kind, detail in ((X.MotionNotify, 0), (X.ButtonPress, 1), (X.ButtonRelease, 1)):
            xtest.fake_input(self._display, kind, detail, x=int(at.x), y=int(at.y))
        self._display.sync()
        acted = since = time.perf_counter()
        while time.perf_counter() - since < rule.rest or not (changed or time.perf_counter() - acted > rule.onset):
            await asyncio.sleep(0.01)
            now = self._grab()
            if not np.array_equal(now.view(np.uint64), last.view(np.uint64)):
                last, changed, since = now, True, time.perf_counter()
        return Frame.from_pixels(np.ascontiguousarray(last.reshape(720, 1280, 4)[..., 2::-1]))

    def _grab(self) -> Any:
        return np.frombuffer(self._camera.grab(self._camera.monitors[0]).raw, np.uint8)


def _kept(frame: Frame) -> None:
    """What a recorded step does with a picture, but for the disk."""
    assert frame.png and frame.sha256


def _pair(ours: Callable[[], Any], bare: Callable[[], Any]) -> tuple[tuple[float, Any], tuple[float, Any]]:
    """Seconds of both, one right after the other, and what they gave."""
    return _timed(ours), _timed(bare)


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    came = call()
    return time.perf_counter() - began, came


def _against(took: Sides, what: str) -> str:
    mine, floor = statistics.median(took.ours) * 1000, statistics.median(took.bare) * 1000
    return f"{mine:.2f} ms, {mine / floor:.2f} times {what} ({floor:.2f} ms)"
