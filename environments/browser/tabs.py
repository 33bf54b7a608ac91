"""The tabs of one context: which there are, which is looked at, and what happened to them.

The rule: a tab that opens during an act is looked at from then on; when the tab looked at closes, its opener is, else the newest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Dialog, FileChooser, Page
from playwright.async_api import Error as PlaywrightError

from ...episodes.schema import Dialog as DialogRecord
from ...episodes.schema import Event, Tab
from ...tools.errors import ActionError, EnvironmentFailed
from .host import boundary


class Tabs:
    """Follows pages, popups and dialogs of a context.

    Args:
        context: The context.
        clock: Seconds since the episode began.
    """

    def __init__(self, context: BrowserContext, clock: Callable[[], float]) -> None:
        self.dialog: Dialog | None = None
        self.dialog_opened = asyncio.Event()
        self._context = context
        self._clock = clock
        self._pages: dict[str, Page] = {}
        self._openers: dict[Page, Page | None] = {}
        self._titles: dict[Page, str] = {}
        self._sessions: dict[Page, CDPSession] = {}
        self._current: Page | None = None
        self._events: list[Event] = []
        self._crashed = ""
        self._opened = 0
        context.on("page", self._on_page)
        context.on("close", self._on_end)
        context.on("dialog", self._on_dialog)

    @property
    def page(self) -> Page:
        """The one looked at.

        Raises:
            EnvironmentFailed: All are closed, or it crashed.
        """
        if self._crashed:
            raise EnvironmentFailed(self._crashed)
        if self._current is None or self._current.is_closed():
            raise EnvironmentFailed("every tab is closed")
        return self._current

    async def session(self) -> CDPSession:
        """The debugging session of the tab looked at."""
        page = self.page
        if page not in self._sessions:
            with boundary("the tab cannot be reached"):
                self._sessions[page] = await self._context.new_cdp_session(page)
        return self._sessions[page]

    async def send(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Sends a command of the DevTools protocol to the tab looked at.

        Raises:
            EnvironmentFailed: It cannot be carried out, or the tab is gone.
        """
        session = await self.session()
        with boundary(f"{method} failed"):
            answer = await session.send(method, parameters or {})
        assert isinstance(answer, dict)
        return answer

    async def records(self) -> tuple[Tab, ...]:
        """All tabs, in order of opening. A tab that does not answer keeps the title it had."""
        page = self._current
        # only the one looked at is asked, and not while a dialog blocks it; the others keep the title they had
        if page is not None and self.dialog is None:
            try:
                self._titles[page] = await asyncio.wait_for(page.title(), timeout=2)
            except (PlaywrightError, TimeoutError):
                self._titles.setdefault(page, "")
        return tuple(
            Tab(id=name, url=page.url, title=self._titles.get(page, ""), active=page is self._current)
            for name, page in self._pages.items()
        )

    def find(self, name: str) -> Page:
        """The tab of that id.

        Raises:
            ActionError: There is none.
        """
        if name not in self._pages:
            raise ActionError(f"there is no tab {name!r}; open are: {', '.join(self._pages)}")
        return self._pages[name]

    async def switch(self, page: Page) -> None:
        """Looks at another tab."""
        with boundary("the tab cannot be brought to the front"):
            await page.bring_to_front()
        self._current = page

    def note(self, kind: str, detail: str = "") -> None:
        """Adds an event to the next observation."""
        self._events.append(Event(kind=kind, detail=detail, at=self._clock()))

    def events(self) -> tuple[Event, ...]:
        """What happened since the last call."""
        events, self._events = tuple(self._events), []
        return events

    def dialog_record(self) -> DialogRecord | None:
        """The open dialog, if any."""
        if self.dialog is None:
            return None
        kind = self.dialog.type
        assert kind in ("alert", "confirm", "prompt", "beforeunload")
        return DialogRecord(kind=kind, message=self.dialog.message, default=self.dialog.default_value)

    async def answer(self, *, accept: bool, text: str | None) -> None:
        """Answers the open dialog.

        Raises:
            ActionError: None is open.
        """
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            raise ActionError("no dialog is open")
        self.dialog_opened.clear()
        with boundary("the dialog cannot be answered"):
            if accept:
                await dialog.accept(text) if text is not None else await dialog.accept()
            else:
                await dialog.dismiss()
        self.note("dialog answered", "accepted" if accept else "dismissed")

    def _on_page(self, page: Page) -> None:
        self._opened += 1
        name = f"t{self._opened}"
        self._pages[name] = page
        self._openers[page] = self._current
        if self._current is not None:
            self.note("tab opened", name)
        self._current = page
        page.on("close", self._on_close)
        page.on("crash", self._on_crash)
        # from the first moment on: a browser that is asked to hand over its choosers only when one is due may open it first
        page.on("filechooser", self._on_chooser)
        page.on("framenavigated", lambda frame: self.note("navigated", frame.url) if frame == page.main_frame else None)
        page.on("pageerror", lambda error: self.note("page error", str(error)[:500]))

    def _on_close(self, page: Page) -> None:
        name = next((name for name, each in self._pages.items() if each is page), "")
        self._pages.pop(name, None)
        self._sessions.pop(page, None)
        self._titles.pop(page, None)
        self.note("tab closed", name)
        opener = self._openers.pop(page, None)
        if page is self._current:
            remaining = list(self._pages.values())
            self._current = opener if opener in remaining else (remaining[-1] if remaining else None)

    def _on_crash(self, page: Page) -> None:
        self.note("crashed", page.url)
        self._crashed = f"the page {page.url} crashed"

    def _on_end(self, context: BrowserContext) -> None:
        self._crashed = self._crashed or "the browser is gone: it died, or was closed from outside"

    def _on_dialog(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.note("dialog", f"{dialog.type}: {dialog.message}")
        self.dialog_opened.set()

    def _on_chooser(self, chooser: FileChooser) -> None:
        self.note("file chooser", "for several files" if chooser.is_multiple() else "for one file")
