"""Where a URL leads, read as a browser reads it (WHATWG URL), so that no spelling of a host passes for another."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import idna

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
"""Schemes that reach a host, with the port that they reach when none is written."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%]")
_TRIMMED = "".join(map(chr, range(0x21)))


class Address(NamedTuple):
    """Where a URL leads.

    Attributes:
        scheme: Lower-case.
        host: As the browser connects to it: an ASCII name in lower case without a dot at its end, an IPv4 address with four decimal
            numbers, an IPv6 address in brackets. Empty for schemes that have none.
        port: Written or implied; None for schemes that have none.
        path: The rest, as it is written.
    """

    scheme: str
    host: str
    port: int | None
    path: str


def read_url(url: str) -> Address | None:
    """Reads an absolute URL; None when a browser would not take it for one."""
    url = re.sub(r"[\t\n\r]", "", url.strip(_TRIMMED))
    named = _SCHEME.match(url)
    if named is None:
        return None
    scheme, rest = named[1].lower(), url[named.end() :]
    if scheme == "file":
        return _file(rest)
    if scheme not in DEFAULT_PORTS:
        return Address(scheme, "", None, rest)
    authority, path = _cut(rest.lstrip("/\\"))
    return _at_host(scheme, authority.rpartition("@")[2], path)


def read_host(text: str) -> str | None:
    """A host as the browser connects to it, see `Address`; None when it is none."""
    if text.startswith("["):
        return _ipv6(text[1:-1]) if text.endswith("]") else None
    try:
        # ß and the like stay themselves, as browsers have it now
        name = idna.uts46_remap(unquote_to_bytes(text).decode(), False, False)
    except (UnicodeDecodeError, idna.IDNAError):
        return None
    labels = [label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in name.split(".")]
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    name = ".".join(labels)
    if not all(labels) or _FORBIDDEN.search(name):
        return None
    return _ipv4(labels) if _NUMBER.fullmatch(labels[-1]) else name


def is_ip(host: str) -> bool:
    """Whether a host, as `read_host` gives it, is an IP address: names never end in a number."""
    return host.startswith("[") or host.rpartition(".")[2].isdecimal()


def is_loopback_name(host: str) -> bool:
    """Whether a host is ``localhost`` or below it, which browsers never look up."""
    return host == "localhost" or host.endswith(".localhost")


def _at_host(scheme: str, authority: str, path: str) -> Address | None:
    written, port = authority, ""
    if not authority.endswith("]"):
        before, colon, after = authority.rpartition(":")
        written, port = (before, after) if colon else (authority, "")
    host = read_host(written)
    if host is None or (port and not (port.isascii() and port.isdecimal() and int(port) < 1 << 16)):
        return None
    return Address(scheme, host, int(port) if port else DEFAULT_PORTS[scheme], path)


def _file(rest: str) -> Address | None:
    slashed = re.split(r"[?#]", rest, maxsplit=1)[0].replace("\\", "/")
    host = ""
    if slashed.startswith("//"):
        host, path = _cut(slashed[2:])
        slashed = path
        if host:
            read = read_host(host)
            if read is None:
                return None
            host = "" if read == "localhost" else read
    return Address("file", host, None, slashed if slashed.startswith("/") else "/" + slashed)


def _cut(rest: str) -> tuple[str, str]:
    end = re.search(r"[/\\?#]", rest)
    return (rest[: end.start()], rest[end.start() :]) if end else (rest, "")


def _ipv4(labels: list[str]) -> str | None:
    if len(labels) > 4 or not all(map(_NUMBER.fullmatch, labels)):
        return None
    try:
        *high, low = map(_number, labels)
    except ValueError:
        return None
    if any(part > 255 for part in high) or low >= 256 ** (4 - len(high)):
        return None
    return str(ipaddress.IPv4Address(low + sum(part << (24 - 8 * place) for place, part in enumerate(high))))


def _number(label: str) -> int:
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") and label != "0" else 10)


def _ipv6(text: str) -> str | None:
    try:
        return None if "%" in text else f"[{ipaddress.IPv6Address(text)}]"
    except ValueError:
        return None
