"""What the samples of an evaluation share, and how one ends in order when Inspect cuts it off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio

from ...agent.run import Interrupt, Resources

_T = TypeVar("_T")


class Shared:
    """One browser for the samples that run side by side: the first starts it, the last ends it.

    Inspect tells a task when a sample has ended, but not when the last one has: whoever holds none of it leaves nothing running.
    """

    def __init__(self) -> None:
        self._resources: Resources | None = None
        self._held = 0

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Resources]:
        """The resources, while they are needed."""
        if self._resources is None:
            self._resources = Resources()
        resources = self._resources
        self._held += 1
        try:
            yield resources
        finally:
            self._held -= 1
            if not self._held:
                self._resources = None
                await resources.close()


async def apart(doing: Coroutine[Any, Any, _T], interrupt: Interrupt) -> _T:
    """Runs something in a task of its own, and when it is cut off has it end as after Ctrl-C: its world closed, its record complete.

    Inspect cancels by the scopes of anyio, which cancel every further wait, too, also that for a browser to end.
    """
    task = asyncio.create_task(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        interrupt.requested = True
        task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({task})
        raise
