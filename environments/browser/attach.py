"""Works in a browser that somebody else runs: a person's own, over its DevTools port, with a person's profile and logins in it.

Between Playwright and that browser stands a relay that lets through only the tabs which the run itself opened, and what those open.
Playwright would attach to every tab that there is, wait for each to answer, and set its own defaults there; through the relay it
sees an empty browser, so the person's tabs are not listed, not scripted, not switched to and not closed, and their dialogs stay
theirs. What a run sets (the size of the page, its language and clock) hangs on the debugging sessions of its own tabs and ends with
the connection, also when this process is killed. What can only be set for the whole profile is left as it is: where downloads go, which
permissions a site has, who is asked for a password. For these the browser shows its own windows, which a run does not see.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from playwright.async_api import BrowserContext, BrowserType, Playwright

from ...episodes.schema import Start
from ...tools.errors import BrowserMissing, UsageError
from .websocket import WebSocket, accept, connect

NOTICE = (
    "attached to the browser at {where}: the run works with the profile and the logins of that browser, and what it sees is recorded",
    "it opens a window of its own and leaves every other tab and window alone; sign-in, permissions, printing and downloads stay with"
    " that browser's own windows and folder",
    "the browser keeps running afterwards; what the run does on sites (orders, messages, settings) stays done",
)
"""What a person is told who attaches a run to a browser."""

HOW_TO = (
    "start one: chromium --remote-debugging-port=9222 --user-data-dir=FOLDER   (Chrome opens no port on its default profile folder:"
    " it wants a folder of its own, in which you log in once)"
)

_PATIENCE = 10.0
"""Seconds that a browser may take to answer."""
_OURS = 1 << 30
"""Above this are the numbers of what the relay itself asks the browser, which takes 31 bits."""
_LONG, _TAIL = 1 << 15, 100
"""Bytes of a message that is long, and of its end."""

_REFUSED = {
    "storage_state": "its cookies would mix with those of the profile",
    "permissions": "they would be granted to the profile",
    "geolocation": "whether a page may ask where it is, the profile decides",
    "touch": "its devices are as they are",
    "mobile": "its devices are as they are",
}
"""Keys of a start recipe that belong to a whole profile, and why they are not set on somebody's."""


def check_start(start: Start) -> None:
    """Refuses what cannot be had in somebody's browser.

    Raises:
        UsageError: A key that was set to something else than its default cannot be kept there.
    """
    for key, why in _REFUSED.items():
        if getattr(start, key) != Start.model_fields[key].get_default():
            raise UsageError(
                f"start.{key} cannot be set in a browser that is attached to: {why}", remedy="leave it out"
            )
    if start.allow is not None and "*" not in start.allow:
        raise UsageError(
            "a browser that is attached to cannot be kept to one site: the fence is a proxy, and the profile has its own",
            remedy="let it go everywhere (--allow '*'), or run without --cdp in a browser of its own",
        )


async def find_socket(url: str) -> str:
    """The WebSocket of the browser whose DevTools answer at ``http://host:port`` (or at ``ws://…``, which is it already).

    Raises:
        UsageError: This is no such address.
        BrowserMissing: Nothing answers there, or no Chromium.
    """
    # a fifth of what the browser's modules take to import, and needed only here
    import httpx

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
        raise UsageError(f"--cdp {url!r} is no address of a browser", remedy="write http://127.0.0.1:9222 or ws://…")
    if parts.scheme in ("ws", "wss"):
        return url
    shown = f"{parts.scheme}://{parts.hostname}:{parts.port or 80}"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as client:
            answer = await client.get(f"{url.rstrip('/')}/json/version")
    except httpx.HTTPError as error:
        raise BrowserMissing(
            f"no browser answers at {shown} ({str(error) or type(error).__name__})", remedy=HOW_TO
        ) from error
    try:
        said = answer.raise_for_status().json()
        product, socket = str(said["Browser"]), str(said["webSocketDebuggerUrl"])
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        raise BrowserMissing(
            f"what answers at {shown} is no Chromium that can be attached to",
            remedy=f"Firefox cannot be used; {HOW_TO}",
        ) from error
    if "chrome" not in product.lower():
        raise BrowserMissing(f"what answers at {shown} is {product}, no Chromium", remedy=HOW_TO)
    # it names itself as it was asked; behind a forwarded port that is not where it can be reached
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, urlsplit(socket).path, "", ""))


class Wish(NamedTuple):
    """What every tab of the run is set to when it opens: a command of the DevTools protocol, for its own session only."""

    method: str
    parameters: dict[str, Any]
    frames: bool = False
    """Frames of other processes want it too."""


def wishes(options: Mapping[str, Any]) -> tuple[Wish, ...]:
    """What Playwright would set for a context of its own, as far as it can be had for one tab.

    Args:
        options: Of Playwright's ``new_context``.
    """
    viewport, locale = options["viewport"], options["locale"]
    size = {"width": viewport["width"], "height": viewport["height"]}
    screen = {"screenWidth": viewport["width"], "screenHeight": viewport["height"]}
    scheme = {"name": "prefers-color-scheme", "value": options["color_scheme"]}
    return (
        Wish(
            "Emulation.setDeviceMetricsOverride",
            {**size, **screen, "deviceScaleFactor": options["device_scale_factor"], "mobile": False},
        ),
        # a tab that is covered by another goes on painting
        Wish("Emulation.setFocusEmulationEnabled", {"enabled": True}),
        Wish("Emulation.setLocaleOverride", {"locale": locale}, True),
        Wish("Emulation.setTimezoneOverride", {"timezoneId": options["timezone_id"]}, True),
        Wish("Emulation.setEmulatedMedia", {"features": [scheme]}, True),
        # the languages that pages and servers are told; with an empty name the browser keeps its own
        Wish(
            "Emulation.setUserAgentOverride",
            {"userAgent": options["user_agent"] or "", "acceptLanguage": locale},
            True,
        ),
    )


class Attached:
    """A browser that somebody else runs, in the place of one that was launched.

    Args:
        playwright: Who speaks to it.
        url: Where its DevTools answer.
    """

    def __init__(self, playwright: Playwright, url: str) -> None:
        self.version = ""
        self._playwright = playwright
        self._url = url
        self._relays: dict[BrowserContext, Relay] = {}

    async def new_context(self, *, tabs: tuple[str, ...] = (), **options: Any) -> BrowserContext:
        """The browser's own context, its profile, of which only the tabs are seen that are opened through what is returned.

        Args:
            tabs: Besides, tabs that an earlier run opened, by what the browser calls them.
            options: As for Playwright's ``new_context``; see `wishes`.

        Raises:
            UsageError: The address is none, or there is no Chromium.
        """
        if "no_defaults" not in inspect.signature(BrowserType.connect_over_cdp).parameters:
            raise UsageError(
                "this Playwright would change a browser it is attached to", remedy="pip install -U playwright"
            )
        relay = Relay(await find_socket(self._url), wishes(options), tabs)
        try:
            await relay.open()
            browser = await self._playwright.chromium.connect_over_cdp(
                relay.url, no_defaults=True, timeout=_PATIENCE * 1000
            )
        except BaseException:
            await relay.close()
            raise
        self.version = browser.version
        context = browser.contexts[0]
        self._relays[context] = relay
        return context

    async def leave(self, context: BrowserContext) -> None:
        """Closes the tabs of a context; the browser runs on."""
        await context.close()
        await self._relays.pop(context).close()

    async def let_be(self, context: BrowserContext) -> None:
        """Lets go of a context; its tabs stay open."""
        await self._relays.pop(context).let_be()

    async def close(self) -> None:
        """Leaves all that was not left. A second call does nothing."""
        for context in list(self._relays):
            await self.leave(context)


class Relay:
    """Stands between one Playwright connection and a browser. Open it, connect to `url`, and wait for `finished` at the end.

    Args:
        socket: WebSocket of the browser.
        wished: What the tabs of the run are set to.
        tabs: Tabs of an earlier run that are this one's now.
    """

    def __init__(self, socket: str, wished: tuple[Wish, ...], tabs: tuple[str, ...] = ()) -> None:
        self.url = ""
        self._tabs = tabs
        self._parting = asyncio.Event()
        self._socket = socket
        self._wishes = wished
        self._browser: WebSocket | None = None
        self._path = f"/{secrets.token_hex(16)}"
        self._server: asyncio.Server | None = None
        self._talk: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connects to the browser and begins to listen on a free port of the loopback interface.

        Raises:
            BrowserMissing: The browser does not answer.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                self._browser = await connect(self._socket)
        except OSError as error:  # TimeoutError is one
            where = urlsplit(self._socket)
            raise BrowserMissing(
                f"no browser answers at {where.hostname}:{where.port} ({str(error) or 'no answer in time'})",
                remedy=HOW_TO,
            ) from error
        self._server = await asyncio.start_server(self._arrived, "127.0.0.1", 0)
        self.url = "ws://{}:{}".format(*self._server.sockets[0].getsockname()) + self._path

    async def close(self) -> None:
        """Waits until the tabs of the run are closed, then ends the connection; the browser runs on. A second call does nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._talk is not None:
            await asyncio.wait({self._talk}, timeout=_PATIENCE)
            self._talk.cancel()
            await asyncio.gather(self._talk, return_exceptions=True)
        if self._browser is not None:
            await self._browser.close()

    async def let_be(self) -> None:
        """Ends the connection; the tabs of the run stay open. A second call does nothing."""
        self._parting.set()
        await self.close()

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = await accept(reader, writer, self._path)
        if client is None:
            return
        if self._talk is not None or self._browser is None:
            await client.close()
            return
        self._talk = asyncio.current_task()
        await _Talk(client, self._browser, self._wishes, self._tabs).run(self._parting)


class _Talk:
    """The conversation of one client with a browser of which it is shown a part."""

    def __init__(
        self, client: WebSocket, browser: WebSocket, wished: tuple[Wish, ...], tabs: tuple[str, ...] = ()
    ) -> None:
        self._taken = tabs
        self._attaching: dict[int, str] = {}
        self._client = client
        self._browser = browser
        self._wishes = wished
        self._tabs: set[str] = set()
        self._alive: set[str] = set()
        self._count = _OURS
        self._creating: set[int] = set()
        self._held: dict[int, bytes] = {}
        self._closed = asyncio.Event()

    async def run(self, parting: asyncio.Event) -> None:
        """Passes messages on until one of both has gone, and then closes the tabs of the run; or until ``parting``, and closes nothing."""
        answers = asyncio.ensure_future(self._answers())
        requests = asyncio.ensure_future(self._requests())
        left = asyncio.ensure_future(parting.wait())
        try:
            await asyncio.wait({answers, requests, left}, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done() and not left.done():
                await self._close_tabs()
        finally:
            for each in (answers, requests, left):
                each.cancel()
            await asyncio.gather(answers, requests, left, return_exceptions=True)
            await self._client.close()

    async def _close_tabs(self) -> None:
        for tab in self._tabs:
            await self._ask("Target.closeTarget", {"targetId": tab})
        # answered is not closed: for a moment the tab is still there
        if self._alive:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), _PATIENCE)

    async def _requests(self) -> None:
        while (raw := await self._client.receive()) is not None:
            message = json.loads(raw)
            if "sessionId" in message or not await self._kept_back(message):
                await self._browser.send(raw)

    async def _kept_back(self, message: dict[str, Any]) -> bool:
        """Deals with a request to the browser as a whole that must not reach it as it is."""
        number, method, given = message["id"], message["method"], message.get("params", {})
        match method:
            case "Target.setAutoAttach":
                # it would lay hands on every tab, and hold up those that the person opens; pop-ups are found by their opener
                await self._ask("Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "page"}]})
                await self._take_up({"id": number, "result": {}})
            case "Target.createTarget":
                self._creating.add(number)
                # in a window of its own: in one of the person's it would cover what the person looks at
                await self._put(self._browser, message | {"params": given | {"newWindow": True}})
            case "Browser.close":
                await self._tell({"id": number, "result": {}})
            case "Target.closeTarget" | "Target.activateTarget" | "Target.attachToTarget":
                if given.get("targetId") in self._tabs:
                    return False
                await self._tell({"id": number, "error": {"code": -32000, "message": "no tab of this run"}})
            case _:
                return False
        return True

    async def _take_up(self, answer: dict[str, Any]) -> None:
        """Tells the client of the tabs that were there before, and after them what it waits for."""
        taken, self._taken = self._taken, ()
        last = [await self._attach(tab) for tab in taken][-1:]
        if last:
            self._held[last[0]] = json.dumps(answer).encode()
        else:
            await self._tell(answer)

    async def _answers(self) -> None:
        while (raw := await self._browser.receive()) is not None:
            # a picture is not read through: those it is meant for stand at the end
            if len(raw) > _LONG and b'"sessionId"' in raw[-_TAIL:]:
                await self._client.send(raw)
                continue
            message = json.loads(raw)
            number = message.get("id")
            if number is not None and number > _OURS:
                await self._answered(number, gone="error" in message)
            elif number in self._creating and "sessionId" not in message:
                await self._created(number, raw, message)
            elif await self._shown(message):
                await self._client.send(raw)

    async def _answered(self, number: int, *, gone: bool) -> None:
        tab = self._attaching.pop(number, "")
        if tab and gone:
            self._tabs.discard(tab)
            self._alive.discard(tab)
        if number in self._held:
            await self._client.send(self._held.pop(number))

    async def _created(self, number: int, raw: bytes, message: dict[str, Any]) -> None:
        """Playwright expects to know a tab of its own by the time it is told that there is one."""
        self._creating.discard(number)
        tab = message.get("result", {}).get("targetId")
        if tab is None:
            await self._client.send(raw)
        else:
            self._held[await self._attach(tab)] = raw

    async def _attach(self, tab: str) -> int:
        self._tabs.add(tab)
        self._alive.add(tab)
        self._closed.clear()
        # noted before it is asked: the answer may be here first
        self._attaching[self._count + 1] = tab
        return await self._ask("Target.attachToTarget", {"targetId": tab, "flatten": True})

    async def _shown(self, message: dict[str, Any]) -> bool:
        """Whether the client is shown an event or answer."""
        method, given, nested = message.get("method", ""), message.get("params", {}), "sessionId" in message
        if method == "Target.attachedToTarget":
            for wish in self._wishes:
                # a page of its own, or a frame that has a process of its own
                if wish.frames or not nested:
                    await self._ask(wish.method, wish.parameters, given["sessionId"])
            return True
        if nested or not method.startswith("Target."):
            return True
        if method == "Target.targetCreated":
            info = given["targetInfo"]
            if info.get("openerId") in self._tabs and info["targetId"] not in self._tabs:
                await self._attach(info["targetId"])
            return False
        if method == "Target.targetDestroyed":
            self._alive.discard(given.get("targetId"))
            if not self._alive:
                self._closed.set()
            return False
        if method == "Target.detachedFromTarget":
            self._tabs.discard(given.get("targetId"))
            return True
        return False

    async def _ask(self, method: str, parameters: dict[str, Any], session: str | None = None) -> int:
        self._count += 1
        addressed = {} if session is None else {"sessionId": session}
        await self._put(self._browser, {"id": self._count, "method": method, "params": parameters, **addressed})
        return self._count

    async def _tell(self, message: dict[str, Any]) -> None:
        await self._put(self._client, message)

    async def _put(self, to: WebSocket, message: dict[str, Any]) -> None:
        await to.send(json.dumps(message).encode())
