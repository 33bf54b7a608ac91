"""A site that never says the same twice: a single-page application with a state, to be recorded once and replayed when it is gone.

A counter by POST, polling, a WebSocket that answers and talks by itself, an event stream, ``Math.random``, a clock, CSS animations (one
without end), an image. Its answers hold fresh random words, and what it pushes comes by the real clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from types import TracebackType
from typing import Self

import numpy as np

from ...environments.browser.traffic.answering import Asked, read_request, talk
from ...tools.pixels import encode_png

PUSHES = 0.17
"""Seconds between two messages that nobody asked for; no part of the page's own ticks."""

PAGE = """<!doctype html><meta charset=utf-8><title>Board</title>
<style>
body { margin: 0; font: 16px/24px monospace; background: #fff; color: #000 }
div, button, img { position: absolute; left: 16px; width: 600px; height: 24px; overflow: hidden }
button { width: 160px; height: 32px; border: 1px solid #000; background: #ddd; font: inherit; transition: background-color .2s }
button.on { background: #8cf }
i { position: absolute; top: 0; width: 16px; height: 16px }
#spin { left: 700px; top: 16px; width: 48px; height: 48px; background: #e40; animation: slide 1.3s linear infinite }
@keyframes slide { from { transform: translateX(0) } to { transform: translateX(96px) } }
</style>
<button id=add style="top:16px">Add one</button><button id=ask style="top:16px;left:192px">Ask</button>
<div id=count style="top:64px">…</div><div id=poll style="top:96px">…</div>
<div id=live style="top:128px;height:120px"></div><div id=news style="top:256px;height:120px"></div>
<div id=clock style="top:384px">…</div><div id=tiles style="top:416px"></div>
<img src="picture.png" style="top:448px;width:64px;height:64px"><div id=spin></div>
<script>
const show = (id, text) => { document.getElementById(id).textContent = text };
const add = (id, text) => { const line = document.createElement("p"); line.style.margin = 0; line.textContent = text;
  const box = document.getElementById(id); box.prepend(line); while (box.children.length > 5) box.lastChild.remove() };
const tile = () => { const box = document.createElement("i"); const row = document.getElementById("tiles");
  box.style.left = 20 * row.children.length + "px";
  box.style.background = `hsl(${Math.floor(Math.random() * 360)} 80% 50%)`; row.append(box) };
const read = async () => { const said = await (await fetch("count")).json(); show("count", `count ${said.count} ${said.word}`) };
document.getElementById("add").onclick = async (event) => {
  event.target.classList.toggle("on");
  await fetch("count", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ by: 1 }) });
  await read(); tile() };
const live = new WebSocket(location.href.replace("http", "ws") + "live");
live.onopen = () => live.send("hello");
live.onmessage = (event) => add("live", event.data);
document.getElementById("ask").onclick = () => live.send("what now?");
new EventSource("news").onmessage = (event) => add("news", event.data);
setInterval(async () => show("poll", "poll " + await (await fetch("poll")).text()), 400);
setInterval(() => show("clock", new Date().toISOString()), 100);
read(); tile(); tile();
</script>"""


class HermeticSite:
    """Serves the application on loopback. Use it as an async context manager; `close` takes it off the machine.

    Args:
        every: Seconds between two messages that nobody asked for.

    Attributes:
        url: Where it is.
        asked: How many requests came.
    """

    def __init__(self, every: float = PUSHES) -> None:
        self._every = every
        self.url = ""
        self.asked = 0
        self._count = 0
        self._polls = 0
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stops serving, and drops what is open. A second call does nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for each in set(self._running):
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # also of one that is cancelled before it has begun
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            asked = await read_request(reader, "http")
            if asked is not None:
                self.asked += 1
                await self._answer(asked, reader, writer)

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match asked.method, asked.path:
            case "GET", "/live":
                await self._live(asked, reader, writer)
            case "GET", "/news":
                await self._news(writer)
            case "GET", "/":
                await _send(writer, "text/html; charset=utf-8", PAGE.encode())
            case "GET", "/count":
                said = {"count": self._count, "word": secrets.token_hex(4)}
                await _send(writer, "application/json", json.dumps(said).encode())
            case "POST", "/count":
                self._count += int(json.loads(asked.body)["by"])
                await _send(writer, "application/json", b"{}")
            case "GET", "/poll":
                self._polls += 1
                await _send(writer, "text/plain", f"{self._polls} {secrets.token_hex(4)}".encode())
            case "GET", "/picture.png":
                await _send(writer, "image/png", _picture())
            case _:
                await _send(writer, "text/plain", b"nothing here", 404)

    async def _live(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        socket, heard = await talk(asked, reader, writer)

        async def chatter() -> None:
            for number in range(10_000):
                await asyncio.sleep(self._every)
                await socket.send(f"live {number} {secrets.token_hex(4)}".encode())

        talking = asyncio.ensure_future(chatter())
        try:
            while (message := await heard()) is not None:
                await socket.send(f"you said {message[0].decode()} {secrets.token_hex(4)}".encode())
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)

    async def _news(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for number in range(10_000):
            writer.write(f"id: {number}\ndata: news {number} {secrets.token_hex(4)}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(self._every * 1.3)


async def _send(writer: asyncio.StreamWriter, kind: str, body: bytes, status: int = 200) -> None:
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


def _picture() -> bytes:
    """A PNG of 8 × 8 pixels of random colours."""
    return encode_png(np.frombuffer(secrets.token_bytes(8 * 8 * 3), np.uint8).reshape(8, 8, 3))
