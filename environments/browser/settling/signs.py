"""Asks the documents of a page what they announce: the page itself, and every frame of another origin beside it.

``watch.js`` answers in each document for itself and for the frames of its own origin.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame as PageFrame
from playwright.async_api import Page

from ....tools.errors import EnvironmentFailed
from ....tools.geometry import Box, Transform
from ..host import boundary
from ..tabs import Tabs
from .pdf import OF_PDF, Viewers, viewers, within

_REPORT_LIMIT = 5.0
"""Seconds that the page itself may take to answer."""
_FRAME_LIMIT = 1.0
"""Seconds that a frame of another origin may take; one that took longer is waited for no more until it has answered."""
_ANNOUNCED = "the page is being replaced"


IMAGE = "image "


class Signs(NamedTuple):
    """What the documents announce.

    Attributes:
        bounded: What will be over by itself, for a person; empty when nothing is.
        loops: Code that runs again and again, for now: timers, frames, scrolling.
        changes: Equal for two answers between which nothing happened that may change the picture.
        endless: What moves for ever, id → box in frame pixels.
        live: What may move without a word, id → box in frame pixels: canvases, images; the id of a complete image begins
            with `IMAGE`.
        strays: Addresses whose requests tell nothing.
        behind: What is drawn beside the documents (a PDF) was waited for, and a capture made before that may not show it.
    """

    bounded: str = ""
    loops: int = 0
    changes: tuple[str, ...] = ()
    endless: Mapping[str, Box] = {}
    live: Mapping[str, Box] = {}
    strays: frozenset[str] = frozenset()
    behind: bool = False


class Watch:
    """Speaks with ``watch.js`` in all documents of the tab looked at.

    Args:
        tabs: Which tab that is.
        name: Under which name of its window a document answers.
        to_frame: CSS pixels of the viewport → frame pixels; to be set anew when the page scale changes.
    """

    def __init__(self, tabs: Tabs, name: str, to_frame: Transform) -> None:
        self._tabs = tabs
        self._name = f"window[{json.dumps(name)}]"
        self.to_frame = to_frame
        self._unanswered: dict[PageFrame, asyncio.Task[Any]] = {}
        self._viewers = Viewers(self._name)

    async def ask(self, since: float, soon: bool) -> Signs:
        """What is announced, at once or (``soon``) when the page has done all that it announces.

        Args:
            since: Seconds since the act.
            soon: Answer when that is done; after the next paint where the page does not tell of it, after 50 ms at the latest.
        """
        ago = round(since * 1000)
        asked = f"{self._name} ? {self._name}{'.soon' if soon else ''}({ago}) : null"
        try:
            report = await asyncio.wait_for(self._evaluate(asked), _REPORT_LIMIT)
        except TimeoutError:
            return Signs("the page does not answer")
        except EnvironmentFailed:
            self._tabs.page  # noqa: B018  # says what is wrong when the page is gone, not merely between two documents
            return Signs(_ANNOUNCED)
        signs = self._signs(report, self.to_frame)
        page: Page = self._tabs.page
        shown = list(viewers(page.frames))
        if not shown and not (isinstance(report, dict) and (report["outside"] or report["pdf"])):
            return signs
        begins = Signs(self._viewers.begins(page.main_frame, report["pdf"]) if report and report["pdf"] else "")
        drawing = asyncio.gather(*(self._of_viewer(each, ago) for each in shown))
        outside, drawn = await asyncio.gather(self._outside(ago), drawing)
        return _together([signs, begins, *outside, *drawn])

    async def give_up(self, moved: Iterable[str]) -> None:
        """Says that what is announced now, and these live things, go on for ever: nobody will wait for them again."""
        self._viewers.give_up()
        await self._tell(f"giveUp({json.dumps(list(moved))})")

    async def know(self, moved: Iterable[str]) -> None:
        """Says that these live things move for ever."""
        await self._tell(f"know({json.dumps(list(moved))})")

    async def rested(self) -> None:
        """Says that nothing moved, whatever was known to move for ever."""
        await self._tell("rested()")

    async def close(self) -> None:
        """Asks no more."""
        tasks, self._unanswered = list(self._unanswered.values()), {}
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _evaluate(self, expression: str) -> Any:
        session = await self._tabs.session()
        question = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        with boundary("the page was not asked"):
            answer = await session.send("Runtime.evaluate", question)
        return answer.get("result", {}).get("value")

    async def _tell(self, call: str) -> None:
        try:
            await asyncio.wait_for(self._evaluate(f"{self._name} && {self._name}.{call}"), _FRAME_LIMIT)
            await asyncio.wait_for(
                asyncio.gather(*(each.evaluate(self._in_frame(call)) for each in self._frames())), _FRAME_LIMIT
            )
        except (TimeoutError, EnvironmentFailed, PlaywrightError):
            # it only makes the next wait longer
            return

    def _frames(self) -> list[PageFrame]:
        page: Page = self._tabs.page
        return [
            each
            for each in page.frames
            if each != page.main_frame and each not in self._unanswered and not each.is_detached() and not within(each)
        ]

    def _in_frame(self, call: str) -> str:
        # only a frame whose parent is of another origin cannot see the element it lies in
        return (
            f"() => frameElement === null && {self._name} ? {self._name}{'.' if call[0].isalpha() else ''}{call} : null"
        )

    async def _outside(self, ago: int) -> list[Signs]:
        """The answers of the frames that the page cannot reach."""
        for frame, task in list(self._unanswered.items()):
            if task.done():
                # what it failed with concerned a document that may be gone by now
                task.exception()
                del self._unanswered[frame]
        asked = {each: asyncio.ensure_future(self._of_frame(each, ago)) for each in self._frames()}
        if not asked:
            return []
        try:
            done, late = await asyncio.wait(asked.values(), timeout=_FRAME_LIMIT)
        except asyncio.CancelledError:
            for each in asked.values():
                each.cancel()
            raise
        self._unanswered.update({frame: task for frame, task in asked.items() if task in late})
        return [each.result() for each in asked.values() if each in done]

    async def _of_viewer(self, viewer: PageFrame, ago: int) -> Signs:
        busy, reports = await self._viewers.ask(viewer, ago)
        # where a viewer lies cannot be asked: the element is none of the page's
        said = [self._signs(each | {"endless": [], "live": []}, self.to_frame) for each in reports if each]
        return _together([Signs(busy, behind=True), *said])

    async def _of_frame(self, frame: PageFrame, ago: int) -> Signs:
        try:
            asked = self._in_frame(f"({ago})")
            report = await frame.evaluate(f"() => {OF_PDF} || ({asked})()")
            if not isinstance(report, dict):
                return Signs(self._viewers.begins(frame, report) if report else "")
            to_frame = self.to_frame
            if report["endless"] or report["live"]:
                origin = await _origin(frame)
                if origin is None:
                    return self._signs(report | {"endless": [], "live": []}, to_frame)
                for row in (*report["endless"], *report["live"]):
                    row[:4] = [row[0] + origin[0], row[1] + origin[1], row[2] + origin[0], row[3] + origin[1]]
            return self._signs(report, to_frame)
        except PlaywrightError:
            return Signs() if frame.is_detached() else Signs("a frame is being replaced")

    def _signs(self, report: Any, to_frame: Transform) -> Signs:
        """Reads one answer; anything else (no page yet, a page of the browser's own) announces nothing."""
        if not isinstance(report, dict):
            return Signs()
        said = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in report["bounded"].items() if count]
        return Signs(
            ", ".join(said),
            report["loops"],
            (report["changes"],),
            _boxes(report["endless"], to_frame),
            _boxes(report["live"], to_frame),
            frozenset(report["strays"]),
        )


async def _origin(frame: PageFrame) -> tuple[float, float] | None:
    """Where the content of a frame begins, CSS pixels of the viewport; None when it is not shown."""
    element = await frame.frame_element()
    box = await element.bounding_box()
    if box is None:
        return None
    inset = await element.evaluate(
        "(e, s = getComputedStyle(e)) => [e.clientLeft + parseFloat(s.paddingLeft), e.clientTop + parseFloat(s.paddingTop)]"
    )
    return box["x"] + inset[0], box["y"] + inset[1]


def _boxes(rows: list[list[Any]], to_frame: Transform) -> dict[str, Box]:
    # an animated edge is blurred over its neighbours: a pixel or two more
    return {row[4]: to_frame.box(Box(left=row[0], top=row[1], right=row[2], bottom=row[3])).grown(2) for row in rows}


def _together(signs: list[Signs]) -> Signs:
    return Signs(
        ", ".join(filter(None, (each.bounded for each in signs))),
        sum(each.loops for each in signs),
        tuple(change for each in signs for change in each.changes),
        {key: box for each in signs for key, box in each.endless.items()},
        {key: box for each in signs for key, box in each.live.items()},
        frozenset().union(*(each.strays for each in signs)),
        any(each.behind for each in signs),
    )
