"""HTTP authentication: a site that answers 401 opens a dialog that an act answers.

Chromium shows such a request in a window of its own, headless too, where nobody sees it: the request then waits for ever. So the browser
is asked to hand them over (``Fetch.enable`` with ``handleAuthRequests``), which it does only for requests that match a pattern and
are paused once each. Documents and scripted requests are; a picture or style sheet that asks on its own, in a page that did not, is
not, and stays away. A request from another site's page asks nobody: browsers leave it at 401.

One session on the whole browser hears them all, the first request of a popup included, and asks each context whether it is its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from playwright.async_api import Browser, CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from ....tools.actions import AnswerDialog
from ....tools.errors import ActionError
from .waiting import Waiting

_PATTERNS = [{"urlPattern": "http*", "resourceType": each} for each in ("Document", "XHR", "Fetch")]


class Owner(Protocol):
    """A context, as the desk sees it."""

    async def owns(self, frame: str) -> tuple[bool, Page | None]:
        """Whether a frame is one of its own, and in which page; None: in one that is not there yet."""
        ...

    def is_main(self, frame: str) -> bool:
        """Whether a frame is a page's outermost."""
        ...

    def ask(self, waiting: Waiting) -> None:
        """Opens a dialog."""
        ...

    async def answered(self, url: str) -> None:
        """Returns when a URL was answered, failed, or asks again."""
        ...


class SignInDesk:
    """Hears of every request of a browser that asks for a password. Get it by `desk_of`.

    Args:
        session: A session on the browser itself.
    """

    def __init__(self, session: CDPSession) -> None:
        self.session = session
        self._owners: list[Owner] = []
        self._running: set[asyncio.Task[None]] = set()
        session.on("Fetch.requestPaused", lambda event: self._do(self._continue(event)))
        session.on("Fetch.authRequired", lambda event: self._do(self._ask(event)))

    def join(self, owner: Owner) -> Callable[[], None]:
        """A context takes part, until the returned function is called."""
        self._owners.append(owner)
        return lambda: self._owners.remove(owner)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self, method: str, event: dict[str, Any], **more: Any) -> bool:
        try:
            await self.session.send(method, {"requestId": event["requestId"], **more})
        except PlaywrightError:
            # the page went elsewhere, or is closed
            return False
        return True

    async def _continue(self, event: dict[str, Any]) -> None:
        await self._send("Fetch.continueRequest", event)

    async def _ask(self, event: dict[str, Any]) -> None:
        challenge, url = event["authChallenge"], event["request"]["url"]
        owner, page = await self._find(event["frameId"])
        if owner is None or challenge.get("source") == "Proxy":
            await self._send("Fetch.continueWithAuth", event, authChallengeResponse={"response": "CancelAuth"})
            return

        async def respond(act: AnswerDialog) -> None:
            answer = {"response": "CancelAuth"}
            if act.accept:
                if act.text is None and act.password is None:
                    raise ActionError(
                        "a user name and a password are wanted", remedy="give them in text and password, or dismiss it"
                    )
                answer = {
                    "response": "ProvideCredentials",
                    "username": act.text or "",
                    "password": act.password or "",
                }
            done = asyncio.ensure_future(owner.answered(url))
            try:
                if not await self._send("Fetch.continueWithAuth", event, authChallengeResponse=answer):
                    raise ActionError("the request that asked to sign in is gone")
                await done
            finally:
                done.cancel()

        realm = f", realm “{challenge['realm']}”" if challenge.get("realm") else ""
        message = f"{challenge['origin']} asks for a user name and a password{realm}"
        # while the answer to a navigation is held back, the browser passes no question on to the page
        main = event["resourceType"] == "Document" and owner.is_main(event["frameId"])
        owner.ask(Waiting("auth", message, respond, page, stops={page} if main and page is not None else set()))

    async def _find(self, frame: str) -> tuple[Owner | None, Page | None]:
        for owner in list(self._owners):
            mine, page = await owner.owns(frame)
            if mine:
                return owner, page
        return None, None


_desks: dict[Browser, asyncio.Task[SignInDesk]] = {}


def desk_of(browser: Browser) -> Awaitable[SignInDesk]:
    """The desk of a browser, the same for all contexts in it."""
    if browser not in _desks:
        _desks[browser] = asyncio.ensure_future(_open(browser))
        browser.once("disconnected", _forget)
    return asyncio.shield(_desks[browser])


def _forget(browser: Browser) -> None:
    _desks.pop(browser, None)


async def _open(browser: Browser) -> SignInDesk:
    desk = SignInDesk(await browser.new_browser_cdp_session())
    await desk.session.send("Fetch.enable", {"handleAuthRequests": True, "patterns": _PATTERNS})
    return desk
