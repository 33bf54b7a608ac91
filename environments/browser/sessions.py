"""The debugging sessions of a context's pages, one each, and by them: which page a target or a frame of the browser is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page
from playwright.async_api import Error as PlaywrightError

_SILENCE = 1.0
"""Seconds without an answer after which a page is taken to stand still."""


class Sessions:
    """Opens a session on every page that it is told of, and keeps it for all who ask.

    Args:
        context: Whose pages.
        listen: Told of a page and its session before anything is sent.
    """

    def __init__(self, context: BrowserContext, listen: Callable[[Page, CDPSession], None]) -> None:
        self.context_id = ""
        """The browser's name of the context; empty before the first page is known."""
        self._context = context
        self._listen = listen
        self._targets: dict[str, Page] = {}
        self._sessions: dict[Page, asyncio.Task[CDPSession]] = {}
        self._chores: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Ends what runs beside the pages."""
        for each in self._chores:
            each.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    def of(self, page: Page) -> asyncio.Future[CDPSession]:
        """The session of a page, opened when there is none; raises Playwright's errors when it cannot be reached."""
        # shared by all who ask: one who gives up does not take it from the others
        if page not in self._sessions:
            self._sessions[page] = self.chore(self._attach(page))
        return asyncio.shield(self._sessions[page])

    def forget(self, page: Page) -> None:
        """The page is closed, or crashed."""
        self._sessions.pop(page, None)
        self._targets = {target: each for target, each in self._targets.items() if each is not page}

    def chore(self, work: Any) -> asyncio.Task[Any]:
        """Runs something beside; what it fails with is no news to anybody but those who wait for it."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def answers(self, page: Page) -> bool:
        """Whether a page does not stand still."""
        try:
            session = await self.of(page)
            await asyncio.wait_for(session.send("Runtime.evaluate", {"expression": "0"}), _SILENCE)
        except TimeoutError:
            return False
        except PlaywrightError:
            return True
        return True

    def targets(self) -> dict[Page, str]:
        """What the browser calls each page that it has been asked about."""
        return {page: target for target, page in self._targets.items()}

    def is_main(self, frame: str) -> bool:
        """Whether a frame is a page's outermost."""
        return frame in self._targets

    async def owner(self, frame: str, browser: CDPSession) -> tuple[bool, Page | None]:
        """Whether a frame is one of this context's, and in which page; None: in one that is not there yet.

        Args:
            frame: The protocol's id of the frame.
            browser: A session on the browser itself.
        """
        # a page may ask as soon as it is there, before it is known by what name
        fresh = [each for each in self._sessions.values() if not each.done()]
        if fresh:
            await asyncio.wait(fresh, timeout=_SILENCE)
        if frame in self._targets:
            return True, self._targets[frame]
        with contextlib.suppress(PlaywrightError):
            info = (await browser.send("Target.getTargetInfo", {"targetId": frame}))["targetInfo"]
            return info.get("browserContextId") == self.context_id, None
        # a frame inside a page, which only the page knows
        for page in list(self._sessions):
            with contextlib.suppress(PlaywrightError, TimeoutError):
                session = await self.of(page)
                tree = await asyncio.wait_for(session.send("Page.getFrameTree"), _SILENCE)
                if _holds(tree["frameTree"], frame):
                    return True, page
        return False, None

    async def titles(self, browser: CDPSession | None) -> dict[Page, str]:
        """What the browser calls each page, also one that stands still; empty for a page without a title.

        Args:
            browser: A session on the browser itself, which is asked once for all; without it each page's session is asked.

        Raises:
            playwright Error: The browser is gone.
        """
        if browser is not None:
            targets = (await browser.send("Target.getTargets"))["targetInfos"]
        else:
            asked = await asyncio.gather(*map(self._target, list(self._sessions)))
            targets = [each for each in asked if each is not None]
        return {self._targets[each["targetId"]]: _title(each) for each in targets if each["targetId"] in self._targets}

    async def _target(self, page: Page) -> dict[str, Any] | None:
        with contextlib.suppress(PlaywrightError, TimeoutError):
            session = await asyncio.wait_for(self.of(page), _SILENCE)
            # it is the browser's own process that answers
            target = (await asyncio.wait_for(session.send("Target.getTargetInfo"), _SILENCE))["targetInfo"]
            return dict(target)
        return None

    async def _attach(self, page: Page) -> CDPSession:
        session = await self._context.new_cdp_session(page)
        self._listen(page, session)
        target = (await session.send("Target.getTargetInfo"))["targetInfo"]
        self._targets[target["targetId"]] = page
        self.context_id = target["browserContextId"]
        # not waited for: a page that is about to sign in answers nothing
        self.chore(session.send("Page.enable"))
        return session


def _title(target: dict[str, Any]) -> str:
    # for a page without a title the browser gives its address
    title, url = str(target["title"]), str(target["url"])
    return "" if title.rstrip("/") in (url.rstrip("/"), url.partition("://")[2].rstrip("/")) else title


def _holds(tree: dict[str, Any], frame: str) -> bool:
    return tree["frame"]["id"] == frame or any(_holds(each, frame) for each in tree.get("childFrames", []))
