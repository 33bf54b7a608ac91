"""What the browser downloads: into a folder of ours while it comes, within limits, and then handed over with its hash.

Chromium is asked, for one context, to put files under names of its own into that folder and to tell a session of ours how each goes.
It tells so twice a second, in which an endless stream fills hundreds of megabytes: the folder itself is looked at in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import mimetypes
import os
import shutil
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote

from playwright.async_api import BrowserContext, CDPSession, Request, Response
from playwright.async_api import Error as PlaywrightError

from ....episodes.schema import Download, Evidence, Probe
from ....tools.errors import EpisodeError
from ....tools.filenames import safe_name
from ....tools.handles import Content
from ....tools.secrets import Secrets
from ....tools.words import cut
from ..host import boundary
from .scratch import Scratch
from .screening import why_not_kept

MOST = 100
"""Downloads of one run; what a page starts beyond that is refused."""

TOGETHER = 10
"""All downloads of a run may take this many times the limit of one."""

_LOOKS = 0.05
"""Seconds between two looks at how much has come."""

_DUE = 1.0
"""Seconds in which a navigation that was answered and broken off becomes a download, if it is one. Seen: 40 ms."""

_LONGEST_URL = 500
_CHUNK = 1 << 20
_TEXT = 1_000_000
_FULL = 1 << 20
"""A disk with less than this many bytes left is full."""


@dataclass
class _Running:
    name: str
    url: str
    mime: str
    received: int = 0
    total: int = 0
    why: str = ""
    waited_for: bool = True


class _Examined(NamedTuple):
    file: BinaryIO
    size: int
    sha256: str
    problem: str


class Downloads:
    """Follows the downloads of one context.

    Args:
        context: The context.
        note: Told of events: kind and detail.
        clock: Seconds since the episode began.
        secrets: What must not be in a file that is kept.
        limit: Bytes that one file may have.
    """

    def __init__(
        self,
        context: BrowserContext,
        note: Callable[[str, str], None],
        clock: Callable[[], float],
        secrets: Secrets,
        limit: int,
    ) -> None:
        self._context = context
        self._note = note
        self._clock = clock
        self._secrets = secrets
        self._limit = limit
        self._running: dict[str, _Running] = {}
        self._ended: list[Download] = []
        self._all: list[Download] = []
        self._begun = self._refused = self._kept = 0
        self._mimes: dict[str, str] = {}
        self._due = 0.0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._finishing: set[asyncio.Task[None]] = set()
        self._scratch: Scratch | None = None
        self._session: CDPSession | None = None

    async def open(self, page: CDPSession) -> None:
        """Begins to follow, before any page has loaded.

        Args:
            page: A session of any page of the context.

        Raises:
            EnvironmentFailed: There is no place for files.
        """
        self._scratch = await asyncio.to_thread(Scratch)
        browser = self._context.browser
        assert browser is not None
        with boundary("the browser hands over no downloads"):
            about = await page.send("Target.getTargetInfo")
            self._owner = about["targetInfo"]["browserContextId"]
            self._session = await browser.new_browser_cdp_session()
            self._session.on("Browser.downloadWillBegin", self._on_begin)
            self._session.on("Browser.downloadProgress", self._on_progress)
            await self._session.send(
                "Browser.setDownloadBehavior",
                {
                    "behavior": "allowAndName",
                    "browserContextId": self._owner,
                    "downloadPath": str(self._scratch.path),
                    "eventsEnabled": True,
                },
            )
        self._context.on("response", self._on_response)
        self._context.on("requestfailed", self._on_failed)

    def add(self, name: str, data: bytes, url: str) -> None:
        """Keeps a file that the browser made itself, such as a printed page, as if it had been downloaded.

        Args:
            name: What it is called.
            data: What is in it.
            url: URL of the page that it was made of.
        """
        name, guid = safe_name(name), uuid.uuid4().hex
        shown = self._secrets.redact(cut(url, _LONGEST_URL))
        running = _Running(self._secrets.redact(name), shown, _mime_of(url, name), len(data), len(data))
        self._running[guid] = running
        self._finish(self._put(guid, running, data))

    def pending(self) -> str:
        """What is on its way, for a person; empty when nothing is, or when it was waited for in vain already."""
        for each in self._running.values():
            if each.waited_for:
                return f"the download of {each.name} ({each.received:,} bytes so far)"
        return "a download is about to begin" if time.monotonic() < self._due else ""

    def give_up(self) -> None:
        """What is still on its way outlasted our patience: it will not hold up the next act again."""
        self._due = 0.0
        for each in self._running.values():
            each.waited_for = False

    def take(self) -> tuple[Download, ...]:
        """What ended since the last call, in order."""
        if self._refused:
            refused, self._refused = self._refused, 0
            self._note("download failed", f"{refused} more were refused: one run may download {MOST} files")
        ended, self._ended = tuple(self._ended), []
        return ended

    async def cut_off(self) -> tuple[Download, ...]:
        """Ends what still runs, and gives everything that was not taken: the run is over."""
        # what has come is only looked at
        while self._finishing:
            await asyncio.gather(*self._finishing, return_exceptions=True)
        for guid in list(self._running):
            self._fail(guid, "it was still on its way when the run ended")
        return self.take()

    async def answer(self, probe: Probe, patience: float, soon: float) -> Evidence:
        """The text of the newest download of a name, waiting for one that is on its way.

        Args:
            probe: Its argument is the name, or a pattern with ``*`` and ``?``.
            patience: Seconds for one that runs to end.
            soon: Seconds for one to begin: of a link with a ``download`` attribute nothing is heard until the server answers.
        """
        wanted = probe.argument
        began = time.monotonic()
        while True:
            found = [each for each in self._all if _fits(each.name, wanted)]
            runs = any(_fits(each.name, wanted) for each in self._running.values())
            left = began + (patience if runs else 0 if found else soon) - time.monotonic()
            if left <= 0:
                break
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
        if not found:
            others = ", ".join(dict.fromkeys(each.name for each in self._all)) or "nothing"
            why = "is still on its way" if runs else f"was not downloaded; what was: {others}"
            return Evidence(probe=probe, missing=cut(f"{wanted} {why}", 300))
        if found[-1].missing:
            return Evidence(probe=probe, missing=f"{found[-1].name}: {found[-1].missing}")
        try:
            data = await asyncio.to_thread(lambda: found[-1].data)
        except EpisodeError as error:
            return Evidence(probe=probe, missing=error.message)
        return Evidence(probe=probe, value=self._secrets.redact(data[:_TEXT].decode("utf-8", "replace")))

    async def close(self) -> None:
        """Lets go of everything; the folder is gone afterwards."""
        await self.cut_off()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        session, self._session = self._session, None
        # a browser that is gone has ended the session, too
        with contextlib.suppress(PlaywrightError):
            if session is not None:
                await session.detach()
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            await asyncio.to_thread(scratch.close)

    def _on_response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            if len(self._mimes) > MOST:
                self._mimes.clear()
            self._mimes[response.url] = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    def _on_failed(self, request: Request) -> None:
        # between this and the beginning of the download nothing else says that there will be one
        if request.url in self._mimes and request.failure == "net::ERR_ABORTED":
            self._due = time.monotonic() + _DUE

    def _on_begin(self, event: dict[str, Any]) -> None:
        guid, url = str(event["guid"]), str(event["url"])
        self._due = 0.0
        self._begun += 1
        if self._begun > MOST:
            self._refused += 1
            self._spawn(self._cancel(guid))
            return
        name = self._secrets.redact(safe_name(str(event["suggestedFilename"])))
        mime = self._mimes.get(url) or _mime_of(url, name)
        shown = self._secrets.redact(cut(url, _LONGEST_URL))
        self._running[guid] = _Running(name, shown, mime)
        self._note("download", f"{name} from {shown}")
        self._changed.set()
        if len(self._running) == 1:
            self._spawn(self._watch())

    def _on_progress(self, event: dict[str, Any]) -> None:
        running = self._running.get(str(event["guid"]))
        if running is None:
            return
        running.received = max(running.received, int(event["receivedBytes"]))
        running.total = max(running.total, int(event["totalBytes"]))
        match event["state"]:
            case "completed":
                self._finish(self._complete(str(event["guid"]), running))
            case "canceled":
                self._fail(str(event["guid"]), running.why or self._broke_off(running))
            case _:
                self._check(str(event["guid"]), running, max(running.total, running.received))

    def _check(self, guid: str, running: _Running, size: int) -> None:
        if running.why:
            return
        if size > self._limit:
            running.why = self._too_large()
        elif self._kept + sum(each.received for each in self._running.values()) > TOGETHER * self._limit:
            running.why = f"too large: the downloads of a run may have {TOGETHER * self._limit:,} bytes together"
        if running.why:
            self._spawn(self._cancel(guid))

    def _too_large(self) -> str:
        return f"too large: a download may have {self._limit:,} bytes (-c browser.download_limit=…)"

    def _broke_off(self, running: _Running) -> str:
        assert self._scratch is not None
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self._scratch.path).free < _FULL:
                return f"the disk is full ({self._scratch.path})"
        of = f" of {running.total:,}" if running.total else ""
        return f"it broke off after {running.received:,}{of} bytes"

    async def _watch(self) -> None:
        """Looks at the folder while anything comes."""
        while self._running and self._scratch is not None:
            for guid, size in await asyncio.to_thread(_sizes, self._scratch.path):
                running = self._running.get(guid)
                if running is not None:
                    running.received = max(running.received, size)
                    self._check(guid, running, size)
            await asyncio.sleep(_LOOKS)

    async def _cancel(self, guid: str) -> None:
        # it may have ended by itself in between
        with contextlib.suppress(PlaywrightError):
            if self._session is not None:
                await self._session.send("Browser.cancelDownload", {"guid": guid, "browserContextId": self._owner})

    async def _complete(self, guid: str, running: _Running) -> None:
        assert self._scratch is not None
        try:
            examined = await asyncio.to_thread(_examine, self._scratch.path / guid, self._limit, self._secrets)
        except OSError as error:
            self._fail(guid, f"what came cannot be read: {error.strerror or error}")
            return
        running.received = examined.size
        problem = running.why or (self._too_large() if examined.size > self._limit else examined.problem)
        content = Content(examined.file, examined.sha256, missing=problem)
        if problem:
            examined.file.close()
            content = Content(missing=problem)
        else:
            self._kept += examined.size
        self._end(guid, content, examined.sha256)

    def _fail(self, guid: str, why: str) -> None:
        self._end(guid, Content(missing=why), None)

    def _end(self, guid: str, content: Content, sha256: str | None) -> None:
        running = self._running.pop(guid, None)
        if running is None:
            return
        ended = Download(
            name=running.name,
            url=running.url,
            mime=running.mime,
            size=running.received,
            sha256=sha256,
            content=content,
            at=self._clock(),
        )
        self._ended.append(ended)
        self._all.append(ended)
        if content.missing:
            self._note("download failed", f"{ended.name}: {content.missing}")
        else:
            self._note("downloaded", f"{ended.name} ({ended.size:,} bytes)")
        self._changed.set()

    async def _put(self, guid: str, running: _Running, data: bytes) -> None:
        assert self._scratch is not None
        try:
            await asyncio.to_thread((self._scratch.path / guid).write_bytes, data)
        except OSError as error:
            self._fail(guid, f"it cannot be written: {error.strerror or error}")
            return
        await self._complete(guid, running)

    def _finish(self, doing: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(doing)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _fits(name: str, wanted: str) -> bool:
    return name == wanted or fnmatchcase(name, wanted)


def _mime_of(url: str, name: str) -> str:
    if url.startswith("data:"):
        return unquote(url[5:].partition(",")[0].partition(";")[0]).lower() or "text/plain"
    return mimetypes.guess_type(name)[0] or ""


def _sizes(folder: Path) -> list[tuple[str, int]]:
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as files:
        for each in files:
            with contextlib.suppress(OSError):
                # while it comes, its name has an ending more
                found.append((each.name.partition(".")[0], each.stat().st_size))
    return found


def _examine(path: Path, limit: int, secrets: Secrets) -> _Examined:
    file = path.open("rb")
    try:
        # open, it can still be read; should we be killed, nothing of it is left
        with contextlib.suppress(OSError):
            path.unlink()
        digest, size = hashlib.sha256(), 0
        while piece := file.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
        problem = why_not_kept(file, secrets) if size <= limit else ""
    except BaseException:
        file.close()
        raise
    return _Examined(file, size, digest.hexdigest(), problem)
