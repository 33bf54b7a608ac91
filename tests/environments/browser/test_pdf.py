"""A PDF in the browser: shown, scrolled, read off the pixels, saved; and what cannot be known of it is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.find import find_browser
from handeye.environments.browser.host import BrowserConfig, BrowserHost
from handeye.episodes.schema import Observation, Probe, Start
from handeye.tools.actions import Act, Back, Click, Navigate, Scroll
from handeye.tools.geometry import Point
from handeye.tools.secrets import Secrets

from .depot import Depot, File, attached
from .test_attach import Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_SLOW = 1500
"""Curves that take longer to draw than two captures take."""
GOLD, SKY = (255, 200, 40), (60, 200, 255)


def pdf(*pages: tuple[tuple[int, int, int], str], curves: int = 0, trailer: str = "") -> bytes:
    """A PDF with a coloured page for each colour and text, text and colour known to the point.

    Args:
        pages: Colour and text of each.
        curves: How many are drawn on each page below its colour: thousands take seconds.
        trailer: Further entries of the trailer.
    """
    scrawl = "".join(
        f"{index % 7 / 7:.2f} 0 0 RG {index * 37 % 612} {index * 71 % 792} m {index * 13 % 612} {index * 29 % 792} "
        f"{index * 53 % 612} {index * 97 % 792} {index * 89 % 612} {index * 11 % 792} c S\n"
        for index in range(curves)
    )
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"]
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    for index, (color, text) in enumerate(pages):
        paint = " ".join(f"{each / 255:.5f}" for each in color)
        content = f"{scrawl}{paint} rg 0 0 612 792 re f 0 0 0 rg BT /F1 48 Tf 60 600 Td ({text}) Tj ET"
        page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]"
        objects.append(f"{page} /Contents {4 + 2 * index} 0 R /Resources {font} >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    ends = f"trailer << /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{ends}".encode()


def share(seen: Observation, color: tuple[int, int, int]) -> float:
    """How much of the frame has a colour."""
    return float((np.abs(seen.frame.pixels.astype(int) - color) <= 2).all(axis=2).mean())


class World:
    """An environment and the newest observation of it."""

    def __init__(self, environment: BrowserEnvironment) -> None:
        self.environment = environment
        self.now: Observation

    async def open(self, url: str) -> Observation:
        self.now = await self.environment.reset(Start(url=url))
        return self.now

    async def act(self, act: Act) -> Observation:
        came = await self.environment.step(act, on=self.now.id)
        assert came.error is None, came.error
        self.now = came.observation
        return self.now


@pytest_asyncio.fixture(loop_scope="session")
async def world(host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=host)
    yield World(environment)
    await environment.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient_host() -> AsyncIterator[BrowserHost]:
    """A browser in which a screen may take its time, however slow the machine is."""
    async with BrowserHost(BrowserConfig(settle=60)) as host:
        yield host


@pytest_asyncio.fixture(loop_scope="session")
async def patient(patient_host: BrowserHost) -> AsyncIterator[World]:
    environment = BrowserEnvironment(host=patient_host)
    yield World(environment)
    await environment.close()


@pytest.fixture
def depot() -> Iterator[Depot]:
    depot = Depot()
    depot.files["/two.pdf"] = File(pdf((GOLD, "First page"), (SKY, "Second page")), "application/pdf")
    depot.page("<a href=/two.pdf>see</a>")
    yield depot
    depot.close()


@pytest.fixture
def shows_pdf() -> None:
    if find_browser().headless_only:
        pytest.skip("a headless shell shows no PDF: it downloads it")


@pytest.mark.usefixtures("shows_pdf")
async def test_a_pdf_is_shown_and_scrolled(patient: World, depot: Depot) -> None:
    await patient.open(depot.url)
    shown = await patient.act(Navigate(url="/two.pdf"))
    assert shown.url == f"{depot.url}two.pdf" and shown.downloads == ()
    assert share(shown, GOLD) > 0.4 > 0.01 > share(shown, SKY)
    middle = Point(x=shown.frame.width / 2, y=shown.frame.height / 2)
    below = await patient.act(Scroll[Point](at=middle, dy=1000))
    assert share(below, SKY) > 0.3
    assert (await patient.act(Back())).url == depot.url
    # where a run begins with it, too
    assert share(await patient.open(f"{depot.url}two.pdf"), GOLD) > 0.4


@pytest.mark.usefixtures("shows_pdf")
@pytest.mark.parametrize("secrets", [Secrets(), Secrets({"pin": "48151"})], ids=["plain", "secrets"])
async def test_that_there_is_no_tree_of_it_is_said(host: BrowserHost, depot: Depot, secrets: Secrets) -> None:
    environment = BrowserEnvironment(host=host, secrets=secrets)
    try:
        seen = await environment.reset(Start(url=f"{depot.url}two.pdf"))
        assert await seen.tree.get() is None
        assert "PDF" in seen.tree.missing
        evidence = await environment.probe(Probe(kind="text"))
        assert evidence.value is None and "PDF" in evidence.missing
    finally:
        await environment.close()


@pytest.mark.usefixtures("shows_pdf")
async def test_its_text_is_read_off_the_pixels(play: Any, depot: Depot) -> None:
    steps = [
        {"click": "see"},
        {"wait": {"text": "First page", "seconds": 20}},
        {"read": "page", "pattern": "(Fir.. page)"},
    ]
    checks = [{"value": "page", "equals": "First page"}]
    episode = await play({"start": depot.url, "steps": steps, "postconditions": checks})
    assert episode.outcome.status == "passed", episode.outcome.message


@pytest.mark.usefixtures("shows_pdf")
async def test_its_toolbar_saves_it(world: World, depot: Depot) -> None:
    shown = await world.open(f"{depot.url}two.pdf")
    # the viewer's own button, where it stands in a view of this width
    saved = await world.act(Click[Point](at=Point(x=shown.frame.width - 104, y=28)))
    assert [(each.name, each.data) for each in saved.downloads] == [("two.pdf", depot.files["/two.pdf"].body)]


_IN = {
    "page": "",
    "iframe": "<iframe src={pdf} width=900 height=650></iframe>",
    "another site": "<iframe src={other} width=900 height=650></iframe>",
    "embed": "<embed src={pdf} width=900 height=650>",
    "object": "<object data={pdf} type=application/pdf width=900 height=650></object>",
    "shadow": "<p id=host></p><script>host.attachShadow({{mode: 'closed'}}).innerHTML = '<embed src={pdf} width=900 height=650>'</script>",
    "blob": """<iframe id=frame width=900 height=650></iframe><script>
      fetch('{pdf}').then((r) => r.blob()).then((blob) => frame.src = URL.createObjectURL(blob))</script>""",
}


@pytest.mark.usefixtures("shows_pdf")
@pytest.mark.parametrize("where", _IN)
async def test_it_is_waited_for_however_long_it_takes_to_draw(patient: World, depot: Depot, where: str) -> None:
    depot.files["/slow.pdf"] = File(pdf((GOLD, "First"), curves=_SLOW), "application/pdf")
    other = depot.url.replace("127.0.0.1", "localhost")
    depot.page(_IN[where].format(pdf="/slow.pdf", other=f"{other}slow.pdf"), "/around")
    seen = await patient.open(depot.url + ("slow.pdf" if where == "page" else "around"))
    assert seen.settled.ok, seen.settled.why
    assert share(seen, GOLD) > 0.2


@pytest.mark.usefixtures("shows_pdf")
async def test_what_is_scrolled_to_is_waited_for(patient: World, depot: Depot) -> None:
    depot.files["/slow.pdf"] = File(pdf((GOLD, "First"), (SKY, "Second"), curves=_SLOW), "application/pdf")
    await patient.open(f"{depot.url}slow.pdf")
    below = await patient.act(Scroll[Point](at=Point(x=700, y=400), dy=1000))
    assert below.settled.ok and share(below, SKY) > 0.3


@pytest.mark.usefixtures("shows_pdf")
async def test_one_that_asks_for_a_password_or_is_damaged_is_at_rest(patient: World, depot: Depot) -> None:
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<{'43' * 16}> <{'43' * 16}>]"
    depot.files["/locked.pdf"] = File(pdf((GOLD, "First"), trailer=lock), "application/pdf")
    depot.files["/no.pdf"] = File(b"%PDF-1.4\nnothing of the kind", "application/pdf")
    for name in ("locked", "no"):
        seen = await patient.open(f"{depot.url}{name}.pdf")
        assert seen.settled.ok, seen.settled.why
        assert share(seen, GOLD) == 0


@pytest.mark.usefixtures("shows_pdf")
async def test_one_that_never_comes_whole_is_given_up_once(depot: Depot) -> None:
    depot.files["/endless.pdf"] = File(pdf((GOLD, "First")), "application/pdf", endless=0.2)
    environment = BrowserEnvironment(BrowserConfig(settle=3))
    try:
        world = World(environment)
        seen = await world.open(f"{depot.url}endless.pdf")
        assert not seen.settled.ok
        assert (await world.act(Scroll[Point](at=Point(x=700, y=400), dy=100))).settled.ok
    finally:
        await environment.close()


@pytest.mark.usefixtures("shows_pdf")
async def test_in_a_browser_of_somebody_elses(depot: Depot, tmp_path: Path) -> None:
    depot.files["/slow.pdf"] = File(pdf((GOLD, "First"), curves=_SLOW), "application/pdf")
    person = Person(tmp_path)
    environment = BrowserEnvironment(BrowserConfig(cdp=person.url, settle=60))
    try:
        seen = await environment.reset(Start(url=f"{depot.url}slow.pdf"))
        assert seen.settled.ok and share(seen, GOLD) > 0.4
    finally:
        await environment.close()
        person.close()


async def test_one_that_is_to_be_saved_is_not_shown(world: World, depot: Depot) -> None:
    body = pdf((GOLD, "Invoice"))
    depot.files["/i.pdf"] = attached(body, "invoice.pdf", "application/pdf")
    await world.open(depot.url)
    seen = await world.act(Navigate(url="/i.pdf"))
    assert seen.url == depot.url
    assert [(each.name, each.mime, each.data) for each in seen.downloads] == [("invoice.pdf", "application/pdf", body)]


async def test_what_is_no_pdf_is_shown_as_that(world: World, depot: Depot) -> None:
    depot.files["/no.pdf"] = File(b"%PDF-1.4\nnothing of the kind", "application/pdf")
    await world.open(depot.url)
    seen = await world.act(Navigate(url="/no.pdf"))
    # the viewer says that it cannot be loaded; the page before it is a step away
    assert seen.frame.width == 1280
    assert (await world.act(Back())).url == depot.url
