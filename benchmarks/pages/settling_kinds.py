"""Kinds of pages on which an act takes effect late, each in its own way, with random parameters.

On every page a patch turns green with the last change, and ``doneAt`` is then the instant (ms since the epoch).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

Make = Callable[[random.Random], tuple[str, str]]
"""Parameters → (markup, script that defines ``act()``)."""


class Kind(NamedTuple):
    """A kind of page.

    Attributes:
        make: Makes one.
        act: What is done on it: a click on its button, a text typed into its field.
        spot: Where (CSS pixels of the viewport) green shows that the effect is there.
        load: How the document comes: at once, or for ever.
        endless: Something on it moves for ever.
        silent: Its script changes nothing until it is done: where a busy machine makes that longer than `SILENT`, nothing announces it.
    """

    make: Make
    act: str = "click"
    spot: tuple[int, int] = (20, 20)
    load: str = ""
    endless: bool = False
    silent: bool = False


SILENT = 2.0
"""Seconds for which a loop that changes nothing is waited for."""

_PAGE = """<!doctype html><meta charset=utf-8><title>settling</title><style>body{margin:0;font:16px sans-serif}
#patch{position:fixed;left:0;top:0;width:40px;height:40px;background:rgb(200,0,0)}
#go{position:fixed;left:60px;top:0;width:100px;height:40px} #field{position:fixed;left:200px;top:0;height:34px;width:160px}
main{padding-top:60px} @keyframes turn{to{transform:rotate(360deg)}}
.spinner{display:inline-block;width:30px;height:30px;background:linear-gradient(red,blue);animation:turn 1s linear infinite}
</style><div id=patch></div><button id=go>Go</button><input id=field><main><p id=say>waiting</p>MARKUP</main><script>
const $ = (id) => document.getElementById(id);
const at = () => { window.doneAt = performance.timeOrigin + performance.now() };
const done = () => { $('patch').style.backgroundColor = 'rgb(0,160,0)'; $('say').textContent = 'done'; at() };
const sleep = (ms) => new Promise((f) => setTimeout(f, ms));
const get = (url) => fetch(url).then((r) => r.text());
$('go').onclick = () => { window.actedAt = performance.timeOrigin + performance.now(); $('say').textContent = 'Loading'; act() };
SCRIPT</script>"""


def page(kind: Kind, rng: random.Random, port: int) -> str:
    """The HTML of one page of a kind."""
    markup, script = kind.make(rng)
    return _PAGE.replace("MARKUP", markup).replace("SCRIPT", script).replace("ELSEWHERE", f"http://localhost:{port}")


def _late(rng: random.Random) -> int:
    return rng.choice([rng.randint(30, 300), rng.randint(300, 900), rng.randint(900, 1500)])


def _just(script: str, markup: str = "") -> Make:
    """A kind whose parameters are delays: each ``N`` in its script is one, ``n`` a small number."""

    def make(rng: random.Random) -> tuple[str, str]:
        made = script
        while "{N}" in made:
            made = made.replace("{N}", str(_late(rng)), 1)
        while "{n}" in made:
            made = made.replace("{n}", str(rng.randint(2, 20)), 1)
        return markup, made

    return make


_CANVAS = "<canvas id=k width=120 height=80></canvas>"
_DRAWN = (
    "const x=$('k').getContext('2d');let h=0;(function f(){x.fillStyle=`hsl(${h++} 90% 50%)`;x.fillRect(0,0,120,80);"
    "requestAnimationFrame(f)})();"
)
_TIMER = "function act(){setTimeout(done,{N})}"
_FRAME = """<body style="margin:0;background:rgb(200,0,0)"><script>
const done=()=>{document.body.style.background='rgb(0,160,0)';parent.postMessage(performance.timeOrigin+performance.now(),'*')};
onmessage=(e)=>setTimeout(()=>fetch('/delay?ms='+e.data).then(done),e.data);</script>"""
FRAMES = {
    "/frame": _FRAME,
    "/frame-done": _FRAME.replace("onmessage=(e)=>", "onload=()=>").replace("e.data", "120"),
    "/sw/page": _FRAME.replace("onmessage=(e)=>", "onload=()=>")
    .replace("/delay?ms=", "/sw/answer?")
    .replace("e.data", "9"),
    "/next": _PAGE.replace("MARKUP", "next").replace("SCRIPT", "get('/delay?ms=200').then(()=>setTimeout(done,150))"),
    "/worker.js": "onmessage=(e)=>{const end=performance.now()+e.data;while(performance.now()<end);postMessage(1)}",
    "/shared.js": "onconnect=(c)=>{const p=c.ports[0];p.onmessage=(e)=>setTimeout(()=>p.postMessage(1),e.data)}",
    "/sw/sw.js": "onfetch=(e)=>{if(e.request.url.includes('/sw/answer'))e.respondWith("
    "new Promise((f)=>setTimeout(()=>f(new Response('hi')),400)))}",
}
"""Path → what the pages of several kinds ask for."""
_LISTEN = "onmessage=(e)=>{window.doneAt=e.data};"
_SIZES = "body{height:6000px}"

KINDS: dict[str, Kind] = {
    "late answer": Kind(_just("function act(){get('/delay?ms={N}').then(done)}")),
    "answers one after another": Kind(
        _just("async function act(){for(let i=0;i<3;i++)await get('/delay?i='+i+'&ms={N}'.replace(/.$/,''));done()}")
    ),
    "slow body": Kind(_just("function act(){get('/body?size=2000&ms={N}').then(done)}")),
    "slow body by XHR": Kind(
        _just("function act(){const x=new XMLHttpRequest();x.open('GET','/body?ms={N}');x.onload=done;x.send()}")
    ),
    "request, timer, request": Kind(
        _just("async function act(){await get('/delay?ms={N}');await sleep({N});await get('/delay?ms={N}');done()}")
    ),
    "transition": Kind(
        _just(
            "$('patch').style.transition='background-color {N}ms ease-out {n}ms';$('patch').ontransitionend=at;"
            "function act(){$('patch').style.backgroundColor='rgb(0,160,0)'}"
        )
    ),
    "finite animation": Kind(
        _just(
            "$('patch').onanimationend=at;function act(){$('patch').style.animation='g {N}ms {n} forwards';"
            # of other lengths the sum of all turns may miss their end by a rounding: 12 of 24 ms end where they began (Chromium 156)
            "$('patch').style.animationDuration=Math.ceil({N}/$('patch').style.animationIterationCount/15.625)*15.625+'ms'}",
            "<style>@keyframes g{50%{background:rgb(0,0,200)}to{background:rgb(0,160,0)}}</style>",
        )
    ),
    "Web Animations": Kind(
        _just(
            "function act(){$('patch').animate([{},{transform:'translateX(300px)'},{background:'rgb(0,160,0)'}],"
            "{duration:{N},delay:{n}*20,fill:'forwards'}).finished.then(at)}"
        )
    ),
    "spinner beside": Kind(_just(_TIMER, "<i class=spinner></i>"), endless=True),
    "spinner that vanishes": Kind(
        _just(
            "function act(){$('say').innerHTML='<i class=spinner></i>';get('/delay?ms={N}').then(()=>sleep({N})).then(done)}"
        )
    ),
    "lazy image": Kind(
        _just(
            "function act(){$('i').scrollIntoView({block:'center'})}$('i').src='/a.png?ms={N}'",
            f"<style>{_SIZES}</style>"
            "<img id=i loading=lazy width=200 height=200 onload=at() style='position:absolute;top:4500px;left:0'>",
        ),
        spot=(100, 360),
    ),
    "image put in when in sight": Kind(
        _just(
            "new IntersectionObserver((s)=>{if(s[0].isIntersecting&&!$('i').src){$('i').src='/a.png?ms={N}'}}).observe($('i'));"
            "function act(){$('i').scrollIntoView({block:'center'})}",
            f"<style>{_SIZES}</style><img id=i width=200 height=200 onload=at() style='position:absolute;top:4500px;left:0'>",
        ),
        spot=(100, 360),
    ),
    "late font": Kind(
        _just(
            "function act(){const f=new FontFace('late',\"url('/f.ttf?ms={N}')\");document.fonts.add(f);"
            "$('say').style.font='20px late';f.load().then(done,done)}"
        )
    ),
    "caret in a field": Kind(_just("function act(){$('field').focus();setTimeout(done,{N})}"), act="click"),
    "canvas drawn for ever": Kind(_just(_DRAWN + _TIMER, _CANVAS), endless=True),
    "canvas drawn for a while": Kind(
        _just(
            "const x=$('k').getContext('2d');let n=0;function step(){x.fillStyle=`hsl(${n*7} 90% 50%)`;x.fillRect(0,0,n*2,80);"
            "if(++n<{n}*3)requestAnimationFrame(step);else{x.fillStyle='rgb(0,160,0)';x.fillRect(0,0,120,80);at()}}function act(){step()}",
            "<canvas id=k width=120 height=80 style='position:fixed;left:0;top:300px'></canvas>",
        ),
        spot=(60, 340),
    ),
    "playing video": Kind(
        _just(
            _DRAWN.replace("$('k')", "document.createElement('canvas')").replace(
                "x.fillStyle", "c=x.canvas,x.fillStyle", 1
            )
            + "var c;$('v').srcObject=c.captureStream(30);$('v').play();"
            + _TIMER,
            "<video id=v muted width=160 height=90></video>",
        ),
        endless=True,
    ),
    "animated image": Kind(_just(_TIMER, "<img src=/a.gif>"), endless=True),
    "document that never ends": Kind(_just(_TIMER), load="/drip"),
    "image that never ends": Kind(_just(_TIMER, "<img src=/drip.png width=50 height=50>")),
    "interval that ends": Kind(
        _just(
            "function act(){let n=0;const t=setInterval(()=>{$('say').textContent=n;if(++n>{n}){clearInterval(t);done()}},{N}/16)}"
        )
    ),
    "frames that end": Kind(
        _just(
            "function act(){let n=0;(function f(){$('say').style.marginLeft=n*3+'px';if(++n>{n}*4)done();else requestAnimationFrame(f)})()}"
        )
    ),
    "frames counted silently": Kind(
        _just("function act(){let n=0;(function f(){if(++n>{n}*4)done();else requestAnimationFrame(f)})()}"),
        silent=True,
    ),
    "timers counted silently": Kind(
        _just("function act(){let n=0;(function f(){if(++n>{n})done();else setTimeout(f,{n}*5)})()}"),
        silent=True,
    ),
    "channel of messages": Kind(
        _just(
            "const c=new MessageChannel();let n;c.port1.onmessage=()=>{const e=performance.now()+4;while(performance.now()<e);"
            "if(--n)c.port2.postMessage(0);else done()};function act(){n={n}*5;c.port2.postMessage(0)}"
        )
    ),
    "messages to oneself": Kind(
        _just(
            "let n;onmessage=()=>{if(--n)postMessage(0,'*');else Promise.resolve().then(done)};function act(){n={n}*9;postMessage(0,'*')}"
        )
    ),
    "posted tasks": Kind(
        _just(
            "async function act(){for(let i=0;i<{n};i++)await scheduler.postTask(()=>i,"
            "{delay:i*9,priority:i%2?'background':'user-visible'});done()}"
        )
    ),
    "idle callbacks": Kind(
        _just("function act(){let n=0;(function f(){if(++n>{n})done();else requestIdleCallback(f)})()}")
    ),
    "worker that computes": Kind(
        _just("const w=new Worker('/worker.js');w.onmessage=done;function act(){w.postMessage({N})}")
    ),
    "shared worker": Kind(
        _just("const w=new SharedWorker('/shared.js');w.port.onmessage=done;function act(){w.port.postMessage({N})}")
    ),
    "WebSocket echo": Kind(
        _just(
            "const s=new WebSocket(`ws://${location.host}/ws`);let told=0;s.onmessage=(e)=>{if(e.data.endsWith('act'))done()};"
            "s.onopen=()=>setInterval(()=>s.send('5 beat '+told++),300);function act(){s.send('{N} act')}"
        )
    ),
    "event stream opened": Kind(_just("function act(){new EventSource('/events?ms={N}').onmessage=done}")),
    "dynamic import": Kind(_just("function act(){import('/m.js?ms={N}').then(done)}")),
    "frame that navigates": Kind(
        _just(
            _LISTEN + "function act(){$('f').src='/frame-done?ms={N}'}",
            "<iframe id=f style='position:fixed;left:0;top:300px'></iframe>",
        ),
        spot=(50, 350),
    ),
    "foreign frame that navigates": Kind(
        _just(
            _LISTEN + "function act(){$('f').src='ELSEWHERE/frame-done?ms={N}'}",
            "<iframe id=f style='position:fixed;left:0;top:300px'></iframe>",
        ),
        spot=(50, 350),
    ),
    "late change in a foreign frame": Kind(
        _just(
            _LISTEN + "function act(){$('f').contentWindow.postMessage({N},'*')}",
            "<iframe id=f src='ELSEWHERE/frame' style='position:fixed;left:0;top:300px'></iframe>",
        ),
        spot=(50, 350),
    ),
    "view transition": Kind(
        _just(
            "function act(){document.startViewTransition(async()=>{await get('/delay?ms={N}');"
            "$('patch').style.backgroundColor='rgb(0,160,0)'}).finished.then(at)}"
        )
    ),
    "smooth scrolling": Kind(
        _just(
            "addEventListener('scrollend',at);function act(){scrollTo({top:3000+{N},behavior:'smooth'})}",
            "<style>body{height:9000px;background:linear-gradient(white,black)}#patch{background:rgb(0,160,0)}</style>",
        )
    ),
    "content at the end of a scroll": Kind(
        _just(
            "addEventListener('scrollend',()=>get('/delay?ms={N}').then(done));function act(){scrollTo(0,2000)}",
            f"<style>{_SIZES}</style>",
        )
    ),
    "route with late content": Kind(
        _just(
            "function act(){history.pushState(0,'','?view=2');$('say').textContent='…';get('/delay?ms={N}').then(()=>setTimeout(done,{n}))}"
        )
    ),
    "service worker": Kind(
        _just(
            _LISTEN
            + "navigator.serviceWorker.register('/sw/sw.js',{scope:'/sw/'});function act(){$('f').src='/sw/page'}",
            "<iframe id=f style='position:fixed;left:0;top:300px'></iframe>",
        ),
        spot=(50, 350),
    ),
    "polling in the background": Kind(
        _just("setInterval(()=>get('/delay?poll=1&ms=20'),500);function act(){get('/delay?late=1&ms={N}').then(done)}")
    ),
    "long poll in the background": Kind(
        _just("(async()=>{for(;;)await get('/poll?ms=30000')})();function act(){get('/delay?ms={N}').then(done)}")
    ),
    "timers in the background": Kind(_just("(function f(){window.n=(window.n||0)+1;setTimeout(f,30)})();" + _TIMER)),
    "typing, then a request": Kind(
        _just(
            "let t;$('field').oninput=()=>{clearTimeout(t);t=setTimeout(()=>get('/delay?ms={N}').then(done),300)};function act(){}"
        ),
        act="type",
    ),
    "moved by a script for ever": Kind(
        _just(
            "let n=0;(function f(){$('m').style.transform=`translateX(${n++%200}px)`;requestAnimationFrame(f)})();"
            + _TIMER,
            "<div id=m style='width:30px;height:30px;background:navy'></div>",
        ),
        endless=True,
    ),
    "next page": Kind(_just("function act(){setTimeout(()=>{location.href='/next?ms={N}'},{n})}")),
}
"""Name → kind."""

LIMITS: dict[str, Kind] = {
    "timer that nobody waits for": Kind(_just("function act(){setTimeout(done,2600)}")),
}
"""What nothing announces: the frame is early, and `Wait` is what one has for it."""
