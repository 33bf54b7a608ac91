"""A program that starts a browser, opens a page, clicks, looks, and says so in a line; run by `start`: URL BROWSER ours|hand."""

from __future__ import annotations

import asyncio
import contextlib
import sys


async def _ours(url: str) -> None:
    from ...environments.browser.environment import BrowserEnvironment
    from ...episodes.schema import Start
    from ...tools.actions import Click
    from ...tools.geometry import Point

    world = BrowserEnvironment()
    try:
        now = await world.reset(Start(url=url))
        await world.step(Click(at=Point(x=640, y=360)), now.id)
        print("clicked", flush=True)
    finally:
        await world.close()


async def _by_hand(url: str, path: str) -> None:
    from playwright.async_api import Error as PlaywrightError
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path)
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        await page.goto(url)
        # as ours: a picture of what is clicked on, and one of what came of it
        session = await page.context.new_cdp_session(page)
        for last in (False, True):
            for _ in range(100):
                # right after a navigation the browser may refuse
                with contextlib.suppress(PlaywrightError):
                    await session.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
                    break
            if not last:
                await page.mouse.click(640, 360)
        print("clicked", flush=True)
        await browser.close()


if __name__ == "__main__":
    where, browser_path, way = sys.argv[1:]
    asyncio.run(_ours(where) if way == "ours" else _by_hand(where, browser_path))
