"""What pages tell of a person: only what the browser vouches for, from every root, and files with their bytes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page

from handeye.environments.browser.host import BrowserHost
from handeye.environments.browser.watching.ear import Ear
from handeye.environments.browser.watching.heard import Heard
from handeye.episodes.schema import Start

from ...conftest import Serve

pytestmark = pytest.mark.browser

Heeded = tuple[Ear, Page]


@pytest_asyncio.fixture(loop_scope="session")
async def heeded(host: BrowserHost) -> AsyncIterator[Heeded]:
    """A tab, and the ear that hears it."""
    context, ear = await host.context(Start()), Ear()
    await ear.install(context, lambda page: "t1")
    yield ear, await context.new_page()
    await context.close()
    await ear.close()


async def heard(ear: Ear, page: Page, *kinds: str) -> list[Heard]:
    # what the page tells comes before its answer
    await page.evaluate("0")
    return [each for each in ear.due(math.inf) if each.kind in kinds]


async def test_files_come_with_their_bytes_and_nobodys_folder(heeded: Heeded, serve: Serve, tmp_path: Path) -> None:
    ear, page = heeded
    (tmp_path / "cv.txt").write_text("I can do it")
    await page.goto(serve("<input type=file id=f>"))
    await page.set_input_files("#f", tmp_path / "cv.txt")
    # read beside the page's own work
    async with asyncio.timeout(20):
        while not (came := await heard(ear, page, "files")):
            pass
    (given,) = came
    assert [(each.name, each.data) for each in given.files] == [("cv.txt", b"I can do it")]


async def test_what_a_script_does_is_not_the_persons(heeded: Heeded, serve: Serve) -> None:
    ear, page = heeded
    await page.goto(serve("<button id=b>Go</button><input id=i>"))
    await page.evaluate("""() => { b.click(); b.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}));
      i.value = 'x'; i.dispatchEvent(new InputEvent('input', {bubbles: true})) }""")
    await page.mouse.click(400, 300)
    assert [each.kind for each in await heard(ear, page, "down", "input")] == ["down"]


async def test_a_secret_is_told_by_its_field_and_its_keys_are_not(heeded: Heeded, serve: Serve) -> None:
    ear, page = heeded
    told: list[tuple[str, str]] = []
    ear.on_secret = lambda thing, value: told.append((thing.name, value))
    await page.goto(serve("<input name=code autocomplete='section-x one-time-code'><input type=password name=pw>"))
    await page.locator("[name=code]").press_sequentially("12")
    # shown as text, it still is a password
    await page.evaluate("document.querySelector('[name=pw]').focus()")
    await page.keyboard.press("x")
    await page.evaluate("document.querySelector('[name=pw]').type = 'text'")
    await page.keyboard.press("y")
    assert await heard(ear, page, "key") == []
    assert told == [("code", "1"), ("code", "12"), ("pw", "x"), ("pw", "xy")]
    assert ear.version == 4


async def test_a_closed_root_tells_what_is_in_it_and_a_blind_one_is_a_secret(heeded: Heeded, serve: Serve) -> None:
    ear, page = heeded
    await page.goto(
        serve("""<div id=made></div><div><template shadowrootmode=closed><input autofocus></template></div><script>
          made.attachShadow({mode: 'closed'}).innerHTML = '<input name=inner style="position:fixed;left:100px;top:200px">'</script>""")
    )
    await page.mouse.click(120, 210)
    await page.keyboard.type("a")
    (inner,) = await heard(ear, page, "input")
    assert inner.thing is not None
    assert (inner.thing.name, inner.value, inner.thing.secret) == ("inner", "a", False)
    await page.keyboard.press("Tab")
    await page.keyboard.type("b")
    (blind,) = await heard(ear, page, "input")
    assert blind.thing is not None
    assert (blind.thing.kind, blind.thing.secret, blind.value) == ("unseen", True, "b")
