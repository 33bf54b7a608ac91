"""What is asked of a page before its tree is put together: a layout snapshot of every process that has a part of it.

``DOMSnapshot.captureSnapshot`` gives boxes, styles, paint order and texts of all frames of a process, shadow roots included;
``Accessibility.getFullAXTree`` gives roles, names and states; ``DOM.getBoxModel`` gives the corners of the elements whose inside has
coordinates of its own (frames, images with a map), wherever transforms put them. Nothing runs in the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from .accessibility import Accessible, accessible_nodes
from .frames import Attached, Corners, attached, owner_of
from .style import PROPERTIES

PATIENCE = 1.5
"""Seconds that all frames of other processes together may take: what has not answered by then is left out."""


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


async def layout_of(page: Page, session: CDPSession) -> Layout:
    """Asks every process of a page at once.

    Args:
        page: The page.
        session: Its debugging session.

    Raises:
        playwright Error: The page is gone.
    """
    frames = await attached(page, session) if len(page.frames) > 1 else ()
    owners = await asyncio.gather(*(owner_of(each) for each in frames))
    homes: dict[CDPSession, dict[int, Attached]] = {session: {}, **{each.session: {} for each in frames}}
    for each, owner in zip(frames, owners, strict=True):
        if owner is not None:
            homes[each.host][owner] = each
    main, *others = await asyncio.gather(
        _ask("", session, homes[session]),
        *(_patiently(each, homes[each.session]) for each in frames),
    )
    assert main is not None
    answered = dict(zip((each.session for each in frames), others, strict=True))
    for host, inside in homes.items():
        home = main if host is session else answered[host]
        for owner, each in inside.items():
            guest = answered[each.session]
            if home is not None and guest is not None:
                home.guests[owner] = guest
    return main


async def _patiently(frame: Attached, guests: dict[int, Attached]) -> Layout | None:
    try:
        return await asyncio.wait_for(_ask(frame.id, frame.session, guests), PATIENCE)
    except (PlaywrightError, TimeoutError):
        return None


async def _ask(name: str, session: CDPSession, guests: dict[int, Attached]) -> Layout:
    snapshot = await session.send(
        "DOMSnapshot.captureSnapshot",
        {"computedStyles": list(PROPERTIES), "includePaintOrder": True, "includeDOMRects": False},
    )
    documents, strings = snapshot["documents"], snapshot["strings"]
    shaped = {*guests, *_framed(documents), *_mapped(documents, strings)}
    answers, corners = await asyncio.gather(
        asyncio.gather(*(accessible_nodes(session, strings[document["frameId"]]) for document in documents)),
        asyncio.gather(*(_corners(session, node) for node in shaped)),
    )
    accessible = {key: value for answer in answers for key, value in answer.items()}
    found = {node: each for node, each in zip(shaped, corners, strict=True) if each is not None}
    return Layout(name, documents, strings, accessible, found, {})


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
