"""What stands at a point of a page: questions to the innermost element there, through frames and shadow roots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Point

_HERE = Path(__file__).parent
_ELEMENT = (_HERE / "element.js").read_text(encoding="utf-8")
_FOCUS = (_HERE / "focus.js").read_text(encoding="utf-8")

OPAQUE = ("canvas", "iframe", "frame", "embed", "object")
"""Elements that may take keys without saying so."""


async def call_at(session: CDPSession, at: Point, function: str, *arguments: object) -> dict[str, Any] | None:
    """Calls a function of ``element.js`` on the innermost node at a point.

    Args:
        session: Debugging session of the page.
        at: CSS pixels of the viewport.
        function: Its name.
        arguments: Plain data.

    Returns:
        What it returns; None when nothing is there.

    Raises:
        EnvironmentFailed: The page broke it.
    """
    scrolled = (await session.send("Page.getLayoutMetrics"))["cssVisualViewport"]
    # the protocol wants coordinates of the document, and whole ones
    place = {"x": int(at.x + scrolled["pageX"]), "y": int(at.y + scrolled["pageY"])}
    try:
        node = await session.send("DOM.getNodeForLocation", {**place, "includeUserAgentShadowDOM": False})
        resolved = await session.send("DOM.resolveNode", {"backendNodeId": node["backendNodeId"]})
    except PlaywrightError:
        return None
    answer = await session.send(
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


async def takes_text(session: CDPSession) -> bool:
    """Whether what has the focus takes text, as far as it can be told from outside."""
    answer = await session.send("Runtime.evaluate", {"expression": _FOCUS, "returnByValue": True})
    focus = answer["result"].get("value") or {}
    return bool(focus.get("takes"))
