"""A run that was killed in a browser that stays is gone on with in its own tabs, and nothing is done twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from handeye.agent.face import resume
from handeye.environments.browser.find import find_browser
from handeye.environments.browser.host import BrowserConfig
from handeye.environments.sites import Request, Response, RunningSite
from handeye.episodes.reader import Episode
from handeye.tools.errors import CannotResume

pytestmark = pytest.mark.browser
CLICKS = 8


class Shop:
    """Counts what is ordered, on the server, and shows the count only in the page's own memory."""

    def __init__(self) -> None:
        self.orders: list[str] = []

    def respond(self, request: Request) -> Response:
        if request.path == "/order":
            self.orders.append(request.query["n"])
            return Response.text("ordered")
        return Response.text(
            "<!doctype html><title>shop</title><button onclick='n.textContent = +n.textContent + 1;"
            'fetch("/order?n=" + n.textContent)\'>Order</button><h1 id=n>0</h1>'
        )

    def path(self, page: str) -> str:
        return page


class Person:
    """A browser that somebody else runs."""

    def __init__(self, folder: Path) -> None:
        command = [str(find_browser().path), "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [*command, *root, "--no-first-run", "data:text/html,<title>mine</title>"], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        said = next(line for line in self.process.stderr if "DevTools listening" in line)
        port = re.search(r":(\d+)/", said)
        assert port is not None
        self.url = f"http://127.0.0.1:{port[1]}"

    def tabs(self) -> list[str]:
        pages = httpx.get(f"{self.url}/json/list", trust_env=False).json()
        return sorted(each["title"] for each in pages if each["type"] == "page")

    def leave(self, title: str) -> None:
        for each in httpx.get(f"{self.url}/json/list", trust_env=False).json():
            if each["title"] == title:
                httpx.get(f"{self.url}/json/close/{each['id']}", trust_env=False)

    def close(self) -> None:
        assert self.process.stderr is not None
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    running = Person(tmp_path / "profile")
    yield running
    running.close()


@pytest.fixture
def shop() -> Iterator[RunningSite]:
    running = RunningSite(Shop())
    yield running
    running.close()


def killed(folder: Path, shop: RunningSite, *more: str) -> Path:
    """A run that orders again and again and is killed after its third step."""
    task = folder / "orders.yaml"
    steps = "  - click: Order\n" * CLICKS
    task.write_text(f"start: {json.dumps(shop.url)}\nsteps:\n{steps}postconditions:\n  - text: '{CLICKS}'\n")
    command = [sys.executable, "-m", "handeye", "run", str(task), "--out", str(folder / "e"), *more]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    said: list[str] = []
    for line in running.stderr:
        said.append(line)
        if re.match(r"\s+2\s", line):
            break
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stderr.close()
    assert (folder / "e").is_dir(), "".join(said)
    return folder / "e"


def word(episode: Path, orders: list[str]) -> Any:
    """What a person who looks at the shop's books says of the act in hand; None where none was."""
    read = Episode.open(episode)
    acts = [step for step in read if step.action is not None]
    if not acts or not acts[-1].unknown:
        return None
    return "happened" if len(orders) == len(acts) else "not-happened"


async def test_it_goes_on_in_the_tabs_that_it_left_open(tmp_path: Path, person: Person, shop: RunningSite) -> None:
    site = shop.site
    assert isinstance(site, Shop)
    episode = killed(tmp_path, shop, "--cdp", person.url)
    assert person.tabs() == ["mine", "shop"]
    said = word(episode, site.orders)
    there = BrowserConfig(cdp=person.url)
    if said is not None:
        with pytest.raises(CannotResume, match="not done a second time"):
            await resume(episode, browser=there)
        # what was refused can be taken up all the same once it is clear
        assert person.tabs() == ["mine", "shop"]
    done = await resume(episode, browser=there, unknown=said)
    assert done.outcome is not None and done.outcome.status == "passed", done.outcome
    assert site.orders == [str(number) for number in range(1, CLICKS + 1)]
    assert done.resumed[0].match in ("identical", "cosmetic", "told")
    assert person.tabs() == ["mine"]


@pytest.mark.slow
async def test_tabs_that_were_closed_are_said(tmp_path: Path, person: Person, shop: RunningSite) -> None:
    episode = killed(tmp_path, shop, "--cdp", person.url)
    person.leave("shop")
    with pytest.raises(CannotResume, match="has the tabs of this run no more"):
        await resume(episode, browser=BrowserConfig(cdp=person.url), unknown="happened")
    assert person.tabs() == ["mine"]


@pytest.mark.slow
async def test_a_browser_that_the_run_had_started_ended_with_it(tmp_path: Path, shop: RunningSite) -> None:
    site = shop.site
    assert isinstance(site, Shop)
    episode = killed(tmp_path, shop)
    before, orders = (episode / "steps.jsonl").read_bytes(), list(site.orders)
    with pytest.raises(CannotResume, match="the browser that this run had started ended with it") as refused:
        await resume(episode, unknown="not-happened")
    assert "--cdp" in refused.value.remedy
    assert (episode / "steps.jsonl").read_bytes() == before
    assert site.orders == orders
