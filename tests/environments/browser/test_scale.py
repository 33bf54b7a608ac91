"""Scale, zoom, telephones and fingers: what is seen and what is touched stay the same thing."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from handeye.benchmarks.pages.clicking import measure
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserHost
from handeye.environments.browser.screen import Screen
from handeye.episodes.schema import Start, Viewport
from handeye.tools.actions import Click, Drag, Hold, Hover, Scroll, Type
from handeye.tools.geometry import Point

from .world import World, listening

RED = (255, 0, 0)


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host)
    yield World(environment)
    await environment.close()


def red(world: World) -> Point:
    """The middle of what is red in the frame."""
    ys, xs = np.where((world.now.frame.pixels == RED).all(axis=2))
    assert len(xs), "nothing is red"
    return Point(x=(xs.min() + xs.max() + 1) / 2, y=(ys.min() + ys.max() + 1) / 2)


@given(
    st.integers(16, 4000),
    st.integers(16, 4000),
    st.sampled_from([0.9, 1.0, 1.25, 1.5, 2.0, 2.625, 3.0]),
    st.floats(0.25, 5),
)
def test_a_zoomed_viewport_covers_the_frame_and_no_more_than_a_pixel_beyond(
    width: int, height: int, scale: float, zoom: float
) -> None:
    screen = Screen.of(Start(viewport=Viewport(width=width, height=height), scale=scale, zoom=zoom))
    assert (screen.frame.width, screen.frame.height) == (round(width * scale), round(height * scale))
    for css, frame in ((screen.css.width, screen.frame.width), (screen.css.height, screen.frame.height)):
        assert css == int(css)
        # in frame pixels: the frame itself is rounded
        assert -1 < css * screen.device - frame < screen.device + 1


SPOT = "<div id=spot style='position:absolute;left:101px;top:53px;width:6px;height:6px;background:red'></div>"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "height", "scale", "zoom"),
    [(1366, 768, 1, 1.1), (1366, 768, 1, 0.9), (801, 603, 1.25, 0.67), (1001, 701, 2, 1.5), (1280, 720, 1, 1.28)],
)
async def test_zoom_lays_out_less_and_draws_it_larger(
    world: World, serve: Any, width: int, height: int, scale: float, zoom: float
) -> None:
    bar = "<div style='position:fixed;right:0;top:0;width:40px;height:100%;background:rgb(0,0,255)'></div>"
    await world.open(
        serve(listening("click") + SPOT + bar), viewport=Viewport(width=width, height=height), scale=scale, zoom=zoom
    )
    frame = world.now.frame
    assert (frame.width, frame.height) == (round(width * scale), round(height * scale))
    inner, ratio = await world.ask("[innerWidth, devicePixelRatio]")
    assert abs(inner - width / zoom) < 2 and ratio == pytest.approx(scale * zoom)
    assert red(world).x == pytest.approx(104 * scale * zoom, abs=1)
    # the page fills the frame; where viewport × scale is no whole number, not all of its last pixels
    assert tuple(frame.pixels[-2, -2]) == tuple(frame.pixels[frame.height // 2, -2]) == (0, 0, 255)
    await world.do(Click[Point](at=red(world)))
    assert await world.log() == ["click spot true"]
    tree = await world.now.tree.get()
    assert tree is not None
    # what may be looked at between two frames is the same picture
    peeked = await world.environment.peek(frame.crop(frame.box).box)
    assert peeked.same_as(world.now.frame)


@pytest.mark.browser
@pytest.mark.parametrize("meta", ["", "<meta name=viewport content='width=device-width'>"])
async def test_a_telephone(world: World, serve: Any, meta: str) -> None:
    page = f"""{meta}{listening("touchstart", "touchend", "pointerdown", "click", detail="(e.pointerType || '')")}{SPOT}
      <input id=field style='position:absolute;left:20px;top:200px'><script>let sizes = 0; onresize = () => {{ sizes += 1 }}</script>
      <div style='position:absolute;top:4000px'>end</div>"""
    await world.open(serve(page), viewport=Viewport(width=412, height=915), scale=2.625, mobile=True, touch=True)
    assert (world.now.frame.width, world.now.frame.height) == (round(412 * 2.625), round(915 * 2.625))
    wide = 412 if meta else 980
    # a scale that is no fraction of whole pixels is rounded up
    assert await world.ask("innerWidth") in (wide, wide + 1)
    wide = await world.ask("innerWidth")
    assert red(world).x == pytest.approx(104 * 2.625 * 412 / wide, abs=1.5)
    before = await world.ask("sizes")
    done = await world.do(Click[Point](at=red(world)))
    assert await world.log() == [
        "pointerdown spot true touch",
        "touchstart spot true ",
        "touchend spot true ",
        "click spot true touch",
    ]
    assert [(each.device, each.event) for each in done.sent] == [("touch", "start"), ("touch", "end")]
    # neither a picture of it nor a part of one lays the page out anew
    part = await world.environment.peek(world.now.frame.box)
    assert part.same_as(world.now.frame)
    assert (await world.ask("sizes"), await world.ask("innerWidth")) == (before, wide)
    for distance in (300, -100):
        y = await world.ask("scrollY")
        await world.do(Scroll[Point](dy=distance))
        moved = (await world.ask("scrollY") - y) * 2.625 * 412 / wide
        assert moved == pytest.approx(distance, abs=3)
    y = 210 * 2.625 * 412 / wide - 200
    await world.do(Type[Point](text="typed", at=Point(x=60 * 2.625 * 412 / wide, y=y)))
    assert await world.ask("field.value") == "typed"


@pytest.mark.browser
@pytest.mark.parametrize("ahead", [0.02, -0.02])
async def test_a_finger_where_the_clock_was_set(
    world: World, serve: Any, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    # what the browser was told of the time when it started and what we say differ by that much from then on
    await world.open("about:blank")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    await world.open(
        serve("<meta name=viewport content='width=device-width'><p style='position:absolute;top:4000px'>end"),
        viewport=Viewport(width=412, height=915),
        mobile=True,
        touch=True,
    )
    for distance in (300, -100, 40, -240):
        y = await world.ask("scrollY")
        await world.do(Scroll[Point](dy=distance))
        assert await world.ask("scrollY") - y == pytest.approx(distance, abs=2)


@pytest.mark.browser
async def test_a_finger(world: World, serve: Any) -> None:
    page = """<body style='margin:0'><div id=pad style='width:200px;height:100px;background:red;touch-action:none'></div>
      <div id=inner style='width:200px;height:150px;overflow:auto;touch-action:auto'><p style='height:2000px;width:2000px;margin:0'>words</p></div>"""
    kinds = ("pointerdown", "pointerup", "click", "dblclick", "contextmenu")
    await world.open(serve(listening(*kinds) + page), touch=True, viewport=Viewport(width=500, height=400))
    pad = Point(x=100, y=50)
    await world.do(Click[Point](at=pad, count=2))
    assert [each.split()[0] for each in await world.log()].count("dblclick") == 1
    for refused in (Hover[Point](at=pad), Click[Point](at=pad, button="right")):
        done = await world.act(refused)
        assert done.error is not None and "touch screen" in done.error.message
    # a long press opens the menu, and is no tap
    await world.do(Hold[Point](at=pad, seconds=1.2))
    assert [each.split()[0] for each in await world.log()] == ["pointerdown", "contextmenu", "pointerup"]
    await world.do(Drag[Point](path=(pad, Point(x=180, y=90))))
    assert [each.split()[0] for each in await world.log()] == ["pointerdown", "pointerup"]
    # further than the screen is high, in both directions
    inner = Point(x=100, y=180)
    await world.do(Scroll[Point](at=inner, dx=120, dy=700))
    assert await world.ask("[inner.scrollLeft, inner.scrollTop]") == [
        pytest.approx(120, abs=2),
        pytest.approx(700, abs=2),
    ]


@pytest.mark.slow
@pytest.mark.browser
async def test_clicks_land_at_every_scale(host: BrowserHost) -> None:
    """FULL=1 for a thousand targets."""
    few = ("scale 1.25, zoom 1.1", "CSS zoom 1.3", "telephone, 980 wide")
    full = bool(os.environ.get("FULL"))
    part = await measure(1000 if full else 24, () if full else few, host=host)
    assert part.failures == ()
