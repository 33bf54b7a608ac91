"""When to stop trying: budgets and the signs of being stuck."""

from __future__ import annotations

from collections.abc import Sequence

from ..episodes.schema import Budget, Step, Stop
from ..tools.actions import Wait

REPEATS = 3
"""The same act on the same picture this often, or the same two in turn, means that nothing comes of it."""
ERRORS = 3
"""Acts that could not be done, one after the other."""


def over_budget(budget: Budget, past: Sequence[Step], seconds: float, tokens: int) -> tuple[Stop, str] | None:
    """Which budget is spent, in words; None when none is."""
    acts = sum(step.action is not None for step in past)
    if acts >= budget.steps:
        return "steps", f"the budget of {budget.steps} steps is spent"
    if seconds >= budget.seconds:
        return "seconds", f"the budget of {budget.seconds:g} seconds is spent"
    if budget.tokens is not None and tokens >= budget.tokens:
        return "tokens", f"the budget of {budget.tokens} tokens is spent"
    return None


def stuck(past: Sequence[Step]) -> str:
    """Why the run is stuck; empty when it is not.

    Two steps are the same when picture, act and the policy's memo are: a script that means to repeat itself counts on in its memo.
    """
    if len(past) >= ERRORS and all(step.error is not None and step.action is None for step in past[-ERRORS:]):
        return f"{ERRORS} acts in a row could not be done"
    keys = [_key(step) for step in past[-2 * REPEATS :]]
    last = keys[-REPEATS:]
    if len(last) == REPEATS and last[0] is not None and len(set(last)) == 1:
        return f"the same act on the same picture {REPEATS} times"
    if len(keys) == 2 * REPEATS and None not in keys and len(set(keys)) == 2 and keys == keys[:2] * REPEATS:
        return f"going back and forth between two pictures {REPEATS} times"
    return ""


def _key(step: Step) -> str | None:
    if step.action is None or isinstance(step.action, Wait):
        return None
    return f"{step.saw.frame.sha256} {step.action.model_dump_json()} {step.decision.memo}"
