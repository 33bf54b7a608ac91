"""ScreenAgent: steps of a desktop over VNC. It records points and no boxes: how far an answer is off is all that can be said.

There is no official rule for single answers. The value is the mean of the curve: the share of the distances of `CURVE` within which
every point of the answer lies, given that the verb is the one that was done; a step without a place is right by its verb, text and keys.
Whether a step is *solved* is not said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

from ...episodes.convert.formats import importer
from ...episodes.convert.from_screenagent import NEGATIVE, STAMP, actions_of
from ...episodes.convert.recording import Move, Recording
from ...episodes.schema import Item, Prediction, Score, Truth
from ...tools.actions import Act, Key, Say, Scroll, Type, Wait, places
from ...tools.errors import RecordingRefused
from ...tools.geometry import Point
from .agentnetbench import past_of, shot_of
from .grounding import task_of
from .problems import BadRecord, DataRefused
from .reading import Data
from .recorded import Asked, RecordedSuite, verbs_of
from .steps import checked

CURVE = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Distances, as parts of the frame's diagonal."""


class ScreenAgent(RecordedSuite):
    """See the module."""

    rules: ClassVar[dict[str, str]] = {
        "curve": "value",
        "verb": "verb",
        **{f"within {near:.0%}": f"within_{near}" for near in CURVE},
    }

    def read(self, data: Data, options: dict[str, str]) -> Iterator[Asked]:
        """See `RecordedSuite.read`."""
        checked(options, ())
        turns: dict[str, list[str]] = {}
        for name in data.annotations(lambda name: name.endswith(".json")):
            try:
                _check(name, data.value(name))
            except BadRecord as error:
                data.problems.bad(name, error)
            if STAMP.match(PurePosixPath(name).name) and not NEGATIVE.search(name):
                turns.setdefault(PurePosixPath(name).parent.name, []).append(name)
        for session in importer("screenagent").sessions(data.files):
            try:
                recording = session.read()
            except RecordingRefused as error:
                # a picture that is damaged: the past of the others would not be theirs without it
                for name in turns.get(session.name, [session.name]):
                    data.problems.bad(name, BadRecord("its session cannot be read", str(error)))
                continue
            yield from self._of(data, session.name, recording, turns.get(session.name, []))
        self.lacks["boxes"] = "the data have points and no boxes: distances are all that is said"
        self.lacks["pixels"] = "its screenshots were compressed with a loss"

    def _of(self, data: Data, name: str, recording: Recording, turns: Sequence[str]) -> Iterator[Asked]:
        shots = [shot_of(look.picture) for look in recording.looks]
        task = task_of(name, recording.goal)
        past = past_of(recording, shots)
        for index, move in enumerate(recording.moves):
            data.records += 1
            shot = shots[move.saw]
            if shot is None:
                error = BadRecord("its image is not there", str(recording.looks[move.saw].picture))
                data.problems.bad(turns[move.saw] if move.saw < len(turns) else f"{name}, move {index}", error)
                continue
            yield Asked(
                id=f"{name} step {index}",
                task=task,
                past=past,
                known=sum(_before(each.origin, move) for each in past),
                shot=shot,
                number=index,
                truth=(Truth(intent=move.intent, action=move.action),),
                value=None,
                groups={"verb": move.intent.verb, "place": "pointed" if _points(move.action) else "none"},
                cluster=name,
            )

    def worth(self, item: Item, prediction: Prediction) -> Score:
        """See `RecordedSuite.worth`."""
        truth = item.truth[0]
        true: Act | Say = truth.action if truth.action is not None else truth.intent  # type: ignore[assignment]
        verbs = verbs_of(prediction)
        said = verbs[0] if verbs else None
        same = said is not None and said.verb == true.verb
        parts: dict[str, float] = {"verb": float(same)}
        then, now = _points(true), _points(said)
        if not then:
            right = same and said is not None and _content(said) == _content(true)
            return Score(value=float(right), success=None, parts=parts)
        if not same or len(then) != len(now):
            return Score(value=0, success=None, parts=parts | {f"within_{near}": 0.0 for near in CURVE})
        diagonal = math.hypot(item.now.frame.width, item.now.frame.height)
        off = max(a.distance(b) for a, b in zip(then, now, strict=True)) / diagonal
        parts |= {f"within_{near}": float(off <= near) for near in CURVE}
        value = sum(off <= near for near in CURVE) / len(CURVE)
        return Score(value=value, success=None, parts=parts | {"distance": round(off, 6)})


def _check(name: str, turn: Any) -> None:
    """Says what is wrong with a file.

    Raises:
        BadRecord: It is a turn that nothing can be asked about.
        DataRefused: It is no turn at all.
    """
    if not isinstance(turn, dict) or "saved_image_name" not in turn:
        raise DataRefused(f"{name}: it has no saved_image_name, which every turn of ScreenAgent has")
    if STAMP.match(PurePosixPath(name).name) is None:
        raise BadRecord("its name does not begin with a time, as that of a turn does")
    if not actions_of(turn):
        raise BadRecord("it has no actions")


def _before(origin: Any, move: Move) -> bool:
    return origin is not None and (origin.record, origin.part) < (move.origin.record, move.origin.part)


def _points(verb: Act | Say | None) -> Sequence[Point]:
    if verb is None or verb.verb in ("ask_user", "read", "answer", "done", "fail"):
        return ()
    return [each for each in places(verb) if isinstance(each, Point)]  # type: ignore[arg-type]


def _content(verb: Act | Say) -> Any:
    match verb:
        case Type():
            return verb.text
        case Key():
            return verb.keys
        case Scroll():
            return (verb.dx > 0) - (verb.dx < 0), (verb.dy > 0) - (verb.dy < 0)
        case Wait():
            return None
        case _:
            return verb.verb
