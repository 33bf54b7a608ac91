"""Several episodes in one browser, with the time that a model takes between steps: latency, memory, and who holds the loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from ...environments.browser.host import BrowserHost
from ...environments.sites import RunningSite
from ..runner.process import size_of
from ..stats import slope
from .base import Asked, Row
from .browser_step import LIMIT, Ours
from .by_hand import ByHand
from .pages import SHOP, Pages

_THINKS = 0.6
"""Seconds between two steps of an episode."""
_STEPS, _ROUNDS = 4, 2
_EPISODES = 20
"""Episodes one after the other, over which memory ought to be flat: two hundred take ten times as long."""
MEMORY, GROWTH = 110.0, 0.5
"""MB (PSS) that a further episode at a time, and one after the other, may take."""
STRETCH = 20.0
"""Milliseconds of the processor that the loop's thread may take at once, at the 99.9th percentile."""


def measure(asked: Asked) -> Sequence[Row]:
    """Rows of latency at each number of episodes, of memory, and of the loop."""
    return asyncio.run(_measure(asked))


async def _measure(asked: Asked) -> list[Row]:
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        site = RunningSite(Pages())
        stack.callback(site.close)
        url = site.page(SHOP.path)
        stretches: list[float] = []
        for count in (1, 2) if asked.short else (1, 6, 12):
            rows.append(await _latency(count, url, asked, stretches))
        most = float(np.quantile(stretches, 0.999))
        note = f"99.9th percentile of {len(stretches)} turns of the loop; the longest: {max(stretches):.0f} ms"
        rows.append(Row("the loop held at once", most, None, STRETCH, len(stretches), note=note))
        rows += await _memory(url, asked)
    return rows


async def _latency(count: int, url: str, asked: Asked, stretches: list[float]) -> Row:
    """A step while so many run in a browser: ours and by hand in turn, each with the browser to itself."""
    took: dict[str, list[float]] = {"ours": [], "hand": []}
    for number in range(asked.trials(_ROUNDS, 1)):
        for way, found in took.items():
            async with AsyncExitStack() as stack:
                host = await stack.enter_async_context(BrowserHost())
                folder = asked.folder / f"{way}-{count}-{number}"
                runs = await _opened(way, count, url, host, folder, stack)
                with _watched(stretches if way == "ours" else []):
                    steps = asked.trials(_STEPS)
                    later = [_run(each, steps, _THINKS * at / count) for at, each in enumerate(runs)]
                    for each in await asyncio.gather(*later):
                        found += each
    trials = len(took["ours"])
    limit = LIMIT if count == 12 else None
    name = f"browser step, {count} at once"
    return Row(name, median(took["ours"]), median(took["hand"]), limit, trials, note=f"{_THINKS} s between two steps")


async def _opened(
    way: str, count: int, url: str, host: BrowserHost, folder: Path, stack: AsyncExitStack
) -> list[Ours | ByHand]:
    runs: list[Ours | ByHand] = []
    for number in range(count):
        place = folder / str(number)
        each = Ours(host, place) if way == "ours" else ByHand(await host.browser(), place)
        stack.push_async_callback(each.close)
        await each.open(url)
        runs.append(each)
    return runs


async def _run(run: Ours | ByHand, steps: int, late: float) -> list[float]:
    # a first step is of its own kind; and not all begin at once
    await asyncio.sleep(late)
    await run.step(SHOP.at)
    found = []
    for _ in range(steps):
        await asyncio.sleep(_THINKS)
        found.append(await run.step(SHOP.at))
    return found


@contextlib.contextmanager
def _watched(stretches: list[float]) -> Iterator[None]:
    """Notes how long each callback held this thread's processor, milliseconds: what the loop does for nobody else meanwhile."""
    handle: Any = asyncio.Handle
    plain = handle._run

    def run(self: asyncio.Handle) -> None:
        began = time.thread_time()
        plain(self)
        stretches.append((time.thread_time() - began) * 1000)

    handle._run = run
    try:
        yield
    finally:
        handle._run = plain


async def _memory(url: str, asked: Asked) -> list[Row]:
    """What further episodes take, at once and one after the other: this process and the browser."""
    more = asked.trials(4, 1)
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(BrowserHost())
        await _opened("ours", 1, url, host, asked.folder / "first", stack)
        before = await asyncio.to_thread(_weigh)
        for each in await _opened("ours", more, url, host, asked.folder / "more", stack):
            await each.step(SHOP.at)
        further = (await asyncio.to_thread(_weigh) - before) / more
    episodes = asked.trials(_EPISODES)
    weights = []
    async with BrowserHost() as host:
        for number in range(episodes):
            run = Ours(host, asked.folder / "after" / str(number))
            await run.open(url)
            await run.step(SHOP.at)
            await run.close()
            weights.append(await asyncio.to_thread(_weigh))
    # caches fill before
    grown = slope(weights[len(weights) // 2 :]) if episodes > 3 else 0.0
    note = f"slope over the later half of {episodes} episodes"
    return [
        Row("memory of a further episode", further, None, MEMORY, more, "MB", "PSS of this process and all below it"),
        Row("memory left by an episode", max(grown, 0.0), None, GROWTH, episodes, "MB", note),
    ]


def _weigh() -> float:
    """MB of this process and its children, shared pages counted in parts."""
    me = psutil.Process()
    total = 0
    for each in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += size_of(each)
    return total / 1e6
