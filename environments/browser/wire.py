"""HTTP/1.1 as bytes between a browser and an origin: heads, bodies and tunnels, passed on as they come."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

_HEAD = 1 << 18
"""Bytes that a line of a head may have: what Chromium takes."""
_BLOCK = 1 << 16
_Framing = int | Literal["chunked", "until the end"]


class Reader(asyncio.StreamReader):
    """Tells of its end also while nobody reads."""

    def __init__(self) -> None:
        super().__init__(limit=_HEAD)
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.ended.set()


class Peer(NamedTuple):
    """One end of a connection, as the proxy holds it."""

    reader: Reader
    writer: asyncio.StreamWriter

    async def lines(self) -> list[bytes]:
        """The lines of a head, the empty one last; none at the end of the connection.

        Raises:
            IncompleteReadError: The connection ended within a head.
            ValueError: A line is longer than Chromium takes.
        """
        lines: list[bytes] = []
        while line := await self.reader.readline():
            if lines or line.strip():
                lines.append(line)
                if not line.strip():
                    return lines
        if lines:
            raise asyncio.IncompleteReadError(b"".join(lines), None)
        return []


class Head:
    """A head as it came: a first line, headers, an empty line."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    def all(self, name: bytes) -> list[bytes]:
        """The values of a header; its name in lower case."""
        prefix = name + b":"
        return [line[len(prefix) :].strip() for line in self.lines[1:] if line[: len(prefix)].lower() == prefix]

    def framing(self, otherwise: _Framing) -> _Framing:
        """How the end of the body is known.

        Raises:
            ValueError: It says so in a way that nobody can read.
        """
        if any(value.lower().endswith(b"chunked") for value in self.all(b"transfer-encoding")):
            return "chunked"
        lengths = self.all(b"content-length")
        return int(lengths[0]) if lengths else otherwise

    def to_origin(self, method: bytes, path: bytes) -> None:
        """Makes what was said to a proxy what is said to an origin."""
        self.lines[0] = method + b" " + path + b" HTTP/1.1\r\n"
        self.lines[1:] = [_as_to_origin(line) for line in self.lines[1:] if not _for_proxy(line)]

    @property
    def closes(self) -> bool:
        """Whether the connection ends after the body."""
        said = b",".join(self.all(b"connection")).lower()
        return b"close" in said or (self.lines[0].startswith(b"HTTP/1.0") and b"keep-alive" not in said)


class Conversation:
    """One connection of the browser, and the connection to the origin that it spoke with last."""

    def __init__(self, client: Peer) -> None:
        self.client = client
        self._site = ""
        self._origin: Peer | None = None

    async def approach(self, site: str, connect: Callable[[], Awaitable[Peer]]) -> bool:
        """Sees to a connection with a site; whether it is a fresh one."""
        origin = self._origin
        if origin is not None and self._site == site and not origin.reader.ended.is_set():
            return False
        self.drop_origin()
        self._site, self._origin = site, await connect()
        return True

    def drop_origin(self) -> None:
        """Ends the connection to the origin."""
        if self._origin is not None:
            self._origin.writer.close()
        self._origin = None

    async def discard(self, head: Head) -> None:
        """Reads the body of a request that goes nowhere."""
        await _copy(self.client.reader, None, head.framing(0))

    async def forward(self, method: str, head: Head, fresh: bool) -> bool | None:
        """Sends a request on and its answer back.

        Returns:
            Whether another request may follow; None when the origin gave no answer, and the browser knows of none.

        Raises:
            OSError: One of the two is gone.
            IncompleteReadError: Likewise, within a message.
            ValueError: One of the two does not speak HTTP.
        """
        origin = self._origin
        assert origin is not None
        origin.writer.write(b"".join(head.lines))
        length = head.framing(0)
        sending = asyncio.ensure_future(_send(self.client.reader, origin.writer, length))
        answering = asyncio.ensure_future(self._relay(method, origin))
        gone = asyncio.ensure_future(self.client.reader.ended.wait())
        try:
            await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise ConnectionAbortedError("the browser hung up")
            # an origin may answer before it has read everything, and never read the rest
            again = answering.result() and sending.done()
        except _Silent:
            self.drop_origin()
            if fresh and sending.done():
                return None
            # on a kept connection this is the fate of a request that crossed its end: the browser asks again
            raise
        finally:
            for task in (sending, answering, gone):
                task.cancel()
            await asyncio.gather(sending, answering, gone, return_exceptions=True)
        if not again:
            self.drop_origin()
        return again

    async def _relay(self, method: str, origin: Peer) -> bool:
        writer = self.client.writer
        while True:
            try:
                lines = await origin.lines()
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                raise _Silent from error
            if not lines:
                raise _Silent
            words = lines[0].split(None, 2)
            if not lines[0].startswith(b"HTTP/1.") or len(words) < 2:
                raise ValueError("no HTTP answer")
            status = int(words[1])
            writer.write(b"".join(lines))
            if status == 101:
                await join(self.client, origin)
                return False
            if status >= 200:
                break
        head = Head(lines)
        bodiless = method == "HEAD" or status in (204, 304)
        framing = 0 if bodiless else head.framing("until the end")
        await _copy(origin.reader, writer, framing)
        return framing != "until the end" and not head.closes


class _Silent(ConnectionError):
    pass


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: _Framing) -> None:
    # an origin that takes no more may still answer: what it says counts, or that it says nothing
    with contextlib.suppress(OSError):
        await _copy(reader, writer, framing)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None, framing: _Framing) -> None:
    """Passes a body on, as it comes; without a writer it is thrown away."""
    if framing == "chunked":
        while True:
            line = await _line(reader)
            await _pass(writer, line)
            size = int(line.split(b";")[0], 16)
            if not size:
                break
            await _copy(reader, writer, size + 2)
        while line.strip():
            line = await _line(reader)
            await _pass(writer, line)
        return
    left = framing if isinstance(framing, int) else None
    while left is None or left > 0:
        block = await reader.read(_BLOCK if left is None else min(left, _BLOCK))
        if not block:
            if left is None:
                return
            raise asyncio.IncompleteReadError(b"", left)
        left = None if left is None else left - len(block)
        await _pass(writer, block)
    await _pass(writer, b"")


async def _line(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise asyncio.IncompleteReadError(line, None)
    return line


async def _pass(writer: asyncio.StreamWriter | None, block: bytes) -> None:
    if writer is not None:
        writer.write(block)
        await writer.drain()


async def join(one: Peer, other: Peer) -> None:
    """Passes bytes both ways until both sides have ended; each may end before the other.

    Raises:
        ConnectionResetError: One of them broke.
    """
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pour(one.reader, other.writer))
            group.create_task(_pour(other.reader, one.writer))
    except* OSError as errors:
        raise ConnectionResetError("the tunnel broke") from errors
    finally:
        hang_up(other.writer, whole=one.reader.at_eof())


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(_BLOCK):
        await _pass(writer, block)
    if writer.can_write_eof():
        writer.write_eof()


def hang_up(writer: asyncio.StreamWriter, whole: bool) -> None:
    """Ends a connection: in order when what was sent is whole, else with a reset."""
    if whole:
        writer.close()
        return
    with contextlib.suppress(OSError):
        # a reset: an end in order would make what came so far look like the whole
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _for_proxy(line: bytes) -> bool:
    name = line.lower()
    return name.startswith((b"proxy-authorization:", b"proxy-authenticate:"))


def _as_to_origin(line: bytes) -> bytes:
    # said to a proxy in place of what is said to an origin
    return re.sub(rb"^proxy-connection:", b"Connection:", line, flags=re.IGNORECASE)
