"""Files of a folder as responses, and none from outside it."""

from __future__ import annotations

from pathlib import Path

from .base import TEXT, Response

# Fixed here, for the tables of the operating system differ and a page must not.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": TEXT,
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


def find(root: Path, path: str) -> Path | None:
    """The file at ``path`` under ``root``; ``None`` where there is none, or where the path leads out."""
    if "\0" in path:
        return None
    file = (root / path.lstrip("/")).resolve()
    return file if file.is_relative_to(root.resolve()) and file.is_file() else None


def respond(file: Path) -> Response:
    """The file, under the content type of its suffix."""
    return Response(file.read_bytes(), _TYPES.get(file.suffix.lower(), "application/octet-stream"))
