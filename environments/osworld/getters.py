"""What an evaluator of OSWorld asks the machine, before anything is compared.

Source: ``desktop_env/evaluators/getters`` of https://github.com/xlang-ai/OSWorld. A file comes back as
``{"recorded": name, "sha256": hash}``, and its bytes are kept beside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ...episodes.schema import Json
from ...tools.errors import EnvironmentFailed, TaskError
from .browser import Browser
from .cache import Cache
from .server import NotDone, Server
from .tree import active_address

_VLC_PASSWORD = "password"
_EXTENSIONS = ("ctrl", "shift", "p")


class Getters:
    """Asks one machine.

    Args:
        server: In it.
        cache: Of downloaded files.
        kept: What the setup's commands wrote, by the name that the task gave it; files that are fetched are added.

    Attributes:
        files: The bytes of what came back as a file, by hash.
    """

    def __init__(self, server: Server, cache: Cache, kept: dict[str, bytes]) -> None:
        self.files: dict[str, bytes] = {}
        self._server = server
        self._cache = cache
        self._kept = kept

    def get(self, config: Mapping[str, Any]) -> Json:
        """What the machine says.

        Args:
            config: ``type``, and what goes with it.

        Raises:
            TaskError: There is no such type, or it lacks something.
            EnvironmentFailed: The machine does not answer, or a file cannot be downloaded.
        """
        kind = str(config.get("type"))
        ask = _GETTERS.get(kind)
        if ask is None:
            raise TaskError(f"handeye has no getter {kind!r} of OSWorld")
        try:
            return ask(self, config)
        except KeyError as error:
            raise TaskError(f"the getter {kind} has no {error}") from error

    def _file(self, name: str, data: bytes | None) -> Json:
        if data is None:
            return None
        found = hashlib.sha256(data).hexdigest()
        self.files[found] = data
        self._kept[name] = data
        return {"recorded": name, "sha256": found}

    def _several(self, config: Mapping[str, Any], fetch: Callable[[str, str], bytes | None]) -> Json:
        """One file, or those of several that ``gives`` names."""
        multi = bool(config.get("multi"))
        paths, names = (config[key] if multi else [config[key]] for key in ("path", "dest"))
        if not isinstance(paths, list) or not isinstance(names, list) or len(paths) != len(names):
            raise TaskError("of several files, path and dest are lists of one length")
        given = set(config.get("gives", [0]))
        found = [self._file(str(name), fetch(str(path), str(name))) for path, name in zip(paths, names, strict=True)]
        found = [each for number, each in enumerate(found) if number in given]
        return found[0] if len(found) == 1 else found

    def _vm_file(self, config: Mapping[str, Any]) -> Json:
        return self._several(config, lambda path, name: self._server.file(path))

    def _cloud_file(self, config: Mapping[str, Any]) -> Json:
        return self._several(config, lambda path, name: self._cache.fetched(path, name, compared=True))

    def _cache_file(self, config: Mapping[str, Any]) -> Json:
        name = str(config["path"])
        if name not in self._kept:
            raise TaskError(f"the getter cache_file: no step has written {name!r}")
        return self._file(name, self._kept[name])

    def _home_file(self, path: str) -> Callable[[Mapping[str, Any]], Json]:
        return lambda config: self._file(str(config["dest"]), self._server.file(path))

    def _gimp_config(self, config: Mapping[str, Any]) -> Json:
        return self._home_file(f"~/.config/GIMP/2.10/{config['file_name']}")(config)

    def _vlc_config(self, config: Mapping[str, Any]) -> Json:
        return self._home_file("~/.config/vlc/vlcrc")(config)

    def _vlc_playing(self, config: Mapping[str, Any]) -> Json:
        url = self._server.machine.at_port(self._server.machine.vlc) + "/requests/status.xml"
        try:
            answer = httpx.get(url, auth=("", _VLC_PASSWORD), timeout=self._server.machine.patience, trust_env=False)
        except httpx.HTTPError:
            # that it does not play is what a task may be about
            return None
        return self._file(str(config["dest"]), answer.content if answer.status_code == httpx.codes.OK else None)

    def _vscode_config(self, config: Mapping[str, Any]) -> Json:
        """Has the editor's extension write what it knows: its command is typed into the palette."""
        keys = ", ".join(map(repr, _EXTENSIONS))
        source = (
            f"import time, pyautogui; pyautogui.hotkey({keys}); pyautogui.write({str(config['vscode_extension_command'])!r}); "
            "pyautogui.press('enter'); time.sleep(1)"
        )
        self._said(["python", "-c", source], shell=False)
        return self._file(str(config["dest"]), self._server.file(str(config["path"])))

    def _command_line(self, config: Mapping[str, Any]) -> Json:
        said = self._said(config["command"], shell=bool(config.get("shell")))
        return said[0] if said is not None else None

    def _command_error(self, config: Mapping[str, Any]) -> Json:
        said = self._said(config["command"], shell=bool(config.get("shell")))
        return said[1] if said is not None else None

    def _said(self, command: Any, *, shell: bool) -> tuple[str, str] | None:
        try:
            said = self._server.execute(command, shell=shell)
        except NotDone:
            return None
        return said.output, said.error

    def _terminal(self, config: Mapping[str, Any]) -> Json:
        return self._server.terminal()

    def _rule(self, config: Mapping[str, Any]) -> Json:
        rules: Json = config["rules"]
        return rules

    def _time_range(self, config: Mapping[str, Any]) -> Json:
        return json.loads(json.dumps(config.get("diff_range_in_minutes")))  # type: ignore[no-any-return]  # JSON it is

    def _directory(self, config: Mapping[str, Any]) -> Json:
        found = self._server.ask_json("/list_directory", json={"path": config["path"]})
        return found.get("directory_tree") if isinstance(found, dict) else None

    def _tree(self, config: Mapping[str, Any]) -> Json:
        return self._server.tree()

    def _screen_size(self, config: Mapping[str, Any]) -> Json:
        width, height = self._server.screen_size()
        return {"width": width, "height": height}

    def _window_size(self, config: Mapping[str, Any]) -> Json:
        found: Json = self._server.ask_json("/window_size", data={"app_class_name": str(config["app_class_name"])})
        return found

    def _wallpaper(self, config: Mapping[str, Any]) -> Json:
        return self._file(str(config["dest"]), self._server.ask_bytes("/wallpaper") or b"")

    def _open_tabs(self, config: Mapping[str, Any]) -> Json:
        try:
            tabs = Browser(self._server.machine).tabs()
        except EnvironmentFailed:
            # a browser that the agent has closed has no tabs
            return []
        return [{"title": each.get("title", ""), "url": each.get("url", "")} for each in tabs]

    def _active_url(self, config: Mapping[str, Any]) -> Json:
        return active_address(self._server.tree(), str(config.get("goto_prefix", "https://")))


_GETTERS: Mapping[str, Callable[[Getters, Mapping[str, Any]], Json]] = {
    "vm_file": Getters._vm_file,
    "cloud_file": Getters._cloud_file,
    "cache_file": Getters._cache_file,
    "gimp_config_file": Getters._gimp_config,
    "vlc_config": Getters._vlc_config,
    "vlc_playing_info": Getters._vlc_playing,
    "vscode_config": Getters._vscode_config,
    "vm_command_line": Getters._command_line,
    "vm_command_error": Getters._command_error,
    "vm_terminal_output": Getters._terminal,
    "rule": Getters._rule,
    "time_diff_range": Getters._time_range,
    "list_directory": Getters._directory,
    "accessibility_tree": Getters._tree,
    "vm_screen_size": Getters._screen_size,
    "vm_window_size": Getters._window_size,
    "vm_wallpaper": Getters._wallpaper,
    "open_tabs_info": Getters._open_tabs,
    "active_url_from_accessTree": Getters._active_url,
}
GETTERS = frozenset(_GETTERS)
"""Getters that handeye has."""
