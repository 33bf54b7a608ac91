"""What every page of the shop has in common: the visitor, the frame around the page, the page of a problem."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..base import Request, Response, redirect
from .catalogue import CATEGORIES, Catalogue, money
from .state import Session, State


class Visit:
    """One request and whose it is. A visitor gets a session, and its cookie, with the first thing to remember."""

    def __init__(self, state: State, request: Request, match: re.Match[str]) -> None:
        self.request = request
        self.match = match
        self._state = state
        self._token = ""
        known = state.session(request.cookies.get("session", ""))
        self.session = known if known is not None else Session()
        self._is_new = known is None

    def remember(self) -> Session:
        """The session, kept from now on."""
        if self._is_new:
            self._token, self.session = self._state.open_session()
            self._is_new = False
        return self.session

    def go(self, location: str) -> Response:
        """Sends the browser on."""
        if not self._token:
            return redirect(location)
        cookie = f"session={self._token}; Path=/; HttpOnly; SameSite=Lax"
        return redirect(location, headers=(("Set-Cookie", cookie),))


class Counter:
    """Where visitors are served.

    Attributes:
        catalogue: What is for sale.
        state: Carts and orders.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.state = State()

    def page(
        self, template: str, session: Session, *, status: int = 200, query: str = "", **values: object
    ) -> Response:
        """A page inside the frame: header, search, cart, footer."""
        frame = {
            "categories": CATEGORIES,
            "cart_count": session.count,
            "account": session.email,
            "notice": session.take_notice(),
            "query": query,
        }
        return Response.text(_templates().get_template(template).render(frame | values), status=status)

    def problem(self, status: int, message: str = "", session: Session | None = None) -> Response:
        """A page that says what is wrong."""
        heading = {400: "That form cannot be used", 404: "Page not found"}[status]
        message = message or "The page may have moved, or the thing that you look for is sold out."
        return self.page("problem.html", session or Session(), status=status, heading=heading, message=message)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["money"] = money
    return templates
