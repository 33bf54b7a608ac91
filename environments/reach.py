"""What a run may reach: the site that it starts at, and what a person added."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from ..tools.errors import UsageError
from .address import DEFAULT_PORTS, Address, is_ip, is_loopback_name, read_host, read_url

_SECURE = {"ws": "http", "wss": "https"}
_NO_NETWORK = frozenset({"data", "blob"})
_BLANK = re.compile(r"(blank|srcdoc)([?#].*)?", re.IGNORECASE | re.DOTALL)
_DEFAULT = frozenset({80, 443})
# under these most countries register names: what is below them is not one site
_REGISTRIES = frozenset("ac co com edu go gob gouv gov mil ne net or org".split())
_PATTERN = "a pattern is a host: example.com, *.example.com, example.com:8443, 127.0.0.1:9000, http://example.com; or * for everything"


class _Rule(NamedTuple):
    host: str
    ports: frozenset[int]
    scheme: str | None = None
    itself: bool = True
    below: bool = False

    def holds(self, scheme: str | None, host: str, port: int) -> bool:
        if port not in self.ports or (self.scheme and scheme and _SECURE.get(scheme, scheme) != self.scheme):
            return False
        return (self.itself and host == self.host) or (self.below and host.endswith(f".{self.host}"))


class Reach:
    """The allow-list of a run: pure, decided by where a browser would connect, whatever the spelling.

    The site of a start URL is its host with all that lies below it (without a leading ``www.``), at its port; the default ports of
    http and https are one. An IP address, ``localhost`` or a name without a dot is only itself, at exactly its port: another port of
    this machine is another site. Where the run starts at a file, its folder is the site.

    Args:
        start_url: Absolute URL where the run begins.
        allow: Further sites: ``example.com`` (and below it), ``*.example.com`` (only below it), with a port or else the default
            ones, with ``http://`` or ``https://`` or else either; ``*`` is everything.

    Attributes:
        everything: Nothing is refused.
        names: The domain names that a person wrote, the start URL's among them.

    Raises:
        UsageError: A pattern is none.
    """

    def __init__(self, start_url: str, allow: Iterable[str] = ()) -> None:
        patterns = [pattern.strip() for pattern in allow]
        self.everything = "*" in patterns
        self._rules = [_read(pattern) for pattern in patterns if pattern != "*"]
        self._folder: str | None = None
        start = read_url(start_url)
        if start is not None and start.scheme == "file" and not start.host:
            path = _file_path(start)
            self._folder = path and (path if start.path.endswith("/") else posixpath.dirname(path)).rstrip("/") + "/"
        elif start is not None and start.port is not None:
            self._rules.append(_own(start))
        self.names = tuple(
            {rule.host for rule in self._rules if not is_ip(rule.host) and not is_loopback_name(rule.host)}
        )

    @property
    def starts_at_file(self) -> bool:
        """Whether files of a folder may be read; no other file ever is."""
        return self._folder is not None

    def allows(self, url: str) -> bool:
        """Whether an absolute URL may be opened; what needs no network (``data:``, ``blob:``, ``about:blank``) always may."""
        if self.everything:
            return True
        address = read_url(url)
        if address is None:
            return False
        if address.scheme == "file":
            path = _file_path(address)
            return self._folder is not None and path is not None and f"{path}/".startswith(self._folder)
        if address.port is None:
            blank = address.scheme == "about" and _BLANK.fullmatch(address.path) is not None
            return blank or address.scheme in _NO_NETWORK
        return any(rule.holds(address.scheme, address.host, address.port) for rule in self._rules)

    def allows_host(self, scheme: str | None, host: str, port: int) -> bool:
        """Whether a connection may be made.

        Args:
            scheme: What will be spoken; None when it is not known, as in a tunnel.
            host: In any spelling, an IPv6 address in brackets.
            port: Its port.
        """
        read = read_host(host)
        return self.everything or (read is not None and any(rule.holds(scheme, read, port) for rule in self._rules))


def _own(start: Address) -> _Rule:
    assert start.port is not None
    if _alone(start.host):
        return _Rule(start.host, frozenset({start.port}))
    host = start.host
    bare = host.removeprefix("www.")
    first, dot, last = bare.partition(".")
    if dot and not (len(last) == 2 and first in _REGISTRIES):
        host = bare
    ports = _DEFAULT if start.port == DEFAULT_PORTS[start.scheme] else frozenset({start.port})
    return _Rule(host, ports, below=True)


def _read(pattern: str) -> _Rule:
    scheme, _, rest = pattern.rpartition("://")
    scheme = _SECURE.get(scheme.lower(), scheme.lower())
    below_only = rest.startswith("*.")
    authority = rest.removeprefix("*.").removesuffix("/")
    address = read_url(f"{scheme or 'http'}://{authority}")
    plain = not re.search(r"[\s/\\?#@*%]", authority)
    if scheme not in ("", "http", "https") or not plain or address is None or (below_only and is_ip(address.host)):
        raise UsageError(f"{pattern!r} names no site that could be allowed", remedy=_PATTERN)
    assert address.port is not None
    written = re.search(r":[0-9]+$", authority) is not None
    ports = frozenset({address.port}) if written or scheme else _DEFAULT
    below = below_only or not _alone(address.host)
    return _Rule(address.host, ports, scheme or None, itself=not below_only, below=below)


def _alone(host: str) -> bool:
    return is_ip(host) or "." not in host


def _file_path(address: Address) -> str | None:
    path = unquote(address.path, errors="replace")
    # an escaped separator is one for some readers and none for others
    if address.host or "\0" in path or re.search(r"%(2f|5c)", address.path, re.IGNORECASE):
        return None
    return posixpath.normpath("/" + path.lstrip("/"))
