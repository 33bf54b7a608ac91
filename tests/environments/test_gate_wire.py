"""The gate as a proxy: what passes through it is what was sent, and nothing of it is left when it closes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from handeye.environments.browser.gate import Gate
from handeye.environments.reach import Reach

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 Fine Indeed\r\nX-Odd:  two  spaces\r\ncontent-LENGTH: 2\r\n\r\nok"


class Stand:
    """An origin that answers by script, a gate before it, and what the gate refused."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.connections = 0
        self.heads: list[bytes] = []
        self.refused: list[str] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def open(self, resolve: Callable[[str, int], Awaitable[list[str]]] | None = None) -> AsyncIterator[Stand]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.here = f"127.0.0.1:{self.port}"
        self.gate = Gate(Reach(f"http://{self.here}/", [f"named.test:{self.port}"]), self.refused.append, resolve)
        await self.gate.open()
        yield self
        await self.gate.close()
        for writer in self._writers:
            writer.close()
        server.close()

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.gate.server.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        self._writers.append(writer)
        return reader, writer

    async def ask(self, sent: bytes) -> bytes:
        """Everything that comes back until the connection ends."""
        reader, writer = await self.client()
        writer.write(sent.replace(b"HERE", self.here.encode()))
        return await asyncio.wait_for(reader.read(), 20)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        await self.talk(reader, writer)

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        return head


def answering(*answers: bytes, end: bool = False) -> Stand:
    """Answers a request after the other on each connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            try:
                await stand.head(reader)
            except asyncio.IncompleteReadError:
                break
            writer.write(answer)
            await writer.drain()
        if end:
            writer.close()

    stand = Stand(talk)
    return stand


async def test_bytes_pass_as_they_are() -> None:
    async with answering(OK, end=True).open() as stand:
        sent = b"GET http://HERE/a?b=%20#c HTTP/1.1\r\nHost: HERE\r\nProxy-Connection: keep-alive\r\nX-a:  B \r\nProxy-Authorization: x\r\n\r\n"
        reader, writer = await stand.client()
        writer.write(sent.replace(b"HERE", stand.here.encode()))
        assert await reader.readexactly(len(OK)) == OK
        host = stand.here.encode()
        assert stand.heads == [
            b"GET /a?b=%20#c HTTP/1.1\r\nHost: " + host + b"\r\nConnection: keep-alive\r\nX-a:  B \r\n\r\n"
        ]


async def test_a_connection_serves_many_requests_to_many_sites() -> None:
    async with answering(OK, OK, OK).open() as stand, answering(OK).open() as other:
        reader, writer = await stand.client()
        for site in (stand.here, stand.here, other.here, stand.here):
            writer.write(f"GET http://{site}/ HTTP/1.1\r\nHost: {site}\r\n\r\n".encode())
            if site == other.here:
                assert b"403 handeye: not allowed" in await reader.readuntil(b"\r\n\r\n")
                assert b"--allow " + site.encode() in await reader.readline()
            else:
                assert await reader.readexactly(len(OK)) == OK
        assert stand.connections == 1
        assert other.connections == 0
        assert stand.refused == [f"http://{other.here}"]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: a\r\n\r\n"),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 200\nContent-Length: 2\n\nok"),
    ],
)
async def test_the_end_of_an_answer_is_known(method: str, answer: bytes) -> None:
    async with answering(answer, OK).open() as stand:
        reader, writer = await stand.client()
        writer.write(f"{method} http://{stand.here}/ HTTP/1.1\r\n\r\n".encode())
        assert await reader.readexactly(len(answer)) == answer
        writer.write(f"GET http://{stand.here}/ HTTP/1.1\r\n\r\n".encode())
        assert await reader.readexactly(len(OK)) == OK


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"])
async def test_an_answer_may_end_with_its_connection(head: bytes) -> None:
    async with answering(head + b"hello", end=True).open() as stand:
        assert await stand.ask(b"GET http://HERE/ HTTP/1.1\r\n\r\n") == head + b"hello"


@pytest.mark.parametrize("chunked", [False, True])
async def test_bodies_stream_both_ways(chunked: bool) -> None:
    block, count = bytes(range(256)) * 4096, 24
    sums: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stand.head(reader)
        taken = hashlib.sha256()
        if chunked:
            while size := int(await reader.readline(), 16):
                taken.update(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readexactly(2)
        else:
            for _ in range(count):
                taken.update(await reader.readexactly(len(block)))
        sums.append(taken.digest())
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(block) * count}\r\n\r\n".encode())
        for _ in range(count):
            writer.write(block)
            await writer.drain()

    stand = Stand(talk)
    async with stand.open():
        reader, writer = await stand.client()
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(block) * count}"
        writer.write(f"POST http://{stand.here}/ HTTP/1.1\r\n{length}\r\n\r\n".encode())
        for _ in range(count):
            writer.write(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            await writer.drain()
        writer.write(b"0\r\n\r\n" if chunked else b"")
        await reader.readuntil(b"\r\n\r\n")
        got = hashlib.sha256()
        for _ in range(count):
            got.update(await reader.readexactly(len(block)))
        assert [got.digest()] == sums == [hashlib.sha256(block * count).digest()]


async def test_events_pass_one_by_one_and_a_hang_up_is_passed_on() -> None:
    go, hung_up = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stand.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await go.wait()
        writer.write(b"data: 2\n\n")
        await reader.read()
        hung_up.set()

    stand = Stand(talk)
    async with stand.open():
        reader, writer = await stand.client()
        writer.write(f"GET http://{stand.here}/ HTTP/1.1\r\n\r\n".encode())
        await reader.readuntil(b"data: 1\n\n")
        go.set()
        await reader.readuntil(b"data: 2\n\n")
        writer.close()
        await asyncio.wait_for(hung_up.wait(), 20)


async def test_a_tunnel_ends_on_one_side_before_the_other() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        everything = await reader.read()
        writer.write(everything[::-1])
        writer.close()

    stand = Stand(talk)
    async with stand.open():
        reader, writer = await stand.client()
        writer.write(f"CONNECT {stand.here} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
        writer.write(b"abc")
        writer.write_eof()
        assert await reader.read() == b"cba"


@pytest.mark.parametrize("target", ["127.0.0.1:1", "example.com:443", "[::1]:80", "0x7f.1:81"])
async def test_a_tunnel_elsewhere_is_refused(target: str) -> None:
    async with answering(OK).open() as stand:
        assert (await stand.ask(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())).startswith(b"HTTP/1.1 403 handeye: ")
        assert len(stand.refused) == 1 and "not allowed" in stand.gate.trouble


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: HERE\r\n\r\n",
        b"GET https://HERE/ HTTP/1.1\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        b"CONNECT HERE/ HTTP/1.1\r\n\r\n",
        b"CONNECT nowhere HTTP/1.1\r\n\r\n",
        b"hello\r\n\r\n",
    ],
)
async def test_what_is_no_proxy_request_goes_nowhere(sent: bytes) -> None:
    async with answering(OK).open() as stand:
        assert (await stand.ask(sent)).startswith(b"HTTP/1.1 400 ")
        assert stand.connections == 0


async def test_a_refused_upload_is_read_and_the_next_request_is_its_own() -> None:
    async with answering(OK).open() as stand:
        inner = f"GET http://{stand.here}/inner HTTP/1.1\r\n\r\n".encode()
        reader, writer = await stand.client()
        writer.write(b"POST http://evil.test/ HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner)
        assert b" 403 " in await reader.readuntil(b"\r\n\r\n")
        await reader.readline()
        writer.write(f"GET http://{stand.here}/outer HTTP/1.1\r\n\r\n".encode())
        assert await reader.readexactly(len(OK)) == OK
        assert [head.split()[1] for head in stand.heads] == [b"/outer"]


async def test_the_host_that_is_connected_to_is_the_url_s() -> None:
    async with answering(OK, end=True).open() as stand:
        reader, writer = await stand.client()
        writer.write(f"GET http://evil.test/ HTTP/1.1\r\nHost: {stand.here}\r\n\r\n".encode())
        assert b" 403 " in await reader.readuntil(b"\r\n\r\n")
        assert stand.connections == 0


async def test_the_browser_s_own_errands_are_refused_and_no_news() -> None:
    async with answering(OK).open() as stand:
        for host, news in (("content-autofill.googleapis.com", 0), ("fonts.googleapis.com", 1)):
            reader, writer = await stand.client()
            writer.write(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
            assert b" 403 " in await reader.readuntil(b"\r\n\r\n")
            assert len(stand.refused) == news


async def test_an_origin_that_fails_is_said() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with Stand(silent).open() as stand:
        reader, writer = await stand.client()
        writer.write(f"GET http://{stand.here}/ HTTP/1.1\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 502 handeye: no answer")

    async def no_such(host: str, port: int) -> list[str]:
        raise OSError(2, "nothing")

    async with answering(OK).open(no_such) as stand:
        reader, writer = await stand.client()
        writer.write(f"GET http://named.test:{stand.port}/ HTTP/1.1\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 502 handeye: ")


async def test_an_answer_cut_short_is_not_taken_for_whole() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", end=True).open() as stand:
        with pytest.raises(ConnectionError):
            await stand.ask(b"GET http://HERE/ HTTP/1.1\r\n\r\n")


async def test_a_name_cannot_be_pointed_at_this_machine_later() -> None:
    answers = iter([["192.0.2.1"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    async with answering(OK, end=True).open(rebinding) as stand:
        reader, writer = await stand.client()
        writer.write(f"GET http://named.test:{stand.port}/ HTTP/1.1\r\n\r\n".encode())
        assert b" 403 " in await reader.readline()
        assert stand.connections == 0


async def test_a_name_that_always_was_this_machine_s_is_reached() -> None:
    async def fixed(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with answering(OK, end=True).open(fixed) as stand:
        reader, writer = await stand.client()
        writer.write(f"GET http://a.named.test:{stand.port}/ HTTP/1.1\r\n\r\n".encode())
        assert await reader.readexactly(len(OK)) == OK


async def test_many_at_once_and_nothing_left_after() -> None:
    gone: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stand.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(ConnectionError):
            await reader.read()
        gone.append(1)
        if len(gone) == 200:
            all_gone.set()

    stand, all_gone = Stand(talk), asyncio.Event()
    before = asyncio.all_tasks()
    async with stand.open():
        clients = [await stand.client() for _ in range(200)]
        for number, (_, writer) in enumerate(clients):
            start = f"GET http://{stand.here}/ HTTP/1.1\r\n\r\n"
            if number % 2:
                start = f"CONNECT {stand.here} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"
            writer.write(start.encode())
        for reader, _ in clients:
            await reader.readuntil(b"\r\n\r\n")
        server = stand.gate.server
        await stand.gate.close()
        await stand.gate.close()
        await asyncio.wait_for(all_gone.wait(), 20)
        for reader, _ in clients:
            with pytest.raises(ConnectionError):
                await reader.read()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", int(server.rpartition(":")[2]))
    assert not {task for task in asyncio.all_tasks() - before if "gate" in repr(task.get_coro())}
