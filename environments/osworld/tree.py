"""The accessibility tree as the machine's server gives it, XML, read into what programs say of themselves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

from ...episodes.schema import Tree
from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Box
from ...tools.secrets import Secrets
from ..desktop.seat import Shown
from ..desktop.tree.access import Accessibility
from ..desktop.tree.build import Builder
from ..desktop.tree.place import Program, tops
from ..desktop.tree.walk import Thing
from ..desktop.tree.wire import Ref
from ..desktop.tree.words import PLAIN, TEXTUAL, State, role_named
from .server import Server

_NAMESPACE = "{https://accessibility.ubuntu.example.org/ns/"
_STATE, _PLACE, _VALUE = (f"{_NAMESPACE}{each}}}" for each in ("state", "component", "value"))
_PAIR = re.compile(r"\(\s*(-?\d+)\s*,\s*(-?\d+)\s*\)")
_DEEPEST = 200


class RemoteAccessibility(Accessibility):
    """The programs of a machine: its server is asked, and no bus of this one.

    Args:
        server: In the machine.
    """

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    async def open(self, session_bus: str | None) -> None:
        """There is nothing to open."""

    async def tree(
        self,
        windows: Sequence[Shown],
        to_frame: Callable[[Box], Box],
        *,
        screen: Box | None = None,
        secrets: Secrets | None = None,
    ) -> Tree | str:
        """See `Accessibility.tree`."""
        try:
            text = await asyncio.to_thread(self._server.tree)
        except EnvironmentFailed as error:
            return f"the machine gives no tree: {error.message}"
        try:
            programs = programs_of(text)
        except ElementTree.ParseError as error:
            return f"the machine's tree is no XML: {error}"
        if not tops(programs):
            return "no program says what it shows"
        builder = Builder(programs, windows, to_frame, screen, secrets or Secrets())
        return await asyncio.to_thread(builder.build)


def programs_of(text: str) -> list[Program]:
    """What each program of an XML tree says.

    Raises:
        ElementTree.ParseError: It is no XML.
    """
    root = ElementTree.fromstring(text)
    found = []
    for number, each in enumerate(root):
        thing = _thing(each, f"{number}", 0)
        if thing is not None:
            found.append(Program(0, thing))
    return found


def active_address(text: str, prefix: str) -> str | None:
    """What stands in the address bar of the browser, after a prefix; None where there is none, or nothing in it."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    for program in ("Google Chrome", "Chromium"):
        entries = [
            entry
            for application in root.iter("application")
            if application.get("name") == program
            for entry in application.iter("entry")
            if entry.get("name") == "Address and search bar"
        ]
        if entries:
            return f"{prefix}{entries[0].text}" if entries[-1].text else None
    return None


def _thing(node: ElementTree.Element, path: str, depth: int) -> Thing | None:
    """One element and what is in it; None of one that does not show, as the walk of a bus leaves it out."""
    states = State(0)
    for key in node.attrib:
        name = key.removeprefix(_STATE).upper().replace("-", "_")
        if key.startswith(_STATE) and name in State.__members__:
            states |= State[name]
    application = depth == 0
    if depth > _DEEPEST or not (application or states & State.SHOWING):
        return None
    role = role_named("application" if application else node.tag.replace("-", " "))
    inside = (_thing(each, f"{path}/{number}", depth + 1) for number, each in enumerate(node))
    return Thing(
        ref=Ref("machine", f"/{path}"),
        role=role,
        states=int(states),
        name=" ".join(node.get("name", "").split()),
        box=None if application else _box(node),
        text=(node.text or "") if role in TEXTUAL or (role in PLAIN and node.text) else None,
        value=_number(node.get(f"{_VALUE}value")),
        inside=[each for each in inside if each is not None],
    )


def _box(node: ElementTree.Element) -> Box | None:
    corner, size = (_PAIR.fullmatch(node.get(f"{_PLACE}{name}", "")) for name in ("screencoord", "size"))
    if corner is None or size is None:
        return None
    width, height = int(size[1]), int(size[2])
    if width <= 0 or height <= 0:
        return None
    return Box.at(int(corner[1]), int(corner[2]), width, height)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
