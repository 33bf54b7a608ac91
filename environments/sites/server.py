"""Serves one site on a free port of the loopback interface until it is closed."""

from __future__ import annotations

import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from ...tools.errors import EnvironmentFailed
from ...tools.plugins import load
from .base import TEXT, Request, Response, Seed, Site

SITES: Mapping[str, str] = {
    "shop": ".environments.sites.shop:Shop",
    "miniwob": ".environments.sites.miniwob:MiniWob",
}
"""Short names of the bundled sites."""

_MAX_BODY = 1 << 20
_MAX_FIELDS = 1000
_log = logging.getLogger(__name__)


def open_site(name: str, seed: Seed = None) -> RunningSite:
    """Serves a fresh copy of a site; its state is shared with no other.

    Args:
        name: ``"shop"``, ``"miniwob"``, an entry point of ``handeye.sites``, or a dotted path to a callable that takes
            the seed and returns a `Site`.
        seed: What the site generates its content from; ``None`` leaves it to the site.

    Raises:
        UnknownName: There is no such site.
        UsageError: The site lacks a package that it is served from; the message says how to install it.
        EnvironmentFailed: No port could be opened.
    """
    make = cast(Callable[[Seed], Site], load("site", name, SITES, "handeye.sites"))
    return RunningSite(make(seed))


class RunningSite:
    """A site that is being served. Close it, or use it as a context manager.

    Attributes:
        site: What is served.
        url: Where: ``http://127.0.0.1:<port>/``.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        try:
            self._server = _Server(site)
        except OSError as error:
            raise EnvironmentFailed(f"a local site cannot be served on 127.0.0.1: {error}") from error
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        # The poll interval only bounds how long closing waits.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="handeye-site", daemon=True
        )
        self._thread.start()

    def page(self, url: str = "/") -> str:
        """The absolute URL to start at for a path of the site, or for a page that the site knows by name."""
        return self.url.rstrip("/") + self.site.path(url)

    def close(self) -> None:
        """Stops serving and drops open connections. Closing twice is harmless."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server.drop_connections()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A page with its photographs opens more connections at once than the default of 5.
    request_queue_size = 64

    def __init__(self, site: Site) -> None:
        self.site = site
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would look up the name of the host here, which takes seconds where no resolver answers.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        """Wakes the threads that wait for the next request of a kept-alive connection: they see its end."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the browser was faster
                    continue

    def handle_error(self, request: object, client_address: object) -> None:
        # A browser drops connections whenever it navigates; anything else is a defect of the site and must be seen.
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            _log.error("the site failed to answer a request", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "handeye"
    sys_version = ""
    # Headers and body leave in one write, and the write is not held back for the acknowledgement of the last one.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the terminal belongs to the run."""

    def _answer(self) -> None:
        try:
            request = self._request()
        except ValueError as error:
            # What follows on this connection may be the rest of a body that was not read.
            self.close_connection = True
            self._send(Response.text(f"Bad request: {error}\n", status=400, content_type=TEXT))
            return
        self._send(cast(_Server, self.server).site.respond(request))

    def _request(self) -> Request:
        """Parses what arrived.

        Raises:
            ValueError: It is not a request that a browser of today would send.
        """
        target = urlsplit(self.path)
        body = self._body()
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(self.headers.get("Cookie", ""))
        except CookieError as error:
            raise ValueError(f"unreadable cookie: {error}") from error
        return Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=unquote(target.path, errors="strict"),
            query=_fields(target.query),
            form=_fields(body),
            cookies={name: morsel.value for name, morsel in cookies.items()},
        )

    def _body(self) -> str:
        if self.headers.get("Transfer-Encoding"):
            raise ValueError("a chunked body is not accepted")
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= _MAX_BODY:
            raise ValueError(f"the body may have at most {_MAX_BODY} bytes")
        body = self.rfile.read(length)
        if len(body) < length:
            raise ValueError("the body ends early")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if body and kind != "application/x-www-form-urlencoded":
            raise ValueError(f"a form must be urlencoded, not {kind or 'of an unnamed type'}")
        return body.decode()

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        # A page seen again must be asked for again: the state behind it may have moved on.
        self.send_header("Cache-Control", "no-store")
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


def _fields(encoded: str) -> dict[str, str]:
    pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    return dict(pairs)
