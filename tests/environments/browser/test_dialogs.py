"""Dialogs of pages and of the browser itself: each is seen, waits, and is answered by an act."""

from __future__ import annotations

import base64
import http.server
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from handeye.environments.base import Stepped
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserConfig, BrowserHost
from handeye.episodes.schema import Dialog, Probe
from handeye.tools.actions import (
    Act,
    AnswerDialog,
    Back,
    Click,
    CloseTab,
    Navigate,
    NewTab,
    Reload,
    SwitchTab,
    Type,
    Upload,
)
from handeye.tools.geometry import Point
from handeye.tools.secrets import Secrets

from . import world as world_of

pytestmark = pytest.mark.browser

BUTTON = "<style>*{margin:0}button,input{position:absolute;left:0;top:0;width:200px;height:100px}</style>"
HERE = Point(x=50, y=50)


class World(world_of.World):
    """One whose pages are a button."""

    async def click(self) -> Stepped:
        return await self.act(Click[Point](at=HERE))

    async def answer(self, **answer: Any) -> Stepped:
        return await self.act(AnswerDialog(**answer))

    async def until(self, kind: str) -> Dialog:
        """The dialog of that kind, which may open a moment after the act."""
        for _ in range(20):
            if self.now.dialog is not None:
                break
            self.now = await self.environment.look()
        assert self.now.dialog is not None and self.now.dialog.kind == kind, self.now.events
        return self.now.dialog

    async def script(self, expression: str) -> Any:
        evidence = await self.environment.probe(Probe(kind="script", argument=expression))
        assert not evidence.missing, evidence.missing
        return evidence.value

    @property
    def waits(self) -> str:
        """Kind of the dialog that waits."""
        return self.now.dialog.kind if self.now.dialog is not None else ""

    async def text(self) -> str:
        tree = await self.now.tree.get()
        assert tree is not None, self.now.tree.missing
        return "\n".join(tree.lines())

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(event.kind, event.detail) for event in self.now.events]


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host, secrets=Secrets({"word": "op3n-s3same"}))
    yield World(environment)
    await environment.close()


def button(script: str, more: str = "") -> str:
    return f'{BUTTON}<button onclick="go()">Go</button><p style="margin-top:120px">page</p><script>async function go() {{ {script} }}</script>{more}'


class Vault(http.server.BaseHTTPRequestHandler):
    """Everything below /vault/ asks for ada's word; the rest is for everybody."""

    def do_GET(self) -> None:
        word = base64.b64encode(b"ada:op3n-s3same").decode()
        inside = self.headers.get("Authorization") == f"Basic {word}"
        status, body = 200, "<title>free</title>free"
        if self.path.startswith("/vault"):
            status, body = (200, f"<title>{self.path}</title>inside") if inside else (401, "<title>401</title>denied")
        elif self.path == "/door":
            body = button("location = '/vault/hall'")
        elif self.path == "/hatch":
            body = button("window.open('/vault/hall')")
        elif self.path == "/script":
            body = button("document.title = (await fetch('/vault/data')).status")
        elif self.path == "/framed":
            body = "<title>framed</title>around<iframe src='/vault/frame'></iframe>"
        elif self.path == "/moved":
            status = 302
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="the vault"')
        if status == 302:
            self.send_header("Location", "/vault/hall")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def vault() -> Iterator[str]:
    """URL of a site with a locked part."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


KEY = {"text": "ada", "password": "<secret:word>"}


async def test_a_start_page_that_asks_to_sign_in(world: World, vault: str) -> None:
    await world.open(f"{vault}/vault/hall")
    dialog = await world.until("auth")
    assert dialog.message == f"{vault} asks for a user name and a password, realm “the vault”"
    assert (dialog.tab, dialog.blocks) == (world.now.tabs[0].id, True)
    wrong = await world.answer(text="ada", password="sesame")
    # asked again
    assert wrong.error is None and world.now.dialog is not None and world.now.dialog.kind == "auth"
    empty = await world.answer()
    assert empty.error is not None and "password" in empty.error.message and world.now.dialog is not None
    await world.answer(**KEY)
    assert (world.waits, world.now.title) == ("", "/vault/hall")
    assert "inside" in await world.text()
    assert ("dialog answered", "auth: accepted") in world.events
    # the browser remembers it: scripts and further pages ask nobody
    assert await world.script("fetch('/vault/data').then(answer => answer.status)") == 200
    await world.act(Navigate(url="/vault/cellar"))
    assert (world.waits, world.now.title) == ("", "/vault/cellar")


ASKING = {"link": "/door", "popup": "/hatch", "script": "/script", "redirect": "/moved", "frame": "/framed"}


@pytest.mark.parametrize("name", ASKING)
async def test_who_asks_to_sign_in_is_answered(world: World, vault: str, name: str) -> None:
    await world.open(f"{vault}{ASKING[name]}")
    if name in ("link", "popup", "script"):
        await world.click()
    await world.until("auth")
    step = await world.answer(**KEY)
    assert step.error is None and world.now.dialog is None, world.events
    match name:
        case "script":
            assert world.now.title == "200"
        case "frame":
            assert "inside" in await world.text()
        case _:
            assert world.now.title == "/vault/hall"
            assert len(world.now.tabs) == (2 if name == "popup" else 1)


async def test_who_does_not_sign_in_sees_the_page_of_the_refusal(world: World, vault: str) -> None:
    await world.open(f"{vault}/free")
    await world.act(Navigate(url="/vault/hall"))
    await world.until("auth")
    assert await world.now.tree.get() is None and "dialog" in world.now.tree.missing
    await world.answer(accept=False)
    assert (world.waits, world.now.title) == ("", "401")
    # leaving withdraws the question
    await world.act(Navigate(url="/vault/hall"))
    await world.until("auth")
    await world.act(Navigate(url="/free"))
    assert (world.waits, world.now.title) == ("", "free")


async def test_a_name_and_word_in_the_address(world: World, vault: str) -> None:
    await world.open(vault.replace("//", "//ada:op3n-s3same@") + "/vault/hall")
    assert (world.waits, world.now.title) == ("", "/vault/hall")


async def test_signing_in_through_the_gate_of_an_allow_list(world: World, vault: str) -> None:
    await world.open(f"{vault}/vault/hall", allow=())
    await world.until("auth")
    await world.answer(**KEY)
    assert world.now.title == "/vault/hall"


async def test_two_contexts_of_one_browser_are_asked_apart(world: World, host: BrowserHost, vault: str) -> None:
    other = World(BrowserEnvironment(host=host))
    try:
        await world.open(f"{vault}/free")
        await other.open(f"{vault}/vault/hall")
        await other.until("auth")
        assert (await world.environment.look()).dialog is None
        await other.answer(text="ada", password="op3n-s3same")
        assert other.now.title == "/vault/hall"
    finally:
        await other.environment.close()


async def test_a_prompt_has_its_default_and_one_leads_to_the_next(world: World, serve: Any) -> None:
    await world.open(serve(button("document.title = prompt('Name?', 'Ada') + confirm('Sure?')")))
    await world.click()
    assert world.now.dialog is not None
    assert (world.now.dialog.kind, world.now.dialog.default, world.now.dialog.blocks) == ("prompt", "Ada", True)
    await world.answer()
    assert world.now.dialog is not None and world.now.dialog.message == "Sure?"
    await world.answer(accept=False)
    assert (world.waits, world.now.title) == ("", "Adafalse")
    none = await world.answer()
    assert none.error is not None and "no dialog is open" in none.error.message


async def test_a_storm_of_alerts_is_answered_one_by_one(world: World, serve: Any) -> None:
    await world.open(serve(button("for (let i = 0; i < 4; i++) alert(i); document.title = 'over'")))
    await world.click()
    for i in range(4):
        assert world.now.dialog is not None and world.now.dialog.message == str(i)
        await world.answer()
    assert (world.waits, world.now.title) == ("", "over")


async def test_nothing_hangs_while_a_dialog_blocks(world: World, serve: Any) -> None:
    url = serve(button("alert('stop')"))
    await world.open(url)
    before = world.now.frame
    await world.click()
    assert world.now.frame.same_as(before) and not world.now.settled.ok
    assert await world.now.tree.get() is None and "dialog" in world.now.tree.missing
    peeked = await world.environment.peek(before.box)
    assert peeked.same_as(before)
    for kind, argument in (("script", "1"), ("text", "")):
        evidence = await world.environment.probe(Probe.model_validate({"kind": kind, "argument": argument}))
        assert "dialog" in evidence.missing
    for act in (Click[Point](at=HERE), Navigate(url="/"), Type[Point](text="x"), Reload(), Back()):
        step = await world.act(act)
        assert step.error is not None and "stop" in step.error.message and "answer_dialog" in step.error.remedy
    await world.act(NewTab(url=url))
    assert len(world.now.tabs) == 2 and world.now.url == url
    await world.act(CloseTab())
    await world.answer()
    assert world.now.dialog is None and "page" in await world.text()


async def test_a_dialog_opens_while_a_question_is_asked(world: World, serve: Any) -> None:
    await world.open(serve(button("")))
    asked = Probe(kind="script", argument="setTimeout(() => alert('late'), 100); new Promise(() => 0)")
    evidence = await world.environment.probe(asked)
    assert "late" in evidence.missing
    world.now = await world.environment.look()
    await world.answer()
    await world.script("setTimeout(() => alert('while settling'), 150); 1")
    await world.act(Navigate(url="#x"))
    assert (await world.until("alert")).message == "while settling"


LEAVING: dict[str, Act] = {
    "link": Click[Point](at=HERE),
    "navigate": Navigate(url="/two"),
    "reload": Reload(),
    "back": Back(),
    "close_tab": CloseTab(),
}


@pytest.mark.parametrize("name", LEAVING)
async def test_a_page_asks_before_it_is_left(world: World, serve: Any, name: str) -> None:
    asks = button("location = '/two'", "<script>onbeforeunload = (e) => e.preventDefault()</script>")
    url = serve({"/": asks, "/two": "second", "/zero": "zero"})
    await world.open(f"{url}zero")
    await world.act(Navigate(url="/"))
    # only a page that was used may ask
    await world.act(Click[Point](at=Point(x=50, y=125)))
    for accept in (False, True):
        step = await world.act(LEAVING[name])
        assert step.error is None
        assert world.now.dialog is not None and world.now.dialog.kind == "beforeunload", world.events
        await world.answer(accept=accept)
        assert world.now.dialog is None
        if not accept:
            assert world.now.url == url and "page" in await world.text()
    there = {
        "link": f"{url}two",
        "navigate": f"{url}two",
        "reload": url,
        "back": f"{url}zero",
        "close_tab": "about:blank",
    }
    assert world.now.url == there[name]


async def test_a_popup_stops_its_opener_with_it(world: World, serve: Any) -> None:
    await world.open(serve({"/": button("window.open('/two')"), "/two": button("alert('popup')")}))
    await world.click()
    await world.click()
    opener, popup = (tab.id for tab in world.now.tabs)
    await world.act(SwitchTab(tab=opener))
    # both live in one process: the opener cannot be used either, and it is said why
    assert world.now.dialog is not None
    assert (world.now.dialog.tab, world.now.dialog.blocks) == (popup, True)
    refused = await world.click()
    assert refused.error is not None and popup in refused.error.message
    await world.answer()
    assert world.now.dialog is None and "page" in await world.text()


async def test_a_dialog_goes_with_its_page(world: World, serve: Any) -> None:
    await world.open(serve({"/": button("window.open('/two', '', 'noopener')"), "/two": button("alert('popup')")}))
    await world.click()
    await world.click()
    assert world.now.dialog is not None
    await world.act(CloseTab())
    assert world.now.dialog is None and len(world.now.tabs) == 1
    assert "dialog closed" in [kind for kind, _ in world.events]


PERMISSIONS = {
    "notifications": "Notification.requestPermission()",
    "clipboard-read": "navigator.clipboard.readText().then(() => 'granted', () => 'denied')",
    "window-management": "getScreenDetails().then(() => 'granted', () => 'denied')",
    "local-fonts": "queryLocalFonts().then(() => navigator.permissions.query({name: 'local-fonts'})).then((now) => now.state)",
}


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("name", PERMISSIONS)
async def test_a_permission_is_asked_for(world: World, serve: Any, name: str, accept: bool) -> None:
    url = serve(button(f"document.title = 'waits'; document.title = await {PERMISSIONS[name]}"))
    await world.open(url)
    await world.click()
    dialog = await world.until("permission")
    assert (dialog.message, dialog.blocks) == (f"{url.rstrip('/')} wants: {name}", False)
    # the page goes on living meanwhile
    assert world.now.title == "waits" and "page" in await world.text()
    await world.answer(accept=accept)
    assert world.now.dialog is None
    for _ in range(20):
        if world.now.title != "waits":
            break
        world.now = await world.environment.look()
    assert world.now.title == ("granted" if accept else "denied")
    # decided is decided
    await world.click()
    assert world.now.dialog is None


async def test_instruments_are_asked_for_and_refused(world: World, serve: Any) -> None:
    await world.open(serve(button("document.title = await navigator.requestMIDIAccess().catch((e) => e.name)")))
    await world.click()
    assert (await world.until("permission")).message.endswith("wants: midi")
    await world.answer(accept=False)
    assert world.now.title == "NotAllowedError"


async def test_a_place_is_asked_for_and_refused(world: World, serve: Any) -> None:
    watching = "const id = navigator.geolocation.watchPosition(() => 0, (e) => { document.title = e.code + typeof id })"
    await world.open(serve(button(watching)))
    await world.click()
    assert (await world.until("permission")).message.endswith("wants: geolocation")
    await world.answer(accept=False)
    assert world.now.title == "1number"


async def test_what_stands_before_the_browsers_functions_is_hard_to_see(world: World, serve: Any) -> None:
    await world.open(serve("page"))
    for function, name in (("print", "print"), ("navigator.geolocation.getCurrentPosition", "getCurrentPosition")):
        assert await world.script(f"{function}.name") == name
        assert "[native code]" in str(await world.script(f"Function.prototype.toString.call({function})"))
    listed = str(await world.script("Object.keys(window).join()")).split(",")
    assert not [each for each in listed if each.startswith("_")]


CHOOSERS = {
    "input": "<input type=file onchange='say(this)' oncancel='document.title = \"cancelled\"'>",
    "label": "<style>#f{display:none}label{display:block;width:200px;height:100px}</style><label for=f>File</label><input id=f type=file onchange='say(this)' oncancel='document.title = \"cancelled\"'>",
    "picker": "<input type=file id=f style='left:300px' onchange='say(this)' oncancel='document.title = \"cancelled\"'><button onclick='f.showPicker()'>Pick</button>",
    "script": '<button onclick=\'pick()\'>Pick</button><script>function pick() { const f = document.createElement("input"); f.type = "file"; f.onchange = () => say(f); f.oncancel = () => { document.title = "cancelled" }; f.click() }</script>',
}
SAY = "<script>function say(input) { document.title = [...input.files].map(f => f.name + f.size).join() }</script>"


@pytest.mark.parametrize("name", CHOOSERS)
async def test_a_chooser_waits_for_files(world: World, serve: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").write_text("abc")
    await world.open(serve(f"{BUTTON}{CHOOSERS[name]}{SAY}"))
    step = await world.click()
    assert step.error is None
    dialog = await world.until("files")
    assert (dialog.blocks, dialog.several) == (False, False)
    await world.answer(accept=False)
    assert (world.waits, world.now.title) == ("", "cancelled")
    await world.click()
    await world.until("files")
    for paths, said in (
        ((), "no file was named"),
        ((str(tmp_path / "none"),), "there is no file"),
        ((str(tmp_path),), "is a folder"),
        ((str(tmp_path / "a.txt"),) * 2, "one file is wanted"),
    ):
        refused = await world.answer(paths=paths)
        assert refused.error is not None and said in refused.error.message
        assert world.now.dialog is not None
    await world.answer(paths=(str(tmp_path / "a.txt"),))
    assert (world.waits, world.now.title) == ("", "a.txt3")


async def test_several_files_and_a_folder(world: World, serve: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    both = (str(tmp_path / "a"), str(tmp_path / "b"))
    await world.open(serve(f"{BUTTON}<input type=file multiple accept='image/*' onchange='say(this)'>{SAY}"))
    await world.click()
    assert (await world.until("files")).several
    await world.answer(paths=both)
    assert world.now.title == "a1,b1"
    # given at a point, no dialog is left
    await world.act(Upload[Point](at=HERE, paths=both[:1]))
    assert (world.last.error, world.now.dialog, world.now.title) == (None, None, "a1")
    nothing = await world.act(Upload[Point](at=Point(x=600, y=400), paths=both))
    assert nothing.error is not None and "asks for no file" in nothing.error.message
    await world.open(serve(f"{BUTTON}<input type=file webkitdirectory onchange='say(this)'>{SAY}"))
    await world.click()
    await world.until("files")
    refused = await world.answer(paths=both[:1])
    assert refused.error is not None and "no folder" in refused.error.message
    await world.answer(paths=(str(tmp_path),))
    assert sorted(world.now.title.split(",")) == ["a1", "b1"]


PRINTING = (
    "window.said = []; onbeforeprint = () => said.push('before'); onafterprint = () => said.push('after');"
    "print(); document.title = said.join()"
)


async def test_a_print_waits_and_makes_a_file(world: World, serve: Any) -> None:
    await world.open(serve(button(PRINTING)))
    await world.click()
    dialog = await world.until("print")
    assert (dialog.message, dialog.blocks) == (f"print {world.now.url}", True)
    await world.answer(accept=False)
    assert (world.now.title, world.now.downloads) == ("before,after", ())
    await world.click()
    await world.answer()
    assert world.now.dialog is None and world.now.title == "before,after"
    assert [(each.name, each.mime, each.data[:5]) for each in world.now.downloads] == [
        ("before,after.pdf", "application/pdf", b"%PDF-")
    ]
    assert "printed" in [kind for kind, _ in world.events]


async def test_a_popup_that_prints_itself_and_closes(world: World, serve: Any) -> None:
    popup = "<p>paid<script>onload = () => { print(); window.close() }</script>"
    await world.open(serve({"/": button("window.open('/receipt')"), "/receipt": popup}))
    await world.click()
    await world.until("print")
    assert len(world.now.tabs) == 2
    await world.answer()
    assert [each.name for each in world.now.downloads] == ["receipt.pdf"]
    for _ in range(20):
        if len(world.now.tabs) == 1:
            break
        world.now = await world.environment.look()
    assert len(world.now.tabs) == 1


HEADED = """
    import asyncio, sys
    from handeye.environments.browser.environment import BrowserEnvironment
    from handeye.environments.browser.host import BrowserConfig
    from handeye.episodes.schema import Start
    from handeye.tools.actions import AnswerDialog, Click
    from handeye.tools.geometry import Point

    async def main(url, vault, file):
        environment = BrowserEnvironment(BrowserConfig(headed=True))
        prints = []
        answers = {"auth": {"text": "ada", "password": "op3n-s3same"}, "files": {"paths": (file,)}}
        try:
            for page in (vault + "/vault/hall", url + "print", url + "geo", url + "file"):
                now = await environment.reset(Start(url=page))
                if now.dialog is None:
                    now = (await environment.step(Click(at=Point(x=50, y=50)), on=now.id)).observation
                for _ in range(20):
                    if now.dialog is not None: break
                    now = await environment.look()
                kind = now.dialog.kind
                accept = kind != "permission"
                now = (await environment.step(AnswerDialog(accept=accept, **answers.get(kind, {})), on=now.id)).observation
                prints += [each.data[:5] for each in now.downloads]
                print(kind, now.dialog, now.title)
            print(prints)
        finally:
            await environment.close()

    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.display
def test_with_a_window_on_a_display(serve: Any, vault: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    geo = "navigator.geolocation.getCurrentPosition(() => 0, (e) => { document.title = e.code })"
    file = f"{BUTTON}<input type=file onchange='say(this)'>{SAY}"
    url = serve({"/print": button(PRINTING), "/geo": button(geo), "/file": file})
    command = ["xvfb-run", "-a", sys.executable, "-c", textwrap.dedent(HEADED), url, vault, str(tmp_path / "a.txt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.splitlines() == [
        "auth None /vault/hall",
        "print None before,after",
        "permission None 1",
        "files None a.txt3",
        "[b'%PDF-']",
    ], done.stderr


async def test_a_camera_is_asked_for_where_there_is_one(serve: Any) -> None:
    arguments = ("--use-fake-device-for-media-stream",)
    world = World(BrowserEnvironment(BrowserConfig(arguments=arguments)))
    page = button(
        "document.title = await navigator.mediaDevices.getUserMedia({video: true}).then((s) => s.getTracks().length, (e) => e.name)"
    )
    try:
        await world.open(serve(page))
        await world.click()
        assert (await world.until("permission")).message.endswith("wants: camera")
        await world.answer()
        for _ in range(20):
            if world.now.title != "/":
                break
            world.now = await world.environment.look()
        assert world.now.title == "1"
    finally:
        await world.environment.close()
