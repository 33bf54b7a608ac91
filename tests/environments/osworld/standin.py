"""Stands in for OSWorld's virtual machine: a real HTTP server that speaks its protocol, in front of a real private screen.

Commands are run as its server runs them, with ``DISPLAY``, home and session bus of the screen; what is sent acts by XTEST.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import mss
import psutil
from PIL import Image

from handeye.environments.desktop.sandbox import Sandbox
from handeye.environments.desktop.tree.access import Accessibility
from handeye.environments.desktop.tree.walk import Thing
from handeye.environments.desktop.tree.words import State, kind

_NS = "https://accessibility.ubuntu.example.org/ns/"
_GUEST = Path(__file__).with_name("guest")

Answer = tuple[int, str, bytes]


class StandIn:
    """A machine.

    Args:
        sandbox: Its screen, open.

    Attributes:
        asked: Paths of the requests, in order.
        files: What is served besides: path → bytes.
        broken: Path → what is answered there in place of the truth.
        hanging: Paths that get no answer until `close`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.files: dict[str, bytes] = {}
        self.broken: dict[str, Answer] = {}
        self.hanging: set[str] = set()
        self.sandbox = sandbox
        self._over = threading.Event()
        self._programs: list[subprocess.Popen[bytes]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in.handle(self, b"")

            def do_POST(self) -> None:
                stand_in.handle(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def home(self) -> Path:
        return self.sandbox.home

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for program in self._programs:
            for each in _below(program.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            program.kill()
            program.wait()

    def handle(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path = request.path.partition("?")[0]
        self.asked.append(path)
        if path in self.hanging:
            self._over.wait()
            return
        answer = self.broken.get(path) or self._answer(path, request.headers.get("Content-Type", ""), body)
        try:
            request.send_response(answer[0])
            request.send_header("Content-Type", answer[1])
            request.send_header("Content-Length", str(len(answer[2])))
            request.end_headers()
            request.wfile.write(answer[2])
        except OSError:
            # whoever asked has gone
            return

    def _answer(self, path: str, kind: str, body: bytes) -> Answer:
        if path in self.files:
            return 200, "application/octet-stream", self.files[path]
        do: dict[str, Callable[[str, bytes], Answer]] = {
            "/screenshot": self._screenshot,
            "/screen_size": self._screen_size,
            "/platform": lambda kind, body: _text("Linux"),
            "/execute": self._execute,
            "/setup/execute": self._execute,
            "/setup/launch": self._launch,
            "/setup/open_file": self._open,
            "/setup/upload": self._upload,
            "/setup/activate_window": self._window("windowactivate"),
            "/setup/close_window": self._window("windowclose"),
            "/file": self._file,
            "/list_directory": self._directory,
            "/accessibility": self._accessibility,
            "/terminal": lambda kind, body: _json({"output": None, "status": "success"}),
        }
        return do[path](kind, body) if path in do else (404, "text/plain", b"not found")

    def _grabbed(self) -> Image.Image:
        with mss.MSS(display=self.sandbox.display) as screen:
            shot = screen.grab(screen.monitors[0])
        return Image.frombytes("RGB", shot.size, shot.rgb)

    def _screenshot(self, kind: str, body: bytes) -> Answer:
        out = io.BytesIO()
        self._grabbed().save(out, "PNG", compress_level=1)
        return 200, "image/png", out.getvalue()

    def _screen_size(self, kind: str, body: bytes) -> Answer:
        width, height = self._grabbed().size
        return _json({"width": width, "height": height})

    def _command(self, body: bytes) -> tuple[str | list[str], bool]:
        data = json.loads(body)
        self.bodies.append(data)
        shell = bool(data.get("shell", False))
        command = data.get("command", "" if shell else [])
        if isinstance(command, str) and not shell:
            command = shlex.split(command)
        if isinstance(command, list):
            command = [self._expanded(each) if each.startswith("~/") else each for each in command]
            command = [sys.executable if each == "python" and not at else each for at, each in enumerate(command)]
        if shell and isinstance(command, list):
            # as subprocess has it: the first is the script
            command = command[0]
        return command, shell

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.sandbox.environment, "PYTHONPATH": str(_GUEST)}

    def _execute(self, kind: str, body: bytes) -> Answer:
        command, shell = self._command(body)
        words = ["/bin/sh", "-c", str(command)] if shell else list(command)
        try:
            done = subprocess.run(
                words, env=self._environment(), cwd=self.home, capture_output=True, text=True, timeout=120, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return 500, "application/json", json.dumps({"status": "error", "message": str(error)}).encode()
        return _json({"status": "success", "output": done.stdout, "error": done.stderr, "returncode": done.returncode})

    def _launch(self, kind: str, body: bytes) -> Answer:
        command, shell = self._command(body)
        words = ["/bin/sh", "-c", str(command)] if shell else list(command)
        return self._started(words)

    def _started(self, words: list[str]) -> Answer:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            self._programs.append(subprocess.Popen(words, env=self._environment(), cwd=self.home, **quiet))  # type: ignore[call-overload]
        except OSError as error:
            return 500, "application/json", json.dumps({"status": "error", "message": str(error)}).encode()
        return _text(f"{shlex.join(words)} launched successfully")

    def _open(self, kind: str, body: bytes) -> Answer:
        path = self._expanded(json.loads(body)["path"])
        if not Path(path).exists():
            return 404, "text/plain", f"File not found: {path}".encode()
        return self._started(["mousepad", path])

    def _upload(self, kind: str, body: bytes) -> Answer:
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        path, data = (parts[name].get_payload(decode=True) for name in ("file_path", "file_data"))
        assert isinstance(path, bytes) and isinstance(data, bytes)
        Path(self._expanded(path.decode())).write_bytes(data)
        return _text("File Uploaded")

    def _window(self, verb: str) -> Callable[[str, bytes], Answer]:
        def do(kind: str, body: bytes) -> Answer:
            name = json.loads(body)["window_name"]
            words = ["xdotool", "search", "--onlyvisible", "--name", name, verb]
            subprocess.run(words, env=self._environment(), capture_output=True, check=False)
            return _text("done")

        return do

    def _file(self, kind: str, body: bytes) -> Answer:
        path = Path(self._expanded(parse_qs(body.decode())["file_path"][0]))
        if not path.is_file():
            return 404, "application/json", b'{"error": "File not found"}'
        return 200, "application/octet-stream", path.read_bytes()

    def _directory(self, kind: str, body: bytes) -> Answer:
        path = Path(json.loads(body)["path"])
        if not path.is_dir():
            return 400, "application/json", b'{"error": "not a directory"}'
        return _json({"directory_tree": _listed(path)})

    def _accessibility(self, kind: str, body: bytes) -> Answer:
        root = ElementTree.Element("desktop-frame")
        for thing in asyncio.run(_things(self.sandbox.environment["DBUS_SESSION_BUS_ADDRESS"])):
            _add(root, thing)
        return _json({"AT": ElementTree.tostring(root, encoding="unicode")})

    def _expanded(self, path: str) -> str:
        return str(self.home) + path[1:] if path.startswith("~") else path


async def _things(bus: str) -> list[Thing]:
    access = Accessibility(patience=20)
    await access.open(bus)
    try:
        wire = await access._reach()
        return [each.program.root for each in await access._ask_all(wire)]
    finally:
        await access.close()


def _add(parent: ElementTree.Element, thing: Thing) -> None:
    tag = kind(thing.role) if thing.role != 75 else "application"
    attributes = {f"{{{_NS}state}}{each.name.lower()}": "true" for each in State if thing.states & each and each.name}
    attributes["name"] = thing.name
    if thing.box is not None:
        attributes[f"{{{_NS}component}}screencoord"] = f"({thing.box.left:.0f}, {thing.box.top:.0f})"
        attributes[f"{{{_NS}component}}size"] = f"({thing.box.width:.0f}, {thing.box.height:.0f})"
    if thing.value is not None:
        attributes[f"{{{_NS}value}}value"] = str(thing.value)
    node = ElementTree.SubElement(parent, tag.replace(" ", "-"), attributes)
    node.text = thing.text
    for each in thing.inside:
        if each.role:
            _add(node, each)


def _listed(path: Path) -> dict[str, Any]:
    children = [
        _listed(each) if each.is_dir() else {"type": "file", "name": each.name} for each in sorted(path.iterdir())
    ]
    return {"type": "directory", "name": path.name, "children": children}


def _below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _text(text: str) -> Answer:
    return 200, "text/html", text.encode()


def _json(data: Any) -> Answer:
    return 200, "application/json", json.dumps(data).encode()
