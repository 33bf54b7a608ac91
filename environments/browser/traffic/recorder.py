"""Records what a context says over the network, without changing what its pages get: it listens, and asks for bodies afterwards.

Seen are the requests of pages, their frames (those of other processes too), popups and dedicated workers, with their redirects; WebSockets
of pages and frames; event streams. Not seen: a worker's WebSockets, a preflight, what a service worker asks for (a context that is recorded
runs none), and what is not HTTP. A body may be gone when it is asked for, for a page that is left at once: the record says so. Of what a
request carries a hash is kept, or the thing itself where that is asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from playwright.async_api import BrowserContext, Request, Response, WebSocket
from playwright.async_api import Error as PlaywrightError

from ....episodes.network import NetworkWriter, without_credentials
from ....episodes.schema import Moment, NetworkLine
from ....episodes.schema.network import (
    GIVEN_UP,
    PROBE,
    AnsweredLine,
    AskedLine,
    ClosedLine,
    MessageLine,
    SentLine,
    WorldLine,
)
from .base import Told
from .ears import Ears, Stream

_BODIES = 5.0
"""Seconds that bodies may take to be handed over at the end."""
_NOT_KEPT = "it is a file that was downloaded, and whose bytes were not kept"
_BODILESS = frozenset((204, 205, 304))


class Recorder:
    """A `Traffic` that only listens.

    Args:
        writer: Where to.
        state: The storage state that the run begins with, as it may be kept.
        requests: Keeps what requests carry, and the values of cookies that scripts can read, as a scorer of requests wants them.
    """

    stands_in = False
    server = ""

    def __init__(self, writer: NetworkWriter, state: bytes | None = None, *, requests: bool = False) -> None:
        self._writer = writer
        self._state = state
        self._requests = requests
        self._context: BrowserContext | None = None
        self._moment = Moment()
        self._began = time.monotonic()
        self.told = 0
        self._count = 0
        self._numbers: dict[Request, int] = {}
        self._files: dict[str, deque[tuple[Response, AnsweredLine]]] = defaultdict(deque)
        self._heads: dict[Request, tuple[Response, AnsweredLine]] = {}
        self._streams: defaultdict[str, deque[int]] = defaultdict(deque)
        self._chores: set[asyncio.Task[None]] = set()
        self._ears = Ears(self._heard)

    async def open(self, url: str) -> str:
        """See `Traffic.open`."""
        line = WorldLine(url=url)
        if self._state is None:
            self._writer.put(line)
        else:
            self._writer.put(line, self._state, lambda made, blob: made.model_copy(update={"state": blob}))
        return url

    async def attach(self, context: BrowserContext) -> None:
        """See `Traffic.attach`."""
        self._context = context
        context.on("request", self._asked)
        context.on("response", self._begins)
        context.on("requestfinished", self._finished)
        context.on("requestfailed", self._failed)
        context.on("page", lambda page: page.on("websocket", self._socket))
        self._ears.follow(context)

    async def ready(self) -> None:
        """See `Traffic.ready`."""
        await self._ears.ready()

    def now(self, moment: Moment) -> None:
        """See `Traffic.now`."""
        self._moment = moment

    def holds(self, method: str, url: str) -> bool:
        """See `Traffic.holds`: nothing is held."""
        return False

    async def advance(self) -> bool:
        """See `Traffic.advance`: what is pushed comes when it comes."""
        return False

    async def question(self, url: str, ask: Callable[[], Awaitable[Told]]) -> Told:
        """See `Traffic.question`: it is asked, and kept apart from what pages are told."""
        number = self._number()
        self._writer.put(AskedLine(**self._stamp(number), method="GET", url=_without_fragment(url), resource=PROBE))
        told = await ask()
        line = AnsweredLine(**self._stamp(number), status=told.status)
        self._writer.put(line, told.body, lambda made, blob: made.model_copy(update={"body": blob}))
        return told

    def downloaded(self, url: str, name: str, mime: str, body: bytes | None) -> None:
        """See `Traffic.downloaded`."""
        if not url.startswith(("http://", "https://")):
            return
        if self._files[url]:
            response, line = self._files[url].popleft()
            self._chore(self._write_answer(response, line, file=body, with_body=False))
            return
        # of what a link says is to be downloaded, no request is told
        number = self._number()
        stamp = {"moment": Moment(act=self._moment.act)}
        self._writer.put(
            AskedLine(**{**self._stamp(number), **stamp}, method="GET", url=_without_fragment(url), resource="download")
        )
        headers = (("Content-Type", mime), ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}"))
        line = AnsweredLine(
            **{**self._stamp(number), **stamp}, status=200, headers=headers, missing=_NOT_KEPT if body is None else ""
        )
        self._writer.put(line, body or None, lambda made, blob: made.model_copy(update={"body": blob}))

    async def finish(self) -> None:
        """See `Traffic.finish`."""
        await self._ears.close()
        for request in list(self._heads):
            self._never_ended(request)
        for url, files in self._files.items():
            for _ in list(files):
                self.downloaded(url, "", "", None)
        if self._chores:
            await asyncio.wait(set(self._chores), timeout=_BODIES)
        for each in set(self._chores):
            each.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    async def close(self) -> None:
        """See `Traffic.close`."""
        await self.finish()
        await self._writer.close()

    def _stamp(self, exchange: int) -> dict[str, Any]:
        self.told += 1
        at = round(time.monotonic() - self._began, 4)
        return {"exchange": exchange, "order": self.told, "moment": self._moment, "at": at}

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _chore(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # ---- requests and their answers

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("http://", "https://")):
            return
        number = self._numbers[request] = self._number()
        body = request.post_data_buffer
        before = request.redirected_from
        line = AskedLine(
            **self._stamp(number),
            method=request.method,
            url=_without_fragment(request.url),
            resource=request.resource_type,
            headers=without_credentials(request.headers.items()),
            body=self._writer.hash(body) if body else None,
            kept=self._requests and bool(body),
            type=request.headers.get("content-type", ""),
            redirect_of=self._numbers.get(before) if before is not None else None,
        )
        self._writer.put(line, body if line.kept else None, _with_body)
        if request.resource_type == "eventsource":
            self._streams[request.url].append(number)

    def _begins(self, response: Response) -> None:
        number = self._numbers.get(response.request)
        if number is None:
            return
        self._chore(self._sent(response.request, number))
        line = AnsweredLine(**self._stamp(number))
        if response.request.resource_type == "eventsource":
            self._chore(self._write_answer(response, line, with_body=False))
        else:
            self._heads[response.request] = response, line

    def _finished(self, request: Request) -> None:
        number = self._numbers.pop(request, None) if request.redirected_to is None else self._numbers.get(request)
        self._heads.pop(request, None)
        if number is None:
            return
        if request.resource_type == "eventsource":
            self._writer.put(ClosedLine(**self._stamp(number)))
        else:
            self._chore(self._fetch(request, AnsweredLine(**self._stamp(number))))

    def _never_ended(self, request: Request) -> None:
        """Its head came, which a page may act upon; its end did not: nobody read it, it is a stream, or the page was left."""
        response, line = self._heads.pop(request)
        self._numbers.pop(request, None)
        if response.status in _BODILESS:
            self._chore(self._write_answer(response, line, with_body=False))
            return
        if request.is_navigation_request() and "attachment" in response.headers.get("content-disposition", ""):
            # of what it downloads the browser says that it was given up, and its bytes come another way
            self._files[request.url].append((response, line))
            return
        error = line.model_copy(update={"error": request.failure or GIVEN_UP})
        self._chore(self._write_answer(response, error, with_body=False))

    def _failed(self, request: Request) -> None:
        if request in self._heads:
            self._never_ended(request)
            return
        number = self._numbers.pop(request, None)
        if number is None:
            return
        error = request.failure or "net::ERR_FAILED"
        if request.resource_type == "eventsource":
            self._writer.put(ClosedLine(**self._stamp(number), by_page=error == GIVEN_UP))
        else:
            self._writer.put(AnsweredLine(**self._stamp(number), error=error))

    async def _sent(self, request: Request, number: int) -> None:
        """What a browser sent is known in full only now; a page that is left takes that along, and what was known before stands."""
        try:
            headers = [(each["name"], each["value"]) for each in await request.headers_array()]
            readable = await self._readable(request.url) if self._requests else ()
        except PlaywrightError:
            return
        self._writer.put(SentLine(exchange=number, headers=without_credentials(headers, readable)))

    async def _readable(self, url: str) -> frozenset[str]:
        """Names of the cookies that a script at an address can read."""
        cookies = await self._context.cookies(url) if self._context is not None else []
        return frozenset(each["name"] for each in cookies if not each["httpOnly"])

    async def _fetch(self, request: Request, line: AnsweredLine) -> None:
        try:
            response = await request.response()
        except PlaywrightError as error:
            self._writer.put(line.model_copy(update={"missing": _first_line(error)}))
            return
        if response is None:
            self._writer.put(line.model_copy(update={"error": "net::ERR_FAILED"}))
            return
        await self._write_answer(response, line, with_body=True)

    async def _write_answer(
        self, response: Response, line: AnsweredLine, *, with_body: bool, file: bytes | None = b""
    ) -> None:
        status, body = response.status, file or b""
        if file is None:
            line = line.model_copy(update={"missing": _NOT_KEPT})
        line = line.model_copy(update={"status": status, "reason": response.status_text})
        try:
            # the body first: it is what a page that is left takes along
            if with_body and status not in _BODILESS and not 300 <= status < 400 and response.request.method != "HEAD":
                body = await response.body()
        except PlaywrightError as error:
            line = line.model_copy(update={"missing": f"the browser has it no more: {_first_line(error)}"})
        try:
            headers = [(each["name"], each["value"]) for each in await response.headers_array()]
        except PlaywrightError:
            headers = list(response.headers.items())
        line = line.model_copy(update={"headers": without_credentials(headers)})
        if body:
            self._writer.put(line, body, lambda made, blob: made.model_copy(update={"body": blob}))
        else:
            self._writer.put(line)

    # ---- what is pushed

    def _socket(self, socket: WebSocket) -> None:
        number = self._number()
        url = _without_fragment(socket.url)
        self._writer.put(AskedLine(**self._stamp(number), method="GET", url=url, resource="websocket"))
        socket.on("framesent", lambda payload: self._message(number, payload, sent=True))
        socket.on("framereceived", lambda payload: self._message(number, payload))
        socket.on("close", lambda _: self._writer.put(ClosedLine(**self._stamp(number))))
        socket.on("socketerror", lambda error: self._writer.put(AnsweredLine(**self._stamp(number), error=str(error))))

    def _message(self, number: int, payload: str | bytes, *, sent: bool = False, **more: str) -> None:
        line = MessageLine(**self._stamp(number), sent=sent, **more)
        if isinstance(payload, bytes):
            self._writer.put(line, payload, _with_data)
        else:
            self._writer.put(line.model_copy(update={"text": payload}))

    def _heard(self, stream: Stream, event: dict[str, Any]) -> None:
        if stream.key is None:
            stream.key = self._claimed(stream.url)
        if stream.key is None:
            return
        number, name = stream.key, str(event["eventName"])
        self._message(number, event["data"], event="" if name == "message" else name, id=event["eventId"])

    def _claimed(self, url: str) -> int | None:
        """The exchange of a stream that speaks for the first time: the first one of its address, of all where that is not known."""
        waiting = [self._streams[url]] if url else list(self._streams.values())
        first = min((each for each in waiting if each), key=lambda each: each[0], default=None)
        return first.popleft() if first is not None else None


def _with_body(line: NetworkLine, blob: str) -> NetworkLine:
    return line.model_copy(update={"body": blob})


def _with_data(line: NetworkLine, blob: str) -> NetworkLine:
    return line.model_copy(update={"data": blob})


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _first_line(error: PlaywrightError) -> str:
    return next((line for line in error.message.splitlines() if line.strip()), "no reason given")
