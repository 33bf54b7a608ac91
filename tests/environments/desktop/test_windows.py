"""Windows and monitors of an X display, with a window manager and without: listed, measured, brought to the front and closed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handeye.environments.desktop.seat import Shown
from handeye.environments.desktop.x11.display import boundary, connect
from handeye.environments.desktop.x11.seat import X11Seat
from handeye.environments.desktop.x11.server import PrivateServer
from handeye.environments.desktop.x11.windows import Windows
from handeye.tools.actions import Click, CloseWindow, FocusWindow, Wait
from handeye.tools.errors import ActionError, DisplayGone
from handeye.tools.geometry import Box, Point, Size

from .conftest import LIMIT, Open, divide, seen
from .shows import HEIGHT, WIDTH

pytestmark = [pytest.mark.display]

_BLUE = (0x20, 0x40, 0x80)


@pytest.fixture
def bare() -> Iterator[str]:
    """A display with nothing on it, not even a window manager."""
    server = PrivateServer()
    yield server.start(Size(width=640, height=400))
    server.close()


@pytest.fixture
def seat(bare: str) -> Iterator[X11Seat]:
    """A seat at it."""
    made = X11Seat(bare)
    yield made
    made.close()


@pytest.fixture
def show(bare: str) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a window of `shows.py` on it."""
    running: list[subprocess.Popen[bytes]] = []

    def start(kind: str) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("shows.py")
        running.append(subprocess.Popen([sys.executable, script, kind], env={"DISPLAY": bare, "XAUTHORITY": ""}))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.wait()


def listed(seat: X11Seat, wanted: Callable[[tuple[Shown, ...]], object]) -> tuple[Shown, ...]:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        windows = seat.windows()
        if wanted(windows):
            return windows
        time.sleep(0.02)
    raise AssertionError(f"it never came about: {seat.windows()}")


async def test_a_window_is_listed_as_it_is_seen(opened: Open) -> None:
    _, now = await opened("still")
    (window,) = now.windows
    assert (window.title, window.program, window.active, window.hidden) == ("shows still", "Shows", True, False)
    assert now.title == "shows still"
    white = (now.frame.pixels == 255).all(axis=2)
    rows, columns = np.flatnonzero(white.sum(axis=1) >= WIDTH), np.flatnonzero(white.sum(axis=0) >= HEIGHT)
    inside = Box(left=columns[0], top=rows[0], right=columns[-1] + 1, bottom=rows[-1] + 1)
    assert (inside.width, inside.height) == (WIDTH, HEIGHT)
    assert window.box.encloses(inside)
    # a title bar above, and at most a thin border around
    assert inside.top - window.box.top > 8
    assert max(inside.left - window.box.left, window.box.right - inside.right, window.box.bottom - inside.bottom) < 8
    # right outside of the box there is the background
    background = now.frame.pixels[-1, -1]
    assert (now.frame.pixels[int(window.box.bottom), int(window.box.left) + 5] == background).all()
    assert (now.frame.pixels[int(window.box.bottom) - 1, int(window.box.left) + 5] != background).any()


async def test_windows_are_brought_to_the_front_and_closed_by_their_ids(opened: Open) -> None:
    world, now = await opened("still", "caret")
    first = next(each for each in now.windows if each.title == "shows still")
    assert not first.active
    came = await world.step(FocusWindow(window=first.id), on=now.id)
    assert came.error is None and [each.event for each in came.sent] == ["focus window"]
    assert came.observation.title == "shows still"
    assert came.observation.windows[-1].id == first.id, "the lowest window is not listed first"
    came = await world.step(CloseWindow(window=first.id), on=came.observation.id)
    assert came.error is None
    gone, events = came.observation, [*came.observation.events]
    while len(gone.windows) > 1 or not any(each.kind == "program ended" for each in events):
        gone = await world.look()
        events += gone.events
    assert {"window closed", "program ended"} == {each.kind for each in events}
    assert next(each.detail for each in events if each.kind == "window closed") == "shows still"


async def test_a_window_that_is_not_there_is_refused_with_those_that_are(opened: Open) -> None:
    world, now = await opened("still")
    came = await world.step(CloseWindow(window="0x1"), on=now.id)
    assert came.error is not None and not came.sent
    assert "no window '0x1'" in str(came.error)
    assert f"{now.windows[0].id} “shows still”" in str(came.error.remedy)


async def test_an_opened_window_and_a_program_that_dies_are_events_told_once(opened: Open) -> None:
    world, now = await opened("fall", "still")
    assert not now.events
    window = next(each for each in now.windows if each.title == "shows fall")
    now = (await world.step(FocusWindow(window=window.id), on=now.id)).observation
    now = (await world.step(Click[Point](at=window.box.center), on=now.id)).observation
    events = [*now.events]
    until = time.monotonic() + LIMIT
    while len(events) < 2 and time.monotonic() < until:
        await asyncio.sleep(0.02)
        events += (await world.look()).events
    told = {each.kind: each.detail for each in events}
    assert told["window closed"] == "shows fall"
    assert "exit code 1" in told["program ended"] and "I fell over" in told["program ended"]
    assert len(events) == 2
    assert not (await world.look()).events
    came = await world.step(Wait[Point](seconds=0), on=(await world.look()).id)
    assert came.error is None


def test_without_a_window_manager_windows_are_those_of_the_server(seat: X11Seat, show: Callable[[str], object]) -> None:
    assert seat.windows() == ()
    show("still")
    (window,) = listed(seat, len)
    assert (window.title, window.program) == ("shows still", "Shows")
    assert window.box == Box.at(20, 30, WIDTH, HEIGHT)
    assert window.pid
    show("drawn")
    listed(seat, lambda windows: len(windows) == 2)
    seat.focus_window(window.id)
    assert [
        (each.title, each.active) for each in listed(seat, lambda now: now[-1].id == window.id and now[-1].active)
    ] == [
        ("shows drawn", False),
        ("shows still", True),
    ]
    seat.close_window(window.id)
    assert [each.title for each in listed(seat, lambda windows: len(windows) == 1)] == ["shows drawn"]
    with pytest.raises(ActionError, match="no window"):
        seat.close_window(window.id)


def test_a_screen_without_outputs_is_one_monitor_and_set_ones_count(seat: X11Seat, bare: str) -> None:
    (whole,) = seat.monitors()
    assert (whole.points, whole.pixels) == (Box.at(0, 0, 640, 400), Size(width=640, height=400))
    divide(bare)
    assert [(each.name, each.points) for each in seat.monitors()] == [
        ("left", Box.at(0, 0, 320, 400)),
        ("right", Box.at(320, 0, 320, 400)),
    ]


def test_a_capture_is_what_is_painted(seat: X11Seat, show: Callable[[str], object], bare: str) -> None:
    subprocess.run(["xsetroot", "-display", bare, "-solid", "#204080"], check=True)
    pixels = seat.grab(Box.at(100, 50, 33, 21))
    assert pixels.shape == (21, 33, 3)
    assert (pixels == _BLUE).all()
    words = seat.glance(Box.at(100, 50, 33, 21))
    assert words.dtype == np.uint32 and (words == 0x204080).all()


def test_a_display_that_disappears_is_said_to_be_gone() -> None:
    server = PrivateServer()
    seat = X11Seat(server.start(Size(width=320, height=200)))
    # also one that was captured before
    seat.grab(Box.at(0, 0, 10, 10))
    server.close()
    for ask in (seat.monitors, seat.windows, seat.pointer, lambda: seat.grab(Box.at(0, 0, 10, 10))):
        with pytest.raises(DisplayGone):
            ask()
    seat.close()
    seat.close()


async def test_a_spinner_does_not_hide_windows(opened: Open) -> None:
    world, _ = await opened("spinner")
    assert (await seen(world, lambda now: now.windows)).windows[0].title == "shows spinner"


class Late(Windows):
    """Windows of which one closes as soon as they have been listed."""

    def __init__(self, display: Any, theirs: Any, goes: Any) -> None:
        super().__init__(display)
        self._theirs, self._goes = theirs, goes

    def _listed(self) -> list[Any]:
        found = super()._listed()
        if self._goes is not None:
            self._goes.destroy()
            self._theirs.sync()
            self._goes = None
        return found


@pytest.mark.parametrize("asked", ["focus", "close"])
def test_a_window_that_goes_between_being_listed_and_being_asked_is_an_act_that_failed(asked: str, bare: str) -> None:
    ours, theirs = connect(bare), connect(bare)
    try:
        window = theirs.screen().root.create_window(10, 10, 50, 50, 0, 0)
        window.map()
        theirs.sync()
        windows = Late(ours, theirs, window)
        with boundary(bare), pytest.raises(ActionError, match=f"0x{window.id:x} is gone"):
            getattr(windows, asked)(f"0x{window.id:x}")
        # the display is whole
        assert windows.windows() == ()
    finally:
        ours.close()
        theirs.close()
