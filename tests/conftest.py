"""What tests share: one browser for the session, pages served on loopback, runs recorded into a temporary folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from handeye.agent.face import resolve_task, secrets_of
from handeye.agent.run import Resources, Run, run_episode
from handeye.environments.browser.host import BrowserHost
from handeye.environments.sites import Request, Response, RunningSite
from handeye.episodes.reader import Episode

Serve = Callable[[str | Mapping[str, str]], str]
Play = Callable[..., Any]


class Pages:
    """A site made of literal pages: path → HTML; every request is remembered."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = dict(pages)
        self.requests: list[Request] = []

    def respond(self, request: Request) -> Response:
        self.requests.append(request)
        html = self.pages.get(request.path)
        if html is None:
            return Response.text("<h1>Not found</h1>", status=404)
        return Response.text(f"<!doctype html><meta charset=utf-8><title>{request.path}</title>{html}")

    def path(self, page: str) -> str:
        return page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def resources() -> AsyncIterator[Resources]:
    """One browser and one screen reader for all tests."""
    async with Resources() as shared:
        yield shared


@pytest.fixture
def host(resources: Resources) -> BrowserHost:
    """The running browser."""
    return resources.host


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves HTML (one page, or path → page) and gives the URL."""
    running: list[RunningSite] = []

    def start(pages: str | Mapping[str, str]) -> str:
        running.append(RunningSite(Pages({"/": pages} if isinstance(pages, str) else pages)))
        return running[-1].url

    yield start
    for each in running:
        each.close()


@pytest.fixture
def play(resources: Resources, tmp_path: Path) -> Play:
    """Runs a task, given as a mapping, and returns its episode."""
    count = 0

    async def run(task: Mapping[str, Any], **options: Any) -> Episode:
        nonlocal count
        count += 1
        made, lines = resolve_task(task)
        options = {"secrets": secrets_of(made), "lines": lines, **options}
        return await run_episode(Run(task=made, out=tmp_path / f"episode-{count}", **options), resources)

    return run
