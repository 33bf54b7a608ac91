"""Where a navigation leads."""

from __future__ import annotations

import pytest

from handeye.environments.browser.hands.travel import resolve_url


@pytest.mark.parametrize(
    ("base", "url", "leads"),
    [
        ("http://a.test/x/y", "z", "http://a.test/x/z"),
        ("http://a.test/x", "/login?next=http://b.test/", "http://a.test/login?next=http://b.test/"),
        ("http://a.test/x", "HTTPS://b.test/", "HTTPS://b.test/"),
        ("http://a.test/x", "about:blank", "about:blank"),
        ("http://a.test/x", "data:text/html,hi", "data:text/html,hi"),
        ("about:blank", "b.test/x", "http://b.test/x"),
        ("about:blank", "b.test/?to=http://c.test", "http://b.test/?to=http://c.test"),
    ],
)
def test_an_address_is_seen_from_the_page(base: str, url: str, leads: str) -> None:
    assert resolve_url(base, url) == leads
