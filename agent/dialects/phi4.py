"""The dialect of Phi-4-reasoning-vision: plans in JSON, places as four decimals relative to the picture.

Sources: the model's public notebook for the grounding prompt (its doubled article included) and the form ``[x1, y1, x2, y2]``; its
report (arXiv 2603.03975) for grounding without and planning with reasoning.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...episodes.schema import Constraint, Decision, ImagePart, Json, Located, Message, Reply, Request, TextPart
from ...tools.actions import IntendedAct, Say, Target, Zoom
from ...tools.errors import DialectError
from ...tools.geometry import Box, Size
from ...tools.neutral import restored
from ...tools.words import cut
from ..base import Mode, Scene
from ..models.phi4siglip.patches import fitted
from .common import (
    THINK_END,
    confidence_of,
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
from .verbs import listed, plan_schema, read_action, write_action

_DIRECT = "<|dummy_84|>"
"""What the model's own template puts before an answer without reasoning."""
_DECIMAL = r"(0\.[0-9]{4}|1\.0000)"
_PLACE = rf"none|\[{', '.join([_DECIMAL] * 4)}\]"
_NUMBER = r"([-+]?[0-9]*\.?[0-9]+)"
_COMMA = r"\s*,\s*"
_FOUR = re.compile(rf"[\[(]\s*{_COMMA.join([_NUMBER] * 4)}\s*[\])]")
_ANSWER_TOKENS = 768
_THINK_TOKENS = 3072
_PLACE_TOKENS = 40


class Phi4:
    """See `Dialect`. Plans name things; a second question in the model's grounding form finds them."""

    name = "phi4"
    grounds = True

    def fit(self, size: Size) -> Size:
        """See `Dialect.fit`: 3,600 patches of 16×16 px, which are exactly 1280×720."""
        return fitted(size)

    def plan_request(self, scene: Scene, mode: Mode = "auto") -> Request:
        """See `Dialect.plan_request`."""
        instructions, constraint = _told(verbs_for(scene), scene.task.environment, mode)
        return Request(
            purpose="plan",
            messages=(Message(role="user", parts=tuple(plan_parts(scene, instructions))),),
            mode=mode,
            constraint=constraint,
            max_tokens=_ANSWER_TOKENS if mode == "direct" else _THINK_TOKENS,
        )

    def parse_plan(self, reply: Reply, scene: Scene) -> Decision | Zoom[Any]:
        """See `Dialect.parse_plan`."""
        thought, answer = split_thought(reply.text.lstrip().removeprefix(_DIRECT))
        data = first_json(answer)
        if not isinstance(data, dict):
            raise DialectError("the answer is no JSON object")
        # the action alone is as good as an answer that holds it
        action = data if "verb" in data else data.get("action")
        intent = read_action(action, scene.image.view)
        if isinstance(intent, Zoom):
            return intent
        said = data.get("thought")
        words = restored(said) if isinstance(said, str) and said else thought
        return Decision(
            thought=cut(words.encode("utf-8", "replace").decode(), 2000),
            intent=intent,
            pending=tuple(_pending(data.get("then"), scene)),
            source=reply.model or self.name,
        )

    def ground_request(self, target: Target, image: ImagePart, after: Request | None = None) -> Request:
        """See `Dialect.ground_request`."""
        shared = through_image(after, image) if after is not None else None
        question = TextPart(text=rendered("ground.jinja", instruction=in_prose(target)))
        return Request(
            purpose="ground",
            messages=(Message(role="user", parts=(*(shared or (image,)), question)),),
            mode="direct",
            constraint=Constraint(kind="regex", value=_PLACE),
            max_tokens=_PLACE_TOKENS,
            logprobs=True,
        )

    def parse_ground(self, reply: Reply, target: Target, image: ImagePart) -> Located:
        """See `Dialect.parse_ground`."""
        _, answer = split_thought(reply.text.lstrip().removeprefix(_DIRECT))
        boxes = list(_boxes(answer, image.view.sent))
        if not boxes and not re.match(r"\W*none\b", answer, re.IGNORECASE):
            raise DialectError(f"{cut(answer, 80)!r} is neither [x1, y1, x2, y2] from 0.0000 to 1.0000 nor none")
        return located(target, boxes, image, confidence_of(reply))

    def write_plan(self, decision: Decision, image: ImagePart | None = None) -> str:
        """What the model would say to decide so, in direct mode, whatever the picture; for oracles."""
        then = [write_action(each) for each in decision.pending]
        data = {"thought": decision.thought, "action": write_action(decision.intent)}
        return json.dumps({**data, "then": then} if then else data, ensure_ascii=False)

    def write_ground(self, box: Box | None, image: ImagePart) -> str:
        """What the model would say of a box in frame pixels, or of nothing; for oracles."""
        seen = box.intersection(image.view.crop) if box is not None else None
        if seen is None:
            return "none"
        sent, size = image.view.to_sent.box(seen), image.view.sent
        sides = (sent.left / size.width, sent.top / size.height, sent.right / size.width, sent.bottom / size.height)
        return f"[{', '.join(f'{min(1.0, max(0.0, side)):.4f}' for side in sides)}]"

    def sought(self, request: Request) -> str | None:
        """What a request asks to be located, in prose; None when it asks for a plan. For oracles."""
        return sought(request, _SOUGHT)


_SOUGHT = re.compile(r"this instruction describes: (.*)\. Output its bbox coordinates", re.DOTALL)


@lru_cache(maxsize=64)
def _told(verbs: tuple[str, ...], environment: str, mode: Mode) -> tuple[str, Constraint]:
    """What is told of what it may do, and the shape of its answer: the same for every step but for the verbs, and dear to make."""
    told = {"environment": environment, "verbs": listed(verbs), "zoom": "zoom" in verbs}
    return rendered("instructions.jinja", **told), _thoughtful(dict(plan_schema(verbs)), mode)


def _thoughtful(schema: dict[str, Json], mode: Mode) -> Constraint:
    """The schema, with room for reasoning before it where the mode has reasoning."""
    if mode == "direct":
        return Constraint(kind="json_schema", value=schema)
    answer: Json = {"type": "json_schema", "json_schema": schema}
    begin = "" if mode == "think" else "<think>"
    thought: Json = {"type": "tag", "begin": begin, "content": {"type": "any_text"}, "end": THINK_END}
    reasoned: Json = {"type": "sequence", "elements": [thought, answer]}
    direct: Json = {"type": "sequence", "elements": [{"type": "const_string", "value": _DIRECT}, answer]}
    form: Json = reasoned if mode == "think" else {"type": "or", "elements": [reasoned, direct, answer]}
    return Constraint(kind="structural_tag", value={"type": "structural_tag", "format": form})


def _pending(data: Any, scene: Scene) -> Iterator[IntendedAct]:
    """Further acts as far as they can be read: they are hopes, and are planned anew when their time comes."""
    for each in data if isinstance(data, list) else ():
        try:
            intent = read_action(each, scene.image.view)
        except DialectError:
            return
        if isinstance(intent, Say | Zoom):
            return
        yield intent


def _boxes(text: str, sent: Size) -> Iterator[Box]:
    """The boxes in a reply, in pixels of the image as sent.

    Raises:
        DialectError: One does not lie in the picture, or is inverted.
    """
    for match in _FOUR.finditer(text):
        left, top, right, bottom = (float(each) for each in match.groups())
        if not all(math.isfinite(each) and 0 <= each <= 1 for each in (left, top, right, bottom)):
            raise DialectError(f"{cut(match[0], 60)}: coordinates are relative, from 0.0000 to 1.0000")
        if right < left or bottom < top:
            raise DialectError(f"{match[0]}: x1 must not exceed x2, nor y1 exceed y2")
        yield Box(left=left * sent.width, top=top * sent.height, right=right * sent.width, bottom=bottom * sent.height)
