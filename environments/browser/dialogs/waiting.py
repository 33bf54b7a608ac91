"""The dialogs that wait in a browser context: whose they are, what they hold up, and how each is answered.

Nothing answers a dialog but an act. Those of a script (alert, confirm, prompt, beforeunload, print) stop it, and with it every page of
the same process. A sign-in that a page waits for keeps the browser from asking that page anything. The others leave the page alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Dialog as PlaywrightDialog
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import FileChooser, Page

from ....tools.actions import AnswerDialog
from ....tools.errors import ActionError
from ..files.uploads import give, located

Kind = Literal["alert", "confirm", "prompt", "beforeunload", "auth", "permission", "files", "print"]
Note = Callable[[str, str], None]
"""Told of events: kind and detail."""

_CANCELLED = "element => element.dispatchEvent(new Event('cancel', { bubbles: true }))"


@dataclass(eq=False)
class Waiting:
    """A dialog that waits.

    Attributes:
        kind: Which.
        message: What it says.
        respond: Carries an answer out; raises `ActionError` when it does not fit, and the dialog goes on waiting.
        page: Whose it is; None when that page is not there yet: a popup whose first request asks for a password.
        default: What a prompt holds to begin with.
        several: More than one file may be given.
        stops: Pages that can be neither used nor asked until it is answered.
        script: A script opened it and stands still in it, perhaps with other pages of its process.
        gone: Called when it is closed without an answer.
    """

    kind: Kind
    message: str
    respond: Callable[[AnswerDialog], Awaitable[None]]
    page: Page | None = None
    default: str = ""
    several: bool = False
    stops: set[Page] = field(default_factory=set)
    script: bool = False
    gone: Callable[[], None] | None = None


class Dialogs:
    """The queue of those that wait, oldest first.

    Args:
        note: Told when one opens, is answered, or closes by itself.
    """

    def __init__(self, note: Note) -> None:
        self._note = note
        self._open: list[Waiting] = []
        self._changed = asyncio.Event()

    @property
    def all(self) -> tuple[Waiting, ...]:
        """All that wait."""
        return tuple(self._open)

    @property
    def changed(self) -> asyncio.Event:
        """Set when the next one opens; take it before you look at what there is."""
        return self._changed

    def add(self, waiting: Waiting) -> None:
        """One opens."""
        self._open.append(waiting)
        self._note("dialog", f"{waiting.kind}: {waiting.message}")
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def drop(self, waiting: Waiting, why: str) -> None:
        """One closed by itself; one that was answered is left alone."""
        if waiting in self._open:
            self._open.remove(waiting)
            self._note("dialog closed", f"{waiting.kind}: {why}")
            if waiting.gone is not None:
                waiting.gone()

    def shown(self, page: Page | None) -> Waiting | None:
        """The one to answer next: of the page looked at first, and of its dialogs the one that stops it; else the oldest."""
        return min(self._open, key=lambda each: (page not in each.stops, each.page is not page), default=None)

    def stopping(self, page: Page | None) -> Waiting | None:
        """The one that stops a page."""
        return next((each for each in self._open if page in each.stops), None)

    async def answer(self, act: AnswerDialog, page: Page | None) -> None:
        """Answers the one that is shown.

        Raises:
            ActionError: None is open, it was closed meanwhile, or the answer does not fit: then it goes on waiting.
        """
        waiting = self.shown(page)
        if waiting is None:
            raise ActionError("no dialog is open")
        if act.paths and waiting.kind != "files":
            raise ActionError(f"a dialog of the kind {waiting.kind} takes no files")
        place = self._open.index(waiting)
        # what its answer opens comes while it is being answered
        self._open.remove(waiting)
        try:
            await waiting.respond(act)
        except ActionError:
            self._open.insert(place, waiting)
            raise
        except PlaywrightError as error:
            self._note("dialog closed", f"{waiting.kind}: before it was answered")
            raise ActionError(f"the {waiting.kind} dialog was closed before it could be answered") from error
        self._note("dialog answered", f"{waiting.kind}: {'accepted' if act.accept else 'dismissed'}")


def of_page(dialog: PlaywrightDialog) -> Waiting:
    """A dialog that a page's script opened."""
    kinds: dict[str, Kind] = {
        "alert": "alert",
        "confirm": "confirm",
        "prompt": "prompt",
        "beforeunload": "beforeunload",
    }
    kind = kinds[dialog.type]

    async def respond(act: AnswerDialog) -> None:
        if not act.accept:
            await dialog.dismiss()
        elif kind == "prompt":
            # a person who only presses OK sends what the field holds
            await dialog.accept(dialog.default_value if act.text is None else act.text)
        else:
            await dialog.accept()

    stops = {dialog.page} if dialog.page is not None else set()
    default = dialog.default_value if kind == "prompt" else ""
    return Waiting(kind, dialog.message, respond, dialog.page, default, stops=stops, script=True)


def of_chooser(chooser: FileChooser) -> Waiting:
    """A page's request for files; the browser shows no window for it."""

    async def respond(act: AnswerDialog) -> None:
        if act.accept:
            await give(chooser, located(act.paths))
        else:
            # the protocol cancels a chooser only before it opens, so the input is told by an event of ours
            await chooser.element.evaluate(_CANCELLED)

    several = chooser.is_multiple()
    message = f"choose {'files' if several else 'a file'} to upload"
    return Waiting("files", message, respond, chooser.page, several=several)
