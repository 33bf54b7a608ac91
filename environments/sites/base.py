"""What a practice site is: requests in, responses out, its state its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Seed: TypeAlias = int | str | None
"""What a site is generated from. The type matters: some pages tell ``1`` from ``"1"``."""

HTML = "text/html; charset=utf-8"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """One HTTP request, parsed.

    Attributes:
        method: ``"GET"`` or ``"POST"``; a HEAD arrives as GET, and the server leaves the body out.
        path: Decoded path without the query, starting with ``/``.
        query: Query parameters; of a repeated one the last counts.
        form: Fields of an urlencoded body, likewise.
        cookies: Cookies by name.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """One HTTP response; the server adds length, caching and connection headers."""

    body: bytes
    content_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def text(cls, text: str, *, status: int = 200, content_type: str = HTML) -> Response:
        """A page, or another text."""
        return cls(text.encode(), content_type, status)

    @classmethod
    def json(cls, value: object, *, status: int = 200) -> Response:
        """A value of an API."""
        return cls(json.dumps(value).encode(), JSON, status)


def redirect(location: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Answers a POST: the page that a reload may repeat without repeating the act."""
    return Response(b"", TEXT, 303, (("Location", location), *headers))


class Site(Protocol):
    """A site's whole behaviour. It is called from several threads at once."""

    def respond(self, request: Request) -> Response:
        """Answers one request."""
        ...

    def path(self, page: str) -> str:
        """The path, with its query, at which ``page`` starts: a path of the site, or a name that it knows."""
        ...
