"""Short names of the suites of questions: about single screenshots, and about recorded steps."""

from __future__ import annotations

from collections.abc import Mapping

from ...tools.errors import UsageError
from ...tools.plugins import load
from .reading import Data
from .steps import BenchSteps

GROUP = "handeye.suites"
"""Entry points under which other packages register theirs, live ones too."""

STEP_SUITES = {
    "screenspot": ".benchmarks.suites.screenspot:ScreenSpot",
    "screenspot-pro": ".benchmarks.suites.screenspot_pro:ScreenSpotPro",
    "osworld-g": ".benchmarks.suites.osworld_g:OSWorldG",
    "cuactspot": ".benchmarks.suites.cuactspot:CUActSpot",
    "agentnetbench": ".benchmarks.suites.agentnetbench:AgentNetBench",
    "mind2web": ".benchmarks.suites.mind2web:Mind2Web",
    "android-control": ".benchmarks.suites.android_control:AndroidControl",
    "gui-odyssey": ".benchmarks.suites.gui_odyssey:GUIOdyssey",
    "screenagent": ".benchmarks.suites.screenagent:ScreenAgent",
    "episodes": ".benchmarks.suites.own_episodes:OwnEpisodes",
}


def needs_data(name: str) -> None:
    """Refuses a suite of questions that is to be run without any data.

    Raises:
        UsageError: It is one.
    """
    if name in STEP_SUITES:
        raise UsageError(
            f"{name} asks about recorded data", remedy=f"handeye bench {name} --data FOLDER, or hf:OWNER/NAME"
        )


def open_steps(name: str, data: Data, options: Mapping[str, str]) -> BenchSteps:
    """The suite of that name, read.

    Args:
        name: Short name, entry point of ``handeye.suites``, or dotted path.
        data: What it is read from.
        options: See the suites.

    Raises:
        UnknownName: There is none of that name.
        UsageError: It has no such option; or the data are not its own (`DataRefused`).
    """
    make = load("suite", name, STEP_SUITES, GROUP)
    if not hasattr(make, "match"):
        raise UsageError(f"{name!r} is no suite of questions: it has no items() and match()")
    made: BenchSteps = make(data, options)
    return made
