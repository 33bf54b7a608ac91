"""One browser process, and contexts in it: the boundary to Playwright, where its exceptions become ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import Iterator

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError
from pydantic import BaseModel, ConfigDict, Field

from ...episodes.schema import Start
from ...tools.errors import EnvironmentFailed, UsageError
from . import find
from .recipe import open_context, script

_ARGUMENTS = (
    # a wheel turn moves the page at once: the next frame shows where it ends, not where it passes
    "--disable-smooth-scrolling",
    # frames are wanted while no window is in front
    "--disable-backgrounding-occluded-windows",
    "--disable-quic",
    # component downloads and safe-browsing look-ups are traffic that no task asked for
    "--disable-component-update",
    "--disable-sync",
    # peer connections would go around a proxy; the second is what older browsers call it, which newer ones do not know
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)


class BrowserConfig(BaseModel):
    """How browsers are started and waited for.

    Attributes:
        headed: Shows a window; needs a display.
        timeout: Seconds that a page may take to answer a navigation, and an input to be taken.
        settle: Seconds after which a screen that does not come to rest is captured as it is.
        download_limit: Bytes that a download may have; one that has more is cut off. Those of one run may have ten times that together.
        arguments: Further arguments for the browser.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    headed: bool = False
    timeout: float = Field(default=30, gt=0)
    settle: float = Field(default=8, gt=0)
    download_limit: int = Field(default=100_000_000, gt=0, le=500_000_000)
    arguments: tuple[str, ...] = ()


class BrowserHost:
    """A browser process that several environments may share, with a context each.

    Started by the first that needs it; ended by `close`. The process belongs to this one: it ends with it, whatever happens.

    Args:
        config: See `BrowserConfig`.
    """

    def __init__(self, config: BrowserConfig | None = None) -> None:
        self.config = config or BrowserConfig()
        self.watch_name = f"_{uuid.uuid4().hex}"
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> BrowserHost:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def browser(self) -> Browser:
        """The running browser.

        Raises:
            BrowserMissing: There is none on this machine.
            EnvironmentFailed: It does not start.
        """
        async with self._starting:
            if self._browser is not None and self._browser.is_connected():
                return self._browser
            found = find.find_browser()
            if self.config.headed and found.headless_only:
                raise UsageError(
                    f"{found.path} has no window to show", remedy="playwright install chromium, or run without --headed"
                )
            if (
                self.config.headed
                and sys.platform == "linux"
                and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
            ):
                raise UsageError(
                    "there is no display to show a browser on (DISPLAY is not set)",
                    remedy="run it without --headed, in a desktop session, or under a virtual display: xvfb-run -a handeye …",
                )
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            with boundary("the browser does not start", "try: handeye doctor --fix"):
                self._browser = await self._playwright.chromium.launch(
                    executable_path=found.path,
                    headless=not self.config.headed,
                    args=[*_ARGUMENTS, *self.config.arguments],
                    # signals are the loop's business: it ends the step first, then closes the browser
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
            return self._browser

    async def context(self, start: Start, proxy: str | None = None) -> BrowserContext:
        """A fresh context as the start recipe wants it.

        Args:
            start: The recipe.
            proxy: URL of the proxy that everything goes through, requests to this machine included.
        """
        context = await open_context(await self.browser(), start, proxy=proxy, timeout=self.config.timeout)
        with boundary("the browser does not open a context"):
            await context.add_init_script(script("watch.js", "__handeye_name__", self.watch_name))
        return context

    async def close(self) -> None:
        """Ends the browser. A second call does nothing."""
        browser, self._browser = self._browser, None
        playwright, self._playwright = self._playwright, None
        # a browser that is gone already is what closing wanted
        with contextlib.suppress(PlaywrightError):
            if browser is not None:
                await browser.close()
        if playwright is not None:
            await playwright.stop()


@contextlib.contextmanager
def boundary(what: str, remedy: str = "") -> Iterator[None]:
    """Turns Playwright's exceptions into `EnvironmentFailed`, the original as its cause."""
    try:
        yield
    except PlaywrightError as error:
        first = next((line for line in error.message.splitlines() if line.strip()), "no reason given")
        raise EnvironmentFailed(f"{what}: {first}", remedy=remedy) from error
