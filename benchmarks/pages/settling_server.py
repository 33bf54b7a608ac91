"""Serves the pages of `settling_kinds` and what they ask for: late, slowly, for ever; over HTTP, event streams and WebSockets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from PIL import Image

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
_TYPES = {".js": "text/javascript", ".png": "image/png", ".gif": "image/gif", ".ttf": "font/ttf"}
GREEN = (0, 160, 0)
"""The colour of what has come."""


class SettlingServer:
    """One server on a free port of the loopback interface.

    Attributes:
        pages: Path → HTML.
    """

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for each in list(self._running):
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            # a browser leaves in the middle of things, and the end of the run ends the rest
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._running.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode().split()
        headers: dict[str, str] = {}
        while text := (await reader.readline()).decode().strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        if len(line) < 2:
            return
        address = urlsplit(line[1])
        asked = dict(parse_qsl(address.query))
        late = int(asked.get("ms", 0)) / 1000
        match address.path:
            case "/ws":
                await _talk(reader, writer, headers["sec-websocket-key"])
            case "/events":
                writer.write(_head("text/event-stream"))
                await asyncio.sleep(late)
                writer.write(b"data: pushed\n\n")
                await asyncio.sleep(60)
            case "/drip" | "/drip.png":
                page = self.pages.get(asked.get("page", ""), "")
                writer.write(_head("text/html" if address.path == "/drip" else "image/png") + page.encode())
                while True:
                    writer.write(b"<!-- -->" if page else b"")
                    await writer.drain()
                    await asyncio.sleep(0.1)
            case "/body":
                size = int(asked.get("size", 1000))
                writer.write(_head("text/plain", size * 10))
                for _ in range(10):
                    writer.write(b"x" * size)
                    await writer.drain()
                    await asyncio.sleep(late / 10)
            case path:
                await asyncio.sleep(late)
                body = self._body(path, asked)
                writer.write(_head(_TYPES.get(Path(path).suffix, "text/html"), len(body)) + body)
        await writer.drain()

    def _body(self, path: str, asked: dict[str, str]) -> bytes:
        if path in self.pages:
            return self.pages[path].encode()
        match Path(path).suffix:
            case ".png":
                return _picture([GREEN], "PNG")
            case ".gif":
                return _picture([(250 - i * 20, i * 20, 120) for i in range(10)], "GIF")
            case ".js":
                return b"export const late = 1"
            case ".ttf":
                font = find_font()
                return font.read_bytes() if font else b""
        return b"x" * int(asked.get("size", 20))


def find_font() -> Path | None:
    """Some font file of this machine that is not the one a page falls back to; None when there is none."""
    fonts = sorted(Path("/usr/share/fonts").rglob("*Mono*.ttf"))
    return fonts[0] if fonts else None


def _head(kind: str, length: int | None = None) -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{size}Cache-Control: no-store\r\n"
        "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n"
    ).encode()


def _picture(colors: list[tuple[int, int, int]], kind: str) -> bytes:
    first, *rest = [Image.new("RGB", (200, 200), color) for color in colors]
    out = io.BytesIO()
    if rest:
        first.save(out, kind, save_all=True, append_images=rest, duration=50, loop=0)
    else:
        first.save(out, kind)
    return out.getvalue()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
    """A WebSocket that sends every text back after as many milliseconds as it begins with."""
    accepted = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()  # as the RFC says
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
    )
    while True:
        first, second = await reader.readexactly(2)
        mask = await reader.readexactly(4)
        text = bytes(each ^ mask[i % 4] for i, each in enumerate(await reader.readexactly(second & 127)))
        if first & 15 != 1:
            return
        await asyncio.sleep(int(text.split()[0]) / 1000)
        writer.write(bytes([0x81, len(text)]) + text)
        await writer.drain()
