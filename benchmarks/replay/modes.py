"""The ways to replay an episode, by name, and the one door to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...agent.base import Guard, Model, Person
from ...agent.guard import OpenGuard
from ...agent.person import NoPerson
from ...agent.record import Watch
from ...agent.run import Interrupt, Resources
from ...environments.base import Environment
from ...environments.browser.host import BrowserConfig
from ...episodes.reader import Episode
from ...tools.plugins import load

if TYPE_CHECKING:
    from .report import Report

MODES = {"action": ".benchmarks.replay.action:replay_action"}
"""Mode → function of an `Episode` and `ReplayOptions` that gives a `Report`."""


@dataclass(frozen=True)
class ReplayOptions:
    """How an episode is replayed.

    Attributes:
        out: Folder of the new episode; by default one under ``runs/``.
        start: Where to begin, in place of where the recording began: the same site elsewhere.
        settings: Fields of the start recipe that are to be others than recorded: ``{"viewport": {"width": 800, "height": 600}}``.
        patience: Seconds that a step waits for the world to be as it was.
        repair: One step whose target is gone or ambiguous may be grounded anew.
        grounders: Who grounds it, in order of trust; by default tree and text, and last the model if there is one.
        model: A model that may ground it, or where it is.
        browser: How the browser is started or reached.
        world: An environment, where the recording has one of its own.
        watch: Called with each step of the new episode when it has ended.
        guard: What is allowed, `person` who can be asked.
        resources: A running browser; one is started when none is given.
        interrupt: Ends the replay after the step in hand.
    """

    out: Path | None = None
    start: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    patience: float = 5.0
    repair: bool = False
    grounders: Sequence[str] | None = None
    model: Model | str | None = None
    browser: BrowserConfig | None = None
    world: Environment | None = None
    watch: Watch | None = None
    guard: Guard = field(default_factory=OpenGuard)
    person: Person = field(default_factory=NoPerson)
    resources: Resources | None = None
    interrupt: Interrupt = field(default_factory=Interrupt)


Mode = Callable[[Episode, ReplayOptions], Awaitable["Report"]]


async def replay(episode: Episode | Path | str, *, mode: str = "action", **options: Any) -> Report:
    """Replays an episode.

    Args:
        episode: The recording, or its folder or zip.
        mode: ``action`` does it again in the live world, without a model.
        options: See `ReplayOptions`.

    Returns:
        What was found of each step; ``report.exit_code`` is 0 if the world still is as it was.

    Raises:
        EpisodeError: There is no readable episode.
        UsageError: It cannot be replayed in this mode; says what it lacks.
    """
    recorded = episode if isinstance(episode, Episode) else Episode.open(episode)
    chosen: Mode = load("replay mode", mode, MODES)
    if isinstance(options.get("out"), str):
        options["out"] = Path(options["out"])
    return await chosen(recorded, ReplayOptions(**options))
