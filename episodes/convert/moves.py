"""Records of a recording as moves: verbs where they are understood, an event where they are not, nothing dropped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from ...tools.actions import Act, IntendedAct, Say, places
from ...tools.errors import RecordingRefused
from ...tools.geometry import Box, Point
from ...tools.pyautogui_source import ToFrame, Understood
from ...tools.python_calls import SourceRefused
from ...tools.words import cut
from ..schema import Json, Origin, Problem
from .recording import Ending, Move, Recording

NOT_TRANSLATED = "not translated"
_LONGEST = 2000


@dataclass
class Record:
    """One record of a recording.

    Attributes:
        number: From 0.
        value: As it stands there, without pictures.
        saw: Index of the look that it was decided on; `left` of the one after it.
        boxes: Says where the recording has the place of an act; None when it does not.
    """

    number: int
    value: Json
    saw: int
    left: int | None = None
    thought: str = ""
    words: str = ""
    at: float = 0.0
    seconds: float | None = None
    reward: float | None = None
    error: Problem | None = None
    boxes: Callable[[Act], tuple[Box | None, ...]] | None = None


def add(recording: Recording, record: Record, understand: Callable[[], Understood]) -> bool:
    """Adds a record's moves; where it cannot be understood, or does nothing by itself, an event that says so.

    Returns:
        Whether it became a move.
    """
    try:
        understood = understand()
        _inside(recording, record, understood.said)
    except SourceRefused as error:
        recording.tally.lose(f"{NOT_TRANSLATED}: {_kind(str(error))}")
        recording.event(
            NOT_TRANSLATED, cut(f"record {record.number}: {error}: {_shown(record.value)}", _LONGEST), record.saw
        )
        return False
    recording.tally.add(understood.lost)
    if not understood.said:
        recording.tally.lose("a record that does nothing by itself")
        recording.event(
            NOT_TRANSLATED,
            cut(f"record {record.number} does nothing by itself: {_shown(record.value)}", _LONGEST),
            record.saw,
        )
    add_said(recording, record, understood.said)
    return bool(understood.said)


def add_said(recording: Recording, record: Record, said: Sequence[IntendedAct | Say], *, unplaced: str = "") -> None:
    """Adds a move for each verb."""
    for part, verb in enumerate(said):
        last = part == len(said) - 1
        act = None if isinstance(verb, Say) or not _placed(verb) else verb
        move = Move(
            saw=record.saw,
            left=record.saw if isinstance(verb, Say) else record.left if last else None,
            intent=verb,
            action=cast(Act | None, act),
            thought=record.thought,
            origin=Origin(
                record=record.number,
                part=part,
                parts=len(said),
                words=record.words,
                value=record.value if part == 0 else None,
            ),
            boxes=record.boxes(cast(Act, act)) if record.boxes is not None and act is not None else (),
            unplaced="" if act is not None or isinstance(verb, Say) else unplaced,
            at=record.at,
            seconds=record.seconds if last else None,
            error=record.error if last else None,
            reward=record.reward if last else None,
        )
        recording.moves.append(move)


def _placed(verb: IntendedAct) -> bool:
    return all(isinstance(each, Point) for each in places(verb))


def _inside(recording: Recording, record: Record, said: Sequence[Act | Say]) -> None:
    box = recording.looks[record.saw].frame_box
    for verb in said:
        for place in places(verb) if not isinstance(verb, Say) else ():
            if box is not None and isinstance(place, Point) and not box.contains(place):
                raise SourceRefused(
                    f"line 1: ({place.x:g}, {place.y:g}) lies outside the screen of {box.width:g}x{box.height:g}"
                )


def _kind(reason: str) -> str:
    """A reason without its line and what stood there: for counting."""
    _, _, plain = reason.partition(": ") if reason.startswith("line ") else ("", "", reason)
    return cut(plain.partition(" is not read")[0], 80)


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def in_pixels(box: Box | None) -> ToFrame:
    """Coordinates that are pixels of the frame; its far edges belong to it."""

    def to_frame(x: float, y: float) -> Point:
        if box is None:
            return Point(x=x, y=y)
        if not (0 <= x <= box.width and 0 <= y <= box.height):
            raise ValueError(f"({x:g}, {y:g}) lies outside the screen of {box.width:g}x{box.height:g}")
        return Point(x=min(x, box.width - 0.5), y=min(y, box.height - 0.5))

    return to_frame


def in_parts(box: Box) -> ToFrame:
    """Coordinates from 0 to 1 of the frame's sides."""

    def to_frame(x: float, y: float) -> Point:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"({x:g}, {y:g}) lies outside the screen, from 0 to 1")
        return Point(x=min(x * box.width, box.width - 0.5), y=min(y * box.height, box.height - 0.5))

    return to_frame


def finish(recording: Recording, where: str, records: int, understood: int) -> None:
    """Refuses a recording of which nothing was understood, and reads its ending off its last move unless it is known.

    Raises:
        RecordingRefused: None of its records is what its format has.
    """
    if records and not understood:
        first = next(
            (each.detail for look in recording.looks for each in look.events if each.kind == NOT_TRANSLATED), ""
        )
        first = first or next((each.detail for each in recording.after if each.kind == NOT_TRANSLATED), "")
        raise RecordingRefused(f"{where}: none of its {records} records can be read; the first: {cut(first, 300)}")
    if recording.ending != Ending():
        return
    last = recording.moves[-1].intent if recording.moves else None
    match last.verb if last is not None else "":
        case "done":
            recording.ending = Ending(stop="done", message="it claims to be done; nothing in the recording checks it")
        case "answer":
            answer = getattr(last, "text", "")
            recording.ending = Ending(
                stop="answer", message="it answers; nothing in the recording checks it", answer=answer
            )
        case "fail":
            recording.ending = Ending(status="failed", stop="fail", message=getattr(last, "reason", ""))
        case _:
            pass
