"""A screen drawn in memory: a small, exact world for tests, examples and conformance.

A scene is a set of widgets. It reacts at once, paints the same pixels every time, offers a tree, and knows the truth about itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..episodes.schema import (
    Evidence,
    Json,
    LazyTree,
    Node,
    Observation,
    ObservationId,
    Probe,
    Sent,
    Start,
    Tree,
)
from ..tools.actions import Act, Click, Hold, Key, Select, Type, Wait, places
from ..tools.errors import ActionError, EnvironmentFailed
from ..tools.geometry import Box, Point, Surface
from ..tools.pixels import Frame
from ..tools.plugins import load
from ..tools.secrets import Secrets
from .base import Stepped, refuse_stale
from .probes import probe_machine

SCENES = {"buttons": ".environments.drawn:buttons", "twins": ".environments.drawn:twins"}
"""Short names of the scenes that ship."""

_FONT_SIZE = 18
_IMPOSSIBLE = {
    **dict.fromkeys(("navigate", "back", "forward", "reload", "new_tab", "switch_tab", "close_tab"), "no pages"),
    **dict.fromkeys(("focus_window", "close_window"), "no windows"),
    "answer_dialog": "no dialogs",
    "upload": "no file inputs",
}
"""Verb → what it would need."""


@dataclass(frozen=True)
class Widget:
    """One thing of a scene; its box is in frame pixels."""

    role: str
    name: str
    box: Box
    value: str = ""
    checked: bool = False
    options: tuple[str, ...] = ()


@dataclass
class Scene:
    """What there is and how it reacts.

    Attributes:
        widgets: Painted in order.
        facts: What a ``script`` probe can ask for by name.
        clicked: Called with the scene and the index of the widget that was clicked; changes the scene.
    """

    widgets: list[Widget]
    facts: dict[str, Json] = field(default_factory=dict)
    clicked: Callable[[Scene, int], None] = lambda scene, index: None
    focus: int | None = None

    def at(self, point: Point) -> int | None:
        """Index of the topmost widget at a point."""
        hits = [index for index, each in enumerate(self.widgets) if each.box.contains(point)]
        return hits[-1] if hits else None

    def change(self, index: int, **fields: object) -> None:
        """Replaces fields of a widget."""
        self.widgets[index] = replace(self.widgets[index], **fields)  # type: ignore[arg-type]  # names are the caller's


class DrawnEnvironment:
    """An `Environment` over a scene in memory.

    Args:
        scene: Makes the scene anew at every reset; by default the one that ``start.drawn`` names (``buttons``).
        secrets: Values behind the placeholders in texts to be typed; what shows one is painted over.
    """

    def __init__(self, scene: Callable[[], Scene] | None = None, *, secrets: Secrets | None = None) -> None:
        self._make = scene
        self._secrets = secrets or Secrets()
        self._scene = Scene([])
        self._size = (640, 360)
        self._count = 0
        self._began = time.monotonic()
        self._latest: Observation | None = None
        self._open = False

    async def reset(self, start: Start) -> Observation:
        """See `Environment.reset`."""
        make = self._make or load("scene", start.drawn or "buttons", SCENES)
        self._scene = make()
        self._size = (start.viewport.width, start.viewport.height)
        self._began = time.monotonic()
        self._open = True
        return await self.look()

    async def look(self) -> Observation:
        """See `Environment.look`."""
        self._check_open()
        frame = self._paint()
        tree = LazyTree()
        tree.put(self._tree())
        observation = Observation(
            id=f"o{self._count:04d}",
            at=time.monotonic() - self._began,
            frame=frame,
            surfaces=(Surface(name="screen", box=frame.box),),
            title="drawn",
            tree=tree,
        )
        self._count += 1
        self._latest = observation
        return observation

    async def step(self, act: Act, on: ObservationId) -> Stepped:
        """See `Environment.step`."""
        refuse_stale(act, on, self._latest)
        began = time.monotonic()
        error = None
        try:
            self._carry_out(act)
        except ActionError as problem:
            error = problem
        took = time.monotonic() - began
        # placeholders as they stand: values never reach a record
        sent = () if error is not None else (Sent(device="script", event=act.verb, detail=act.model_dump_json()),)
        return Stepped(await self.look(), sent, error, {"act": took, "settle": 0.0})

    async def peek(self, box: Box) -> Frame:
        """See `Environment.peek`."""
        self._check_open()
        return self._paint().crop(box)

    async def probe(self, probe: Probe) -> Evidence:
        """See `Environment.probe`; ``script`` asks for one of the scene's facts by name."""
        self._check_open()
        match probe.kind:
            case "text":
                return Evidence(probe=probe, value="\n".join(self._tree().lines()))
            case "script":
                missing = "" if probe.argument in self._scene.facts else f"no fact {probe.argument!r}"
                return Evidence(probe=probe, value=self._scene.facts.get(probe.argument), missing=missing)
            case _:
                return await probe_machine(probe)

    async def describe(self) -> dict[str, Json]:
        """See `Environment.describe`."""
        return {"name": "drawn", "size": list(self._size)}

    async def close(self) -> None:
        """See `Environment.close`."""
        self._open = False
        self._latest = None

    def _check_open(self) -> None:
        if not self._open:
            raise EnvironmentFailed("there is no screen: it was not reset yet, or is closed", remedy="reset it first")

    def _carry_out(self, act: Act) -> None:
        scene = self._scene
        for place in places(act):
            if isinstance(place, Point) and not Box.at(0, 0, *self._size).contains(place):
                raise ActionError(
                    f"({place.x:.0f}, {place.y:.0f}) lies outside the screen of {self._size[0]}x{self._size[1]}"
                )
        match act:
            case Click():
                index = scene.at(act.at)
                scene.focus = index
                for _ in range(act.count if index is not None else 0):
                    scene.clicked(scene, index or 0)
            case Type():
                scene.focus = scene.focus if act.at is None else scene.at(act.at)
                self._type(self._secrets.reveal(act.text), replace=act.replace)
            case Select():
                index = scene.at(act.at)
                if index is None or act.options[0] not in scene.widgets[index].options:
                    raise ActionError(f"there is no option {act.options[0]!r} at that place")
                scene.change(index, value=act.options[0])
            case Key():
                if "Backspace" in act.keys and scene.focus is not None:
                    scene.change(scene.focus, value=scene.widgets[scene.focus].value[:-1])
            case Wait() | Hold():
                pass
            case _:
                if act.verb in _IMPOSSIBLE:
                    raise ActionError(
                        f"a drawn screen cannot {act.verb.replace('_', ' ')}: it has {_IMPOSSIBLE[act.verb]}"
                    )

    def _type(self, text: str, *, replace: bool) -> None:
        focus = self._scene.focus
        if focus is None or self._scene.widgets[focus].role != "textbox":
            raise ActionError("nothing that takes text has the focus")
        before = "" if replace else self._scene.widgets[focus].value
        self._scene.change(focus, value=before + text)

    def _paint(self) -> Frame:
        image = Image.new("RGB", self._size, (245, 246, 248))
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(size=_FONT_SIZE)
        masks = []
        for index, each in enumerate(self._scene.widgets):
            box = (each.box.left, each.box.top, each.box.right - 1, each.box.bottom - 1)
            fill = {"button": (40, 96, 214), "textbox": (255, 255, 255)}.get(each.role, (245, 246, 248))
            outline = (20, 40, 90) if index == self._scene.focus else (120, 130, 150)
            if each.role != "text":
                draw.rounded_rectangle(box, radius=4, fill=fill, outline=outline)
            text = each.value if each.role in ("textbox", "combobox") else each.name
            text = f"[{'x' if each.checked else ' '}] {text}" if each.role == "checkbox" else text
            ink = (255, 255, 255) if each.role == "button" else (20, 24, 32)
            draw.text((each.box.left + 8, each.box.top + 6), text, fill=ink, font=font)
            if self._secrets.occurs_in(text):
                masks.append(each.box)
        return Frame.from_pixels(np.asarray(image)).masked(masks)

    def _tree(self) -> Tree:
        root = Node(role="document", name="drawn", box=Box.at(0, 0, *self._size), extent=Box.at(0, 0, *self._size))
        nodes = [root]
        for index, each in enumerate(self._scene.widgets):
            states = ["checked" if each.checked else "unchecked"] if each.role == "checkbox" else []
            states += ["focused"] if index == self._scene.focus else []
            value = self._secrets.redact(each.value) if each.role in ("textbox", "combobox") else None
            seen = each.box.intersection(root.box) if root.box else None
            nodes.append(
                Node(
                    role=each.role,
                    name=each.name,
                    value=value,
                    parent=0,
                    box=seen,
                    extent=each.box,
                    paint=index + 1,
                    states=tuple(states),
                )
            )
        return Tree(tuple(nodes))


def buttons() -> Scene:
    """A field, a box to tick, a list, and a button that counts how often it was pressed."""

    def clicked(scene: Scene, index: int) -> None:
        widget = scene.widgets[index]
        if widget.role == "checkbox":
            scene.change(index, checked=not widget.checked)
        if widget.name == "Press me":
            count = int(str(scene.facts["presses"])) + 1
            scene.facts["presses"] = count
            scene.change(4, name=f"Pressed {count} times")

    return Scene(
        widgets=[
            Widget("textbox", "Name", Box.at(40, 40, 240, 36)),
            Widget("checkbox", "I agree", Box.at(40, 96, 160, 36)),
            Widget("combobox", "Colour", Box.at(40, 152, 160, 36), value="red", options=("red", "green", "blue")),
            Widget("button", "Press me", Box.at(40, 208, 120, 36)),
            Widget("text", "Pressed 0 times", Box.at(40, 264, 240, 36)),
        ],
        facts={"presses": 0},
        clicked=clicked,
    )


def twins() -> Scene:
    """Two buttons of the same name: which is meant has to be said."""

    def clicked(scene: Scene, index: int) -> None:
        scene.facts["pressed"] = index

    return Scene(
        widgets=[
            Widget("button", "Delete", Box.at(40, 40, 120, 36)),
            Widget("button", "Delete", Box.at(40, 140, 120, 36)),
        ],
        facts={"pressed": None},
        clicked=clicked,
    )
