"""Policies for the machine's stand-in, named on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from handeye.environments.base import Environment
from handeye.episodes.schema import Decision, Observation, Step, Task
from handeye.tools.actions import Click, Done, Fail, IntendedAct, Key, Place, Say, Type, Wait

WORDS = "Grüße, мир ✓ <b>1 < 2</b>"


class Writes:
    """Waits for the editor, writes into it, saves, and says that it is done."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        del task
        acts = [step for step in past if step.action is not None and step.action.verb != "wait"]
        ready = any(each.active and "letter" in each.title for each in now.windows)
        if not acts and not ready:
            return Decision(intent=Wait[Place](seconds=0.5))
        plan: list[IntendedAct | Say] = [
            Click[Place](at=now.frame.box.center),
            Type[Place](text=WORDS),
            Key(keys=("Control+s",)),
            Done(),
        ]
        return Decision(intent=plan[len(acts)])


class GivesUp:
    """Says at once that it cannot be done."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        return Decision(intent=Fail(reason="there is no such function"))


class Claims:
    """Says at once that it is done."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        return Decision(intent=Done())


def writes(task: Task, world: Environment) -> Writes:
    """`Writes` as a factory."""
    return Writes()


def gives_up(task: Task, world: Environment) -> GivesUp:
    """`GivesUp` as a factory."""
    return GivesUp()
