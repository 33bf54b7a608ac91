"""Knows when the screen has come to rest: two equal captures with nothing announced between them.

A screen has settled when, before and after two equal captures, no request that began since the act is in flight, no timer of
at most 2 s is pending, no finite animation runs, no message waits for its answer, nothing scrolls, and between them nothing in
any document was changed, but for what is not shown. Frames of other origins are asked as well. While something is announced
nothing is captured: the page says when it has done it.
A PDF is at rest when its viewer has loaded and drawn it, and a further capture shows the same.

What moves for ever is left out of the comparison, and `Settled` says so: endless animations and playing videos at once; a
canvas or an element that scripts keep changing once it was seen to move for 2.5 s, an animated image after three captures. These 2.5 s
are what an endless movement costs at most, once in a document; a request or a chain of bounded things is waited for up to
`BrowserConfig.settle` seconds (a single request 5 s, unless it brings a new page). What outlasted that is not waited for again.

The limit: what nothing announces cannot be seen. A bare timer of more than 2 s, a push on a connection that was open before the
act, a loop that ran for 2 s (1 s while a page loads) without changing anything: a ``wait`` act covers these.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Request, Response

from ....episodes.schema import Settled
from ....tools.geometry import Box
from ....tools.pixels import Frame
from .signs import IMAGE, Signs, Watch

_BACKGROUND = frozenset({"websocket", "eventsource", "media", "ping", "cspviolationreport", "texttrack", "manifest"})
_RESTLESS = 2.5
"""Seconds for which loops may run, and a picture may keep changing, with nothing bounded announced."""
_LONG = 5.0
"""Seconds after which a single request is a long poll, or something that never ends."""
_STREAMING = 0.1
"""Seconds after its headers at which an answer to a script that is still open is a stream, or one whose body nobody reads; whoever
reads one as a whole, or piece by piece, is known to ``watch.js``."""
_TURN = 0.02
"""Seconds after which what only time decides is asked again."""
ENDLESS = "an animation without end; all else is at rest"
_LOOPS = "scripts keep running"


class Network:
    """Counts the requests of a context that may still change the screen.

    Attributes:
        acted: When the last act began (monotonic clock, seconds).
        last_change: When a request last began, was answered or ended.
        held: Whether a request, by method and address, is kept waiting by us and is not to be waited for.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.last_change = self.acted = time.monotonic()
        self._running: dict[Request, float] = {}
        self._answered: dict[Request, float] = {}
        self._slow: set[tuple[str, str]] = set()
        self._strays: frozenset[str] = frozenset()
        self.held: Callable[[str, str], bool] = lambda method, url: False
        self._changed = asyncio.Event()
        context.on("request", self._began)
        context.on("response", self._answers)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)

    def forget(self) -> None:
        """A new act begins: what is in flight now was not caused by it."""
        self.acted = time.monotonic()
        self._running.clear()
        self._answered.clear()

    def pending(self) -> str:
        """What is in flight, for a person; empty when nothing is."""
        now = time.monotonic()
        for request, began in list(self._running.items()):
            if self._answered.get(request, now) < now - _STREAMING or request.url in self._strays:
                del self._running[request]
            elif began < now - _LONG and not request.is_navigation_request():
                self._slow.add(_kind(request))
                del self._running[request]
        running = [each for each in self._running if not self.held(each.method, each.url)]
        if not running:
            return ""
        first = running[0]
        more = f" and {len(running) - 1} more" if len(running) > 1 else ""
        return f"{first.method} {first.url[:120]}{more}"

    async def change(self) -> None:
        """Returns when the next request begins, is answered or ends, or when `pending` may say otherwise for the time that passed."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _TURN)

    def ignore(self, urls: frozenset[str]) -> None:
        """Requests for these addresses tell nothing: their ends are not reported, or a heartbeat sends them."""
        self._strays = urls

    def give_up(self) -> None:
        """What is in flight outlasted our patience: a long poll, which will not hold up the next act again."""
        self._slow.update(map(_kind, self._running))
        self._running.clear()

    def _began(self, request: Request) -> None:
        if request.resource_type in _BACKGROUND or _kind(request) in self._slow or request.url in self._strays:
            return
        self._running[request] = time.monotonic()
        self._note()

    def _answers(self, response: Response) -> None:
        if response.request in self._running and response.request.resource_type in ("fetch", "xhr"):
            self._answered[response.request] = time.monotonic()
            self._note()

    def _ended(self, request: Request) -> None:
        self._answered.pop(request, None)
        if self._running.pop(request, None) is not None:
            self._note()

    def _note(self) -> None:
        self.last_change = time.monotonic()
        self._changed.set()


def _kind(request: Request) -> tuple[str, str]:
    return request.method, urlsplit(request.url)._replace(query="", fragment="").geturl()


class _Difference(NamedTuple):
    """How two captures differ: not at all, only where something may move for ever, or elsewhere too."""

    same: bool
    elsewhere: bool = False
    moved: frozenset[str] = frozenset()


class _Shot(NamedTuple):
    frame: Frame
    started: float


class Settling:
    """Waits for one screen to come to rest.

    Args:
        capture: Takes a frame.
        watch: Asks the page what it announces.
        network: Counts requests since the act.
        patience: Seconds after which the last frame is returned as it is.
        coming: Says what else is on its way, for a person; empty when nothing is.
    """

    def __init__(
        self,
        capture: Callable[[], Awaitable[Frame]],
        watch: Watch,
        network: Network,
        patience: float,
        coming: Callable[[], str] = str,
    ) -> None:
        self._capture = capture
        self._watch = watch
        self._network = network
        self._patience = patience
        self._coming = coming
        self._began = self._bounded_at = time.monotonic()
        self._captures = 0
        self._endless: dict[str, Box] = {}
        self._suspects: frozenset[str] = frozenset()

    async def run(self) -> tuple[Frame, Settled]:
        """Captures until the screen has come to rest.

        Returns:
            The last of two equal frames, and how that went.
        """
        before: _Shot | None = None
        said, why = await self._ask(soon=False)
        while not self._late():
            if why:
                # captures would only slow the page down
                before = None
                if not said.bounded and not said.loops:
                    await self._network.change()
                said, why = await self._ask(soon=True)
                continue
            if before is None:
                before = await self._shoot()
            shot = await self._shoot()
            changes = said.changes
            said, why = await self._ask(soon=False)
            if not why and said.changes == changes and self._network.last_change <= before.started:
                difference = await self._compare(before.frame, shot.frame, {})
                if said.behind and not difference.elsewhere:
                    before, shot = shot, await self._shoot()
                    difference = await self._compare(before.frame, shot.frame, {})
                if not difference.elsewhere:
                    return await self._at_rest(shot.frame, difference)
                await self._suspect(before.frame, shot.frame, said)
            # what came to pass during a capture may not be in it
            before = shot if said.changes == changes else None
        return await self._give_up(said, why)

    async def _ask(self, soon: bool) -> tuple[Signs, str]:
        said = await self._watch.ask(time.monotonic() - self._network.acted, soon)
        self._network.ignore(said.strays)
        for key, box in said.endless.items():
            self._endless[key] = _hull(self._endless.get(key, box), box)
        bounded = said.bounded or self._network.pending() or self._coming()
        if bounded:
            self._bounded_at = time.monotonic()
        return said, bounded or (_LOOPS if said.loops else "")

    def _late(self) -> bool:
        now = time.monotonic()
        # with nothing bounded announced, a picture that still moves will go on moving
        return now - self._began > self._patience or now - self._bounded_at > _RESTLESS

    async def _shoot(self) -> _Shot:
        started = time.monotonic()
        frame = await self._capture()
        self._captures += 1
        return _Shot(frame, started)

    async def _compare(self, a: Frame, b: Frame, live: Mapping[str, Box]) -> _Difference:
        if a.png == b.png:
            return _Difference(same=True)
        # decoding takes longer than a turn of the event loop should
        return await asyncio.to_thread(_difference, a, b, {**live, **self._endless})

    async def _suspect(self, a: Frame, b: Frame, said: Signs) -> None:
        """A complete image of which nothing was said, and which yet is another in two pairs of captures, is animated."""
        images = {key: box for key, box in said.live.items() if key.startswith(IMAGE)}
        difference = await self._compare(a, b, images)
        again = {key for key in difference.moved if key in self._suspects and key in images}
        self._suspects |= difference.moved
        if again:
            self._endless.update((key, images[key]) for key in again)
            await self._watch.know(again)

    async def _at_rest(self, frame: Frame, difference: _Difference) -> tuple[Frame, Settled]:
        if difference.same:
            if self._endless:
                await self._watch.rested()
            return frame, self._settled(True, "", self._endless.values())
        return frame, self._settled(False, ENDLESS, self._endless.values(), elsewhere=True)

    async def _give_up(self, said: Signs, why: str) -> tuple[Frame, Settled]:
        first = await self._shoot()
        again, why = await self._ask(soon=True)
        second = await self._shoot()
        difference = await self._compare(first.frame, second.frame, said.live)
        self._network.give_up()
        await self._watch.give_up(difference.moved)
        moving = {**{key: box for key, box in said.live.items() if key in difference.moved}, **self._endless}
        # scripts that run on are no matter where they change nothing that can be seen
        still = "" if why == _LOOPS else why
        if difference.elsewhere or still:
            if difference.elsewhere and not again.bounded:
                still = "the picture keeps changing"
            return second.frame, self._settled(False, still, moving.values())
        return second.frame, self._settled(
            difference.same, "" if difference.same else ENDLESS, moving.values(), elsewhere=not difference.same
        )

    def _settled(self, ok: bool, why: str, moving: Iterable[Box], elsewhere: bool = False) -> Settled:
        return Settled(
            ok=ok,
            why=why,
            elsewhere=elsewhere,
            seconds=time.monotonic() - self._began,
            captures=self._captures,
            moving=tuple(moving),
        )


def _difference(a: Frame, b: Frame, boxes: Mapping[str, Box]) -> _Difference:
    if (a.width, a.height) != (b.width, b.height):
        return _Difference(same=False, elsewhere=True)
    changed = (a.pixels != b.pixels).any(axis=2)
    if not changed.any():
        return _Difference(same=True)
    spots = {key: box.pixels(a.width, a.height) for key, box in boxes.items()}
    moved = frozenset(key for key, (left, top, right, bottom) in spots.items() if changed[top:bottom, left:right].any())
    for left, top, right, bottom in spots.values():
        changed[top:bottom, left:right] = False
    return _Difference(same=False, elsewhere=bool(changed.any()), moved=moved)


def _hull(a: Box, b: Box) -> Box:
    return Box(
        left=min(a.left, b.left), top=min(a.top, b.top), right=max(a.right, b.right), bottom=max(a.bottom, b.bottom)
    )
