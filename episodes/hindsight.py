"""What of an episode was known at one of its steps: whatever came later, or says what will come, is taken out."""

from __future__ import annotations

from collections.abc import Sequence

from .schema import Observation, Step, Task

_SAYS_MORE = {
    # what was hoped to be done next may be what was done next
    "pending": (),
    # the state of who decided then, which another one cannot read, and the names of calls that hold their answers
    "memo": None,
    "calls": (),
}


_NOTES = ("plan", "evaluated", "not translated")
"""Events of imported episodes that no screen told: what the recorded agent said or did at that look."""


def as_seen(seen: Observation) -> Observation:
    """An observation without what was added to it afterwards: what still happened before the run ended, what probes found.

    It shares the frame and the tree with the one it is made of.
    """
    return seen.model_copy(
        update={
            "events": tuple(each for each in seen.events if each.at <= seen.at and each.kind not in _NOTES),
            "downloads": tuple(each for each in seen.downloads if each.at <= seen.at),
            "evidence": (),
        }
    )


def as_asked(task: Task, goal: str | None = None) -> Task:
    """A task as it is put to somebody who is to find out by themselves: without its script, and what success is checked by.

    Args:
        task: As it was recorded.
        goal: What to ask in place of its goal.
    """
    update: dict[str, object] = {"steps": (), "postconditions": (), "probes": ()}
    return task.model_copy(update=update if goal is None else {**update, "goal": goal})


def as_past(steps: Sequence[Step]) -> list[Step]:
    """Steps as whoever decides a later one may see them; those that were not done are left out, as they are in a run.

    The first so many of them say nothing of those behind them. An imported step's record is taken out: it may be that of the next one, too.
    """
    known: dict[str, Observation] = {}

    def once(seen: Observation) -> Observation:
        return known.setdefault(seen.id, as_seen(seen))

    return [
        step.model_copy(
            update={
                "saw": once(step.saw),
                "left": once(step.left) if step.left is not None else None,
                "decision": step.decision.model_copy(update=_SAYS_MORE),
                "origin": None,
            }
        )
        for step in steps
        if not step.undone
    ]
