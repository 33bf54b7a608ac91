"""Knows when the browser's viewer of PDFs has drawn what it shows.

Chromium shows a PDF by two documents that the page itself does not see, each with a process of its own: the viewer (a page of an
extension: toolbar, thumbnails) and within it the sheets (a page that holds a plugin). Both are among Playwright's frames, below the
frame of the PDF, in which nothing else is. The viewer says how far the document is loaded; the plugin says nothing, but draws on its
document's main thread, a slice at a time, and never leaves it idle before it is done (all seen in Chromium 156).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame

_VIEWER = "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/"
"""The same in every Chromium and Chrome."""
_LIMIT = 1.0
"""Seconds that a viewer may take to answer; whatever it is busy with, it then counts as drawing."""
_SHORT = 0.2
"""Likewise, when it was already given up."""
_BEGIN = 5.0
"""Seconds in which a viewer that can be asked is there. Browsers that keep it to themselves (before Chromium 130 or so) have none."""

OF_PDF = "(document.contentType === 'application/pdf' && performance.timeOrigin)"
"""Asks a document, as JavaScript, whether it is a PDF: a number by which it is known, or false."""

# a document that wants a password is loading until it has one
_STATE = """() => {
  const viewer = document.querySelector("pdf-viewer");
  if (!viewer || !viewer.shadowRoot) return "loading";
  return viewer.shadowRoot.querySelector("viewer-password-dialog") ? "asks" : String(viewer.loadState_);
}"""


def viewers(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Those of a page's frames that are viewers of PDFs."""
    return (each for each in frames if each.url.startswith(_VIEWER) and not each.is_detached())


def within(frame: Frame) -> bool:
    """Whether a frame is a viewer, or its sheets."""
    parent = frame.parent_frame
    return frame.url.startswith(_VIEWER) or (parent is not None and parent.url.startswith(_VIEWER))


class Viewers:
    """Asks the viewers of PDFs of one context.

    Args:
        watch: What ``watch.js`` is called in their documents, as JavaScript.
    """

    def __init__(self, watch: str) -> None:
        self._watch = watch
        self._given_up: WeakSet[Frame] = WeakSet()
        self._waited: WeakSet[Frame] = WeakSet()
        self._without: WeakKeyDictionary[Frame, tuple[float, float]] = WeakKeyDictionary()

    def begins(self, frame: Frame, document: float) -> str:
        """Whether a PDF is still to get its viewer, for a person; empty when not.

        Args:
            frame: The frame that holds it.
            document: Its ``performance.timeOrigin``, by which another document in that frame is known as another.
        """
        if next(viewers(frame.child_frames), None) is not None:
            return ""
        known, since = self._without.get(frame, (0.0, 0.0))
        if known != document:
            since = time.monotonic()
            self._without[frame] = document, since
        return "a PDF is about to be shown" if time.monotonic() - since < _BEGIN else ""

    async def ask(self, viewer: Frame, ago: int) -> tuple[str, list[Any]]:
        """What a viewer is still busy with, for a person (empty when it has drawn), and the reports of ``watch.js`` in it.

        Args:
            viewer: One of `viewers`.
            ago: Milliseconds since the act.
        """
        reports: list[Any] = []
        given_up = viewer in self._given_up
        try:
            busy = await asyncio.wait_for(self._drawn(viewer, ago, reports), _SHORT if given_up else _LIMIT)
        except TimeoutError:
            busy = "a PDF is being drawn"
        except PlaywrightError:
            busy = "" if viewer.is_detached() else "a PDF is being replaced"
        if not busy:
            self._waited.discard(viewer)
            self._given_up.discard(viewer)
        elif given_up:
            return "", []
        else:
            self._waited.add(viewer)
        return busy, reports

    def give_up(self) -> None:
        """Those that were busy when last asked are waited for no more, until they were seen to be done."""
        self._given_up |= self._waited

    async def _drawn(self, viewer: Frame, ago: int, reports: list[Any]) -> str:
        report = f"{self._watch} ? {self._watch}.soon({ago}) : null"
        rest = f"async () => {self._watch} ? (await {self._watch}.idle(), {self._watch}({ago})) : null"
        # what the one of them does may be an answer to the other
        for _ in range(2):
            state, said = await viewer.evaluate(f"async () => [({_STATE})(), await ({report})]")
            reports[:] = [said]
            if state == "loading":
                return "a PDF is being loaded"
            reports += await asyncio.gather(*(each.evaluate(rest) for each in viewer.child_frames))
        return ""
