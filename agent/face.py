"""What a newcomer calls: run a task, given as a goal, a file, a mapping or a `Task`, and get its episode back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from ..environments.base import Environment
from ..environments.browser.host import BrowserConfig
from ..episodes.reader import Episode
from ..episodes.schema import Header, Task, first_problem
from ..episodes.taskfile import read_task
from ..tools.errors import TaskError, UsageError
from ..tools.secrets import Secrets
from ..tools.words import slug
from .base import Guard, Model, Person, Policy
from .guard import OpenGuard
from .person import NoPerson
from .policies.model import Thinking
from .record import Watch
from .resuming import Resumption
from .run import Resources, Run, run_episode

_T = TypeVar("_T")


async def run(
    task: Task | Mapping[str, Any] | Path | str,
    *,
    start: str | None = None,
    inputs: Mapping[str, str] | None = None,
    out: Path | str | None = None,
    environment: Environment | str | None = None,
    policy: Policy | Literal["script", "model"] | None = None,
    model: Model | str | None = None,
    dialect: str | None = None,
    thinking: Thinking | None = None,
    grounders: Sequence[str] | None = None,
    allow: Sequence[str] = (),
    guard: Guard | None = None,
    person: Person | None = None,
    watch: Watch | None = None,
    headed: bool = False,
    save_state: Path | str | None = None,
    record_network: bool = False,
    record_requests: bool = False,
    hermetic: Path | str | None = None,
) -> Episode:
    """Runs one task and records it.

    Args:
        task: A goal in words (with a model), the path of a task file, the mapping that makes a `Task`, or a `Task`.
        start: URL to begin at, in place of the task's own.
        inputs: Values for the task's inputs.
        out: Folder of the episode; by default a new one under ``runs/``.
        environment: An environment, or the name of one, in place of the task's own.
        policy: What decides: an object, ``script`` (the task's steps) or ``model``; by default the model, if there is one and the
            task has a goal, else the steps.
        model: A model that plans and finds places, or where it is: ``http://127.0.0.1:8000/v1``, ``local:FOLDER`` (`open_model`).
        dialect: Name of the dialect that it speaks, where its own name does not tell.
        thinking: How it is asked to plan.
        grounders: Names of what finds places, in order of trust: ``tree``, ``text``, ``model``.
        allow: Where a run that a model plans may go beside the start's own site: ``example.com``, ``*.example.com:8443``.
        guard: What is allowed; by default everything.
        person: Who can be asked; by default nobody.
        watch: Called with each `Step` when it has ended.
        headed: Shows the browser's window.
        save_state: File for cookies, local storage and IndexedDB as the run leaves them, if it passed or nothing was checked: the
            ``storage_state`` of another run's start. Whoever has it is signed in: keep it private.
        record_network: Records what the pages are told over the network, for a hermetic replay; see ``docs/hermetic.md``.
        record_requests: Records the network with what requests carry (forms, uploads), for scorers that read that. Keep it private.
        hermetic: An episode, or a HAR, whose recorded network is all the network that there is, with its clock, seed and state.

    Returns:
        The episode. Look at ``episode.outcome``: a task that fails is not an exception.

    Raises:
        UsageError: The task is wrong, an input or a secret is missing, the folder is taken, there is no browser.
    """
    made, lines = resolve_task(task)
    if start is not None:
        made = made.model_copy(update={"start": made.start.model_copy(update={"url": start, "site": None})})
    if allow:
        made = allowed(made, allow)
    if isinstance(environment, str):
        made = made.model_copy(update={"environment": environment})
    world = environment if environment is not None and not isinstance(environment, str) else None
    wanted = Run(
        task=made,
        out=Path(out) if out is not None else new_folder(made.name),
        inputs=inputs or {},
        secrets=secrets_of(made),
        lines=lines,
        guard=guard or OpenGuard(),
        person=person or NoPerson(),
        watch=watch,
        world=world,
        policy=policy,
        model=model,
        dialect=dialect,
        thinking=thinking or Thinking(),
        grounders=grounders,
        save_state=Path(save_state) if save_state is not None else None,
        record_network=record_network,
        record_requests=record_requests,
        hermetic=Path(hermetic) if hermetic is not None else None,
    )
    async with Resources(BrowserConfig(headed=headed)) as resources:
        return await run_episode(wanted, resources)


async def resume(
    episode: Path | str,
    *,
    unknown: Literal["happened", "not-happened"] | None = None,
    environment: Environment | None = None,
    policy: Policy | None = None,
    model: Model | str | None = None,
    guard: Guard | None = None,
    person: Person | None = None,
    watch: Watch | None = None,
    browser: BrowserConfig | None = None,
) -> Episode:
    """Goes on with a run that broke off, in the same episode, after its last complete step.

    Task and inputs are those of its header; secrets come from the environment variables again. The world has to stand where that step left
    it: a browser that was attached to (`BrowserConfig.cdp`), an environment that is `Resumable`.

    Args:
        episode: Folder of the episode.
        unknown: Whether the act of a step that had begun and never ended was done; without it the person is asked.
        environment: The environment, where the run was given an object.
        policy: Likewise what decides.
        model: The model, where one took part.
        guard: What is allowed; by default everything.
        person: Who can be asked; by default nobody.
        watch: Called with each further `Step` when it has ended.
        browser: How the browser is reached.

    Returns:
        The episode.

    Raises:
        CannotResume: It is complete, another process writes it, its world is gone or elsewhere, or an act in it may have been done and
            nobody says whether. The episode is as it was.
        UsageError: A model or a secret is missing.
    """
    claimed = await Resumption.of(Path(episode), unknown)
    try:
        wanted = run_again(claimed, policy=policy, model=model)
        wanted = replace(
            wanted, guard=guard or OpenGuard(), person=person or NoPerson(), watch=watch, world=environment
        )
        async with Resources(browser) as resources:
            return await run_episode(wanted, resources)
    finally:
        claimed.claim.release()


def run_again(resumption: Resumption, *, policy: Policy | None = None, model: Model | str | None = None) -> Run:
    """The run of an episode that broke off, as its header has it.

    Raises:
        UsageError: Something that is not in the header is missing: a secret, a model, a policy of somebody's own.
    """
    episode = resumption.claim.episode
    header = episode.header
    _, _, name = header.policy.rpartition(":")
    known: Literal["script", "model"] | None = {"ScriptPolicy": "script", "ModelPolicy": "model"}.get(name)  # type: ignore[assignment]
    if policy is None and known is None:
        raise UsageError(
            f"{episode.path} was decided by {header.policy}, which only a program can hand over",
            remedy="handeye.resume(…, policy=…)",
        )
    if model is None and header.model is not None:
        at = f" at {header.model.server}" if header.model.server else ""
        raise UsageError(
            f"{episode.path} was made with the model {header.model.name}{at}", remedy="name it: --model URL"
        )
    return Run(
        task=header.task,
        out=episode.path,
        inputs=header.inputs,
        secrets=secrets_of(header.task),
        policy=policy or known,
        model=model,
        dialect=dialect_of(header),
        thinking=thinking_of(header),
        grounders=header.grounders,
        resume=resumption,
    )


def dialect_of(header: Header) -> str | None:
    """The dialect that the model of an episode spoke."""
    name = header.model.sampling.get("dialect") if header.model is not None else None
    return name if isinstance(name, str) else None


def thinking_of(header: Header) -> Thinking:
    """How the model of an episode was asked to plan."""
    sampling = header.model.sampling if header.model is not None else {}
    return Thinking.model_validate({name: sampling[name] for name in Thinking.model_fields if name in sampling})


def run_sync(task: Task | Mapping[str, Any] | Path | str, **options: Any) -> Episode:
    """`run` for code that is not asynchronous; also inside a notebook, whose event loop is busy."""
    return wait_for(run(task, **options))


def wait_for(doing: Coroutine[Any, Any, _T]) -> _T:
    """Runs a coroutine to its end, in a thread of its own when this one has a running event loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(doing)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="handeye-run") as pool:
        return pool.submit(asyncio.run, doing).result()


def resolve_task(task: Task | Mapping[str, Any] | Path | str) -> tuple[Task, dict[str, int]]:
    """A task and the lines of its file, if it comes from one; what names no file is a goal in words.

    Raises:
        TaskError: It is wrong.
    """
    if isinstance(task, Task):
        return task, {}
    if isinstance(task, Mapping):
        try:
            return Task.model_validate(task), {}
        except ValidationError as error:
            raise TaskError(f"the task: {first_problem(error)}") from error
    path = Path(task)
    if isinstance(task, str) and is_goal(task):
        return Task(name=slug(task), goal=task), {}
    found = read_task(path)
    return found.task, found.lines


def is_goal(text: str) -> bool:
    """Whether a word on the command line is a goal: it names neither a file nor a folder, and does not look as if it should."""
    try:
        there = Path(text).exists()
    except OSError:
        # too long for the name of a file
        there = False
    return not there and bool(text.strip()) and not text.endswith((".yaml", ".yml", "/"))


def allowed(task: Task, allow: Sequence[str]) -> Task:
    """The task, which may also reach what ``allow`` names."""
    known = task.start.allow or ()
    return task.model_copy(update={"start": task.start.model_copy(update={"allow": (*known, *allow)})})


def secrets_of(task: Task) -> Secrets:
    """The values of a task's secrets, from the environment variables that it names.

    Raises:
        TaskError: A variable is not set.
    """
    missing = [(name, variable) for name, variable in task.secrets.items() if variable not in os.environ]
    if missing:
        name, variable = missing[0]
        raise TaskError(
            f"the task {task.name!r} needs the secret {name!r}, but the environment variable {variable} is not set",
            remedy=f"{variable}=… handeye run …   (its value is never written anywhere)",
        )
    return Secrets({name: os.environ[variable] for name, variable in task.secrets.items()})


def new_folder(name: str) -> Path:
    """A folder for an episode that does not exist yet: ``runs/20261122-180455-shop``."""
    base = Path("runs") / f"{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}-{slug(name)}"
    path, count = base, 1
    while path.exists():
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    return path
