"""A virtual machine of OSWorld as an `Environment`: the desktop, with a seat at the other end of HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from ...episodes.schema import Evidence, Json, Observation, Probe, Start
from ...tools.errors import DisplayGone, EnvironmentFailed, TaskError
from ...tools.secrets import Secrets
from ..desktop.config import DesktopConfig
from ..desktop.environment import DesktopEnvironment
from ..desktop.settling import SettleConfig
from .evaluation import downloads_of, evaluate
from .machine import Machine
from .server import NotDone
from .station import RemoteStation
from .turns import take_turn

_MOST = 1_000_000
SETTLE = SettleConfig(rest=0.4, onset=1.0, restless=3.0, cap=12.0, every=0.1)
"""A picture takes a machine a tenth of a second and more, and its programs are slower than those beside us."""


class OSWorldEnvironment(DesktopEnvironment):
    """One machine for one episode.

    Args:
        machines: Any of them; by default the one at ``start.url``.
        folder: Against which paths of files to upload are seen.
        task: Name of the task, for the cache of its files.
        secrets: Values behind placeholders; revealed only at the keyboard.
        config: How the screen is waited for.
    """

    def __init__(
        self,
        machines: Sequence[Machine] = (),
        *,
        folder: Path | None = None,
        task: str = "",
        secrets: Secrets | None = None,
        config: DesktopConfig | None = None,
    ) -> None:
        super().__init__("current", secrets=secrets, config=config or DesktopConfig(settle=SETTLE))
        self._machines = tuple(machines)
        self._folder = folder or Path()
        self._task = task
        self._remote: RemoteStation | None = None
        self._told: Observation | None = None

    async def probe(self, probe: Probe) -> Evidence:
        """See `Environment.probe`: ``evaluator``, and ``text``, ``file`` and ``process`` of the machine."""
        if probe.kind == "text":
            return await super().probe(probe)
        async with self._turn:
            self._check_open()
            remote = self._remote
            assert remote is not None
            if probe.kind == "evaluator":
                evidence = await asyncio.to_thread(evaluate, probe, remote.setup, remote.getters)
                self._tell(remote)
                return evidence
            return await asyncio.to_thread(_asked, probe, remote)

    async def last_words(self) -> Observation | None:
        """See `SaysMore.last_words`: the files that an evaluator fetched."""
        told, self._told = self._told, None
        return told

    async def describe(self) -> dict[str, Json]:
        """See `Environment.describe`."""
        return {**await super().describe(), "name": "osworld"}

    def _tell(self, remote: RemoteStation) -> None:
        assert self._latest is not None
        files = downloads_of(remote.getters, remote.setup.kept, self._clock(), self._secrets)
        # not told twice: the episode has those of the observation already
        known = {each.sha256 for each in self._latest.downloads}
        added = tuple(each for each in files if each.sha256 not in known)
        self._told = self._latest.model_copy(update={"downloads": (*self._latest.downloads, *added)})

    async def _station_for(self, start: Start) -> RemoteStation:
        machines = self._machines or (_at(start.url),)
        self._remote = RemoteStation(await take_turn(machines), self._folder, self._task)
        return self._remote

    async def _leave(self) -> None:
        self._remote = None
        with contextlib.suppress(DisplayGone, EnvironmentFailed):
            await super()._leave()


def _at(url: str) -> Machine:
    if url == "about:blank":
        return Machine()
    try:
        return Machine(server=url)
    except ValueError as error:
        raise TaskError(
            f"start.url: {url!r} is no address of a machine's server", remedy="http://127.0.0.1:5000"
        ) from error


def _asked(probe: Probe, remote: RemoteStation) -> Evidence:
    match probe.kind:
        case "file":
            data = remote.server.file(probe.argument)
            if data is None:
                return Evidence(probe=probe, missing=f"{probe.argument}: the machine has no such file")
            return Evidence(probe=probe, value=data[:_MOST].decode("utf-8", "replace"))
        case "process":
            try:
                said = remote.server.execute(["pgrep", "-x", probe.argument])
            except NotDone as error:
                return Evidence(probe=probe, missing=str(error))
            return Evidence(probe=probe, value=[int(each) for each in said.output.split()])
        case _:
            return Evidence(probe=probe, missing=f"this environment cannot answer a {probe.kind} probe")
