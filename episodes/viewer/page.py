"""Puts an episode into one HTML file that needs nothing else: no server, no network, no other file.

Recorded text is hostile. It reaches the page only as escaped JSON in a data block, the page's script shows it with
``textContent``, and a content security policy lets no other script run and nothing be fetched, whatever gets past that.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ...tools.errors import EpisodeCorrupt, EpisodeError, UsageError
from ...tools.pixels import Frame, picture_size
from ..reader import Episode
from ..schema import Download, Tree
from .data import outline, page_data, shown_downloads, shown_frames, shown_observations

_ASSETS = Path(__file__).parent / "assets"
_STYLES = ("base.css", "layout.css", "stage.css", "panel.css")
# each uses only what stands before it
_SCRIPTS = ("dom.js", "overlay.js", "stage.js", "parts.js", "world.js", "panel.js", "about.js", "page.js")


_LARGEST_FILE = 2_000_000
"""Bytes of a download that still becomes part of the page."""


class Blob(NamedTuple):
    """A data block of the page.

    Attributes:
        id: Of its element.
        text: Its content: base64 of a PNG or of a file, or JSON.
        missing: Why there is none.
    """

    id: str
    text: Markup = Markup()
    missing: str = ""


def render(episode: Episode) -> str:
    """The page as a string; for a long episode `write_html` needs far less memory."""
    return "".join(_parts(episode))


def write_html(episode: Episode, file: Path) -> Path:
    """Writes the page, one frame at a time.

    Args:
        episode: What to show; missing and damaged blobs become placeholders that say why.
        file: Where to; replaced if it exists, and only when the page is whole.

    Returns:
        The file.

    Raises:
        UsageError: The file cannot be written.
    """
    aside = file.with_name(f"{file.name}.part")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(_parts(episode))
        aside.replace(file)
    except OSError as error:
        raise UsageError(
            f"cannot write {file}: {error.strerror or error}", remedy="choose another file with --html"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return file


def _parts(episode: Episode) -> Iterator[str]:
    script, style = _script(), _style()
    return _template().generate(
        title=episode.header.task.name,
        policy=_policy(script, style),
        style=Markup(style),
        script=Markup(script),
        icons=Markup(_asset("icons.svg")),
        data=_json(page_data(episode)),
        blobs=_blobs(episode),
    )


def _blobs(episode: Episode) -> Iterator[Blob]:
    for frame in shown_frames(episode):
        yield _frame(episode, frame)
    for download in shown_downloads(episode):
        yield _download(episode, download)
    met: set[str] = set()
    for seen in shown_observations(episode):
        # a recorded tree has a name, one that is missing has none
        try:
            name = seen.tree.sha256
        except ValueError:
            continue
        if name not in met:
            met.add(name)
            yield _tree(episode, name)


def _frame(episode: Episode, frame: Frame) -> Blob:
    name = f"blob-{frame.sha256}"
    try:
        # not `frame.data`, which would keep the bytes of every frame until the end
        picture = episode.blob(frame.sha256)
        size = picture_size(picture)
        if size != (frame.width, frame.height):
            raise EpisodeCorrupt(f"recorded as {frame.width}×{frame.height}, but the file holds {size[0]}×{size[1]}")
    except EpisodeError as error:
        return Blob(name, missing=_local(episode, error))
    return Blob(name, Markup(base64.b64encode(picture).decode("ascii")))


def _download(episode: Episode, download: Download) -> Blob:
    assert download.sha256 is not None
    # a frame and a file could have the same bytes
    name = f"file-{download.sha256}"
    if download.size > _LARGEST_FILE:
        return Blob(name, missing="too large for this page: it lies in the episode")
    try:
        return Blob(name, Markup(base64.b64encode(episode.blob(download.sha256)).decode("ascii")))
    except EpisodeError as error:
        return Blob(name, missing=_local(episode, error))


def _tree(episode: Episode, sha256: str) -> Blob:
    name = f"tree-{sha256}"
    try:
        return Blob(name, _json(outline(Tree.from_bytes(episode.blob(sha256)))))
    except EpisodeError as error:
        return Blob(name, missing=_local(episode, error))


def _local(episode: Episode, error: EpisodeError) -> str:
    # the page is made to be passed on: where the episode lies on this machine is nobody's business
    return error.message.replace(str(episode.path), episode.path.name)


def _json(data: Any) -> Markup:
    """JSON that cannot end, or be mistaken for a comment in, the element that holds it; pure ASCII, so no U+2028 either."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _policy(script: str, style: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(_ASSETS), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html.jinja")


@cache
def _script() -> str:
    body = "\n".join(_asset(name) for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}\n}})();'


@cache
def _style() -> str:
    return "\n".join(_asset(name) for name in _STYLES)


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
