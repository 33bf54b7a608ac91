"""A model that plans: asked for an intent and what it hopes to do after that, with the task, the past and the newest frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...episodes.schema import Decision, Observation, Request, Step, Task
from ...tools.actions import Say, Target, Zoom, places
from ...tools.errors import DialectError
from ..base import Mode, Scene
from ..mind import Mind
from ..scenes import scene_of

_ZOOMS = 3
"""How often a model may look closer before it has to decide."""


class Thinking(BaseModel):
    """How a model is asked to plan.

    Attributes:
        mode: ``think`` reasons before every plan: what the house's model was trained for, at some ten times the time of ``direct``;
            ``auto`` leaves it to the model.
        frames: How many frames are shown at most, the newest among them; one is as the house's model was trained.
        temperature: Of plans; places are always found at 0. At 0 the same prompt has the same answer, which a run to be compared
            with another wants.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["think", "direct", "auto"] = "think"
    frames: int = Field(default=1, ge=1, le=8)
    temperature: float = Field(default=0.0, ge=0, le=2)


class ModelPolicy:
    """Decides by what a model says.

    Args:
        mind: The model and how to speak with it.
        inputs: Values of the task's inputs, which its goal may name.
        thinking: See `Thinking`.
    """

    def __init__(self, mind: Mind, inputs: Mapping[str, str], thinking: Thinking | None = None) -> None:
        self._mind = mind
        self._inputs = inputs
        self._thinking = thinking or Thinking()

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        hoped = _hoped(past, now)
        if hoped is not None:
            return hoped
        scene = await self._scene(task, past, now)
        for _ in range(_ZOOMS):
            said = await self._plan(scene, now)
            if not isinstance(said, Zoom):
                return said
            scene = scene._replace(closer=(*scene.closer, await self._mind.views.part(now, said.box)))
        raise DialectError(f"the model looked closer {_ZOOMS} times and decided nothing")

    async def _plan(self, scene: Scene, now: Observation) -> Decision | Zoom[Any]:
        # reasoning that led nowhere leads nowhere again: the second time it answers at once
        return await self._mind.calls.answer(
            self._request(scene, self._thinking.mode),
            now.id,
            lambda reply: self._mind.dialect.parse_plan(reply, scene),
            again=lambda: self._request(scene, "direct"),
        )

    def _request(self, scene: Scene, mode: Mode) -> Request:
        request = self._mind.dialect.plan_request(scene, mode)
        return request.model_copy(update={"temperature": self._thinking.temperature})

    async def _scene(self, task: Task, past: Sequence[Step], now: Observation) -> Scene:
        frames = self._thinking.frames
        return await scene_of(task, past, now, views=self._mind.views, inputs=self._inputs, frames=frames)


def _hoped(past: Sequence[Step], now: Observation) -> Decision | None:
    """What the last plan hoped to do next, if all went as expected; None when it has to be thought over."""
    last = past[-1] if past else None
    if last is None or not last.decision.pending or last.error is not None or last.unknown:
        return None
    same_page = now.url == last.saw.url and len(now.tabs) == len(last.saw.tabs)
    if not same_page or now.dialog is not None or now.events:
        return None
    intent, *rest = last.decision.pending
    if isinstance(intent, Say) or any(not isinstance(place, Target) for place in places(intent)):
        # a point lies in the picture that it was chosen in, which is gone; a claim needs a look at the screen
        return None
    return Decision(intent=intent, pending=tuple(rest), source=f"planned in step {last.index}")
