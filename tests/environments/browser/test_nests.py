"""Pages nested at random (frames of both sites in one another, shadow roots, scrollers, zoom, transforms): clicks land where the tree says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, ViewportSize

from handeye.environments.browser.host import BrowserHost
from handeye.environments.browser.tree.take import take_tree
from handeye.environments.browser.tree.viewport import viewport_of
from handeye.episodes.schema import Tree
from handeye.tools.geometry import Box, Point
from handeye.tools.secrets import Secrets

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_SCRIPT = """<script>
  addEventListener('mousedown', () => { report(window.met || ''); window.met = '' });
  const all = (root) => [...root.querySelectorAll('*')].flatMap(e => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  addEventListener('load', () => { for (const e of all(document)) if (e.dataset.to) e.scrollTo(...e.dataset.to.split(',')) });
</script>"""
_CALM = (
    "",
    "",
    "",
    "transform:scale(1.3);transform-origin:0 0",
    "scale:.8",
    "translate:12px 7px",
    "zoom:1.25",
    "zoom:.8",
)
_TURNED = ("transform:rotate(17deg)", "rotate:-30deg", "transform:skewX(20deg)", "transform:rotate(45deg) scale(.9)")
_MIRRORED = ("transform:scaleX(-1)", "transform:rotate(90deg)", "rotate:180deg")


class Nest:
    """One page and the pages in its frames.

    Buttons are named ``b1``, ``b2`` … and end in ``t`` where something around them is turned or sheared. Each press of the mouse is
    reported by the document it reaches: ``report(name)``, an empty name where no button is.

    Attributes:
        pages: Path → HTML.
        names: Of the buttons.
    """

    def __init__(self, seed: int, *, turned: bool) -> None:
        self._random = random.Random(seed)
        self._turned = turned
        self.pages: dict[str, str] = {}
        self.names: list[str] = []
        self.frames = 0
        body = self._blocks(4, "127.0.0.1", False)
        zoom = self._random.choice(("", "", "<style>html{zoom:1.2}</style>"))
        self.pages["/"] = (
            f"{_SCRIPT}{zoom}<body style='margin:0;min-height:1500px;min-width:1400px'>{body}"
            f"<script>addEventListener('load', () => scrollTo({self._random.randint(0, 40)}, {self._random.randint(0, 90)}))</script>"
        )

    def _blocks(self, depth: int, site: str, turned: bool) -> str:
        count = self._random.randint(2, 4) if depth else 2
        return "".join(self._block(depth, site, turned) for _ in range(count))

    def _block(self, depth: int, site: str, turned: bool) -> str:
        kinds = [
            self._button,
            self._button,
            self._frame,
            self._frame,
            self._scroller,
            self._shadow,
            self._box,
            self._fixed,
        ]
        kind = self._random.choice(kinds) if depth else self._button
        return kind(depth, site, turned)

    def _button(self, depth: int, site: str, turned: bool) -> str:
        name = f"b{len(self.names)}{'t' if turned else ''}"
        self.names.append(name)
        margin, height = self._random.randint(0, 20), self._random.choice((16.5, 20, 30))
        return (
            f"<button style='display:block;margin:{margin / 2}px {margin}px;width:44px;height:{height}px;padding:0;font-size:10px' "
            f"onmousedown=\"window.met='{name}'\">{name}</button>"
        )

    def _twist(self, turned: bool) -> tuple[str, bool]:
        kind = self._random.random()
        if kind < 0.2 and self._turned:
            return self._random.choice(_TURNED), True
        return self._random.choice(_MIRRORED if kind > 0.92 else _CALM), turned

    def _frame(self, depth: int, site: str, turned: bool) -> str:
        other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[site]
        inner = self._random.choice((site, other, other))
        twist, turned = self._twist(turned)
        self.frames += 1
        path = f"/f{self.frames}"
        style = self._random.choice(
            ("", "border:7px solid;padding:3px 9px", "border:0", "padding:8px;box-sizing:border-box")
        )
        body = self._blocks(depth - 1, inner, turned)
        to = f"addEventListener('load', () => scrollTo({self._random.randint(0, 9)}, {self._random.randint(0, 40)}))"
        zoom = self._random.choice(("", "", "", "<style>html{zoom:1.4}</style>"))
        self.pages[path] = (
            f"{_SCRIPT}{zoom}<body style='margin:4px;width:400px;height:500px'>{body}<script>{to}</script>"
        )
        # the port of the server is known to the page only; before it has a source, a frame is loaded at once
        load = f"this.onload = null; this.src = `http://{inner}:${{location.port}}{path}`"
        size = f"width:{self._random.randint(150, 380)}px;height:{self._random.randint(120, 260)}px"
        return f"<iframe style='display:block;margin:9px;{size};{style};{twist}' onload=\"{load}\"></iframe>"

    def _scroller(self, depth: int, site: str, turned: bool) -> str:
        twist, turned = self._twist(turned)
        overflow = self._random.choice(
            ("overflow:auto", "overflow:hidden", "overflow:clip", "overflow-x:hidden;overflow-y:scroll")
        )
        # of a clip that is turned only the box around it is known
        overflow = "overflow:visible" if turned else overflow
        to = f"{self._random.randint(0, 12)},{self._random.randint(0, 60)}"
        body = self._blocks(depth - 1, site, turned)
        border = self._random.choice(("", "border:6px solid", "border:2px solid;padding:5px"))
        return (
            f"<div data-to='{to}' style='{overflow};width:260px;height:150px;margin:6px 11px;{border};{twist}'>"
            f"<div style='width:330px;min-height:240px'>{body}</div></div>"
        )

    def _shadow(self, depth: int, site: str, turned: bool) -> str:
        mode = self._random.choice(("open", "closed"))
        return f"<section><template shadowrootmode={mode}>{self._blocks(depth - 1, site, turned)}<slot></slot></template></section>"

    def _box(self, depth: int, site: str, turned: bool) -> str:
        twist, turned = self._twist(turned)
        body = self._blocks(depth - 1, site, turned)
        layout = self._random.choice(
            (
                "display:flex;gap:5px;align-items:flex-start",
                "position:relative;left:14px;top:5px",
                "display:grid;grid-template-columns:1fr 1fr;width:420px",
                "display:inline-block;vertical-align:top",
                "writing-mode:vertical-rl;height:200px",
                "position:sticky;top:0",
            )
        )
        return f"<div style='{layout};{twist}'>{body}</div>"

    def _fixed(self, depth: int, site: str, turned: bool) -> str:
        side = self._random.choice(("right:5px;top:5px", "left:60%;top:40%", "right:0;bottom:9px"))
        place = self._random.choice(("fixed", "absolute"))
        return f"<div style='position:{place};{side}'>{self._button(0, site, turned)}</div>"


class Mouse:
    """Presses the mouse in a page, and says which button heard it."""

    def __init__(self, page: Page, scale: float) -> None:
        self.page = page
        self._scale = scale
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    async def listen(self) -> None:
        await self.page.expose_binding("report", lambda _, name: self._heard.put_nowait(name))

    async def press(self, point: Point) -> str:
        """The button at a point of the frame; empty when none is there."""
        session = await self.page.context.new_cdp_session(self.page)
        at = (await viewport_of(session)).to_input(self._scale).point(point)
        await self.page.mouse.move(at.x, at.y)
        await self.page.mouse.down()
        heard = await asyncio.wait_for(self._heard.get(), 30)
        await self.page.mouse.up()
        return heard


@pytest_asyncio.fixture(loop_scope="session")
async def contexts(host: BrowserHost) -> AsyncIterator[Any]:
    opened: list[BrowserContext] = []

    async def open_context(scale: float) -> BrowserContext:
        size = ViewportSize(width=1000, height=700)
        opened.append(await (await host.browser(scale)).new_context(viewport=size, device_scale_factor=scale))
        return opened[-1]

    yield open_context
    for each in opened:
        await each.close()


async def open_nest(context: BrowserContext, serve: Any, nest: Nest, scale: float) -> tuple[Mouse, Tree]:
    page = await context.new_page()
    mouse = Mouse(page, scale)
    await mouse.listen()
    await page.goto(serve(nest.pages))
    # a picture is there when every frame that is seen has been painted: until then input is sent by where frames were
    await page.screenshot()
    tree, _ = await take_tree(page, await context.new_cdp_session(page), scale, Secrets())
    return mouse, tree


def buttons(tree: Tree) -> dict[str, int]:
    return {node.name: index for index, node in enumerate(tree.nodes) if node.role == "button"}


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_where_in_nested_pages(contexts: Any, serve: Any, seed: int) -> None:
    scale = 1.0 + seed % 2
    nest = Nest(seed, turned=False)
    mouse, tree = await open_nest(await contexts(scale), serve, nest, scale)
    found = buttons(tree)
    assert sorted(found) == sorted(nest.names)
    assert tree.nodes[0].box is not None
    chance = random.Random(seed)
    for _ in range(25):
        point = Point(x=chance.uniform(0, 1000 * scale), y=chance.uniform(0, 700 * scale))
        if not any(_at_an_edge(node.box, point) for node in tree.nodes):
            hit = tree.topmost_at(point)
            above = [] if hit is None else [tree.nodes[each] for each in tree.ancestors(hit)]
            assert await mouse.press(point) == next((node.name for node in above if node.role == "button"), ""), point
    for name, index in found.items():
        box = tree.nodes[index].box
        if box is not None and min(box.width, box.height) > 3 and tree.meets(index, box.center):
            assert await mouse.press(box.center) == name, box


@pytest.mark.parametrize("seed", range(100, 108))
async def test_the_middle_of_what_is_turned(contexts: Any, serve: Any, seed: int) -> None:
    scale = 1.0 + seed % 2
    nest = Nest(seed, turned=True)
    mouse, tree = await open_nest(await contexts(scale), serve, nest, scale)
    found = buttons(tree)
    assert sorted(found) == sorted(nest.names)
    for name, index in found.items():
        node = tree.nodes[index]
        # of what is turned and cut, only the box around the rest is known, and its middle may lie beside it
        if node.box is not None and node.box == node.extent and tree.meets(index, node.box.center):
            assert await mouse.press(node.box.center) == name, node.box


def _at_an_edge(box: Box | None, point: Point) -> bool:
    return box is not None and box.grown(2).contains(point) and not box.grown(-2).contains(point)
