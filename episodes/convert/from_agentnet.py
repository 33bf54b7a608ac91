"""AgentNet (OpenCUA): JSONL, a trajectory a line; images taken before each act, pyautogui with coordinates from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ...tools.errors import RecordingRefused
from ...tools.geometry import Box
from ...tools.pyautogui_source import Reader
from .files import Files, find_file
from .moves import Record, add, finish, in_parts
from .pictures import Picture
from .reading import listing, mapping, read_json, text
from .recording import Ending, Look, Recording, Session

_THOUGHT = ("thought", "observation")


class AgentNet:
    """See `Importer`."""

    def sessions(self, files: Files) -> Iterator[Session]:
        """See `Importer.sessions`."""
        for name in files.names if files.chosen is None else (files.chosen,):
            ending = PurePosixPath(name).suffix
            if ending == ".jsonl":
                for number, line in enumerate(files.lines(name), 1):
                    if line.strip():
                        yield _Line(files, name, number, line)
            elif ending == ".json" and (files.chosen is not None or b'"traj"' in files.read(name)):
                yield from self._in_json(files, name)

    def _in_json(self, files: Files, name: str) -> Iterator[Session]:
        data = files.read(name)
        if data.lstrip()[:1] != b"[":
            yield _Line(files, name, 0, data)
            return
        for number, each in enumerate(listing(read_json(data, name), name)):
            yield _Value(files, name, f"{name}, item {number}", each)


class _Line(NamedTuple):
    files: Files
    file: str
    number: int
    line: bytes

    @property
    def name(self) -> str:
        try:
            found = read_json(self.line, self._where).get("task_id")
        except (RecordingRefused, AttributeError):
            found = None
        return found if isinstance(found, str) and found else f"{PurePosixPath(self.file).stem}-{self.number}"

    @property
    def _where(self) -> str:
        return f"{self.file}, line {self.number}" if self.number else self.file

    def read(self) -> Recording:
        """See `Session.read`."""
        return _recording(self.files, self.file, self._where, read_json(self.line, self._where))


class _Value(NamedTuple):
    files: Files
    file: str
    where: str
    value: Any

    @property
    def name(self) -> str:
        found = self.value.get("task_id") if isinstance(self.value, dict) else None
        return found if isinstance(found, str) and found else self.where

    def read(self) -> Recording:
        """See `Session.read`."""
        return _recording(self.files, self.file, self.where, self.value)


def _recording(files: Files, file: str, where: str, value: Any) -> Recording:
    data = mapping(value, where)
    steps = listing(data.get("traj"), f"{where}: traj")
    recording = Recording(
        format="agentnet",
        name=text(data.get("task_id")),
        goal=text(data.get("instruction")) or text(data.get("natural_language_task")) or text(data.get("actual_task")),
        fields={key: each for key, each in data.items() if key not in ("traj", "instruction")},
        missing={"times": "AgentNet records none"},
    )
    if not recording.goal:
        recording.missing["goal"] = "there is no instruction"
    if not steps:
        raise RecordingRefused(f"{where}: its traj is empty")
    values = [mapping(each, f"{where}: traj[{index}]") for index, each in enumerate(steps)]
    for index, step in enumerate(values):
        recording.looks.append(Look(picture_of(files, file, step.get("image"), f"{where}: traj[{index}]")))
    reader, understood = Reader(), 0
    for index, step in enumerate(values):
        inner = mapping(step.get("value"), f"{where}: traj[{index}].value")
        box = box_of(recording, index)
        record = Record(
            number=index,
            value=step,
            saw=index,
            left=index + 1 if index + 1 < len(values) else None,
            thought=next((inner[key] for key in _THOUGHT if text(inner.get(key))), ""),
            words=text(inner.get("action")),
        )
        understood += add(recording, record, partial(reader.read, text(inner.get("code")), in_parts(box)))
    _end(recording, data)
    finish(recording, where, len(values), understood)
    return recording


def _end(recording: Recording, data: dict[str, Any]) -> None:
    """What the dataset says of the whole is another model's judgement: told, and not taken for a check."""
    judged = data.get("task_completed")
    if isinstance(judged, bool):
        last = recording.moves[-1].intent.verb if recording.moves else ""
        said = "was reached" if judged else "was not reached"
        recording.ending = Ending(
            stop="done" if last == "done" else "fail" if last == "fail" else "interrupted",
            message=f"the dataset's judge (a model) says that the goal {said}",
        )


def picture_of(files: Files, beside: str, name: Any, where: str) -> Picture | str:
    """The picture that a step names, or why there is none.

    Raises:
        RecordingRefused: It leads out of the recording, or is no picture.
    """
    if not isinstance(name, str) or not name:
        return "the recording names no picture"
    found = find_file(files, name, beside, where)
    if found is None:
        return f"the picture {name} is not there"
    return Picture(found, lambda: files.read(found))


def box_of(recording: Recording, index: int) -> Box:
    """The screen that a look shows; that of another look where it has no picture."""
    boxes = (recording.looks[index].frame_box, *(each.frame_box for each in recording.looks))
    found = next((each for each in boxes if each is not None), None)
    return found or Box(left=0, top=0, right=1920, bottom=1080)
