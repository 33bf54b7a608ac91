"""OSWorld: a result folder a task, ``traj.jsonl`` and a screenshot *after* each act; pyautogui source, or the acts of computer_13."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ...tools.errors import RecordingRefused
from ...tools.geometry import Box
from ...tools.pyautogui_source import Reader, Understood
from ...tools.python_calls import Call, SourceRefused
from ...tools.words import cut
from ..schema import Problem
from .files import Files, find_file
from .from_agentnet import box_of
from .moves import Record, add, finish, in_pixels
from .pictures import Picture
from .reading import mapping, number, read_json, text
from .recording import Ending, Look, Recording, Session

_LINES = ("traj.jsonl", "trajectory.jsonl")
_FIRST = re.compile(r"(step_0(_\w[\w@.-]*)?|step_reset|initial_state|initial)\.png", re.IGNORECASE)
_WORDS = ("instruction", "goal", "task")


class OSWorld:
    """See `Importer`."""

    def sessions(self, files: Files) -> Iterator[Session]:
        """See `Importer.sessions`."""
        for name in files.names if files.chosen is None else (files.chosen,):
            if files.chosen is not None or PurePosixPath(name).name in _LINES:
                yield _Result(files, name)


class _Result(NamedTuple):
    files: Files
    file: str

    @property
    def name(self) -> str:
        folder = PurePosixPath(self.file).parent.name
        return folder or PurePosixPath(self.files.name.replace("\\", "/").removesuffix(f"/{self.file}")).name

    def read(self) -> Recording:
        """See `Session.read`."""
        values = []
        for at, line in enumerate(self.files.lines(self.file), 1):
            if line.strip():
                values.append(mapping(read_json(line, f"{self.file}, line {at}"), f"{self.file}, line {at}"))
        # what the runner writes when it gives up has no action
        broken = [each for each in values if "action" not in each]
        values = [each for each in values if "action" in each]
        if not values:
            said = f": {cut(text(broken[0].get('Error')) or json.dumps(broken[0]), 200)}" if broken else ""
            raise RecordingRefused(f"{self.file}: it has no step{said}")
        recording = Recording(format="osworld", name=self.name)
        self._about(recording, values)
        for each in broken:
            recording.tally.lose("a line without an action")
            recording.fields.setdefault("lines", []).append(each)  # type: ignore[union-attr]  # a list, made here
        self._look(recording, values)
        understood = self._moves(recording, values)
        self._end(recording, values, broken)
        finish(recording, self.file, len(values), understood)
        return recording

    def _about(self, recording: Recording, values: list[dict[str, Any]]) -> None:
        folder = PurePosixPath(self.file).parent
        for name in self.files.names:
            path = PurePosixPath(name)
            if path.suffix != ".json" or path.parent != folder or len(recording.goal):
                continue
            try:
                task = read_json(self.files.read(name), name)
            except RecordingRefused:
                continue
            if isinstance(task, dict):
                recording.goal = next((task[key] for key in _WORDS if text(task.get(key))), "")
                if recording.goal:
                    recording.fields["task"] = task
        recording.goal = recording.goal or next(
            (text(values[0].get(key)) for key in _WORDS if text(values[0].get(key))), ""
        )
        if not recording.goal:
            recording.missing["goal"] = (
                "OSWorld's results do not hold the instruction: put the task's JSON beside traj.jsonl"
            )
        kept = {name for name in self.files.names if PurePosixPath(name).parent == folder}
        for name, what in (("recording.mp4", "a video of the run"), ("runtime.log", "a log of the runner")):
            if str(folder / name) in kept:
                recording.tally.lose(f"{what} ({name})")

    def _look(self, recording: Recording, values: list[dict[str, Any]]) -> None:
        """The looks: before the first act, and after each act that has a screenshot of its own."""
        folder = PurePosixPath(self.file).parent
        first = next(
            (
                name
                for name in self.files.names
                if PurePosixPath(name).parent == folder and _FIRST.fullmatch(PurePosixPath(name).name)
            ),
            None,
        )
        began = next((found for each in values if (found := _time(each.get("action_timestamp"))) is not None), None)
        recording.created = began.isoformat() if began is not None else ""
        if began is None:
            recording.missing["times"] = "there are no time stamps"
        if first is not None:
            recording.looks.append(Look(self._picture(first)))
        else:
            recording.looks.append(Look("OSWorld takes screenshots after an act: there is none before the first"))
            recording.missing["first frame"] = "OSWorld takes screenshots after an act, and there is no step_0"
        for index, each in enumerate(values):
            name = each.get("screenshot_file")
            shared = index + 1 < len(values) and name is not None and values[index + 1].get("screenshot_file") == name
            if shared:
                # the file was written once for all of them: it shows what the last one left
                recording.tally.lose("a screenshot between acts that share one")
            else:
                recording.looks.append(Look(self._named(name, f"{self.file}: record {index}")))
            when = _time(each.get("action_timestamp"))
            recording.looks[-1].at = (when - began).total_seconds() if when is not None and began is not None else 0.0

    def _named(self, name: Any, where: str) -> Picture | str:
        if not isinstance(name, str) or not name:
            return "the recording names no screenshot"
        found = find_file(self.files, name, self.file, where)
        return self._picture(found) if found is not None else f"the screenshot {name} is not there"

    def _picture(self, name: str) -> Picture:
        return Picture(name, lambda: self.files.read(name))

    def _moves(self, recording: Recording, values: list[dict[str, Any]]) -> int:
        reader, understood, look, decided_on = Reader(), 0, 0, 0
        before: Any = None
        for index, each in enumerate(values):
            if index == 0 or each.get("step_num") is None or each.get("step_num") != before:
                decided_on = look
            before = each.get("step_num")
            name = each.get("screenshot_file")
            shared = index + 1 < len(values) and name is not None and values[index + 1].get("screenshot_file") == name
            look += not shared
            error = each.get("info", {}).get("error") if isinstance(each.get("info"), dict) else None
            record = Record(
                number=index,
                value=each,
                saw=decided_on,
                left=None if shared else look,
                thought=text(each.get("response")) or text(each.get("thought")),
                words=text(each.get("natural_language_action")),
                at=recording.looks[look if not shared else decided_on].at,
                reward=number(each.get("reward")),
                error=Problem(kind="ActionError", message=cut(error, 2000))
                if isinstance(error, str) and error
                else None,
            )
            box = box_of(recording, decided_on)
            understood += add(recording, record, partial(_understood, reader, each["action"], box))
        return understood

    def _end(self, recording: Recording, values: list[dict[str, Any]], broken: list[dict[str, Any]]) -> None:
        result = str(PurePosixPath(self.file).parent / "result.txt")
        last = recording.moves[-1].intent.verb if recording.moves else ""
        stop: Any = {"done": "done", "answer": "answer", "fail": "fail"}.get(last, "interrupted" if broken else "steps")
        if result not in self.files.names:
            claim = "it claims to be done" if stop in ("done", "answer") else "it ends without a claim"
            recording.ending = Ending(stop=stop, message=f"{claim}; there is no result.txt of the evaluator")
            return
        words = self.files.read(result).decode("utf-8", "replace").strip()
        try:
            score = float(words)
        except ValueError:
            score = float("nan")
        if not 0 <= score <= 1:
            recording.ending = Ending(stop=stop, message=f"result.txt holds no score: {cut(ascii(words), 80)}")
            return
        recording.fields["result"] = score
        message = f"OSWorld's evaluator: {score:g}"
        recording.ending = Ending(status="passed" if score == 1 else "failed", stop=stop, message=message)


def _time(value: Any) -> datetime | None:
    """``20240617@120001``, with or without microseconds at its end."""
    # told apart by length: strptime takes the last digit of a second for a fraction
    form = "%Y%m%d@%H%M%S" if isinstance(value, str) and len(value) == len("20240617@120001") else "%Y%m%d@%H%M%S%f"
    try:
        return datetime.strptime(value, form).replace(tzinfo=UTC) if isinstance(value, str) else None
    except ValueError:
        return None


def _understood(reader: Reader, action: Any, box: Box) -> Understood:
    to_frame = in_pixels(box)
    if isinstance(action, str):
        return reader.read(action, to_frame)
    if isinstance(action, dict) and isinstance(action.get("command"), str):
        # agents of tool-calling models: the tool's call, and the source that was run for it
        return reader.read(action["command"], to_frame)
    if isinstance(action, dict) and isinstance(action.get("action_type"), str):
        return reader.understand(_calls(action), to_frame)
    raise SourceRefused("line 1: an action that is neither source nor an act of computer_13")


def _calls(action: dict[str, Any]) -> tuple[Call, ...]:
    """An act of computer_13 as the calls of pyautogui that OSWorld makes for it."""
    kind = action["action_type"]
    given = action.get("parameters") if isinstance(action.get("parameters"), dict) else action
    assert isinstance(given, dict)

    def call(name: str, *arguments: str, **renamed: str) -> tuple[Call, ...]:
        named = {
            theirs: given[ours]
            for ours, theirs in (*((each, each) for each in arguments), *renamed.items())
            if ours in given
        }
        return (Call(name, (), named, 1),)

    match kind:
        case "WAIT" | "DONE" | "FAIL":
            status = {"DONE": "success", "FAIL": "failure"}.get(kind)
            if status is None:
                return (Call("computer.wait", (2,), {}, 1),)
            return (Call("computer.terminate", (status,), {}, 1),)
        case "SCROLL":
            down = (Call("pyautogui.scroll", (given["dy"],), {}, 1),) if given.get("dy") else ()
            across = (Call("pyautogui.hscroll", (given["dx"],), {}, 1),) if given.get("dx") else ()
            return (*down, *across)
        case _:
            known = _COMPUTER_13.get(kind)
            if known is None:
                raise SourceRefused(f"line 1: {cut(ascii(kind), 40)} is no act of computer_13")
            name, arguments, renamed = known
            return call(name, *arguments, **renamed)


_XY = ("x", "y")
_COMPUTER_13: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "MOVE_TO": ("pyautogui.moveTo", _XY, {}),
    "CLICK": ("pyautogui.click", (*_XY, "button"), {"num_clicks": "clicks"}),
    "MOUSE_DOWN": ("pyautogui.mouseDown", ("button",), {}),
    "MOUSE_UP": ("pyautogui.mouseUp", ("button",), {}),
    "RIGHT_CLICK": ("pyautogui.rightClick", _XY, {}),
    "DOUBLE_CLICK": ("pyautogui.doubleClick", _XY, {}),
    "DRAG_TO": ("pyautogui.dragTo", _XY, {}),
    "TYPING": ("pyautogui.write", (), {"text": "message"}),
    "PRESS": ("pyautogui.press", (), {"key": "keys"}),
    "KEY_DOWN": ("pyautogui.keyDown", ("key",), {}),
    "KEY_UP": ("pyautogui.keyUp", ("key",), {}),
    "HOTKEY": ("pyautogui.hotkey", ("keys",), {}),
}
