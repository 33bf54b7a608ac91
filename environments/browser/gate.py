"""A forward proxy on loopback that lets one browser context reach what its allow-list holds, and nothing else.

It stands below the page and below the model: what a script, a redirect, a worker, a beacon or a WebSocket asks for comes through
here too. Bytes pass unchanged but for what a browser says to a proxy only; a refused request is answered at once and never leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Literal, NamedTuple
from weakref import WeakSet

import psutil

from ..address import is_ip, is_loopback_name, read_host, read_url
from ..reach import Reach

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host name and port → IP addresses in order of preference; raises `OSError` when there are none."""

MARK = "handeye: "
"""Begins the reason phrase of the answers that the gate gives itself."""

_HEAD = 1 << 18
"""Bytes that a line of a head may have: what Chromium takes."""
_BLOCK = 1 << 16
_IMPATIENCE = 2.0
"""Seconds for an address while there is another to try."""
_Framing = int | Literal["chunked", "until the end"]


class _Refused(Exception):
    pass


class _Reader(asyncio.StreamReader):
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


class _Peer(NamedTuple):
    reader: _Reader
    writer: asyncio.StreamWriter

    async def lines(self) -> list[bytes]:
        """The lines of a head, the empty one last; none at the end of the connection."""
        lines: list[bytes] = []
        while line := await self.reader.readline():
            if lines or line.strip():
                lines.append(line)
                if not line.strip():
                    return lines
        if lines:
            raise asyncio.IncompleteReadError(b"".join(lines), None)
        return []


class _Head:
    """A head as it came: a first line, headers, an empty line."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    def all(self, name: bytes) -> list[bytes]:
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

    @property
    def closes(self) -> bool:
        said = b",".join(self.all(b"connection")).lower()
        return b"close" in said or (self.lines[0].startswith(b"HTTP/1.0") and b"keep-alive" not in said)


class Gate:
    """The proxy of one browser context. Open it, point the context at `server`, close it when the context is closed.

    A name that leads to this machine is refused unless it is below a name that a person wrote and that did so when the gate opened: a
    site cannot have its own name point at a server that listens on loopback.

    Args:
        reach: What may be reached.
        refused: Told of each refusal: the site (``http://host:port``, or ``host:port`` where the scheme is not known).
        resolve: Looks names up.
    """

    def __init__(self, reach: Reach, refused: Callable[[str], None], resolve: Resolve | None = None) -> None:
        self.server = ""
        self.trouble = ""
        """Why the newest tunnel could not be made, in words."""
        self._reach = reach
        self._refused = refused
        self._resolve = resolve or _look_up
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._transports: WeakSet[asyncio.WriteTransport] = WeakSet()
        self._local: asyncio.Task[frozenset[str]] | None = None

    async def open(self) -> None:
        """Begins to listen on a free port of the loopback interface."""
        loop = asyncio.get_running_loop()
        self._local = loop.create_task(self._local_names())
        self._server = await loop.create_server(
            lambda: asyncio.StreamReaderProtocol(_Reader(), self._connected, loop=loop), "127.0.0.1", 0, backlog=256
        )
        self.server = "http://{}:{}".format(*self._server.sockets[0].getsockname())

    async def close(self) -> None:
        """Stops listening and drops every connection. A second call does nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = [*self._running, *([self._local] if self._local is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in list(self._transports):
            # one that was closed may still have something to send, and nobody who takes it
            transport.abort()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, _Reader)
        task = asyncio.get_running_loop().create_task(self._serve(_Peer(reader, writer)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, client: _Peer) -> None:
        self._transports.add(client.writer.transport)
        whole = False
        conversation = _Conversation(client)
        try:
            while await self._exchange(conversation):
                pass
            whole = True
        except (OSError, asyncio.IncompleteReadError, ValueError):
            # one of the two is gone, or does not speak HTTP: the other sees the connection break, as it would without us
            pass
        finally:
            conversation.drop_origin()
            _end(client.writer, whole)

    async def _exchange(self, talk: _Conversation) -> bool:
        """Answers one request; whether another may follow."""
        lines = await talk.client.lines()
        if not lines:
            return False
        words = lines[0].decode("latin-1").split()
        if len(words) != 3:
            return await talk.answer(400, "no request", "this is no HTTP request")
        method, target, _ = words
        if method == "CONNECT":
            return await self._tunnel(talk, target)
        head = _Head(lines)
        address = read_url(target)
        if address is None or address.scheme != "http" or address.port is None:
            return await talk.answer(400, "no such proxy", "this is a proxy: it wants an absolute http URL")
        site = f"{address.host}:{address.port}"
        try:
            if not self._reach.allows_host("http", address.host, address.port):
                raise _Refused
            fresh = await talk.approach(site, lambda: self._connect(address.host, address.port or 80))
        except _Refused:
            shown = "http://" + site.removesuffix(":80")
            self._refused(shown)
            await talk.discard(head)
            return await talk.answer(
                403, "not allowed", f"not allowed: {shown} (add --allow {site.removesuffix(':80')})"
            )
        except OSError as error:
            await talk.discard(head)
            return await talk.answer(502, _reason(error), f"{site} cannot be reached: {_reason(error)}")
        path = address.path if address.path.startswith("/") else "/" + address.path
        head.lines[0] = f"{method} {path} HTTP/1.1\r\n".encode("latin-1")
        head.lines[1:] = [_as_to_origin(line) for line in head.lines[1:] if not _for_proxy(line)]
        answered = await talk.forward(method, head, fresh)
        if answered is None:
            return await talk.answer(502, "no answer", f"{site} closed the connection without an answer")
        return answered

    async def _tunnel(self, talk: _Conversation, target: str) -> bool:
        name, _, digits = target.rpartition(":")
        host = read_host(name)
        if host is None or not digits.isdecimal():
            return await talk.answer(400, "no such host", f"{target} is no host and port")
        port = int(digits)
        shown = f"https://{host}" if port == 443 else f"{host}:{port}"
        try:
            if not self._reach.allows_host(None, host, port):
                raise _Refused
            origin = await self._connect(host, port)
        except _Refused:
            self._refused(shown)
            self.trouble = f"{shown} is not allowed (add --allow {shown.removeprefix('https://')})"
            await talk.answer(403, "not allowed", self.trouble)
            return False
        except OSError as error:
            self.trouble = f"{shown}: {_reason(error)}"
            await talk.answer(502, _reason(error), self.trouble)
            return False
        talk.client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(talk.client, origin)
        return False

    async def _connect(self, host: str, port: int) -> _Peer:
        addresses = await self._addresses(host, port)
        loop = asyncio.get_running_loop()
        for count, address in enumerate(addresses, 1):
            reader = _Reader()
            try:
                async with asyncio.timeout(_IMPATIENCE if count < len(addresses) else None):
                    transport, protocol = await loop.create_connection(
                        partial(asyncio.StreamReaderProtocol, reader, loop=loop), address, port
                    )
            except OSError:  # TimeoutError is one
                if count == len(addresses):
                    raise
                continue
            self._transports.add(transport)
            return _Peer(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
        raise OSError(f"{host} has no address")

    async def _addresses(self, host: str, port: int) -> list[str]:
        if is_ip(host):
            return [host.strip("[]")]
        if is_loopback_name(host):
            return ["127.0.0.1", "::1"]
        found = await self._resolve(host, port)
        if self._local is not None and any(map(_is_here, found)):
            local = await self._local
            if not any(host == name or host.endswith(f".{name}") for name in local):
                raise _Refused
        return found

    async def _local_names(self) -> frozenset[str]:
        """Which of the names that a person wrote lead to this machine."""
        answers = await asyncio.gather(*(self._resolve(name, 80) for name in self._reach.names), return_exceptions=True)
        return frozenset(
            name
            for name, answer in zip(self._reach.names, answers, strict=True)
            if not isinstance(answer, BaseException) and any(map(_is_here, answer))
        )


class _Conversation:
    """One connection of the browser, and the connection to the origin that it spoke with last."""

    def __init__(self, client: _Peer) -> None:
        self.client = client
        self._site = ""
        self._origin: _Peer | None = None

    async def approach(self, site: str, connect: Callable[[], Awaitable[_Peer]]) -> bool:
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

    async def answer(self, status: int, reason: str, text: str) -> bool:
        """Answers in the gate's own name; another request may follow."""
        body = f"{MARK}{text}\n".encode()
        head = (
            f"HTTP/1.1 {status} {MARK}{reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n"
        )
        self.client.writer.write(head.encode("latin-1", "replace") + body)
        await self.client.writer.drain()
        return status != 400

    async def discard(self, head: _Head) -> None:
        """Reads the body of a request that goes nowhere."""
        await _copy(self.client.reader, None, head.framing(0))

    async def forward(self, method: str, head: _Head, fresh: bool) -> bool | None:
        """Sends a request on and its answer back.

        Returns:
            Whether another request may follow; None when the origin gave no answer, and the browser knows of none.
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

    async def _relay(self, method: str, origin: _Peer) -> bool:
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
                await _join(self.client, origin)
                return False
            if status >= 200:
                break
        head = _Head(lines)
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


async def _join(one: _Peer, other: _Peer) -> None:
    """Passes bytes both ways until both sides have ended; each may end before the other."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pour(one.reader, other.writer))
            group.create_task(_pour(other.reader, one.writer))
    except* OSError as errors:
        raise ConnectionResetError("the tunnel broke") from errors
    finally:
        _end(other.writer, whole=one.reader.at_eof())


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(_BLOCK):
        await _pass(writer, block)
    if writer.can_write_eof():
        writer.write_eof()


def _end(writer: asyncio.StreamWriter, whole: bool) -> None:
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


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return os.strerror(error.errno).lower() if error.errno else str(error)


async def _look_up(host: str, port: int) -> list[str]:
    # as bytes: text would be read by other rules than a browser's
    found = await asyncio.get_running_loop().getaddrinfo(
        host.encode(), port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _is_here(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    ip = mapped or ip
    return ip.is_loopback or ip.is_unspecified or ip.is_link_local or str(ip) in _own_addresses()


def _own_addresses() -> Iterable[str]:
    return {each.address.partition("%")[0] for every in psutil.net_if_addrs().values() for each in every}
