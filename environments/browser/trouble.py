"""What goes wrong with a browser, named: which error it is, and after how long it is one.

In whatever state a page or a browser is, an act and the look after it end: with an observation that says what is wrong (an event
``crashed`` or ``navigation failed``) or with one of the errors below, at the latest after the time that an act itself may take
(`BrowserConfig.timeout`, and what it says of itself), plus `BrowserConfig.settle`, plus three times `BrowserConfig.hang`. A page whose
main thread hangs is known to after `BrowserConfig.hang`. Its tree may take twice `BrowserConfig.timeout` besides.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from playwright.async_api import Error as PlaywrightError

from ...tools.errors import ActionError, BrowserGone, EnvironmentFailed, PageCrashed, PageHangs

MOST_CRASHES = 3
"""Pages that may crash within an episode before it ends."""

LETTING_GO = 5.0
"""Seconds for keys and buttons to be released at the end: a page that hangs takes no input, and is closed all the same."""

_PULSE = 1.0
"""Seconds between questions to a page whether it still answers, while an act has not come back."""
_END_IS_TOLD = 1.0
"""Seconds after which a browser that died is known to have died."""

_REASONS = {
    "net::ERR_CERT": "the browser does not trust the site's certificate; for a site of your own: -c browser.ignore_certificate_errors=true",
    "net::ERR_NAME_NOT_RESOLVED": "there is no host of that name, or this machine cannot look it up",
    "net::ERR_CONNECTION_REFUSED": "nothing listens there: is the server running?",
    "net::ERR_TOO_MANY_REDIRECTS": "the site sends the browser in a circle",
    "net::ERR_EMPTY_RESPONSE": "the server hung up without an answer",
    "net::ERR_HTTP_RESPONSE_CODE_FAILURE": "the server answered with an error and nothing to show",
}

_P = ParamSpec("_P")
_R = TypeVar("_R")
_S = TypeVar("_S")


def unreachable(url: str, reason: str) -> ActionError:
    """Why a navigation failed, and what can be done where there is something."""
    remedy = next((words for name, words in _REASONS.items() if name in reason), "")
    return ActionError(f"{url} cannot be reached: {reason}", remedy=remedy)


def typed(
    method: Callable[Concatenate[_S, _P], Awaitable[_R]],
) -> Callable[Concatenate[_S, _P], Coroutine[Any, Any, _R]]:
    """Of a method of the environment: says that the browser is gone where that is behind a call that failed.

    A call that is under way when a browser dies fails with whatever stood last in the pipe; that it died is told a moment later.
    """

    @functools.wraps(method)
    async def named(world: _S, *args: _P.args, **options: _P.kwargs) -> _R:
        try:
            return await method(world, *args, **options)
        except EnvironmentFailed as error:
            tabs = getattr(world, "_tabs", None)
            if isinstance(error, BrowserGone | PageCrashed | PageHangs) or tabs is None:
                raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(tabs.ended.wait(), _END_IS_TOLD)
            if tabs.ended.is_set():
                raise tabs.gone() from error
            raise

    return cast("Callable[Concatenate[_S, _P], Coroutine[Any, Any, _R]]", named)


class Patience(NamedTuple):
    """How long a page is waited for, seconds."""

    answer: float
    """For the answer to a question that it gives at once unless it hangs."""
    whole: float
    """For what it was asked to do, although it answers questions: a frame of it may hang in a process of its own."""


async def watch(task: asyncio.Future[Any], ask: Callable[[], Awaitable[object]], patience: Patience, what: str) -> None:
    """Returns when a task that a page works on is done; asks the page in between whether it still answers.

    Args:
        task: What is waited for; nobody cancels it here.
        ask: Asks the page something that it answers at once unless it hangs; raises what makes waiting pointless.
        patience: How long.
        what: What is being done, for the message.

    Raises:
        PageHangs: It does not answer, or does not get done.
        EnvironmentFailed: What ``ask`` raised.
    """
    end = time.monotonic() + patience.whole
    while not (await asyncio.wait({task}, timeout=_PULSE))[0]:
        asking = asyncio.ensure_future(ask())
        try:
            await asyncio.wait({task, asking}, timeout=patience.answer, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            (answer,) = await asyncio.gather(asking, return_exceptions=True)
        if task.done():
            return
        if isinstance(answer, PageCrashed | BrowserGone):
            raise answer
        if isinstance(answer, asyncio.CancelledError) or time.monotonic() > end:
            raise PageHangs(
                f"the page did not answer within {patience.answer:g} s, or did not get done in {patience.whole:g} s ({what})",
                remedy="its main thread is busy, or its process stands still; -c browser.hang=60 waits longer",
            )


async def watched(doing: Awaitable[_R], ask: Callable[[], Awaitable[object]], patience: Patience, what: str) -> _R:
    """What a page was asked to do, under `watch`."""
    task = asyncio.ensure_future(doing)
    try:
        await watch(task, ask, patience, what)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def let_go(releasing: Awaitable[None]) -> None:
    """Releases keys and buttons as far as a page still takes input."""
    # a browser that is gone has let go of everything
    with contextlib.suppress(EnvironmentFailed, PlaywrightError, TimeoutError):
        await asyncio.wait_for(releasing, LETTING_GO)
