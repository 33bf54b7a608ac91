"""The keyboard."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ....tools.errors import ActionError
from ....tools.keys import for_playwright, parse_chord
from .contact import Contact

_KEYED = 200
"""Characters up to which each has its own key; of longer texts, which would take seconds, the last one has."""
_MULTILINE = """(() => {
  let element = document.activeElement;
  while (element && element.shadowRoot && element.shadowRoot.activeElement) element = element.shadowRoot.activeElement;
  return Boolean(element) && element.tagName === "TEXTAREA";
})()"""

_KEY = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
_ENTER = ({"type": "keyDown", "text": "\r", **_KEY}, {"type": "keyUp", **_KEY})


class Keyboard:
    """The keyboard of one context.

    Args:
        contact: The page that has the focus.
    """

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self._held: set[str] = set()

    async def down(self, key: str) -> None:
        """Presses a key, which stays down."""
        self._held.add(key)
        await self._contact.page.keyboard.down(for_playwright(key))
        self._contact.note("keyboard", "down", key)

    async def up(self, key: str) -> None:
        """Releases a key."""
        await self._contact.page.keyboard.up(for_playwright(key))
        self._held.discard(key)
        self._contact.note("keyboard", "up", key)

    @asynccontextmanager
    async def holding(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """Keeps keys down meanwhile."""
        try:
            for key in keys:
                await self.down(key)
            yield
        finally:
            for key in reversed([key for key in keys if key in self._held]):
                await self.up(key)

    async def chord(self, chord: str) -> None:
        """Presses a chord."""
        keys = parse_chord(chord)
        async with self.holding(keys[:-1]):
            last = keys[-1]
            if len(last) == 1 and not last.isascii():
                # no key of the layout makes it
                await self._contact.page.keyboard.insert_text(last)
                self._contact.note("keyboard", "insert", last)
            else:
                await self._contact.page.keyboard.press(for_playwright(last, shifted="Shift" in keys[:-1]))
                self._contact.note("keyboard", "press", chord)

    async def type(self, text: str, shown: str) -> None:
        """Types text where the focus is.

        Args:
            text: What to type. A newline presses Enter, except in a long text for a text area, where it is one of its characters.
            shown: What the record says was typed.

        Raises:
            ActionError: It holds a control character.
        """
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        for character in text:
            if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
                raise ActionError(
                    f"the text holds U+{ord(character):04X}, which no keyboard types", remedy="leave it out"
                )
        if len(text) <= _KEYED:
            await self._contact.page.keyboard.type(text)
            self._contact.note("keyboard", "type", shown)
            return
        # one key at the end: what listens for keys and not for input hears of it
        await self._insert(text[:-1])
        await self._contact.page.keyboard.type(text[-1])
        self._contact.note("keyboard", "insert", shown)

    async def release_all(self) -> None:
        """Lets go of every key that is still down."""
        for key in sorted(self._held):
            await self.up(key)

    async def _insert(self, text: str) -> None:
        lines = text.split("\n")
        if len(lines) > 1:
            answer = await self._contact.tabs.send(
                "Runtime.evaluate", {"expression": _MULTILINE, "returnByValue": True}
            )
            if answer["result"].get("value") is True:
                lines = [text]
        session = await self._contact.tabs.session()
        waiting: list[asyncio.Future[Any]] = []
        for number, line in enumerate(lines):
            # sent on without waiting for each answer, which keeps their order and takes a tenth of the time
            if number:
                waiting += [asyncio.ensure_future(session.send("Input.dispatchKeyEvent", each)) for each in _ENTER]
            if line:
                waiting.append(asyncio.ensure_future(session.send("Input.insertText", {"text": line})))
        await asyncio.gather(*waiting)
