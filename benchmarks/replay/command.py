"""What ``handeye replay`` does, once its words are understood."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rich.console import Console

from ...agent.face import new_folder
from ...agent.policies.model import Thinking
from ...agent.run import Interrupt
from ...episodes.reader import Episode
from ...episodes.schema import EXIT_CODES, Task
from ...tools.errors import UsageError
from ...tools.words import slug
from ..commands import RunOptions, browser_of, section, setting, signals, with_settings
from ..progress import Progress, Ticker, wipe
from .modes import Mode, ModeReport, mode_of
from .policy.scoring import Pace
from .several import episodes_in


@dataclass(frozen=True)
class ReplayWords:
    """Options of ``handeye replay`` (see its help), in the order of it; None or False is what was not said."""

    mode: str = "action"
    out: Path | None = None
    start: str | None = None
    patience: float | None = None
    hermetic: bool = False
    repair: bool = False
    headed: bool = False
    model: str | None = None
    dialect: str | None = None
    thinking: str | None = None
    grounders: tuple[str, ...] | None = None
    goal: str | None = None
    steps: str | None = None
    concurrency: int | None = None
    anew: bool = False
    config: tuple[str, ...] = ()


_SPELLED = {"grounders": "--ground", "config": "-c"}
_OPTION = {"headed": "browser", "concurrency": "pace"}
"""Words whose option of the mode has another name."""

_CONFIG = {"start": "settings", "browser": "browser", "thinking": "thinking"}
"""Section of ``-c`` → the option of the mode that it is for."""


def replay_command(paths: Sequence[Path], words: ReplayWords, console: Console) -> int:
    """Replays episodes, prints how it goes and what it comes to, and gives the exit code.

    Raises:
        EpisodeError: There is no readable episode.
        UsageError: It cannot be replayed so.
    """
    mode = mode_of(words.mode)
    _check(words, mode)
    found = [episodes_in(path) for path in paths]
    if len(paths) > 1 or found[0] is not None:
        every = [each for path, inside in zip(paths, found, strict=True) for each in inside or [path]]
        return _replay_several(list(dict.fromkeys(every)), words, mode, console)
    episode = Episode.open(paths[0])
    for warning in episode.warnings:
        console.print(f"! {warning}", soft_wrap=True, markup=False)
    with _going_on(words, console):
        report = asyncio.run(_replay(episode, words, mode, console))
        wipe(console)
        report.print(console)
        return report.exit_code
    return EXIT_CODES["unverified"]


def _check(words: ReplayWords, mode: Mode) -> None:
    """Refuses words that mean nothing in the mode."""
    known = {each.name for each in fields(mode.options)}
    said = {each.name for each in fields(words) if getattr(words, each.name) != each.default} - {"mode", "config"}
    for name in sorted(said):
        if _OPTION.get(name, name) not in known:
            raise UsageError(f"{_spelled(name)} does not go with --mode {words.mode}", remedy=_offer(known))
    sections = [name for name, option in _CONFIG.items() if option in known]
    for path, _ in map(setting, words.config):
        if path[0] not in sections:
            remedy = f"sections: {', '.join(sections)}" if sections else "leave out -c"
            raise UsageError(f"-c {path[0]}: --mode {words.mode} has no such section", remedy=remedy)
    if "repair" in known and not words.repair and (words.grounders is not None or words.model is not None):
        raise UsageError(
            "--ground and --model go with --repair: else nothing but the recording finds a target",
            remedy="add --repair",
        )


def _offer(known: set[str]) -> str:
    words = [each.name for each in fields(ReplayWords) if _OPTION.get(each.name, each.name) in known]
    return f"it has: {', '.join(map(_spelled, words))}"


def _spelled(name: str) -> str:
    return _SPELLED.get(name, f"--{name}")


async def _replay(episode: Episode, words: ReplayWords, mode: Mode, console: Console) -> ModeReport:
    known = {each.name for each in fields(mode.options)}
    options = _options(words, known, console)
    if "settings" in known:
        options["settings"] = _settings(episode.header.task, words.config)
    if "pace" in known and options["out"] is None:
        options["out"] = new_folder(f"policy-{slug(episode.header.task.name or episode.path.stem)}")
    if "interrupt" not in known:
        return await mode.replay(episode, mode.options(**options))
    interrupt = options["interrupt"] = Interrupt()
    with signals(interrupt, console):
        return await mode.replay(episode, mode.options(**options))


def _replay_several(paths: list[Path], words: ReplayWords, mode: Mode, console: Console) -> int:
    if mode.several is None:
        raise UsageError(
            f"--mode {words.mode} replays one episode at a time, and {len(paths)} were named", remedy="name one"
        )
    if words.steps is not None:
        raise UsageError("--steps are those of one episode", remedy="name one")
    known = {each.name for each in fields(mode.options)}
    options = _options(words, known, console)
    if "pace" in known and options["out"] is None:
        options["out"] = new_folder("policy")

    def heard(entry: Any) -> None:
        wipe(console)
        entry.print(console)

    with _going_on(words, console):
        report = asyncio.run(mode.several(paths, mode.options(**options), heard))
        wipe(console)
        report.print(console)
        return report.exit_code
    return EXIT_CODES["unverified"]


@contextlib.contextmanager
def _going_on(words: ReplayWords, console: Console) -> Iterator[None]:
    """Ctrl-C where nothing is open in the world: what was answered is on the disk."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("stopped; named as --out, a folder with answers is gone on with" if words.model else "stopped")


def _options(words: ReplayWords, known: set[str], console: Console) -> dict[str, Any]:
    """The options of a mode, but for what the episode says to it."""
    settings = [setting(each) for each in words.config]
    every: dict[str, Any] = {
        each.name: getattr(words, each.name) for each in fields(words) if getattr(words, each.name) != each.default
    }
    every["out"] = words.out
    if "browser" in known:
        every["browser"] = browser_of(RunOptions(headed=words.headed, config=words.config))
    if "thinking" in known:
        given = {"mode": words.thinking} if words.thinking is not None else {}
        every["thinking"] = section(Thinking, "thinking", settings, given)
    if "steps" in known and words.steps is not None:
        every["steps"] = _numbers(words.steps)
    if "pace" in known:
        every["pace"] = _pace(words, console)
    if "warn" in known:
        every["warn"] = lambda text: console.print(f"! {text}", style="yellow", soft_wrap=True, markup=False)
    if "watch" in known:
        every["watch"] = Progress(console).step
    return {name: value for name, value in every.items() if name in known}


def _pace(words: ReplayWords, console: Console) -> Pace:
    ticker, count = Ticker(console), 0

    def answered(_: object) -> None:
        nonlocal count
        count += 1
        ticker.show(f"{count} answers")

    default = Pace()
    return Pace(words.concurrency or default.concurrency, default.rounds, answered)


def _numbers(text: str) -> tuple[int, ...]:
    """``0,3,10-12`` as numbers."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) - int(first) > 1_000_000):
            raise UsageError(f"--steps {text!r}: numbers of steps are written 0,3,10-12")
        found += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(found))


def _settings(task: Task, config: tuple[str, ...]) -> dict[str, Any]:
    """What of the start recipe is to be other than recorded."""
    wanted = [each for each in map(setting, config) if each[0][0] == "start"]
    changed = with_settings(task, wanted, RunOptions()).start
    return {name: value for name, value in changed if value != getattr(task.start, name)}
