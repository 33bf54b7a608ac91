"""The browser in the machine, by the HTTP part of its debugging interface.

Source: https://chromedevtools.github.io/devtools-protocol/#endpoints
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from ...tools.errors import EnvironmentFailed
from .machine import Machine

_READY = 75.0
"""Seconds for it to listen after it was launched, as OSWorld waits."""
_AGAIN = 0.5
_ANSWER = 30.0


class Browser:
    """Tabs of the browser of a machine.

    Args:
        machine: Which.
    """

    def __init__(self, machine: Machine) -> None:
        self._address = machine.at_port(machine.chromium)

    def tabs(self, *, wait: float = 0) -> list[dict[str, str]]:
        """Its tabs, the newest first: ``id``, ``title``, ``url``.

        Args:
            wait: Seconds that it may take to listen.

        Raises:
            EnvironmentFailed: It does not.
        """
        until = time.monotonic() + wait
        while True:
            try:
                found = self._ask("GET", "/json/list").json()
                return [each for each in found if each.get("type") == "page"]
            except (httpx.HTTPError, ValueError, AttributeError) as error:
                if time.monotonic() >= until:
                    raise EnvironmentFailed(
                        f"the machine's browser does not answer at {self._address}: {error}",
                        remedy="is its port forwarded? It may be another one: -c suite.chromium=PORT",
                    ) from error
            time.sleep(_AGAIN)

    def open(self, urls: list[str]) -> None:
        """Opens tabs; the one that was there first is closed once there is another.

        Raises:
            EnvironmentFailed: The browser does not listen, or refuses.
        """
        before = self.tabs(wait=_READY)
        for number, url in enumerate(urls):
            self._do("PUT", "/json/new?" + quote(url, safe=":/?&=%#+,;@~!$'()*"))
            if not number and before:
                self._do("GET", f"/json/close/{before[-1]['id']}")

    def close(self, urls: list[str]) -> None:
        """Closes the first tab at each of the addresses, where there is one.

        Raises:
            EnvironmentFailed: The browser does not listen, or refuses.
        """
        tabs = self.tabs(wait=_READY)
        for url in urls:
            found = next((each for each in tabs if _plain(each["url"]) == _plain(url)), None)
            if found is not None:
                tabs.remove(found)
                self._do("GET", f"/json/close/{found['id']}")

    def _do(self, method: str, path: str) -> None:
        try:
            self._ask(method, path).raise_for_status()
        except httpx.HTTPError as error:
            raise EnvironmentFailed(f"the machine's browser at {self._address}: {path}: {error}") from error

    def _ask(self, method: str, path: str) -> Any:
        return httpx.request(method, self._address + path, timeout=_ANSWER, trust_env=False)


def _plain(url: str) -> tuple[str, str, str, str]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return parts.scheme, (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query
