"""The pages that steps are timed on: a button that counts, and a shop of 48 photographs whose buttons fill a cart."""

from __future__ import annotations

from typing import NamedTuple

from ...environments.sites import Request, Response
from ...tools.geometry import Point
from ..replay_suite.frames import PhotoShop

_CLICK = """<!doctype html><meta charset=utf-8><title>Clicks</title>
<style>body{margin:0;font:16px sans-serif}button{position:absolute;left:540px;top:330px;width:200px;height:60px;font-size:20px}
output{position:absolute;left:540px;top:270px;font-size:32px}</style><output>0</output><button>Count</button>
<script>document.querySelector("button").onclick = () => { document.querySelector("output").value++; };</script>"""
_CART = """<table id=cart style="position:fixed;right:20px;top:6px;background:#fff;border:1px solid #ccc">
<tr><th>in the cart<td>0<tr><th>latest<td>nothing</table>
<script>for (const each of document.querySelectorAll(".card button")) each.onclick = () => {
  const [count, latest] = document.querySelectorAll("#cart td");
  count.textContent++;
  latest.textContent = each.parentElement.querySelector("b").textContent;
};</script>"""


class Page(NamedTuple):
    """A page to click on.

    Attributes:
        name: For the table.
        path: Of the site.
        at: A place in the viewport on which each click changes what is shown.
    """

    name: str
    path: str
    at: Point


CLICK = Page("click page", "/click", Point(x=640, y=360))
SHOP = Page("shop page", "/shop", Point(x=300, y=327))
PAGES = (CLICK, SHOP)


class Pages:
    """The site that has them."""

    def __init__(self) -> None:
        self._shop = PhotoShop()

    def respond(self, request: Request) -> Response:
        """See `Site.respond`."""
        if request.path == CLICK.path:
            return Response.text(_CLICK)
        if request.path != SHOP.path:
            return self._shop.respond(request)
        plain = self._shop.respond(Request("GET", "/0"))
        return Response.text(plain.body.decode() + _CART)

    def path(self, page: str) -> str:
        """See `Site.path`."""
        return page
