"""A hub of data sets on loopback, as the client ``huggingface_hub`` speaks to one: revisions, trees, files."""

from __future__ import annotations

import hashlib
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .loopback import Loopback


class Hub(Loopback):
    """Serves folders as data sets. A context manager.

    Args:
        sets: ``OWNER/NAME`` → name of a branch or tag → folder.

    Attributes:
        url: What ``HF_ENDPOINT`` is set to.
        asked: Method and path of every request.
    """

    def __init__(self, sets: dict[str, dict[str, Path]]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(_Handler):
            known = sets
            told = asked

        super().__init__(Handler)


def commit_of(name: str, revision: str) -> str:
    """The commit that a revision is."""
    return hashlib.sha1(f"{name}@{revision}".encode(), usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    known: dict[str, dict[str, Path]]
    told: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.told.append(f"{self.command} {path}")
        words = path.strip("/").removeprefix("api/").split("/")
        if words[0] != "datasets" or len(words) < 5:
            self._say(404, b"", {})
            return
        name, what, revision, file = "/".join(words[1:3]), words[3], words[4], "/".join(words[5:])
        folder = self._folder(name, revision)
        if folder is None:
            missing = "RevisionNotFound" if name in self.known else "RepoNotFound"
            self._say(404, b"{}", {"X-Error-Code": missing, "X-Error-Message": missing})
        elif what == "revision":
            self._json({"id": name, "sha": commit_of(name, self._named(name, revision)), "siblings": []})
        elif what == "tree":
            files = sorted(each for each in folder.rglob("*") if each.is_file())
            self._json(
                [
                    {
                        "type": "file",
                        "path": each.relative_to(folder).as_posix(),
                        "size": each.stat().st_size,
                        "oid": _hash(each),
                    }
                    for each in files
                ]
            )
        else:
            headers = {
                "ETag": f'"{_hash(folder / file)}"',
                "X-Repo-Commit": commit_of(name, self._named(name, revision)),
            }
            self._say(200, (folder / file).read_bytes(), headers)

    def _named(self, name: str, revision: str) -> str:
        return next(each for each in self.known[name] if revision in (each, commit_of(name, each)))

    def _folder(self, name: str, revision: str) -> Path | None:
        revisions = self.known.get(name, {})
        return next((folder for each, folder in revisions.items() if revision in (each, commit_of(name, each))), None)

    def _json(self, value: Any) -> None:
        self._say(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def _hash(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
