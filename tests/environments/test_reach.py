"""The allow-list's rule: decided by where a browser would connect, whatever the spelling."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.environments.address import read_url
from handeye.environments.browser.host import BrowserHost
from handeye.environments.reach import Reach
from handeye.tools.errors import UsageError

START = "https://www.example.com/shop?a=b"

ALLOWED = [
    "https://example.com/",
    "HTTP://EXAMPLE.COM:443/",
    "http://example.com.",
    "https://a.b.example.com/x",
    "wss://example.com/live",
    "https:\\\\example.com\\x",
    "http://evil.com@example.com/",
    "https:example.com",
    "http://ex%61mple.com/",
    "http://ｅxample。com/",
    "  https://exa\nmple.com",
    "about:blank",
    "about:srcdoc",
    "ABOUT:blank#a",
    "data:text/html,x",
    "blob:https://example.com/1",
]
REFUSED = [
    "https://example.com:8443/",
    "http://example.com@evil.com/",
    "http://example.com:80@evil.com/",
    "http://example.com%40evil.com/",
    "http://evil.com\\@example.com/",
    "http://evil.com/@example.com",
    "http://evil.com?@example.com",
    "http://evil.com#@example.com",
    "http://evilexample.com/",
    "http://example.com.evil.com/",
    "http://com/",
    "http://еxample.com/",
    "http:///evil.com/example.com",
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "file:///etc/passwd",
    "chrome://version",
    "devtools://x",
    "view-source:https://example.com/",
    "javascript:alert(1)",
    "about:version",
    "ftp://example.com/",
    "filesystem:https://example.com/temporary/x",
    "//example.com/",
    "example.com",
    "",
    "http://",
    "http://example.com:99999/",
]


@pytest.mark.parametrize("url", ALLOWED)
def test_the_site_of_the_start_is_allowed(url: str) -> None:
    assert Reach(START).allows(url)


@pytest.mark.parametrize("url", REFUSED)
def test_all_else_is_not(url: str) -> None:
    assert not Reach(START).allows(url)
    assert Reach(START, ["*"]).allows(url)


@pytest.mark.parametrize(
    ("start", "yes", "no"),
    [
        ("http://127.0.0.1:8080/", "http://127.1:8080/x", "http://127.0.0.1:8000/"),
        ("http://127.0.0.1:8080/", "ws://2130706433:8080/", "http://localhost:8080/"),
        ("http://127.0.0.1/", "http://0x7f000001/", "https://127.0.0.1/"),
        ("http://localhost:3000/", "http://LOCALHOST:3000/", "http://a.localhost:3000/"),
        ("http://[::1]:9/", "http://[0:0:0:0:0:0:0:1]:9/", "http://[::ffff:127.0.0.1]:9/"),
        ("http://intranet/", "http://intranet/x", "http://a.intranet/"),
        ("https://www.gov.uk/", "https://assets.www.gov.uk/", "https://tax.gov.uk/"),
        ("https://www.shop.co.uk/", "https://img.shop.co.uk/", "https://other.co.uk/"),
        ("https://www.com/", "https://www.com/", "https://example.com/"),
        ("http://example.com:8000/", "https://example.com:8000/", "http://example.com/"),
        ("http://bücher.de/", "http://xn--bcher-kva.de/", "http://bucher.de/"),
        ("file:///home/me/site/index.html", "file:///home/me/site/b/../c.png", "file:///home/me/site/../secret"),
        ("file:///home/me/site/index.html", "file:///home/me/site/", "file:///home/me/site/%2e%2e/secret"),
        ("file:///home/me/site/index.html", "file://localhost/home/me/site/a?b#c", "file://host/home/me/site/a"),
        ("file:///home/me/site/", "file:///home/me/site/a", "file:///home/me/site2/a"),
        ("file:///home/me/site/", "file:/home/me/site/a%20b", "file:///home/me/site/..%2fa"),
    ],
)
def test_what_belongs_to_a_start(start: str, yes: str, no: str) -> None:
    assert Reach(start).allows(yes)
    assert not Reach(start).allows(no)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("example.com", "https://a.example.com/", "https://example.com:8443/"),
        ("Example.COM.", "http://example.com/", "http://example.org/"),
        ("*.example.com", "https://a.example.com/", "https://example.com/"),
        ("example.com:8443", "https://example.com:8443/", "https://example.com/"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/", "http://127.0.0.1/"),
        ("127.1", "http://127.0.0.1/", "http://127.0.0.1:81/"),
        ("[::1]:80", "http://[::1]/", "https://[::1]/"),
        ("http://example.com", "ws://example.com/", "https://example.com/"),
        ("https://example.com/", "https://a.example.com/", "http://example.com:443/"),
        ("https://*.example.com:8443", "https://a.example.com:8443/", "https://example.com:8443/"),
        ("straße.de", "http://xn--strae-oqa.de/", "http://strasse.de/"),
        ("com", "http://com/", "http://example.com/"),
    ],
)
def test_patterns(pattern: str, yes: str, no: str) -> None:
    assert Reach("about:blank", [pattern]).allows(yes)
    assert not Reach("about:blank", [pattern]).allows(no)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*:80",
        "*.*",
        "a.*.com",
        "*example.com",
        "example.com/path",
        "ftp://a.com",
        "a b",
        "::1",
        "*.127.0.0.1",
        "user@a.com",
        "a.com:x",
        "a.com:70000",
        "http//a.com",
        "a.com?b",
        "256.1.1.1",
        "https:a.com",
    ],
)
def test_a_pattern_that_is_none_says_what_one_looks_like(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"names no site(.|\n)*\*\.example\.com"):
        Reach(START, [pattern])


def test_a_tunnel_says_no_scheme() -> None:
    reach = Reach("about:blank", ["http://example.com"])
    assert reach.allows_host(None, "EXAMPLE.com", 80)
    assert not reach.allows_host(None, "example.com", 443)
    assert not reach.allows_host("https", "example.com", 80)
    assert not reach.allows_host(None, "a b", 80)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "{:#x}", "0{:o}"]), st.integers(0, 3))
def test_an_address_is_one_however_it_is_spelled(number: int, spelling: str, split: int) -> None:
    # the first `split` bytes are written by themselves, the rest as one number
    bytes_ = number.to_bytes(4, "big")
    rest = int.from_bytes(bytes_[split:], "big")
    host = ".".join(spelling.format(part) for part in (*bytes_[:split], rest))
    read = read_url(f"http://{host}/")
    assert read is not None and read.host == str(ipaddress.IPv4Address(number))


@given(st.integers(0, 2**128 - 1), st.booleans())
def test_so_is_a_long_one(number: int, long: bool) -> None:
    address = ipaddress.IPv6Address(number)
    read = read_url(f"http://[{(address.exploded if long else address.compressed).upper()}]:8000/")
    assert read is not None and read.host == f"[{address}]"


LABEL = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@given(st.lists(LABEL, min_size=2, max_size=4), st.lists(LABEL, min_size=1, max_size=4), st.integers(1, 65535))
def test_only_what_is_below_is_a_part(site: list[str], other: list[str], port: int) -> None:
    start, host = ".".join(["x", *site]), ".".join(other)
    below = host == start or host.endswith(f".{start}")
    reach = Reach(f"http://{start}:{port}/")
    assert reach.allows(f"http://{host}:{port}/") == below
    assert reach.allows(f"http://{host}.{start}:{port}/")
    assert not reach.allows(f"http://{start}.{host}:{port}/") or f"{start}.{host}".endswith(f".{start}")
    assert not reach.allows(f"http://{start}:{port % 65535 + 1}/")


@given(st.text(max_size=40))
def test_nothing_makes_it_fall_over(text: str) -> None:
    reach = Reach(START)
    for url in (text, f"http://{text}", f"http://evil.test{text}", f"file:{text}", f"http://[{text}]/"):
        reach.allows(url)
        read_url(url)


SPELLINGS = [
    *(url for url in (*ALLOWED, *REFUSED) if url.strip().lower().startswith("http")),
    "http://0300.0250.1/",
    "http://1.2.3.4.5/",
    "http://09.1.1.1/",
    "http://1.2.3.256/",
    "http://4294967296/",
    "http://foo.0x1/",
    "http://a_b.example/",
    "http://ẞ.de/",
    "http://☃.net/",
    "http://a%00b/",
    "http://a%2fb/",
    "http://℀.com/",
    "http://[::1%25eth0]/",
    "http://[1::2::3]/",
    "http://a:b@c:81/",
    "http://a:/",
    "http://a:0080/",
    "http://a:８0/",
    "http:\\/a/",
    "http://a\\b/",
    "http://xn--bcher-kva.DE/",
    "http://1.1.1.1./",
]


@pytest.mark.browser
async def test_the_browser_reads_the_same(host: BrowserHost) -> None:
    browser = await host.browser()
    page = await browser.new_page()
    question = "url => { try { const u = new URL(url); return [u.hostname, u.port] } catch { return null } }"
    for url in SPELLINGS:
        theirs, ours = await page.evaluate(question, url), read_url(url)
        if theirs is None:
            assert ours is None or ours.port is None, url
        else:
            name, port = (
                theirs[0].removesuffix("."),
                int(theirs[1] or (443 if url.strip()[:5].lower() == "https" else 80)),
            )
            assert ours is not None, url
            assert (ours.host, ours.port) == (name, port), url
    await page.context.close()
