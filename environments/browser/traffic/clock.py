"""A clock that stands: pages see the instant of the recipe until it is moved on."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import BrowserContext

from ....episodes.schema import Start
from ..recipe import instant


async def stop_clock(context: BrowserContext, start: Start) -> None:
    """Has the pages of a context begin with a clock that stands. After what watches the pages: that goes by the real clock."""
    if start.clock_step is None or start.clock is None:
        return
    at = instant(start.clock)
    # stopped before there is a page: a clock that was stopped later had run for a while, never the same
    await context.clock.install(time=at - timedelta(seconds=1))
    await context.clock.pause_at(at)
