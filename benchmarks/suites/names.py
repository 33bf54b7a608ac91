"""Short names of the suites, and how one is opened with its options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

from ...tools.errors import UsageError
from ...tools.plugins import load
from ..base import Suite

SUITES = {
    "miniwob": ".benchmarks.suites.miniwob:MiniWobSuite",
    "drawn": ".benchmarks.suites.drawn:DrawnSuite",
    "webarena-verified": ".benchmarks.suites.webarena_verified:WebArenaVerifiedSuite",
    "osworld": ".benchmarks.suites.osworld.suite:OSWorldSuite",
}
"""Live suites: each makes episodes."""

GROUP = "handeye.suites"
"""Entry points under which other packages register theirs."""


def open_suite(name: str, options: Mapping[str, str] | None = None) -> Suite:
    """The live suite of that name.

    Args:
        name: Short name, entry point of ``handeye.suites``, dotted path ``module:Class``, or else a folder of task files.
        options: Given to it as keyword arguments, in words.

    Raises:
        UsageError: There is none of that name, or it has no such option.
    """
    options = dict(options or {})
    if not _is_known(name) and Path(name).is_dir():
        if options:
            raise UsageError(f"-c suite.{min(options)}: a folder of task files has no options")
        from .files import TaskFiles

        return TaskFiles(Path(name))
    make = load("suite", name, SUITES, GROUP)
    try:
        inspect.signature(make).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(make).parameters) or "none"
        raise UsageError(f"-c suite.…: {error} of the suite {name!r}", remedy=f"its options: {known}") from error
    made: Suite = make(**options)
    if not (hasattr(made, "tasks") and hasattr(made, "score")):
        raise UsageError(
            f"{name!r} is no suite of live tasks: it has no tasks() and score()", remedy="see benchmarks/base.py: Suite"
        )
    return made


def _is_known(name: str) -> bool:
    """Whether a name is a suite's own: a folder that happens to be called so does not come before it."""
    return name in SUITES or any(point.name == name for point in entry_points(group=GROUP))
