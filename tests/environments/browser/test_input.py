"""Input of every kind, as the page receives it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserHost
from handeye.tools.actions import Click, Drag, Hold, Hover, Key, Move, Press, Release, Scroll, Select, SwitchTab, Type
from handeye.tools.geometry import Point

from .world import World, listening

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host)
    yield World(environment)
    await environment.close()


FIELDS = """
<p>around</p><form onsubmit="log.push('submit'); return false">
<input id=text value=old><input id=search type=search value=old><input id=email type=email value=old><input id=tel type=tel value=old>
<input id=url type=url value=old><input id=password type=password value=old><textarea id=area>old</textarea></form>
<div contenteditable=false>before <div id=edit contenteditable><p>old</p><p>lines</p></div> after</div>
<div id=editor contenteditable style='white-space:pre-wrap'>old</div>
<label>Wrapped <input id=labelled value=old></label>
<div id=host></div>
<script>
  host.attachShadow({mode: 'open'}).innerHTML = '<input id=shadow value=old>';
  // an editor with a model of its own: every change is refused and drawn by script
  let model = 'old';
  const draw = () => { editor.textContent = model; getSelection().selectAllChildren(editor); getSelection().collapseToEnd() };
  editor.addEventListener('beforeinput', (e) => { e.preventDefault();
    if (getSelection().toString() === model) model = '';
    if (e.inputType === 'insertText') model += e.data;
    if (e.inputType === 'insertParagraph') model += '¶';
    draw() });
</script>"""
READ = {
    "edit": "edit.innerText.trim()",
    "editor": "model",
    "shadow": "host.shadowRoot.querySelector('input').value",
}
TEXT = "Hi ä你 👨‍👩‍👧 é שלום 𝒳"


async def test_text_goes_into_every_kind_of_field_and_replaces_only_what_it_holds(world: World, serve: Any) -> None:
    await world.open(serve(listening("input") + FIELDS))
    fields = ("text", "search", "email", "tel", "url", "password", "area", "edit", "editor", "labelled")
    for name in (*fields, "shadow"):
        at = await world.at("#shadow", inside="host.shadowRoot") if name == "shadow" else await world.at(f"#{name}")
        text = "a@b.example" if name in ("email", "url") else TEXT
        await world.do(Type[Point](text=text, at=at, replace=True))
        assert await world.ask(READ.get(name, f"{name}.value")) == text
        said = await world.log()
        assert name == "editor" or (said and all(" true" in each for each in said))
    assert (await world.ask("document.querySelector('p').textContent")) == "around"
    assert "before" in await world.ask("document.body.innerText") and "after" in await world.ask(
        "document.body.innerText"
    )
    await world.do(Type[Point](text="", at=await world.at("#edit"), replace=True))
    assert await world.ask("edit.innerText.trim()") == ""


async def test_scripts_that_answer_while_one_types(world: World, serve: Any) -> None:
    page = """<input id=masked oninput="const d = this.value.replace(/\\D/g, '').slice(0, 8);
        this.value = d.replace(/^(\\d{2})(\\d)/, '$1/$2').replace(/^(\\d{2}\\/\\d{2})(\\d)/, '$1/$2')">
      <input id=number type=number step=1 value=3><input id=short maxlength=5>
      <input id=controlled><script>
        // as a framework does it: the element's own setter tells a write of the framework's from one of a person
        let state = ''; const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
        Object.defineProperty(controlled, 'value', {get() { return own.get.call(this) }, set(v) { own.set.call(this, v) }, configurable: true});
        controlled.addEventListener('input', () => { state = own.get.call(controlled).toUpperCase(); controlled.value = state });
      </script>
      <input id=combo role=combobox list=none autocomplete=off><ul id=list role=listbox></ul><script>
        let timer; combo.oninput = () => { clearTimeout(timer); timer = setTimeout(async () => {
          const all = await (await fetch('/cities')).text(); list.innerHTML = '';
          for (const city of all.match(/[A-Z][a-z]+/g).filter((c) => c.toLowerCase().startsWith(combo.value.toLowerCase()))) {
            const li = document.createElement('li'); li.textContent = city; li.onclick = () => { combo.value = city; list.innerHTML = '' }; list.append(li) } }, 150) };
        let chosen = -1; combo.onkeydown = (e) => { const items = [...list.children];
          if (e.key === 'ArrowDown') { chosen = Math.min(chosen + 1, items.length - 1); e.preventDefault() }
          if (e.key === 'Enter' && items[chosen]) { items[chosen].click(); chosen = -1 } };
      </script>"""
    await world.open(serve({"/": page, "/cities": "Oslo Odense Bergen"}))
    for name, typed, held in (
        ("masked", "24122026", "24/12/2026"),
        ("short", "abcdefgh", "abcde"),
        ("controlled", "shout", "SHOUT"),
    ):
        await world.do(Type[Point](text=typed, at=await world.at(f"#{name}"), replace=True))
        assert await world.ask(f"{name}.value") == held
    await world.do(Type[Point](text="41", at=await world.at("#number", dx=0.2), replace=True), Key(keys=("ArrowUp",)))
    assert await world.ask("number.value") == "42"
    # the list comes by itself: the next frame shows it
    await world.do(Type[Point](text="o", at=await world.at("#combo")))
    assert await world.ask("[...list.children].map((each) => each.textContent)") == ["Oslo", "Odense"]
    await world.do(Key(keys=("ArrowDown", "ArrowDown", "Enter")))
    assert await world.ask("combo.value") == "Odense"
    await world.do(Type[Point](text="be", at=await world.at("#combo"), replace=True))
    await world.do(Click[Point](at=await world.at("#list li")))
    assert await world.ask("combo.value") == "Bergen"


async def test_ten_thousand_characters(world: World, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    page = """<textarea id=area></textarea><textarea id=capped maxlength=100></textarea>
      <div id=edit contenteditable style='height:60px;overflow:auto'></div><form onsubmit="log.push('submit ' + one.value.length); one.value = ''; return false"><input id=one></form>"""
    await world.open(serve(listening("keydown", detail="e.key") + page))
    text = ("Zeile mit Ümlauten, 中文, emoji 🎉 und so weiter bis zum Ende der Zeile …\n" * 140)[:9_999] + "."
    acts = []
    for name in ("area", "edit"):
        done = await world.do(Type[Point](text=text, at=await world.at(f"#{name}")))
        acts.append(f"{name} {done.timings['act']:.2f} s")
        assert await world.ask("area.value" if name == "area" else "edit.innerText.replace(/\\n+/g, '\\n')") == text
    assert [each for each in await world.log() if each.endswith("area true .")] == ["keydown area true ."]
    await world.do(Type[Point](text="x" * 5000, at=await world.at("#capped")))
    assert await world.ask("capped.value.length") == 100
    await world.log()
    # a line has one line only: its newline presses Enter, however long it is
    await world.do(Type[Point](text="y" * 300 + "\nz", at=await world.at("#one")))
    assert "submit 300" in await world.log() and await world.ask("one.value") == "z"
    with capsys.disabled():
        print(f"\n10,000 characters: {', '.join(acts)} ", end="")


async def test_newlines_press_enter_and_control_characters_are_refused(world: World, serve: Any) -> None:
    await world.open(serve(listening("keydown", detail="e.key") + FIELDS))
    await world.do(Type[Point](text="a\r\nb", at=await world.at("#editor"), replace=True))
    assert await world.ask("model") == "a¶b"
    assert "keydown editor true Enter" in await world.log()
    refused = await world.act(Type[Point](text="a\x07b", at=await world.at("#text")))
    assert refused.error is not None and "U+0007" in refused.error.message
    await world.do(Type[Point](text="a\tb", at=await world.at("#area"), replace=True))
    assert await world.ask("area.value") == "a\tb"


async def test_native_inputs_take_what_a_person_could_set(world: World, serve: Any) -> None:
    page = """<input id=date type=date min=2026-01-01 max=2026-12-31><input id=time type=time><input id=month type=month>
      <input id=week type=week><input id=local type=datetime-local><input id=color type=color><input id=range type=range min=0 max=10 step=2 value=4>
      <input id=fixed type=date value=2026-05-05 readonly><fieldset disabled><input id=off type=date></fieldset>"""
    await world.open(serve(listening("input", "change") + page))
    for name, value in (
        ("date", "2026-12-24"),
        ("time", "09:30"),
        ("month", "2026-12"),
        ("week", "2026-W52"),
        ("local", "2026-12-24T09:30"),
        ("color", "#ff8800"),
        ("range", "8"),
    ):
        await world.do(Type[Point](text=value, at=await world.at(f"#{name}")))
        assert await world.ask(f"{name}.value") == value
        assert [each.split()[:2] for each in await world.log()] == [["input", name], ["change", name]]
    for name, value, said in (
        ("date", "2027-01-01", "to 2026-12-31"),
        ("range", "5", "in steps of 2"),
        ("range", "12", "to 10"),
        ("color", "red", "#rrggbb"),
        ("fixed", "2026-06-06", "read-only"),
        ("off", "2026-06-06", "disabled"),
    ):
        before = await world.ask(f"{name}.value")
        refused = await world.act(Type[Point](text=value, at=await world.at(f"#{name}")))
        assert refused.error is not None and said in refused.error.message
        assert await world.ask(f"{name}.value") == before
    # the thumb can be dragged, and moved by keys
    await world.do(Drag[Point](path=(await world.at("#range", dx=0.77), await world.at("#range", dx=0.05))))
    assert await world.ask("range.value") == "0"
    await world.do(Key(keys=("ArrowRight", "ArrowRight", "End", "ArrowLeft")))
    assert await world.ask("range.value") == "8"


async def test_lists_of_every_form(world: World, serve: Any) -> None:
    page = """<style>#fancy, #fancy::picker(select) { appearance: base-select }</style>
      <select id=many multiple><optgroup label=North><option>Oslo<option>Umeå</optgroup><optgroup label=South disabled><option>Rome</optgroup></select>
      <select id=shown size=5><option>One<option>Two<option>Three</select>
      <label>Fancy <select id=fancy><option>Red<option>Green</select></label>
      <fieldset disabled><select id=off><option>A<option>B</select></fieldset>
      <input id=typed list=kinds><datalist id=kinds><option>Cat<option>Dog</datalist>"""
    await world.open(serve(listening("change") + page))
    await world.do(Select[Point](at=await world.at("#many"), options=("Oslo", "Umeå")))
    assert await world.ask("[...many.selectedOptions].map((each) => each.text)") == ["Oslo", "Umeå"]
    await world.do(Select[Point](at=await world.at("#fancy"), options=("Green",)))
    assert await world.ask("fancy.value") == "Green"
    for name, option, said in (("many", "Rome", "disabled"), ("off", "B", "disabled"), ("shown", "Four", "no option")):
        refused = await world.act(Select[Point](at=await world.at(f"#{name}"), options=(option,)))
        assert refused.error is not None and said in refused.error.message
    # an open list is also clicked and keyed like any other thing
    await world.log()
    await world.do(Click[Point](at=await world.at("#shown option:nth-child(2)")))
    assert (await world.ask("shown.value"), await world.log()) == ("Two", ["change shown true"])
    await world.do(Key(keys=("ArrowDown",)))
    assert await world.ask("shown.value") == "Three"
    await world.do(Type[Point](text="Dog", at=await world.at("#typed"), replace=True))
    assert await world.ask("typed.value") == "Dog"


async def test_copy_cut_and_paste(world: World, serve: Any) -> None:
    url = serve(
        listening("copy", "cut", "paste") + "<input id=a value='copied text'><input id=b><textarea id=c>cut</textarea>"
    )
    await world.open(url)
    await world.do(Click[Point](at=await world.at("#a")), Key(keys=("Control+a", "Control+c")))
    await world.do(Click[Point](at=await world.at("#b")), Key(keys=("Control+v",)))
    await world.do(Click[Point](at=await world.at("#c")), Key(keys=("Control+a", "Control+x")))
    await world.do(Click[Point](at=await world.at("#b")), Key(keys=("End", "Control+v")))
    assert await world.ask("[a.value, b.value, c.value]") == ["copied text", "copied textcut", ""]
    assert await world.log() == ["copy a true", "paste b true", "cut c true", "paste b true"]


async def test_clicks_of_every_kind(world: World, serve: Any) -> None:
    page = """<p><span id=words>Some words stand here.</span></p><button id=off disabled>off</button>
      <div style='position:relative;width:90px'><button id=under style='width:90px'>under</button><div id=cover style='position:absolute;inset:0'></div></div>
      <details><summary id=more>More</summary>inside</details>
      <div id=pad style='width:90px;height:30px;background:#ddd' oncontextmenu="event.preventDefault(); menu.hidden = false"></div>
      <ul id=menu hidden><li id=first onclick="log.push('chosen')">First</li></ul><a id=link href='/two'>link</a>"""
    kinds = ("click", "dblclick", "contextmenu", "auxclick", "toggle")
    what = "[e.detail, e.button, e.ctrlKey && 'c', e.shiftKey && 's', e.altKey && 'a', e.metaKey && 'm'].filter((x) => x !== false).join()"
    await world.open(serve({"/": listening(*kinds, detail=what) + page, "/two": "two"}))
    words = await world.at("#words", dx=0.03)
    await world.do(Click[Point](at=words, count=2))
    assert await world.log() == ["click words true 1,0", "click words true 2,0", "dblclick words true 2,0"]
    assert (await world.ask("getSelection().toString().trim()")) == "Some"
    await world.do(Click[Point](at=words, count=3))
    assert (await world.ask("getSelection().toString().trim()")) == "Some words stand here."
    assert (await world.log())[-1] == "click words true 3,0"
    await world.do(Click[Point](at=await world.at("#pad"), modifiers=("Shift", "Alt", "Meta")))
    assert await world.log() == ["click pad true 1,0,s,a,m"]
    # a mouse reaches what is there: nothing of what is disabled, and what covers instead of what is covered
    await world.do(Click[Point](at=await world.at("#off")), Click[Point](at=await world.at("#under")))
    assert await world.log() == ["click cover true 1,0"]
    await world.do(Click[Point](at=await world.at("#more")))
    assert await world.ask("document.querySelector('details').open") is True
    await world.log()
    await world.do(Click[Point](at=await world.at("#pad"), button="right"))
    assert await world.log() == ["contextmenu pad true 0,2", "auxclick pad true 1,2"]
    await world.do(Click[Point](at=await world.at("#first")))
    assert (await world.log())[-1] == "chosen"
    # the browser's own menu does not stay in the way either
    await world.do(Click[Point](at=words, button="right"), Click[Point](at=await world.at("#pad")))
    assert (await world.log())[-1] == "click pad true 1,0"
    for opened, act in enumerate(
        (
            Click[Point](at=await world.at("#link"), button="middle"),
            Click[Point](at=await world.at("#link"), modifiers=("Control",)),
        ),
        start=2,
    ):
        first = world.now.tabs[0]
        await world.do(act)
        assert len(world.now.tabs) == opened, world.now.tabs
        await world.do(SwitchTab(tab=first.id))


async def test_holding(world: World, serve: Any) -> None:
    page = """<div id=pad style='width:90px;height:30px;background:#ddd'></div><div id=keys tabindex=0>keys</div><script>
      let began; pad.onpointerdown = (e) => { began = e.timeStamp }; pad.onpointerup = (e) => log.push(e.timeStamp - began);
      let key; keys.onkeydown = (e) => { key = e.timeStamp }; keys.onkeyup = (e) => log.push([e.key, e.timeStamp - key]) </script>"""
    await world.open(serve("<script>const log = []</script>" + page))
    done = await world.do(Hold[Point](at=await world.at("#pad"), seconds=2))
    assert (await world.log())[0] >= 1990
    assert [(each.device, each.event) for each in done.sent] == [("mouse", "move"), ("mouse", "down"), ("mouse", "up")]
    await world.do(Click[Point](at=await world.at("#keys")), Hold[Point](keys=("ArrowRight",), seconds=0.3))
    ((key, lasted),) = await world.log()
    assert key == "ArrowRight" and lasted >= 290


async def test_native_drag_and_drop(world: World, serve: Any) -> None:
    target = """<div id=to style='width:90px;height:40px;background:#cde' ondragover="event.preventDefault(); event.dataTransfer.dropEffect = 'move'"
        ondrop="event.preventDefault(); LOG.push('drop ' + event.dataTransfer.getData('text/plain') + ' ' + event.isTrusted)">to</div>"""
    page = f"""<body style='margin:0'><script>var log = []</script>
      <div id=from draggable=true style='width:90px;height:40px;background:#edc' ondragstart="event.dataTransfer.setData('text/plain', 'cargo')"
        ondragend="log.push('end ' + event.dataTransfer.dropEffect)">from</div>{target.replace("LOG", "log")}
      <iframe src='/in' style='border:5px solid'></iframe>"""
    await world.open(serve({"/": page, "/in": "<body style='margin:0'>" + target.replace("LOG", "parent.log")}))
    await world.do(Drag[Point](path=(await world.at("#from"), await world.at("#to"))))
    assert await world.log() == ["drop cargo true", "end move"]
    inner = await world.at("#to", inside="frames[0].document")
    await world.do(Drag[Point](path=(await world.at("#from"), inner)))
    assert await world.log() == ["drop cargo true", "end move"]
    # one step at a time, with a look between
    await world.do(Press[Point](at=await world.at("#from")), Move[Point](to=await world.at("#to")), Release[Point]())
    assert await world.log() == ["drop cargo true", "end move"]


async def test_pointer_drags_and_drawing(world: World, serve: Any) -> None:
    page = """<body style='margin:0'><canvas id=canvas width=300 height=200 style='background:#eee;touch-action:none'></canvas>
      <div id=knob style='width:30px;height:30px;background:#a33;position:absolute;left:10px;top:220px'></div>
      <ol id=sort style='position:absolute;left:320px;top:0;user-select:none'><li>a<li>b<li>c</ol><script>const log = [];
        let path = null; canvas.onpointerdown = (e) => { path = [[e.clientX, e.clientY]] };
        canvas.onpointermove = (e) => path && e.buttons && path.push([e.clientX, e.clientY]); canvas.onpointerup = () => { log.push(path); path = null };
        let off; knob.onpointerdown = (e) => { knob.setPointerCapture(e.pointerId); off = e.clientX - knob.offsetLeft };
        knob.onpointermove = (e) => { if (knob.hasPointerCapture(e.pointerId)) knob.style.left = e.clientX - off + 'px' };
        let held; sort.onpointerdown = (e) => { held = e.target; e.preventDefault() };
        document.addEventListener('pointermove', (e) => { if (!held) return; const over = document.elementFromPoint(e.clientX, e.clientY);
          if (over && over !== held && over.parentNode === sort) { const r = over.getBoundingClientRect(); e.clientY > r.top + r.height / 2 ? over.after(held) : over.before(held) } });
        document.addEventListener('pointerup', () => { held = null }) </script>"""
    await world.open(serve(page))
    path = tuple(Point(x=20 + 4 * i, y=100 + 60 * ((i % 7) - 3) / 3) for i in range(60))
    await world.do(Drag[Point](path=path))
    (drawn,) = await world.log()
    rest = iter(drawn)
    assert all(any(abs(x - p.x) < 0.01 and abs(y - p.y) < 0.01 for x, y in rest) for p in path), (
        "a point is missing, or out of order"
    )
    await world.do(Drag[Point](path=(await world.at("#knob"), Point(x=250, y=400))))
    assert await world.ask("knob.offsetLeft") == 235
    await world.do(
        Drag[Point](
            path=(await world.at("#sort li:nth-child(1)"), await world.at("#sort li:nth-child(3)", dy=0.9)),
            modifiers=("Shift",),
        )
    )
    assert await world.ask("sort.innerText.replace(/\\s/g, '')") == "bca"


async def test_the_wheel(world: World, serve: Any) -> None:
    tall = "<div style='height:3000px;width:3000px'></div>"
    box = "width:200px;height:100px;overflow:auto"
    page = f"""<body style='margin:0'><style>html {{ scroll-behavior: smooth }}</style><div id=inner style='{box}'>{tall}</div><div id=map style='{box}'>map</div>
      <div id=snap style='{box};scroll-snap-type:y mandatory'>{"<p style='height:100px;margin:0;scroll-snap-align:start'>page</p>" * 5}</div>
      <iframe id=frame style='border:0;{box}' srcdoc="{tall}"></iframe><div id=short style='{box}'><p style='height:120px;margin:0'>short</p></div>{tall}
      <script>const log = []; map.addEventListener('wheel', (e) => {{ e.preventDefault(); log.push([e.deltaX, e.deltaY, e.isTrusted]) }}, {{passive: false}})</script>"""
    await world.open(serve(page))
    await world.do(Scroll[Point](at=await world.at("#inner"), dx=70, dy=130))
    assert await world.ask("[inner.scrollLeft, inner.scrollTop, scrollY]") == [70, 130, 0]
    await world.do(Scroll[Point](at=await world.at("#map"), dy=-120))
    assert (await world.log(), await world.ask("scrollY")) == ([[0, -120, True]], 0)
    await world.do(Scroll[Point](at=await world.at("#snap"), dy=130))
    assert await world.ask("snap.scrollTop") in (100, 200)
    await world.do(Scroll[Point](at=await world.at("#frame"), dy=150))
    assert await world.ask("frame.contentWindow.scrollY") == 150
    # what cannot be scrolled any more hands the wheel on
    short = await world.at("#short")
    await world.do(Scroll[Point](at=short, dy=50), Scroll[Point](at=short, dy=60))
    assert await world.ask("[short.scrollTop, scrollY]") == [20, 60]
    await world.do(Scroll[Point](dy=300))
    assert await world.ask("scrollY") == 360


async def test_hovering_opens_menus(world: World, serve: Any) -> None:
    page = """<style>nav ul { display: none; margin: 0 } nav:hover ul, nav li:hover ul { display: block }</style><script>const log = []</script>
      <nav style='width:200px'>Menu<ul><li id=item>Item<ul><li id=deep onclick="log.push('deep')">Deep</ul></ul></nav>"""
    await world.open(serve(page))
    await world.do(Hover[Point](at=await world.at("nav")))
    await world.do(Hover[Point](at=await world.at("#item", dy=0.3)))
    await world.do(Click[Point](at=await world.at("#deep")))
    assert await world.log() == ["deep"]


async def test_the_keyboard_alone(world: World, serve: Any) -> None:
    page = """<body style='height:4000px'><button id=b1>one</button><input type=checkbox id=tick><input type=radio name=r id=r1 checked><input type=radio name=r id=r2>
      <select id=list><option>A<option>B</select><input id=field value=word><button id=last>last</button><div id=free tabindex=0>free</div>"""
    listen = listening("click", "keydown", detail="(e.ctrlKey ? 'c' : '') + (e.shiftKey ? 's' : '') + (e.key || '')")
    await world.open(serve(listen + page))
    await world.do(
        Key(
            keys=(
                "Tab",
                "Enter",
                "Tab",
                "Space",
                "Tab",
                "ArrowDown",
                "Tab",
                "ArrowDown",
                "Tab",
                "End",
                "x",
                "Home",
                "y",
            )
        )
    )
    state = "[tick.checked, r2.checked, list.value, field.value, document.activeElement.id]"
    assert await world.ask(state) == [True, True, "B", "ywordx", "field"]
    assert "click b1 true " in await world.log()
    await world.do(Key(keys=("Shift+Tab", "Shift+Tab")))
    assert await world.ask("document.activeElement.id") == "r2"
    await world.do(Click[Point](at=await world.at("#free")))
    await world.log()
    await world.do(Key(keys=("Control+Shift+k", "Shift+1", "F2", "Escape", "@", "€", "PageDown")))
    assert [each.split()[-1] for each in await world.log()] == [
        "cControl",
        "csShift",
        "csK",
        "sShift",
        "s!",
        "F2",
        "Escape",
        "@",
        "PageDown",
    ]
    assert await world.ask("scrollY") > 300
