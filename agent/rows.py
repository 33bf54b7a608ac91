"""Rows for supervised fine-tuning: what a dialect would have asked at each step, and what its model should have answered.

A row is written by the dialect in its own words and read back by it; one that does not come back as it was is left out, and counted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from ..episodes.aside import aside
from ..episodes.convert.formats import Exported
from ..episodes.convert.recording import Tally
from ..episodes.convert.targets import Handle, handles
from ..episodes.reader import Episode
from ..episodes.schema import Decision, Found, ImagePart, Reply, Request, Step
from ..tools.actions import IntendedAct, Place, Say, Target, Zoom, places
from ..tools.errors import DialectError, EpisodeUnwritable, UsageError
from ..tools.geometry import Box, Point
from .base import Dialect, Scene
from .dialects.names import open_dialect
from .scenes import scene_of
from .views import Views

_NEAR = 0.01
"""How far a point may move by being written as the dialect writes points: of the frame's diagonal."""


class Speaker(Dialect, Protocol):
    """A dialect that also speaks as its models do."""

    def write_plan(self, decision: Decision, image: ImagePart) -> str:
        """What the model would say to decide so.

        Raises:
            ValueError: It cannot say it.
        """
        ...

    def write_ground(self, box: Box | None, image: ImagePart) -> str:
        """What the model would say of a box in frame pixels, or of nothing."""
        ...


class Row(NamedTuple):
    """One example.

    Attributes:
        step: Whose.
        request: What is asked.
        answer: What should be said.
    """

    step: Step
    request: Request
    answer: str


class Rows:
    """See `Exporter`: a folder with ``rows.jsonl`` and the pictures, or the ``.jsonl`` that is named with a folder beside it.

    Args:
        dialect: Short name, entry point of ``handeye.dialects``, or dotted path; the house's own by default.

    Raises:
        UnknownName: There is none of that name.
        UsageError: It only listens.
    """

    ending = ""

    def __init__(self, dialect: str | None = None) -> None:
        found = open_dialect(dialect, "")
        if not hasattr(found, "write_plan") or not hasattr(found, "write_ground"):
            raise UsageError(
                f"the dialect {found.name} cannot write answers", remedy="it needs write_plan and write_ground"
            )
        self._dialect = cast(Speaker, found)

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`."""
        tally = Tally()
        beside = path.suffix == ".jsonl"
        folder = path.with_name(f"{path.stem}-images") if beside else path
        if beside and path.exists():
            raise UsageError(f"{path} exists already", remedy="choose another place with --out")
        count = 0
        with aside(folder) as place:
            place.mkdir()
            images = place if beside else place / "images"
            images.mkdir(exist_ok=True)
            prefix = f"{folder.name}/" if beside else "images/"
            lines = asyncio.run(self._lines(episode, images, prefix, tally))
            count = len(lines)
            if not lines:
                raise UsageError(
                    f"no step can be written as a row: {tally.losses[0].what}" if tally.losses else "there are no steps"
                )
            target = path if beside else place / "rows.jsonl"
            try:
                target.write_text("".join(lines), encoding="utf-8")
            except OSError as error:
                raise EpisodeUnwritable(f"cannot write {target}: {error.strerror or error}") from error
        return Exported(path, tally.losses, note=f"{count} rows in the words of {self._dialect.name}")

    async def _lines(self, episode: Episode, images: Path, prefix: str, tally: Tally) -> list[str]:
        lines = []
        async for row in self._rows(episode, tally):
            lines.append(json.dumps(self._record(episode, row, images, prefix), ensure_ascii=False) + "\n")
            row.step.saw.frame.release()
        return lines

    async def _rows(self, episode: Episode, tally: Tally) -> AsyncIterator[Row]:
        views = Views(self._dialect.fit)
        for index, step in enumerate(episode.steps):
            if step.saw.stand_in:
                tally.lose("a step whose screenshot the recording lacks")
                continue
            if step.error is not None or step.unknown:
                tally.lose("a step that failed")
                continue
            try:
                scene = await scene_of(
                    episode.header.task, episode.steps[:index], step.saw, views=views, inputs=episode.header.inputs
                )
                decision = self._decision(step)
                yield self._plan(step, scene, decision)
            except (DialectError, ValueError) as error:
                tally.lose(f"a step that {self._dialect.name} cannot say: {error}")
                continue
            if self._dialect.grounds:
                for row in self._grounding(step, scene, decision, tally):
                    yield row

    def _decision(self, step: Step) -> Decision:
        """The decision with its places as the dialect has them: named, or pointed at.

        Raises:
            ValueError: The episode does not know them so.
        """
        decision = step.decision.model_copy(update={"pending": (), "calls": (), "memo": None})
        intent = decision.intent
        if isinstance(intent, Say):
            return decision
        if not self._dialect.grounds:
            if step.action is None:
                raise ValueError("its place is only described")
            return decision.model_copy(update={"intent": step.action})
        if all(isinstance(each, Target) for each in places(intent)):
            return decision
        found = handles(step)
        named = [
            place if isinstance(place, Target) else _named(step, handle)
            for place, handle in zip(places(intent), found, strict=True)
        ]
        return decision.model_copy(update={"intent": _with(intent, named)})

    def _plan(self, step: Step, scene: Scene, decision: Decision) -> Row:
        request = self._dialect.plan_request(scene, "direct")
        answer = self._dialect.write_plan(decision, scene.image)
        read = self._dialect.parse_plan(Reply(text=answer), scene)
        if (
            isinstance(read, Zoom)
            or self._dialect.write_plan(read, scene.image) != answer
            or not _same(read, decision, step)
        ):
            raise ValueError("it would be read back as something else")
        return Row(step, request, answer)

    def _grounding(self, step: Step, scene: Scene, decision: Decision, tally: Tally) -> list[Row]:
        intent = decision.intent
        if isinstance(intent, Say):
            return []
        rows = []
        for index, target in enumerate(places(intent)):
            box = _box(step, index)
            if not isinstance(target, Target) or box is None or target.role == "words":
                tally.lose("where a target is: the episode has no box of it")
                continue
            request = self._dialect.ground_request(target, scene.image)
            answer = self._dialect.write_ground(box, scene.image)
            read = self._dialect.parse_ground(Reply(text=answer), target, scene.image)
            if isinstance(read, Found):
                rows.append(Row(step, request, answer))
            else:
                tally.lose("where a target is: its box lies outside the frame")
        return rows

    def _record(self, episode: Episode, row: Row, images: Path, prefix: str) -> dict[str, Any]:
        named: list[str] = []

        def part(each: Any) -> dict[str, str]:
            if not isinstance(each, ImagePart):
                return {"type": "text", "text": each.text}
            name = f"{each.image.pixel_hash[:20]}.png"
            if not (images / name).exists():
                (images / name).write_bytes(each.image.png)
            named.append(prefix + name)
            return {"type": "image", "image": prefix + name}

        messages: list[dict[str, Any]] = [
            {"role": message.role, "content": [part(each) for each in message.parts]}
            for message in row.request.messages
        ]
        messages.append({"role": "assistant", "content": [{"type": "text", "text": row.answer}]})
        return {
            "episode": episode.header.id,
            "step": row.step.index,
            "purpose": row.request.purpose,
            "dialect": self._dialect.name,
            "mode": row.request.mode,
            "messages": messages,
            "images": named,
        }


def _named(step: Step, handle: Handle) -> Target:
    """What a place that is only a point is called.

    Raises:
        ValueError: Nothing names it.
    """
    if handle.name:
        return Target(description=handle.name, nth=handle.nth + 1 if handle.alike > 1 else None)
    origin, intent = step.origin, step.decision.intent
    alone = not isinstance(intent, Say) and len(places(intent)) == 1
    if origin is not None and origin.parts == 1 and origin.words and alone:
        return Target(description=origin.words)
    raise ValueError("it points at a place that nothing names")


def _with(intent: IntendedAct, named: list[Target]) -> IntendedAct:
    """The intent with these places."""
    field = {"move": "to", "drag": "path", "wait": "for_"}.get(intent.verb, "at")
    value: Place | tuple[Place, ...] = tuple(named) if field == "path" else named[0]
    values = {name: each for name, each in intent}  # noqa: C416  # not dict(): it would call the `keys` of a Hold
    kind: Any = type(intent)
    generic = kind.__pydantic_generic_metadata__["origin"]
    return cast(IntendedAct, generic[Target](**{**values, field: value}))


def _same(read: Decision, wanted: Decision, step: Step) -> bool:
    """Whether an answer was read back as it was meant, to the precision in which its dialect points."""
    ours, theirs = wanted.intent, read.intent
    if ours.verb != theirs.verb:
        return False
    if isinstance(ours, Say) or isinstance(theirs, Say):
        return True
    far = _NEAR * (step.saw.frame.width**2 + step.saw.frame.height**2) ** 0.5
    pairs = list(zip(places(ours), places(theirs), strict=False))
    if len(places(ours)) != len(places(theirs)):
        return False
    return all(not (isinstance(a, Point) and isinstance(b, Point)) or a.distance(b) <= far for a, b in pairs)


def _box(step: Step, index: int) -> Box | None:
    """Where a place of the step's intent is, frame pixels."""
    if index < len(step.evidence):
        return step.evidence[index].box
    answer = step.located[index] if index < len(step.located) else None
    return answer.place.box if isinstance(answer, Found) else None
