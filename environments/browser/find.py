"""Finds a browser to drive: ``HANDEYE_BROWSER``, Playwright's own, one that the system has.

Nothing is started and Playwright is not imported, so that looking costs nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from ...tools.errors import BrowserMissing

VARIABLE = "HANDEYE_BROWSER"

Source = Literal["HANDEYE_BROWSER", "playwright", "system"]

# Below a folder such as chromium-1255; the layout and the names changed with the move to Chrome for Testing.
_FULL = (
    "chrome-linux*/chrome",
    "chrome-mac*/*.app/Contents/MacOS/*",
    "chrome-win*/chrome.exe",
)
_SHELL = (
    "chrome-headless-shell-*/chrome-headless-shell*",
    "chrome-*/headless_shell*",
)

_COMMANDS = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
_MAC = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
)
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Chromium/Application/chrome.exe")


@dataclass(frozen=True)
class Browser:
    """A Chromium that can be driven.

    Attributes:
        path: Its executable, ready for Playwright's ``executable_path``.
        source: Where it was found.
        headless_only: True for Playwright's headless shell, which has no window to show.
    """

    path: Path
    source: Source
    headless_only: bool = False

    @cached_property
    def version(self) -> str:
        """What it says of itself, e.g. ``Chromium 131.0.6778.139``; empty when it says nothing (as on Windows)."""
        try:
            said = subprocess.run(
                [self.path, "--version"], capture_output=True, text=True, errors="replace", timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        words = said.stdout.strip().splitlines()
        return words[0].strip() if words and said.returncode == 0 else ""


def find_browser() -> Browser:
    """Returns the browser to use.

    Order: the variable ``HANDEYE_BROWSER`` (a path or a command), the Chromium that ``playwright install`` brought, a
    Chrome or Chromium of the system, and last Playwright's headless shell, which cannot be shown to a person.

    Raises:
        BrowserMissing: There is none, or ``HANDEYE_BROWSER`` names something that is not a program.
    """
    if named := os.environ.get(VARIABLE):
        return _named(named)
    found = next(_candidates(), None)
    if found is None:
        raise BrowserMissing("no browser was found on this machine", remedy="handeye doctor --fix")
    return found


def _candidates() -> Iterator[Browser]:
    yield from (Browser(path, "playwright") for path in _downloaded("chromium", _FULL))
    yield from (Browser(path, "system") for path in _installed())
    yield from (Browser(path, "playwright", True) for path in _downloaded("chromium_headless_shell", _SHELL))


def _named(named: str) -> Browser:
    path = shutil.which(Path(named).expanduser())
    if path is None or _is_stub(Path(path)):
        what = "is not a program that can be started" if path is None else "only says that a snap has to be installed"
        raise BrowserMissing(
            f"{VARIABLE}={named} {what}",
            remedy=f"set {VARIABLE} to the path or command of a Chromium or Chrome, or unset it",
        )
    return Browser(Path(path).absolute(), "HANDEYE_BROWSER")


def _downloaded(name: str, patterns: tuple[str, ...]) -> Iterator[Path]:
    """Playwright's downloads: the revision that the installed Playwright was made for, then the newest."""
    folder = _downloads()
    if not folder.is_dir():
        return
    revisions = {
        int(match[1]): entry for entry in folder.iterdir() if (match := re.fullmatch(rf"{name}-(\d+)", entry.name))
    }
    wanted = _wanted_revision()
    for revision in sorted(revisions, key=lambda number: (number == wanted, number), reverse=True):
        if not (revisions[revision] / "INSTALLATION_COMPLETE").exists():
            continue  # a download that was cut off leaves a folder that looks whole
        for pattern in patterns:
            yield from (path for path in sorted(revisions[revision].glob(pattern)) if _is_program(path))


def _downloads() -> Path:
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if chosen == "0":  # Playwright's word for "inside my own package"
        return playwright_package() / ".local-browsers"
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ms-playwright"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"


def playwright_package() -> Path:
    """The folder of Playwright's driver inside the Python package, without importing it."""
    spec = importlib.util.find_spec("playwright")
    root = Path(spec.origin).parent if spec and spec.origin else Path("playwright")
    return root / "driver" / "package"


def _wanted_revision() -> int | None:
    try:
        listed = json.loads((playwright_package() / "browsers.json").read_text(encoding="utf-8"))
        return next(int(entry["revision"]) for entry in listed["browsers"] if entry["name"] == "chromium")
    except (OSError, ValueError, KeyError, StopIteration):
        return None  # another layout than the one we know: the newest download will do


def _installed() -> Iterator[Path]:
    for command in _COMMANDS:
        if (path := shutil.which(command)) and not _is_stub(Path(path)):
            yield Path(path).absolute()
    if sys.platform == "darwin":
        places = [root / app for root in (Path("/Applications"), Path.home() / "Applications") for app in _MAC]
    elif sys.platform == "win32":
        roots = (os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"))
        places = [Path(root) / app for root in roots if root for app in _WINDOWS]
    else:
        places = [Path("/opt/google/chrome/chrome")]
    yield from (place for place in places if _is_program(place))


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _is_stub(path: Path) -> bool:
    """Whether this is Ubuntu's script that runs Chromium's snap, on a machine without that snap."""
    with path.open("rb") as file:
        start = file.read(2048)
    return start.startswith(b"#!") and b"/snap/bin/chromium" in start and not Path("/snap/bin/chromium").exists()
