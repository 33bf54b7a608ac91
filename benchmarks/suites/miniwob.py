"""MiniWoB++: the 125 registered tasks of the package ``miniwob``, on its own pages, offline.

Source: E. Z. Liu et al., "Reinforcement Learning on Web Interfaces Using Workflow-Guided Exploration" (ICLR 2018); Farama's package counts
a task as solved at a raw reward of 1, BrowserGym at any above 0. Both are reported, the strict one decides.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from ...environments.sites.miniwob import tasks as registered
from ...episodes.reader import Episode
from ...episodes.schema import Budget, Check, Evidence, Json, Probe, Score, Start, Task, Viewport
from ...episodes.schema.script import ScriptStep
from ...episodes.taskfile import read_task
from ...tools.errors import UsageError
from ..base import Pay

SCRIPTS = Path(__file__).parents[1] / "tasks" / "miniwob"
"""Task files of those tasks that have steps."""

GOAL = "Do what the instruction at the top of the page asks."
REWARD = Probe(kind="script", argument="[WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL, WOB_REWARD_GLOBAL, WOB_REWARD_REASON]")
"""Whether the page counts the task as ended, the reward, the reward less what time took, and why."""
_SOLVED = Check(script="WOB_RAW_REWARD_GLOBAL", equals=1)
_INSTANT = "2026-01-01T00:00:00Z"
_CLOCKS = ("virtual", "raised")


class MiniWobSuite:
    """The registered tasks, each begun by a seed.

    The limit of 7 to 60 seconds that a page sets itself is raised to a million, for a model thinks longer.

    Args:
        clock: ``virtual``: the page's clock stands but for half a second at the start and after each act, so that a seed and the acts
            decide everything. ``raised``: it runs as clocks do.
        seed: Each task's, where the run names none; an exact literal, ``1`` or ``"1"``.
    """

    def __init__(self, clock: str = "virtual", seed: str = "0") -> None:
        if clock not in _CLOCKS:
            raise UsageError(f"-c suite.clock={clock}: there is no such clock", remedy=f"one of {', '.join(_CLOCKS)}")
        from ..runner.seeds import literals

        self._clock = clock
        self._seed = literals(seed)[0]

    @property
    def version(self) -> str:
        """See `Suite.version`: that of the package, and the clock."""
        return f"miniwob {importlib.metadata.version('miniwob')}, {self._clock} clock"

    def tasks(self) -> Iterable[Task]:
        """See `Suite.tasks`.

        Raises:
            UsageError: The package is not installed.
        """
        standing = {"clock": _INSTANT, "clock_step": 0.5} if self._clock == "virtual" else {}
        for name in registered():
            start = Start(
                site="miniwob",
                url=name,
                seed=self._seed,
                viewport=Viewport(width=400, height=400),
                allow=(),
                **standing,
            )
            yield Task(
                name=name,
                goal=GOAL,
                start=start,
                steps=_steps(name),
                postconditions=(_SOLVED,),
                probes=(REWARD,),
                budget=Budget(steps=60, seconds=300),
            )

    def group(self, task: Task) -> str:
        """See `Grouped.group`: the first word of the name, ``click`` of ``click-button``."""
        return task.name.partition("-")[0]

    @property
    def instruction(self) -> Probe:
        """See `Pays.instruction`: the line at the top of the page."""
        return Probe(kind="script", argument="core.getUtterance()")

    def pay(self, found: Sequence[Evidence]) -> Pay | None:
        """See `Pays.pay`: the parts of `score` but for ``claimed``."""
        reward = _reward(next((each for each in found if each.probe == REWARD), None))
        if reward is None:
            return None
        ended, raw, decayed = reward
        parts = {
            "strict": float(ended and raw == 1),
            "lenient": float(ended and raw > 0),
            "raw": raw,
            "decayed": decayed,
        }
        return Pay(ended, parts)

    def score(self, task: Task, episode: Episode) -> Score:
        """See `Suite.score`: the page's own reward, whatever the agent claims.

        ``strict`` counts a raw reward of exactly 1, ``lenient`` any above 0; ``claimed`` says whether the agent ended by itself.
        """
        outcome = episode.outcome
        pay = self.pay(outcome.evidence) if outcome is not None else None
        claimed = float(outcome is not None and outcome.stop in ("done", "answer"))
        if outcome is None or pay is None:
            said = next((each for each in outcome.evidence if each.probe == REWARD), None) if outcome else None
            why = said.missing if said is not None and said.missing else "the page was not asked"
            return Score(value=0, success=False, parts={"claimed": claimed}, note=f"no reward is known: {why}")
        value = min(1.0, max(0.0, pay.parts["raw"])) if pay.ended else 0.0
        return Score(value=value, success=bool(pay.parts["strict"]), parts={**pay.parts, "claimed": claimed})


def _reward(said: Evidence | None) -> tuple[bool, float, float] | None:
    value: Json = said.value if said is not None else None
    if not isinstance(value, list) or len(value) != 4:
        return None
    ended, raw, decayed, _ = value
    if not isinstance(raw, int | float) or not isinstance(decayed, int | float):
        return None
    return bool(ended), float(raw), float(decayed)


@cache
def _steps(name: str) -> tuple[ScriptStep, ...]:
    file = SCRIPTS / f"{name}.yaml"
    return read_task(file).task.steps if file.is_file() else ()
