"""What is asked of a page before its tree is put together: a layout snapshot of every process that has a part of it.

``DOMSnapshot.captureSnapshot`` gives boxes, styles, paint order and texts of all frames of a process, shadow roots included;
``Accessibility.getFullAXTree`` gives roles, names and states; ``DOM.getBoxModel`` gives the corners of the elements whose inside has
coordinates of its own (frames, images with a map), wherever transforms put them. Nothing runs in the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from .accessibility import Accessible, accessible_among, accessible_nodes
from .frames import Attached, Corners, attached, owner_of
from .style import PROPERTIES

PATIENCE = 2.0
"""Seconds in which none of the frames still waited for has answered, after which those are left out: their main threads are busy."""


MANY = 15_000
"""Nodes of a document (texts counted) beyond which roles, names and states are asked for on the screen only.

All of them at once cost a browser about 0.15 ms a node, some 500 bytes each: 15 s and 53 MB for 100,000. Elsewhere on such a page
elements have tags, texts and boxes, and the role ``generic``.
"""
ASKED = 2_000
"""Elements on the screen that are asked for then, the smallest first; 300 took as long as 1,000 nodes of a whole tree."""


class Layout(NamedTuple):
    """All that one process told of its part of a page.

    Attributes:
        name: What tells its nodes from those of another process; empty for the main frame's.
        documents: Documents of the layout snapshot, the outermost first.
        strings: Strings of the snapshot.
        accessible: By ``backendNodeId``.
        corners: Of frames' elements and of images with a map, by ``backendNodeId``.
        guests: Frames of other processes, by ``backendNodeId`` of their elements.
    """

    name: str
    documents: list[Any]
    strings: list[str]
    accessible: dict[int, Accessible]
    corners: dict[int, Corners]
    guests: dict[int, Layout]


async def layout_of(page: Page, session: CDPSession, native: float) -> Layout:
    """Asks every process of a page at once.

    Args:
        page: The page.
        session: Its debugging session.
        native: See `Viewport.native`.

    Raises:
        playwright Error: The page is gone.
    """
    frames = await attached(page, session) if len(page.frames) > 1 else ()
    owners = await asyncio.gather(*(owner_of(each) for each in frames))
    homes: dict[CDPSession, dict[int, Attached]] = {session: {}, **{each.session: {} for each in frames}}
    for each, owner in zip(frames, owners, strict=True):
        if owner is not None:
            homes[each.host][owner] = each
    others = [asyncio.ensure_future(_ask(each.id, each.session, homes[each.session], native)) for each in frames]
    try:
        main = await _ask("", session, homes[session], native)
        await _patiently(others)
    finally:
        for task in others:
            task.cancel()
        told = await asyncio.gather(*others, return_exceptions=True)
    answered = {each.session: found for each, found in zip(frames, told, strict=True)}
    for host, inside in homes.items():
        home = main if host is session else answered[host]
        for owner, each in inside.items():
            guest = answered[each.session]
            if isinstance(home, Layout) and isinstance(guest, Layout):
                home.guests[owner] = guest
    return main


async def _patiently(tasks: Iterable[asyncio.Task[Layout]]) -> None:
    """Waits for those that answer: a busy machine answers late, but it answers, one after the other."""
    waiting = set(tasks)
    while waiting:
        done, waiting = await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return


async def _ask(name: str, session: CDPSession, guests: dict[int, Attached], native: float) -> Layout:
    snapshot = await session.send(
        "DOMSnapshot.captureSnapshot",
        {"computedStyles": list(PROPERTIES), "includePaintOrder": True, "includeDOMRects": False},
    )
    documents, strings = snapshot["documents"], snapshot["strings"]
    if native != 1:
        await asyncio.to_thread(_to_css, documents, native)
    shaped = {*guests, *_framed(documents), *_mapped(documents, strings)}
    answers, corners = await asyncio.gather(
        asyncio.gather(*(_accessible(session, document, strings) for document in documents)),
        asyncio.gather(*(_corners(session, node) for node in shaped)),
    )
    accessible = {key: value for answer in answers for key, value in answer.items()}
    found = {node: each for node, each in zip(shaped, corners, strict=True) if each is not None}
    return Layout(name, documents, strings, accessible, found, {})


def _to_css(documents: list[Any], native: float) -> None:
    """Makes CSS pixels of all that a snapshot measures; its styles are in CSS pixels already."""
    for document in documents:
        for key in ("scrollOffsetX", "scrollOffsetY", "contentWidth", "contentHeight"):
            if key in document:
                document[key] /= native
        for boxes in (document["layout"], document["textBoxes"]):
            boxes["bounds"] = [[each / native for each in row] for row in boxes["bounds"]]


async def _accessible(session: CDPSession, document: Any, strings: list[str]) -> dict[int, Accessible]:
    if len(document["nodes"]["nodeType"]) <= MANY:
        return await accessible_nodes(session, strings[document["frameId"]])
    seen = await asyncio.to_thread(lambda: list(_on_screen(document)))
    return await accessible_among(session, seen)


def _on_screen(document: Any) -> Iterator[int]:
    """The elements whose boxes reach into a document's viewport, the smallest first."""
    nodes, layout = document["nodes"], document["layout"]
    left, top = document.get("scrollOffsetX", 0), document.get("scrollOffsetY", 0)
    if not layout["bounds"]:
        return
    width, height = layout["bounds"][0][2:4]
    near = [
        (bounds[2] * bounds[3], node)
        for node, bounds in zip(layout["nodeIndex"], layout["bounds"], strict=True)
        if bounds[0] < left + width
        and bounds[1] < top + height
        and bounds[0] + bounds[2] > left
        and bounds[1] + bounds[3] > top
        and nodes["nodeType"][node] == 1
    ]
    for _, node in sorted(near)[:ASKED]:
        yield nodes["backendNodeId"][node]


def _framed(documents: list[Any]) -> Iterator[int]:
    """Elements that hold a document of the same process."""
    for document in documents:
        nodes = document["nodes"]
        for node in nodes.get("contentDocumentIndex", {}).get("index", ()):
            yield nodes["backendNodeId"][node]


def _mapped(documents: list[Any], strings: list[str]) -> Iterator[int]:
    """Images with a map."""
    try:
        wanted = strings.index("usemap")
    except ValueError:
        return
    for document in documents:
        nodes = document["nodes"]
        for node, row in enumerate(nodes["attributes"]):
            if wanted in row[::2]:
                yield nodes["backendNodeId"][node]


async def _corners(session: CDPSession, node: int) -> Corners | None:
    try:
        model = (await session.send("DOM.getBoxModel", {"backendNodeId": node}))["model"]
    except PlaywrightError:
        # gone since the snapshot, or not rendered
        return None
    return Corners(model["content"], model["border"], model["width"], model["height"])
