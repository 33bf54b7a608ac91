"""What ``handeye replay`` does, once its words are understood."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ...agent.run import Interrupt
from ...episodes.reader import Episode
from ...episodes.schema import Task
from ...tools.errors import UsageError
from ..commands import RunOptions, browser_of, setting, signals, with_settings
from ..progress import Progress
from .modes import replay
from .report import Report


@dataclass(frozen=True)
class ReplayWords:
    """Options of ``handeye replay``; see its help."""

    mode: str = "action"
    out: Path | None = None
    start: str | None = None
    patience: float = 5.0
    repair: bool = False
    grounders: tuple[str, ...] | None = None
    model: str | None = None
    headed: bool = False
    config: tuple[str, ...] = ()


def replay_command(path: Path, words: ReplayWords, console: Console) -> int:
    """Replays an episode, prints how it goes and what it comes to, and gives the exit code.

    Raises:
        EpisodeError: There is no readable episode.
        UsageError: It cannot be replayed so.
    """
    if not words.repair and (words.grounders is not None or words.model is not None):
        raise UsageError(
            "--ground and --model go with --repair: else nothing but the recording finds a target",
            remedy="add --repair",
        )
    episode = Episode.open(path)
    for warning in episode.warnings:
        console.print(f"! {warning}", soft_wrap=True, markup=False)
    report = asyncio.run(_replay(episode, words, console))
    report.print(console)
    return report.exit_code


async def _replay(episode: Episode, words: ReplayWords, console: Console) -> Report:
    interrupt = Interrupt()
    options: dict[str, Any] = {
        "settings": _settings(episode.header.task, words.config),
        "browser": browser_of(RunOptions(headed=words.headed, config=words.config)),
        "watch": Progress(console).step,
        "interrupt": interrupt,
    }
    for name in ("out", "start", "patience", "repair", "grounders", "model"):
        options[name] = getattr(words, name)
    with signals(interrupt, console):
        return await replay(episode, mode=words.mode, **options)


def _settings(task: Task, config: tuple[str, ...]) -> dict[str, Any]:
    """What of the start recipe is to be other than recorded."""
    wanted = [setting(each) for each in config]
    other = [path[0] for path, _ in wanted if path[0] not in ("start", "browser")]
    if other:
        raise UsageError(f"-c {other[0]}: a replay has no such section", remedy="sections: start, browser")
    changed = with_settings(task, [each for each in wanted if each[0][0] == "start"], RunOptions()).start
    return {name: value for name, value in changed if value != getattr(task.start, name)}
