"""Chrome DevTools Recorder out: the JSON of a user flow, which the Recorder panel and ``@puppeteer/replay`` read and run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ...tools.actions import (
    Back,
    Click,
    CloseTab,
    Hover,
    Intent,
    Key,
    Move,
    Navigate,
    Place,
    Reload,
    Scroll,
    Select,
    Type,
    Wait,
)
from ...tools.errors import UsageError
from ...tools.keys import parse_chord
from ...tools.words import cut, in_words, one_line
from ..reader import Episode
from ..schema import Start, Step
from .formats import Exported
from .outgoing import lose_rest, write_file
from .recording import Tally
from .targets import Handle, act_of, handles, xpath_of

_KEYS = frozenset(
    [
        *"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        *" *+-/;=,.`[\\]')!@#$%^&(:<_>?~{|}\"",
        *(f"F{number}" for number in range(1, 25)),
        *(
            "Backspace Tab Enter Pause CapsLock Escape PageUp PageDown End Home ArrowLeft ArrowUp ArrowRight ArrowDown"
        ).split(),
        *("Insert Delete ContextMenu NumLock ScrollLock AltGraph Shift Control Alt Meta").split(),
    ]
)
"""Keys that the Recorder's schema knows, of those that have a name here."""
_BUTTONS = {"left": "primary", "middle": "auxiliary", "right": "secondary"}
_LONGEST_WAIT = 30


class ToRecorder:
    """See `Exporter`. The Recorder has no way to read a secret: placeholders stay in it as they are."""

    ending = ".recorder.json"

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`."""
        task = episode.header.task
        if not episode.steps or (task.environment != "browser" and not episode.steps[0].saw.url):
            raise UsageError("the episode has no steps in a browser, which is what the Recorder replays")
        tally = Tally()
        flow = _Flow(tally)
        flow.steps.append(_viewport(task.start))
        url = episode.steps[0].saw.url or task.start.url
        if url:
            flow.steps.append({"type": "navigate", "url": url})
        for step in episode.steps:
            flow.add(step)
        title = cut(one_line(task.goal or task.name), 200)
        lose_rest(episode, tally)
        tally.lose("a postcondition", len(task.postconditions))
        document = {"title": title, "steps": flow.steps}
        write_file(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        note = "secrets are placeholders in it: put them in before it runs" if episode.header.redactions else ""
        return Exported(path, tally.losses, note=note)


def _viewport(start: Start) -> dict[str, Any]:
    width, height = start.viewport.width, start.viewport.height
    return {
        "type": "setViewport",
        "width": width,
        "height": height,
        "deviceScaleFactor": start.scale,
        "isMobile": start.mobile,
        "hasTouch": start.touch,
        "isLandscape": width > height,
    }


class _Flow:
    def __init__(self, tally: Tally) -> None:
        self.steps: list[dict[str, Any]] = []
        self._tally = tally
        self._focused: dict[str, Any] = {}
        self._scrolled: dict[str, float] = {"x": 0, "y": 0}

    def add(self, step: Step) -> None:
        """The steps of the Recorder for one of ours."""
        if step.error is not None:
            self._tally.lose("a step that failed")
            return
        before = len(self.steps)
        self._verb(act_of(step), step)
        moved = step.left is not None and step.left.url != step.saw.url and step.left.url.startswith("http")
        if moved:
            self._scrolled = {"x": 0, "y": 0}
        # what leads away is a key going down, and not its coming up again
        acts = [each for each in self.steps[before:] if each["type"] in ("click", "doubleClick", "change", "keyDown")]
        if moved and acts and step.left is not None:
            acts[-1]["assertedEvents"] = [{"type": "navigation", "url": step.left.url, "title": step.left.title}]

    def _verb(self, verb: Intent, step: Step) -> None:
        found = handles(step)
        match verb:
            case Click():
                self._click(verb, found[0])
            case Hover() | Move():
                target = self._target(found[0], verb)
                if target:
                    self.steps.append({"type": "hover", **target})
            case Type():
                self._type(verb, found[0] if found else None)
            case Select():
                self._select(verb, found[0], step)
            case Key():
                for chord in verb.keys:
                    self._chord(chord)
            case Scroll():
                scale = step.saw.surfaces[0].to_input
                # the Recorder has positions where we have distances
                self._scrolled["x"] = max(0.0, self._scrolled["x"] + verb.dx * scale.scale_x)
                self._scrolled["y"] = max(0.0, self._scrolled["y"] + verb.dy * scale.scale_y)
                self._tally.lose("over which part of the page a wheel is turned: the page is scrolled")
                self.steps.append({"type": "scroll", **self._scrolled})
            case Navigate():
                url = step.left.url if step.left is not None and step.left.url else urljoin(step.saw.url, verb.url)
                self.steps.append({"type": "navigate", "url": url})
            case Back() | Reload() if step.left is not None and step.left.url:
                self._tally.lose(f"{verb.verb}: as the address that it led to")
                self.steps.append({"type": "navigate", "url": step.left.url})
            case Wait():
                self._wait(verb, found)
            case CloseTab(tab=None):
                self.steps.append({"type": "close"})
            case _ if verb.verb in ("done", "answer", "fail", "read", "ask_user"):
                self._tally.lose("what is only said: an answer, a claim, what was read")
            case _:
                self._tally.lose(f"{verb.verb}: the Recorder has no step for it")

    def _click(self, verb: Click[Place], handle: Handle) -> None:
        target = self._target(handle, verb, offsets=True)
        if not target:
            return
        if verb.modifiers:
            self.steps += [{"type": "keyDown", "key": each} for each in verb.modifiers]
        if verb.count > 2:
            self._tally.lose("the third click of three")
        button = {"button": _BUTTONS[verb.button]} if verb.button != "left" else {}
        self.steps.append({"type": "doubleClick" if verb.count > 1 else "click", **target, **button})
        if verb.modifiers:
            self.steps += [{"type": "keyUp", "key": each} for each in reversed(verb.modifiers)]
        self._focused = {key: value for key, value in target.items() if not key.startswith("offset")}

    def _type(self, verb: Type[Place], handle: Handle | None) -> None:
        if handle is not None:
            target = self._target(handle, verb, offsets=True)
            if not target:
                return
            self.steps.append({"type": "click", **target})
            self._focused = {key: value for key, value in target.items() if not key.startswith("offset")}
        first, *rest = verb.text.split("\n")
        if self._focused and "selectors" in self._focused:
            if not verb.replace:
                self._tally.lose("what the field held before: the Recorder sets its whole value")
            self.steps.append({"type": "change", **self._focused, "value": first})
        else:
            self._keys(first)
        for each in rest:
            self._chord("Enter")
            self._keys(each)

    def _keys(self, text: str) -> None:
        for char in text:
            if char in _KEYS:
                self.steps += [{"type": "keyDown", "key": char}, {"type": "keyUp", "key": char}]
            else:
                self._tally.lose("a character that the Recorder has no key for")

    def _select(self, verb: Select[Place], handle: Handle, step: Step) -> None:
        target = self._target(handle, verb)
        if not target:
            return
        self._tally.lose("that an option was chosen by its label: the Recorder sets the value")
        self.steps.append({"type": "change", **target, "value": verb.options[0]})
        self._tally.lose("a further option", len(verb.options) - 1)

    def _chord(self, chord: str) -> None:
        keys = parse_chord(chord)
        wrong = next((key for key in keys if key not in _KEYS), None)
        if wrong is not None:
            self._tally.lose(f"the key {wrong}: the Recorder does not know it")
            return
        self.steps += [{"type": "keyDown", "key": key} for key in keys]
        self.steps += [{"type": "keyUp", "key": key} for key in reversed(keys)]

    def _wait(self, verb: Wait[Place], found: tuple[Handle, ...]) -> None:
        timeout = {"timeout": max(1, min(_LONGEST_WAIT, verb.seconds) * 1000)}
        if not found:
            milliseconds = round(min(_LONGEST_WAIT, verb.seconds) * 1000)
            expression = f"new Promise(resolve => setTimeout(() => resolve(true), {milliseconds}))"
            self.steps.append(
                {"type": "waitForExpression", "expression": expression, "timeout": min(30000, milliseconds + 5000)}
            )
            return
        target = self._target(found[0], verb)
        if target and verb.gone:
            self.steps.append({"type": "waitForElement", **target, "operator": "==", "count": 0, **timeout})
        elif target:
            self.steps.append({"type": "waitForElement", **target, "operator": ">=", "count": 1, **timeout})

    def _target(self, handle: Handle, verb: Intent, *, offsets: bool = False) -> dict[str, Any]:
        """Selectors of a target, and where in it; by pixels of the page where it has none."""
        selectors = _selectors(handle)
        point, box = handle.point, handle.box
        frame = {"frame": [each.number for each in handle.frames]} if handle.frames else {}
        if not selectors:
            if point is None:
                self._tally.lose(f"{verb.verb}: its place is only described: {cut(in_words(verb), 60)}")
                return {}
            self._tally.lose("a target that is known by its pixels only: an offset in the page as it stood unscrolled")
            at = {"offsetX": round(point.x, 2), "offsetY": round(point.y, 2)}
            return {"target": "main", "selectors": [["html"]], **(at if offsets else {})}
        found: dict[str, Any] = {"target": "main", **frame, "selectors": selectors}
        if offsets:
            inside = point is not None and box is not None and box.contains(point)
            x, y = (
                (point.x - box.left, point.y - box.top)
                if inside and point is not None and box is not None
                else (1.0, 1.0)
            )
            found |= {"offsetX": round(x, 2), "offsetY": round(y, 2)}
        return found


_QUERY = re.compile(r"[\[\]\\\"]")


def _selectors(handle: Handle) -> list[list[str]]:
    """In the order in which the Recorder itself lists them: by name, by place, by words."""
    alone = handle.alike <= 1
    found = []
    # brackets in a name would be read as a query for attributes
    speakable = bool(handle.name) and not _QUERY.search(handle.name)
    if handle.role and speakable and alone:
        found.append([f'aria/{handle.name}[role="{handle.role}"]'])
    if handle.css:
        found += [[handle.css], [f"xpath/{xpath_of(handle.css)}"]]
    if (
        handle.name
        and (alone or handle.words)
        and (handle.words or not handle.css or handle.role in ("button", "link"))
    ):
        found.append([f"text/{handle.name}"])
    return found
