"""What stands at a point of a page, and what has its keyboard: questions to the innermost element, through frames and shadow roots."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from ....tools.errors import EnvironmentFailed
from ....tools.geometry import Point
from .frames import LIMIT, Attached, attached, place_of
from .viewport import viewport_of

_HERE = Path(__file__).parent
_ELEMENT = (_HERE / "element.js").read_text(encoding="utf-8")
_FOCUS = (_HERE / "focus.js").read_text(encoding="utf-8")

OPAQUE = ("canvas", "iframe", "frame", "embed", "object")
"""Elements that may take keys without saying so: what is drawn, and frames that do not answer."""

_DEEPEST = 40
"""Frames and shadow roots in one another after which the search for the focus ends."""


async def call_at(
    page: Page, session: CDPSession, at: Point, function: str, *arguments: object
) -> dict[str, Any] | None:
    """Calls a function of ``element.js`` on the innermost node at a point.

    Args:
        page: The page.
        session: Its debugging session.
        at: CSS pixels from the corner of the visual viewport, as input is sent (`Viewport.to_input`).
        function: Its name.
        arguments: Plain data.

    Returns:
        What it returns; None when nothing is there.

    Raises:
        EnvironmentFailed: The page broke it.
    """
    corner = (await viewport_of(session)).corner
    try:
        home, node = await _innermost(page, session, at.offset(corner.x, corner.y))
        resolved = await home.send("DOM.resolveNode", {"backendNodeId": node})
    except PlaywrightError:
        return None
    answer = await home.send(
        "Runtime.callFunctionOn",
        {
            "objectId": resolved["object"]["objectId"],
            "functionDeclaration": f"function (...rest) {{ return ({_ELEMENT}).{function}.apply(this, rest); }}",
            "arguments": [{"value": each} for each in arguments],
            "returnByValue": True,
        },
    )
    if "exceptionDetails" in answer:
        raise EnvironmentFailed(f"the page broke {function}: {answer['exceptionDetails'].get('text')}")
    value = answer["result"]["value"]
    assert isinstance(value, dict)
    return value


async def takes_text(page: Page, session: CDPSession) -> bool:
    """Whether what has the focus takes text, as far as it can be told from outside.

    Args:
        page: The page.
        session: Its debugging session.
    """
    home, element = session, await _active(session)
    for _ in range(_DEEPEST):
        if element is None:
            return False
        try:
            inner = await asyncio.wait_for(_active_in(page, home, element), LIMIT)
        except (PlaywrightError, TimeoutError):
            # a frame that is gone or does not answer: its element speaks for it
            break
        if inner is None:
            break
        home, element = inner
    question = {"objectId": element, "functionDeclaration": _FOCUS, "returnByValue": True}
    answer = await home.send("Runtime.callFunctionOn", question)
    return answer["result"].get("value") is True


async def _innermost(page: Page, session: CDPSession, at: Point) -> tuple[CDPSession, int]:
    """The session and ``backendNodeId`` of the node at a point of a document, CSS pixels of it."""
    # the protocol wants whole coordinates
    place = {"x": int(at.x), "y": int(at.y)}
    node = (await session.send("DOM.getNodeForLocation", {**place, "includeUserAgentShadowDOM": False}))[
        "backendNodeId"
    ]
    try:
        inner = await asyncio.wait_for(_enter(page, session, node, at), LIMIT)
        return (session, node) if inner is None else await _innermost(page, inner[0], inner[1])
    except (PlaywrightError, TimeoutError):
        # the frame is gone or does not answer: its element is what can be told
        return session, node


async def _enter(page: Page, session: CDPSession, node: int, at: Point) -> tuple[CDPSession, Point] | None:
    """Where a point of a document lies in the frame of another process that an element holds; None when it holds none."""
    frame = await _frame_of(page, session, {"backendNodeId": node})
    if frame is None:
        return None
    place, outer, inner = await asyncio.gather(
        place_of(frame), session.send("Page.getLayoutMetrics"), frame.session.send("Page.getLayoutMetrics")
    )
    if place is None:
        return None
    corner = outer["cssVisualViewport"]
    inside = place.to_host.inverse().point(at.offset(-corner["pageX"], -corner["pageY"]))
    scrolled = inner["cssLayoutViewport"]
    return frame.session, inside.offset(scrolled["pageX"], scrolled["pageY"])


async def _frame_of(page: Page, session: CDPSession, node: dict[str, Any]) -> Attached | None:
    """The frame of another process that an element holds."""
    name = (await session.send("DOM.describeNode", node))["node"].get("frameId")
    if name is None:
        return None
    return next((each for each in await attached(page, session) if each.id == name), None)


async def _active(session: CDPSession) -> str | None:
    answer = await session.send("Runtime.evaluate", {"expression": "document.activeElement"})
    found = answer["result"].get("objectId")
    return None if found is None else str(found)


async def _active_in(page: Page, session: CDPSession, element: str) -> tuple[CDPSession, str] | None:
    """What has the focus inside an element: in its shadow root, which may be closed, or in its frame."""
    node = (await session.send("DOM.describeNode", {"objectId": element}))["node"]
    if "frameId" in node and "contentDocument" not in node:
        frame = next((each for each in await attached(page, session) if each.id == node["frameId"]), None)
        found = None if frame is None else await _active(frame.session)
        return None if frame is None or found is None else (frame.session, found)
    roots = [each for each in node.get("shadowRoots", ()) if each.get("shadowRootType") != "user-agent"]
    for root in (*roots, *([node["contentDocument"]] if "contentDocument" in node else ())):
        resolved = await session.send("DOM.resolveNode", {"backendNodeId": root["backendNodeId"]})
        question = {
            "objectId": resolved["object"]["objectId"],
            "functionDeclaration": "function () { return this.activeElement }",
        }
        found = (await session.send("Runtime.callFunctionOn", question))["result"].get("objectId")
        if found is not None:
            return session, found
    return None
