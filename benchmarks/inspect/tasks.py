"""The tasks, each made of a suite and what the command line says after ``-T``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from inspect_ai import Task, task
from inspect_ai._util.error import PrerequisiteError
from pydantic import BaseModel, ValidationError
from rich.markup import escape

from ...episodes.schema.base import first_problem
from ...tools.errors import UsageError

_Said = TypeVar("_Said", bound=BaseModel)

Words = str | int | Sequence[str | int]
"""What Inspect makes of ``-T seeds=0-4``, ``-T seeds=7`` and ``-T seeds=0,7``."""


@task
def miniwob(
    tasks: Words | None = None,
    seeds: Words = 0,
    clock: str = "virtual",
    policy: str = "model",
    dialect: str | None = None,
    mode: str = "think",
    budget: Mapping[str, Any] | None = None,
    episodes: str = "runs/inspect",
    vllm: bool | None = None,
) -> Task:
    """MiniWoB++: a sample for each task and seed.

    Args:
        tasks: Names of tasks; all 125 by default.
        seeds: Exact literals: ``0-4``, ``1,5``, ``'"abc"'``.
        clock: See `MiniWobSuite`.
        policy: ``model``, or one that asks no model: ``script``, ``random``, ``centre``, ``oracle``.
        dialect: What the model speaks; by default what its name tells.
        mode: ``think`` before every plan, ``direct``, ``auto``.
        budget: In place of a task's own: ``{steps: 20, seconds: 600}``.
        episodes: Folder in which each sample leaves its episode, for ``handeye view``.
        vllm: Whether the server takes what vLLM adds to the protocol (an answer begun by the client, constraints on answers); by default
            whether Inspect's provider is ``vllm``.
    """
    return _live("miniwob", {"clock": clock}, tasks, seeds, policy, dialect, mode, budget, episodes, vllm)


@task
def suite(
    suite: str,
    options: Mapping[str, str] | None = None,
    tasks: Words | None = None,
    seeds: Words | None = None,
    policy: str = "model",
    dialect: str | None = None,
    mode: str = "think",
    budget: Mapping[str, Any] | None = None,
    episodes: str = "runs/inspect",
    vllm: bool | None = None,
) -> Task:
    """Any live suite.

    Args:
        suite: Its name, a dotted path, or a folder of task files.
        options: Of the suite.
        tasks: See `miniwob`, and likewise the others.
        seeds: By default each task's own.
        policy: See `miniwob`.
        dialect: See `miniwob`.
        mode: See `miniwob`.
        budget: See `miniwob`.
        episodes: See `miniwob`.
        vllm: See `miniwob`.
    """
    return _live(suite, options or {}, tasks, seeds, policy, dialect, mode, budget, episodes, vllm)


@task
def steps(
    suite: str,
    data: str,
    options: Mapping[str, str] | None = None,
    dialect: str | None = None,
    mode: str = "think",
    vllm: bool | None = None,
) -> Task:
    """Any suite of questions: about screenshots, or about recorded steps.

    Args:
        suite: Its name or dotted path.
        data: Folder of the data set, or ``hf:OWNER/NAME``.
        options: Of the suite.
        dialect: See `miniwob`.
        mode: See `miniwob`; of questions that ask what to do.
        vllm: See `miniwob`.
    """
    return _questions(suite, data, options, dialect, mode, vllm)


@task
def screenspot(
    data: str, options: Mapping[str, str] | None = None, dialect: str | None = None, vllm: bool | None = None
) -> Task:
    """ScreenSpot v1 and v2; see `steps`."""
    return _questions("screenspot", data, options, dialect, "direct", vllm)


@task(name="screenspot-pro")
def screenspot_pro(
    data: str, options: Mapping[str, str] | None = None, dialect: str | None = None, vllm: bool | None = None
) -> Task:
    """ScreenSpot-Pro; see `steps`."""
    return _questions("screenspot-pro", data, options, dialect, "direct", vllm)


@task(name="osworld-g")
def osworld_g(
    data: str, options: Mapping[str, str] | None = None, dialect: str | None = None, vllm: bool | None = None
) -> Task:
    """OSWorld-G; see `steps`."""
    return _questions("osworld-g", data, options, dialect, "direct", vllm)


@task
def cuactspot(
    data: str, options: Mapping[str, str] | None = None, dialect: str | None = None, vllm: bool | None = None
) -> Task:
    """CUActSpot; see `steps`."""
    return _questions("cuactspot", data, options, dialect, "direct", vllm)


def _live(
    name: str,
    options: Mapping[str, str],
    tasks: Words | None,
    seeds: Words | None,
    policy: str,
    dialect: str | None,
    mode: str,
    budget: Mapping[str, Any] | None,
    episodes: str,
    vllm: bool | None,
) -> Task:
    from .live import LiveWords, live_task

    return _made(
        live_task,
        LiveWords,
        {
            "suite": name,
            "options": options,
            "tasks": _listed(tasks),
            "seeds": None if seeds is None else ",".join(_listed(seeds)),
            "policy": policy,
            "dialect": dialect,
            "mode": mode,
            "budget": budget or {},
            "episodes": episodes,
            "vllm": vllm,
        },
    )


def _questions(
    name: str, data: str, options: Mapping[str, str] | None, dialect: str | None, mode: str, vllm: bool | None
) -> Task:
    from .questions import QuestionWords, question_task

    words = {"suite": name, "data": data, "options": options or {}, "dialect": dialect, "mode": mode, "vllm": vllm}
    return _made(question_task, QuestionWords, words)


def _made(make: Callable[[_Said], Task], kind: type[_Said], words: Mapping[str, Any]) -> Task:
    """A task, or a word about the person's mistake: of `PrerequisiteError` Inspect shows no traceback, and it has no public name."""
    try:
        return make(kind.model_validate(words))
    except ValidationError as error:
        raise PrerequisiteError(f"-T: {first_problem(error)}") from error
    except UsageError as error:
        raise PrerequisiteError(escape(str(error))) from error


def _listed(words: Words | None) -> tuple[str, ...]:
    if words is None:
        return ()
    if isinstance(words, str):
        return tuple(each.strip() for each in words.split(","))
    return (str(words),) if isinstance(words, int) else tuple(map(str, words))
