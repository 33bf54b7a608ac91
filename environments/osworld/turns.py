"""One episode at a time in each virtual machine, whichever process runs it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from ...episodes.claim import lock
from ...tools.errors import EnvironmentFailed
from .machine import Machine

_AGAIN = 0.5


class Turn:
    """The right to use a machine, until it is given back or this process ends.

    Attributes:
        machine: Which.
    """

    def __init__(self, machine: Machine, file: BinaryIO) -> None:
        self.machine = machine
        self._file = file

    def give_back(self) -> None:
        """Lets others have it. A second call does nothing."""
        self._file.close()


async def take_turn(machines: Sequence[Machine]) -> Turn:
    """Waits for the first of several machines that nobody uses.

    Raises:
        EnvironmentFailed: Nothing can be locked here.
    """
    while True:
        for machine in machines:
            turn = _tried(machine)
            if turn is not None:
                return turn
        await asyncio.sleep(_AGAIN)


def _tried(machine: Machine) -> Turn | None:
    mark = hashlib.sha256(machine.server.encode()).hexdigest()[:16]
    user = os.getuid() if hasattr(os, "getuid") else "user"
    path = Path(tempfile.gettempdir()) / f"handeye-osworld-{user}-{mark}.lock"
    try:
        file = path.open("ab")
    except OSError as error:
        raise EnvironmentFailed(f"{path} cannot be written: {error.strerror}") from error
    if lock(file):
        return Turn(machine, file)
    file.close()
    return None
