"""The dialect of Qwen-VL, Fara and Holo: calls of one function, ``computer_use``, that point at the picture.

Sources: Qwen's cookbooks for the function and the form of a call; Qwen3-VL's documentation for coordinates from 0 to 1000, Qwen2.5-VL's for
pixels of the picture as resized; their ``preprocessor_config.json`` for the sizes; Fara's prompts for the browser's actions.

These models were trained with the function between ``<tools>`` tags and calls between ``<tool_call>`` tags. A request holds no live tag,
not even of our own: no rule could tell them from a page's. So the prompt names the tags in words, and the form is the business of the
constraint, which is no text; where a server knows no constraints, a call is found with its tags or without them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from ...episodes.schema import Constraint, Decision, ImagePart, Json, Located, Message, Reply, Request, TextPart
from ...tools.actions import Target, Zoom
from ...tools.errors import DialectError
from ...tools.geometry import Box, Point, Size
from ...tools.neutral import neutral, restored
from ...tools.words import cut
from ..base import Mode, Scene
from .common import (
    THINK_END,
    confidence_of,
    decode,
    first_json,
    in_prose,
    located,
    plan_parts,
    rendered,
    sought,
    split_thought,
    through_image,
    verbs_for,
)
from .computer_use import read_call, write_call
from .forms import TOOL, call_schema, point_schema, signature
from .grid import Grid

_BEGIN, _END = "<tool_call>\n", "\n</tool_call>"
_CALL = re.compile(r"<tool_call>\s*(?=\{)")
_MOST_CALLS = 8
_DIRECT_TOKENS = 768
_THINK_TOKENS = 3072
_PLACE_TOKENS = 64
_AROUND = 4
"""Pixels as sent: the sides of the box that stands for a point."""
_LONGEST_ASPECT = 200
"""The family's own preprocessing refuses a picture that is longer."""


class _Family:
    """See `Dialect`. Plans point already: nothing has to be found afterwards.

    Attributes:
        name: Short name.
        thousandths: Whether coordinates are thousandths of the picture's sides; else pixels of the picture as sent.
        factor: Pixels as sent of one image token's side: sides are multiples of it.
        least: Pixels that a picture has at least when it is sent, and `most` at most.
    """

    name: str
    thousandths: bool
    factor: int
    least: int
    most: int
    grounds = False

    def fit(self, size: Size) -> Size:
        """See `Dialect.fit`: both sides a multiple of the factor, the area within the family's bounds, the aspect nearly kept.

        Raises:
            ValueError: It is more than 200 times as long as it is wide: the family takes no such picture.
        """
        longer, shorter = max(size.width, size.height), min(size.width, size.height)
        if longer > shorter * _LONGEST_ASPECT:
            raise ValueError(f"{size.width:g}x{size.height:g} is too narrow to be shown to the model: at most 200 to 1")
        area = size.width * size.height
        width, height = (
            max(self.factor, round(side / self.factor) * self.factor) for side in (size.width, size.height)
        )
        if width * height > self.most:
            scale = math.sqrt(self.most / area)
            width, height = self._whole(size, scale, math.floor)
        elif width * height < self.least:
            scale = math.sqrt(self.least / area)
            width, height = self._whole(size, scale, math.ceil)
        return Size(width=width, height=height)

    def _whole(self, size: Size, scale: float, rounding: Any) -> tuple[int, int]:
        width, height = (
            max(self.factor, rounding(side * scale / self.factor) * self.factor) for side in (size.width, size.height)
        )
        return width, height

    def plan_request(self, scene: Scene, mode: Mode = "auto") -> Request:
        """See `Dialect.plan_request`."""
        verbs, grid = verbs_for(scene), self._grid(scene.image)
        told = json.dumps(signature(verbs, grid), ensure_ascii=False)
        instructions = rendered("qwen_instructions.jinja", environment=scene.task.environment, signature=told)
        return Request(
            purpose="plan",
            messages=(Message(role="user", parts=tuple(plan_parts(scene, instructions))),),
            mode=mode,
            constraint=_called(call_schema(verbs, grid), words=True),
            max_tokens=_DIRECT_TOKENS if mode == "direct" else _THINK_TOKENS,
        )

    def parse_plan(self, reply: Reply, scene: Scene) -> Decision | Zoom[Any]:
        """See `Dialect.parse_plan`."""
        thought, call = _split(reply.text)
        intent = read_call(
            call, self._grid(scene.image), step=scene.step, thought=cut(thought, 300), pointer=_pointer(scene)
        )
        if isinstance(intent, Zoom):
            return intent
        return Decision(thought=cut(thought, 2000), intent=intent, source=reply.model or self.name)

    def ground_request(self, target: Target, image: ImagePart, after: Request | None = None) -> Request:
        """See `Dialect.ground_request`."""
        shared = through_image(after, image) if after is not None else None
        grid = self._grid(image)
        question = rendered("qwen_ground.jinja", instruction=in_prose(target), resolution=grid.resolution)
        return Request(
            purpose="ground",
            messages=(Message(role="user", parts=(*(shared or (image,)), TextPart(text=question))),),
            mode="direct",
            constraint=_called(point_schema(grid), words=False),
            max_tokens=_PLACE_TOKENS,
            logprobs=True,
        )

    def parse_ground(self, reply: Reply, target: Target, image: ImagePart) -> Located:
        """See `Dialect.parse_ground`."""
        _, call = _split(reply.text)
        said = call.get("arguments", call) if isinstance(call, dict) else call
        grid = self._grid(image)
        if isinstance(said, dict) and said.get("action") == "terminate":
            return located(target, [], image)
        if not isinstance(said, dict) or "coordinate" not in said:
            raise DialectError("that is neither a click at a coordinate nor terminate with failure")
        at = image.view.to_sent.point(grid.point(said["coordinate"]))
        around = Box.at(at.x, at.y, 0, 0).grown(_AROUND / 2)
        return located(target, [around], image, confidence_of(reply))

    def write_plan(self, decision: Decision, image: ImagePart) -> str:
        """What the model would say to decide so about a picture; what is pending it cannot say. For oracles.

        Raises:
            ValueError: A place of the intent is described and not yet a point.
        """
        call = _written(write_call(decision.intent, self._grid(image)))
        return f"{decision.thought}\n{call}" if decision.thought else call

    def write_ground(self, box: Box | None, image: ImagePart) -> str:
        """What the model would say of a box in frame pixels, or of nothing; for oracles."""
        seen = box.intersection(image.view.crop) if box is not None else None
        if seen is None:
            return _written({"action": "terminate", "status": "failure"})
        return _written({"action": "left_click", "coordinate": self._grid(image).said(seen.center)})

    def sought(self, request: Request) -> str | None:
        """What a request asks to be located, in prose; None when it asks for a plan. For oracles."""
        return sought(request, _SOUGHT)

    def _grid(self, image: ImagePart) -> Grid:
        return Grid(image.view, Size(width=1000, height=1000) if self.thousandths else image.view.sent)


class Qwen(_Family):
    """Coordinates from 0 to 1000, whatever the picture's size: Qwen3-VL and later, Holo2, Fara-1.5."""

    name = "qwen"
    thousandths = True
    factor = 32
    least = 64 * 32 * 32
    most = 16_384 * 32 * 32


class QwenPixels(_Family):
    """Coordinates in pixels of the picture as sent: Qwen2.5-VL, Fara-7B, Holo1 and Holo1.5."""

    name = "qwen-pixels"
    thousandths = False
    factor = 28
    least = 4 * 28 * 28
    most = 16_384 * 28 * 28


_SOUGHT = re.compile(r"Where on the screenshot is this: (.*)\. The screenshot's resolution is", re.DOTALL)
_POINTED = re.compile(r"\d+\. (?:Move|Hover|\S*[Cc]lick) \((-?\d+(?:\.\d+)?), (-?\d+(?:\.\d+)?)\) → (?!FAILED)")


def _written(arguments: dict[str, Any]) -> str:
    return f"{_BEGIN}{json.dumps({'name': TOOL, 'arguments': arguments}, ensure_ascii=False)}{_END}"


def _called(schema: dict[str, Json], *, words: bool) -> Constraint:
    """One call between its tags, with room for words before it."""
    call: list[Json] = [{"type": "json_schema", "json_schema": schema}, {"type": "const_string", "value": _END}]
    before: Json = {"type": "const_string", "value": _BEGIN}
    if words:
        before = {"type": "tag", "begin": "", "content": {"type": "any_text"}, "end": _BEGIN}
    form: Json = {"type": "sequence", "elements": [before, *call]}
    return Constraint(kind="structural_tag", value={"type": "structural_tag", "format": form})


def _split(text: str) -> tuple[str, Any]:
    """(what was said before the call, the call) of a reply.

    Raises:
        DialectError: It holds no call.
    """
    for before, call, after in _calls(text):
        # one in the reasoning is a thought of a call
        if THINK_END not in after:
            thought, said = split_thought(before) if THINK_END in before else ("", before)
            return _clean(" ".join(filter(None, (thought, said.replace("<think>", "").strip())))), call
    thought, answer = split_thought(text)
    before, _, _ = answer.partition("{")
    return _clean(thought or before.strip().removesuffix(_BEGIN.strip()).strip()), first_json(answer)


def _calls(text: str) -> Iterator[tuple[str, Any, str]]:
    for _, match in zip(range(_MOST_CALLS), _CALL.finditer(text), strict=False):
        try:
            call, end = decode(text, match.end())
        except ValueError:
            continue
        yield text[: match.start()], call, text[end:]


def _clean(text: str) -> str:
    """Words without our joiners and without halves of surrogate pairs."""
    return restored(neutral(text))


def _pointer(scene: Scene) -> Point | None:
    """Where the last step left the mouse, by its line: it begins with words of ours, so no text of a page passes for it."""
    match = _POINTED.match(restored(scene.past[-1].text)) if scene.past else None
    return Point(x=float(match[1]), y=float(match[2])) if match is not None else None
