"""A server of files for tests: whole ones, broken ones, endless ones, with the headers that a test wants."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class File(NamedTuple):
    """What a path answers.

    Attributes:
        body: The bytes.
        kind: The media type; none is sent when empty.
        disposition: Of ``Content-Disposition``; none is sent when empty.
        claims: Bytes that the header promises; None promises what comes, −1 nothing.
        endless: Sends the body again and again, with this many seconds between.
        to: Redirects there.
        status: Of the answer.
        after: Waited for before anything is answered.
    """

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    disposition: str = ""
    claims: int | None = None
    endless: float | None = None
    to: str = ""
    status: int = 200
    after: threading.Event | None = None


def attached(body: bytes, name: str, kind: str = "application/octet-stream") -> File:
    """A file that is to be saved under a name."""
    return File(body, kind, f'attachment; filename="{name}"')


class Depot:
    """Serves files on loopback, on a port of its own.

    Attributes:
        files: Path → what it answers.
        posted: Bodies of the POST requests, in order.
        asked: Paths asked for, in order.
    """

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.posted: list[bytes] = []
        self.asked: list[str] = []
        depot = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                depot.asked.append(self.path)
                depot._answer(self)

            def do_POST(self) -> None:
                depot.posted.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                depot._answer(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def page(self, html: str, path: str = "/", file: Callable[..., File] = File) -> str:
        """Serves HTML and gives its URL."""
        self.files[path] = file(f"<!doctype html><meta charset=utf-8>{html}".encode())
        return f"{self.url}{path[1:]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        file = self.files.get(handler.path.partition("?")[0])
        if file is None:
            handler.send_error(404)
            return
        if file.after is not None:
            file.after.wait(30)
        handler.send_response(303 if file.to else file.status)
        headers = {"Content-Type": file.kind, "Content-Disposition": file.disposition, "Location": file.to}
        claims = len(file.body) if file.claims is None and file.endless is None else file.claims
        headers["Content-Length"] = "" if claims is None or claims < 0 else str(claims)
        for name, value in headers.items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        # whoever reads may hang up at any time
        with contextlib.suppress(OSError):
            handler.wfile.write(file.body)
            while file.endless is not None:
                if file.endless:
                    time.sleep(file.endless)
                handler.wfile.write(file.body)
