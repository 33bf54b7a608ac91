"""Short names of the formats that are read and written."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol, cast

from ...tools.plugins import load
from ..reader import Episode
from ..schema import Loss
from .recording import Importer

IMPORTERS = {
    "agentnet": ".episodes.convert.from_agentnet:AgentNet",
    "agentnetbench": ".episodes.convert.from_agentnetbench:AgentNetBench",
    "browseruse": ".episodes.convert.from_browseruse:BrowserUse",
    "har": ".episodes.convert.from_har:FromHAR",
    "osworld": ".episodes.convert.from_osworld:OSWorld",
    "screenagent": ".episodes.convert.from_screenagent:ScreenAgent",
}
"""Formats that become episodes."""

EXPORTERS = {
    "agentnet": ".episodes.convert.to_agentnet:ToAgentNet",
    "har": ".episodes.convert.to_har:ToHAR",
    "osworld": ".episodes.convert.to_osworld:ToOSWorld",
    "playwright": ".episodes.convert.to_playwright:ToPlaywright",
    "recorder": ".episodes.convert.to_recorder:ToRecorder",
    "webarena-verified": ".episodes.convert.to_webarena:ToWebArenaVerified",
}
"""Formats that episodes become."""

_ALIASES = {
    "opencua": "agentnet",
    "browser-use": "browseruse",
    "browser_use": "browseruse",
    "devtools": "recorder",
    "chrome": "recorder",
    "chrome-recorder": "recorder",
}


class Exported(NamedTuple):
    """What an export wrote.

    Attributes:
        path: The file, or the folder.
        lost: What the episode says and the export does not.
        note: What the reader of the export should know besides.
    """

    path: Path
    lost: tuple[Loss, ...] = ()
    note: str = ""


class Exporter(Protocol):
    """Writes episodes in one format."""

    @property
    def ending(self) -> str:
        """Of the file that it writes; empty for a folder."""
        ...

    def export(self, episode: Episode, path: Path) -> Exported:
        """Writes the episode.

        Raises:
            UsageError: The place is taken, or there is nothing in the episode that the format could hold.
            EpisodeError: The episode is damaged, or the export cannot be written.
        """
        ...


def importer(name: str) -> Importer:
    """The importer of that short name, entry point of ``handeye.importers``, or dotted path.

    Raises:
        UnknownName: There is none; says which there are.
    """
    return cast(Importer, load("format to convert from", _ALIASES.get(name, name), IMPORTERS, "handeye.importers")())


def exporter(name: str, more: dict[str, str] | None = None) -> Exporter:
    """The exporter of that short name, entry point of ``handeye.exporters``, or dotted path.

    Args:
        name: See above.
        more: Further short names, of rooms above this one.

    Raises:
        UnknownName: There is none; says which there are.
    """
    return cast(
        Exporter, load("format to export to", _ALIASES.get(name, name), EXPORTERS | (more or {}), "handeye.exporters")()
    )
