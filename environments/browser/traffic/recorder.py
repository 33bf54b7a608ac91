"""Records what a context says over the network, without changing what its pages get: it listens, and asks for bodies afterwards.

Seen are the requests of pages, their frames (those of other processes too), popups and dedicated workers, with their redirects; WebSockets
of pages and frames; event streams. Not seen: a worker's WebSockets, a preflight, what a service worker asks for (a context that is recorded
runs none), and what is not HTTP. A body may be gone when it is asked for, for a page that is left at once: the record says so.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from typing import Any

from playwright.async_api import BrowserContext, Request, Response, WebSocket
from playwright.async_api import Error as PlaywrightError

from ....episodes.network import NetworkWriter, without_credentials
from ....episodes.schema import Moment, NetworkLine
from ....episodes.schema.network import AnsweredLine, AskedLine, ClosedLine, MessageLine, WorldLine
from .ears import Ears, Stream

_BODIES = 5.0
"""Seconds that bodies may take to be handed over at the end."""
_BODILESS = frozenset((204, 205, 304))


class Recorder:
    """A `Traffic` that only listens.

    Args:
        writer: Where to.
        state: The storage state that the run begins with, as it may be kept.
    """

    stands_in = False
    server = ""

    def __init__(self, writer: NetworkWriter, state: bytes | None = None) -> None:
        self._writer = writer
        self._state = state
        self._moment = Moment()
        self._began = time.monotonic()
        self.told = 0
        self._count = 0
        self._numbers: dict[Request, int] = {}
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
        context.on("request", self._asked)
        context.on("response", self._begins)
        context.on("requestfinished", self._finished)
        context.on("requestfailed", self._failed)
        context.on("page", lambda page: page.on("websocket", self._socket))
        self._ears.follow(context)

    def now(self, moment: Moment) -> None:
        """See `Traffic.now`."""
        self._moment = moment

    def holds(self, method: str, url: str) -> bool:
        """See `Traffic.holds`: nothing is held."""
        return False

    async def advance(self) -> bool:
        """See `Traffic.advance`: what is pushed comes when it comes."""
        return False

    async def finish(self) -> None:
        """See `Traffic.finish`."""
        await self._ears.close()
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
        self._writer.put(
            AskedLine(
                **self._stamp(number),
                method=request.method,
                url=_without_fragment(request.url),
                resource=request.resource_type,
                headers=without_credentials(request.headers.items()),
                body=self._writer.hash(body) if body else None,
                type=request.headers.get("content-type", ""),
                redirect_of=self._numbers.get(before) if before is not None else None,
            )
        )
        if request.resource_type == "eventsource":
            self._streams[request.url].append(number)

    def _begins(self, response: Response) -> None:
        number = self._numbers.get(response.request)
        if number is not None and response.request.resource_type == "eventsource":
            self._chore(self._write_answer(response, AnsweredLine(**self._stamp(number)), with_body=False))

    def _finished(self, request: Request) -> None:
        number = self._numbers.pop(request, None) if request.redirected_to is None else self._numbers.get(request)
        if number is None:
            return
        if request.resource_type == "eventsource":
            self._writer.put(ClosedLine(**self._stamp(number)))
        else:
            self._chore(self._fetch(request, AnsweredLine(**self._stamp(number))))

    def _failed(self, request: Request) -> None:
        number = self._numbers.pop(request, None)
        if number is None:
            return
        error = request.failure or "net::ERR_FAILED"
        if request.resource_type == "eventsource":
            self._writer.put(ClosedLine(**self._stamp(number), by_page=error == "net::ERR_ABORTED"))
        else:
            self._writer.put(AnsweredLine(**self._stamp(number), error=error))

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

    async def _write_answer(self, response: Response, line: AnsweredLine, *, with_body: bool) -> None:
        status, body = response.status, b""
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
        if stream.key is None and self._streams[stream.url]:
            stream.key = self._streams[stream.url].popleft()
        if stream.key is None:
            return
        number, name = stream.key, str(event["eventName"])
        self._message(number, event["data"], event="" if name == "message" else name, id=event["eventId"])


def _with_data(line: NetworkLine, blob: str) -> NetworkLine:
    return line.model_copy(update={"data": blob})


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _first_line(error: PlaywrightError) -> str:
    return next((line for line in error.message.splitlines() if line.strip()), "no reason given")
