"""AgentNetBench: a trajectory a file, teacher-forced: images before each act, true actions with their boxes, and alternatives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ...tools.actions import Act, places
from ...tools.errors import RecordingRefused
from ...tools.geometry import Box, Point
from ...tools.pyautogui_source import Reader, Understood
from ...tools.python_calls import Call, SourceRefused
from .files import Files
from .from_agentnet import box_of, picture_of
from .moves import Record, add, finish, in_parts
from .reading import listing, mapping, number, read_json, text
from .recording import Look, Recording, Session


class AgentNetBench:
    """See `Importer`."""

    def sessions(self, files: Files) -> Iterator[Session]:
        """See `Importer.sessions`."""
        for name in files.names if files.chosen is None else (files.chosen,):
            if PurePosixPath(name).suffix == ".json" and (files.chosen is not None or b'"steps"' in files.read(name)):
                yield Trajectory(files, name)


class Trajectory(NamedTuple):
    """See `Session`: one file.

    Attributes:
        files: Where it lies.
        file: Its name there.
    """

    files: Files
    file: str

    @property
    def name(self) -> str:
        """See `Session.name`."""
        return PurePosixPath(self.file).stem

    def read(self) -> Recording:
        """See `Session.read`."""
        where = self.file
        data = mapping(read_json(self.files.read(self.file), where), where)
        steps = listing(data.get("steps"), f"{where}: steps")
        if not steps:
            raise RecordingRefused(f"{where}: it has no steps")
        values = [mapping(each, f"{where}: steps[{index}]") for index, each in enumerate(steps)]
        recording = Recording(
            format="agentnetbench",
            name=text(data.get("task_id")) or self.name,
            # as the official agents are told
            goal=text(data.get("high_level_task_description")) or text(data.get("user_task_description")),
            fields={key: each for key, each in data.items() if key != "steps"},
            missing={"times": "AgentNetBench records none"},
        )
        if not recording.goal:
            recording.missing["goal"] = "there is no task description"
        info = data.get("meta_info")
        if isinstance(info, dict) and isinstance(info.get("system"), str):
            recording.world["system"] = info["system"]
        for index, step in enumerate(values):
            recording.looks.append(
                Look(picture_of(self.files, self.file, step.get("image"), f"{where}: steps[{index}]"))
            )
        self._moves(recording, values)
        return recording

    def _moves(self, recording: Recording, values: list[dict[str, Any]]) -> None:
        reader, understood = Reader(), 0
        for index, step in enumerate(values):
            box = box_of(recording, index)
            follows = index + 1 < len(values) and _follows(step, values[index + 1])
            if index + 1 < len(values) and not follows:
                recording.tally.lose("steps that the benchmark leaves out between two of its own")
            inner = step.get("inner_monologue")
            record = Record(
                number=index,
                value=step,
                saw=index,
                left=index + 1 if follows else None,
                thought=text(inner.get("thought")) if isinstance(inner, dict) else "",
                words=text(inner.get("low_level_instruction")) if isinstance(inner, dict) else "",
                boxes=partial(_boxes, step, box),
            )
            understood += add(recording, record, partial(_understood, reader, step, box))
        finish(recording, self.file, len(values), understood)


def _follows(step: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether nothing was left out between two steps; where they are not numbered nothing says so."""
    here, there = number(step.get("step_num")), number(after.get("step_num"))
    return here is None or there is None or there == here + 1


def _understood(reader: Reader, step: dict[str, Any], box: Box) -> Understood:
    """The act that was recorded; where it is left out, as in minimal files, the true one."""
    source = step.get("action")
    if isinstance(source, str) and source.strip():
        return reader.read(source, in_parts(box))
    return reader.understand(tuple(true_calls(step.get("ground_truth_actions"))), in_parts(box))


def true_calls(actions: Any) -> Iterator[Call]:
    """The actions of a ground truth as the calls that do them.

    Raises:
        SourceRefused: One is none.
    """
    for index, each in enumerate(actions if isinstance(actions, list) else ()):
        line = index + 1
        kind = each.get("type") if isinstance(each, dict) else None
        params = each.get("params") if isinstance(each, dict) else None
        if not isinstance(kind, str) or not isinstance(params, dict):
            raise SourceRefused(f"line {line}: ground_truth_actions[{index}] is no action")
        at = params.get("position")
        xy = {name: at[name] for name in ("x", "y") if name in at} if isinstance(at, dict) else {}
        match kind:
            case "write":
                yield Call("pyautogui.write", (params.get("text", params.get("content")),), {}, line)
            case "press" | "hotkey":
                yield Call(f"pyautogui.{kind}", (), {"keys": params.get("keys")}, line)
            case "scroll" | "hscroll":
                yield Call(f"pyautogui.{kind}", (params.get("amount", params.get("clicks")),), xy, line)
            case "terminate" | "wait":
                yield Call(f"computer.{kind}", (), dict(params), line)
            case _:
                yield Call(f"pyautogui.{kind}", (), xy, line)


def _boxes(step: dict[str, Any], frame: Box, act: Act) -> tuple[Box | None, ...]:
    """For each place of the act the true box around it; None where the truth has none."""
    true = [found for each in listing_or_empty(step.get("ground_truth_actions")) for found in _true_boxes(each, frame)]
    return tuple(
        next((box for box in true if isinstance(place, Point) and box.contains(place)), None) for place in places(act)
    )


def listing_or_empty(value: Any) -> list[Any]:
    """The value if it is a list."""
    return value if isinstance(value, list) else []


def _true_boxes(action: Any, frame: Box) -> Iterator[Box]:
    metadata = action.get("metadata") if isinstance(action, dict) else None
    for each in listing_or_empty(metadata.get("bboxes")) if isinstance(metadata, dict) else ():
        sides = each.get("rel_bbox") if isinstance(each, dict) else None
        if not isinstance(sides, list) or len(sides) != 4 or any(number(side) is None for side in sides):
            continue
        left, top, width, height = sides
        if all(-1 <= side <= 2 for side in sides) and width > 0 and height > 0:
            yield Box.at(left * frame.width, top * frame.height, width * frame.width, height * frame.height)
