"""Knows when the screen has come to rest: two equal captures with nothing announced between them.

A screen has settled when, at both of two equal captures, no request that began since the act is in flight, no short timer is
pending and no finite animation runs, and the last answer from the network came before the first of them. What moves for ever
(endless animations at once, canvases and videos when they are seen to move) is left out of the comparison. What nothing
announces (a bare long timer) cannot be seen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Request, Response

from ...episodes.schema import Settled
from ...tools.geometry import Box, Transform
from ...tools.pixels import Frame

_BACKGROUND = frozenset({"websocket", "eventsource", "media", "ping", "cspviolationreport", "texttrack"})
_UNEQUAL_BEFORE_MASKING = 3
_RESTLESS = 2.5
"""Seconds for which a picture may keep changing with nothing announced."""
_STREAMING = 0.5
"""Seconds after its headers at which an answer to a script that is still open is a stream, or one whose body nobody reads."""


class Signs(NamedTuple):
    """What the page announces; boxes in frame pixels."""

    pending: str
    endless: tuple[Box, ...] = ()
    live: tuple[Box, ...] = ()

    @classmethod
    def from_page(cls, report: Any, to_frame: Transform) -> Signs:
        """Reads the answer of ``watch.js``; anything else (no page yet, a page of the browser's own) announces nothing."""
        if not isinstance(report, dict):
            return cls("")
        reasons = [
            f"{count} {what}{'s' if count > 1 else ''}"
            for what, count in (("timer", report["timers"]), ("animation", report["animations"]))
            if count
        ]
        reasons += ["the document is loading"] if report["loading"] else []
        return cls(", ".join(reasons), _boxes(report["endless"], to_frame), _boxes(report["live"], to_frame))


def _boxes(rows: list[list[float]], to_frame: Transform) -> tuple[Box, ...]:
    # an animated edge is blurred over its neighbours: a pixel or two more
    found = (Box(left=row[0], top=row[1], right=row[2], bottom=row[3]) for row in rows)
    return tuple(to_frame.box(box).grown(2) for box in found)


class Network:
    """Counts the requests of a context that may still change the screen."""

    def __init__(self, context: BrowserContext) -> None:
        self.last_change = time.monotonic()
        self._running: set[Request] = set()
        self._answered: dict[Request, float] = {}
        self._slow: set[tuple[str, str]] = set()
        context.on("request", self._began)
        context.on("response", self._answers)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)

    def forget(self) -> None:
        """A new act begins: what is in flight now was not caused by it."""
        self._running.clear()
        self._answered.clear()

    def pending(self) -> str:
        """What is in flight, for a person; empty when nothing is."""
        late = time.monotonic() - _STREAMING
        self._running -= {request for request, at in self._answered.items() if at < late}
        if not self._running:
            return ""
        first = next(iter(self._running))
        more = f" and {len(self._running) - 1} more" if len(self._running) > 1 else ""
        return f"{first.method} {first.url[:120]}{more}"

    def give_up(self) -> None:
        """What is in flight outlasted our patience: a long poll, which will not hold up the next act again."""
        self._slow.update(map(_kind, self._running))
        self._running.clear()

    def _began(self, request: Request) -> None:
        if request.resource_type not in _BACKGROUND and _kind(request) not in self._slow:
            self._running.add(request)
            self.last_change = time.monotonic()

    def _answers(self, response: Response) -> None:
        if response.request in self._running and response.request.resource_type in ("fetch", "xhr"):
            self._answered[response.request] = self.last_change = time.monotonic()

    def _ended(self, request: Request) -> None:
        self._answered.pop(request, None)
        if request in self._running:
            self._running.discard(request)
            self.last_change = time.monotonic()


def _kind(request: Request) -> tuple[str, str]:
    return request.method, urlsplit(request.url)._replace(query="", fragment="").geturl()


async def settle(
    capture: Callable[[], Awaitable[Frame]],
    signs: Callable[[bool], Awaitable[Signs]],
    network: Network,
    patience: float,
) -> tuple[Frame, Settled]:
    """Captures until the screen has come to rest.

    Args:
        capture: Takes a frame.
        signs: Asks the page what it announces: at once, or (true) after its next paint.
        network: Counts requests since the act.
        patience: Seconds after which the last frame is returned as it is.

    Returns:
        The last of two equal frames, and how that went.
    """
    began = time.monotonic()
    before: tuple[Frame, float] | None = None
    captures = unequal = 0
    pending, quiet_since = "", began
    while True:
        # while something is announced, the page's own paints are the clock: captures would only slow it down
        said = await signs(bool(pending))
        pending = said.pending or network.pending()
        late = time.monotonic() - began > patience
        if pending:
            quiet_since = time.monotonic()
        if pending and not late:
            before = None
            continue
        # with nothing announced, a picture that still moves will go on moving
        late = late or time.monotonic() - quiet_since > _RESTLESS
        started = time.monotonic()
        frame = await capture()
        captures += 1
        masks = (*said.endless, *(said.live if unequal >= _UNEQUAL_BEFORE_MASKING else ()))
        if late:
            network.give_up()
            why = pending or "the picture keeps changing"
            return frame, Settled(ok=False, why=why, seconds=time.monotonic() - began, captures=captures, moving=masks)
        if before is not None and not network.pending():
            same = await _equal(before[0], frame, masks)
            if same and network.last_change <= before[1]:
                return frame, Settled(ok=True, seconds=time.monotonic() - began, captures=captures, moving=masks)
            unequal += not same
        before = (frame, started)


async def _equal(a: Frame, b: Frame, masks: tuple[Box, ...]) -> bool:
    if a.png == b.png:
        return True
    # decoding takes longer than a turn of the event loop should
    return await asyncio.to_thread(a.same_as, b, masks)
