"""The ways to replay an episode, by name, and the one door to them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, overload

from ...agent.base import Guard, Model, Person
from ...agent.guard import OpenGuard
from ...agent.person import NoPerson
from ...agent.record import Watch
from ...agent.run import Interrupt, Resources
from ...environments.base import Environment
from ...environments.browser.host import BrowserConfig
from ...episodes.reader import Episode
from ...tools.errors import UsageError
from ...tools.plugins import did_you_mean, load

if TYPE_CHECKING:
    from rich.console import Console

    from .action.report import Report
    from .playback.mode import PlaybackReport
    from .policy.tally import PolicyReport

MODES = {
    "action": ".benchmarks.replay.action.mode:ACTION",
    "policy": ".benchmarks.replay.policy.mode:POLICY",
    "playback": ".benchmarks.replay.playback.mode:PLAYBACK",
}
"""Name → dotted path of a `Mode`."""


class ModeReport(Protocol):
    """What every mode gives back."""

    @property
    def exit_code(self) -> int:
        """Of the command; see the README."""
        ...

    def print(self, console: Console) -> None:
        """Says to a person what was found."""
        ...


class Mode(NamedTuple):
    """A way to replay.

    Attributes:
        replay: Replays an episode as the options say.
        options: The dataclass of its options.
        several: Replays many in one go, and tells of each as it is done; None where one is done at a time.
    """

    replay: Callable[[Episode, Any], Coroutine[Any, Any, ModeReport]]
    options: type[Any]
    several: Callable[[Sequence[Path], Any, Callable[[Any], None]], Coroutine[Any, Any, ModeReport]] | None = None


@dataclass(frozen=True)
class ReplayOptions:
    """How an episode is done again: the options of the mode ``action``.

    Attributes:
        out: Folder of the new episode; by default one under ``runs/``.
        start: Where to begin, in place of where the recording began: the same site elsewhere.
        settings: Fields of the start recipe that are to be others than recorded: ``{"viewport": {"width": 800, "height": 600}}``.
        patience: Seconds that a step waits for the world to be as it was.
        hermetic: The network is the recorded one, and there is no other; see ``docs/hermetic.md``.
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
    hermetic: bool = False
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


@overload
async def replay(episode: Episode | Path | str, *, mode: Literal["action"] = "action", **options: Any) -> Report: ...


@overload
async def replay(episode: Episode | Path | str, *, mode: Literal["policy"], **options: Any) -> PolicyReport: ...


@overload
async def replay(episode: Episode | Path | str, *, mode: Literal["playback"], **options: Any) -> PlaybackReport: ...


@overload
async def replay(episode: Episode | Path | str, *, mode: str, **options: Any) -> ModeReport: ...


async def replay(episode: Episode | Path | str, *, mode: str = "action", **options: Any) -> ModeReport:
    """Replays an episode.

    Args:
        episode: The recording, or its folder or zip.
        mode: ``action`` does it again in the live world, without a model; ``policy`` asks a model what it would do at each step, and
            scores that; ``playback`` runs it again on its recorded replies and world, to see whether our code is unchanged.
        options: See `ReplayOptions`, `PolicyOptions`, `PlaybackOptions`.

    Returns:
        What was found; ``report.exit_code`` is that of the command.

    Raises:
        EpisodeError: There is no readable episode.
        UsageError: It cannot be replayed in this mode; says what it lacks. Or the mode has no such option.
        ModelError: Of ``policy``: the model's server is not there.
    """
    chosen = mode_of(mode)
    known = [each.name for each in fields(chosen.options)]
    for name in options:
        if name not in known:
            raise UsageError(
                f"the replay mode {mode!r} has no option {name!r}",
                remedy=f"{did_you_mean(name, known)}it has: {', '.join(known)}",
            )
    recorded = episode if isinstance(episode, Episode) else Episode.open(episode)
    if isinstance(options.get("out"), str):
        options["out"] = Path(options["out"])
    return await chosen.replay(recorded, chosen.options(**options))


def mode_of(name: str) -> Mode:
    """The mode of that name, or at that dotted path.

    Raises:
        UnknownName: There is none.
    """
    found: Mode = load("replay mode", name, MODES)
    return found
