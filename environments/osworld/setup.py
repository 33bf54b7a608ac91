"""The steps by which a task of OSWorld prepares its machine: ``config`` at the start, ``postconfig`` before it is judged.

Source: ``desktop_env/controllers/setup.py`` of https://github.com/xlang-ai/OSWorld. As there, a command that fails and a window that is not
there are no failure of the step; a file that does not come, or a program that is not launched, is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ...tools.errors import EnvironmentFailed, TaskError
from ...tools.words import cut
from .browser import Browser
from .cache import Cache
from .machine import Machine
from .server import NotDone, Said, Server

_UNTIL = 300.0
"""Seconds after which a command is no longer tried until it says what it should."""
_AGAIN = 0.3
_TRIES = 5
UNSUPPORTED = {
    "googledrive": "it needs an account at Google",
    "login": "it needs an account at Google",
    "update_browse_history": "it replaces the browser's own data base, whose form differs from version to version",
    "proxy": "it needs a proxy server of one's own",
}
"""Steps of OSWorld that handeye does not have, and why."""


class Setup:
    """Prepares a machine.

    Args:
        server: In it.
        cache: Of downloaded files.
        folder: Against which paths of files to upload are seen.

    Attributes:
        kept: What commands wrote and the task named, by that name.
        troubles: What went wrong, of what is no failure.
    """

    def __init__(self, server: Server, cache: Cache, folder: Path) -> None:
        self.kept: dict[str, bytes] = {}
        self.troubles: list[str] = []
        self._server = server
        self._machine: Machine = server.machine
        self._cache = cache
        self._folder = folder

    def run(self, steps: Sequence[Mapping[str, Any]], part: str) -> None:
        """Does steps, one after the other.

        Args:
            steps: As the file of the task has them.
            part: Which these are, for messages: ``config``, ``postconfig``.

        Raises:
            TaskError: There is no such step, or it lacks a parameter.
            EnvironmentFailed: One could not be done.
        """
        for number, step in enumerate(steps):
            kind = str(step.get("type"))
            where = f"{part}[{number}] ({kind})"
            do = _STEPS.get(kind)
            if do is None:
                raise TaskError(f"{where}: {UNSUPPORTED.get(kind, 'OSWorld has no such step')}")
            try:
                do(self, dict(step.get("parameters") or {}), where)
            except NotDone as error:
                raise EnvironmentFailed(f"{where} was not done: {error}") from error
            except KeyError as error:
                raise TaskError(f"{where} has no parameter {error}") from error

    def _download(self, given: dict[str, Any], where: str) -> None:
        for each in _files(given, where):
            path = str(each["path"])
            self._upload(path, self._cache.fetched(str(each["url"]), path))

    def _upload_file(self, given: dict[str, Any], where: str) -> None:
        for each in _files(given, where):
            path = self._folder / str(each["local_path"])
            try:
                data = path.read_bytes()
            except OSError as error:
                raise TaskError(f"{where}: {path} cannot be read: {error.strerror}") from error
            self._upload(str(each["path"]), data)

    def _upload(self, path: str, data: bytes) -> None:
        self._server.upload(path, PurePosixPath(path.replace("\\", "/")).name, data)

    def _launch(self, given: dict[str, Any], where: str) -> None:
        command, shell = given["command"], bool(given.get("shell"))
        if isinstance(command, str) and not shell:
            command = command.split()
        self._server.post("/setup/launch", {"command": self._filled(command), "shell": shell})

    def _open(self, given: dict[str, Any], where: str) -> None:
        self._server.open_file(str(given["path"]))

    def _execute(self, given: dict[str, Any], where: str) -> None:
        command, until = self._filled(given["command"]), dict(given.get("until") or {})
        limit, failed = time.monotonic() + _UNTIL, 0
        while True:
            said: Said | None = None
            try:
                said = self._server.execute(command, shell=bool(given.get("shell")), path="/setup/execute")
                self._keep(given, said)
                if not until and said.code:
                    self.troubles.append(f"{where}: exit code {said.code}: {cut(said.error.strip(), 200)}")
            except NotDone as error:
                failed += 1
                self.troubles.append(f"{where}: {error}")
            if not until or (said is not None and _holds(until, said)) or failed >= _TRIES:
                return
            if time.monotonic() > limit:
                raise EnvironmentFailed(f"{where} did not come to {until} within {_UNTIL:g} s")
            time.sleep(_AGAIN)

    def _keep(self, given: dict[str, Any], said: Said) -> None:
        for name, text in (("stdout", said.output), ("stderr", said.error)):
            if given.get(name):
                self.kept[str(given[name])] = text.encode()

    def _verified(self, given: dict[str, Any], where: str) -> None:
        wait = float(given.get("max_wait_time", 10))
        body = {
            "command": self._filled(given["command"]),
            "shell": bool(given.get("shell")),
            "verification": given.get("verification") or {},
            "max_wait_time": wait,
            "check_interval": given.get("check_interval", 1.0),
        }
        self._server.post("/setup/execute_with_verification", body, seconds=wait + self._machine.patience)

    def _sleep(self, given: dict[str, Any], where: str) -> None:
        time.sleep(float(given["seconds"]))

    def _activate_window(self, given: dict[str, Any], where: str) -> None:
        self._window("/setup/activate_window", given, where)

    def _close_window(self, given: dict[str, Any], where: str) -> None:
        self._window("/setup/close_window", given, where)

    def _window(self, path: str, given: dict[str, Any], where: str) -> None:
        body = {"window_name": given["window_name"]}
        body |= {name: bool(given.get(name)) for name in ("strict", "by_class")}
        try:
            self._server.post(path, body)
        except NotDone as error:
            self.troubles.append(f"{where}: {error}")

    def _wallpaper(self, given: dict[str, Any], where: str) -> None:
        self._server.post("/setup/change_wallpaper", {"path": given["path"]})

    def _open_tabs(self, given: dict[str, Any], where: str) -> None:
        Browser(self._machine).open([str(each) for each in given["urls_to_open"]])

    def _close_tabs(self, given: dict[str, Any], where: str) -> None:
        Browser(self._machine).close([str(each) for each in given["urls_to_close"]])

    def _filled(self, command: str | Sequence[str]) -> str | list[str]:
        """A command with its placeholders filled in, as OSWorld has them."""
        names = _placeholders(command)
        if not names:
            return command if isinstance(command, str) else list(command)
        values = {"{CLIENT_PASSWORD}": self._machine.password}
        if any("SCREEN" in each for each in names):
            width, height = self._server.screen_size()
            values |= {"{SCREEN_WIDTH_HALF}": str(width // 2), "{SCREEN_HEIGHT_HALF}": str(height // 2)}
            values |= {"{SCREEN_WIDTH}": str(width), "{SCREEN_HEIGHT}": str(height)}

        def fill(text: str) -> str:
            for name, value in values.items():
                text = text.replace(name, value)
            return text

        return fill(command) if isinstance(command, str) else [fill(each) for each in command]


_STEPS: Mapping[str, Callable[[Setup, dict[str, Any], str], None]] = {
    "download": Setup._download,
    "upload_file": Setup._upload_file,
    "launch": Setup._launch,
    "open": Setup._open,
    "execute": Setup._execute,
    "command": Setup._execute,
    "execute_with_verification": Setup._verified,
    "sleep": Setup._sleep,
    "activate_window": Setup._activate_window,
    "close_window": Setup._close_window,
    "change_wallpaper": Setup._wallpaper,
    "chrome_open_tabs": Setup._open_tabs,
    "chrome_close_tabs": Setup._close_tabs,
}
STEPS = frozenset(_STEPS)
"""Steps that handeye has."""


def _files(given: dict[str, Any], where: str) -> list[dict[str, Any]]:
    files = given["files"]
    if not isinstance(files, list) or not all(isinstance(each, dict) for each in files):
        raise TaskError(f"{where}: files is no list of files")
    return files


def _placeholders(command: str | Sequence[str]) -> list[str]:
    words = [command] if isinstance(command, str) else command
    known = ("{CLIENT_PASSWORD}", "{SCREEN_WIDTH", "{SCREEN_HEIGHT")
    return [name for name in known if any(name in word for word in words)]


def _holds(until: Mapping[str, Any], said: Said) -> bool:
    return (
        ("returncode" in until and said.code == until["returncode"])
        or ("stdout" in until and str(until["stdout"]) in said.output)
        or ("stderr" in until and str(until["stderr"]) in said.error)
    )
