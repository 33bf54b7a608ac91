"""A world that another process acted in before: its observations and times go on where the record of that one ends."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from ..episodes.schema import Event, Evidence, Json, Observation, ObservationId, Probe, Start
from ..tools.actions import Act
from ..tools.errors import EnvironmentFailed
from ..tools.geometry import Box
from ..tools.pixels import Frame
from .base import Environment, KeepsState, Resumable, SaysMore, Stepped

_NUMBER = re.compile(r"o([0-9]+)")


class Continued:
    """An `Environment` over another one, numbered after what is on record.

    Args:
        world: What is seen and acted on. It numbers from ``o0000`` and counts its seconds from 0, as after every start.
        known: Ids of the observations on record.
        seconds: How far the record reaches.
    """

    def __init__(self, world: Environment, known: Collection[ObservationId], seconds: float) -> None:
        self._world = world
        numbers = [int(found[1]) for each in known if (found := _NUMBER.fullmatch(each))]
        self._first = max(numbers, default=-1) + 1
        self._seconds = seconds
        self._named: dict[ObservationId, ObservationId] = {}

    async def reset(self, start: Start) -> Observation:
        """See `Environment.reset`."""
        return self._later(await self._world.reset(start))

    async def resume(self, start: Start, last: Observation) -> Observation:
        """See `Resumable.resume`; only of a world that can be resumed."""
        assert isinstance(self._world, Resumable)
        return self._later(await self._world.resume(start, last))

    async def look(self) -> Observation:
        """See `Environment.look`."""
        return self._later(await self._world.look())

    async def step(self, act: Act, on: ObservationId) -> Stepped:
        """See `Environment.step`."""
        came = await self._world.step(act, self._named.get(on, on))
        return came._replace(observation=self._later(came.observation))

    async def peek(self, box: Box) -> Frame:
        """See `Environment.peek`."""
        return await self._world.peek(box)

    async def probe(self, probe: Probe) -> Evidence:
        """See `Environment.probe`."""
        return await self._world.probe(probe)

    async def describe(self) -> dict[str, Json]:
        """See `Environment.describe`."""
        return await self._world.describe()

    async def close(self) -> None:
        """See `Environment.close`."""
        await self._world.close()

    async def last_words(self) -> Observation | None:
        """See `SaysMore.last_words`."""
        more = await self._world.last_words() if isinstance(self._world, SaysMore) else None
        return self._later(more) if more is not None else None

    async def save_state(self, file: Path) -> None:
        """See `KeepsState.save_state`."""
        if not isinstance(self._world, KeepsState):
            raise EnvironmentFailed("this world has no state to save")
        await self._world.save_state(file)

    def _later(self, seen: Observation) -> Observation:
        number = _NUMBER.fullmatch(seen.id)
        name = f"o{self._first + int(number[1]):04d}" if number else f"{seen.id}-{self._first}"
        self._named = {name: seen.id}
        update = {
            "id": name,
            "at": seen.at + self._seconds,
            "events": tuple(self._event(each) for each in seen.events),
            "downloads": tuple(each.model_copy(update={"at": each.at + self._seconds}) for each in seen.downloads),
        }
        return seen.model_copy(update=update)

    def _event(self, event: Event) -> Event:
        return event.model_copy(update={"at": event.at + self._seconds})
