"""A stand-in for the sites of WebArena: one server that has what a few of its tasks ask for, at the same paths, by the same methods."""

from __future__ import annotations

import json
import socket
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .loopback import Loopback

SITES = ("GITLAB", "REDDIT", "SHOPPING", "MAP", "WIKIPEDIA")
_SEND = """
<script>
function send(method, url, body) {
  fetch(url, {method, headers: {"Content-Type": "application/json"}, body: body && JSON.stringify(body)})
    .then(answer => { document.title = "sent"; document.querySelector("output").textContent = `sent: ${answer.status}`; });
}
</script><output></output>
"""
_ROUTE = "/route/v1/bike/-68.2177005,44.3494709;-68.8315387,44.0478975?steps=true"
_ISSUES = "/byteblaze/a11y-syntax-highlighting/-/issues/"
PAGES = {
    "/": '<a href="/dashboard/todos">To-Do List</a> <a href="/explore">Explore</a>',
    "/dashboard/todos": "<h1>To-Do List</h1>",
    "/explore": "<h1>Explore projects</h1>",
    "/edit": '<form method=post action="/user/MarvelsGrantMan136/edit_biography">'
    '<label>Biography <textarea name="user_biography[biography]"></textarea></label><button>Save</button></form>',
    "/user/MarvelsGrantMan136": "<h1>Saved</h1>",
    "/status": _SEND
    + "<button onclick=\"send('PUT', '/api/v4/user/status', {availability: 'busy', clear_status_after: null})\">Busy</button>"
    "<button onclick=\"send('PUT', '/api/v4/user/status', {availability: 'not_set', clear_status_after: null})\">Free</button>",
    "/merge": _SEND
    + "<button onclick=\"send('POST', '/a11yproject/a11yproject.com/notes?target_id=72594&target_type=merge_request',"
    " {note: {noteable_type: 'MergeRequest', note: 'lgtm'}})\">Approve</button>"
    "<button onclick=\"send('POST', '/a11yproject/a11yproject.com/notes?target_id=1&target_type=merge_request',"
    " {note: {noteable_type: 'MergeRequest', note: 'lgtm'}})\">Approve another</button>",
    "/paste": '<form method=post action="/wishlist/index/add/"><input type=hidden name=product value=7>'
    '<button name=what value="Orabrush toothpaste">Add toothpaste</button>'
    '<button name=what value="a brush">Add brush</button></form>',
    "/wishlist": "<h1>My Wish List</h1>",
    _ISSUES: _SEND + "<script>send('POST', '/api/graphql', {query: '{ issues }'})</script>",
    "/labels": f'<a href="{_ISSUES}?label_name%5B%5D=help%20wanted&state=opened">help wanted</a>'
    f'<a href="{_ISSUES}?label_name%5B%5D=bug&state=opened">bug</a>',
    "/directions": _SEND
    + f"<button onclick=\"document.cookie='_osm_directions_engine=fossgis_osrm_bicycle'; send('GET', '{_ROUTE}')\">Bicycle</button>"
    f"<button onclick=\"document.cookie='_osm_directions_engine=fossgis_osrm_car'; send('GET', '{_ROUTE}')\">Car</button>",
    "/contact": '<form method=post action="{nobody}/dummy_bin"><input type=hidden name=form_id value=contact-form>'
    '<input type=hidden name=name value="Emma Lopez"><input type=hidden name=email value="emma.lopez@gmail.com">'
    "<label>Message <textarea name=comment></textarea></label><button>Submit</button></form>",
}


class StandIn(Loopback):
    """Serves it on loopback. A context manager.

    Attributes:
        url: Where, without a slash at the end.
        nobody: An address where nobody listens.
    """

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        nobody = self.nobody

        class Handler(_Handler):
            pages = {path: html.replace("{nobody}", nobody) for path, html in PAGES.items()}

        super().__init__(Handler)

    def configuration(self, folder: Path) -> Path:
        """The scorer's own, with this address for every site."""
        file = folder / "config.json"
        sites: dict[str, Any] = {f"__{name}__": {"urls": [self.url]} for name in SITES}
        file.write_text(json.dumps({"environments": sites}))
        return file


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages: dict[str, str]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/route/"):
            self._answer(200, b"{}", "application/json")
            return
        html = self.pages.get(path)
        self._answer(200 if html else 404, f"<!doctype html><meta charset=utf-8>{html or 'nothing'}".encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path.endswith("/edit_biography"):
            self._answer(302, b"", location="/user/MarvelsGrantMan136")
        elif path.startswith("/wishlist/"):
            what = "Orabrush toothpaste" if b"toothpaste" in body else "A brush"
            said = quote(json.dumps([{"type": "success", "text": f"{what} has been added to your wish list."}]))
            cookie = f"mage-messages={said}; Path=/; SameSite=Strict"
            self._answer(302, b"", location="/wishlist", cookie=cookie)
        else:
            self._answer(200, b"{}", "application/json")

    do_PUT = do_POST

    def _answer(
        self, status: int, body: bytes, kind: str = "text/html; charset=utf-8", location: str = "", cookie: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (("Location", location), ("Set-Cookie", cookie)):
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
