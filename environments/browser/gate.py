"""A forward proxy on loopback that lets one browser context reach what its allow-list holds, and nothing else.

It stands below the page and below the model: what a script, a redirect, a worker, a beacon or a WebSocket asks for comes through
here too. Bytes pass unchanged but for what a browser says to a proxy only; a refused request is answered at once and never leaves.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from weakref import WeakSet

import psutil

from ..address import is_ip, is_loopback_name, read_host, read_url
from ..reach import Reach
from .wire import Conversation, Head, Peer, Reader, hang_up, join

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host name and port → IP addresses in order of preference; raises `OSError` when there are none."""

MARK = "handeye: "
"""Begins the reason phrase of the answers that the gate gives itself."""

_IMPATIENCE = 2.0
"""Seconds for an address while there is another to try."""

_OWN_ERRANDS = frozenset(
    (
        *("content-autofill.googleapis.com", "safebrowsing.googleapis.com", "optimizationguide-pa.googleapis.com"),
        *("update.googleapis.com", "clientservices.googleapis.com", "android.clients.google.com", "mtalk.google.com"),
    )
)
"""Where Chromium goes by itself, for instance when a page shows a form: refused as all else, but no news about the page."""


class _Refused(Exception):
    pass


class Gate:
    """The proxy of one browser context. Open it, point the context at `server`, close it when the context is closed.

    A name that leads to this machine is refused unless it is below a name that a person wrote and that did so when the gate opened: a
    site cannot have its own name point at a server that listens on loopback.

    Args:
        reach: What may be reached.
        refused: Told of each refusal: the site (``http://host:port``, or ``host:port`` where the scheme is not known). Not of the
            browser's own errands.
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
            lambda: asyncio.StreamReaderProtocol(Reader(), self._connected, loop=loop), "127.0.0.1", 0, backlog=256
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
        assert isinstance(reader, Reader)
        task = asyncio.get_running_loop().create_task(self._serve(Peer(reader, writer)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, client: Peer) -> None:
        self._transports.add(client.writer.transport)
        whole = False
        conversation = Conversation(client)
        try:
            while await self._exchange(conversation):
                pass
            whole = True
        except (OSError, asyncio.IncompleteReadError, ValueError):
            # one of the two is gone, or does not speak HTTP: the other sees the connection break, as it would without us
            pass
        finally:
            conversation.drop_origin()
            hang_up(client.writer, whole)

    async def _exchange(self, talk: Conversation) -> bool:
        """Answers one request; whether another may follow."""
        lines = await talk.client.lines()
        if not lines:
            return False
        words = lines[0].decode("latin-1").split()
        if len(words) != 3:
            return await _answer(talk.client, 400, "no request", "this is no HTTP request")
        method, target, _ = words
        if method == "CONNECT":
            return await self._tunnel(talk, target)
        head = Head(lines)
        address = read_url(target)
        if address is None or address.scheme != "http" or address.port is None:
            return await _answer(talk.client, 400, "no such proxy", "this is a proxy: it wants an absolute http URL")
        site = f"{address.host}:{address.port}"
        try:
            if not self._reach.allows_host("http", address.host, address.port):
                raise _Refused
            fresh = await talk.approach(site, lambda: self._connect(address.host, address.port or 80))
        except _Refused:
            shown = "http://" + site.removesuffix(":80")
            self._tell(address.host, shown)
            await talk.discard(head)
            return await _answer(
                talk.client, 403, "not allowed", f"not allowed: {shown} (add --allow {site.removesuffix(':80')})"
            )
        except OSError as error:
            await talk.discard(head)
            return await _answer(talk.client, 502, _reason(error), f"{site} cannot be reached: {_reason(error)}")
        path = address.path if address.path.startswith("/") else "/" + address.path
        head.to_origin(method.encode("latin-1"), path.encode("latin-1"))
        answered = await talk.forward(method, head, fresh)
        if answered is None:
            return await _answer(talk.client, 502, "no answer", f"{site} closed the connection without an answer")
        return answered

    async def _tunnel(self, talk: Conversation, target: str) -> bool:
        name, _, digits = target.rpartition(":")
        host = read_host(name)
        if host is None or not digits.isdecimal():
            return await _answer(talk.client, 400, "no such host", f"{target} is no host and port")
        port = int(digits)
        shown = f"https://{host}" if port == 443 else f"{host}:{port}"
        try:
            if not self._reach.allows_host(None, host, port):
                raise _Refused
            origin = await self._connect(host, port)
        except _Refused:
            self._tell(host, shown)
            self.trouble = f"{shown} is not allowed (add --allow {shown.removeprefix('https://')})"
            await _answer(talk.client, 403, "not allowed", self.trouble)
            return False
        except OSError as error:
            self.trouble = f"{shown}: {_reason(error)}"
            await _answer(talk.client, 502, _reason(error), self.trouble)
            return False
        talk.client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await join(talk.client, origin)
        return False

    def _tell(self, host: str, shown: str) -> None:
        if host not in _OWN_ERRANDS:
            self._refused(shown)

    async def _connect(self, host: str, port: int) -> Peer:
        addresses = await self._addresses(host, port)
        loop = asyncio.get_running_loop()
        for count, address in enumerate(addresses, 1):
            reader = Reader()
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
            return Peer(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
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


async def _answer(client: Peer, status: int, reason: str, text: str) -> bool:
    """Answers in the gate's own name; another request may follow."""
    body = f"{MARK}{text}\n".encode()
    head = (
        f"HTTP/1.1 {status} {MARK}{reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    )
    client.writer.write(head.encode("latin-1", "replace") + body)
    await client.writer.drain()
    return status != 400


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
