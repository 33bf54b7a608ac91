"""A step of a browser written by hand: the floor. Nothing is in it but what ours guarantees, in the order in which it has to be done.

The page is clicked, comes to rest, is captured losslessly, hashed, written durably, and made ready to be sent. A line of what will be done
is out of this process before it is done. ``rest`` is our rule: nothing announced before and after two equal captures, nothing changed
between them; ``frames`` waits for two frames to be drawn and takes one picture, whatever the page still does.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import time
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, CDPSession
from playwright.async_api import Error as PlaywrightError

from ...environments.browser.recipe import script
from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Point

Rule = Literal["rest", "frames"]

_WIDTH, _HEIGHT = 1280, 720
_CAPTURE = {"format": "png", "optimizeForSpeed": True}
_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
_NAME = "_by_hand"
_PATIENCE = 8.0
_AGAIN, _ATTEMPTS = 0.03, 100


class ByHand:
    """One page, clicked on by hand.

    Args:
        browser: Which runs already.
        folder: Where pictures and lines go.
        rule: When the page has settled.
    """

    def __init__(self, browser: Browser, folder: Path, rule: Rule = "rest") -> None:
        self._browser = browser
        self._folder = folder
        self._rule = rule
        self._context: BrowserContext | None = None
        self.sent = ""
        """What would be sent of the last step: its picture, in base64."""

    async def open(self, url: str) -> None:
        """Loads a page and takes a first picture."""
        self._folder.mkdir(parents=True)
        self._lines = (self._folder / "steps.jsonl").open("ab")
        viewport: Any = {"width": _WIDTH, "height": _HEIGHT}
        self._context = await self._browser.new_context(viewport=viewport)
        await self._context.add_init_script(script("settling/watch.js", "__handeye_name__", _NAME))
        page = await self._context.new_page()
        self._session: CDPSession = await self._context.new_cdp_session(page)
        await page.goto(url)
        await self._rest(time.monotonic())

    async def close(self) -> None:
        """Ends the context."""
        if self._context is not None:
            await self._context.close()
            self._lines.close()

    async def step(self, at: Point) -> float:
        """One step; returns its milliseconds."""
        began = time.perf_counter()
        self._line({"begin": {"click": [at.x, at.y]}})
        acted = time.monotonic()
        for kind, more in (("mouseMoved", {}), ("mousePressed", _BUTTON), ("mouseReleased", _BUTTON)):
            await self._session.send("Input.dispatchMouseEvent", {"type": kind, "x": at.x, "y": at.y, **more})
        if self._rule == "rest":
            data = await self._rest(acted)
        else:
            await self._session.send("Runtime.evaluate", {"expression": _FRAMES, "awaitPromise": True})
            data = await self._picture()
        png = base64.b64decode(data)
        name = hashlib.sha256(png).hexdigest()
        aside = self._folder / f"{name}.part"
        aside.write_bytes(png)
        aside.replace(self._folder / f"{name}.png")
        self._line({"end": {"frame": name}})
        self.sent = base64.b64encode(png).decode()
        return (time.perf_counter() - began) * 1000

    def _line(self, what: dict[str, Any]) -> None:
        self._lines.write(json.dumps(what).encode() + b"\n")
        self._lines.flush()

    async def _rest(self, acted: float) -> str:
        """The last of two equal captures between which nothing was announced and nothing changed."""
        before = ""
        changes = await self._quiet(acted)
        while True:
            before = before or await self._picture()
            now = await self._picture()
            later = await self._quiet(acted)
            if later == changes and now == before:
                return now
            before, changes = (now if later == changes else ""), later

    async def _quiet(self, acted: float) -> object:
        """Waits until nothing is announced; what the page counts its changes by."""
        ask = ""
        while time.monotonic() < acted + _PATIENCE:
            ago = round((time.monotonic() - acted) * 1000)
            question = {"expression": f"window.{_NAME}{ask}({ago})", "returnByValue": True, "awaitPromise": True}
            report = (await self._session.send("Runtime.evaluate", question))["result"]["value"]
            if not any(report["bounded"].values()) and not report["loops"]:
                return report["changes"]
            ask = ".soon"
        return None

    async def _picture(self) -> str:
        for _ in range(_ATTEMPTS):
            # right after a navigation the browser may refuse
            with contextlib.suppress(PlaywrightError):
                data: str = (await self._session.send("Page.captureScreenshot", _CAPTURE))["data"]
                return data
            await asyncio.sleep(_AGAIN)
        raise EnvironmentFailed("the browser gives no picture to the loop written by hand")


_BUTTON = {"button": "left", "clickCount": 1}
