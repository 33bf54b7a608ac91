"""A world that counts what is done in it, in a file that outlives whoever acts: to know what a killed run really did."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from ...environments.base import Stepped, refuse_stale
from ...environments.probes import probe_machine
from ...episodes.schema import Evidence, Json, LazyTree, Node, Observation, ObservationId, Probe, Sent, Start, Tree
from ...tools.actions import Act, Type
from ...tools.errors import ActionError, CannotResume, EnvironmentFailed
from ...tools.geometry import Box, Surface
from ...tools.pixels import Frame
from ...tools.secrets import Secrets

_SIZE = (64, 96)
_MOMENT = 0.002


class CountingWorld:
    """An `Environment` and `Resumable` whose only act is to type: each text becomes a line of a file, at once and for ever.

    ``start.url`` names the file (``file:///…``); it shows another picture for each number of lines.

    Args:
        secrets: As every environment takes them; not used.
    """

    def __init__(self, *, secrets: Secrets | None = None) -> None:
        self._ledger: Path | None = None
        self._count = 0
        self._began = time.monotonic()
        self._latest: Observation | None = None

    async def reset(self, start: Start) -> Observation:
        """See `Environment.reset`: the file is there, and empty."""
        self._open(start).write_bytes(b"")
        return await self.look()

    async def resume(self, start: Start, last: Observation) -> Observation:
        """See `Resumable.resume`."""
        if not self._open(start).exists():
            raise CannotResume(f"{self._ledger} is gone: there is no world to go on in")
        return await self.look()

    def _open(self, start: Start) -> Path:
        self._ledger = Path(unquote(urlsplit(start.url).path))
        self._count, self._began = 0, time.monotonic()
        return self._ledger

    async def look(self) -> Observation:
        """See `Environment.look`."""
        if self._ledger is None:
            raise EnvironmentFailed("there is no world: it was not reset yet, or is closed", remedy="reset it first")
        done = acts_of(self._ledger)
        frame = _picture(len(done))
        tree = LazyTree()
        tree.put(Tree((Node(role="text", name=f"{len(done)} acts"),)))
        self._latest = Observation(
            id=f"o{self._count:04d}",
            at=time.monotonic() - self._began,
            frame=frame,
            surfaces=(Surface(name="counter", box=frame.box),),
            title=f"{len(done)} acts",
            tree=tree,
        )
        self._count += 1
        return self._latest

    async def step(self, act: Act, on: ObservationId) -> Stepped:
        """See `Environment.step`."""
        refuse_stale(act, on, self._latest)
        if not isinstance(act, Type):
            return Stepped(await self.look(), error=ActionError(f"this world cannot {act.verb}: it only takes text"))
        assert self._ledger is not None
        line = act.text.replace("\n", " ").encode() + b"\n"
        # a real act takes a moment to happen, in which a run can be killed
        await asyncio.sleep(_MOMENT)
        file = os.open(self._ledger, os.O_WRONLY | os.O_APPEND)
        try:
            # one write: a kill comes before it or after it
            os.write(file, line)
        finally:
            os.close(file)
        return Stepped(await self.look(), (Sent(device="script", event="insert", detail=act.text),))

    async def peek(self, box: Box) -> Frame:
        """See `Environment.peek`."""
        if self._latest is None:
            raise EnvironmentFailed("there is no world: it was not reset yet, or is closed", remedy="reset it first")
        return self._latest.frame.crop(box)

    async def probe(self, probe: Probe) -> Evidence:
        """See `Environment.probe`."""
        if self._ledger is None:
            raise EnvironmentFailed("there is no world: it was not reset yet, or is closed", remedy="reset it first")
        if probe.kind == "text":
            return Evidence(probe=probe, value="\n".join(acts_of(self._ledger)))
        return await probe_machine(probe)

    async def describe(self) -> dict[str, Json]:
        """See `Environment.describe`."""
        return {"name": "counting"}

    async def let_be(self) -> None:
        """See `Resumable.let_be`."""
        await self.close()

    async def close(self) -> None:
        """See `Environment.close`."""
        self._ledger = self._latest = None


def acts_of(ledger: Path) -> list[str]:
    """What was done in the world of that file, in order."""
    return ledger.read_text(encoding="utf-8").splitlines() if ledger.exists() else []


def _picture(number: int) -> Frame:
    dice = np.random.default_rng(number)
    return Frame.from_pixels(dice.integers(0, 256, (*_SIZE, 3), dtype=np.uint8))
