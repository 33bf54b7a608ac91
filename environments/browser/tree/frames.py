"""Frames of other processes: which a page has, how each is asked, and where in the page each is seen.

Chromium gives every site a process of its own: a frame of another site has its own debugging session, and no question to the session
around it sees inside. Frames come and go: one that vanishes while it is asked is left out.
"""

from __future__ import annotations

import asyncio
import weakref
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import CDPSession, Frame, Page
from playwright.async_api import Error as PlaywrightError

from ....tools.geometry import Box
from .projection import Projection, Rect, meet, side
from .viewport import viewport_of

LIMIT = 2.0
"""Seconds that a frame, beside all others, may take to answer: one whose main thread is busy is left out."""

_OWNER = (Path(__file__).parent / "owner.js").read_text(encoding="utf-8")


class Corners(NamedTuple):
    """Where an element is, as ``DOM.getBoxModel`` says it.

    Attributes:
        content: Corners of its content, x and y, from top left clockwise; CSS pixels of its document, from the corner of the visual
            viewport of its process's outermost document.
        border: Likewise of its border.
        width: Of its border box before zoom and transforms, whole CSS pixels.
        height: Likewise.
    """

    content: list[float]
    border: list[float]
    width: float
    height: float


class Attached(NamedTuple):
    """A frame that another process has.

    Attributes:
        frame: The frame.
        session: Its debugging session.
        id: The protocol's name of it.
        host: The session of the process around it, in which its element stands.
        outer: The frame whose session ``host`` is; the main frame when it is the page's.
    """

    frame: Frame
    session: CDPSession
    id: str
    host: CDPSession
    outer: Frame


class Inside(NamedTuple):
    """Where a frame of another process is seen.

    Attributes:
        session: Its debugging session.
        frame: The frame.
        to_page: CSS pixels of the frame's own viewport (as its ``getBoundingClientRect`` counts) → CSS pixels from the corner of the page's
            visual viewport (as input is sent). `Projection.box` gives the upright box around a box.
        window: The part of the page's visual viewport, likewise, in which it is seen; empty when it is not.
    """

    session: CDPSession
    frame: Frame
    to_page: Projection
    window: Box


_sessions: weakref.WeakKeyDictionary[Frame, tuple[CDPSession, str]] = weakref.WeakKeyDictionary()


async def attached(page: Page, session: CDPSession) -> tuple[Attached, ...]:
    """The frames of a page that other processes have, outer before inner.

    Args:
        page: The page.
        session: Its debugging session.
    """
    # in document order: a frame comes after the one around it
    frames = [frame for frame in page.frames if frame != page.main_frame]
    found = dict(zip(frames, await asyncio.gather(*(_session_of(frame) for frame in frames)), strict=True))
    result = []
    for frame, own in found.items():
        if own is None:
            continue
        outer = frame.parent_frame
        while outer is not None and found.get(outer) is None:
            outer = outer.parent_frame
        host = found[outer] if outer is not None else None
        result.append(Attached(frame, *own, host[0] if host else session, outer or page.main_frame))
    return tuple(result)


async def outside(page: Page, session: CDPSession) -> tuple[Inside, ...]:
    """The frames of a page that other processes have, with their places, outermost first.

    Nothing is asked of the frames themselves but those that hold others: one that hangs is among them all the same. Frames that are not
    rendered are left out.

    Args:
        page: The page.
        session: Its debugging session.

    Raises:
        playwright Error: The page is gone.
    """
    view = await viewport_of(session)
    frames = await attached(page, session)
    places = await asyncio.gather(*(place_of(each) for each in frames))
    screen = (0.0, 0.0, view.width, view.height)
    known: dict[Frame, tuple[Projection, Rect | None]] = {page.main_frame: (Projection(), screen)}
    result = []
    for each, place in zip(frames, places, strict=True):
        around_it = known.get(each.outer)
        if place is None or around_it is None:
            continue
        to_page = place.to_host.then(around_it[0])
        clip = around_it[0].bounds(place.clip) if place.clip else None
        window = meet(meet(around_it[1], clip), to_page.bounds((0.0, 0.0, *place.size)))
        known[each.frame] = to_page, window
        result.append(Inside(each.session, each.frame, to_page, _box(window)))
    return tuple(result)


async def owner_of(each: Attached) -> int | None:
    """The ``backendNodeId`` of a frame's element in the process around it; None when it is gone."""
    try:
        owner = await asyncio.wait_for(each.host.send("DOM.getFrameOwner", {"frameId": each.id}), LIMIT)
    except (PlaywrightError, TimeoutError):
        return None
    return int(owner["backendNodeId"])


class Place(NamedTuple):
    """A frame in the process around it.

    Attributes:
        to_host: CSS pixels of its own viewport → those of the visual viewport of the frame whose process that is.
        size: Of its viewport, its own CSS pixels.
        clip: What its surroundings there let through, CSS pixels as ``to_host`` gives them.
    """

    to_host: Projection
    size: tuple[float, float]
    clip: Rect | None


async def place_of(each: Attached) -> Place | None:
    """Where a frame is in the process around it; None when it is gone or not rendered, or that process does not answer."""
    try:
        return await asyncio.wait_for(_ask_owner(each), LIMIT)
    except (PlaywrightError, TimeoutError):
        return None


async def _ask_owner(each: Attached) -> Place | None:
    host = each.host
    node = {"backendNodeId": (await host.send("DOM.getFrameOwner", {"frameId": each.id}))["backendNodeId"]}
    shape, resolved = await asyncio.gather(host.send("DOM.getBoxModel", node), host.send("DOM.resolveNode", node))
    question = {"objectId": resolved["object"]["objectId"], "functionDeclaration": _OWNER, "returnByValue": True}
    said = (await host.send("Runtime.callFunctionOn", question))["result"].get("value") or {}
    # quads are given in pixels of the document that the element stands in: a frame in a zoomed frame counts in larger ones
    zoom = said.get("zoom", 1.0)
    content, border = ([value * zoom for value in shape["model"][name]] for name in ("content", "border"))
    model = shape["model"]
    size = content_size(Corners(content, border, model["width"], model["height"]))
    to_host = Projection.onto(*size, content)
    clip = said.get("clip")
    everywhere = (-1e9, -1e9, 1e9, 1e9)
    return None if to_host is None else Place(to_host, size, tuple(clip) if clip else everywhere)


def content_size(corners: Corners) -> tuple[float, float]:
    """Width and height of an element's content, CSS pixels before zoom and transforms."""
    # the share of border and padding is the same before and after them
    content, border = corners.content, corners.border
    width = corners.width * side(content, 0, 1) / (side(border, 0, 1) or 1.0)
    height = corners.height * side(content, 0, 3) / (side(border, 0, 3) or 1.0)
    return width, height


async def _session_of(frame: Frame) -> tuple[CDPSession, str] | None:
    """A frame's own session and its name in the protocol; None when it has none, because the process around it has it too."""
    known = _sessions.get(frame)
    if known is not None:
        return known
    try:
        return await asyncio.wait_for(_attach(frame), LIMIT)
    except (PlaywrightError, TimeoutError):
        return None


async def _attach(frame: Frame) -> tuple[CDPSession, str]:
    session = await frame.page.context.new_cdp_session(frame)
    # asked of the browser, not of the frame: it is answered also while the frame hangs
    target = await session.send("Target.getTargetInfo")
    made = session, str(target["targetInfo"]["targetId"])
    _sessions[frame] = made
    # a frame that moves to another process leaves its session behind
    session.on("close", lambda _: _forget(frame))
    return made


def _forget(frame: Frame) -> None:
    _sessions.pop(frame, None)


def _box(rect: Rect | None) -> Box:
    left, top, right, bottom = rect or (0.0, 0.0, 0.0, 0.0)
    return Box(left=left, top=top, right=right, bottom=bottom)
