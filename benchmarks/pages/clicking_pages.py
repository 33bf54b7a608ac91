"""Pages full of small targets for `clicking`, served under two names, so that frames of another site are among them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

from ...environments.sites import Request, Response

_SCRIPT = (Path(__file__).parent / "targets.js").read_text(encoding="utf-8")
GROUPS = ("grid", "overlap", "scroller", "shadow", "frame", "other", "turned", "svg", "fraction", "edge")
"""Where targets stand: side by side, over one another, in a scrolled box, in a closed shadow root, in frames of this and of another site,
turned and skewed, in SVG, at fractions of pixels, at the edges of the viewport."""
_EACH = 8
_SMALLEST, _LARGEST = 6, 14
"""CSS pixels."""


class Target(NamedTuple):
    """One target.

    Attributes:
        key: What the page calls it when it is clicked.
        color: Red, green, blue; no other target of the page has it.
        group: One of `GROUPS`.
        x: Share of the way from left to right in its region.
        y: Likewise from top to bottom.
        width: CSS pixels.
        height: CSS pixels.
    """

    key: str
    color: tuple[int, int, int]
    group: str
    x: float
    y: float
    width: float
    height: float


def targets(seed: int) -> tuple[Target, ...]:
    """The targets of one page."""
    chance = random.Random(seed)
    levels = range(20, 236, 43)
    colors = [(r, g, b) for r in levels for g in levels for b in levels]
    chance.shuffle(colors)
    made: list[Target] = []
    for group in GROUPS:
        for number in range(_EACH):
            x, y = chance.random(), chance.random()
            size = [chance.uniform(_SMALLEST, _LARGEST) for _ in range(2)]
            if group != "overlap":
                # a place of its own for each: four in a row, two rows
                x, y = (number % 4 + x * 0.2) / 3.2, (number // 4 + y * 0.4) / 1.4
            if group == "edge":
                x, y = number % 2, (number // 2 + y * 0.5) / 4
            if group == "grid":
                x, y, size = (number % 4) / 3, number // 4, [_SMALLEST, _SMALLEST]
            if group not in ("fraction", "turned", "svg"):
                size = [float(round(each)) for each in size]
            made.append(Target(f"t{len(made)}", colors.pop(), group, x, y, size[0], size[1]))
    # a part of a page is a part of every group
    chance.shuffle(made)
    return tuple(made)


class Targets:
    """The site: ``/SEED/WIDTH/HEIGHT/OPTIONS`` is a page laid out for so many CSS pixels.

    Options, any of: ``meta`` a viewport meta tag, ``zoom=1.3`` a CSS zoom of the whole page.
    """

    def respond(self, request: Request) -> Response:
        """One page, or what is in one of its frames."""
        if request.path == "/inner":
            part, group = request.query["page"].rsplit("-", 1)
            seed, width, height, _ = _parts(part)
            plan = self._plan(
                part, [each for each in targets(seed) if each.group == group], width / 3 - 20, height / 3 - 16
            )
            return _page(plan, "")
        if request.path.count("/") < 4:
            return Response.text("", status=404)
        part = request.path.strip("/").replace("/", "_")
        seed, width, height, options = _parts(part)
        plan = self._plan(part, list(targets(seed)), width, height)
        head = "<meta name=viewport content='width=device-width'>" if "meta" in options else ""
        zoom = next((each.removeprefix("zoom=") for each in options if each.startswith("zoom=")), "")
        return _page(plan, head + (f"<style>html {{ zoom: {zoom} }}</style>" if zoom else ""))

    def path(self, page: str) -> str:
        """See `Site.path`."""
        return page

    @staticmethod
    def _plan(part: str, wanted: list[Target], width: float, height: float) -> dict[str, Any]:
        made = [
            {"key": t.key, "color": f"rgb{t.color}", "group": t.group, "x": t.x, "y": t.y, "w": t.width, "h": t.height}
            for t in wanted
        ]
        return {"part": part, "width": width, "height": height, "targets": made}


def _parts(part: str) -> tuple[int, int, int, list[str]]:
    seed, width, height, options = part.split("_")
    return int(seed), int(width), int(height), options.split("+")


def _page(plan: dict[str, Any], head: str) -> Response:
    return Response.text(
        f"<!doctype html><meta charset=utf-8>{head}<title>Targets</title><style>html {{ overflow: hidden }}</style>"
        f"<body style='margin:0;background:#fff'><script>window.plan = {json.dumps(plan)};\n{_SCRIPT}</script>"
    )
