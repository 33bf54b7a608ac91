"""The model's client: what a call costs besides the server's time, and how full many questions keep a server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

import httpx

from ...agent.base import Scene
from ...agent.dialects.phi4 import Phi4
from ...agent.models import wire
from ...agent.models.vllm import VllmModel
from ...episodes.schema import ImagePart, Task, View
from ...tools.geometry import Size
from ...tools.pixels import Frame
from ..replay_suite import throughput
from .base import Asked, Row

_CALLS, _STEPS, _AT_ONCE, _SECONDS = 40, 1000, 64, 0.5
CALL, FULL = 10.0, 1.15
"""Milliseconds that a call may add; times the server's own time that many steps may take."""


def measure(asked: Asked) -> Sequence[Row]:
    """What a call with a fresh frame adds, and a teacher-forced replay against a server that takes half a second."""
    steps = asked.trials(_STEPS, 2)
    found = asyncio.run(throughput.shop(steps, min(_AT_ONCE, steps), _SECONDS))
    name = f"{steps} recorded steps, {min(_AT_ONCE, steps)} at once, {_SECONDS:g} s an answer"
    note = f"{found.busy / found.steps * 1e3:.1f} ms of the processor a step; {found.lost} lost, {found.misplaced} misplaced"
    return [
        asyncio.run(_calls(asked)),
        Row(name, found.seconds * 1e3, found.floor * 1e3, FULL, steps, note=note),
    ]


async def _calls(asked: Asked) -> Row:
    count = asked.trials(_CALLS)
    pictures = [throughput.numbered(png, number) for number, png in enumerate(await throughput.screens(count))]
    ours, bare = [], []
    with throughput.stub(0) as url:
        model = VllmModel(url)
        name = (await model.describe()).name
        async with httpx.AsyncClient() as client:
            for number, png in enumerate(pictures):
                request = Phi4().plan_request(_scene(Frame.from_png(png), number), "direct")
                body = wire.draft(request, name).data
                began = time.perf_counter()
                (await client.post(f"{model.config.address}/chat/completions", content=body, headers=_JSON)).json()
                between = time.perf_counter()
                await model.complete(request)
                bare.append((between - began) * 1e3)
                ours.append((time.perf_counter() - between) * 1e3)
        await model.close()
    added = statistics.median(mine - theirs for mine, theirs in zip(ours, bare, strict=True))
    note = f"a fresh 1280x720 frame; {statistics.median(ours):.1f} ms in all, the bare request {statistics.median(bare):.1f} ms"
    return Row("model client, added to a call", added, None, CALL, count, note=note)


_JSON = {"Content-Type": "application/json"}


def _scene(frame: Frame, number: int) -> Scene:
    view = View(observation=f"o{number:04d}", crop=frame.box, sent=Size(width=frame.width, height=frame.height))
    task = Task(goal="Find the cheapest blue mug and tell me its price")
    return Scene(task=task, past=(), dropped=0, image=ImagePart(view=view, image=frame), facts="", step=number)
