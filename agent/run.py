"""One task, one episode: puts the crew together, runs the loop, checks what was claimed, and closes everything."""

from __future__ import annotations

import asyncio
import platform
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from ..environments.base import Environment
from ..environments.browser.environment import BrowserEnvironment
from ..environments.browser.host import BrowserConfig, BrowserHost
from ..episodes.reader import Episode
from ..episodes.schema import Header, Outcome, Problem, Status, Stop, Task
from ..episodes.writer import EpisodeWriter
from ..tools.errors import (
    ActionError,
    DialectError,
    EnvironmentFailed,
    EpisodeError,
    EpisodeUnwritable,
    HandeyeError,
    ModelError,
    TaskError,
    UsageError,
)
from ..tools.plugins import load
from ..tools.secrets import Secrets
from .base import Grounder, Guard, Person, Policy
from .checks import collect, judge, values_read
from .grounding.chain import EMBEDDED, named_grounders
from .grounding.reading import PageText
from .grounding.screen import ScreenReader
from .guard import OpenGuard
from .loop import Crew, Ending, run_loop
from .person import NoPerson, PersonRefused
from .policies.script import ScriptPolicy
from .record import Record, Watch, problem_of

ENVIRONMENTS = {
    "browser": ".environments.browser.environment:BrowserEnvironment",
    "drawn": ".environments.drawn:DrawnEnvironment",
}
"""Short names of the environments that ship."""

_VERSIONS = ("handeye", "playwright", "pydantic", "numpy", "pillow", "rapidocr", "onnxruntime")
_TARGET_ERRORS = ("TargetAbsent", "TargetAmbiguous", "TargetHidden")


class Interrupt:
    """Ctrl-C or a request to end: the step in hand is finished, then the run closes cleanly."""

    def __init__(self) -> None:
        self.requested = False


class Resources:
    """What several runs share: one browser, one process that reads screens. Use it as an async context manager.

    Args:
        config: How to start the browser.
    """

    def __init__(self, config: BrowserConfig | None = None) -> None:
        self.host = BrowserHost(config)
        self.reader = ScreenReader()

    async def __aenter__(self) -> Resources:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends both."""
        await self.host.close()
        await self.reader.close()


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
        policy: What decides; by default the task's steps.
        grounders: Names of what finds places, in order of trust.
        pause_on_failure: Hands the world to the person when the run has failed, before it is closed.
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
    policy: Policy | None = None
    grounders: Sequence[str] = EMBEDDED
    pause_on_failure: bool = False


async def run_episode(run: Run, resources: Resources, interrupt: Interrupt | None = None) -> Episode:
    """Runs a task and records it.

    Returns:
        The episode, read back from disk; its outcome says how it went, also when the world or the model failed.

    Raises:
        UsageError: The person's own mistake, found before anything began.
    """
    interrupt = interrupt or Interrupt()
    task = run.task
    inputs = complete_inputs(task, run.inputs)
    _check_secrets(task, run.secrets)
    grounder = named_grounders(run.grounders, resources.reader)
    policy = run.policy or _script(run, inputs, grounder, resources)
    world = run.world or _world(task, run.secrets, resources)
    header = Header(
        id=uuid.uuid4().hex,
        created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        task=task,
        inputs=dict(inputs),
        policy=f"{type(policy).__module__}:{type(policy).__qualname__}",
        grounders=tuple(run.grounders),
        versions=_versions(),
        redactions=run.secrets.names,
    )
    try:
        writer = await asyncio.to_thread(EpisodeWriter, run.out, header, run.secrets)
    except EpisodeUnwritable as error:
        # nothing has begun: another folder is all it takes
        raise UsageError(error.message, remedy=error.remedy) from error
    record = Record(writer, run.watch)
    crew = Crew(world, policy, grounder, run.guard, run.person, lambda: interrupt.requested)
    # what stands if something that is nobody's word for an error, a defect, leaves through here
    outcome = Outcome(status="infrastructure", stop="environment", message="the run broke off")
    try:
        outcome = await _conduct(task, crew, record, header)
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
        await world.close()
        outcome = outcome.model_copy(update={"steps": len(record.past), "seconds": round(record.seconds(), 3)})
        final = writer.header.model_copy(update={"outcome": outcome})
        await _close(record, final)
    return await asyncio.to_thread(Episode.open, run.out)


async def _conduct(task: Task, crew: Crew, record: Record, header: Header) -> Outcome:
    limit = asyncio.timeout(task.budget.seconds)
    try:
        async with limit:
            first = await crew.world.reset(task.start)
            record.describe(header.model_copy(update={"environment": await crew.world.describe()}))
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
        if crew.interrupted():
            ending = Ending("interrupted", "interrupted")
        else:
            return _broken(error, record)
    return await _outcome(task, ending, crew, record)


async def _outcome(task: Task, ending: Ending, crew: Crew, record: Record) -> Outcome:
    values = values_read(record.past)
    common = {"answer": ending.answer, "values": values}
    if ending.stop not in ("done", "answer"):
        status: Status = {"refused": "refused", "interrupted": "unverified"}.get(ending.stop, "failed")  # type: ignore[assignment]
        stop, problem = _cause(ending, record)
        return Outcome(status=status, stop=stop, message=ending.message, problem=problem, **common)
    known = {**values, **({} if ending.answer is None else {"answer": ending.answer})}
    try:
        verdicts = await judge(task, crew.world, known)
        evidence = await collect(task, crew.world)
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


def _script(run: Run, inputs: Mapping[str, str], grounder: Grounder, resources: Resources) -> Policy:
    if not run.task.steps:
        raise UsageError(
            f"the task {run.task.name!r} has no steps, so a model would have to decide",
            remedy="write `steps:` (a task file with steps needs no model); running a goal with a model comes with --model",
        )
    return ScriptPolicy(run.task, inputs, grounder, PageText(resources.reader), run.lines)


def _world(task: Task, secrets: Secrets, resources: Resources) -> Environment:
    kind = load("environment", task.environment, ENVIRONMENTS, "handeye.environments")
    if kind is BrowserEnvironment:
        return BrowserEnvironment(host=resources.host, secrets=secrets)
    world = kind(secrets=secrets)
    assert isinstance(world, Environment)
    return world


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
