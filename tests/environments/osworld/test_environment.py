"""A virtual machine seen and acted on through its HTTP server."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from handeye.environments.conformance import check_environment
from handeye.environments.osworld.environment import OSWorldEnvironment
from handeye.environments.osworld.machine import Machine
from handeye.episodes.schema import Observation, Probe, Start, Viewport
from handeye.tools.actions import Click, CloseWindow, Drag, Hold, Key, Type
from handeye.tools.errors import EnvironmentFailed, TaskError
from handeye.tools.geometry import Point

from .standin import StandIn

pytestmark = [pytest.mark.display, pytest.mark.slow]

LIMIT = 60.0
TEXT = "plain <tagged> & “quoted”\tÄöß é – Привет, 世界 ✓ ~^`|\\ 1+1=2\nsecond line"


def begin(*steps: dict[str, Any]) -> Start:
    return Start(viewport=Viewport(width=640, height=480), setup=steps)


async def until(world: OSWorldEnvironment, wanted: Any) -> Observation:
    limit = time.monotonic() + LIMIT
    now = await world.look()
    while not wanted(now):
        assert time.monotonic() < limit, f"it never came about: {now.windows}"
        now = await world.look()
    return now


async def test_it_keeps_the_contract(machine: StandIn) -> None:
    checks = await check_environment(lambda: OSWorldEnvironment([Machine(server=machine.url)]), begin())
    assert "lets_go" in checks


async def test_any_text_is_typed_into_a_program_and_saved(machine: StandIn) -> None:
    path = machine.home / "notes.txt"
    path.write_text("")
    world = OSWorldEnvironment([Machine(server=machine.url)])
    try:
        await world.reset(begin({"type": "launch", "parameters": {"command": ["mousepad", str(path)]}}))
        now = await until(world, lambda now: any(each.active and "notes" in each.title for each in now.windows))
        now = (await world.step(Click[Point](at=now.frame.box.center), on=now.id)).observation
        came = await world.step(Type[Point](text=TEXT), on=now.id)
        assert came.error is None
        tree = await came.observation.tree.get()
        assert tree is not None and TEXT in [each.value for each in tree.nodes]
        now = (await world.step(Key(keys=("Control+s",)), on=came.observation.id)).observation
        saved = await world.probe(Probe(kind="file", argument=str(path)))
        limit = time.monotonic() + LIMIT
        while not saved.value and time.monotonic() < limit:
            saved = await world.probe(Probe(kind="file", argument=str(path)))
        assert saved.value == TEXT
        window = next(each for each in now.windows if "notes" in each.title)
        assert (await world.step(CloseWindow(window=window.id), on=now.id)).error is None
        await until(world, lambda now: not now.windows)
    finally:
        await world.close()


async def test_keys_are_held_as_long_there_as_here_and_drags_select(machine: StandIn) -> None:
    world = OSWorldEnvironment([Machine(server=machine.url)])
    try:
        now = await world.reset(begin())
        came = await world.step(Hold[Point](keys=("Shift",), seconds=1.5), on=now.id)
        assert came.error is None
        orders = [body["command"][3] for body in machine.bodies if "sleep" in body["command"][3]]
        assert orders and '["down", "Shift_L"], ["sleep", 1.5' in orders[-1]
        path = (Point(x=100, y=100), Point(x=300, y=200))
        came = await world.step(Drag[Point](path=path), on=came.observation.id)
        assert came.error is None and came.observation.pointer == Point(x=300, y=200)
    finally:
        await world.close()


async def test_steps_prepare_the_machine(machine: StandIn, tmp_path: Path) -> None:
    machine.files["/data.bin"] = b"\x00\xffdata"
    (tmp_path / "local.txt").write_text("local")
    home, cache = machine.home, tmp_path / "cache"
    files = [{"url": f"{machine.url}/data.bin", "path": str(home / "data.bin")}]
    steps: list[dict[str, Any]] = [
        {"type": "download", "parameters": {"files": files}},
        {"type": "upload_file", "parameters": {"files": [{"local_path": "local.txt", "path": str(home / "up.txt")}]}},
        {
            "type": "execute",
            "parameters": {"command": "echo {SCREEN_WIDTH}x{SCREEN_HEIGHT_HALF} > size", "shell": True},
        },
        {
            "type": "command",
            "parameters": {
                "command": ["sh", "-c", "echo x >> tries; test $(wc -l < tries) -ge 3"],
                "until": {"returncode": 0},
            },
        },
        {"type": "execute", "parameters": {"command": ["false"]}},
        {"type": "sleep", "parameters": {"seconds": 0.01}},
        {"type": "open", "parameters": {"path": str(home / "up.txt")}},
        {"type": "activate_window", "parameters": {"window_name": "nobody", "strict": True}},
    ]
    world = OSWorldEnvironment([Machine(server=machine.url, cache=cache)], folder=tmp_path)
    try:
        await world.reset(begin(*steps))
        assert (home / "data.bin").read_bytes() == b"\x00\xffdata"
        assert (home / "up.txt").read_text() == "local"
        assert (home / "size").read_text() == "640x240\n"
        assert len((home / "tries").read_text().split()) == 3
        assert [each.name.endswith("_data.bin") for each in cache.iterdir()] == [True]
        assert (await world.describe())["troubles"] == ["config[4] (execute): exit code 1: "]
        await until(world, lambda now: any("up.txt" in each.title for each in now.windows))
        machine.files.clear()
        await world.reset(begin(steps[0]))
    finally:
        await world.close()


@pytest.mark.parametrize(
    ("step", "kind", "message"),
    [
        ({"type": "googledrive", "parameters": {}}, TaskError, r"config\[0\] \(googledrive\): it needs an account"),
        ({"type": "dance", "parameters": {}}, TaskError, r"config\[0\] \(dance\): OSWorld has no such step"),
        ({"type": "open", "parameters": {}}, TaskError, r"config\[0\] \(open\) has no parameter 'path'"),
        ({"type": "open", "parameters": {"path": "/nowhere"}}, EnvironmentFailed, r"config\[0\] \(open\) was not done: .*404: File not found"),
        ({"type": "launch", "parameters": {"command": ["no-such-program"]}}, EnvironmentFailed, r"config\[0\] \(launch\) was not done"),
        ({"type": "download", "parameters": {"files": [{"url": "http://127.0.0.1:9/x", "path": "/tmp/x"}]}}, EnvironmentFailed, "cannot be downloaded"),
    ],
)  # fmt: skip
async def test_what_cannot_be_prepared_is_said(
    machine: StandIn, tmp_path: Path, step: dict[str, Any], kind: type[Exception], message: str
) -> None:
    world = OSWorldEnvironment([Machine(server=machine.url, cache=tmp_path)])
    with pytest.raises(kind, match=message):
        await world.reset(begin(step))
    await world.close()


async def test_a_machine_that_hangs_is_given_up(machine: StandIn) -> None:
    world = OSWorldEnvironment([Machine(server=machine.url, patience=1)])
    now = await world.reset(begin())
    machine.hanging.add("/screenshot")
    with pytest.raises(EnvironmentFailed, match="/screenshot did not answer within 1 s"):
        await world.step(Key(keys=("a",)), on=now.id)
    await world.close()


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/screenshot", (200, "text/html", b"<h1>It works</h1>"), "answers with no PNG: 200, text/html"),
        ("/screenshot", (200, "image/png", b"\x89PNG\r\n\x1a\n and no more"), "the picture of .* is damaged"),
        ("/platform", (200, "text/html", b"Windows"), "runs Windows: only Linux is supported"),
        ("/screen_size", (200, "application/json", b"[]"), r"screen_size says \[\]"),
        ("/execute", (500, "application/json", b"no python"), "input does not reach the screen of .*no python"),
        ("/execute", (200, "application/json", b'{"error": "No module named Xlib"}'), "No module named Xlib"),
    ],
)
async def test_what_is_no_machine_is_said(
    machine: StandIn, path: str, answer: tuple[int, str, bytes], message: str
) -> None:
    machine.broken[path] = answer
    world = OSWorldEnvironment([Machine(server=machine.url)])
    with pytest.raises(EnvironmentFailed, match=message):
        await world.reset(begin())
    await world.close()


async def test_a_machine_is_put_back_before_each_task(machine: StandIn, tmp_path: Path) -> None:
    mark = tmp_path / "reverted"
    world = OSWorldEnvironment([Machine(server=machine.url, revert=f"echo x >> {mark}")])
    await world.reset(begin())
    await world.reset(begin())
    assert (await world.describe())["reverted"] is True
    await world.close()
    assert mark.read_text() == "x\nx\n"
    broken = OSWorldEnvironment([Machine(server=machine.url, revert="echo no snapshot; exit 3")])
    with pytest.raises(EnvironmentFailed, match="ended with 3: no snapshot"):
        await broken.reset(begin())


async def test_one_episode_at_a_time_has_a_machine(machine: StandIn) -> None:
    first, second = (OSWorldEnvironment([Machine(server=machine.url)]) for _ in range(2))
    await first.reset(begin())
    waiting = asyncio.ensure_future(second.reset(begin()))
    done, _ = await asyncio.wait({waiting}, timeout=2)
    assert not done
    await first.close()
    assert (await asyncio.wait_for(waiting, LIMIT)).frame.width == 640
    await second.close()


async def test_nothing_listens() -> None:
    with pytest.raises(EnvironmentFailed, match=r"/screenshot cannot be reached"):
        await OSWorldEnvironment([Machine(server="http://127.0.0.1:9")]).reset(begin())
