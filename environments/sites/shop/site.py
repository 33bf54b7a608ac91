"""The shop as a site: pages, photographs and static files under one roof."""

from __future__ import annotations

import threading
from pathlib import Path

from .. import static
from ..base import Request, Response, Seed
from . import pages, photographs
from .catalogue import Catalogue
from .frame import Counter, Visit

_STATIC = Path(__file__).parent / "static"
_BANNER = (("moon-vase", "White"), ("harbour-teapot", "Navy"), ("speckled-mug", "Oatmeal"))


class Shop:
    """Harbour & Kiln.

    Args:
        seed: Lays out the shelves, see `Catalogue`.
    """

    def __init__(self, seed: Seed = None) -> None:
        self._counter = Counter(Catalogue(seed))
        # Pages are drawn and forms obeyed one at a time; photographs, which take longer, are not.
        self._lock = threading.Lock()

    def path(self, page: str) -> str:
        """The path itself: the shop has no other names for its pages."""
        return "/" + page.lstrip("/")

    def respond(self, request: Request) -> Response:
        """Answers one request."""
        response = self._file(request.path) if request.method == "GET" else None
        if response is not None:
            return response
        found = pages.find(request.method, request.path)
        with self._lock:
            if found is None:
                return self._counter.problem(404)
            page, match = found
            return page(self._counter, Visit(self._counter.state, request, match))

    def _file(self, path: str) -> Response | None:
        room, _, name = path.removeprefix("/").partition("/")
        if room == "static":
            file = static.find(_STATIC, name)
            return static.respond(file) if file else None
        photograph = self._photograph(name) if room == "photos" else None
        return Response(photograph, "image/jpeg") if photograph else None

    def _photograph(self, name: str) -> bytes | None:
        catalogue = self._counter.catalogue
        if name == "banner.jpg":
            items = tuple((item, colour) for slug, colour in _BANNER if (item := catalogue.get(slug)))
            return photographs.banner(items)
        slug, _, colour = name.removesuffix(".jpg").partition(".")
        side = photographs.SMALL if colour.endswith(".small") else photographs.SIDE
        colour = colour.removesuffix(".small")
        product = catalogue.get(slug)
        return photographs.product(product, colour, side) if product and colour in product.colours else None
