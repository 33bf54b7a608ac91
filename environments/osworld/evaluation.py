"""Asks a machine all that an evaluator of OSWorld wants to know, when an episode has ended: what is made of it is the score's business."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...episodes.schema import Download, Evidence, Json, Probe
from ...tools.errors import TaskError
from ...tools.filenames import safe_name
from ...tools.handles import Content
from ...tools.secrets import Secrets
from .getters import Getters
from .setup import Setup


def evaluate(probe: Probe, setup: Setup, getters: Getters) -> Evidence:
    """Runs the evaluator's ``postconfig`` and its getters.

    Args:
        probe: Of kind ``evaluator``; its argument is that of the task's file, as JSON.
        setup: Does the steps.
        getters: Ask the machine.

    Returns:
        ``{"result": …, "expected": …}``, each as the evaluator has it: one answer, or a list of them, each with ``value`` or, where the
        task's own file is wrong there, ``error``.

    Raises:
        EnvironmentFailed: The machine does not answer, or a file cannot be had.
    """
    try:
        evaluator = json.loads(probe.argument)
    except ValueError:
        evaluator = None
    if not isinstance(evaluator, dict):
        return Evidence(probe=probe, missing="the evaluator is no JSON object")
    try:
        setup.run(evaluator.get("postconfig") or [], "evaluator.postconfig")
    except TaskError as error:
        return Evidence(probe=probe, missing=error.message)
    if evaluator.get("func") == "infeasible":
        return Evidence(probe=probe, value={"result": None, "expected": None})
    found = {part: _answers(evaluator.get(part), getters) for part in ("result", "expected")}
    return Evidence(probe=probe, value=found)


def _answers(configs: Any, getters: Getters) -> Json:
    if isinstance(configs, Sequence) and not isinstance(configs, str):
        return [_answer(each, getters) for each in configs]
    return _answer(configs, getters)


def _answer(config: Any, getters: Getters) -> Json:
    if not isinstance(config, Mapping) or not config:
        return None
    try:
        return {"value": getters.get(config)}
    except TaskError as error:
        return {"error": error.message}


def downloads_of(getters: Getters, names: Mapping[str, bytes], at: float, secrets: Secrets) -> tuple[Download, ...]:
    """The files that were fetched, as the episode keeps them.

    Args:
        getters: Whose.
        names: What each is called.
        at: Seconds since the episode began.
        secrets: A file that holds one is not kept.
    """
    called = {hashlib.sha256(data).hexdigest(): name for name, data in names.items()}
    found = []
    for sha256, data in getters.files.items():
        hidden = bool(secrets) and secrets.occurs_in(data.decode("utf-8", "replace"))
        content = Content(missing="it holds a declared secret") if hidden else Content.of(data)
        name = safe_name(called.get(sha256, sha256[:12]))
        found.append(Download(name=name, size=len(data), sha256=sha256, content=content, at=at))
    return tuple(found)
