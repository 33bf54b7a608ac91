"""Files that a browser downloads: what is kept of them, what is refused, and that nothing is left behind."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from handeye.environments.base import Stepped
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.files.downloads import MOST
from handeye.environments.browser.host import BrowserConfig, BrowserHost
from handeye.episodes.schema import Download, Observation, Probe, Start
from handeye.tools.actions import Act, Click, Navigate
from handeye.tools.errors import EpisodeError
from handeye.tools.geometry import Point
from handeye.tools.secrets import Secrets

from .depot import Depot, File, attached

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CSV = b"name,amount\nmug,3\n"


class World:
    """An environment, the newest observation of it, and all downloads so far."""

    def __init__(self, environment: BrowserEnvironment) -> None:
        self.environment = environment
        self.now: Observation
        self.last: Stepped
        self.got: list[Download] = []
        self.happened: list[str] = []

    async def open(self, url: str, **start: Any) -> None:
        self._take(await self.environment.reset(Start(url=url, **start)))

    async def act(self, act: Act) -> Stepped:
        self.last = await self.environment.step(act, on=self.now.id)
        self._take(self.last.observation)
        return self.last

    async def click(self, name: str) -> Download | None:
        """Clicks what says that; what had been downloaded when the screen had settled."""
        tree = await self.now.tree.get()
        assert tree is not None
        box = next(node.box for node in tree.nodes if node.name == name and node.box)
        await self.act(Click[Point](at=box.center))
        assert self.last.error is None
        return self.now.downloads[0] if self.now.downloads else None

    async def ended(self, count: int) -> list[Download]:
        """Looks until that many downloads have ended; gives up long after any should have."""
        for _ in range(100):
            if len(self.got) >= count:
                break
            self._take(await self.environment.look())
        return self.got

    async def ask(self, name: str) -> Any:
        return await self.environment.probe(Probe(kind="download", argument=name))

    def _take(self, seen: Observation) -> None:
        self.now = seen
        self.got += seen.downloads
        self.happened += [event.kind for event in seen.events]


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host)
    yield World(environment)
    await environment.close()


@pytest.fixture
def depot() -> Iterator[Depot]:
    depot = Depot()
    yield depot
    depot.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A browser that takes a million bytes, with a temporary folder of its own and a secret."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = BrowserConfig(download_limit=1_000_000, settle=3)
    environment = BrowserEnvironment(config, secrets=Secrets({"pin": "48 Grüße 151"}))
    yield World(environment)
    await environment.close()


WAYS = {
    "attachment": "<a href=/r.csv>get</a>",
    "attribute": "<a href=/plain download=r.csv>get</a>",
    "blob": "<a id=a download=r.csv>get</a><script>a.href = URL.createObjectURL(new Blob(['name,amount\\nmug,3\\n'], {type: 'text/csv'}))</script>",
    "data": "<a download=r.csv href='data:text/csv,name%2Camount%0Amug%2C3%0A'>get</a>",
    "new tab": "<a href=/r.csv target=_blank>get</a>",
    "window.open": "<button onclick=\"window.open('/r.csv')\">get</button>",
    "post": "<form method=post action=/r.csv><input type=hidden name=q value=1><button>get</button></form>",
    "redirect": "<a href=/there>get</a>",
    "fetched": "<button onclick=\"fetch('/plain').then(r => r.blob()).then(b => { const a = document.createElement('a'); "
    "a.href = window.URL.createObjectURL(b); a.download = 'r.csv'; a.click() })\">get</button>",
    "no media type": "<a href=/unnamed download=r.csv>get</a>",
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_small_file_is_there_when_the_screen_has_settled(world: World, depot: Depot, way: str) -> None:
    depot.files |= {
        "/r.csv": attached(CSV, "r.csv", "text/csv"),
        "/plain": File(CSV, "text/csv"),
        "/there": File(to="/r.csv"),
        "/unnamed": File(CSV, ""),
    }
    await world.open(depot.page(WAYS[way]))
    got = await world.click("get")
    assert got is not None
    assert (got.name, got.size, got.mime, got.missing) == ("r.csv", len(CSV), "text/csv", "")
    assert got.data == CSV and got.sha256 == hashlib.sha256(CSV).hexdigest()
    assert got.url.startswith(("blob:", "data:")) or got.url.startswith(depot.url)
    assert [kind for kind in world.happened if kind.startswith("download")] == ["download", "downloaded"]
    # the tab that was opened for it is gone, and the page still there
    assert world.now.url == depot.url and len(world.now.tabs) == 1
    assert (await world.ask("r.csv")).value == CSV.decode()
    # an observation has what ended since the one before
    assert (await world.environment.look()).downloads == ()


async def test_a_navigation_to_a_file_is_no_error(world: World, depot: Depot) -> None:
    depot.files["/r.csv"] = attached(CSV, "r.csv")
    await world.open(depot.page("<p>here"))
    await world.act(Navigate(url="/r.csv"))
    assert world.last.error is None and world.now.url == depot.url
    assert [each.name for each in world.now.downloads] == ["r.csv"]
    # likewise where a run begins
    await world.open(f"{depot.url}r.csv")
    assert [each.data for each in world.got] == [CSV, CSV]


async def test_a_frame_of_another_site_downloads_too(world: World, depot: Depot) -> None:
    other = Depot()
    try:
        other.files["/r.csv"] = attached(CSV, "r.csv")
        inner = other.page("<body style=margin:0><a href=/r.csv style='display:block;height:80px'>get")
        await world.open(depot.page(f"<body style=margin:0><iframe style=border:0 height=80 src='{inner}'>"))
        await world.act(Click[Point](at=Point(x=10, y=10)))
        assert [each.data for each in world.now.downloads] == [CSV]
        assert world.now.downloads[0].url == f"{other.url}r.csv"
    finally:
        other.close()


async def test_an_empty_file_is_a_file(world: World, depot: Depot) -> None:
    depot.files["/e"] = attached(b"", "empty.txt")
    await world.open(depot.page("<a href=/e>get</a>"))
    got = await world.click("get")
    assert got is not None
    assert (got.name, got.size, got.data, got.missing) == ("empty.txt", 0, b"", "")
    assert got.sha256 == hashlib.sha256(b"").hexdigest()
    assert (await world.ask("empty.txt")).value == ""


async def test_names_from_strangers_name_no_other_file(world: World, depot: Depot, tmp_path: Path) -> None:
    names = [
        "..%2F..%2Fetc%2Fpasswd",
        "CON",
        ".bashrc",
        "a" * 300 + ".csv",
        "%E5%B9%B4%F0%9F%8E%89.csv",
        "gpj%E2%80%AE.exe",
    ]
    links = []
    for index, name in enumerate(names):
        depot.files[f"/{index}"] = File(CSV, "text/csv", f"attachment; filename*=UTF-8''{name}")
        links.append(f"<p><a href=/{index}>get {index}</a>")
    await world.open(depot.page("".join(links)))
    for index in range(len(names)):
        got = await world.click(f"get {index}")
        assert got is not None and got.data == CSV
        saved = got.save(tmp_path / "saved")
        assert saved.parent == tmp_path / "saved" and saved.read_bytes() == CSV
        assert not got.name.startswith(".") and got.name.isprintable() and len(got.name.encode()) < 200
    assert world.got[4].name == "年🎉.csv"
    assert world.got[3].name.endswith(".csv")


async def test_the_same_name_twice_is_two_files(world: World, depot: Depot, tmp_path: Path) -> None:
    depot.files |= {"/a": attached(b"one", "r.csv"), "/b": attached(b"two", "r.csv")}
    await world.open(depot.page("<a href=/a>first</a> <a href=/b>second</a>"))
    await world.click("first")
    await world.click("second")
    assert [each.data for each in world.got] == [b"one", b"two"]
    assert [each.save(tmp_path).name for each in world.got] == ["r.csv", "r (2).csv"]
    # the newest is what a check looks at
    assert (await world.ask("*.csv")).value == "two"


async def test_ten_at_once(world: World, depot: Depot) -> None:
    script = """for (let i = 0; i < 10; i++) { const a = document.createElement('a');
      a.href = 'data:text/plain,' + i; a.download = `f${i}.txt`; a.click() }"""
    await world.open(depot.page(f'<button onclick="{script}">get</button>'))
    await world.click("get")
    assert {each.name: each.data for each in world.got} == {f"f{i}.txt": str(i).encode() for i in range(10)}


async def test_what_breaks_off_says_so(world: World, depot: Depot) -> None:
    depot.files["/half"] = attached(b"x" * 50_000, "half.zip")._replace(claims=100_000)
    await world.open(depot.page("<a href=/half>get</a>"))
    got = await world.click("get")
    assert got is not None
    assert got.missing == "it broke off after 50,000 of 100,000 bytes"
    assert got.sha256 is None
    with pytest.raises(EpisodeError, match="broke off"):
        _ = got.data
    assert "download failed" in world.happened
    assert "broke off" in (await world.ask("half.zip")).missing


@pytest.mark.parametrize("how", ["fast", "slow", "promised"])
async def test_a_bomb_is_cut_off_while_it_comes(tight: World, depot: Depot, tmp_path: Path, how: str) -> None:
    endless = {"fast": File(b"y" * (1 << 20), endless=0), "slow": File(b"y" * 50_000, endless=0.02)}
    bomb = endless.get(how, File(b"y" * 4096, claims=10**10, endless=1))
    depot.files["/bomb"] = bomb._replace(kind="application/octet-stream")
    await tight.open(depot.page("<a href=/bomb>get</a>"))
    got = await tight.click("get")
    assert got is not None and "1,000,000 bytes" in got.missing and got.sha256 is None
    # it was stopped soon after it was too large, and the page can still be used
    assert got.size < 300_000_000
    assert tight.now.settled.ok and tight.now.url == depot.url
    files = [each for each in tmp_path.rglob("*") if each.is_file() and each.name != "lock"]
    assert sum(each.stat().st_size for each in files) == 0
    await tight.environment.close()
    assert not list(tmp_path.glob("handeye-files-*"))


async def test_a_file_exactly_at_the_limit_is_kept(tight: World, depot: Depot) -> None:
    depot.files |= {"/fits": attached(b"z" * 1_000_000, "fits"), "/more": attached(b"z" * 1_000_001, "more")}
    await tight.open(depot.page("<a href=/fits>fits</a> <a href=/more>more</a>"))
    fits, more = await tight.click("fits"), await tight.click("more")
    assert fits is not None and len(fits.data) == 1_000_000
    assert more is not None and "too large" in more.missing


async def test_all_of_a_run_have_a_limit_together(tight: World, depot: Depot) -> None:
    for index in range(12):
        depot.files[f"/{index}"] = attached(b"z" * 900_000, f"{index}.bin")
    await tight.open(depot.page("".join(f"<a href=/{index}>get {index}</a> " for index in range(12))))
    for index in range(12):
        await tight.click(f"get {index}")
    assert [bool(each.missing) for each in tight.got] == [False] * 11 + [True]
    assert "together" in tight.got[-1].missing


async def test_a_page_that_never_stops_is_refused_at_some_point(world: World, depot: Depot) -> None:
    # after ten on one page the browser itself takes no more without a person
    script = """for (let i = 0; i < 10; i++) { const a = document.createElement('a');
      a.href = 'data:text/plain,' + i; a.download = 'f.txt'; a.click() }"""
    await world.open(depot.page(f"<script>{script}</script>"))
    for count in range(11):
        await world.act(Navigate(url=f"/?{count}"))
    assert len(world.got) == MOST
    assert all(each.data for each in world.got)
    refused = [event.detail for event in world.now.events if event.kind == "download failed"]
    assert refused and "one run may download 100 files" in refused[-1]


async def test_a_slow_one_is_waited_for_once_and_comes_later(tight: World, depot: Depot) -> None:

    depot.files["/slow"] = attached(b"a", "slow.txt")._replace(claims=-1, endless=0.1)
    await tight.open(depot.page("<a href=/slow>get</a>"))
    assert await tight.click("get") is None
    assert not tight.now.settled.ok and "slow.txt" in tight.now.settled.why
    # it will not hold up the next act
    await tight.act(Click[Point](at=Point(x=300, y=300)))
    assert tight.now.settled.ok and not tight.got


async def test_what_still_runs_at_the_end_is_said(world: World, depot: Depot) -> None:
    depot.files["/slow"] = attached(b"a" * 100, "slow.txt")._replace(claims=-1, endless=0.1)
    await world.open(depot.page("<a href=/slow>get</a>"))
    await world.click("get")
    last = await world.environment.last_words()
    assert last is not None and last.id == world.now.id
    assert [each.missing for each in last.downloads] == ["it was still on its way when the run ended"]
    assert await world.environment.last_words() is None


async def test_a_check_waits_for_what_has_not_begun(world: World, depot: Depot) -> None:
    answered = threading.Event()
    depot.files["/late"] = File(CSV, "text/csv", after=answered)
    await world.open(depot.page("<a href=/late download=late.csv>get</a>"))
    assert await world.click("get") is None
    threading.Timer(0.5, answered.set).start()
    assert (await world.ask("late.csv")).value == CSV.decode()


async def test_a_check_says_what_there_was_instead(tight: World, depot: Depot) -> None:
    depot.files["/a"] = attached(CSV, "report[1].csv")
    await tight.open(depot.page("<a href=/a>get</a>"))
    await tight.click("get")
    assert (await tight.ask("report[1].csv")).value == CSV.decode()
    assert (await tight.ask("rep*.csv")).value == CSV.decode()
    missing = await tight.ask("other.csv")
    assert missing.value is None and "report[1].csv" in missing.missing


async def test_bounds_hold_for_downloads(world: World, depot: Depot) -> None:
    other = Depot()
    try:
        other.files["/r.csv"] = attached(CSV, "r.csv")
        links = f"<a href='{other.url}r.csv'>follow</a> <a href='{other.url}r.csv' download>save</a>"
        await world.open(depot.page(links), allow=())
        for link in ("follow", "save"):
            await world.open(depot.page(links), allow=())
            await world.click(link)
        assert other.asked == []
        assert not any(each.sha256 for each in world.got)
        assert "blocked" in world.happened
    finally:
        other.close()


SECRET = "48 Grüße 151"


def _zipped(text: str) -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:t>{text}</w:t>" + "x" * 300_000)
    return out.getvalue()


def _holding() -> dict[str, bytes]:
    import gzip
    import json
    from urllib.parse import quote

    return {
        "utf-8": f"pin={SECRET};".encode(),
        "latin-1": SECRET.encode("latin-1"),
        "utf-16": SECRET.encode("utf-16"),
        "odd utf-16": b"x" + SECRET.encode("utf-16-be"),
        "url": quote(SECRET).encode(),
        "json": json.dumps(SECRET).encode(),
        "across pieces": b"." * (128 * 1024 - 5) + SECRET.encode(),
        "zip": _zipped(SECRET),
        "gzip": gzip.compress(SECRET.encode()),
    }


@pytest.mark.parametrize("how", _holding())
async def test_a_file_that_holds_a_secret_is_not_kept(tight: World, depot: Depot, how: str) -> None:
    body, harmless = _holding()[how], _zipped("nothing")
    depot.files |= {"/s": attached(body, "s.bin"), "/n": attached(harmless, "n.bin")}
    await tight.open(depot.page("<a href=/s>secret</a> <a href=/n>none</a>"))
    got, none = await tight.click("secret"), await tight.click("none")
    assert got is not None and got.missing == "it holds the secret pin"
    assert (got.size, got.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    with pytest.raises(EpisodeError):
        _ = got.data
    assert none is not None and none.data == harmless
