"""The MiniWoB++ pages, as the PyPI package ``miniwob`` ships them, each begun by the time it has loaded.

A page is served with a short script after its own ``core.js`` (see ``miniwob.js``): it raises the time limit, seeds
the random numbers and begins the episode without the START cover. ``WOB_TASK_READY`` turns true when the episode is in
progress; the reward is in ``WOB_DONE_GLOBAL``, ``WOB_RAW_REWARD_GLOBAL``, ``WOB_REWARD_GLOBAL`` and
``WOB_REWARD_REASON``, and stays there: what is clicked after the end of the episode begins no other. What the package
draws beside the 160 × 210 pixels of the task (last reward, a ticking clock) is for people who watch and is hidden.
"""

from __future__ import annotations

import html
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from ...tools.errors import UsageError
from . import static
from .base import TEXT, Request, Response, Seed

_CORE = re.compile(rb'<script src="(?:\.\./)+core/core\.js"></script>')
_SCRIPT = (Path(__file__).parent / "miniwob.js").read_text()
_STYLE = "#reward-display, #click-canvas { visibility: hidden }"
_REGISTERED = re.compile(r'id="miniwob/([a-z0-9-]+)-v\d+"')


def tasks() -> tuple[str, ...]:
    """The names of the registered tasks that need nothing but their page: 125 in ``miniwob`` 1.1.

    The registry is read as text, for importing the package needs Gymnasium and Selenium. Its three airline forms
    (``flight.AA``) are copies of real sites that ask for files of the network; they are served, but not listed.

    Raises:
        UsageError: The package is not installed.
    """
    return tuple(sorted(_REGISTERED.findall((_package() / "registration.py").read_text(encoding="utf-8"))))


class MiniWob:
    """Serves the pages of the package.

    Args:
        seed: Given to ``Math.seedrandom`` exactly as it is: ``1`` and ``"1"`` are different problems. ``None`` seeds
            nothing, so that every load is another problem.

    Raises:
        UsageError: The package is not installed.
    """

    def __init__(self, seed: Seed = None) -> None:
        self._seed = seed
        self._root = _package() / "html"

    def path(self, page: str) -> str:
        """Where a task starts, carrying the seed.

        Args:
            page: ``"click-button"``, ``"click-button.html"``, ``"/miniwob/click-button.html"`` or ``"flight.AA"``; a
                query is kept.
        """
        parts = urlsplit(page)
        path = parts.path
        if path.startswith("flight."):
            path = f"/{path.replace('.', '/', 1)}/wrapper.html"
        elif path and "/" not in path:
            path = f"/miniwob/{path.removesuffix('.html')}.html"
        seed = "" if self._seed is None else urlencode({"seed": json.dumps(self._seed)})
        query = "&".join(part for part in (parts.query, seed) if part)
        return quote("/" + path.lstrip("/")) + (f"?{query}" if query else "")

    def respond(self, request: Request) -> Response:
        """A file of the package; a task's page with its episode begun."""
        if request.method != "GET":
            return Response.text("These pages are only read.\n", status=405, content_type=TEXT)
        if request.path == "/":
            return Response.text(self._index())
        file = static.find(self._root, request.path)
        if file is None:
            return Response.text("There is no such file.\n", status=404, content_type=TEXT)
        response = static.respond(file)
        if file.suffix == ".html" and _CORE.search(response.body):
            return self._begun(response.body, request.query)
        return response

    def _begun(self, page: bytes, query: Mapping[str, str]) -> Response:
        try:
            literal = _literal(json.loads(query["seed"]) if "seed" in query else self._seed)
        except ValueError as error:
            return Response.text(f"Bad seed: {error}\n", status=400, content_type=TEXT)
        script = _SCRIPT.replace("/*seed*/", literal)
        start = f"<style>{_STYLE}</style>\n<script>\n{script}</script>".encode()
        # A function as the replacement: a backslash of the literal would mean something in a template.
        return Response(_CORE.sub(lambda core: core.group() + start, page, count=1))

    def _index(self) -> str:
        links = "\n".join(f'<li><a href="{html.escape(self.path(name))}">{name}</a></li>' for name in tasks())
        return f'<!doctype html>\n<html lang="en"><title>MiniWoB++</title><h1>MiniWoB++</h1>\n<ul>{links}</ul></html>\n'


def _literal(seed: object) -> str:
    """The seed as JavaScript source that cannot end the script it stands in.

    Raises:
        ValueError: It is neither an integer, nor a string, nor ``None``.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | str | None):
        raise ValueError('a seed is an integer or a string, written as JSON: 7 or "7"')
    return json.dumps(seed).replace("<", "\\u003c")


def _package() -> Path:
    # find_spec reads no module of the package itself, whose import needs Gymnasium and Selenium.
    spec = importlib.util.find_spec("miniwob")
    if spec is None or spec.origin is None:
        raise UsageError(
            "the MiniWoB++ pages are not installed (package miniwob)", remedy='pip install "handeye[miniwob]"'
        )
    return Path(spec.origin).parent
