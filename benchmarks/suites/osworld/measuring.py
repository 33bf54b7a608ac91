"""The metrics of OSWorld by name: our own of those that are simple, and for all others the official ones, where they are installed.

An official metric is called in a process of its own: some write to the working folder, and one runs the program that an agent wrote.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from ....episodes.schema import Json
from ....tools.words import cut
from .metrics import METRICS

_SECONDS = 300.0
_PACKAGE = "desktop_env.evaluators.metrics"
_CALLER = """
import importlib, json, sys
metrics = importlib.import_module("desktop_env.evaluators.metrics")
asked = json.loads(sys.stdin.read())
keep, sys.stdout = sys.stdout, sys.stderr
if asked is None:
    found = sorted(name for name in dir(metrics) if callable(getattr(metrics, name)))
else:
    found = float(getattr(metrics, asked["name"])(*asked["given"], **asked["options"]))
keep.write("\\n" + json.dumps(found))
"""


class Unjudged(Exception):
    """A metric gave no number; says why."""


def unknown(name: str) -> str:
    """Why a metric cannot be had; empty when it can."""
    if name in METRICS or name in _official()[0]:
        return ""
    return _official()[1] or f"OSWorld has no metric {name}"


def measure(name: str, given: Sequence[Json], options: Mapping[str, Any]) -> float:
    """What a metric says.

    Args:
        name: Of the metric.
        given: The result and, if there is one, what was expected; files by their paths.
        options: As the task has them.

    Raises:
        Unjudged: It fails.
    """
    own = METRICS.get(name)
    if own is None:
        found = _called({"name": name, "given": list(given), "options": dict(options)})
        if not isinstance(found, int | float):
            raise Unjudged(f"the metric {name} gives {found!r}")
        return float(found)
    try:
        return float(own(*given, **options))
    except FileNotFoundError:
        # as the official code has it: what is not there is not as it should be
        return 0.0
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OSError) as error:
        raise Unjudged(f"the metric {name} fails: {type(error).__name__}: {error}") from error


@cache
def _official() -> tuple[frozenset[str], str]:
    """The metrics of the installed package, or why there are none."""
    if find_spec("desktop_env") is None:
        return frozenset(), "it is judged by OSWorld's own package, which is not installed: pip install desktop-env"
    try:
        found = _called(None)
    except Unjudged as error:
        return frozenset(), f"it is judged by OSWorld's own package, which cannot be imported: {error}"
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset(), ""


def _called(asked: Json) -> Json:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CALLER],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unjudged(f"{_PACKAGE} did not answer within {_SECONDS:g} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Unjudged(f"{_PACKAGE}: {cut(last, 300)}")
    found: Json = json.loads(done.stdout.strip().splitlines()[-1])
    return found
