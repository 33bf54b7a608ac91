"""Serves any `Model` over the OpenAI chat protocol on the loopback interface: the whole path over HTTP, with no GPU.

One connection is one task of the caller's loop, HTTP itself is left to ``h11`` (which httpx stands on): the model is asynchronous, and a
client that hangs up must end its work at once. A threaded server would need a bridge for both.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import h11

from ...episodes.schema.base import Json
from ...episodes.schema.model import Reply
from ...tools.errors import (
    ContextTooLong,
    EnvironmentFailed,
    HandeyeError,
    ImagesRefused,
    ModelError,
    ModelUnknown,
    ModelUnreachable,
)
from ..base import Model
from .asked import Asked, BadRequest, Images

_LARGEST_BODY = 64 << 20
_PIECE = 1 << 16
_MOST_AHEAD = 1 << 20
_STATUS: tuple[tuple[type[HandeyeError], int], ...] = (
    (ContextTooLong, 400),
    (ImagesRefused, 400),
    (ModelUnknown, 404),
    (ModelUnreachable, 503),
    (ModelError, 500),
    (HandeyeError, 500),
)


class ModelEndpoint:
    """A model that is being served, as an async context manager.

    Knows what vLLM adds to the protocol (images by their ``uuid``, ``structured_outputs``, ``chat_template_kwargs``,
    ``continue_final_message``), and one field more: ``purpose``. A streamed answer begins when the model has ended.

    Args:
        model: Who answers. Not closed here: whoever made it does.
        name: Under which it is served.
        port: Where on 127.0.0.1; 0 is any that is free.

    Attributes:
        url: Where: ``http://127.0.0.1:<port>/v1``.
    """

    def __init__(self, model: Model, name: str = "handeye", port: int = 0) -> None:
        self.model = model
        self.name = name
        self._port = port
        self.url = ""
        self._images = Images()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        except OSError as error:
            where = f"127.0.0.1:{self._port}" if self._port else "127.0.0.1"
            raise EnvironmentFailed(
                f"a model cannot be served on {where}: {error.strerror}", remedy="another port: --port 8001"
            ) from error
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stops serving and ends what is being answered. A second call does nothing."""
        if self._server is not None:
            self._server.close()
            for each in self._connections:
                each.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        line = _Line(reader, writer)
        try:
            while await self._turn(line):
                line.http.start_next_cycle()
        except (ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass  # the client is gone, or speaks no HTTP, or the endpoint closes: nobody is left to tell
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _turn(self, line: _Line) -> bool:
        """Answers one request. Says whether the connection may carry another one."""
        request = await line.event()
        if not isinstance(request, h11.Request):
            return False
        try:
            body = await line.body()
            await self._answer(line, request.method.decode(), request.target.decode(), body)
        except _GoneAway:
            return False
        except BadRequest as refusal:
            await line.json(refusal.status, _error(str(refusal), refusal.status, refusal.kind))
        except HandeyeError as error:
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            await line.json(status, _error(str(error), status, type(error).__name__))
        return line.reusable

    async def _answer(self, line: _Line, method: str, target: str, body: bytes) -> None:
        match method, target.partition("?")[0]:
            case "GET", "/health":
                await line.json(200, {})
            case "GET", "/version":
                await line.json(200, {"version": "handeye"})
            case "GET", "/v1/models":
                card: Json = {"id": self.name, "object": "model", "created": 0, "owned_by": "handeye"}
                await line.json(200, {"object": "list", "data": [card]})
            case "POST", "/v1/chat/completions":
                await self._complete(line, body)
            case _, path:
                raise BadRequest(f"nothing is served at {method} {path}", status=404, kind="NotFoundError")

    async def _complete(self, line: _Line, body: bytes) -> None:
        asked = await asyncio.to_thread(Asked.read, body, self.name, self._images)
        reply = await line.unless_gone(self.model.complete(asked.request))
        head: dict[str, Json] = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": self.name}
        if asked.stream:
            await line.events(_chunks(reply, head, asked.usage))
        else:
            await line.json(200, _whole(reply, head))


class _GoneAway(Exception):
    """The client hung up before there was an answer."""


@dataclass
class _Line:
    """One connection: h11 on one side, the socket on the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __post_init__(self) -> None:
        self.http = h11.Connection(h11.SERVER)

    @property
    def reusable(self) -> bool:
        return self.http.our_state is h11.DONE and self.http.their_state is h11.DONE

    async def event(self) -> Any:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self.writer.write(self.http.send(go_on) or b"")
            self.http.receive_data(await self.reader.read(_PIECE))
        return event

    async def body(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while isinstance(event := await self.event(), h11.Data):
            size += len(event.data)
            if size > _LARGEST_BODY:
                raise BadRequest(f"a body may have at most {_LARGEST_BODY} bytes", status=413)
            parts.append(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise _GoneAway
        return b"".join(parts)

    async def unless_gone(self, work: Any) -> Reply:
        """What the work gives, unless the client hangs up first: then the work is cancelled.

        Raises:
            _GoneAway: It did.
        """
        working: asyncio.Task[Reply] = asyncio.ensure_future(work)
        ahead = 0
        try:
            while not working.done():
                listening = asyncio.ensure_future(self.reader.read(_PIECE))
                try:
                    await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not listening.done():
                        listening.cancel()
                        await asyncio.wait({listening})
                if not listening.cancelled():
                    data = listening.result()
                    ahead += len(data)
                    if not data or ahead > _MOST_AHEAD:
                        raise _GoneAway
                    self.http.receive_data(data)  # the next request, sent before this one is answered
            return working.result()
        finally:
            if not working.done():
                working.cancel()
                await asyncio.wait({working})

    async def json(self, status: int, body: dict[str, Json]) -> None:
        data = json.dumps(body).encode()
        self._head(status, "application/json", ("Content-Length", str(len(data))))
        self._send(h11.Data(data=data))
        await self._end()

    async def events(self, chunks: list[dict[str, Json]]) -> None:
        self._head(200, "text/event-stream; charset=utf-8", ("Transfer-Encoding", "chunked"))
        for chunk in chunks:
            self._send(h11.Data(data=f"data: {json.dumps(chunk)}\n\n".encode()))
            await self.writer.drain()
        self._send(h11.Data(data=b"data: [DONE]\n\n"))
        await self._end()

    def _head(self, status: int, kind: str, length: tuple[str, str]) -> None:
        headers = [("Content-Type", kind), length]
        if self.http.their_state is not h11.DONE:  # the rest of a body that was refused may still come
            headers.append(("Connection", "close"))
        reason = HTTPStatus(status).phrase
        self._send(h11.Response(status_code=status, headers=headers, reason=reason))

    def _send(self, event: h11.Event) -> None:
        self.writer.write(self.http.send(event) or b"")

    async def _end(self) -> None:
        self._send(h11.EndOfMessage())
        await self.writer.drain()


def _error(message: str, status: int, kind: str) -> dict[str, Json]:
    return {"error": {"message": message, "type": kind, "param": None, "code": status}}


def _usage(reply: Reply) -> dict[str, Json]:
    used = reply.usage
    details: dict[str, Json] = {}
    if used.cached is not None:
        details["cached_tokens"] = used.cached
    if used.image is not None:
        details["multimodal_tokens"] = {"image": used.image}
    return {
        "prompt_tokens": used.prompt,
        "completion_tokens": used.completion,
        "total_tokens": used.prompt + used.completion,
        "prompt_tokens_details": details or None,
    }


def _logprobs(tokens: tuple[Any, ...]) -> Json:
    return {"content": [{"token": each.text, "logprob": each.logprob} for each in tokens]} if tokens else None


def _whole(reply: Reply, head: dict[str, Json]) -> dict[str, Json]:
    choice: dict[str, Json] = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text},
        "logprobs": _logprobs(reply.tokens),
        "finish_reason": reply.finish or "stop",
    }
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(reply)}


def _chunks(reply: Reply, head: dict[str, Json], usage: bool) -> list[dict[str, Json]]:
    head = {**head, "object": "chat.completion.chunk"}

    def chunk(delta: dict[str, Json], finish: str | None = None, logprobs: Json = None) -> dict[str, Json]:
        choice: Json = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**head, "choices": [choice]}

    made = [chunk({"role": "assistant", "content": ""})]
    if "".join(each.text for each in reply.tokens) == reply.text:
        made += [chunk({"content": each.text}, logprobs=_logprobs((each,))) for each in reply.tokens]
    else:  # an end token that is not in the text, or no tokens at all
        made.append(chunk({"content": reply.text}, logprobs=_logprobs(reply.tokens)))
    made.append(chunk({}, finish=reply.finish or "stop"))
    if usage:
        made.append({**head, "choices": [], "usage": _usage(reply)})
    return made
