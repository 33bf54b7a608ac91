"""Does the frame after an act show its effect, and how long after the effect does it come?

Early is what the pixels say: the spot that turns green with the last change is not green in the frame, or a frame taken long
after differs from it outside the boxes that were said to move.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...environments.browser.environment import BrowserEnvironment
from ...environments.browser.host import BrowserHost
from ...episodes.schema import Observation, Probe, Start
from ...tools.actions import Act, Click, Navigate, Type
from ...tools.geometry import Box, Point
from ...tools.pixels import Frame
from .part import Part, Row
from .settling_kinds import FRAMES, KINDS, LIMITS, SILENT, Kind, page
from .settling_server import GREEN, SettlingServer

_ACTS: dict[str, Act] = {
    "click": Click[Point](at=Point(x=110, y=20)),
    "type": Type[Point](text="mug", at=Point(x=250, y=18)),
}
_LONG_AFTER = 0.15
"""Seconds after the last change at which the frame to compare with is taken."""
_FIELD = Box.at(200, 0, 170, 40)
"""Where a caret may blink."""
_NEVER = 8.0
"""Seconds after which a page that did not come to its end is a fault of this file."""


class Trial(NamedTuple):
    """One act on one page.

    Attributes:
        early: What the frame did not show; empty when it showed the effect.
        excess: Seconds from the last change to the observation.
        capture: Seconds that one capture took, of a page that had been at rest for a while.
        next: Seconds that the capture right behind it took, which is how the environment takes its two.
        rest: The picture was at rest, or all of it but what moves for ever.
        beyond: The machine was so slow that the page came to lie beyond the stated limit; see `Kind.silent`.
    """

    early: str
    excess: float
    capture: float
    next: float
    rest: bool
    beyond: bool = False


async def try_kind(name: str, environment: BrowserEnvironment, server: SettlingServer, seed: int) -> Trial:
    """Acts once on a fresh page of that kind; the environment has been reset."""
    kind, path = (KINDS | LIMITS)[name], f"/{seed}"
    server.pages[path] = page(kind, random.Random(f"{name} {seed}"), server.port)  # nothing secret
    where = f"{kind.load}?page={path}" if kind.load else path
    now = await environment.look()
    now = (await environment.step(Navigate(url=f"http://127.0.0.1:{server.port}{where}"), on=now.id)).observation
    now = (await environment.step(_ACTS[kind.act], on=now.id)).observation
    returned = time.time()
    done = await _done(environment)
    began = time.monotonic()
    later = await environment.peek(now.frame.box)
    between = time.monotonic()
    await environment.peek(now.frame.box)
    capture, behind = between - began, time.monotonic() - between
    rest = now.settled.ok or now.settled.elsewhere
    if kind.silent and done - await _instant(environment, "actedAt") > SILENT:
        return Trial("", returned - done, capture, behind, rest, beyond=True)
    return Trial(_missing(kind, now, later) if done else "the page did not end", returned - done, capture, behind, rest)


async def _done(environment: BrowserEnvironment) -> float:
    """Seconds since the epoch of the last change, once it is well past; 0 when it never came."""
    limit = time.monotonic() + _NEVER
    while time.monotonic() < limit:
        instant = await _instant(environment, "doneAt")
        if instant:
            await asyncio.sleep(_LONG_AFTER)
            return instant
        await asyncio.sleep(0.05)
    return 0.0


async def _instant(environment: BrowserEnvironment, name: str) -> float:
    """Seconds since the epoch that the page noted; 0 when it did not yet."""
    value = (await environment.probe(Probe(kind="script", argument=f"window.{name} || 0"))).value
    return value / 1000 if isinstance(value, int | float) else 0.0


def _missing(kind: Kind, now: Observation, later: Frame) -> str:
    x, y = kind.spot
    if tuple(now.frame.pixels[y, x]) != GREEN:
        return f"not green but {tuple(map(int, now.frame.pixels[y, x]))} ({now.settled.why or 'at rest'})"
    if kind.endless:
        # what moves may be anywhere on its path by now
        return ""
    return "" if now.frame.same_as(later, (*now.settled.moving, _FIELD)) else "the picture went on changing"


async def measure(trials: int, kinds: Sequence[str] = (), seed: int = 0) -> Part:
    """Tries every kind in turn, ``trials`` times in all.

    Args:
        trials: How many acts, over all kinds.
        kinds: Names of kinds; all when empty.
        seed: First of the seeds that the pages are made from.
    """
    names = list(kinds or KINDS)
    found: dict[str, list[Trial]] = {each: [] for each in names}
    async with SettlingServer() as server, BrowserHost() as host:
        server.pages.update(FRAMES)
        environment = BrowserEnvironment(host=host)
        try:
            for i in range(trials):
                if i % len(names) == 0:
                    await environment.reset(Start())
                name = names[i % len(names)]
                found[name].append(await try_kind(name, environment, server, seed + i))
        finally:
            await environment.close()
    return _part(found)


def _part(found: dict[str, list[Trial]]) -> Part:
    every = [each for tries in found.values() for each in tries]
    rows = [_row(name, tries) for name, tries in found.items() if tries]
    return Part(
        "The next frame shows the effect",
        (
            "kind of page",
            "trials",
            "early",
            "after the last change: median",
            "in captures",
            "in a row",
            "most",
            "said to be at rest",
        ),
        (*rows, _row("all", every)._replace(failed="")),
        "Early: the frame's pixels lack what came last. Two captures are timed beside each trial: one of the page as it rests, and "
        "one right behind it ('in a row'), for which the browser takes longer. At rest: wholly, or all but what moves for ever.",
    )


def _row(name: str, tries: Iterable[Trial]) -> Row:
    tries = list(tries)
    early = [each.early for each in tries if each.early]
    beyond = sum(each.beyond for each in tries)
    in_time = [each for each in tries if not each.early and not each.beyond] or tries
    excess = statistics.median(each.excess for each in in_time)
    capture, behind = (statistics.median(times) for times in zip(*((e.capture, e.next) for e in in_time), strict=True))
    cells = (
        name,
        str(len(tries)),
        f"{len(early)}" + (f" ({beyond} beyond the limit)" if beyond else ""),
        f"{excess * 1000:.0f} ms",
        f"{excess / capture:.1f}",
        f"{excess / behind:.1f}",
        f"{max(each.excess for each in in_time) * 1000:.0f} ms",
        f"{sum(each.rest for each in tries)}",
    )
    return Row(cells, f"{len(early)} of {len(tries)} frames were early: {early[0]}" if early else "")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100, help="acts in all, over the kinds in turn")
    parser.add_argument(
        "--kind", action="append", default=[], choices=[*KINDS, *LIMITS], help="only this kind; may be repeated"
    )
    parser.add_argument("--seed", type=int, default=0, help="first seed of the pages")
    asked = parser.parse_args()
    part = asyncio.run(measure(asked.trials, asked.kind, asked.seed))
    for row in (part.columns, *(each.cells for each in part.rows)):
        print("".join(cell.ljust(34 if i == 0 else 12) for i, cell in enumerate(row)))
    print("\n".join(part.failures) or "never early")


if __name__ == "__main__":
    main()
