"""What dialects have in common: templates, reasoning told from the answer, JSON in free text, boxes turned into an answer."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...episodes.schema import (
    Absent,
    Ambiguous,
    Candidate,
    Found,
    ImagePart,
    Located,
    Message,
    Reply,
    Request,
    TextPart,
)
from ...tools import foreign_json
from ...tools.actions import Target
from ...tools.errors import DialectError
from ...tools.geometry import Box
from ...tools.neutral import restored
from ...tools.words import cut, one_line
from ..base import Scene
from .verbs import spoken

THINK_END = "</think>"
_THINK = "<think>"


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent.parent / "prompts"
    # plain text for a model: escaping for HTML would change it
    return Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False)


def rendered(template: str, **values: object) -> str:
    """A prompt from ``agent/prompts``; it is a function of its values and of nothing else."""
    return _templates().get_template(template).render(**values)


@cache
def prompts_hash() -> str:
    """sha256 over all prompt templates: tells whether two runs were asked in the same words."""
    folder = Path(__file__).parent.parent / "prompts"
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.jinja")):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def in_prose(target: Target) -> str:
    """A target as a person would say it: ``Add to cart, near “Blue mug”``."""
    parts = [target.description.rstrip(". ") or target.description]
    parts += [f"near “{target.near}”"] if target.near else []
    parts += [f"inside “{target.inside}”"] if target.inside else []
    if target.nth is not None:
        parts.append("the last one" if target.nth == -1 else f"number {target.nth} of those")
    return ", ".join(parts)


def split_thought(text: str) -> tuple[str, str]:
    """(reasoning, answer) of a reply; the reasoning is empty when there is none.

    Raises:
        DialectError: It reasons and never comes to an answer.
    """
    if _answers_at_once(text):
        return "", text.strip()
    before, end, after = text.partition(THINK_END)
    if end:
        return before.replace(_THINK, "").strip(), after.strip()
    if _THINK in text:
        raise DialectError("the reasoning did not come to an end: answer at once, without reasoning")
    return "", text.strip()


def _answers_at_once(text: str) -> bool:
    """Whether a text is one JSON object and nothing else: what stands in its strings is no reasoning."""
    whole = text.strip()
    try:
        return whole.startswith("{") and decode(whole, 0)[1] == len(whole)
    except ValueError:
        return False


def first_json(text: str) -> Any:
    """The first JSON object in a text; words and code fences around it do not matter.

    Raises:
        DialectError: There is none, or it is cut off.
    """
    at = text.find("{")
    if at < 0:
        raise DialectError(f"there is no JSON object in {cut(ascii(text), 80)}")
    try:
        return decode(text, at)[0]
    except ValueError as error:
        raise DialectError(f"the JSON object cannot be read: {cut(str(error), 120)}") from error


def decode(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins there, and where it ends.

    Raises:
        ValueError: It is none, holds what is no number, or is nested deeper than any answer.
    """
    return foreign_json.decode(text, at, deepest=_DEEPEST)


_DEEPEST = 16
"""An answer has a handful of levels; what reads it further calls itself for each of them."""


def located(target: Target, boxes: Sequence[Box], image: ImagePart, confidence: float = 1.0) -> Located:
    """The answer for boxes that a model gave in pixels of the image that it was sent.

    One box is found, several are ambiguous, none is absent. They come out in frame pixels, clipped to what was shown.
    """
    back = image.view.to_sent.inverse()
    places = []
    for box in dict.fromkeys(boxes):
        # a line or a point is a place too: one pixel of what was sent
        seen = back.box(Box.at(box.left, box.top, max(1.0, box.width), max(1.0, box.height)))
        shown = seen.intersection(image.view.crop)
        if shown is None:
            # just beyond the last pixel
            shown = Box.around([_nearest(seen, image.view.crop)])
        label = f"“{cut(target.description, 80)}”"
        places.append(Candidate(box=shown, point=shown.center, label=label, source="model", confidence=confidence))
    if not places:
        return Absent(target=target, note="the model does not see it")
    if len(places) == 1:
        return Found(target=target, place=places[0])
    return Ambiguous(target=target, candidates=tuple(places[:20]), more=max(0, len(places) - 20))


def _nearest(box: Box, within: Box) -> Box:
    left = min(max(box.left, within.left), within.right - 1)
    top = min(max(box.top, within.top), within.bottom - 1)
    return Box.at(left, top, 1, 1)


def confidence_of(reply: Reply) -> float:
    """Geometric mean of the probabilities of a reply's tokens that hold digits, 0 to 1; 1 without logprobs.

    A server that constrains a reply gives probabilities after the constraint, so this says how sure the model was of the place, not of
    the form.
    """
    logs = [token.logprob for token in reply.tokens if any(char.isdigit() for char in token.text)]
    return min(1.0, math.exp(sum(logs) / len(logs))) if logs else 1.0


def ask_again(request: Request, reply: Reply, error: str) -> Request:
    """The same question once more, with what was wrong with the answer."""
    told = f"That cannot be used: {cut(error, 400)}\nAnswer again, in the form that was asked for."
    again = (
        Message(role="assistant", parts=(TextPart(text=cut(reply.text, 2000) or "(nothing)"),)),
        Message(role="user", parts=(TextPart(text=told),)),
    )
    return request.model_copy(update={"purpose": "retry", "messages": (*request.messages, *again)})


def verbs_for(scene: Scene) -> tuple[str, ...]:
    """The verbs that make sense in a scene: zoom where the frame was made smaller."""
    view = scene.image.view
    shrunk = view.sent.width < view.crop.width or view.sent.height < view.crop.height
    return spoken(scene.task.environment, zoom=shrunk)


def plan_parts(scene: Scene, instructions: str) -> Iterator[TextPart | ImagePart]:
    """The parts of a question for a plan, in the order of how seldom they change: a server has read all but the end before.

    What is the same in all runs, the task, the past that only grows, the newest frame, and the question.
    """
    secrets = ", ".join(f"<secret:{name}>" for name in scene.task.secrets)
    given = "; ".join(f"{name}: {one_line(value)}" for name, value in scene.task.inputs.items() if value is not None)
    task = rendered("task.jinja", goal=scene.task.goal, given=given, secrets=secrets, dropped=scene.dropped)
    yield TextPart(text=f"{instructions}\n{task}")
    for shown in scene.past:
        if shown.image is not None:
            yield shown.image
        yield TextPart(text=f"{shown.text}\n")
    yield scene.image
    yield TextPart(text=rendered("plan.jinja", facts=scene.facts, step=scene.step))
    for closer in scene.closer:
        yield closer
        yield TextPart(text="The part of the screen that you asked for. What do you do now?")


def sought(request: Request, pattern: re.Pattern[str]) -> str | None:
    """What a request asks to be located, by the dialect's own question; None when it asks something else."""
    last = request.messages[0].parts[-1]
    match = pattern.search(last.text) if isinstance(last, TextPart) else None
    return restored(match[1]) if match is not None else None


def through_image(request: Request, image: ImagePart) -> tuple[TextPart | ImagePart, ...] | None:
    """The parts of a request's first message up to and including an image; None when it does not show that view."""
    parts = request.messages[0].parts
    for at, part in enumerate(parts):
        if isinstance(part, ImagePart) and part.view == image.view:
            return parts[: at + 1]
    return None
