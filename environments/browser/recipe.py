"""Start recipe → browser context: everything that decides what a page is told about where, when and on what it is shown."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, CDPSession, Geolocation, Page, ProxySettings, ViewportSize
from playwright.async_api import Error as PlaywrightError

from ...episodes.schema import Start
from ...tools.errors import EnvironmentFailed, UsageError
from .attach import Attached
from .dialogs.asking import set_permissions
from .screen import Screen

_HERE = Path(__file__).parent
_CALL = re.compile(r"^\w+\.\w+: ")
_REFUSED = (
    # what the browser says → the key of the recipe, and what would be right
    ("timezone", "timezone", "an IANA name, such as Europe/Oslo"),
    ("locale", "locale", "a BCP 47 tag, such as de-DE"),
    ("permission", "permissions", "geolocation, notifications, camera, microphone, clipboard-read, clipboard-write …"),
    ("geolocation", "geolocation", "latitude −90 to 90 and longitude −180 to 180, degrees"),
    ("storagestate", "storage_state", "what --save-state wrote: cookies and origins"),
)
_DESCRIPTORS = {"midi-sysex": {"name": "midi", "sysex": True}}
"""Names that the protocol knows as a variant of another."""


async def open_context(
    browser: Browser | Attached,
    start: Start,
    *,
    proxy: str | None,
    timeout: float,
    any_certificate: bool = False,
    no_service_workers: bool = False,
    tabs: tuple[str, ...] = (),
) -> BrowserContext:
    """A fresh context as a start recipe wants it; its first tab is opened by `first_tab`, which also grants the permissions.

    The seed reaches pages, frames and popups, not workers: scripts of ours do not run there. Nor does the clock.

    Args:
        browser: Where.
        start: The recipe.
        proxy: URL of the proxy that everything goes through, requests to this machine included.
        timeout: Seconds that the browser may take for anything.
        any_certificate: Shows sites whose certificate is invalid.
        no_service_workers: Pages cannot register any.
        tabs: Of a browser that is attached to, tabs of an earlier run to be taken up.

    Raises:
        UsageError: The recipe asks for what there is not; names the key.
        EnvironmentFailed: The browser does not open a context.
    """
    state = start.storage_state
    if state is not None and not Path(state).expanduser().is_file():
        raise UsageError(f"start.storage_state: there is no file {state}")
    at = instant(start.clock) if start.clock is not None else None
    screen = Screen.of(start)
    more: dict[str, Any] = {"tabs": tabs} if tabs else {}
    if no_service_workers:
        more["service_workers"] = "block"
    with _naming(start, "the browser does not open a context"):
        context = await browser.new_context(
            viewport=ViewportSize(width=int(screen.css.width), height=int(screen.css.height)),
            device_scale_factor=screen.device,
            has_touch=start.touch,
            is_mobile=start.mobile,
            locale=start.locale,
            timezone_id=start.timezone,
            color_scheme=start.color_scheme,
            user_agent=start.user_agent,
            geolocation=_place(start.geolocation),
            storage_state=None if state is None else Path(state).expanduser(),
            ignore_https_errors=any_certificate,
            # said outright, or an environment variable of Playwright's could leave this machine out
            proxy=ProxySettings(server=proxy, bypass="<-loopback>") if proxy is not None else None,
            **more,
        )
        context.set_default_timeout(timeout * 1000)
        # one that stands between half-steps is set up by `stop_clock`
        if at is not None and start.clock_step is None:
            if start.clock_runs:
                await context.clock.install(time=at)
            else:
                await context.clock.set_fixed_time(at)
        if start.seed is not None:
            literal = json.dumps(json.dumps(start.seed))
            await context.add_init_script(script("seed.js", '"__handeye_seed__"', literal))
    return context


async def first_tab(context: BrowserContext, start: Start, browser: CDPSession | None) -> Page:
    """Opens a tab. Only now does the browser look at the names of places, languages and permissions.

    Args:
        context: Of `open_context`.
        start: The recipe.
        browser: A session on the browser, by which permissions are granted one by one; without it those that are not granted are denied.

    Raises:
        UsageError: The recipe has a name that the browser does not know; names the key.
        EnvironmentFailed: The browser does not open a tab.
    """
    with _naming(start, "the browser does not open a tab"):
        page = await context.new_page()
        if start.permissions and browser is None:
            await context.grant_permissions(list(start.permissions))
        elif start.permissions and browser is not None:
            target = await (await context.new_cdp_session(page)).send("Target.getTargetInfo")
            wanted = [_DESCRIPTORS.get(name, name) for name in start.permissions]
            await set_permissions(browser, target["targetInfo"]["browserContextId"], wanted)
    return page


def script(name: str, marker: str, value: str) -> str:
    """A script of this folder, with a value in the place of its marker."""
    return (_HERE / name).read_text(encoding="utf-8").replace(marker, value)


@contextlib.contextmanager
def _naming(start: Start, what: str) -> Iterator[None]:
    try:
        yield
    except PlaywrightError as error:
        first = next((line for line in error.message.splitlines() if line.strip()), "no reason given")
        # a word of the call's own name is no complaint
        said = _CALL.sub("", first).lower()
        for word, key, right in _REFUSED:
            if word in said:
                value = getattr(start, key)
                raise UsageError(
                    f"start.{key}: the browser does not take {value!r}", remedy=f"it takes {right}"
                ) from error
        raise EnvironmentFailed(f"{what}: {first}") from error


def instant(text: str) -> datetime:
    """The instant of `Start.clock`.

    Raises:
        UsageError: It is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"start.clock: {text!r} is not an ISO 8601 instant", remedy="2026-12-24T09:30:00Z") from error
    # an instant that names no zone must not depend on the machine's
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _place(place: tuple[float, float] | None) -> Geolocation | None:
    return None if place is None else Geolocation(latitude=place[0], longitude=place[1])
