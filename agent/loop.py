"""The loop: look → decide → ground → guard → check it is still there → act → settle → record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..environments.base import Environment
from ..episodes.schema import Decision, Observation, Step, Stop, Task
from ..tools.actions import Answer, AskUser, Done, Fail, IntendedAct, Read, Say
from ..tools.errors import HandeyeError
from .base import Grounder, Guard, Person, Policy
from .finding import check_still_there, ground
from .limits import over_budget, stuck
from .person import PersonRefused
from .record import Record


@dataclass(frozen=True)
class Crew:
    """Who takes part in an episode."""

    world: Environment
    policy: Policy
    grounder: Grounder
    guard: Guard
    person: Person
    interrupted: Callable[[], bool] = lambda: False


class Ending(NamedTuple):
    """Why the loop stopped, and what was claimed."""

    stop: Stop
    message: str = ""
    answer: str | None = None


async def run_loop(task: Task, crew: Crew, record: Record, first: Observation) -> Ending:
    """Runs one episode, from its first observation on, until it claims an end, spends its budget or gets stuck.

    What an act could not do is recorded in its step and the policy is told. Every other error leaves through here, after the step in which
    it happened was written.

    Raises:
        HandeyeError: The world, the model, the recording or the task failed.
    """
    now = record.saw(first)
    while True:
        if crew.interrupted():
            return Ending("interrupted", "interrupted")
        if spent := over_budget(task.budget, record.past, record.seconds(), record.tokens):
            return Ending(*spent)
        if why := stuck(record.past):
            return Ending("stuck", why)
        record.start()
        decision = await record.timed("decide", crew.policy.decide(task, record.past, now))
        if isinstance(decision.intent, Say):
            step, ending = await _say(decision, decision.intent, now, crew, record)
        else:
            step, ending = await _act(decision, decision.intent, now, crew, record)
        if ending is not None:
            return ending
        now = step.left or now


async def _act(
    decision: Decision, intent: IntendedAct, now: Observation, crew: Crew, record: Record
) -> tuple[Step, Ending | None]:
    grounded = await record.timed("ground", ground(intent, now, crew.grounder, crew.world, record))
    if grounded.act is None:
        step = await record.begin(grounded.now, decision, grounded.located)
        return await record.end(step, error=grounded.error), None
    word = await record.timed("guard", crew.guard.judge(decision, grounded.act, grounded.now))
    if not word.allowed:
        step = await record.begin(grounded.now, decision, grounded.located, word)
        refusal = PersonRefused(f"{word.rule}: {word.reason}")
        return await record.end(step, error=refusal), Ending("refused", refusal.message)
    # last before acting: a person may have taken a minute to say yes
    grounded = await record.timed("check", check_still_there(intent, grounded, crew.grounder, crew.world, record))
    step = await record.begin(grounded.now, decision, grounded.located, word, grounded.act)
    if grounded.act is None:
        return await record.end(step, error=grounded.error), None
    try:
        came = await crew.world.step(grounded.act, on=grounded.now.id)
    except HandeyeError as error:
        await record.end(step, error=error)
        raise
    return await record.end(step, came), None


async def _say(
    decision: Decision, say: Say, now: Observation, crew: Crew, record: Record
) -> tuple[Step, Ending | None]:
    step = await record.begin(now, decision)
    ending: Ending | None = None
    error: HandeyeError | None = None
    match say:
        case AskUser():
            record.heard("asked", say.question)
            try:
                record.heard("answered", await crew.person.ask(say.question, now))
            except PersonRefused as refusal:
                error, ending = refusal, Ending("refused", refusal.message)
        case Read():
            pass
        case Answer():
            ending = Ending("answer", answer=say.text)
        case Done():
            ending = Ending("done", say.note)
        case Fail():
            ending = Ending("fail", say.reason)
    return await record.end(step, error=error), ending
