"""The scene that a model is shown, from a task, its past and the newest observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..episodes.schema import Observation, Step, Task
from .base import Scene, Shown
from .history import facts, recall
from .policies.fill import fill
from .views import Views


async def scene_of(
    task: Task, past: Sequence[Step], now: Observation, *, views: Views, inputs: Mapping[str, str], frames: int = 1
) -> Scene:
    """What a model is told when it is asked what to do.

    Args:
        task: What is asked.
        past: All steps before.
        now: The newest observation.
        views: Makes the pictures.
        inputs: Values of the task's inputs, which its goal may name.
        frames: How many frames are shown at most, the newest among them.
    """
    history = recall(past, frames)
    shown = [
        Shown(turn.text, await views.whole(turn.frame) if turn.frame is not None else None) for turn in history.turns
    ]
    goal = fill(task.goal, inputs) if inputs else task.goal
    return Scene(
        task=task.model_copy(update={"goal": goal, "inputs": dict(inputs)}),
        past=tuple(shown),
        dropped=history.dropped,
        image=await views.whole(now),
        facts=facts(now),
        step=len(past),
    )
