"""Native controls: fields that are typed into, inputs that take a value, lists, files."""

from __future__ import annotations

import asyncio
import difflib
from typing import Any

from ....tools.actions import AnswerDialog, Click, Select, Type, Upload
from ....tools.errors import ActionError
from ....tools.geometry import Point
from ....tools.secrets import Secrets
from ..files.uploads import described, drop, located
from ..tree.elements import OPAQUE, takes_text
from .contact import Contact
from .keyboard import Keyboard
from .pointer import Pointer

_VALUE_INPUTS = {
    "date": "YYYY-MM-DD",
    "time": "HH:MM",
    "month": "YYYY-MM",
    "week": "YYYY-Wnn",
    "datetime-local": "YYYY-MM-DDTHH:MM",
    "color": "#rrggbb",
    "range": "a number",
}


class Controls:
    """What one does to controls with pointer and keyboard, and by script where there is no device for it.

    Args:
        contact: The page.
        pointer: What points.
        keyboard: What types.
        secrets: Values behind placeholders.
    """

    def __init__(self, contact: Contact, pointer: Pointer, keyboard: Keyboard, secrets: Secrets) -> None:
        self._contact = contact
        self._pointer = pointer
        self._keyboard = keyboard
        self._secrets = secrets

    async def type(self, act: Type[Point]) -> None:
        """Types where the focus is, or into what is at a place."""
        text = self._secrets.reveal(act.text)
        if act.at is not None:
            here = await self._contact.call(act.at, "describe")
            where = f"({act.at.x:.0f}, {act.at.y:.0f})"
            if here["disabled"]:
                raise ActionError(f"the {here['tag']} at {where} is disabled and takes no text")
            if here["type"] in _VALUE_INPUTS:
                await self._set_value(act.at, text, act.text, here["type"])
                return
            await self._pointer.click(Click[Point](at=act.at))
            await self._check_focus(where, here)
            if act.replace:
                await self._contact.page.keyboard.press("ControlOrMeta+a")
                self._contact.note("keyboard", "press", "Control+a")
                if not text:
                    await self._keyboard.chord("Delete")
        await self._keyboard.type(text, act.text)

    async def select(self, act: Select[Point]) -> None:
        """Chooses options of a native list."""
        answer = await self._contact.call(act.at, "select", [self._secrets.reveal(option) for option in act.options])
        where = f"at ({act.at.x:.0f}, {act.at.y:.0f})"
        want = self._secrets.redact(str(answer.get("want", "")))
        match answer.get("error"):
            case None:
                self._contact.note("script", "select", self._secrets.redact(", ".join(answer["chosen"])))
            case "no list":
                here = await self._contact.call(act.at, "describe")
                raise ActionError(
                    f"what is {where} is no native list but a {here['tag']}", remedy="click it, then click the option"
                )
            case "absent":
                near = difflib.get_close_matches(want, answer["all"], n=3, cutoff=0.4) or answer["all"][:5]
                raise ActionError(
                    f"the list {where} has no option {want!r}",
                    remedy=f"it has: {', '.join(near)} …({len(answer['all'])})",
                )
            case "single":
                raise ActionError(f"the list {where} takes one option only")
            case "disabled":
                raise ActionError(f"the list {where} is disabled")
            case other:
                raise ActionError(f"the option {want!r} of the list {where} is {other}")

    async def upload(self, act: Upload[Point]) -> None:
        """Gives files to what asks for them when it is clicked, or takes them when they are dropped on it."""
        files = located(act.paths)
        said = await asyncio.to_thread(described, files)
        if not await self._contact.tabs.upload(lambda: self._pointer.click(Click[Point](at=act.at)), files):
            at = self._contact.css(act.at)
            if not await drop(await self._contact.tabs.session(), at, files):
                raise ActionError(
                    f"what is at ({act.at.x:.0f}, {act.at.y:.0f}) asks for no file, and takes none that is dropped on it"
                )
            self._contact.note("mouse", "drop", f"{at.x:g},{at.y:g}")
        for each in said:
            self._contact.note("script", "upload", each)

    async def answer(self, act: AnswerDialog) -> None:
        """Answers the dialog that is open."""
        text, word = (None if each is None else self._secrets.reveal(each) for each in (act.text, act.password))
        said = await asyncio.to_thread(described, located(act.paths)) if act.accept else []
        await self._contact.tabs.answer(act.model_copy(update={"text": text, "password": word}))
        for each in said:
            self._contact.note("script", "upload", each)
        self._contact.note("script", "answer dialog", "accept" if act.accept else "dismiss")

    async def _check_focus(self, where: str, here: dict[str, Any]) -> None:
        if self._contact.tabs.dialog is not None or here["tag"] in OPAQUE:
            return
        if not await takes_text(self._contact.page, await self._contact.tabs.session()):
            what = f"{here['tag']} “{here['text']}”" if here["text"] else here["tag"]
            raise ActionError(f"what is at {where} takes no text: it is a {what}", remedy="type into a field")

    async def _set_value(self, at: Point, value: str, shown: str, kind: str) -> None:
        answer = await self._contact.call(at, "setValue", value)
        match answer.get("error"):
            case None:
                self._contact.note("script", "set value", shown)
            case "read-only":
                raise ActionError(f"the {kind} input at ({at.x:.0f}, {at.y:.0f}) is read-only")
            case _:
                limits = [f"{word} {answer[key]}" for key, word in _LIMITS if answer.get(key)]
                wants = ", ".join([_VALUE_INPUTS[kind], *limits])
                raise ActionError(f"the {kind} input does not take {shown!r}: it wants {wants}")


_LIMITS = (("min", "from"), ("max", "to"), ("step", "in steps of"))
