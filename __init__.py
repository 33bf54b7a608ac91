"""handeye: a computer-using agent you can replay.

::

    episode = await handeye.run("shop.yaml")
    episode.outcome.status          # passed, failed, refused, unverified, infrastructure
    for step in episode: ...        # step.saw.frame, step.decision, step.action, step.timings
    report = await handeye.replay(episode.path)   # without a model: what drifted, and where

Everything is imported when it is first used: ``import handeye`` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent.face import resume, run, run_sync
    from .agent.models.names import open_model
    from .agent.policies.model import Thinking
    from .agent.run import Resources, Run, run_episode
    from .benchmarks.replay.action.report import Report
    from .benchmarks.replay.modes import ReplayOptions, replay
    from .environments.base import Environment, Stepped
    from .environments.browser.environment import BrowserEnvironment
    from .environments.browser.host import BrowserConfig, BrowserHost
    from .environments.conformance import check_environment
    from .environments.drawn import DrawnEnvironment
    from .episodes.reader import Episode
    from .episodes.schema import Observation, Outcome, Start, Step, Task
    from .episodes.taskfile import read_task
    from .episodes.viewer import write_html
    from .tools.errors import HandeyeError, UsageError

    __version__: str

_WHERE = {
    "resume": ".agent.face",
    "replay": ".benchmarks.replay.modes",
    "ReplayOptions": ".benchmarks.replay.modes",
    "Report": ".benchmarks.replay.action.report",
    "run": ".agent.face",
    "run_sync": ".agent.face",
    "open_model": ".agent.models.names",
    "Thinking": ".agent.policies.model",
    "Run": ".agent.run",
    "Resources": ".agent.run",
    "run_episode": ".agent.run",
    "Environment": ".environments.base",
    "Stepped": ".environments.base",
    "BrowserEnvironment": ".environments.browser.environment",
    "BrowserConfig": ".environments.browser.host",
    "BrowserHost": ".environments.browser.host",
    "check_environment": ".environments.conformance",
    "DrawnEnvironment": ".environments.drawn",
    "Episode": ".episodes.reader",
    "Observation": ".episodes.schema",
    "Outcome": ".episodes.schema",
    "Start": ".episodes.schema",
    "Step": ".episodes.schema",
    "Task": ".episodes.schema",
    "read_task": ".episodes.taskfile",
    "write_html": ".episodes.viewer",
    "HandeyeError": ".tools.errors",
    "UsageError": ".tools.errors",
}

__all__ = [
    "BrowserConfig",
    "BrowserEnvironment",
    "BrowserHost",
    "DrawnEnvironment",
    "Environment",
    "Episode",
    "HandeyeError",
    "Observation",
    "Outcome",
    "ReplayOptions",
    "Report",
    "Resources",
    "Run",
    "Start",
    "Step",
    "Stepped",
    "Task",
    "Thinking",
    "UsageError",
    "__version__",
    "check_environment",
    "open_model",
    "read_task",
    "replay",
    "resume",
    "run",
    "run_episode",
    "run_sync",
    "write_html",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("handeye")
        except PackageNotFoundError:
            # a checkout that was never installed
            return "0+unknown"
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
