"""One task, one episode: puts the crew together, runs the loop, checks what was claimed, and closes everything."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeAlias

from ..environments.base import Environment
from ..environments.browser.environment import BrowserEnvironment
from ..environments.browser.host import BrowserConfig, BrowserHost
from ..environments.browser.traffic.base import Traffic
from ..environments.browser.traffic.world import RecordedWorld
from ..environments.desktop.config import DesktopConfig
from ..episodes.reader import Episode
from ..episodes.schema import Evidence, Header, Observation, Outcome, Problem, ReplayOf, Status, Stop, Task
from ..episodes.writer import EpisodeWriter
from ..tools.errors import (
    ActionError,
    DialectError,
    EnvironmentFailed,
    EpisodeError,
    EpisodeUnwritable,
    HandeyeError,
    InputStopped,
    ModelError,
    TaskError,
    UsageError,
)
from ..tools.plugins import load
from ..tools.secrets import Secrets
from .base import Guard, Model, Person, Policy
from .checks import collect, judge, values_read
from .deciding import check, deciders, grounder_names, planned_by_model, policy_name
from .files import check_files, files_guard
from .grounding.screen import ScreenReader
from .guard import OpenGuard
from .leaving import check_state, leave
from .loop import Crew, Ending, run_loop
from .models.names import Tell, open_model
from .network import Recorded, accounted, fixed, in_recorded_world, recorded_in, recorder, restored
from .person import NoPerson, PersonRefused
from .policies.model import Thinking
from .record import Record, Watch, problem_of
from .resuming import Resumption, take_up
from .versions import versions

ENVIRONMENTS = {
    "browser": ".environments.browser.environment:BrowserEnvironment",
    "desktop": ".environments.desktop.environment:DesktopEnvironment",
    "drawn": ".environments.drawn:DrawnEnvironment",
    "osworld": ".environments.osworld.environment:OSWorldEnvironment",
}
"""Short names of the environments that ship."""

_LAST_PROBES = 20.0
"""Seconds in which a world has to answer the probes of a run that failed; an evaluator has the programs save first, and fetches files."""
_LAST_EVALUATOR = 600.0
_TARGET_ERRORS = ("TargetAbsent", "TargetAmbiguous", "TargetHidden")


class Interrupt:
    """Ctrl-C or a request to end: the step in hand is finished, then the run closes cleanly."""

    def __init__(self) -> None:
        self.requested = False


class Resources:
    """What several runs share: one browser, one process that reads screens, the models. Use it as an async context manager.

    Args:
        config: How to start the browser.
        warn: Told what a model's server cannot do; by default it goes to the log.
        progress: Told the text so far while a model answers.
    """

    def __init__(
        self, config: BrowserConfig | None = None, *, warn: Tell | None = None, progress: Tell | None = None
    ) -> None:
        self.host = BrowserHost(config)
        self.reader = ScreenReader()
        self._models: dict[str, Model] = {}
        self._warn, self._progress = warn, progress

    async def __aenter__(self) -> Resources:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def model(self, name: str) -> Model:
        """The model of that name or address; opened once, closed with the rest.

        Raises:
            UsageError: There is none of that name.
        """
        if name not in self._models:
            self._models[name] = open_model(name, self._warn, self._progress)
        return self._models[name]

    async def close(self) -> None:
        """Ends all of them."""
        await self.host.close()
        await self.reader.close()
        while self._models:
            await self._models.popitem()[1].close()


@dataclass(frozen=True)
class Run:
    """One run of one task: everything but what is shared.

    Attributes:
        task: What to do.
        out: Folder of the episode, to be made.
        inputs: Values for the task's inputs; its own ones are the defaults.
        secrets: Values of its secrets.
        lines: Path of a step → line in the task's file, for messages.
        guard: What is allowed.
        person: Who can be asked.
        watch: Told of every step.
        world: The environment; by default the one that the task names.
        traffic: What that environment was made to tell its network to; by default what the run asks for.
        policy: What decides; None is the model, if there is one and the task has a goal, else the task's steps.
        model: The model that plans or grounds, or its name or address.
        dialect: Name of the dialect it speaks; None tells it by the model's name.
        thinking: How it is asked to plan.
        grounders: Names of what finds places, in order of trust; None leaves that to what decides.
        pause_on_failure: Hands the world to the person when the run has failed, before it is closed.
        save_state: File for the state that it leaves (cookies, storage), if it passed or was not verified; for `Start.storage_state`.
        resume: Goes on with the episode that lies in `out`, whose header has the task and the inputs.
        replay: The episode that this run replays, for the header.
        record_network: Records what pages are told over the network, and fixes seed and clock so that the run can be replayed.
        record_requests: Records the network too, with what requests carry; alone it fixes nothing, and the page's clock runs.
        hermetic: The recording in whose network it runs.
        desktop: How a desktop is waited for and acted on.
        take_screen: The screen that is there, its pointer and keyboard may be used: its owner was asked.
    """

    task: Task
    out: Path
    inputs: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)
    lines: Mapping[str, int] = field(default_factory=dict)
    guard: Guard = field(default_factory=OpenGuard)
    person: Person = field(default_factory=NoPerson)
    watch: Watch | None = None
    world: Environment | None = None
    traffic: Traffic | None = None
    policy: Policy | Literal["script", "model"] | None = None
    model: Model | str | None = None
    dialect: str | None = None
    thinking: Thinking = field(default_factory=Thinking)
    grounders: Sequence[str] | None = None
    pause_on_failure: bool = False
    save_state: Path | None = None
    resume: Resumption | None = None
    replay: ReplayOf | None = None
    record_network: bool = False
    record_requests: bool = False
    hermetic: Path | None = None
    take_screen: bool = False
    desktop: DesktopConfig = field(default_factory=DesktopConfig)

    @property
    def listens(self) -> bool:
        """Whether its network is recorded."""
        return self.record_network or self.record_requests


async def run_episode(run: Run, resources: Resources, interrupt: Interrupt | None = None) -> Episode:
    """Runs a task and records it.

    Returns:
        The episode, read back from disk; its outcome says how it went, also when the world or the model failed.

    Raises:
        UsageError: The person's own mistake, found before anything began; of a run to be gone on with, that it cannot be.
    """
    interrupt = interrupt or Interrupt()
    recorded = recorded_in(run.hermetic, run.secrets) if run.hermetic is not None else None
    run = replace(run, task=_confined(_networked(run, recorded)))
    task = run.task
    inputs = complete_inputs(task, run.inputs)
    _check_secrets(task, run.secrets)
    check_files(task)
    if takes_screen(task) and not run.take_screen and run.world is None:
        raise UsageError(
            f"the task {task.name!r} acts on the screen that is there, with its mouse and keyboard: nobody has agreed to that",
            remedy="handeye run asks you at a terminal; --take-screen (take_screen=True) says yes beforehand",
        )
    check(run)
    model = resources.model(run.model) if isinstance(run.model, str) else run.model
    if run.world is None and task.environment == "browser":
        resources.host.check(task.start)
    traffic = run.traffic or traffic_of(run, recorded)
    world = run.world or world_of(task, run.secrets, resources, traffic, run.desktop)
    check_state(run.save_state, task, world)
    seen: Observation | None = None
    if run.resume is None:
        writer = await _new(run, inputs)
        record = Record(writer, run.watch)
    else:
        writer, record, world, seen = await take_up(run, run.resume, world)
    header = writer.header

    async def begin() -> tuple[Crew, Observation]:
        found = await deciders(run, model, inputs, resources, record)
        first = seen
        if first is None:
            first = await world.reset(restored(task.start, traffic, run.out))
            record.describe(header.model_copy(update={"environment": await world.describe(), "model": found.model}))
        guard = files_guard(run.guard, task, inputs.values() if planned_by_model(run) else None)
        return Crew(world, found.policy, found.grounder, guard, run.person, lambda: interrupt.requested), first

    # what stands if something that is nobody's word for an error, a defect, leaves through here
    outcome = Outcome(status="infrastructure", stop="environment", message="the run broke off")
    try:
        outcome = await _conduct(task, world, begin, record, interrupt)
    except UsageError as error:
        outcome = Outcome(status="infrastructure", stop="environment", message=error.message, problem=problem_of(error))
        raise
    except asyncio.CancelledError:
        outcome = Outcome(status="unverified", stop="interrupted", message="the run was cut off")
        current = asyncio.current_task()
        if not interrupt.requested or current is None:
            raise
        current.uncancel()
    finally:
        failed = outcome.status not in ("passed", "unverified")
        if run.pause_on_failure and failed and not interrupt.requested:
            await _pause(run.person, world)
        outcome = await leave(world, run.save_state, outcome, record)
        await world.close()
        outcome = accounted(outcome, traffic)
        outcome = outcome.model_copy(update={"steps": len(record.past), "seconds": round(record.seconds(), 3)})
        final = writer.header.model_copy(update={"outcome": outcome})
        await _close(record, final)
    return await asyncio.to_thread(Episode.open, run.out)


async def _new(run: Run, inputs: Mapping[str, str]) -> EpisodeWriter:
    header = Header(
        id=uuid.uuid4().hex,
        created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        task=run.task,
        inputs=dict(inputs),
        policy=policy_name(run),
        grounders=grounder_names(run),
        versions=versions(),
        redactions=run.secrets.names,
        private=("network",) if run.listens else ("state",) if run.hermetic is not None else (),
        replay=run.replay,
    )
    try:
        return await asyncio.to_thread(EpisodeWriter, run.out, header, run.secrets)
    except EpisodeUnwritable as error:
        # nothing has begun: another folder is all it takes
        raise UsageError(error.message, remedy=error.remedy) from error


_Begin: TypeAlias = Callable[[], Awaitable[tuple[Crew, Observation]]]


async def _conduct(task: Task, world: Environment, begin: _Begin, record: Record, interrupt: Interrupt) -> Outcome:
    limit = asyncio.timeout(max(0.0, task.budget.seconds - record.seconds()))
    try:
        async with limit:
            crew, first = await begin()
            ending = await run_loop(task, crew, record, first)
    except TimeoutError:
        if not limit.expired():
            raise
        ending = Ending("seconds", f"the budget of {task.budget.seconds:g} seconds is spent")
    except UsageError:
        raise
    except HandeyeError as error:
        # the end of a process group reaches the browser too: its death is then the person's wish, not its failure
        await asyncio.sleep(0)
        if interrupt.requested:
            ending = Ending("interrupted", "interrupted")
        else:
            return _broken(error, record)
    return await _outcome(task, ending, world, record)


async def _outcome(task: Task, ending: Ending, world: Environment, record: Record) -> Outcome:
    values = values_read(record.past)
    common = {"answer": ending.answer, "values": values}
    if ending.stop not in ("done", "answer"):
        status: Status = {"refused": "refused", "interrupted": "unverified"}.get(ending.stop, "failed")  # type: ignore[assignment]
        stop, problem = _cause(ending, record)
        evidence = await _evidence_left(task, world) if status == "failed" else ()
        return Outcome(status=status, stop=stop, message=ending.message, problem=problem, evidence=evidence, **common)
    known = {**values, **({} if ending.answer is None else {"answer": ending.answer})}
    try:
        verdicts = await judge(task, world, known)
        evidence = await collect(task, world)
    except HandeyeError as error:
        return _broken(error, record)
    missed = [verdict for verdict in verdicts if not verdict.held]
    status, message = "passed", f"all {len(verdicts)} postconditions hold"
    if missed:
        status = "failed"
        message = "; ".join(f"does not hold: {verdict.check} (found: {verdict.found})" for verdict in missed)
    elif not verdicts:
        status, message = "unverified", "nothing was checked: the task has no postconditions"
    return Outcome(status=status, stop=ending.stop, message=message, verdicts=verdicts, evidence=evidence, **common)


async def _evidence_left(task: Task, world: Environment) -> tuple[Evidence, ...]:
    """What the probes of a task find where its agent gave up: a score may count what was reached without a claim."""
    evaluated = any(probe.kind == "evaluator" for probe in task.probes)
    try:
        async with asyncio.timeout(_LAST_EVALUATOR if evaluated else _LAST_PROBES):
            return await collect(task, world)
    except (HandeyeError, TimeoutError):
        # the run failed before this, and that stands
        return ()


def _cause(ending: Ending, record: Record) -> tuple[Stop, Problem | None]:
    """What a script's or model's giving up goes back to: the step that could not be done."""
    problem = next((step.error for step in reversed(record.past[-2:]) if step.error is not None), None)
    if ending.stop == "fail" and problem is not None:
        return ("target" if problem.kind in _TARGET_ERRORS else "action"), problem
    return ending.stop, problem


def _broken(error: HandeyeError, record: Record) -> Outcome:
    kinds: tuple[tuple[type[HandeyeError], Stop, Status], ...] = (
        (DialectError, "dialect", "failed"),
        (ActionError, "action", "failed"),
        (PersonRefused, "refused", "refused"),
        (InputStopped, "interrupted", "unverified"),
        (ModelError, "model", "infrastructure"),
        (EnvironmentFailed, "environment", "infrastructure"),
        (EpisodeError, "recording", "infrastructure"),
    )
    for kind, stop, status in kinds:
        if isinstance(error, kind):
            values = values_read(record.past)
            return Outcome(status=status, stop=stop, message=error.message, problem=problem_of(error), values=values)
    raise error


async def _close(record: Record, header: Header) -> None:
    try:
        await record.close(header)
    except EpisodeError as error:
        # the disk is full or gone: what could be written is there, and the person is told
        raise EpisodeError(
            f"the end of the episode could not be written: {error.message}", remedy=error.remedy
        ) from error


async def _pause(person: Person, world: Environment) -> None:
    try:
        await person.drive(world)
    except PersonRefused:
        # nobody is there to look at it
        return


def takes_screen(task: Task) -> bool:
    """Whether a task acts on the screen that a person has before them."""
    return task.environment == "desktop" and task.start.display == "current"


def complete_inputs(task: Task, given: Mapping[str, str]) -> dict[str, str]:
    """The task's inputs with the values that were given.

    Raises:
        TaskError: One is missing, or none of that name exists.
    """
    unknown = [name for name in given if name not in task.inputs]
    if unknown:
        raise TaskError(
            f"the task {task.name!r} has no input {unknown[0]!r}",
            remedy=f"its inputs: {', '.join(task.inputs) or 'none'}",
        )
    values = {**task.inputs, **given}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise TaskError(
            f"the task {task.name!r} needs a value for: {', '.join(missing)}",
            remedy=" ".join(f"--input {name}=…" for name in missing),
        )
    return {name: value for name, value in values.items() if value is not None}


def _check_secrets(task: Task, secrets: Secrets) -> None:
    missing = [name for name in task.secrets if name not in secrets.names]
    if missing:
        raise TaskError(
            f"the task {task.name!r} needs the secret{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            remedy=f"set {', '.join(task.secrets[name] for name in missing)} in the environment",
        )


def _confined(run: Run) -> Task:
    """The task, kept to the start's own site and what it allows besides where a model decides and the task does not say."""
    start = run.task.start
    if not planned_by_model(run) or start.allow is not None:
        return run.task
    return run.task.model_copy(update={"start": start.model_copy(update={"allow": ()})})


def _networked(run: Run, recorded: Recorded | None) -> Run:
    """The run with a start that can be replayed, where its network is recorded, or with that of the recording that it runs in."""
    if run.record_network:
        return replace(run, task=fixed(run.task))
    if recorded is not None:
        return replace(run, task=in_recorded_world(run.task, recorded))
    return run


def traffic_of(run: Run, recorded: Recorded | None = None) -> Traffic | None:
    """What the network of a run goes by or is told to; None where nobody listens.

    Raises:
        UsageError: Its environment has no such network, or it is to be recorded and served at once.
    """
    if not run.listens and run.hermetic is None:
        return None
    recording = "--record-network" if run.record_network else "--record-requests"
    option = recording if run.listens else "--hermetic"
    if run.listens and run.hermetic is not None:
        raise UsageError("a run in a recorded world has no network to record", remedy="leave out one of the two")
    if run.world is not None or run.task.environment != "browser":
        raise UsageError(f"{option} goes with the browser", remedy="this run has another environment")
    if recorded is not None:
        return RecordedWorld(recorded.network, run.secrets)
    return recorder(run.out, run.task.start, run.secrets, requests=run.record_requests)


def world_of(
    task: Task,
    secrets: Secrets,
    resources: Resources,
    traffic: Traffic | None = None,
    desktop: DesktopConfig | None = None,
) -> Environment:
    """The world that a task names, not begun yet.

    Raises:
        UnknownName: There is none of that name.
    """
    kind = load("environment", task.environment, ENVIRONMENTS, "handeye.environments")
    if kind is BrowserEnvironment:
        return BrowserEnvironment(host=resources.host, secrets=secrets, traffic=traffic)
    world = kind(secrets=secrets, config=desktop) if task.environment == "desktop" else kind(secrets=secrets)
    assert isinstance(world, Environment)
    return world
