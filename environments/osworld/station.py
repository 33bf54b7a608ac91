"""A virtual machine as a place to act: taken for one episode, put back into its first state, and prepared."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ...episodes.schema import Json, Start
from ...tools.errors import EnvironmentFailed, TaskError
from ...tools.words import cut
from ..desktop.programs import Ended
from ..desktop.seat import Shown
from ..desktop.station import Station
from .cache import Cache
from .getters import Getters
from .machine import Machine
from .seat import RemoteSeat
from .server import Server
from .setup import Setup
from .tree import RemoteAccessibility
from .turns import Turn

_CALL = 200.0
"""Seconds for a call to the seat: a key may be held for a minute, and a command take two."""
_REVERT = 900.0


class RemoteStation(Station):
    """See `Station`: what is opened for one episode in a machine.

    Args:
        turn: The right to use it; given back when this is closed.
        folder: Against which paths of files to upload are seen.
        task: Name of the task, for the cache of its files.
    """

    def __init__(self, turn: Turn, folder: Path, task: str) -> None:
        self.server = Server(turn.machine)
        super().__init__(sandbox=False, given=RemoteSeat(self.server), patience=_CALL, stop_key="")
        self.accessibility = RemoteAccessibility(self.server)
        cache = Cache(turn.machine.cache, task)
        self.setup = Setup(self.server, cache, folder)
        self.getters = Getters(self.server, cache, self.setup.kept)
        self._turn = turn
        self._system = ""

    async def open(self, start: Start) -> None:
        """Puts the machine back, waits until it answers, and prepares it.

        Raises:
            EnvironmentFailed: It does not answer, or a step could not be done.
            TaskError: The task asks for what there is not.
        """
        if start.programs:
            raise TaskError("start.programs are started on this machine", remedy="in a virtual one: start.setup")
        await asyncio.to_thread(self._prepare, start)

    def _prepare(self, start: Start) -> None:
        if self._turn.machine.revert:
            _revert(self._turn.machine)
        self.server.until_ready()
        self._system = self.server.platform()
        if self._system != "Linux":
            raise EnvironmentFailed(f"{self.seat.name} runs {cut(self._system, 40)}: only Linux is supported")
        self.setup.run(start.setup, "config")

    async def ended(self) -> tuple[Ended, ...]:
        """See `Station.ended`: nobody here knows."""
        return ()

    def pids(self, shown: Sequence[Shown]) -> list[int]:
        """See `Station.pids`: those of a machine are none of this one's."""
        return []

    def describe(self) -> dict[str, Json]:
        """See `Station.describe`."""
        machine = self._turn.machine
        return {
            "seat": self.seat.name,
            "system": self._system,
            "reverted": bool(machine.revert),
            "troubles": [*self.setup.troubles],
        }

    async def close(self) -> None:
        """See `Station.close`."""
        try:
            await super().close()
        finally:
            self.server.close()
            self._turn.give_back()


def _revert(machine: Machine) -> None:
    """Runs the user's own command, as they would in a terminal.

    Raises:
        EnvironmentFailed: It fails, or takes too long.
    """
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", machine.revert],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_REVERT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailed(f"the command that reverts the machine did not end within {_REVERT:g} s") from error
    except OSError as error:
        raise EnvironmentFailed(f"the command that reverts the machine cannot be run: {error}") from error
    if done.returncode:
        last = cut(done.stdout.strip()[-300:], 300)
        raise EnvironmentFailed(f"the command that reverts the machine ended with {done.returncode}: {last}")
