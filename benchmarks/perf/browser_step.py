"""A step in a headless browser: the environment and the record of a run, beside the same written by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import numpy as np

from ...agent.models.wire import data_url
from ...agent.record import Record
from ...environments.browser.environment import BrowserEnvironment
from ...environments.browser.host import BrowserHost
from ...environments.sites import RunningSite
from ...episodes.schema import Decision, Header, Observation, Outcome, Start, Task
from ...episodes.writer import EpisodeWriter
from ...tools.actions import Click
from ...tools.geometry import Point
from .base import Asked, Row, interleaved, medians
from .by_hand import ByHand
from .pages import PAGES, Page, Pages

_TRIALS = 30
LIMIT = 1.3
"""Times the floor that a step may take."""
RECORDING = 15.0
"""Milliseconds of a step that may go by for its recording."""


class Ours:
    """One page, clicked on through the environment and recorded as a run records; the model is left out.

    Args:
        host: A browser that runs already.
        folder: Of the episode.
        ahead: Takes the tree, which a step keeps of what it acted on, in the time of the model, which is not counted.
    """

    def __init__(self, host: BrowserHost, folder: Path, ahead: bool = True) -> None:
        self._ahead = ahead
        self.recording: list[float] = []
        """Milliseconds of each step in which it waited for the record."""
        self._world = BrowserEnvironment(host=host)
        self._header = Header(id="step", created="2026-01-01T00:00:00+00:00", task=Task(name="step", goal="Click"))
        self._record = Record(EpisodeWriter(folder, self._header))
        self._now: Observation | None = None
        self.sent = ""
        """What would be sent of the last step: its picture, in base64."""

    async def open(self, url: str) -> None:
        """Loads a page and looks at it."""
        self._now = self._record.saw(await self._world.reset(Start(url=url)))

    async def close(self) -> None:
        """Ends the context and the episode."""
        await self._world.close()
        await self._record.close(self._header.model_copy(update={"outcome": Outcome(status="unverified", stop="done")}))

    async def step(self, at: Point) -> float:
        """One step; returns its milliseconds."""
        assert self._now is not None
        act = Click[Point](at=at)
        if self._ahead:
            await self._now.tree.get()
        began = time.perf_counter()
        step = await self._record.begin(self._now, Decision(intent=act), act=act)
        acting = time.perf_counter()
        came = await self._world.step(act, on=self._now.id)
        acted = time.perf_counter()
        await self._record.end(step, came)
        self._now = came.observation
        self.recording.append((acting - began + time.perf_counter() - acted) * 1000)
        self.sent = data_url(self._now.frame)
        return (time.perf_counter() - began) * 1000


def measure(asked: Asked) -> Sequence[Row]:
    """Rows of each page: our step against the floor, and the floor against a mere two frames."""
    return asyncio.run(_measure(asked))


async def _measure(asked: Asked) -> list[Row]:
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        site = RunningSite(Pages())
        stack.callback(site.close)
        host = await stack.enter_async_context(BrowserHost())
        for page in PAGES:
            rows += await _page(page, site.page(page.path), host, asked)
    return rows


async def _page(page: Page, url: str, host: BrowserHost, asked: Asked) -> list[Row]:
    folder = asked.folder / page.path.strip("/")
    browser = await host.browser()
    async with AsyncExitStack() as stack:
        ways: dict[str, Ours | ByHand] = {
            "ours": Ours(host, folder / "ours"),
            "tree": Ours(host, folder / "tree", ahead=False),
            "rest": ByHand(browser, folder / "rest", "rest"),
            "frames": ByHand(browser, folder / "frames", "frames"),
        }
        for each in ways.values():
            stack.push_async_callback(each.close)
            await each.open(url)
        trials = asked.trials(_TRIALS)
        doing = {name: partial(each.step, page.at) for name, each in ways.items()}
        took = medians(await interleaved(doing, trials, warm=asked.trials(3, 1)))
        ours = ways["ours"]
        assert isinstance(ours, Ours)
        late = float(np.quantile(ours.recording, 0.95))
    name = f"browser step, {page.name}"
    return [
        Row(name, took["ours"], took["rest"], LIMIT, trials, note="by hand: the same rule of rest, recording, base64"),
        Row(f"{name}, by hand two frames for rest", took["ours"], took["frames"], None, trials),
        Row(
            f"{name}, tree not ahead",
            took["tree"],
            took["rest"],
            None,
            trials,
            note="as if a model took no time at all",
        ),
        Row(f"recording in the way, {page.name}", late, None, RECORDING, trials, note="95th percentile"),
    ]
