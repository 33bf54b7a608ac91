"""GUI-Odyssey: steps across apps of a telephone, places from 0 to 1000.

The official rule: the same type; a click in the box or within 0.14 of the place, in parts of the image's sides; a text that holds the
other, or whose letters agree by half; a scroll of the same direction. What stands after a second colon of a text is not looked at, and
an empty text agrees with any. An episode is right when all its steps are; one that was not asked whole is left out. Both rates are means
over categories for the random split, and over everything for the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from ...episodes.schema import Item, Prediction, Score, Step, Truth
from ...tools.actions import Act, Back, Click, Done, Fail, Hold, Key, Say, Scroll, Type
from ...tools.geometry import Box, Point
from .boxes import numbers
from .grounding import task_of
from .images import Shot
from .phone import HOME, PRESSED, RECENT, key_of, scrolled, way_of
from .problems import BadRecord, DataRefused
from .reading import Data, Row
from .recorded import Asked, RecordedSuite, acted, past_step, verbs_of
from .steps import Average, checked, chosen
from .words_alike import edit_distance

_NEAR, _ALIKE = 0.14, 0.5
_POINTED = ("CLICK", "LONG_PRESS")
_CHORDS: dict[tuple[str, ...], str] = {HOME: "PRESS_HOME", RECENT: "PRESS_RECENT"}
_KEYS = {"KEY_HOME": "PRESS_HOME", "KEY_BACK": "PRESS_BACK", "KEY_APPSELECT": "PRESS_RECENT"}
_SWIPES = {"down": "UP", "up": "DOWN", "right": "LEFT", "left": "RIGHT"}
"""What a scroll shows → the way the finger goes."""


class Acted(NamedTuple):
    """One action as the official scorer reads it.

    Attributes:
        kind: ``CLICK``, ``LONG_PRESS``, ``SCROLL``, ``TYPE``, ``PRESS_HOME``, ``PRESS_BACK``, ``PRESS_RECENT``, ``COMPLETE``,
            ``IMPOSSIBLE``.
        info: (x, y) from 0 to 1000, a text, a direction; None of the others.
    """

    kind: str
    info: Any = None


def official(said: Acted, true: Acted, box: Sequence[float] | None) -> bool:
    """The official rule.

    Args:
        said: The answer.
        true: What was done.
        box: ``sam2_bbox``: left, top, right, bottom from 0 to 1000. An empty one makes a click wrong, as it does there.
    """
    if said.kind.strip() != true.kind.strip():
        return False
    if true.kind == "TYPE":
        return _alike(_cut(true.info), _cut(said.info))
    if true.kind == "SCROLL":
        return bool(true.info.strip().lower() == said.info.strip().lower())
    if true.kind not in _POINTED:
        return True
    if box is not None:
        if len(box) != 4:
            return False
        if box[0] <= said.info[0] <= box[2] and box[1] <= said.info[1] <= box[3]:
            return True
    off = math.hypot(said.info[0] / 1000 - true.info[0] / 1000, said.info[1] / 1000 - true.info[1] / 1000)
    return off <= _NEAR


def strict(said: Acted, true: Acted, box: Sequence[float] | None) -> bool:
    """The same type; a click in the box (far edges excluded), or within 0.01 where there is none; the same text."""
    if said.kind != true.kind:
        return False
    if true.kind == "TYPE":
        return bool(said.info.strip() == true.info.strip())
    if true.kind in _POINTED:
        x, y = said.info
        if box is not None and len(box) == 4:
            return bool(box[0] <= x < box[2] and box[1] <= y < box[3])
        return math.hypot(x - true.info[0], y - true.info[1]) <= 10
    return bool(said.info == true.info)


def _cut(text: str) -> str:
    # the scorer parses "TYPE: text" by its colons, of the truth and of the answer
    return text.split(":", maxsplit=1)[0].strip()


def _alike(true: str, said: str) -> bool:
    if true in said or said in true:
        return True
    return 1 - float(edit_distance(true, said)) / float(max(len(true), len(said))) >= _ALIKE


class GUIOdyssey(RecordedSuite):
    """See the module. Options: ``instruction`` (high, low): the goal alone, or with what is to be done in the step."""

    average: ClassVar[Average] = "groups"
    over: ClassVar[str] = "category"

    def read(self, data: Data, options: dict[str, str]) -> Iterator[Asked]:
        """See `RecordedSuite.read`."""
        checked(options, ("instruction",))
        low = chosen(options, "instruction", ("high", "low")) == "low"
        known: set[str] = set()
        for row in data.rows(data.annotations(lambda name: name.endswith(".json") and "split" not in name)):
            yield from self._episode(data, row, low, known)

    def _episode(self, data: Data, row: Row, low: bool, known: set[str]) -> Iterator[Asked]:
        steps, info = row.value.get("steps"), row.value.get("task_info")
        if not isinstance(steps, list) or not isinstance(info, dict) or "episode_id" not in row.value:
            raise DataRefused(f"{row.where}: it has no episode_id, task_info and steps, as GUI-Odyssey has")
        name = str(row.value["episode_id"])
        if name in known:
            data.problems.bad(row.where, BadRecord("its id is that of another record", name))
            return
        known.add(name)
        device = row.value.get("device_info")
        groups = {"category": str(info.get("category", "")), "device": _text(device, "device_name")}
        past: list[Step] = []
        for index, step in enumerate(steps):
            where = f"{row.where}, steps[{index}]"
            try:
                true, shot = _true(step), data.images.shot(step.get("screenshot"), row.file)
                box = _box(step, true)
            except BadRecord as error:
                data.problems.bad(where, error)
                continue
            verb = _verb(true, shot)
            goal = str(info.get("instruction") or info.get("task") or "")
            words = str(step.get("low_level_instruction", ""))
            yield Asked(
                id=f"{name} step {index}",
                task=task_of(name, f"{goal}\nNow: {words}" if low and words else goal),
                past=past,
                known=len(past),
                shot=shot,
                number=index,
                truth=(Truth(intent=verb, action=acted(verb), boxes=(_framed(box, shot),) if box else ()),),
                value=[true.kind, true.info, box],
                groups={**groups, "type": true.kind},
                cluster=name,
                steps=len(steps),
            )
            past.append(past_step(index, shot.seen(index), verb))

    def worth(self, item: Item, prediction: Prediction) -> Score:
        """See `RecordedSuite.worth`."""
        value: Any = item.value
        true, box = Acted(value[0], value[1]), value[2]
        verbs = verbs_of(prediction)
        said = read_as(verbs[0], (item.now.frame.width, item.now.frame.height)) if verbs else None
        if said is None:
            return Score(
                value=0, success=False, parts={"strict": 0.0, "type": 0.0}, note="no such action on a telephone"
            )
        right, exact = official(said, true, box), strict(said, true, box)
        parts = {"strict": float(exact), "type": float(said.kind == true.kind)}
        return Score(value=float(right), success=right, parts=parts, note="" if right else f"{said}, not {true}")


def read_as(verb: Act | Say, size: tuple[int, int]) -> Acted | None:
    """A verb as an action of the data set; None where it has none."""
    match verb:
        case Click():
            return Acted("CLICK", (verb.at.x * 1000 / size[0], verb.at.y * 1000 / size[1]))
        case Hold(at=Point() as at):
            return Acted("LONG_PRESS", (at.x * 1000 / size[0], at.y * 1000 / size[1]))
        case Type():
            return Acted("TYPE", verb.text)
        case Scroll():
            return Acted("SCROLL", _SWIPES[way_of(verb)])
        case Back():
            return Acted("PRESS_BACK")
        case Done():
            return Acted("COMPLETE")
        case Fail():
            return Acted("IMPOSSIBLE")
        case _:
            name = _CHORDS.get(key_of(verb))
            return Acted(name) if name else None


def _verb(true: Acted, shot: Shot) -> Act | Say:
    match true.kind:
        case "CLICK" | "LONG_PRESS":
            at = Point(x=true.info[0] * shot.width / 1000, y=true.info[1] * shot.height / 1000)
            return Click(at=at) if true.kind == "CLICK" else Hold(at=at, seconds=PRESSED)
        case "TYPE":
            return Type(text=true.info)
        case "SCROLL":
            shown = {finger: way for way, finger in _SWIPES.items()}[true.info]
            ways: dict[str, Literal["up", "down", "left", "right"]] = {w: w for w in ("up", "down", "left", "right")}
            return scrolled(ways[shown])
        case "PRESS_BACK":
            return Back()
        case "COMPLETE":
            return Done()
        case "IMPOSSIBLE":
            return Fail(reason="")
        case _:
            return Key(keys=HOME if true.kind == "PRESS_HOME" else RECENT)


def _true(step: Any) -> Acted:
    if not isinstance(step, dict):
        raise BadRecord("a step is no object")
    kind, info = step.get("action"), step.get("info")
    if kind in _POINTED and isinstance(info, str) and info in _KEYS:
        return Acted(_KEYS[info])
    if kind in _POINTED:
        at = numbers(info[0], 2) if isinstance(info, list) and info else None
        if at is None or not all(0 <= each <= 1000 for each in at):
            raise BadRecord("its place is not two numbers from 0 to 1000", str(info))
        return Acted(kind, [at[0], at[1]])
    if kind == "SCROLL":
        ends = [numbers(each, 2) for each in info] if isinstance(info, list) else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            raise BadRecord("its scroll has no beginning and end", str(info))
        dx, dy = ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]
        across = "LEFT" if dx < 0 else "RIGHT"
        return Acted(kind, across if abs(dx) > abs(dy) else "UP" if dy < 0 else "DOWN")
    if kind in ("TEXT", "TYPE") and isinstance(info, str):
        return Acted("TYPE", info)
    if kind in ("COMPLETE", "INCOMPLETE"):
        return Acted("COMPLETE" if kind == "COMPLETE" else "IMPOSSIBLE")
    raise BadRecord("its action is none of GUI-Odyssey", str(kind))


def _box(step: dict[str, Any], true: Acted) -> list[float] | None:
    if true.kind not in _POINTED or step.get("sam2_bbox") is None:
        return None
    box = numbers(step["sam2_bbox"], 4)
    if box is None or not (0 <= box[0] <= box[2] <= 1000 and 0 <= box[1] <= box[3] <= 1000):
        raise BadRecord("its box is not two corners from 0 to 1000", str(step["sam2_bbox"]))
    return list(box)


def _framed(box: list[float], shot: Shot) -> Box:
    wide, high = shot.width / 1000, shot.height / 1000
    return Box(left=box[0] * wide, top=box[1] * high, right=box[2] * wide, bottom=box[3] * high)


def _text(value: Any, name: str) -> str:
    return str(value.get(name, "not said")) if isinstance(value, dict) else "not said"
