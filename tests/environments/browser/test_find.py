"""Which browser is taken, on machines made of a few files."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

from handeye.environments.browser.find import find_browser
from handeye.tools.errors import BrowserMissing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the machines are made as Linux has them")


class Machine:
    """A home and a search path of its own, with nothing in them."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands = root / "bin"
        self.cache = root / "cache"
        self.commands.mkdir()
        monkeypatch.setenv("PATH", str(self.commands))
        monkeypatch.setenv("XDG_CACHE_HOME", str(self.cache))
        monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
        monkeypatch.delenv("HANDEYE_BROWSER", raising=False)

    def command(self, name: str, text: str = "#!/bin/sh\necho Chromium 1.2.3\n") -> Path:
        return program(self.commands / name, text)

    def download(self, folder: str, executable: str = "chrome-linux64/chrome", *, whole: bool = True) -> Path:
        place = self.cache / "ms-playwright" / folder
        path = program(place / executable, "#!/bin/sh\n")
        if whole:
            (place / "INSTALLATION_COMPLETE").touch()
        return path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_named_by_the_variable_comes_first(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.command("chromium")
    machine.download("chromium-1200")
    mine = machine.command("my-browser")
    monkeypatch.setenv("HANDEYE_BROWSER", "my-browser")
    assert (find_browser().path, find_browser().source) == (mine, "HANDEYE_BROWSER")
    monkeypatch.setenv("HANDEYE_BROWSER", str(mine))
    assert find_browser().path == mine


@pytest.mark.parametrize("wrong", ["/no/such/browser", "no-such-command", "/"])
def test_wrong_variable_is_said_by_name(machine: Machine, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    machine.command("chromium")
    monkeypatch.setenv("HANDEYE_BROWSER", wrong)
    with pytest.raises(BrowserMissing, match=f"HANDEYE_BROWSER={wrong} .*\n.*unset it"):
        find_browser()


def test_download_comes_before_the_systems(machine: Machine) -> None:
    machine.command("google-chrome")
    path = machine.download("chromium-1200")
    assert (find_browser().path, find_browser().source) == (path, "playwright")


def test_newest_download_that_is_whole(machine: Machine) -> None:
    machine.download("chromium-900")
    newest = machine.download("chromium-1000", "chrome-linux/chrome")
    machine.download("chromium-1100", whole=False)
    assert find_browser().path == newest


def test_download_made_for_this_playwright_comes_before_a_newer_one(machine: Machine) -> None:
    package = importlib.metadata.distribution("playwright").locate_file("playwright/driver/package/browsers.json")
    browsers = json.loads(Path(str(package)).read_text(encoding="utf-8"))["browsers"]
    revision = next(browser["revision"] for browser in browsers if browser["name"] == "chromium")
    wanted = machine.download(f"chromium-{revision}")
    machine.download("chromium-999999")
    assert find_browser().path == wanted


def test_downloads_elsewhere(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine.download("chromium-1200")
    machine.cache.rename(tmp_path / "other")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "other" / "ms-playwright"))
    assert find_browser().path.is_relative_to(tmp_path / "other")


def test_headless_shell_is_the_last_resort(machine: Machine) -> None:
    shell = machine.download("chromium_headless_shell-1200", "chrome-headless-shell-linux64/chrome-headless-shell")
    found = find_browser()
    assert (found.path, found.headless_only) == (shell, True)
    chromium = machine.command("chromium")
    found = find_browser()
    assert (found.path, found.headless_only) == (chromium, False)


def test_pointer_to_a_snap_is_no_browser(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = machine.command(
        "chromium-browser",
        "#!/bin/sh\nif ! [ -x /snap/bin/chromium ]; then\n  echo requires the chromium snap >&2\n  exit 1\nfi\n"
        'exec /snap/bin/chromium "$@"\n',
    )
    with pytest.raises(BrowserMissing, match="handeye doctor --fix"):
        find_browser()
    monkeypatch.setenv("HANDEYE_BROWSER", str(stub))
    with pytest.raises(BrowserMissing, match=r"HANDEYE_BROWSER.*snap"):
        find_browser()


def test_version_is_what_it_says_of_itself(machine: Machine) -> None:
    machine.command("chromium")
    assert find_browser().version == "Chromium 1.2.3"


def test_version_of_a_broken_browser_is_empty(machine: Machine) -> None:
    machine.command("chromium", "#!/bin/sh\nexit 127\n")
    assert find_browser().version == ""


def test_no_browser_at_all(machine: Machine) -> None:
    with pytest.raises(BrowserMissing, match="no browser"):
        find_browser()
