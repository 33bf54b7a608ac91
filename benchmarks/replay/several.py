"""One mode of replay over many episodes: where they are, what became of each, and the worst of it as exit code."""

from __future__ import annotations

import asyncio
import os
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from rich.console import Console
from rich.text import Text

from ...episodes.reader import Episode
from ...episodes.store import HEADER
from ...tools.errors import EpisodeError, HandeyeError, UsageError
from ..progress import printable


class Told(Protocol):
    """A report that fits a line."""

    @property
    def exit_code(self) -> int: ...

    def line(self) -> str:
        """What it comes to."""
        ...


_R_co = TypeVar("_R_co", bound=Told, covariant=True)
_R = TypeVar("_R", bound=Told)


class Entry(NamedTuple, Generic[_R_co]):
    """What became of one episode.

    Attributes:
        path: Where it is.
        report: What was found; None where it could not be replayed in this mode.
        error: Why not.
    """

    path: Path
    report: _R_co | None
    error: HandeyeError | None = None

    @property
    def exit_code(self) -> int:
        """Of its report; 2 without one."""
        return self.report.exit_code if self.report is not None else 2

    def print(self, console: Console) -> None:
        """Prints one line."""
        mark, style = ("·", "green") if self.exit_code == 0 else ("✗", "red")
        told = self.report.line() if self.report is not None else str(self.error).removeprefix(f"{self.path} ")
        line = Text(f"{mark} ", style=style).append(f"{printable(f'{self.path}: {told}')}", style="default")
        console.print(line, soft_wrap=True)


Hear = Callable[[Entry[_R]], None]


@dataclass(frozen=True)
class Several:
    """What became of several episodes.

    Attributes:
        entries: One for each, in the order in which they were named.
        total: What they come to together, in a line.
    """

    entries: tuple[Entry[Told], ...]
    total: str

    @property
    def exit_code(self) -> int:
        """5 where nothing answered for any of them; else 1 where one differs, 2 where one could not be replayed so, 0."""
        codes = [each.exit_code for each in self.entries]
        if set(codes) == {5}:
            return 5
        return next((code for code in (1, 2) if code in codes), 0)

    def print(self, console: Console) -> None:
        """Prints what they come to; each has been printed when it was done."""
        failed = sum(each.report is None for each in self.entries)
        rest = f"; {failed} could not be replayed in this mode" if failed else ""
        console.print(Text(f"{self.total}{rest}", style="bold"), soft_wrap=True)


async def of_each(
    paths: Sequence[Path], replay: Callable[[Episode], Awaitable[_R]], at_once: int, heard: Hear[_R]
) -> tuple[Entry[_R], ...]:
    """Replays each, so many at once.

    Raises:
        HandeyeError: Whatever else than that one of them cannot be read or is not fit for the mode: that is said of the one alone.
    """
    slots = asyncio.Semaphore(at_once)

    async def one(path: Path) -> Entry[_R]:
        async with slots:
            try:
                entry = Entry(path, await replay(await asyncio.to_thread(Episode.open, path)))
            except (UsageError, EpisodeError) as error:
                entry = Entry(path, None, error)
        heard(entry)
        return entry

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(path)) for path in paths]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return tuple(task.result() for task in tasks)


def episodes_in(path: Path) -> list[Path] | None:
    """The episodes that a folder holds, at any depth, sorted; None when it is itself one, or is no folder.

    Raises:
        UsageError: It is a folder without episodes.
    """
    if not path.is_dir() or (path / HEADER).exists():
        return None
    found: list[Path] = []
    for folder, folders, files in os.walk(path):
        if HEADER in files:
            found.append(Path(folder))
            # whatever lies in an episode belongs to it
            folders.clear()
        else:
            found += [each for name in files if (each := Path(folder) / name).suffix == ".zip" and _is_episode(each)]
    if not found:
        raise UsageError(
            f"{path} is no episode, and holds none", remedy="name a folder with episode.json, or one that holds such"
        )
    return sorted(found)


def folder_names(paths: Sequence[Path]) -> list[str]:
    """A name for each, by where it lies among the others; the same each time, so that what was begun there is gone on with."""
    whole = [each.resolve().with_suffix("") if each.suffix == ".zip" else each.resolve() for each in paths]
    above = Path(os.path.commonpath([each.parent for each in whole]))
    names = ["-".join(each.relative_to(above).parts) for each in whole]
    return [f"{name}-{names[:at].count(name) + 1}" if name in names[:at] else name for at, name in enumerate(names)]


def _is_episode(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            # packed by handeye, or by hand with the folder around it: the reader says what of that it takes
            return any(name == HEADER or name.endswith(f"/{HEADER}") for name in file.namelist())
    except (OSError, zipfile.BadZipFile):
        # a file that is damaged is not passed over in silence: reading it says so
        return True
