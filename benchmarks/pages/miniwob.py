"""The third-party pages of the extra ``miniwob``: every task opens, is acted on, is looked at and reports, offline."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ...environments.browser.environment import BrowserEnvironment
from ...environments.browser.host import BrowserHost
from ...environments.conformance import check_environment
from ...environments.sites.miniwob import tasks
from ...episodes.schema import Observation, Start, Viewport
from ...tools.errors import HandeyeError, UsageError
from .part import Part, Row
from .walk import Walk, Walked

COLUMNS = ("page", "seconds", "acts", "boxes", "longest wait", "ended", "reward", "noted")
_VIEWPORT = Viewport(width=400, height=400)
_CLOSING = 20.0
"""Seconds that closing may take."""


class Pages(NamedTuple):
    """What to walk over, and how.

    Attributes:
        site: As `Start.site`.
        names: As `Start.url`; None is every registered task of MiniWoB++.
        seed: As `Start.seed`.
        workers: How many pages are open side by side.
        limit: Seconds that a page may take.
        contracts: How many of the pages, evenly spread, also go through `check_environment`.
    """

    site: str = "miniwob"
    names: Sequence[str] | None = None
    seed: int | str = 1
    workers: int = 3
    limit: float = 120.0
    contracts: int = 3

    def start(self, name: str) -> Start:
        """How a page is opened: nothing may be reached but its own site."""
        return Start(site=self.site, url=name, seed=self.seed, viewport=_VIEWPORT, allow=())


async def measure(
    host: BrowserHost, pages: Pages | None = None, told: Callable[[str], None] = lambda line: None
) -> Part:
    """Walks over every page; runs the whole contract on some that stand still.

    Args:
        host: The browser.
        pages: Which, and how.
        told: Called with a line whenever a page is done.

    Raises:
        UsageError: The pages are not installed, or there is no such site.
    """
    pages = pages or Pages()
    names = tasks() if pages.names is None else tuple(pages.names)
    counts = _Counts()

    async def walk(name: str) -> Row:
        row = await _walk(host, pages, name, counts)
        told(f"{name}: {row.failed or 'ok'}")
        return row

    async def contract(share: Sequence[str]) -> Row | None:
        row = await _contract(host, pages, share)
        if row is not None:
            told(f"{row.cells[0]}: {row.failed or 'ok'}")
        return row

    rows = await _side_by_side(pages.workers, map(walk, names))
    checked = await _side_by_side(pages.workers, map(contract, _shares(names, pages.contracts)))
    return Part(
        title=f"{len(names)} pages of {pages.site} open, start, act and report, with nothing but loopback in reach",
        columns=COLUMNS,
        rows=(*rows, *(row for row in checked if row is not None)),
        note=counts.in_words(sum(not row.failed for row in rows), len(names)),
    )


class _Counts:
    """Sums over the pages that went well."""

    def __init__(self) -> None:
        self.acts = self.boxes = self.restless = self.ended = 0

    def add(self, walked: Walked) -> None:
        self.acts += len(walked.acts)
        self.boxes += walked.boxes
        self.restless += walked.restless
        self.ended += walked.ended

    def in_words(self, good: int, pages: int) -> str:
        return (
            f"{good} of {pages} pages without an error: {self.acts} acts, each heard by its page; {self.boxes} boxes whose middle the"
            f" page names as the tree does; {self.restless} looks at a screen that had not come to rest; {self.ended} episodes"
            " ended by an act, the others when asked to."
        )


async def _side_by_side(workers: int, doing: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    free = asyncio.Semaphore(workers)

    async def one(each: Coroutine[Any, Any, Any]) -> Any:
        async with free:
            return await each

    return await asyncio.gather(*map(one, doing))


def _shares(names: Sequence[str], count: int) -> list[Sequence[str]]:
    """The names in that many pieces of one length; no more than there are names."""
    count = min(count, len(names))
    edges = [len(names) * each // count for each in range(count + 1)] if count else []
    return [names[left:right] for left, right in itertools.pairwise(edges)]


async def _walk(host: BrowserHost, pages: Pages, name: str, counts: _Counts) -> Row:
    began = time.monotonic()
    walked: list[Walked] = []

    async def go(world: BrowserEnvironment) -> None:
        walked.append(await Walk(world, pages.start(name)).run())

    failed = await _guarded(host, pages.limit, go)
    seconds = f"{time.monotonic() - began:.1f}"
    if failed or not walked:
        return Row((name, seconds, *[""] * (len(COLUMNS) - 2)), failed)
    seen = walked[0]
    counts.add(seen)
    ended = "by an act" if seen.ended else "when asked"
    figures = (str(seen.boxes), f"{seen.slowest:.2f}", ended, f"{seen.reward:g}")
    return Row((name, seconds, " ".join(seen.acts), *figures, "; ".join(seen.noted)))


async def _contract(host: BrowserHost, pages: Pages, share: Sequence[str]) -> Row | None:
    """The whole contract on the first page of a share that stands still, as the contract wants it; None if none does."""
    for name in share:
        start, began = pages.start(name), time.monotonic()
        if await _stands_still(host, pages.limit, start):
            failed = await _guarded(host, 3 * pages.limit, partial(_keep_contract, host, start))
            seconds = f"{time.monotonic() - began:.1f}"
            return Row((f"{name}, the whole contract", seconds, *[""] * (len(COLUMNS) - 2)), failed)
    return None


async def _stands_still(host: BrowserHost, limit: float, start: Start) -> bool:
    looks: list[Observation] = []

    async def go(world: BrowserEnvironment) -> None:
        looks.extend((await world.reset(start), await world.look()))

    failed = await _guarded(host, limit, go)
    return not failed and looks[1].settled.ok and looks[0].frame.pixel_hash == looks[1].frame.pixel_hash


async def _keep_contract(host: BrowserHost, start: Start, world: BrowserEnvironment) -> None:
    del world  # each check makes its own
    await check_environment(lambda: BrowserEnvironment(host=host), start)


async def _guarded(
    host: BrowserHost, limit: float, go: Callable[[BrowserEnvironment], Coroutine[Any, Any, None]]
) -> str:
    """Does something with an environment, closes it, and says what was wrong; a hang is an answer like others.

    Raises:
        UsageError: Nothing could be opened at all, through no fault of a page.
    """
    world = BrowserEnvironment(host=host)
    failed, watch = "", asyncio.timeout(limit)
    try:
        async with watch:
            await go(world)
    except UsageError:
        await world.close()
        raise
    except TimeoutError as error:
        failed = f"it was not done within {limit:g} s" if watch.expired() else f"an error that is not ours: {error!r}"
    except (HandeyeError, AssertionError) as error:
        failed = str(error)
    try:
        await asyncio.wait_for(world.close(), _CLOSING)
    except TimeoutError:
        failed = "; ".join(filter(None, (failed, f"it did not close within {_CLOSING:g} s")))
    return failed
