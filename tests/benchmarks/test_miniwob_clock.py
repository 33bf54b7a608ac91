"""MiniWoB++ with its clock raised: the page's own time runs, and what it animates moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.run import Resources, Run, run_episode, world_of
from handeye.benchmarks.suites.miniwob import MiniWobSuite
from handeye.environments.base import Environment
from handeye.episodes.schema import Decision, Observation, Probe, Score, Step, Task
from handeye.tools.actions import Click, Done, Place
from handeye.tools.geometry import Point

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("miniwob") is None, reason='the extra "miniwob" is not installed'),
]

LIMIT = 60.0


class Watching:
    """Asks the page what a person would see on it."""

    def __init__(self, world: Environment) -> None:
        self._world = world

    async def ask(self, script: str) -> Any:
        found = await self._world.probe(Probe(kind="script", argument=script))
        assert not found.missing, found.missing
        return found.value

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        raise NotImplementedError


class Slicing(Watching):
    """Opens the pie menu, waits until it has grown, and clicks the slice that is asked for."""

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        del task, now
        if len(past) == 2:
            return Decision(intent=Done())
        name = "+" if not past else await self.ask("document.querySelector('#query .bold').textContent")
        return Decision(intent=Click[Place](at=await self._resting(name)))

    async def _resting(self, name: str) -> Point:
        label = f"[...document.querySelectorAll('#divWheel text')].find(each => each.textContent == '{name}')"
        box = f"(b => [b.x + b.width / 2, b.y + b.height / 2, b.width])({label}.getBoundingClientRect())"
        end = time.monotonic() + LIMIT
        before = None
        while True:
            here = await self.ask(box)
            if here == before and here[2] > 4:
                return Point(x=here[0], y=here[1])
            assert time.monotonic() < end, f"{name} never came to rest: {here}"
            before = here
            # longer than a frame of the animation
            await asyncio.sleep(0.1)


class Idling(Watching):
    """Looks at a price and does nothing: twenty times, and if it is to move until it has."""

    moves = True

    def __init__(self, world: Environment) -> None:
        super().__init__(world)
        self.seen: set[str] = set()

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        del task, past, now
        end = time.monotonic() + LIMIT
        looks = 0
        while looks < 20 or (self.moves and len(self.seen) < 3 and time.monotonic() < end):
            self.seen.add(await self.ask("document.querySelector('#stock-price').textContent"))
            looks += 1
        return Decision(intent=Done())


class IdlingUnmoved(Idling):
    """Expects nothing to move."""

    moves = False


async def played(
    name: str, clock: str, policy: type[Watching], resources: Resources, out: Path
) -> tuple[Score, Watching]:
    suite = MiniWobSuite(clock=clock, seed="3")
    task = next(each for each in suite.tasks() if each.name == name)
    world = world_of(task, Run(task=task, out=out).secrets, resources)
    made = policy(world)
    episode = await run_episode(Run(task=task, out=out, policy=made, world=world), resources)
    return suite.score(task, episode), made


async def test_a_menu_that_grows_is_played(resources: Resources, tmp_path: Path) -> None:
    score, _ = await played("click-pie", "raised", Slicing, resources, tmp_path / "e")
    assert score.success and score.parts["strict"] == score.parts["raw"] == 1, score


@pytest.mark.parametrize(("clock", "policy"), [("raised", Idling), ("virtual", IdlingUnmoved)])
async def test_a_price_moves_by_itself_where_the_clock_runs(
    clock: str, policy: type[Idling], resources: Resources, tmp_path: Path
) -> None:
    score, made = await played("stock-market", clock, policy, resources, tmp_path / "e")
    assert isinstance(made, Idling)
    assert len(made.seen) >= 3 if clock == "raised" else len(made.seen) == 1, made.seen
    assert not score.success and score.parts["raw"] == 0 and not score.note, score
