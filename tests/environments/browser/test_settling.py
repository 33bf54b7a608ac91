"""When the screen has settled: the next frame shows the effect, what never rests says so within its cap, no page breaks by being watched."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from handeye.benchmarks.pages.settling import measure
from handeye.benchmarks.pages.settling_server import GREEN, SettlingServer
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserConfig, BrowserHost
from handeye.episodes.schema import Observation, Probe, Settled, Start
from handeye.tools.actions import Act, Click
from handeye.tools.geometry import Point

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FULL = bool(os.environ.get("FULL"))
FEW = (
    "request, timer, request",
    "spinner beside",
    "late change in a foreign frame",
    "shared worker",
    "WebSocket echo",
    "frames counted silently",
    "typing, then a request",
)
GO = "<!doctype html><body style='margin:0;background:white'><button style='position:fixed;left:0;top:0;width:100px;height:40px' onclick='go()'>Go</button>"
LATE = "<script>function go(){setTimeout(()=>{document.body.style.background='rgb(0,160,0)'},200)}</script>"


class World:
    """An environment and the newest observation of it."""

    def __init__(self, environment: BrowserEnvironment) -> None:
        self.environment = environment
        self.now: Observation

    async def open(self, url: str, **start: Any) -> Settled:
        self.now = await self.environment.reset(Start(url=url, **start))
        return self.now.settled

    async def act(self, act: Act) -> Settled:
        self.now = (await self.environment.step(act, on=self.now.id)).observation
        return self.now.settled

    async def go(self) -> Settled:
        return await self.act(Click[Point](at=Point(x=50, y=20)))

    async def value(self, script: str) -> Any:
        return (await self.environment.probe(Probe(kind="script", argument=script))).value

    def green(self) -> bool:
        return tuple(self.now.frame.pixels[300, 400]) == GREEN


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host)
    yield World(environment)
    await environment.close()


async def test_the_next_frame_shows_the_effect() -> None:
    part = await (measure(500) if FULL else measure(len(FEW), FEW))
    assert part.failures == ()
    assert sum(int(row.cells[1]) for row in part.rows[:-1]) == (500 if FULL else len(FEW))


async def test_an_effect_that_comes_too_late_is_found() -> None:
    # nothing announces a timer of more than 2 s: the measure must see that its frame is early
    part = await measure(1, ("timer that nobody waits for",))
    assert len(part.failures) == 1 and "not green" in part.failures[0]


ENDLESS = {
    "a style": "<style>@keyframes t{to{transform:rotate(360deg)}} i{position:fixed;left:200px;top:100px;width:40px;height:40px;"
    "background:linear-gradient(red,blue);animation:t 1s linear infinite}</style><i></i>",
    "a canvas": "<canvas id=k style='position:fixed;left:200px;top:100px' width=60 height=60></canvas><script>const x=k.getContext('2d');let h=0;"
    "(function f(){x.fillStyle=`hsl(${h++} 90% 50%)`;x.fillRect(0,0,60,60);requestAnimationFrame(f)})()</script>",
    "what lies in a shadow root": "<div id=d style='position:fixed;left:200px;top:100px;width:90px'></div><script>"
    "const r=d.attachShadow({mode:'closed'});r.textContent=0;let n=0;setInterval(()=>{r.firstChild.data=n++},7)</script>",
    "a script": "<p id=p style='position:fixed;left:200px;top:100px;width:90px'>0</p><script>let n=0;setInterval(()=>{p.textContent=n++},7)</script>",
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_moves_for_ever_is_told_from_the_rest(world: World, serve: Any, name: str) -> None:
    first = await world.open(serve(GO + ENDLESS[name] + LATE))
    assert not first.ok and first.seconds < BrowserConfig().settle
    settled = await world.go()
    assert world.green()
    assert (settled.ok, settled.elsewhere, settled.why) == (
        False,
        True,
        "an animation without end; all else is at rest",
    )
    # what is endless is known by now: it costs nothing like its cap
    assert [box.intersection(box.at(200, 100, 90, 60)) is not None for box in settled.moving] == [True]


async def test_an_endless_animation_that_shows_nothing_is_rest(world: World, serve: Any) -> None:
    page = "<style>@keyframes t{to{opacity:.5}} i{position:fixed;left:200px;top:100px;width:9px;height:9px;animation:t 1s infinite}</style><i></i>"
    assert (await world.open(serve(GO + page))).ok


async def test_what_keeps_changing_everywhere_says_so_within_its_cap(serve: Any) -> None:
    page = "<p id=p>0</p><script>let n=0;setInterval(()=>{p.textContent=n++;document.body.style.background=n%2?'red':'blue'},7)</script>"
    environment = BrowserEnvironment(BrowserConfig(settle=1.0))
    try:
        now = await environment.reset(Start(url=serve(page)))
        assert (now.settled.ok, now.settled.elsewhere) == (False, False)
        assert now.settled.why == "the picture keeps changing"
    finally:
        await environment.close()


async def test_a_shared_worker_does_not_use_up_the_patience(world: World) -> None:
    async with SettlingServer() as server:
        server.pages["/"] = "<script>window.w=new SharedWorker('/shared.js')</script><p>there"
        server.pages["/shared.js"] = "onconnect=()=>{}"
        settled = await world.open(f"http://127.0.0.1:{server.port}/")
    assert settled.ok


async def test_a_frame_of_another_origin_that_hangs_holds_nothing_up(world: World) -> None:
    async with SettlingServer() as server:
        server.pages["/hangs"] = "<script>onmessage=()=>{for(;;);}</script>"
        server.pages["/"] = (
            f"{GO}<iframe id=f src='http://localhost:{server.port}/hangs'></iframe>"
            "<script>function go(){f.contentWindow.postMessage(1,'*');setTimeout(()=>{document.body.style.background='rgb(0,160,0)'},300)}</script>"
        )
        await world.open(f"http://127.0.0.1:{server.port}/")
        assert (await world.go()).ok and world.green()
        assert (await world.go()).ok


async def test_a_frame_that_vanishes_is_no_matter(world: World) -> None:
    async with SettlingServer() as server:
        server.pages["/inner"] = "<p>inner"
        server.pages["/"] = (
            f"{GO}<iframe id=f src='http://localhost:{server.port}/inner'></iframe><script>function go(){{let n=0;const t=setInterval(()=>{{"
            "f.src='http://localhost:'+location.port+'/inner?'+n;if(++n>9){f.remove();clearInterval(t);"
            "document.body.style.background='rgb(0,160,0)'}},40)}</script>"
        )
        await world.open(f"http://127.0.0.1:{server.port}/")
        assert (await world.go()).ok and world.green()


HEARTBEATS = {
    "short ones": "(function f(){setTimeout(f,30)})();setInterval(()=>{},100);(function f(){requestAnimationFrame(f)})();"
    "const s=new WebSocket(`ws://${location.host}/ws`);s.onopen=()=>setInterval(()=>s.send('5 beat'),200);"
    "setInterval(()=>fetch('/delay?ms=20').then(r=>r.text()),1000)",
    "long ones": "(async()=>{for(;;)await fetch('/poll?ms=30000')})();fetch('/drip?page=/').then(r=>r.text())",
    "ten thousand timers": "for(let i=0;i<10000;i++)setTimeout(()=>{},i%1000)",
}


@pytest.mark.parametrize("name", HEARTBEATS)
async def test_what_beats_in_the_background_is_not_waited_for_long(world: World, name: str) -> None:
    async with SettlingServer() as server:
        server.pages["/page"] = f"{GO}{LATE}<script>{HEARTBEATS[name]}</script>"
        first = await world.open(f"http://127.0.0.1:{server.port}/page")
        assert first.ok and first.seconds < BrowserConfig().settle
        assert (await world.go()).ok and world.green()


PAGES = {
    "looks": "setTimeout.name+setTimeout.length+String(setTimeout)+Function.prototype.toString.call(fetch)+"
    "Function.prototype.toString.toString()+Worker.name+(Worker.prototype.constructor===Worker)+Object.keys(window).some((k)=>k[0]==='_')",
    "errors": "(()=>{let s='';for(const f of [()=>setTimeout(),()=>requestAnimationFrame(1),()=>new WebSocket(),()=>Worker('x'),"
    "()=>fetch.call(document),()=>setTimeout(Symbol())])try{f();s+='none '}catch(e){s+=e.name+' '}return s})()",
    "arguments": "new Promise((f)=>setTimeout.call(undefined,function(a,b){f([this===window,a,b].join())},1,'x','y'))",
    "text": "new Promise((f)=>{window.f=f;setTimeout(\"f('ran')\",1)})",
    "cleared": "new Promise((f)=>{clearInterval(setTimeout(()=>f('no'),1));clearTimeout(setInterval(()=>f('no'),1));setTimeout(()=>f('yes'),60)})",
    "a class": "(()=>{class W extends WebSocket{get mine(){return 1}};const w=new W('ws://127.0.0.1:9');return w.mine+String(w instanceof WebSocket)})()",
    "sender": "new Promise((f)=>{const i=document.createElement('iframe');document.body.append(i);"
    "i.contentWindow.onmessage=(e)=>f(String(e.source===window));i.contentWindow.postMessage(1,'*')})",
    "handled": "new Promise((f)=>{onunhandledrejection=(e)=>f('heard');fetch('data:,x').then((r)=>r.json()).catch(()=>setTimeout(()=>f('quiet'),50))})",
    "overwritten": "new Promise((f)=>{const old=setTimeout;window.setTimeout=(g,t)=>old(g,t);setTimeout(()=>f('ran'),1)})",
    "random": "Math.random()",
}


async def test_a_page_that_is_watched_runs_as_one_that_is_not(world: World, host: BrowserHost, serve: Any) -> None:
    url = serve("<p>x")
    await world.open(url, seed=7)
    watched = {name: await world.value(script) for name, script in PAGES.items()}
    browser = await host.browser()
    context = await browser.new_context()
    try:
        page = await context.new_page()
        await page.goto(url)
        plain = {name: await page.evaluate(script) for name, script in PAGES.items()}
    finally:
        await context.close()
    assert {**plain, "random": 0} == {**watched, "random": 0}
    await world.open(url, seed=7)
    assert await world.value(PAGES["random"]) == watched["random"]


async def test_a_document_that_is_written_anew_is_watched(world: World, serve: Any) -> None:
    anew = (
        "document.open();document.write('<body><script>setTimeout(()=>{let n=0;(function f(){if(++n>9)"
        'document.body.style.background="rgb(0,160,0)";else setTimeout(f,40)})()},300)<\\/script>\');document.close()'
    )
    await world.open(serve(f"{GO}<script>function go(){{{anew}}}</script>"))
    assert (await world.go()).ok and world.green()


async def test_a_frame_made_by_a_script_is_watched(world: World, serve: Any) -> None:
    page = (
        "<script>function go(){const f=document.createElement('iframe');f.style='position:fixed;left:300px;top:200px';"
        "document.body.append(f);f.contentWindow.setTimeout(()=>{f.contentDocument.body.style.background='rgb(0,160,0)'},400)}</script>"
    )
    await world.open(serve(GO + page))
    assert (await world.go()).ok and world.green()


async def test_a_page_with_a_clock_of_its_own_settles(world: World, serve: Any) -> None:
    settled = await world.open(serve(GO + LATE), clock="2024-05-01T10:00:00+00:00")
    assert settled.ok
    assert (await world.go()).ok and world.green()


async def test_a_page_that_goes_away_while_it_settles_ends_the_wait(world: World, serve: Any) -> None:
    await world.open(serve(GO + "<script>function go(){setTimeout(()=>{location.href='/'},100)}</script>"))
    began = time.monotonic()
    looking = asyncio.ensure_future(world.go())
    assert (await looking).ok
    assert time.monotonic() - began < 60


DARK = "<div id=d style='position:absolute;visibility:hidden'><p id=p>0</p></div><b>after</b>"
UNSEEN = {
    "text of what is not laid out": ("<div style='display:none'><p id=p>0</p></div>", "p.textContent++"),
    "an attribute in what is not laid out": ("<div style='display:none'><p id=p>0</p></div>", "p.className='x'"),
    "text of what is hidden out of the flow": (DARK, "p.textContent++"),
    "the colour of what is hidden": (DARK, "p.style.color='red'"),
}
SEEN = {
    "text": ("<p id=p>0</p>", "p.textContent++"),
    "text of what is hidden and moves the rest": (
        "<span id=p style='visibility:hidden'>0</span><b>x</b>",
        "p.textContent+=10",
    ),
    "text that moves what shows within": (
        f"{DARK}<script>d.innerHTML+='<i style=visibility:visible>x</i>'</script>",
        "p.textContent+=10",
    ),
    "what is hidden no longer": (DARK, "p.style.visibility='visible'"),
    "what is hidden now": (DARK.replace("id=p", "id=p style='visibility:visible'"), "p.style.visibility=''"),
    "what showed and is gone": (DARK.replace("id=p", "id=p style='visibility:visible'"), "p.remove()"),
    "a box laid out no longer": ("<p id=p>0</p>", "p.style.display='none'"),
    "a class, which may mean anything": (DARK, "p.className='x'"),
    "a style sheet in what is not laid out": (
        "<div style='display:none'><p id=p></p></div>",
        "p.innerHTML='<style>*{color:red}</style>'",
    ),
    "the text of a style sheet": (
        "<div style='display:none'><style id=s></style></div>",
        "s.textContent='*{color:red}'",
    ),
    "an option of a list": ("<select><option id=p>0</option></select>", "p.textContent++"),
    "a popover": ("<div id=p popover>0</div>", "p.showPopover();p.textContent++"),
    "what is put into the page": ("", "document.body.append('x')"),
}


@pytest.mark.parametrize("name", UNSEEN | SEEN)
async def test_what_nobody_sees_is_no_change(world: World, host: BrowserHost, serve: Any, name: str) -> None:
    markup, change = (UNSEEN | SEEN)[name]
    await world.open(serve(f"<!doctype html>{markup}"))
    says = f"window[{host.watch_name!r}]().changes"
    # the page is asked at most every 100 ms what of it is seen
    before, after = await world.value(
        f"new Promise((f)=>setTimeout(()=>{{const b={says};{change};f([b,{says}])}},150))"
    )
    assert (before == after) is (name in UNSEEN)
