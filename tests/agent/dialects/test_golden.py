"""What each dialect says and hears, whole: a change of a prompt shows here as a difference of words.

``UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/agent/dialects/test_golden.py`` writes the files anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pydantic import TypeAdapter

from handeye.agent.base import Scene, Shown
from handeye.agent.dialects.phi4 import Phi4
from handeye.agent.dialects.qwen import Qwen, QwenPixels
from handeye.episodes.schema import Decision, ImagePart, Reply, Request, Start, Task, TextPart, View
from handeye.tools.actions import Click, Done, Fail, Place, Scroll, Target, Type
from handeye.tools.errors import DialectError
from handeye.tools.geometry import Box, Point, Size
from handeye.tools.pixels import Frame

FOLDER = Path(__file__).resolve().parents[1] / "golden"
UPDATE = "UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/agent/dialects/test_golden.py"
Spoken: TypeAlias = Phi4 | Qwen | QwenPixels
ADD = Target(description="Add to cart", near="Blue mug")


def image(step: int, dialect: Spoken) -> ImagePart:
    """A frame of 1920×1080, in the size in which the dialect sends it."""
    sent = dialect.fit(Size(width=1920, height=1080))
    data = {"blob": "0" * 64, "pixels": "0" * 64, "width": int(sent.width), "height": int(sent.height)}
    view = View(observation=f"o{step:04}", crop=Box.at(0, 0, 1920, 1080), sent=sent)
    return ImagePart(view=view, image=TypeAdapter(Frame).validate_python(data))


def scene(dialect: Spoken, layout: str) -> Scene:
    browser = layout != "desktop"
    frames = 4 if layout == "conversation" else 1
    goal = "Put the blue mug into the cart"
    task = Task(
        goal=goal, environment="browser" if browser else "desktop", start=Start(), secrets={"password": "env:PASSWORD"}
    )
    lines = ("0. Click “Mugs” → the page is now https://shop.example/mugs", "1. Scroll down 300 px → done")
    past = tuple(Shown(text, image(step, dialect) if frames > 1 else None) for step, text in enumerate(lines))
    facts = "URL: https://shop.example/mugs\nTitle: Mugs" if browser else "Window 0x1: “Editor” (active)"
    return Scene(task, past, 0, image(2, dialect), facts, step=2)


def shown(request: Request) -> Iterator[str]:
    kind = request.constraint.kind if request.constraint else "none"
    logprobs = ", logprobs" if request.logprobs else ""
    yield f"=== {request.purpose}: mode {request.mode}, constraint {kind}, {request.max_tokens} tokens{logprobs}"
    for message in request.messages:
        yield f"--- {message.role}"
        for part in message.parts:
            if isinstance(part, TextPart):
                yield part.text
            else:
                yield f"[image {part.view.sent.width:g}x{part.view.sent.height:g} of {part.view.observation}]"


def heard(dialect: Spoken, now: Scene) -> Iterator[str]:
    place: Place = ADD if dialect.grounds else Point(x=960, y=540)
    decisions = [
        Decision(thought="The blue mug is there.", intent=Click[Place](at=place)),
        Decision(intent=Type[Place](text="two\n", at=place, replace=True)),
        Decision(intent=Scroll[Place](dy=300)),
        Decision(intent=Done(note="It is in the cart.")),
        Decision(intent=Fail(reason="There is no blue mug.")),
    ]
    for text in [*(dialect.write_plan(each, now.image) for each in decisions), "I cannot help with that."]:
        yield f"=== reply\n{text}"
        try:
            read: Any = dialect.parse_plan(Reply(text=text), now)
            data = read.model_dump(mode="json", exclude_defaults=True, by_alias=True)
            yield f"--- read\n{json.dumps(data, ensure_ascii=False)}"
        except DialectError as error:
            yield f"--- refused\n{error.message}"
    for box in (Box.at(900, 500, 120, 80), None):
        text = dialect.write_ground(box, now.image)
        found = dialect.parse_ground(Reply(text=text), ADD, now.image)
        yield f"=== reply\n{text}\n--- read\n{found.model_dump_json(exclude_defaults=True, exclude={'target'})}"


@pytest.mark.parametrize("dialect", [Phi4(), Qwen(), QwenPixels()], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("layout", ["browser", "conversation", "desktop"])
def test_transcript(dialect: Spoken, layout: str) -> None:
    now = scene(dialect, layout)
    plan = dialect.plan_request(now, "think" if layout == "conversation" else "direct")
    lines = [*shown(plan), *shown(dialect.ground_request(ADD, now.image, plan)), *heard(dialect, now)]
    path = FOLDER / f"{dialect.name}-{layout}.txt"
    text = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists() and path.read_text(encoding="utf-8") == text, f"if it is meant: {UPDATE}"
