"""ScreenAgent: a session a folder, a JSON file for each turn of planner, actor and evaluator, JPEG screenshots before each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ...tools.actions import Act, places
from ...tools.errors import RecordingRefused
from ...tools.geometry import Box, Point, Transform
from ...tools.keys import for_x11
from ...tools.pyautogui_source import Reader, ToFrame, Understood
from ...tools.python_calls import Call, SourceRefused
from ..schema import Event, Json
from .files import Files
from .from_agentnet import box_of, picture_of
from .moves import Record, add, finish, in_pixels
from .reading import mapping, number, read_json, text
from .recording import Ending, Look, Recording, Session

NEGATIVE = re.compile(r"_neg(_\w+)?\.json$")
"""What the name of a negative example ends with, which nobody did."""
STAMP = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{1,6}")
"""What the name of a turn begins with."""
_PLAN, _EVALUATE = "PlanAction", "EvaluateSubTaskAction"
_FENCED = re.compile(r"```json(.*?)```", re.DOTALL)


class ScreenAgent:
    """See `Importer`."""

    def sessions(self, files: Files) -> Iterator[Session]:
        """See `Importer.sessions`."""
        names = [
            name
            for name in files.names
            if name.endswith(".json")
            and STAMP.match(PurePosixPath(name).name)
            and b'"saved_image_name"' in files.read(name)
        ]
        if files.chosen is not None and files.chosen not in names:
            raise RecordingRefused(f"{files.name} is no turn of a ScreenAgent session")
        # one turn stands for its session
        folder = str(PurePosixPath(files.chosen).parent) if files.chosen is not None else None
        for each, turns in groupby(names, lambda name: str(PurePosixPath(name).parent)):
            if folder in (None, each):
                yield _Folder(files, each, tuple(turns))


class _Folder(NamedTuple):
    files: Files
    folder: str
    turns: tuple[str, ...]

    @property
    def name(self) -> str:
        return PurePosixPath(self.folder).name or PurePosixPath(self.files.name.replace("\\", "/")).name

    def read(self) -> Recording:
        """See `Session.read`."""
        turns = [(name, mapping(read_json(self.files.read(name), name), name)) for name in self.turns]
        real = [(name, turn) for name, turn in turns if not NEGATIVE.search(name)]
        if not real:
            raise RecordingRefused(f"{self.folder}: it has no turns but negative examples")
        # the same screenshot, and name, as far as the seconds go
        real.sort(key=lambda each: PurePosixPath(each[0]).name)
        first = real[0][1]
        began = _time(real[0][0])
        recording = Recording(
            format="screenagent",
            name=text(first.get("session_id")) or self.name,
            goal=text(first.get("task_prompt")) or text(first.get("task_prompt_en")),
            created=began.isoformat() if began is not None else "",
            fields={
                key: first[key]
                for key in ("session_id", "task_prompt", "task_prompt_en", "task_prompt_zh")
                if key in first
            },
            missing={"durations": "ScreenAgent records when a turn began, not how long it took"},
        )
        negative: list[Json] = [
            {"file": name, "actions": turn.get("actions")} for name, turn in turns if NEGATIVE.search(name)
        ]
        if negative:
            recording.fields["negative"] = negative
            recording.tally.lose("a negative example, which nobody did (kept in imported.fields)", len(negative))
        for name, turn in real:
            at = _time(name)
            look = Look(picture_of(self.files, name, turn.get("saved_image_name"), name), size=_size(turn))
            if isinstance(look.picture, str) and isinstance(turn.get("saved_image_name"), str):
                look.picture = picture_of(self.files, name, f"images/{turn['saved_image_name']}", name)
            look.at = (at - began).total_seconds() if at is not None and began is not None else 0.0
            recording.looks.append(look)
        self._turns(recording, real)
        return recording

    def _turns(self, recording: Recording, real: list[tuple[str, dict[str, Any]]]) -> None:
        reader, acting, understood = Reader(), 0, 0
        plan: list[str] = []
        done = 0
        for index, (_, turn) in enumerate(real):
            actions = actions_of(turn)
            told = [each for each in actions if isinstance(each, dict)]
            kinds = {text(each.get("action_type")) for each in told}
            look = recording.looks[index]
            if _PLAN in kinds:
                plan, done = [text(each.get("element")) for each in told if each.get("action_type") == _PLAN], 0
                steps = "\n".join(f"{at}. {each}" for at, each in enumerate(plan, 1))
                look.events.append(Event(kind="plan", detail=steps, at=look.at))
            if _EVALUATE in kinds:
                said = next(each for each in told if each.get("action_type") == _EVALUATE)
                done += said.get("situation") in ("sub_task_success", "goal_success")
                words = ": ".join(filter(None, (text(said.get("situation")), text(said.get("advice")))))
                look.events.append(Event(kind="evaluated", detail=words, at=look.at))
            acts = [
                each
                for each in actions
                if not isinstance(each, dict) or each.get("action_type") not in (_PLAN, _EVALUATE)
            ]
            if not acts:
                continue
            acting += 1
            to_frame = _frame(turn, box_of(recording, index))
            record = Record(
                number=index,
                value=turn,
                saw=index,
                left=index + 1 if index + 1 < len(real) else None,
                thought=_thought(turn),
                words=text(turn.get("current_task")),
                at=look.at,
                boxes=partial(_areas, acts, to_frame),
            )
            understood += add(recording, record, partial(_understood, reader, acts, to_frame))
        if plan and done >= len(plan):
            message = f"its evaluator says of all {len(plan)} subtasks that they succeeded"
            recording.ending = Ending(stop="done", message=message)
        finish(recording, self.folder, acting, understood)


def _understood(reader: Reader, acts: list[Any], to_frame: ToFrame) -> Understood:
    return reader.understand(tuple(_calls(acts)), to_frame)


def _time(name: str) -> datetime | None:
    match = STAMP.match(PurePosixPath(name).name)
    try:
        return datetime.strptime(match[0], "%Y-%m-%d_%H-%M-%S-%f").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def _size(turn: dict[str, Any]) -> tuple[int, int] | None:
    width, height = number(turn.get("video_width")), number(turn.get("video_height"))
    if width is None or height is None or not (16 <= width <= 32768 and 16 <= height <= 32768):
        return None
    return int(width), int(height)


def _frame(turn: dict[str, Any], box: Box) -> ToFrame:
    """Positions lie in the video, which the screenshot may show in another size."""
    size = _size(turn)
    if size is None or size == (box.width, box.height):
        return in_pixels(box)
    video = Box(left=0, top=0, right=size[0], bottom=size[1])
    there = Transform.between(video, box)
    inside = in_pixels(video)
    return lambda x, y: there.point(inside(x, y))


def actions_of(turn: dict[str, Any]) -> list[Any]:
    """The actions as they were parsed; else those in the edited answer, as their own client finds them."""
    if isinstance(turn.get("actions"), list):
        return list(turn["actions"])
    answer = (text(turn.get("LLM_response_editer")) or text(turn.get("LLM_response"))).replace("\\_", "_")
    found: list[Any] = []
    for block in _FENCED.findall(answer) or [answer]:
        try:
            value = read_json(block.strip().encode(), "the answer")
        except RecordingRefused:
            continue
        found += value if isinstance(value, list) else [value]
    return found


def _thought(turn: dict[str, Any]) -> str:
    answer = text(turn.get("LLM_response_editer")) or text(turn.get("LLM_response_editer_en"))
    plain = _FENCED.sub(" ", answer.replace("\\_", "_")).strip()
    if plain.startswith(("[", "{")):
        plain = ""
    return plain or text(turn.get("current_task"))


def _calls(actions: list[Any]) -> Iterator[Call]:
    """What the client does for each action, as calls of pyautogui.

    Raises:
        SourceRefused: One is none.
    """
    for line, each in enumerate(actions, 1):
        kind = each.get("action_type") if isinstance(each, dict) else None
        match kind:
            case "MouseAction":
                yield _mouse(each, line)
            case "KeyboardAction":
                yield from _keyboard(each, line)
            case "WaitAction":
                yield Call("time.sleep", (each.get("wait_time", 0.5),), {}, line)
            case _:
                raise SourceRefused(f"line {line}: {json.dumps(kind)} is no action of ScreenAgent")


def _mouse(action: dict[str, Any], line: int) -> Call:
    at = action.get("mouse_position")
    xy = {"x": at.get("width"), "y": at.get("height")} if isinstance(at, dict) else {}
    button = action.get("mouse_button") or "left"
    kind = text(action.get("mouse_action_type")).lower()
    name = _MOUSE.get(kind)
    if name is None:
        raise SourceRefused(f"line {line}: {json.dumps(kind)} is no mouse action of ScreenAgent")
    if name == "scroll":
        repeat = action.get("scroll_repeat")
        times = 1 if repeat is None else repeat
        if number(times) is None:
            raise SourceRefused(f"line {line}: {json.dumps(times)} is no number of notches")
        return Call("pyautogui.scroll", (times if kind == "scroll_up" else -times,), xy, line)
    buttoned = {"button": button} if name != "moveTo" else {}
    return Call(f"pyautogui.{name}", (), {**xy, **buttoned}, line)


_MOUSE = {
    "click": "click",
    "double_click": "doubleClick",
    "move": "moveTo",
    "drag": "dragTo",
    "down": "mouseDown",
    "up": "mouseUp",
    "scroll_up": "scroll",
    "scroll_down": "scroll",
}
_KEYSYMS = {for_x11(chr(code)): chr(code) for code in range(32, 127)}


def _keyboard(action: dict[str, Any], line: int) -> Iterator[Call]:
    key = action.get("keyboard_key")
    words = action.get("keyboard_text", action.get("keyboard_input"))
    kind = action.get("keyboard_action_type") or ("press" if key is not None else "text")
    if kind in ("text", "input"):
        yield Call("pyautogui.write", (words,), {}, line)
        return
    keys = key if isinstance(key, list) else [key] if key in ("+", " ") else text(key).split("+")
    named = [
        _KEYSYMS.get(each.strip() or each, each.strip() or each) if isinstance(each, str) else each for each in keys
    ]
    match kind:
        case "press":
            yield Call("pyautogui.hotkey", tuple(named), {}, line)
        case "down" | "up":
            for each in named:
                yield Call("pyautogui.keyDown" if kind == "down" else "pyautogui.keyUp", (each,), {}, line)
        case _:
            raise SourceRefused(f"line {line}: {json.dumps(kind)} is no keyboard action of ScreenAgent")


def _areas(actions: list[Any], to_frame: ToFrame, act: Act) -> tuple[Box | None, ...]:
    """The clickable areas that the places of an act lie in."""
    areas = [
        found for each in actions if isinstance(each, dict) and (found := _area(each.get("clickable_area"), to_frame))
    ]
    return tuple(
        next((box for box in areas if isinstance(place, Point) and box.contains(place)), None) for place in places(act)
    )


def _area(value: Any, to_frame: ToFrame) -> Box | None:
    corners = (
        [value.get(name) for name in ("upper_left_position", "lower_right_position")] if isinstance(value, dict) else []
    )
    sides = [number(each.get(name)) for each in corners if isinstance(each, dict) for name in ("width", "height")]
    if len(sides) != 4 or None in sides:
        return None
    try:
        a, b = to_frame(sides[0] or 0, sides[1] or 0), to_frame(sides[2] or 0, sides[3] or 0)
    except ValueError:
        return None
    return Box(left=min(a.x, b.x), top=min(a.y, b.y), right=max(a.x, b.x), bottom=max(a.y, b.y))
