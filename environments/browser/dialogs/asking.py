"""What a page asks the browser for: permissions, and to print. In place of a window of the browser's it opens a dialog here.

``ask.js`` stands before the functions that would open one. A permission that is decided already, by the start recipe or an earlier
answer, asks nobody. An answer is set in the browser for the page's origin, and the page's own call then finds it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Page
from playwright.async_api import Dialog as PlaywrightDialog
from playwright.async_api import Error as PlaywrightError

from ....tools.actions import AnswerDialog
from .waiting import Dialogs, Note, Waiting

OnFile = Callable[[str, bytes], None]
"""Takes what was printed: a file name and the bytes of a PDF."""

_SCRIPT = (Path(__file__).parent / "ask.js").read_text(encoding="utf-8")
_LOADING = 10.0
"""Seconds that a page may still load before it is printed."""
_PDF = {"preferCSSPageSize": True}
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


class Asking:
    """Hears what the pages of one context ask for.

    Args:
        dialogs: Where the questions are put.
        note: Told of what was printed.
        session: Gives the debugging session of a page.
        browser: A session on the browser itself.
    """

    def __init__(
        self, dialogs: Dialogs, note: Note, session: Callable[[Page], Awaitable[CDPSession]], browser: CDPSession
    ) -> None:
        self.on_file: OnFile | None = None
        self._dialogs = dialogs
        self._note = note
        self._session = session
        self._browser = browser
        self._print_text = uuid.uuid4().hex
        self._prints: dict[Page, asyncio.Task[None]] = {}

    async def install(self, context: BrowserContext) -> None:
        """Stands before the functions of every page that is opened from now on."""
        name = f"_{uuid.uuid4().hex}"
        await context.expose_binding(name, self._hear)
        await context.add_init_script(
            _SCRIPT.replace("__handeye_name__", name).replace("__handeye_print__", self._print_text)
        )

    def of_print(self, dialog: PlaywrightDialog) -> Waiting | None:
        """The request to print that a dialog of a page stands for; None when it stands for itself."""
        page = dialog.page
        if dialog.message != self._print_text or page is None:
            return None

        async def respond(act: AnswerDialog) -> None:
            if not act.accept:
                await dialog.dismiss()
                return
            begun = asyncio.Event()
            task = self._print(page, begun)
            await dialog.accept()
            begun.set()
            await self._finished(task)

        return Waiting("print", f"print {page.url}", respond, page, stops={page}, script=True)

    async def _hear(self, source: dict[str, Any], kind: str, detail: Any) -> None:
        page: Page = source["page"]
        if kind == "printed":
            if page in self._prints:
                await asyncio.shield(self._prints[page])
            return
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def close() -> None:
            if not answered.done():
                answered.set_result(None)

        async def respond(act: AnswerDialog) -> None:
            if kind == "permission":
                await self._decide(page, detail, granted=act.accept)
            elif act.accept:
                await self._finished(self._print(page))
            close()

        if kind == "permission":
            names = ", ".join(dict.fromkeys(each["name"] for each in detail))
            self._dialogs.add(Waiting("permission", f"{_origin(page.url)} wants: {names}", respond, page, gone=close))
        else:
            self._dialogs.add(Waiting("print", f"print {page.url}", respond, page, gone=close))
        await answered

    async def _decide(self, page: Page, wanted: Iterable[dict[str, Any]], *, granted: bool) -> None:
        session = await self._session(page)
        target = await session.send("Target.getTargetInfo")
        await set_permissions(
            self._browser,
            target["targetInfo"]["browserContextId"],
            wanted,
            granted=granted,
            origin=_origin(page.url),
        )
        if granted:
            # the answer is a person's act, and what needs one would otherwise find that theirs was too long ago
            await session.send("Runtime.evaluate", {"expression": "0", "userGesture": True})

    def _print(self, page: Page, begun: asyncio.Event | None = None) -> asyncio.Task[None]:
        async def make() -> None:
            if begun is not None:
                await begun.wait()
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(page.wait_for_load_state("load"), _LOADING)
                title = await page.title()
                session = await self._session(page)
                answer = await session.send("Page.printToPDF", dict(_PDF))
            except PlaywrightError as error:
                self._note("print failed", error.message.splitlines()[0])
                return
            name, data = f"{_UNFIT.sub(' ', title).strip()[:100] or 'page'}.pdf", base64.b64decode(answer["data"])
            self._note("printed", f"{name} ({len(data)} bytes)")
            if self.on_file is not None:
                self.on_file(name, data)

        task = asyncio.ensure_future(make())
        self._prints[page] = task
        task.add_done_callback(lambda _: self._prints.pop(page, None))
        return task

    async def _finished(self, task: asyncio.Task[None]) -> None:
        """Waits for a print, or for a dialog that stops the page before it is on paper."""
        opened = asyncio.ensure_future(self._dialogs.changed.wait())
        try:
            await asyncio.wait({task, opened}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            opened.cancel()


async def set_permissions(
    browser: CDPSession,
    context: str,
    wanted: Iterable[dict[str, Any] | str],
    *,
    granted: bool = True,
    origin: str | None = None,
) -> None:
    """Decides permissions, and leaves all others undecided (`BrowserContext.grant_permissions` would refuse them).

    Args:
        browser: A session on the browser.
        context: The protocol's id of the context.
        wanted: Names, or descriptors as ``navigator.permissions.query`` takes them.
        granted: Granted, or denied.
        origin: For whom; None is everybody.
    """
    for each in wanted:
        descriptor = {"name": each} if isinstance(each, str) else dict(each)
        whose = {"origin": origin} if origin is not None else {}
        setting = "granted" if granted else "denied"
        await browser.send(
            "Browser.setPermission",
            {"permission": descriptor, "setting": setting, "browserContextId": context, **whose},
        )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else url
