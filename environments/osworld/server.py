"""The HTTP server inside the machine: its protocol, and the one place where what goes wrong with it gets our names.

Source: ``desktop_env/server/main.py`` and ``desktop_env/controllers`` of https://github.com/xlang-ai/OSWorld. All calls block: they are
made in threads.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from ...tools.errors import DisplayGone, EnvironmentFailed
from ...tools.words import cut
from .machine import Machine

_CONNECT = 10.0
_COMMAND = 130.0
"""Seconds for a command: the server ends it after 120."""
_UPLOAD = 600.0
_OPEN = 1810.0
"""Seconds for a file to be opened: newer servers wait for its window, up to 1800."""
_AGAIN = 0.5
_THERE = 10.0
_SHOWN = 300


class Said(NamedTuple):
    """What came of a command in the machine."""

    output: str
    error: str
    code: int


class NotDone(Exception):
    """The server answered, and what was asked of it was not done; says why."""


class Server:
    """Talks to the server of one machine.

    Args:
        machine: Where it is.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        # a proxy of this machine's user leads past a machine of their own
        self._client = httpx.Client(trust_env=False, timeout=httpx.Timeout(machine.patience, connect=_CONNECT))

    def close(self) -> None:
        """Disconnects."""
        self._client.close()

    def until_ready(self) -> None:
        """Waits until a picture of the screen comes.

        Raises:
            EnvironmentFailed: None came in time.
        """
        # one that was not put back is there, or it is not
        until = time.monotonic() + (self.machine.ready if self.machine.revert else _THERE)
        while True:
            try:
                self.screenshot()
            except EnvironmentFailed:
                if time.monotonic() > until:
                    raise
                time.sleep(_AGAIN)
            else:
                return

    def screenshot(self) -> bytes:
        """The screen, as PNG.

        Raises:
            EnvironmentFailed: What comes is none.
        """
        answer = self._ask("GET", "/screenshot")
        if answer.status_code != httpx.codes.OK or not answer.content.startswith(b"\x89PNG"):
            raise self._broken("/screenshot", answer, "no PNG")
        return answer.content

    def screen_size(self) -> tuple[int, int]:
        """Width and height of the screen, in the units of its input."""
        size = self._json("POST", "/screen_size")
        try:
            return int(size["width"]), int(size["height"])
        except (KeyError, TypeError, ValueError) as error:
            raise DisplayGone(f"{self.machine.server}/screen_size says {cut(str(size), 80)}") from error

    def tree(self) -> str:
        """The accessibility tree, as XML."""
        found = self._json("GET", "/accessibility", seconds=_COMMAND)
        if not isinstance(found, dict) or not isinstance(found.get("AT"), str):
            raise EnvironmentFailed(f"{self.machine.server}/accessibility says {cut(str(found), 80)}")
        return str(found["AT"])

    def terminal(self) -> str | None:
        """What the terminal in front shows; None when there is none, or it cannot be told."""
        answer = self._ask("GET", "/terminal", seconds=_COMMAND)
        found = _json_of(answer) if answer.status_code == httpx.codes.OK else None
        output = found.get("output") if isinstance(found, dict) else None
        return output if isinstance(output, str) else None

    def platform(self) -> str:
        """``Linux``, ``Windows`` or ``Darwin``."""
        answer = self._ask("GET", "/platform")
        if answer.status_code == httpx.codes.OK:
            return answer.text.strip()
        # older servers do not know the question
        try:
            return self.execute(["python", "-c", "import platform; print(platform.system())"]).output.strip()
        except NotDone as error:
            raise DisplayGone(f"{self.machine.server} does not say which system it is of: {error}") from error

    def execute(self, command: str | Sequence[str], *, shell: bool = False, path: str = "/execute") -> Said:
        """Runs a command in the machine, and waits for its end.

        Raises:
            NotDone: It does not start, or did not end within two minutes.
            EnvironmentFailed: The server does not answer.
        """
        answer = self._ask("POST", path, json={"command": _listed(command), "shell": shell}, seconds=_COMMAND)
        said = self._done(answer)
        found = _json_of(said)
        if not isinstance(found, dict):
            raise self._broken(path, answer, "no JSON")
        return Said(str(found.get("output", "")), str(found.get("error", "")), int(found.get("returncode", 0)))

    def post(self, path: str, body: Mapping[str, Any], seconds: float | None = None) -> httpx.Response:
        """Has something done.

        Raises:
            NotDone: It was not; says what the server answered.
            EnvironmentFailed: The server does not answer.
        """
        return self._done(self._ask("POST", path, json=body, seconds=seconds or _COMMAND))

    def open_file(self, path: str) -> None:
        """Opens a file with the program that is meant for it.

        Raises:
            NotDone: There is no such file, or its window did not come.
        """
        self.post("/setup/open_file", {"path": path}, seconds=_OPEN)

    def upload(self, path: str, name: str, data: bytes) -> None:
        """Puts a file into the machine.

        Raises:
            NotDone: It cannot be written there.
        """
        files = {"file_data": (name, data)}
        self._done(self._ask("POST", "/setup/upload", data={"file_path": path}, files=files, seconds=_UPLOAD))

    def file(self, path: str) -> bytes | None:
        """The content of a file of the machine; None when there is no such file."""
        answer = self._ask("POST", "/file", data={"file_path": path}, seconds=_UPLOAD)
        return answer.content if answer.status_code == httpx.codes.OK else None

    def ask_json(self, path: str, *, json: Any = None, data: Mapping[str, str] | None = None) -> Any:
        """What the server answers to a question; None where it says that it cannot."""
        answer = self._ask("POST", path, json=json, data=data)
        return _json_of(answer) if answer.status_code == httpx.codes.OK else None

    def ask_bytes(self, path: str) -> bytes | None:
        """The same, of bytes."""
        answer = self._ask("POST", path)
        return answer.content if answer.status_code == httpx.codes.OK else None

    def _json(self, method: str, path: str, seconds: float | None = None) -> Any:
        answer = self._ask(method, path, seconds=seconds)
        found = _json_of(answer) if answer.status_code == httpx.codes.OK else None
        if found is None:
            raise self._broken(path, answer, "no JSON")
        return found

    def _ask(self, method: str, path: str, *, seconds: float | None = None, **what: Any) -> httpx.Response:
        patience = max(self.machine.patience, seconds or 0)
        try:
            return self._client.request(
                method, self.machine.server + path, timeout=httpx.Timeout(patience, connect=_CONNECT), **what
            )
        except httpx.TimeoutException as error:
            raise DisplayGone(
                f"{self.machine.server}{path} did not answer within {patience:g} s",
                remedy="does the virtual machine hang? Put it back, or give it longer: -c suite.patience=120",
            ) from error
        except httpx.HTTPError as error:
            raise DisplayGone(
                f"{self.machine.server}{path} cannot be reached: {error}",
                remedy="does the virtual machine run, and is port 5000 of it forwarded to that address?",
            ) from error

    def _done(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code != httpx.codes.OK:
            raise NotDone(f"{answer.request.url.path} says {answer.status_code}: {cut(answer.text, _SHOWN)}")
        return answer

    def _broken(self, path: str, answer: httpx.Response, what: str) -> DisplayGone:
        said = f"{answer.status_code}, {answer.headers.get('content-type', 'nothing')}"
        return DisplayGone(
            f"{self.machine.server}{path} answers with {what}: {said}",
            remedy="is it the server of an OSWorld machine that listens there?",
        )


def _listed(command: str | Sequence[str]) -> str | list[str]:
    return command if isinstance(command, str) else list(command)


def _json_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
