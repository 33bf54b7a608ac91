"""WebSockets as far as the DevTools protocol needs them: whole text messages over loopback or TLS, no extensions (RFC 6455)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import ssl
import struct
from urllib.parse import urlsplit

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LINES = 100
"""Lines that a head may have."""
_LARGEST = 1 << 29
"""Bytes of a message; a screenshot has some millions."""
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


class WebSocket:
    """One end of an open connection.

    Args:
        reader: What comes.
        writer: What goes.
        client: Whether this end began the connection; a client masks what it sends.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, client: bool) -> None:
        self._reader = reader
        self._writer = writer
        self._client = client

    async def receive(self) -> bytes | None:
        """The next message; None when the connection has ended."""
        message = await self.receive_any()
        return message[0] if message is not None else None

    async def receive_any(self) -> tuple[bytes, bool] | None:
        """The next message and whether it is binary; None when the connection has ended."""
        whole, kind = b"", 0
        while True:
            try:
                final, code, data = await self._frame()
            except (OSError, asyncio.IncompleteReadError):
                return None
            if code == _CLOSE:
                return None
            if code == _PING:
                await self._send(_PONG, data)
            elif code != _PONG:
                whole, kind = whole + data, kind or code
                if final:
                    return whole, kind == _BINARY

    async def send(self, message: bytes, *, binary: bool = False) -> None:
        """Sends a message; one that the other end is no longer there for is lost."""
        await self._send(_BINARY if binary else _TEXT, message)

    async def close(self) -> None:
        """Says goodbye and ends the connection. A second call does nothing."""
        if not self._writer.is_closing():
            await self._send(_CLOSE, struct.pack(">H", 1000))
            self._writer.close()

    async def _frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 127
        if length > 125:
            length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
        if length > _LARGEST:
            raise ConnectionError(f"a message of {length} bytes")
        mask = await self._reader.readexactly(4) if second & 128 else b""
        data = await self._reader.readexactly(length)
        return bool(first & 128), first & 15, _masked(data, mask) if mask else data

    async def _send(self, code: int, data: bytes) -> None:
        masked = 128 if self._client else 0
        length = len(data)
        if length < 126:
            head = struct.pack(">BB", 128 | code, masked | length)
        elif length < 1 << 16:
            head = struct.pack(">BBH", 128 | code, masked | 126, length)
        else:
            head = struct.pack(">BBQ", 128 | code, masked | 127, length)
        if masked:
            mask = os.urandom(4)
            head, data = head + mask, _masked(data, mask)
        try:
            self._writer.write(head + data)
            await self._writer.drain()
        except OSError:
            # the reading side says that it ended
            return


async def connect(url: str) -> WebSocket:
    """Opens a connection to ``ws://…`` or ``wss://…``.

    Raises:
        OSError: Nothing answers there, or what answers speaks no WebSocket.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context() if secure else None)
    key = base64.b64encode(os.urandom(16))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # no Origin: a browser refuses those that it was not told to allow
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    try:
        status, headers = await _head(reader)
    except (asyncio.IncompleteReadError, ValueError) as error:
        writer.close()
        raise ConnectionError("it does not speak HTTP") from error
    if " 101 " not in f"{status} " or headers.get("sec-websocket-accept") != _accept(key):
        writer.close()
        raise ConnectionError(f"it answers {status!r}")
    return WebSocket(reader, writer, client=True)


async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> WebSocket | None:
    """Answers a connection that was made to us.

    Args:
        reader: What comes.
        writer: What goes.
        path: The only one that is answered: who does not know it is turned away, and so is every web page.
    """
    try:
        request, headers = await _head(reader)
    except (OSError, asyncio.IncompleteReadError, ValueError):
        request, headers = "", {}
    key = headers.get("sec-websocket-key")
    if request.split(" ")[1:2] != [path] or key is None or "origin" in headers:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        return None
    writer.write(agreed(key))
    return WebSocket(reader, writer, client=False)


def agreed(key: str, protocol: str = "") -> bytes:
    """The answer to a handshake: its ``Sec-WebSocket-Key``, and which of the protocols that it offers is spoken."""
    chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {_accept(key.encode())}\r\n{chosen}\r\n"
    ).encode()


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    first = (await reader.readline()).decode("latin-1").strip()
    headers: dict[str, str] = {}
    for _ in range(_LINES):
        line = (await reader.readline()).decode("latin-1").strip()
        if not line:
            return first, headers
        name, _colon, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ValueError("a head without an end")


def _accept(key: bytes) -> str:
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()


def _masked(data: bytes, mask: bytes) -> bytes:
    # as one large number: a loop over bytes would take a second for what is uploaded
    length = len(data)
    pattern = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")).to_bytes(length, "big")
