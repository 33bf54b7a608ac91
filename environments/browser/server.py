"""A browser that a Playwright server launches, on this machine or another."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Playwright
from playwright.async_api import Error as PlaywrightError

from ...episodes.schema import Start
from ...tools.errors import BrowserMissing, UsageError
from ..address import is_loopback_name

_PATIENCE = 60.0
"""Seconds that a server may take to launch a browser."""


def shown(url: str) -> str:
    """An address without what in it may be a password or a token."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def check_fence(url: str, start: Start) -> None:
    """Refuses to keep a browser to a site whose requests this machine does not see.

    Raises:
        UsageError: The start has bounds, and the server is not on this machine.
    """
    host = urlsplit(url).hostname or ""
    if start.allow is None or "*" in start.allow or host == "::1" or host.startswith("127.") or is_loopback_name(host):
        return
    raise UsageError(
        f"the browser of {shown(url)} cannot be kept to one site: the fence is a proxy on this machine, which it does not reach",
        remedy="let it go everywhere (--allow '*'), or run without --server",
    )


async def connect_server(playwright: Playwright, url: str, options: dict[str, Any]) -> Browser:
    """Has a server launch a browser, which ends with the connection.

    Args:
        playwright: Who speaks to it.
        url: Its address.
        options: Of a launch, as the server knows them; it heeds ``args`` and ``executablePath`` only when it was started with
            ``--unsafe``.

    Raises:
        UsageError: This is no such address, or the server is of another version of Playwright.
        BrowserMissing: Nothing answers there, or it has no browser.
    """
    if urlsplit(url).scheme not in ("ws", "wss") or not urlsplit(url).hostname:
        raise UsageError(f"--server {url!r} is no address of a Playwright server", remedy="write ws://host:port/")
    headers = {"x-playwright-launch-options": json.dumps(options)}
    try:
        return await playwright.chromium.connect(url, headers=headers, timeout=_PATIENCE * 1000)
    except PlaywrightError as error:
        text = next(
            (line.strip("╔║╚═╗╝ ") for line in error.message.splitlines() if line.strip("╔║╚═╗╝ ")), "no reason given"
        )
        if "version mismatch" in error.message.lower():
            raise UsageError(
                f"the Playwright server at {shown(url)} is of another version than the one here",
                remedy="install the same major and minor version of Playwright on both sides",
            ) from error
        raise BrowserMissing(
            f"the Playwright server at {shown(url)} gives no browser: {text}",
            remedy="there: playwright install chromium, then playwright run-server --port 3000 --unsafe; a browser that is not"
            " Playwright's own is named here by HANDEYE_BROWSER",
        ) from error
