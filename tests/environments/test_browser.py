"""The browser on real pages: what is seen, what acts do, when the screen has settled, what a secret leaves behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from handeye.environments.base import Stepped
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserHost
from handeye.episodes.schema import Observation, Start, Tree, Viewport
from handeye.tools.actions import (
    Act,
    AnswerDialog,
    Back,
    Click,
    CloseTab,
    Drag,
    Hover,
    Key,
    Navigate,
    NewTab,
    Reload,
    Scroll,
    Select,
    SwitchTab,
    Type,
)
from handeye.tools.errors import EnvironmentFailed
from handeye.tools.geometry import Point
from handeye.tools.pixels import MASK_COLOR
from handeye.tools.secrets import Secrets

pytestmark = pytest.mark.browser


class World:
    """An environment and the newest observation of it."""

    def __init__(self, environment: BrowserEnvironment) -> None:
        self.environment = environment
        self.now: Observation
        self.last: Stepped

    async def open(self, url: str, **start: Any) -> None:
        self.now = await self.environment.reset(Start(url=url, **start))

    async def act(self, act: Act) -> Stepped:
        self.last = await self.environment.step(act, on=self.now.id)
        self.now = self.last.observation
        return self.last

    async def tree(self) -> Tree:
        tree = await self.now.tree.get()
        assert tree is not None
        return tree

    async def at(self, name: str, role: str | None = None) -> Point:
        tree = await self.tree()
        boxes = [n.box for n in tree.nodes if n.name == name and n.role in (role or n.role, "text") and n.box]
        return boxes[0].center

    async def text(self) -> str:
        return "\n".join((await self.tree()).lines())


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host)
    yield World(environment)
    await environment.close()


async def test_the_frame_is_lossless_at_native_resolution(world: World, serve: Any) -> None:
    url = serve(
        "<body style='margin:0;background:rgb(1,2,3)'><div style='width:10px;height:10px;background:rgb(250,128,7)'>"
    )
    await world.open(url, scale=2.0, viewport=Viewport(width=300, height=200))
    assert (world.now.frame.width, world.now.frame.height) == (600, 400)
    pixels = world.now.frame.pixels
    assert (pixels[:20, :20] == (250, 128, 7)).all()
    assert (pixels[20:, 20:] == (1, 2, 3)).all()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
async def test_clicks_land_where_the_tree_says(world: World, serve: Any, scale: float) -> None:
    page = """<body style='height:3000px'><script>
      for (let i = 0; i < 12; i++) { const b = document.createElement('button'); b.textContent = 'B' + i;
        b.style = `position:absolute;left:${37 * i + 5.5}px;top:${23 * i + 3.25}px;width:30px;height:9px;font-size:6px;padding:0`;
        b.onclick = () => { document.title = b.textContent }; document.body.append(b) }
      scrollTo(0, 11)</script>"""
    await world.open(serve(page), scale=scale)
    # the first lies half above the edge: what can be seen of it is what is clicked
    for i in range(12):
        await world.act(Click[Point](at=await world.at(f"B{i}")))
        assert world.now.title == f"B{i}"


async def test_the_tree_sees_names_roles_values_and_states(world: World, serve: Any) -> None:
    page = """<form><label for=e>Email</label><input id=e value='a@b'><label><input type=checkbox checked> Agree</label>
      <select aria-label=Country><option>Norway<option selected>Sweden</select><button disabled>Go</button>
      <input type=password value=hunter22><input type=submit value=Send></form>
      <div id=host></div><script>host.attachShadow({mode: 'closed'}).innerHTML = '<button>Shadow</button>'</script>
      <iframe style='margin-left:40px;border:7px solid;padding:5px' srcdoc='<body style=margin:0><button style=margin:0>Inner</button>'></iframe>
      <a href='/x'>A <b>bold</b> link</a>"""
    await world.open(serve(page))
    nodes = {(node.role, node.name): node for node in (await world.tree()).nodes if node.role != "text"}
    assert nodes["textbox", "Email"].value == "a@b"
    assert "checked" in nodes["checkbox", "Agree"].states
    assert nodes["combobox", "Country"].value == "Sweden"
    assert "disabled" in nodes["button", "Go"].states
    assert nodes["link", "A bold link"].url.endswith("/x")
    assert {("button", "Send"), ("button", "Shadow"), ("button", "Inner")} <= nodes.keys()
    assert "hunter22" not in str(nodes)
    # the frame's border and padding count: a click on the inner button's box reaches it
    inner, frame = nodes["button", "Inner"].box, next(n for n in nodes.values() if n.role == "iframe").box
    assert inner is not None and frame is not None
    assert (inner.left - frame.left, inner.top - frame.top) == (12, 12)


async def test_what_cannot_be_seen_has_no_box(world: World, serve: Any) -> None:
    page = """<div style='height:40px;overflow:auto'><p>shown</p><p style='margin-top:99px'>scrolled away</p></div>
      <p style='visibility:hidden'>invisible</p><p style='display:none'>none</p>
      <div style='height:0;overflow:hidden'><p>collapsed</p></div><p style='margin-top:2000px'>below</p>"""
    await world.open(serve(page))
    nodes = {node.name: node for node in (await world.tree()).nodes if node.role == "text"}
    assert nodes["shown"].box is not None
    assert nodes["scrolled away"].box is None and nodes["scrolled away"].extent is not None
    assert nodes["below"].box is None and nodes["below"].extent is not None
    assert not {"invisible", "none", "collapsed"} & nodes.keys()


async def test_typing_replaces_appends_and_takes_unicode(world: World, serve: Any) -> None:
    await world.open(serve("<label>Name <input id=n value='old' oninput='document.title=this.value'></label>"))
    field = await world.at("Name", "textbox")
    await world.act(Type[Point](text="Åsa 你好 🎉", at=field, replace=True))
    assert world.now.title == "Åsa 你好 🎉"
    await world.act(Type[Point](text=" B", at=None))
    assert world.now.title == "Åsa 你好 🎉 B"
    await world.act(Type[Point](text="", at=field, replace=True))
    assert world.now.title == ""
    long = "x" * 3000 + "y"
    await world.act(Type[Point](text=long, at=field, replace=True))
    assert world.now.title == long


async def test_native_inputs_take_their_own_form(world: World, serve: Any) -> None:
    page = """<label>Day <input type=date id=d onchange='log.textContent += " date=" + this.value'></label>
      <label>When <input type=time onchange='log.textContent += " time=" + this.value'></label>
      <label>Size <input type=range min=0 max=10 value=3 onchange='log.textContent += " range=" + this.value'></label><p id=log>log</p>"""
    await world.open(serve(page))
    for name, role, value in (("Day", "date", "2026-12-24"), ("When", "time", "09:30"), ("Size", "slider", "7")):
        await world.act(Type[Point](text=value, at=await world.at(name, role)))
        assert world.last.error is None
    assert "log date=2026-12-24 time=09:30 range=7" in await world.text()
    wrong = await world.act(Type[Point](text="24.12.2026", at=await world.at("Day", "date")))
    assert wrong.error is not None and "YYYY-MM-DD" in wrong.error.message
    assert "24.12" not in await world.text()


async def test_select_by_label_says_what_there_is(world: World, serve: Any) -> None:
    page = """<select aria-label=Country onchange='document.title=this.value'><option value=no>Norway</option>
      <option value=se>Sweden</option><option disabled>Nowhere</option></select><p>text</p>"""
    await world.open(serve(page))
    country = await world.at("Country", "combobox")
    await world.act(Select[Point](at=country, options=("Norway",)))
    # it was chosen already: a person who chooses it again changes nothing
    assert world.now.title == "/"
    await world.act(Select[Point](at=country, options=("Sweden",)))
    assert world.now.title == "se"
    absent = await world.act(Select[Point](at=country, options=("Swedn",)))
    assert absent.error is not None and "Sweden" in absent.error.remedy
    for point, option in ((country, "Nowhere"), (await world.at("text"), "Norway")):
        refused = await world.act(Select[Point](at=point, options=(option,)))
        assert refused.error is not None


async def test_mouse_and_keyboard(world: World, serve: Any) -> None:
    page = """<body style='height:3000px'><div id=pad tabindex=0 style='width:300px;height:200px;background:#eee;user-select:none'>pad</div><script>
      const seen = []; const say = (text) => { seen.push(text); document.title = seen.join(' ') };
      pad.ondblclick = () => say('double'); pad.oncontextmenu = (e) => { e.preventDefault(); say('menu') };
      pad.onclick = (e) => e.ctrlKey && say('ctrl'); pad.onmouseenter = () => say('enter');
      pad.onkeydown = (e) => say((e.shiftKey ? 'shift-' : '') + e.key); let d = 0;
      pad.onmousedown = (e) => { d = e.clientX }; pad.onmouseup = (e) => Math.abs(e.clientX - d) > 50 && say('dragged' + (e.clientX - d)) </script>"""
    await world.open(serve(page))
    pad = await world.at("pad")
    await world.act(Hover[Point](at=pad))
    await world.act(Click[Point](at=pad, count=2))
    await world.act(Click[Point](at=pad, button="right"))
    await world.act(Click[Point](at=pad, modifiers=("Control",)))
    await world.act(Key(keys=("Shift+ArrowDown", "a")))
    await world.act(Drag[Point](path=(Point(x=50, y=60), Point(x=150, y=80))))
    assert world.now.title == "enter double menu Control ctrl shift-Shift shift-ArrowDown a dragged100"
    before = world.now.frame
    await world.act(Scroll[Point](dy=400))
    assert not before.same_as(world.now.frame)
    answer = await world.environment.probe(_script("scrollY"))
    assert answer.value == 400


async def test_pages_and_tabs(world: World, serve: Any) -> None:
    url = serve(
        {"/": "<a href='/two'>same</a> <a href='/three' target=_blank>new</a>", "/two": "two", "/three": "three"}
    )
    await world.open(url)
    await world.act(Click[Point](at=await world.at("same")))
    assert world.now.url == f"{url}two"
    await world.act(Back())
    assert world.now.url == url
    await world.act(Navigate(url="/two"))
    await world.act(Reload())
    assert world.now.url == f"{url}two"
    await world.act(Back())
    await world.act(Click[Point](at=await world.at("new")))
    assert world.now.url == f"{url}three"
    assert [(tab.title, tab.active) for tab in world.now.tabs] == [("/", False), ("/three", True)]
    assert "tab opened" in [event.kind for event in world.now.events]
    await world.act(SwitchTab(tab=world.now.tabs[0].id))
    assert world.now.url == url
    await world.act(NewTab(url=f"{url}two"))
    await world.act(CloseTab())
    assert len(world.now.tabs) == 2
    gone = await world.act(SwitchTab(tab="t99"))
    assert gone.error is not None and "t99" in gone.error.message


async def test_a_dialog_blocks_nothing_and_is_answered(world: World, serve: Any) -> None:
    page = "<button onclick=\"document.title = prompt('Your name?', 'Ada')\">Ask</button>"
    await world.open(serve(page))
    asked = await world.act(Click[Point](at=await world.at("Ask")))
    assert asked.observation.dialog is not None
    assert (asked.observation.dialog.kind, asked.observation.dialog.message) == ("prompt", "Your name?")
    blocked = await world.act(Click[Point](at=Point(x=5, y=5)))
    assert blocked.error is not None and "dialog" in blocked.error.message
    await world.act(AnswerDialog(accept=True, text="Grace"))
    assert (world.now.dialog, world.now.title) == (None, "Grace")


async def test_a_dialog_while_the_page_loads(world: World, serve: Any) -> None:
    await world.open(serve("<script>alert('hello')</script><p>loaded"))
    assert world.now.dialog is not None and world.now.dialog.message == "hello"
    await world.act(AnswerDialog())
    assert "loaded" in await world.text()


async def test_a_secret_is_masked_and_named(host: BrowserHost, serve: Any) -> None:
    value = "s3cr3t&value"
    page = """<title>t</title><label>Token <input oninput='out.textContent="You typed " + this.value; document.title=this.value;
      history.replaceState(0, "", "?q=" + encodeURIComponent(this.value))'></label><p id=out>nothing</p>"""
    environment = BrowserEnvironment(host=host, secrets=Secrets({"token": value}))
    world = World(environment)
    try:
        await world.open(serve(page))
        await world.act(Type[Point](text="<secret:token>", at=await world.at("Token", "textbox")))
        tree = await world.tree()
        everything = (
            world.now.model_dump_json(exclude={"frame", "tree"})
            + tree.to_bytes().hex()
            + str(tree.nodes)
            + str(world.last.sent)
        )
        assert value not in everything and "s3cr3t%26value" not in everything
        assert world.now.title == "<secret:token>"
        spot = next(n.box for n in tree.nodes if n.name == "You typed <secret:token>" and n.box)
        left, top, right, bottom = spot.pixels(world.now.frame.width, world.now.frame.height)
        assert (world.now.frame.pixels[top:bottom, left:right] == MASK_COLOR).all()
        peeked = await environment.peek(spot)
        assert np.array_equal(peeked.pixels, world.now.frame.crop(spot).pixels)
        assert (await environment.probe(_script("document.title"))).value == "<secret:token>"
    finally:
        await environment.close()


async def test_the_start_recipe_is_kept(world: World, serve: Any) -> None:
    page = """<p id=p></p><script>p.textContent = [navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone,
      matchMedia('(prefers-color-scheme: dark)').matches, new Date().getFullYear(), Math.random()].join(' ')</script>"""
    start = {
        "locale": "de-DE",
        "timezone": "Asia/Tokyo",
        "color_scheme": "dark",
        "clock": "2030-05-04T03:02:01",
        "seed": 7,
    }
    url = serve(page)
    await world.open(url, **start)
    first = await world.text()
    assert first.startswith("de-DE Asia/Tokyo true 2030 0.")
    await world.open(url, **start)
    assert await world.text() == first
    await world.open(url, **{**start, "seed": "7"})
    assert await world.text() != first


async def test_probes(world: World, serve: Any) -> None:
    await world.open(serve({"/": "<p>Hello <b>there</b></p>", "/api": '{"n": 7}'}))
    assert (await world.environment.probe(_probe("text"))).value == "Hello there"
    assert '{"n": 7}' in str((await world.environment.probe(_probe("http", "/api"))).value)
    assert "404" in (await world.environment.probe(_probe("http", "/nothing"))).missing
    assert "is not defined" in (await world.environment.probe(_script("nothing.at.all"))).missing


async def test_a_start_that_cannot_be_reached(world: World) -> None:
    with pytest.raises(EnvironmentFailed, match=r"127\.0\.0\.1:1/ cannot be reached: net::ERR_"):
        await world.open("http://127.0.0.1:1/")


async def test_a_page_of_status_422_is_a_page(world: World, serve: Any) -> None:
    await world.open(f"{serve('x')}missing")
    assert "Not found" in await world.text()


def _probe(kind: str, argument: str = "") -> Any:
    from handeye.episodes.schema import Probe

    return Probe.model_validate({"kind": kind, "argument": argument})


def _script(expression: str) -> Any:
    return _probe("script", expression)
