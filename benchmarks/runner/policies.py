"""Who decides in the rows of a run: short names, and what each makes of a row."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeGuard, cast

from ...agent.base import Model, Policy
from ...agent.policies.model import Thinking
from ...agent.run import Resources, Run, traffic_of, world_of
from ...environments.base import Environment
from ...episodes.reader import Episode
from ...episodes.schema import Decision, Observation, Step, Task
from ...tools.actions import Action, Click, Done, Drag, Fail, IntendedAct, Key, Place, Say, Scroll, Type
from ...tools.errors import UsageError
from ...tools.geometry import Point
from ...tools.plugins import load
from .folder import RunFolder

PolicyFactory = Callable[[Task, Environment], Policy | Model]
"""Makes what decides in one episode: a `Policy`, or a `Model` that is asked as any other. The world is the one in which the episode will
be, not begun yet; what looks into it further than an agent may (an oracle) does so through its probes."""

POLICIES = {
    "random": ".benchmarks.runner.policies:random_policy",
    "centre": ".benchmarks.runner.policies:centre_policy",
    "oracle": ".benchmarks.runner.policies:oracle_policy",
}
"""Short name → `PolicyFactory`."""

_ORACLE = {name: f".benchmarks.oracle.model:{name}" for name in ("oracle_model", "known_tasks")}
_BUILT_IN = ("script", "script+repair", "model", "playback")
_GROUP = "handeye.policies"
_ADDRESSES = ("http://", "https://", "local:", "oracle:")
_ACTS = 10
"""Acts of a random policy; most tasks of MiniWoB++ take fewer."""


def named(policy: str | None, model: str | None) -> tuple[str, str | None]:
    """What the command line says as a policy and a model: the address of a model is one that plans.

    Raises:
        UsageError: The policy needs a model, or there is none of its name.
    """
    if policy is None:
        policy = "model" if model is not None else "script"
    if policy.startswith(_ADDRESSES) and policy not in POLICIES:
        if model is not None:
            raise UsageError("--policy names a model already", remedy="leave out --model")
        policy, model = "model", policy
    kind = policy.partition(":")[0] if policy.startswith("playback:") else policy
    if kind in ("model", "script+repair") and model is None:
        raise UsageError(f"the policy {kind!r} needs a model to ask", remedy="--model http://127.0.0.1:8000/v1")
    if kind == "playback" and ":" not in policy:
        raise UsageError("--policy playback needs to know which run", remedy="--policy playback:RUN")
    if kind not in _BUILT_IN:
        load("policy", policy, POLICIES, _GROUP)
        if model is not None:
            raise UsageError(f"the policy {policy!r} asks no model", remedy="leave out --model")
    return policy, model


def refused(policy: str, task: Task) -> str:
    """Why a policy cannot do a task; empty where it can."""
    if policy in ("script", "script+repair") and not task.steps:
        return "it has no steps for a script"
    if policy == "model" and not task.goal:
        return "it has no goal for a model"
    return ""


def refusal(policy: str) -> Callable[[Task], str]:
    """`refused` for a policy; of a factory that has an attribute ``refuses``, a function of the task, what that says."""
    if policy.partition(":")[0] in _BUILT_IN:
        return lambda task: refused(policy, task)
    factory = load("policy", policy, POLICIES, _GROUP)
    refuses = getattr(factory, "refuses", None)
    return cast(Callable[[Task], str], refuses) if refuses is not None else lambda task: ""


def decided(run: Run, policy: str, model: str | None, key: str, resources: Resources) -> Run:
    """A run in which the policy of that name decides.

    Args:
        run: Of the row, with nobody to decide yet.
        policy: As `named` gives it.
        model: Likewise.
        key: Of the row.
        resources: What the runs of a process share.

    Raises:
        UsageError: What is to be played back is not there.
    """
    if policy == "script":
        return replace(run, policy="script")
    if policy in ("model", "script+repair"):
        return replace(run, policy="model" if policy == "model" else "script", model=model)
    if policy.startswith("playback:"):
        return replace(run, policy=_recorded(policy.removeprefix("playback:"), key))
    factory: PolicyFactory = load("policy", policy, POLICIES, _GROUP)
    traffic = traffic_of(run)
    world = run.world or world_of(run.task, run.secrets, resources, traffic)
    run = replace(run, world=world, traffic=traffic)
    made: object = factory(run.task, world)
    if _is_model(made):
        # what answers at once has nothing to think about
        return replace(run, policy="model", model=made, thinking=Thinking(mode="direct"))
    return replace(run, policy=cast(Policy, made))


def _is_model(made: object) -> TypeGuard[Model]:
    return hasattr(made, "complete")


def _recorded(folder: str, key: str) -> Policy:
    other = RunFolder(folder)
    if key not in other.done():
        raise UsageError(f"{folder} has no row {key}", remedy="play back a run of the same suite and seeds")
    where = other.result(key).episode
    if not where:
        raise UsageError(f"{folder}: the row {key} has no episode to play back")
    return PlaybackPolicy(Episode.open(other.fetch(where)))


def _done_in(step: Step) -> Action | Say | None:
    if step.action is not None:
        return step.action
    return step.decision.intent if isinstance(step.decision.intent, Say) else None


class PlaybackPolicy:
    """Does what was done in an episode, at the same places, without looking: whether the world is the same again.

    Args:
        episode: Whose acts; a step in which nothing was done is left out.
    """

    def __init__(self, episode: Episode) -> None:
        self._name = episode.path.name
        self._decisions = [
            Decision.model_validate({"intent": done.model_dump(mode="json"), "source": "played back"})
            for done in filter(None, map(_done_in, episode.steps))
        ]

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        del task, now
        if len(past) < len(self._decisions):
            return self._decisions[len(past)]
        return Decision(intent=Fail(reason=f"{self._name} ends here"))


def random_policy(task: Task, world: Environment) -> Policy:
    """Acts anywhere in the frame, drawn by the task's name and seed: what is reached by luck."""
    del world
    return RandomPolicy(f"{task.name} {task.start.seed!r}", min(_ACTS, task.budget.steps))


def centre_policy(task: Task, world: Environment) -> Policy:
    """Clicks the middle of the frame, once."""
    del task, world
    return CentrePolicy()


def oracle_policy(task: Task, world: Environment) -> Model:
    """One that reads the answer out of the page and says it in a model's words: whether the loop itself can reach a reward."""
    make: Callable[[str, Environment], Model] = load("oracle", "oracle_model", _ORACLE)
    return make(task.start.url, world)


def _unknown_to_oracle(task: Task) -> str:
    known: Callable[[], Sequence[str]] = load("oracle", "known_tasks", _ORACLE)
    return "" if task.start.site == "miniwob" and task.start.url in known() else "the oracle has no solver for it"


oracle_policy.refuses = _unknown_to_oracle  # type: ignore[attr-defined]  # read by `refusal`


class CentrePolicy:
    """Clicks the middle of the frame and is done."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        del task
        if past:
            return Decision(intent=Done(note="the middle was clicked"))
        frame = now.frame
        return Decision(intent=Click[Place](at=Point(x=frame.width / 2, y=frame.height / 2)))


class RandomPolicy:
    """Decides by a seed and the number of the step alone; it sees nothing.

    Args:
        seed: Of the acts.
        count: How many there are.
    """

    def __init__(self, seed: str, count: int) -> None:
        self._seed = seed
        self._count = count

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        """See `Policy.decide`."""
        del task
        if len(past) >= self._count:
            return Decision(intent=Done(note=f"{self._count} random acts are done"))
        dice = random.Random(f"{self._seed}/{len(past)}")  # nothing secret

        def anywhere() -> Point:
            return Point(x=dice.uniform(0, now.frame.width), y=dice.uniform(0, now.frame.height))

        return Decision(intent=_act(dice, anywhere), source="drawn by lot")


def _act(dice: random.Random, anywhere: Callable[[], Point]) -> IntendedAct:
    match dice.choices(("click", "type", "key", "scroll", "drag"), (6, 2, 1, 1, 1))[0]:
        case "type":
            return Type[Place](text=dice.choice(("a", "42", "handeye")), at=anywhere())
        case "key":
            return Key(keys=(dice.choice(("Tab", "Enter", "ArrowDown", "Space")),))
        case "scroll":
            return Scroll[Place](at=anywhere(), dy=dice.choice((-200.0, 200.0)))
        case "drag":
            return Drag[Place](path=(anywhere(), anywhere()))
        case _:
            return Click[Place](at=anywhere())
