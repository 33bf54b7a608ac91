"""One task of a suite, begun again and again: a world for each episode, what it is worth after each act, and a record if one is wanted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from ...agent.checks import collect, judge, values_read
from ...agent.face import secrets_of
from ...agent.run import Resources, world_of
from ...environments.base import Environment
from ...environments.browser.host import BrowserConfig
from ...episodes.schema import Decision, Observation, Seed, Step, Stop, Task
from ...tools.actions import Act, Answer, AskUser, Done, Fail, Read, Say
from ...tools.errors import ActionError, HandeyeError
from ..base import Pay, Pays, Suite, with_seed
from .recording import Recording

SOURCE = "gymnasium"
_NOBODY = "nobody is here to be asked"


class Moment(NamedTuple):
    """Where an episode stands.

    Attributes:
        task: With its seed.
        goal: What is asked, in the world's own words where it has some.
        saw: The newest observation.
        pay: What the world is worth.
        error: Why the last act could not be done as asked; empty when it was.
        folder: Of the record, if there is one.
    """

    task: Task
    goal: str
    saw: Observation
    pay: Pay
    error: str = ""
    folder: Path | None = None


class Stage:
    """Plays one task. Every method runs in one event loop.

    Args:
        suite: Whose task.
        task: Without a seed.
        headed: Shows the browser.
        record: Folder for an episode a time; None records nothing.
    """

    def __init__(self, suite: Suite, task: Task, *, headed: bool = False, record: Path | None = None) -> None:
        self._suite, self._task, self._folder = suite, task, record
        self._config = BrowserConfig(headed=headed)
        self._secrets = secrets_of(task)
        self._resources: Resources | None = None
        self._world: Environment | None = None
        self._record: Recording | None = None
        self._said: list[Step] = []
        self._now: Moment | None = None

    async def begin(self, seed: Seed) -> Moment:
        """A new episode; the one before it, if it still goes on, is cut off.

        Raises:
            EnvironmentFailed: Its world cannot be begun.
        """
        await self._leave("interrupted")
        if self._resources is None:
            self._resources = Resources(self._config)
        task = with_seed(self._suite, self._task, seed)
        self._said = []
        if self._folder is not None:
            self._record = await asyncio.to_thread(Recording, self._folder, task, self._secrets)
        self._world = world_of(task, self._secrets, self._resources)
        try:
            saw = await self._world.reset(task.start)
            goal = await self._goal(task, self._world)
            pay = await self._worth(task, self._world)
            if self._record is not None:
                self._record.began(saw, await self._world.describe())
        except HandeyeError as error:
            await self._broke(error)
            raise
        self._now = Moment(task, goal, saw, pay, folder=self._record.path if self._record is not None else None)
        return self._now

    async def do(self, act: Act | Say) -> Moment:
        """Does something in the episode.

        Raises:
            EnvironmentFailed: The world failed, and the episode with it.
        """
        assert self._now is not None and self._world is not None
        decision = Decision(intent=act, source=SOURCE)
        try:
            if isinstance(act, Say):
                moment = await self._say(decision, act, self._now, self._world)
            else:
                moment = await self._act(decision, act, self._now, self._world)
        except HandeyeError as error:
            await self._broke(error)
            raise
        self._now = moment
        return moment

    async def _act(self, decision: Decision, act: Act, now: Moment, world: Environment) -> Moment:
        if self._record is not None:
            came = await self._record.act(decision, act, now.saw, world)
        else:
            came = await world.step(act, on=now.saw.id)
        pay = await self._worth(now.task, world)
        return now._replace(saw=came.observation, pay=pay, error=_words(came.error))

    async def _say(self, decision: Decision, say: Say, now: Moment, world: Environment) -> Moment:
        """What is said changes no world, but an answer and what was read may be asked for; and who says that it is over ends it."""
        if isinstance(say, Read):
            self._said.append(Step(index=len(self._said), saw=now.saw, decision=decision))
        error = ActionError(_NOBODY) if isinstance(say, AskUser) else None
        if self._record is not None:
            await self._record.say(decision, now.saw, error)
        answer = say.text if isinstance(say, Answer) else None
        pay = await self._worth(now.task, world, answer)
        return now._replace(pay=Pay(pay.ended or isinstance(say, Answer | Done | Fail), pay.parts), error=_words(error))

    async def end(self, stop: Stop) -> None:
        """Ends the episode in hand: its world stays to be looked at until the next one, its record is complete."""
        if self._record is None or self._now is None or self._world is None:
            return
        record, self._record = self._record, None
        now = self._now
        verdicts = await judge(now.task, self._world, values_read(self._said))
        await record.end(stop, bool(now.pay.parts["strict"]), verdicts, await collect(now.task, self._world))

    async def close(self) -> None:
        """Ends everything. A second call does nothing."""
        try:
            await self._leave("interrupted")
        finally:
            resources, self._resources = self._resources, None
            if resources is not None:
                await resources.close()

    async def _leave(self, stop: Stop) -> None:
        try:
            await self.end(stop)
        except HandeyeError as error:
            await self._broke(error)
        world, self._world, self._now = self._world, None, None
        if world is not None:
            await world.close()

    async def _broke(self, error: HandeyeError) -> None:
        """Lets go of an episode whose world failed, and of the browser that it was in: the next one begins in a new one."""
        record, self._record = self._record, None
        world, self._world, self._now = self._world, None, None
        resources, self._resources = self._resources, None
        if record is not None:
            await record.broke(error)
        if world is not None:
            await world.close()
        if resources is not None:
            await resources.close()

    async def _goal(self, task: Task, world: Environment) -> str:
        if not isinstance(self._suite, Pays):
            return task.goal
        said = (await world.probe(self._suite.instruction)).value
        return said if isinstance(said, str) and said else task.goal

    async def _worth(self, task: Task, world: Environment, answer: str | None = None) -> Pay:
        if isinstance(self._suite, Pays):
            pay = self._suite.pay(await collect(task, world))
            # a page that says nothing, one that was left for another, has not paid
            return pay if pay is not None else Pay(False, {"strict": 0.0})
        known = {**values_read(self._said), **({} if answer is None else {"answer": answer})}
        verdicts = await judge(task, world, known)
        solved = bool(verdicts) and all(each.held for each in verdicts)
        return Pay(solved, {"strict": float(solved)})


def _words(error: ActionError | None) -> str:
    return f"{type(error).__name__}: {error.message}" if error is not None else ""
