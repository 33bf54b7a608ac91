"""The allow-list on real Chromium: whatever a page tries, a site that is not allowed hears nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserHost
from handeye.environments.sites import Request, Response, RunningSite
from handeye.episodes.schema import Observation, Probe, Start
from handeye.tools.actions import Act, Click, Navigate, NewTab
from handeye.tools.errors import EnvironmentFailed, UsageError
from handeye.tools.geometry import Point

SCRIPT = "text/javascript"


class Listener(asyncio.DatagramProtocol):
    """Hears whoever comes to its port, by TCP or UDP; answers nothing."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.contacted = asyncio.Event()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))

    def close(self) -> None:
        self._server.close()
        self._udp.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._hear(data)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hear(b"connected")
        writer.close()

    def _hear(self, data: bytes) -> None:
        self.heard.append(data)
        self.contacted.set()


class Lure:
    """A site whose pages reach for another one: ``{there}`` is its host and port."""

    def __init__(self, there: str) -> None:
        self.there = there
        self.pages: dict[str, tuple[str, str]] = {}
        self.requests: list[Request] = []

    def respond(self, request: Request) -> Response:
        self.requests.append(request)
        if request.path == "/away":
            return Response(b"", "text/plain", 302, (("Location", f"http://{self.there}/x"),))
        if request.path == "/far":
            return Response(b"", "text/plain", 302, (("Location", "/away"),))
        text, kind = self.pages.get(request.path, ("", "text/plain"))
        extra = (("Content-Security-Policy", f"img-src 'none'; report-uri http://{self.there}/r"),)
        return Response(
            text.replace("{there}", self.there).encode(), kind, 200, extra if request.path == "/csp" else ()
        )

    def path(self, page: str) -> str:
        return page


@pytest_asyncio.fixture(loop_scope="session")
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    await listener.open()
    yield listener
    listener.close()


@pytest.fixture
def lure(listener: Listener) -> Iterator[Callable[..., RunningSite]]:
    running: list[RunningSite] = []

    def start(page: str, more: dict[str, tuple[str, str]] | None = None, name: str = "127.0.0.1") -> RunningSite:
        site = Lure(f"{name}:{listener.port}")
        html = f"<!doctype html><meta charset=utf-8><title>lure</title><body>{page}"
        site.pages = {"/": (html, "text/html"), "/csp": (html, "text/html"), **(more or {})}
        running.append(RunningSite(site))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[BrowserEnvironment]:
    environment = BrowserEnvironment(host=host)
    yield environment
    await environment.close()


WORKER = {"/w.js": ("fetch('http://{there}/x', {mode: 'no-cors'})", SCRIPT)}
SERVICE = {
    "/w.js": ("oninstall = e => e.waitUntil(fetch('http://{there}/x', {mode: 'no-cors'}).catch(() => 0))", SCRIPT)
}
RTC = """<script>const p = new RTCPeerConnection({iceServers: [{urls: '%s', username: 'a', credential: 'b'}]});
p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o));
p.onicegatheringstatechange = () => { if (p.iceGatheringState == 'complete') document.title = 'gathered' }</script>"""
SPECULATION = """<script type=speculationrules>
{"%s": [{"source": "list", "urls": ["http://{there}/x"], "eagerness": "immediate"}]}</script>"""

ATTEMPTS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "image": ("<img src=http://{there}/x>", {}),
    "script": ("<script src=http://{there}/x></script>", {}),
    "style sheet": ("<link rel=stylesheet href=http://{there}/x>", {}),
    "style import": ("<style>@import url(http://{there}/x);</style>", {}),
    "background": ("<p style='background: url(http://{there}/x)'>a", {}),
    "font": ("<style>@font-face { font-family: f; src: url(http://{there}/x) } p { font-family: f }</style><p>a", {}),
    "frame": ("<iframe src=http://{there}/x></iframe>", {}),
    "object": ("<object data=http://{there}/x></object>", {}),
    "video": ("<video src=http://{there}/x autoplay muted></video>", {}),
    "fetch": ("<script>fetch('http://{there}/x', {mode: 'no-cors'})</script>", {}),
    "fetch with preflight": ("<script>fetch('http://{there}/x', {method: 'PUT', body: 'a'})</script>", {}),
    "fetch that outlives": ("<script>fetch('http://{there}/x', {mode: 'no-cors', keepalive: true})</script>", {}),
    "fetch https": ("<script>fetch('https://{there}/x', {mode: 'no-cors'})</script>", {}),
    "XMLHttpRequest": (
        "<script>const x = new XMLHttpRequest(); x.open('POST', 'http://{there}/x'); x.send('a')</script>",
        {},
    ),
    "beacon": ("<script>navigator.sendBeacon('http://{there}/x', 'a')</script>", {}),
    "ping": ("<a id=a href=#b ping=http://{there}/x>a</a><script>a.click()</script>", {}),
    "prefetch": ("<link rel=prefetch href=http://{there}/x>", {}),
    "preload": ("<link rel=preload as=script href=http://{there}/x>", {}),
    "module": ("<link rel=modulepreload href=http://{there}/x>", {}),
    "speculation": (SPECULATION % "prefetch", {}),
    "WebSocket": ("<script>new WebSocket('ws://{there}/x')</script>", {}),
    "WebSocket secure": ("<script>new WebSocket('wss://{there}/x')</script>", {}),
    "EventSource": ("<script>new EventSource('http://{there}/x')</script>", {}),
    "worker": ("<script>new Worker('/w.js')</script>", WORKER),
    "worker import": (
        "<script>new Worker('/w.js')</script>",
        {"/w.js": ("importScripts('http://{there}/x')", SCRIPT)},
    ),
    "shared worker": ("<script>new SharedWorker('/w.js')</script>", WORKER),
    "service worker": ("<script>navigator.serviceWorker.register('/w.js')</script>", SERVICE),
    "redirect of an image": ("<img src=/away>", {}),
    "redirect of a fetch": ("<script>fetch('/far', {mode: 'no-cors'})</script>", {}),
    "redirect of a frame": ("<iframe src=/far></iframe>", {}),
    "redirect of the page": ("<script>location = '/far'</script>", {}),
    "location": ("<script>location = 'http://{there}/x'</script>", {}),
    "refresh": ("<meta http-equiv=refresh content='0;url=http://{there}/x'>", {}),
    "form": ("<form id=f action=http://{there}/x method=post><input name=a></form><script>f.submit()</script>", {}),
    "popup": ("<script>window.open('http://{there}/x')</script>", {}),
    "userinfo": ("<script>location = 'http://127.0.0.1@{there}/x'</script>", {}),
    "backslash": (r"<script>location = 'http:\\\\{there}\\@127.0.0.1/x'</script>", {}),
    "odd address": ("<script>location = 'http://{there}/x'.replace('127.0.0.1', '0x7F.1')</script>", {}),
    "relay": (RTC % "turn:{there}?transport=tcp", {}),
    "prerender": (SPECULATION % "prerender", {}),
    "download": ("<a id=a download href=http://{there}/x>a</a><script>a.click()</script>", {}),
}


# FULL=1 shows of every attempt that it would have got through
CONTROLS = set(ATTEMPTS) if os.environ.get("FULL") else set(sorted(ATTEMPTS)[::4])


@pytest.mark.browser
@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_a_page_reaches_nothing_else(
    world: BrowserEnvironment, lure: Any, listener: Listener, attempt: str
) -> None:
    site = lure(*ATTEMPTS[attempt])
    first = await world.reset(Start(url=site.url, allow=()))
    seen = await _blocked(world, first)
    assert seen in ([f"http://127.0.0.1:{listener.port}"], [f"127.0.0.1:{listener.port}"])
    assert listener.heard == []
    if attempt in CONTROLS:
        # the same page, unbound: the attempt is one
        await world.reset(Start(url=site.url))
        await asyncio.wait_for(listener.contacted.wait(), 20)


@pytest.mark.browser
@pytest.mark.parametrize("server", ["stun:{there}", "turn:{there}?transport=udp"])
async def test_a_peer_connection_does_not_go_around(
    world: BrowserEnvironment, lure: Any, listener: Listener, server: str
) -> None:
    now = await world.reset(Start(url=lure(RTC % server).url, allow=()))
    while now.title != "gathered":
        now = await world.look()
    assert listener.heard == []


@pytest.mark.browser
async def test_what_is_no_proxy_s_to_carry_is_not_carried(
    world: BrowserEnvironment, lure: Any, listener: Listener
) -> None:
    page = "<script>new WebTransport('https://{there}/x').ready.catch(() => document.title = 'refused')</script>"
    site = lure(page)
    now = await world.reset(Start(url=site.url, allow=()))
    while now.title != "refused":
        now = await world.look()
    assert listener.heard == []
    await world.reset(Start(url=site.url))
    await asyncio.wait_for(listener.contacted.wait(), 20)


@pytest.mark.browser
async def test_speculation_across_sites(world: BrowserEnvironment, lure: Any, listener: Listener) -> None:
    site = lure(SPECULATION % "prefetch", name="localhost")
    await world.reset(Start(url=site.url, allow=()))
    await world.look()
    assert listener.heard == []
    await world.reset(Start(url=site.url))
    await asyncio.wait_for(listener.contacted.wait(), 20)


@pytest.mark.browser
async def test_a_report_goes_nowhere(world: BrowserEnvironment, lure: Any, listener: Listener) -> None:
    site = lure("<img src=/x.png>")
    assert await _blocked(world, await world.reset(Start(url=site.url + "csp", allow=())))
    assert listener.heard == []


@pytest.mark.browser
async def test_a_blocked_site_is_said_once_and_the_page_settles(
    world: BrowserEnvironment, lure: Any, listener: Listener
) -> None:
    page = "".join(
        f"<img src=http://{{there}}/{i}><script src=https://{{there}}/{i}></script>"
        f"<style>@font-face {{ font-family: f{i}; src: url(http://{{there}}/f{i}) }} #p{i} {{ font-family: f{i} }}</style><p id=p{i}>a"
        for i in range(8)
    )
    now = await world.reset(Start(url=lure(page).url, allow=()))
    blocked = sorted(event.detail for event in now.events if event.kind == "blocked")
    assert blocked == [f"127.0.0.1:{listener.port}", f"http://127.0.0.1:{listener.port}"]
    assert now.settled.ok, now.settled
    assert not [event for event in (await world.look()).events if event.kind == "blocked"]
    assert listener.heard == []


@pytest.mark.browser
async def test_what_is_allowed_is_reached(world: BrowserEnvironment, lure: Any) -> None:
    other = lure("", {"/w": ("document.title = 'reached'", SCRIPT)})
    there = other.url.removeprefix("http://").rstrip("/")
    site = lure(f"<script src={other.url}w></script><script>fetch('{other.url}f', {{mode: 'no-cors'}})</script>")
    now = await world.reset(Start(url=site.url, allow=(there,)))
    assert now.title == "reached"
    assert {request.path for request in other.site.requests} == {"/w", "/f"}
    assert not [event for event in now.events if event.kind == "blocked"]
    assert (await world.probe(Probe(kind="http", argument=other.url + "w"))).value == "document.title = 'reached'"


@pytest.mark.browser
async def test_a_probe_is_bound_too(world: BrowserEnvironment, lure: Any, listener: Listener) -> None:
    site = lure("")
    await world.reset(Start(url=site.url, allow=()))
    told = await world.probe(Probe(kind="http", argument=f"http://127.0.0.1:{listener.port}/x"))
    assert told.value is None and "--allow" in told.missing
    # what is allowed may lead away
    assert (await world.probe(Probe(kind="http", argument="/away"))).missing
    assert listener.heard == []


REFUSED = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "//127.1:{port}/",
    "https://example.com/",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "FILE:///etc/passwd",
    " \tfile:///etc/passwd",
    "chrome://version",
    "devtools://devtools/bundled/inspector.html",
    "view-source:file:///etc/passwd",
    "javascript:document.title='done'",
    "about:version",
]


@pytest.mark.browser
@pytest.mark.parametrize("url", REFUSED)
@pytest.mark.parametrize("verb", [Navigate, NewTab])
async def test_an_act_that_leads_away_is_refused(
    world: BrowserEnvironment, lure: Any, listener: Listener, url: str, verb: type[Navigate | NewTab]
) -> None:
    url = url.format(port=listener.port)
    now = await world.reset(Start(url=lure("<h1>home").url, allow=()))
    act: Act = verb(url=url)
    stepped = await world.step(act, on=now.id)
    assert stepped.error is not None and "--allow" in str(stepped.error)
    assert not stepped.sent and len(stepped.observation.tabs) == 1
    assert stepped.observation.url == now.url and stepped.observation.title == "lure"
    assert listener.heard == []


@pytest.mark.browser
async def test_an_act_that_is_led_away_says_so(world: BrowserEnvironment, lure: Any, listener: Listener) -> None:
    now = await world.reset(Start(url=lure("<h1>home").url, allow=()))
    stepped = await world.step(Navigate(url="/far"), on=now.id)
    assert stepped.error is not None
    assert stepped.error.message == f"http://127.0.0.1:{listener.port}/x cannot be reached: not allowed"
    assert [event.kind for event in stepped.observation.events].count("blocked") == 1
    assert listener.heard == []


TO_FILES = {
    "link": "<a id=a href=file:///etc/passwd>a</a><script>a.click()</script>",
    "popup": "<script>open('file:///etc/passwd')</script>",
    "frame": "<iframe src=file:///etc/passwd></iframe>",
    "refresh": "<meta http-equiv=refresh content='0;url=file:///etc/passwd'>",
    "form": "<form id=f action=file:///etc/passwd></form><script>f.submit()</script>",
    "location": "<script>location = 'file:///etc/passwd'</script>",
    "view-source": "<script>open('view-source:file:///etc/passwd')</script>",
    "chrome": "<script>open('chrome://version')</script>",
    "fetch": "<script>fetch('file:///etc/passwd').then(r => r.text()).then(t => document.body.append(t))</script>",
    "from a blank tab": "<script>const w = open('about:blank'); w.location = 'file:///etc/passwd'</script>",
    "from data": "<iframe src=\"data:text/html,<script>location='file:///etc/passwd'</script>\"></iframe>",
}


@pytest.mark.browser
@pytest.mark.parametrize("way", TO_FILES)
async def test_a_page_opens_no_file(world: BrowserEnvironment, lure: Any, way: str) -> None:
    site = lure("<h1>home</h1>" + TO_FILES[way])
    now = await world.reset(Start(url=site.url, allow=()))
    now = await world.look()
    assert [tab.url for tab in now.tabs if tab.url.startswith(("file:", "chrome:", "view-source:"))] == []
    tree = await now.tree.get()
    assert tree is None or not any("root:" in line for line in tree.lines())
    for child in world._tabs.page.frames:
        assert "root:" not in await child.content()


@pytest.mark.browser
async def test_a_start_at_a_file_reads_its_folder_only(
    world: BrowserEnvironment, tmp_path: Path, listener: Listener
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "secret.html").write_text("<title>secret</title>hunter22")
    (tmp_path / "site" / "near.html").write_text("<title>near</title>near")
    page = f"<title>page</title><a href=../secret.html>far</a><iframe src=../secret.html></iframe><img src=http://127.0.0.1:{listener.port}/x>"
    (tmp_path / "site" / "index.html").write_text(page)
    now = await world.reset(Start(url=(tmp_path / "site" / "index.html").as_uri(), allow=()))
    assert sorted(event.detail for event in now.events if event.kind == "blocked") == [
        (tmp_path / "secret.html").as_uri(),
        f"http://127.0.0.1:{listener.port}",
    ]
    assert not any(["hunter22" in await frame.content() for frame in world._tabs.page.frames])
    tree = await now.tree.get()
    assert tree is not None
    link = next(node.box for node in tree.nodes if node.name == "far" and node.box)
    stepped = await world.step(Click[Point](at=link.center), on=now.id)
    assert stepped.observation.title != "secret"
    stepped = await world.step(Navigate(url=(tmp_path / "site" / "near.html").as_uri()), on=stepped.observation.id)
    assert stepped.error is None and stepped.observation.title == "near"
    stepped = await world.step(Navigate(url=(tmp_path / "secret.html").as_uri()), on=stepped.observation.id)
    assert stepped.error is not None
    assert listener.heard == []


@pytest.mark.browser
async def test_a_bundled_site_is_its_own(world: BrowserEnvironment) -> None:
    now = await world.reset(Start(site="shop", url="/", allow=()))
    assert now.settled.ok and "cup" in "\n".join((await now.tree.get()).lines()).lower()  # type: ignore[union-attr]
    assert not [event for event in now.events if event.kind == "blocked"]


@pytest.mark.browser
async def test_a_start_that_does_not_answer_fails_as_ever(world: BrowserEnvironment, listener: Listener) -> None:
    gone = f"127.0.0.1:{listener.port}"
    with pytest.raises(EnvironmentFailed, match=f"the start page http://{gone}/ cannot be reached: no answer"):
        await world.reset(Start(url=f"http://{gone}/", allow=()))
    listener.close()
    with pytest.raises(EnvironmentFailed, match=f"the start page http://{gone}/ cannot be reached: connection refused"):
        await world.reset(Start(url=f"http://{gone}/", allow=()))
    with pytest.raises(
        EnvironmentFailed, match=f"the start page https://{gone}/ cannot be reached: .*connection refus"
    ):
        await world.reset(Start(url=f"https://{gone}/", allow=()))
    with pytest.raises(UsageError, match="names no site"):
        await world.reset(Start(url="http://127.0.0.1:1/", allow=("http//x",)))


@pytest.mark.browser
async def test_everything_and_no_bounds_need_no_proxy(world: BrowserEnvironment, lure: Any, listener: Listener) -> None:
    for allow in (None, ("*",)):
        now = await world.reset(Start(url=lure("<img src=http://{there}/x>").url, allow=allow))
        assert not [event for event in now.events if event.kind == "blocked"]
        await asyncio.wait_for(listener.contacted.wait(), 20)
        listener.contacted.clear()


async def _blocked(world: BrowserEnvironment, now: Observation) -> list[str]:
    for _ in range(40):
        found = [event.detail for event in now.events if event.kind == "blocked"]
        if found:
            return found
        now = await world.look()
    return []
