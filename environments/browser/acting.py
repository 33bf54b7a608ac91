"""Runs acts until they are done, a dialog stops them, or the page that they are done on crashes or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Coroutine, Iterable
from functools import partial
from typing import Any, TypeVar

from ...tools.actions import Act, AnswerDialog
from ...tools.errors import ActionError, BrowserGone, EnvironmentFailed, PageCrashed
from .dialogs.waiting import Waiting
from .tabs import StandsStill, TabGone, Tabs
from .trouble import Patience, watch, watched

_T = TypeVar("_T")


class Acting:
    """What is being done on the tabs of one context.

    Args:
        tabs: Which these are.
        timeout: Seconds that an act may take, besides those that it says of itself.
        hang: Seconds that a page may leave a question unanswered.
    """

    def __init__(self, tabs: Tabs, timeout: float, hang: float) -> None:
        self._tabs = tabs
        self._timeout = timeout
        self._hang = hang
        self._unfinished: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Gives up what still waits for a dialog."""
        for task in self._unfinished:
            task.cancel()
        await asyncio.gather(*self._unfinished, return_exceptions=True)
        self._unfinished.clear()

    async def run(self, doing: Coroutine[Any, Any, None], act: Act) -> ActionError | None:
        """Runs an act until it is done or a dialog opens that stops it; it goes on when the dialog is answered.

        Returns:
            Why it could not be done.

        Raises:
            PageHangs: The page does not answer, or does not get done.
            EnvironmentFailed: There is no page, or no browser, any more.
        """
        known = self._tabs.dialogs.all
        asked = self._tabs.dialog_record()
        task = asyncio.ensure_future(doing)
        self._unfinished.add(task)
        seconds = getattr(act, "seconds", 0)
        try:
            await self._until_stopped({task}, known, seconds)
            if isinstance(act, AnswerDialog) and task.done() and task.exception() is None:
                if asked is not None and asked.kind == "beforeunload" and not act.accept:
                    # who stays has given up leaving; a reload or a step back would never hear of it
                    for each in self._unfinished - {task}:
                        each.cancel()
                # what the dialog held up is done now, as far as the next one lets it
                await self._until_stopped(self._unfinished, (), seconds)
        except (asyncio.CancelledError, EnvironmentFailed):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._unfinished.discard(task)
            raise
        done = {each for each in self._unfinished if each.done()}
        self._unfinished -= done
        # what an earlier act was stopped in and another act has ended is no news of this one
        errors = {each: error for each in done if not each.cancelled() and (error := each.exception()) is not None}
        if not isinstance(act, AnswerDialog):
            errors = {each: error for each, error in errors.items() if each is task}
        for error in errors.values():
            if not isinstance(error, ActionError | TabGone):
                raise error
        return next((error for error in errors.values() if isinstance(error, ActionError)), None)

    async def survive(self, doing: Coroutine[Any, Any, None], act: Act) -> ActionError | None:
        """As `run`, but that the page crashed under it is no error of an act: the next observation shows what came of it."""
        crashes = self._tabs.crashes
        try:
            return await self.run(doing, act)
        except EnvironmentFailed as error:
            crashed = self._tabs.crashes > crashes or "crashed" in str(error.__cause__)
            if isinstance(error, BrowserGone) or not crashed:
                raise
            return None

    async def read(self, doing: Awaitable[_T], what: str) -> _T:
        """What a page was asked for, which may keep its main thread busy: for 30 s, if it is a tree of a hundred thousand nodes.

        Raises:
            PageHangs: The page does not answer for twice as long as an act may take.
            EnvironmentFailed: There is no page, or no browser, any more.
        """
        ask = partial(self._ask, self._tabs.crashes)
        return await watched(doing, ask, Patience(2 * self._timeout, math.inf), what)

    async def _until_stopped(
        self, tasks: Iterable[asyncio.Task[None]], known: tuple[Waiting, ...], seconds: float
    ) -> None:
        doing = asyncio.ensure_future(asyncio.wait(set(tasks)))
        stopped = asyncio.ensure_future(self._tabs.stopped(known=known, loads=True))
        patience = Patience(self._hang, seconds + self._timeout + self._hang)
        ask = partial(self._ask, self._tabs.crashes)
        watching = asyncio.ensure_future(watch(doing, ask, patience, "while it was acted on"))
        try:
            await asyncio.wait({doing, stopped, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done() and not stopped.done():
                watching.result()
        finally:
            # the tasks themselves go on
            for each in (doing, stopped, watching):
                each.cancel()
            await asyncio.gather(doing, stopped, watching, return_exceptions=True)

    async def _ask(self, crashes: int) -> None:
        """Asks the page something that it answers at once, unless it hangs."""
        if self._tabs.crashes > crashes:
            raise PageCrashed(f"the page {self._tabs.url} crashed")
        if self._tabs.crashed or await self._tabs.stopping() is not None:
            return
        with contextlib.suppress(StandsStill, TabGone):
            await self._tabs.awake(self._tabs.send("Runtime.evaluate", {"expression": "1"}))
