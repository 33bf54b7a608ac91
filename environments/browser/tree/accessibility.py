"""Roles, names, values and states of the nodes of a page, as the browser's accessibility tree has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

# Blink's own names (ui/accessibility/ax_enums.mojom) → ARIA
_ROLES = {
    "RootWebArea": "document",
    "LabelText": "label",
    "Legend": "legend",
    "Date": "date",
    "DateTime": "date",
    "InputTime": "time",
    "ColorWell": "color",
    "Iframe": "iframe",
    "LayoutTable": "table",
    "LayoutTableRow": "row",
    "LayoutTableCell": "cell",
    "MenuListOption": "option",
    "MenuListPopup": "listbox",
    "PluginObject": "embed",
    "DisclosureTriangle": "button",
    "SpinButton": "spinbutton",
}
_FLAGS = ("disabled", "focused", "required", "readonly", "selected", "multiline", "modal")


class Accessible(NamedTuple):
    """What is known of one node; ``role`` in ARIA's words, ``url`` where a link leads."""

    role: str
    name: str
    value: str | None
    states: tuple[str, ...]
    url: str


async def accessible_nodes(session: CDPSession, frame: str) -> dict[int, Accessible]:
    """The nodes of one frame by their ``backendNodeId``; none when the frame is gone or another process has it."""
    try:
        answer = await session.send("Accessibility.getFullAXTree", {"frameId": frame})
    except PlaywrightError:
        # a frame that went away between the two snapshots, or whose process is another: boxes and texts remain
        return {}
    # thousands of nodes are read at once: not on the event loop
    return await asyncio.to_thread(_read, answer["nodes"])


async def accessible_among(session: CDPSession, keys: Iterable[int]) -> dict[int, Accessible]:
    """Some nodes by their ``backendNodeId``, asked for one by one: on a page of very many this is quicker than to ask for all."""
    found: dict[int, Accessible] = {}
    for each in await asyncio.gather(*(_one(session, key) for key in keys)):
        found.update(each)
    return found


async def _one(session: CDPSession, key: int) -> dict[int, Accessible]:
    question = {"backendNodeId": key, "fetchRelatives": False}
    try:
        return _read((await session.send("Accessibility.getPartialAXTree", question))["nodes"])
    except PlaywrightError:
        return {}


def _read(nodes: Iterable[Any]) -> dict[int, Accessible]:
    found: dict[int, Accessible] = {}
    for node in nodes:
        if node.get("ignored") or "backendDOMNodeId" not in node:
            continue
        role = str(node.get("role", {}).get("value", "generic"))
        if role in ("StaticText", "InlineTextBox", "none"):
            continue
        value = node.get("value", {}).get("value")
        properties = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
        found[node["backendDOMNodeId"]] = Accessible(
            _ROLES.get(role, role.lower() if role[:1].isupper() else role),
            " ".join(str(node.get("name", {}).get("value", "")).split()),
            None if value is None else str(value),
            _states(properties),
            str(properties.get("url", "")) if role == "link" else "",
        )
    return found


def _states(properties: dict[str, Any]) -> tuple[str, ...]:
    states = [name for name in _FLAGS if properties.get(name) is True]
    for name, words in (("checked", ("checked", "unchecked")), ("pressed", ("pressed", "unpressed"))):
        if name in properties:
            states.append({"true": words[0], "mixed": "mixed"}.get(str(properties[name]), words[1]))
    if "expanded" in properties:
        states.append("expanded" if properties["expanded"] else "collapsed")
    return tuple(states)
