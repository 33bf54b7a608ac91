"""A browser that somebody else runs, or a server launches, or that shows its window: the same worlds, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from pydantic import ValidationError

from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.find import find_browser
from handeye.environments.browser.host import BrowserConfig
from handeye.environments.conformance import check_environment
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Observation, Probe, Start, Viewport
from handeye.tools.actions import Click, CloseTab, NewTab
from handeye.tools.errors import BrowserGone, BrowserMissing, UsageError
from handeye.tools.geometry import Point

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<style>* { margin: 0; font: 16px/20px sans-serif } input, button, label, a { display: block; height: 24px }</style>
<button onclick='document.title = "pressed"'>Press</button><a href='/popup' target=_blank>Popup</a>
<p id=p></p><script>p.textContent = [navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone,
matchMedia('(prefers-color-scheme: dark)').matches, innerWidth, devicePixelRatio, Math.random(), document.cookie].join(' ')</script>"""

STILL = "<style>* { margin: 0; font: 16px/20px sans-serif }</style><h1>Kettle</h1><input value='x@y'><button>Save</button><p style='margin-top:900px'>far"


class Person:
    """A person's browser, with a tab of theirs."""

    def __init__(self, folder: Path, *switches: str) -> None:
        # as a person starts it: not one of the switches that automation adds
        self.process = subprocess.Popen(
            [
                str(find_browser().path),
                "--headless=new",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--remote-debugging-port=0",
                f"--user-data-dir={folder}",
                "--no-first-run",
                *switches,
                "data:text/html,<title>mine</title>",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        said = next(line for line in self.process.stderr if "DevTools listening" in line)
        self.socket = said.split()[-1]
        port = re.search(r":(\d+)/", self.socket)
        assert port is not None
        self.url = f"http://127.0.0.1:{port[1]}"

    def tabs(self) -> list[str]:
        """Titles of the pages that the browser shows."""
        pages = httpx.get(f"{self.url}/json/list", trust_env=False).json()
        return [each["title"] for each in pages if each["type"] == "page" and not each["url"].startswith("chrome:")]

    def visit(self, url: str) -> None:
        """Opens a tab."""
        httpx.put(f"{self.url}/json/new?{url}", trust_env=False).raise_for_status()

    def leave(self, url: str) -> int:
        """Closes the tabs that show a page, and says how many there were."""
        pages = [each for each in httpx.get(f"{self.url}/json/list", trust_env=False).json() if each["url"] == url]
        for each in pages:
            httpx.get(f"{self.url}/json/close/{each['id']}", trust_env=False)
        return len(pages)

    def wait_for(self, title: str) -> None:
        """Until a page of that title is shown."""
        end = time.monotonic() + 60
        while title not in self.tabs():
            assert time.monotonic() < end, f"no page {title}"

    def close(self) -> None:
        assert self.process.stderr is not None
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A running browser of somebody's own."""
    running = Person(tmp_path_factory.mktemp("profile"))
    yield running
    assert running.process.poll() is None, "the person's browser was ended"
    running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def attached(person: Person) -> AsyncIterator[BrowserEnvironment]:
    """A world in it."""
    environment = BrowserEnvironment(BrowserConfig(cdp=person.url))
    yield environment
    await environment.close()
    assert person.tabs() == ["mine"]


async def test_the_start_is_kept_in_a_tab_of_its_own(attached: BrowserEnvironment, person: Person, serve: Any) -> None:
    start = Start(
        url=serve(PAGE),
        viewport=Viewport(width=700, height=400),
        scale=1.5,
        locale="de-DE",
        timezone="Asia/Tokyo",
        color_scheme="dark",
        seed=3,
    )
    now = await attached.reset(start)
    assert (now.frame.width, now.frame.height) == (1050, 600)
    first = await _text(now)
    assert "de-DE Asia/Tokyo true 700 1.5 0." in first
    # a seed acts, and in the run's own pages only
    assert await _text(await attached.reset(start)) == first
    assert [tab.url for tab in now.tabs] == [now.url]
    assert sorted(person.tabs()) == ["/", "mine"]
    assert (await attached.describe())["attached"] == person.url


async def test_popups_of_its_own_are_followed_and_tabs_of_the_person_are_not(
    attached: BrowserEnvironment, person: Person, serve: Any
) -> None:
    url = serve({"/": PAGE, "/popup": f"<p>up{PAGE}", "/theirs": "<p>theirs"})
    now = await attached.reset(Start(url=url, scale=2))
    spot = await _spot(now, "Popup")
    person.visit(f"{url}theirs")
    now = (await attached.step(Click[Point](at=spot), on=now.id)).observation
    assert (now.title, [tab.title for tab in now.tabs]) == ("/popup", ["/", "/popup"])
    assert (now.frame.width, now.frame.height) == (2560, 1440)
    assert "en-US UTC false 1280 2" in await _text(now)
    now = (await attached.step(NewTab(url=f"{url}popup"), on=now.id)).observation
    assert len(now.tabs) == 3
    for _ in range(2):
        now = (await attached.step(CloseTab(), on=now.id)).observation
    assert now.title == "/"
    assert sorted(person.tabs()) == ["/", "/theirs", "mine"]
    assert person.leave(f"{url}theirs") == 1


async def test_the_logins_of_the_profile_are_there(attached: BrowserEnvironment, person: Person, serve: Any) -> None:
    url = serve(
        {"/": PAGE, "/login": "<script>document.cookie = 'who=me; max-age=600'; document.title = 'in'</script>"}
    )
    person.visit(f"{url}login")
    person.wait_for("in")
    person.leave(f"{url}login")
    assert "who=me" in await _text(await attached.reset(Start(url=url)))


async def test_a_persons_dialog_stays_theirs(attached: BrowserEnvironment, person: Person, serve: Any) -> None:
    url = serve({"/": PAGE, "/asks": "<p>asks<script>onload = () => setTimeout(() => alert('yours'), 0)</script>"})
    await attached.reset(Start(url=url))
    person.visit(f"{url}asks")
    now = await attached.look()
    assert now.dialog is None and now.settled.ok and not now.events
    assert person.leave(f"{url}asks") == 1


async def test_what_is_set_for_a_whole_profile_is_left_alone(
    attached: BrowserEnvironment, serve: Any, tmp_path: Path
) -> None:
    page = "<p id=p></p><a href='data:application/octet-stream,x' download=x.bin>File</a><script>p.textContent = String(print)</script>"
    now = await attached.reset(Start(url=serve(page)))
    # what asks for a print, a permission or a password is the browser's own window
    assert "[native code]" in await _text(now)
    evidence = await attached.probe(Probe(kind="download", argument="*"))
    assert evidence.value is None and "attached" in evidence.missing
    with pytest.raises(UsageError, match="a whole profile"):
        await attached.save_state(tmp_path / "state.json")
    assert not (tmp_path / "state.json").exists()


async def test_conformance_of_an_attached_browser(person: Person, serve: Any) -> None:
    start = Start(url=serve(STILL), scale=1.5, viewport=Viewport(width=800, height=500))
    # by its socket, where all others here go by its port
    assert await check_environment(lambda: BrowserEnvironment(BrowserConfig(cdp=person.socket)), start)
    assert person.tabs() == ["mine"]


@pytest.mark.parametrize("scale", [1.0, 2.0])
async def test_a_browser_on_a_sharp_screen(tmp_path: Path, serve: Any, scale: float) -> None:
    person = Person(tmp_path, "--force-device-scale-factor=2")
    environment = BrowserEnvironment(BrowserConfig(cdp=person.url))
    try:
        now = await environment.reset(Start(url=serve(PAGE), scale=scale, viewport=Viewport(width=700, height=400)))
        assert (now.frame.width, now.frame.height) == (700 * scale, 400 * scale)
        tree = await now.tree.get()
        assert tree is not None
        box = next(node.box for node in tree.nodes if node.name == "Press")
        assert box is not None and (box.left, box.top, box.height) == pytest.approx((0, 0, 24 * scale))
        await environment.step(Click[Point](at=box.center), on=now.id)
        assert (await environment.probe(Probe(kind="script", argument="document.title"))).value == "pressed"
    finally:
        await environment.close()
        person.close()


async def test_two_runs_in_one_browser_do_not_see_each_other(
    attached: BrowserEnvironment, person: Person, serve: Any
) -> None:
    other = BrowserEnvironment(BrowserConfig(cdp=person.url))
    url = serve({"/": PAGE, "/other": PAGE})
    try:
        mine, theirs = await asyncio.gather(attached.reset(Start(url=url)), other.reset(Start(url=f"{url}other")))
        assert [[tab.title for tab in each.tabs] for each in (mine, theirs)] == [["/"], ["/other"]]
    finally:
        await other.close()


REFUSED = {
    "storage_state": "state.json",
    "permissions": ("geolocation",),
    "geolocation": (1.0, 2.0),
    "touch": True,
    "mobile": True,
    "allow": (),
}


@pytest.mark.parametrize("key", REFUSED)
async def test_what_cannot_be_kept_in_somebodys_browser_is_refused(key: str) -> None:
    environment = BrowserEnvironment(BrowserConfig(cdp="http://127.0.0.1:1"))
    with pytest.raises(UsageError, match=rf"start\.{key}|cannot be kept to one site"):
        await environment.reset(Start.model_validate({key: REFUSED[key]}))
    await environment.close()


async def test_nothing_to_attach_to(serve: Any) -> None:
    words = {
        "http://127.0.0.1:1": (BrowserMissing, "no browser answers at http://127.0.0.1:1"),
        "ws://127.0.0.1:1/devtools/browser/x": (BrowserMissing, "no browser answers at 127.0.0.1:1"),
        serve("<p>a page"): (BrowserMissing, "no Chromium that can be attached to"),
        "127.0.0.1:9222": (UsageError, "no address of a browser"),
    }
    for url, (kind, message) in words.items():
        environment = BrowserEnvironment(BrowserConfig(cdp=url))
        with pytest.raises(kind, match=re.escape(message)) as refused:
            await environment.reset(Start())
        assert refused.value.remedy
        await environment.close()
    with pytest.raises(ValidationError, match="not both"):
        BrowserConfig(cdp="http://127.0.0.1:1", server="ws://127.0.0.1:1")


async def test_an_attached_browser_that_ends(tmp_path: Path, serve: Any) -> None:
    running = Person(tmp_path)
    environment = BrowserEnvironment(BrowserConfig(cdp=running.url))
    try:
        now = await environment.reset(Start(url=serve(PAGE)))
        running.process.kill()
        with pytest.raises(BrowserGone):
            await environment.step(Click[Point](at=Point(x=5, y=5)), on=now.id)
    finally:
        await environment.close()
        running.close()


def _command(*words: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "handeye", "run", str(folder / "task.yaml"), "-o", str(folder / "run"), *words]


def _task(folder: Path, url: str, *steps: dict[str, Any]) -> None:
    (folder / "task.yaml").write_text(json.dumps({"name": "attached", "start": url, "steps": list(steps)}))


def test_the_command_says_what_attaching_means(person: Person, serve: Any, tmp_path: Path) -> None:
    _task(tmp_path, serve(PAGE), {"click": "Press"})
    done = subprocess.run(_command("--cdp", person.url, folder=tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    assert f"attached to the browser at {person.url}" in done.stderr and "keeps running" in done.stderr
    header = Episode.open(tmp_path / "run").header
    assert header.environment["attached"] == person.url
    assert person.tabs() == ["mine"]


def test_a_fence_is_refused_before_anything_is_written(person: Person, tmp_path: Path) -> None:
    _task(tmp_path, "http://127.0.0.1:1/", {"click": "Press"})
    done = subprocess.run(
        _command("--cdp", person.url, "--allow", "example.com", folder=tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "--allow '*'" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_profile_is_not_written_down(person: Person, tmp_path: Path) -> None:
    _task(tmp_path, "http://127.0.0.1:1/", {"click": "Press"})
    state = tmp_path / "state.json"
    command = _command("--cdp", person.url, "--save-state", str(state), folder=tmp_path)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--save-state" in done.stderr
    assert not state.exists() and not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_end_of_ours_leaves_the_browser_running(
    person: Person, serve: Any, tmp_path: Path, number: signal.Signals
) -> None:
    url = serve(PAGE)
    _task(tmp_path, url, {"wait": 60})
    ours = subprocess.Popen(_command("--cdp", person.url, folder=tmp_path), stderr=subprocess.DEVNULL)
    family: list[psutil.Process] = []
    try:
        person.wait_for("/")
        family = psutil.Process(ours.pid).children(recursive=True)
        ours.send_signal(number)
        ours.wait(timeout=60)
    finally:
        ours.kill()
        ours.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive and person.process.poll() is None
    # one that is killed can close nothing any more; what it had set is gone all the same
    assert person.leave(url) == (number == signal.SIGKILL)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A Playwright server that launches the browser of this machine."""
    command = [sys.executable, "-m", "playwright", "run-server", "--port", "0", "--host", "127.0.0.1", "--unsafe"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = next(line for line in process.stdout if "ws://" in line)
    yield said.split()[-1]
    children = psutil.Process(process.pid).children(recursive=True)
    for each in (*children, psutil.Process(process.pid)):
        each.terminate()
    process.wait()
    process.stdout.close()


async def test_conformance_on_a_playwright_server(server: str, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDEYE_BROWSER", str(find_browser().path))
    config = BrowserConfig(server=server)
    start = Start(url=serve(STILL), scale=1.25, viewport=Viewport(width=800, height=500))
    assert await check_environment(lambda: BrowserEnvironment(config), start)


async def test_a_playwright_server_launches_the_browser(
    server: str, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDEYE_BROWSER", str(find_browser().path))
    environment = BrowserEnvironment(BrowserConfig(server=server))
    start = Start(url=serve(PAGE), scale=2)
    try:
        # on this machine the fence holds there too
        now = await environment.reset(start.model_copy(update={"allow": ()}))
        assert "server" in await environment.describe() and now.settled.ok
    finally:
        await environment.close()


async def test_no_playwright_server() -> None:
    for url, words in (("ws://127.0.0.1:1/", "gives no browser"), ("http://127.0.0.1:1", "no address")):
        environment = BrowserEnvironment(BrowserConfig(server=url))
        with pytest.raises(UsageError, match=words):
            await environment.reset(Start())
        await environment.close()
    environment = BrowserEnvironment(BrowserConfig(server="ws://browsers.example.com/"))
    with pytest.raises(UsageError, match="cannot be kept to one site"):
        await environment.reset(Start(allow=()))
    await environment.close()


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual screen, smaller than some of the pages shown on it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "900x700x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as said:
        number = said.readline().strip()
    yield f":{number}"
    process.terminate()
    process.wait()


@pytest.mark.display
@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
async def test_a_window_on_a_virtual_screen(
    display: str, serve: Any, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    page = "<body style='margin:0;background:rgb(1,2,3)'><div style='width:8px;height:8px;background:rgb(250,128,7)'></div>"
    page += "<button style='position:absolute;left:1200px;top:640px;width:60px;height:60px' onclick='document.title=\"far\"'>Far</button>"
    environment = BrowserEnvironment(BrowserConfig(headed=True))
    try:
        # larger than the screen: what is seen is the page, not the window
        now = await environment.reset(Start(url=serve(page), scale=scale))
        assert (now.frame.width, now.frame.height) == (round(1280 * scale), round(720 * scale))
        edge = round(8 * scale)
        assert (now.frame.pixels[:edge, :edge] == (250, 128, 7)).all()
        assert (now.frame.pixels[edge:, edge : round(1200 * scale)] == (1, 2, 3)).all()
        now = (await environment.step(Click[Point](at=await _spot(now, "Far")), on=now.id)).observation
        assert now.title == "far"
        assert (await environment.describe())["headed"] is True
    finally:
        await environment.close()


@pytest.mark.display
async def test_conformance_of_a_window(display: str, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    start = Start(url=serve(STILL), viewport=Viewport(width=800, height=500))
    assert await check_environment(lambda: BrowserEnvironment(BrowserConfig(headed=True)), start)


async def _text(now: Observation) -> str:
    tree = await now.tree.get()
    assert tree is not None
    return "\n".join(tree.lines())


async def _spot(now: Observation, name: str) -> Point:
    tree = await now.tree.get()
    assert tree is not None
    return next(node.box.center for node in tree.nodes if node.name == name and node.box)
