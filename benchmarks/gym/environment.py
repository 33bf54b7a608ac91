"""A task of a suite as a `gymnasium.Env`: an episode of it is one of ours, its screenshots the very pixels that an agent of ours sees."""

from __future__ import annotations

import unicodedata
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from ...episodes.schema import Seed, Start, Stop, Task
from ...tools.errors import UsageError
from ...tools.geometry import Size
from ...tools.pixels import Pixels
from ...tools.plugins import did_you_mean
from ..base import Suite
from ..suites.names import open_suite
from .acts import LETTERS, act_of, action_space
from .door import Door
from .stage import Moment, Stage

Reward = Literal["strict", "lenient", "raw"]
LONGEST_GOAL = 2048
_SEEDS = 2**31


class HandeyeEnv(gymnasium.Env[dict[str, Any], Any]):
    """One task, in a browser (or whatever world it names) of this environment's own.

    An observation is ``screenshot``, the frame as uint8 height × width × 3, and ``goal``, what is asked: in MiniWoB++ the line at the
    top of the page. Characters beyond ASCII are written as ``\\u00e9`` in it; ``info["goal"]`` has them as they are.

    Actions: see `acts.py`. One that cannot be done as asked (a point outside, a dialog that is not there) raises nothing:
    ``info["error"]`` says why, and it is paid like any other. A world that fails raises `EnvironmentFailed`; `reset` begins a new one.

    ``terminated``: the page says that the task has ended; of a suite whose pages do not say, all postconditions hold, or the agent said
    `Done`, `Answer` or `Fail`. ``truncated``: that many acts were done as the task's budget has.

    Args:
        suite: Name of a live suite (``miniwob``), dotted path, or a folder of task files.
        task: Name of one of its tasks.
        options: Of the suite: ``{"clock": "raised"}``.
        reward: What is paid at the end: ``strict`` 1 for what is solved, else 0; ``lenient`` 1 for what is solved in part; ``raw`` what the
            page itself pays. A suite may know only the first.
        render_mode: ``rgb_array``: `render` gives the newest screenshot. ``human`` shows the browser, for which it needs a display.
        record: Folder in which each episode is recorded, for ``handeye view`` and ``handeye replay``; ``info["recorded"]`` names it.

    Raises:
        UsageError: There is no such suite, task or reward.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        suite: str = "miniwob",
        task: str = "click-button",
        options: Mapping[str, str] | None = None,
        reward: Reward = "strict",
        render_mode: str | None = None,
        record: Path | str | None = None,
    ) -> None:
        opened = open_suite(suite, options)
        self._task = _task_of(opened, suite, task)
        self._reward = reward
        self.render_mode = render_mode
        self.frame = _frame(self._task.start)
        height, width = int(self.frame.height), int(self.frame.width)
        self.observation_space = spaces.Dict(
            {
                "screenshot": spaces.Box(0, 255, (height, width, 3), np.uint8),
                "goal": spaces.Text(LONGEST_GOAL, min_length=0, charset=LETTERS),
            }
        )
        self.action_space = action_space(self.frame)
        self._stage = Stage(
            opened, self._task, headed=render_mode == "human", record=Path(record) if record is not None else None
        )
        self._door = Door()
        self._moment: Moment | None = None
        self._over = True
        self._acts = 0
        self._let_go = weakref.finalize(self, _let_go, self._door, self._stage)
        # an interpreter that ends takes the browser with it, and has no thread left to close it in order
        self._let_go.atexit = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begins an episode.

        Args:
            seed: Of the task, an exact literal: the same number is the same problem as in ``handeye bench --seeds``. Without one it is
                drawn from `np_random`.
            options: ``{"seed": "1"}``: the task's seed where it is to be a text.

        Raises:
            EnvironmentFailed: The world cannot be begun.
        """
        super().reset(seed=seed)
        drawn: Seed = seed if seed is not None else int(self.np_random.integers(_SEEDS))
        drawn = (options or {}).get("seed", drawn)
        self._over, self._acts = True, 0
        self._moment = self._door(self._stage.begin(drawn))
        self._over = False
        return self._observation(self._moment), self._info(self._moment)

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Acts, waits until the screen has settled, and looks.

        Raises:
            UsageError: It is no action.
            EnvironmentFailed: The world failed.
            ResetNeeded: No episode goes on.
        """
        if self._over or self._moment is None:
            raise ResetNeeded("no episode goes on: call reset() first")
        act = act_of(action, self.frame)
        self._over = True
        moment = self._moment = self._door(self._stage.do(act))
        self._acts += 1
        terminated = moment.pay.ended
        truncated = not terminated and self._acts >= self._task.budget.steps
        self._over = terminated or truncated
        if self._over:
            stop: Stop = "done" if terminated else "steps"
            self._door(self._stage.end(stop))
        reward = self._paid(moment) if terminated else 0.0
        return self._observation(moment), reward, terminated, truncated, self._info(moment)

    def render(self) -> Any:
        """The newest screenshot, height × width × 3, with ``rgb_array``; else nothing."""
        if self.render_mode != "rgb_array":
            return None
        if self._moment is None:
            raise ResetNeeded("there is nothing to be seen yet: call reset() first")
        return self._pixels(self._moment)

    def close(self) -> None:
        """Ends the browser and all else that was begun. A second call does nothing; after it `reset` begins anew."""
        self._over, self._moment = True, None
        _let_go(self._door, self._stage)

    def _paid(self, moment: Moment) -> float:
        parts = moment.pay.parts
        if self._reward not in parts:
            known = ", ".join(parts)
            raise UsageError(f"the task {self._task.name!r} pays no reward {self._reward!r}", remedy=f"one of: {known}")
        return parts[self._reward]

    def _observation(self, moment: Moment) -> dict[str, Any]:
        return {"screenshot": self._pixels(moment), "goal": _plain(moment.goal)}

    def _pixels(self, moment: Moment) -> Pixels:
        """The frame, always of one size: what an agent may see of a larger one is its left upper part."""
        height, width = int(self.frame.height), int(self.frame.width)
        seen = moment.saw.frame.pixels[:height, :width, :3]
        whole: Pixels = np.zeros((height, width, 3), np.uint8)
        whole[: seen.shape[0], : seen.shape[1]] = seen
        return whole

    def _info(self, moment: Moment) -> dict[str, Any]:
        saw, start = moment.saw, moment.task.start
        return {
            "seed": start.seed,
            "goal": moment.goal,
            "observation": saw.id,
            "url": _path(saw.url) if start.site is not None else saw.url,
            "dialog": f"{saw.dialog.kind}: {saw.dialog.message}" if saw.dialog is not None else "",
            "error": moment.error,
            "recorded": str(moment.folder or ""),
            **moment.pay.parts,
        }


def _task_of(suite: Suite, name: str, wanted: str) -> Task:
    names = []
    for task in suite.tasks():
        if task.name == wanted:
            return task
        names.append(task.name)
    raise UsageError(f"the suite {name!r} has no task {wanted!r}", remedy=did_you_mean(wanted, names))


def _frame(start: Start) -> Size:
    return Size(width=round(start.viewport.width * start.scale), height=round(start.viewport.height * start.scale))


def _plain(goal: str) -> str:
    """In the letters of the space: what is compatible with one is that one (a no-break space, a ligature), what is not is escaped."""
    text = unicodedata.normalize("NFKC", goal).encode("ascii", "backslashreplace").decode()
    return "".join(letter if letter in LETTERS else " " for letter in text)[:LONGEST_GOAL]


def _path(url: str) -> str:
    """A bundled site has another port at each start: what matters is what comes after it."""
    parts = urlsplit(url)
    return parts._replace(scheme="", netloc="").geturl()


def _let_go(door: Door, stage: Stage) -> None:
    try:
        door(stage.close())
    finally:
        door.close()
