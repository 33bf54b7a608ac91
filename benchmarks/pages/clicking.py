"""Does a click land on what it was aimed at, at every scale? Targets of 6 CSS pixels and more, found in the frame by their colour.

The middle of a target is read off the painted pixels, which know nothing of our tree and its boxes; the page says what got the click. A
second count aims by the tree's boxes, as the grounder of the accessibility tree does.

    python -m handeye.benchmarks.pages.clicking --targets 1000
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...environments.browser.environment import BrowserEnvironment
from ...environments.browser.host import BrowserHost
from ...environments.browser.screen import Screen
from ...environments.sites import RunningSite
from ...episodes.schema import Observation, Probe, Start
from ...tools.actions import Click
from ...tools.geometry import Point
from .clicking_pages import Target, Targets, targets
from .part import Part, Row


class Setting(NamedTuple):
    """How the pages of one row are shown.

    Attributes:
        name: For the table.
        start: What of the start recipe is not as usual.
        options: Of the page; see `Targets`.
        css_zoom: By how much CSS enlarges the page.
    """

    name: str
    start: dict[str, Any]
    options: str = "plain"
    css_zoom: float = 1.0


_PHONE = {"viewport": {"width": 412, "height": 732}, "mobile": True, "touch": True}
SETTINGS = (
    *(Setting(f"scale {scale:g}", {"scale": scale}) for scale in (1.0, 1.25, 1.5, 2.0, 3.0)),
    *(Setting(f"zoom {zoom:g}", {"zoom": zoom}) for zoom in (0.67, 0.9, 1.1, 1.5, 2.0)),
    Setting("scale 1.25, zoom 1.1", {"scale": 1.25, "zoom": 1.1}),
    Setting("CSS zoom 1.3", {}, "zoom=1.3", 1.3),
    Setting("CSS zoom 0.8, scale 2", {"scale": 2.0}, "zoom=0.8", 0.8),
    Setting("touch, no telephone", {"touch": True}),
    Setting("telephone, its own width", _PHONE | {"scale": 2.625}, "meta"),
    Setting("telephone, 980 wide", _PHONE | {"scale": 1.75}),
)
_WIDE = 980
"""CSS pixels of a page on a telephone that does not say how wide it is."""


class Shot(NamedTuple):
    """One click.

    Attributes:
        target: What it was aimed at.
        aim: Where, frame pixels.
        hit: What the page says got it.
        by: ``pixels`` or ``tree``.
    """

    target: Target
    aim: Point
    hit: tuple[str, ...]
    by: str

    @property
    def missed(self) -> bool:
        """Whether something else got it, or nothing."""
        return self.hit != (self.target.key,)

    def __str__(self) -> str:
        got = ", ".join(self.hit) or "nothing"
        at = f"({self.aim.x:.1f}, {self.aim.y:.1f})"
        return f"{self.target.group} {self.target.key} aimed at by its {self.by} at {at}: {got} was clicked"


async def measure(count: int, only: Sequence[str] = (), seed: int = 0, host: BrowserHost | None = None) -> Part:
    """Clicks targets.

    Args:
        count: Targets aimed at by pixels, in all; spread over the settings.
        only: Names of settings; none is all.
        seed: Of the first page.
        host: A running browser; one is started when none is given.
    """
    settings = [each for each in SETTINGS if not only or each.name in only]
    share = -(-count // len(settings))
    rows: list[Row] = []
    site = RunningSite(Targets())
    environment = BrowserEnvironment(host=host)
    try:
        for number, setting in enumerate(settings):
            began = time.monotonic()
            shots = await _shoot(environment, site, setting, share, seed + 1000 * number)
            rows.append(_row(setting.name, shots, time.monotonic() - began))
    finally:
        await environment.close()
        site.close()
    return Part(
        "A click lands where it is aimed",
        ("shown at", "targets by pixels", "misses", "targets by the tree", "misses", "seconds a click"),
        tuple(rows),
        "Targets of 6 CSS pixels and more: side by side, over one another, in scrolled boxes, closed shadow roots, frames of this and of "
        "another site, turned, in SVG, at fractions of pixels, at the edges.",
    )


async def _shoot(
    environment: BrowserEnvironment, site: RunningSite, setting: Setting, share: int, seed: int
) -> list[Shot]:
    start = Start.model_validate({"viewport": {"width": 800, "height": 600}} | setting.start)
    css = Screen.of(start).css
    # the frame may end a fraction of a pixel before the viewport does
    width, height = int(css.width) - 1, int(css.height) - 1
    if start.mobile and setting.options != "meta":
        width, height = _WIDE - 1, int(_WIDE * css.height / css.width) - 1
    width, height = int(width / setting.css_zoom), int(height / setting.css_zoom)
    shots: list[Shot] = []
    aimed = page = 0
    while aimed < share:
        url = site.page(f"/{seed + page}/{width}/{height}/{setting.options}")
        now = await environment.reset(start.model_copy(update={"url": url}))
        places = [each for each in await _places(now, targets(seed + page)) if each[2] == "tree" or aimed < share]
        for target, aim, by in places:
            if by == "pixels":
                if aimed == share:
                    continue
                aimed += 1
            now = (await environment.step(Click[Point](at=aim), on=now.id)).observation
            evidence = await environment.probe(Probe(kind="script", argument="hits.splice(0)"))
            hits = evidence.value if isinstance(evidence.value, list) else []
            shots.append(Shot(target, aim, tuple(map(str, hits)), by))
        page += 1
    return shots


async def _places(now: Observation, wanted: Sequence[Target]) -> list[tuple[Target, Point, str]]:
    """Where to click: the middle of what is painted of each, and for a quarter the middle of its box in the tree."""
    found: list[tuple[Target, Point, str]] = []
    pixels = now.frame.pixels
    for target in wanted:
        ys, xs = np.nonzero((pixels == target.color).all(axis=2))
        if len(xs):
            # of what is half covered the nearest painted pixel to the middle
            nearest = int(np.argmin((xs - np.median(xs)) ** 2 + (ys - np.median(ys)) ** 2))
            found.append((target, Point(x=float(xs[nearest]) + 0.5, y=float(ys[nearest]) + 0.5), "pixels"))
        elif target.group != "overlap":
            # what nobody can see counts as missed
            found.append((target, Point(x=0.5, y=0.5), "pixels"))
    tree = await now.tree.get()
    if tree is not None:
        boxes = {node.name: node.box for node in tree.nodes if node.role == "button" and node.box is not None}
        for target in wanted[::4]:
            box = boxes.get(target.key)
            if target.group != "overlap":
                found.append((target, box.center if box is not None else Point(x=0.5, y=0.5), "tree"))
    return found


def _row(name: str, shots: Sequence[Shot], seconds: float) -> Row:
    missed = [each for each in shots if each.missed]
    total, misses = Counter(each.by for each in shots), Counter(each.by for each in missed)
    cells = (
        name,
        *(str(counted[by]) for by in ("pixels", "tree") for counted in (total, misses)),
        f"{seconds / max(1, len(shots)):.2f}",
    )
    return Row(cells, f"{len(missed)} clicks missed: {missed[0]}" if missed else "")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=1000, help="targets in all, over the settings in turn")
    parser.add_argument("--only", action="append", default=[], choices=[each.name for each in SETTINGS])
    parser.add_argument("--seed", type=int, default=0, help="of the first page")
    asked = parser.parse_args()
    part = asyncio.run(measure(asked.targets, asked.only, asked.seed))
    widths = [max(map(len, column)) for column in zip(part.columns, *(row.cells for row in part.rows), strict=True)]
    for line in (part.columns, *(row.cells for row in part.rows)):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(part.note)
    for failure in part.failures:
        print(f"FAILED {failure}")
    sys.exit(1 if part.failures else 0)


if __name__ == "__main__":
    main()
