"""Carries out acts on a page: real input events where there is a device for it, and says so where there is none."""

from __future__ import annotations

import asyncio
import difflib
import math
from typing import Any, assert_never
from urllib.parse import urljoin

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from ...episodes.schema import Sent
from ...tools.actions import (
    Act,
    AnswerDialog,
    Back,
    Click,
    CloseTab,
    CloseWindow,
    Drag,
    FocusWindow,
    Forward,
    Hold,
    Hover,
    Key,
    Move,
    Navigate,
    NewTab,
    Press,
    Release,
    Reload,
    Scroll,
    Select,
    SwitchTab,
    Type,
    Upload,
    Wait,
)
from ...tools.errors import ActionError
from ...tools.geometry import Point, Size, Transform
from ...tools.keys import for_playwright, parse_chord
from ...tools.secrets import Secrets
from .elements import OPAQUE, call_at, takes_text
from .gate import MARK
from .host import boundary
from .tabs import Tabs
from .uploads import described, drop, located

_VALUE_INPUTS = {
    "date": "YYYY-MM-DD",
    "time": "HH:MM",
    "month": "YYYY-MM",
    "week": "YYYY-Wnn",
    "datetime-local": "YYYY-MM-DDTHH:MM",
    "color": "#rrggbb",
    "range": "a number within its range",
}
# longer texts are inserted at once but for their end: a key at a time they would take seconds
_KEYED = 200


class Hands:
    """The hands at one context's keyboard and mouse.

    Args:
        tabs: Which page to act on.
        to_input: Frame pixels → CSS pixels of the viewport.
        viewport: Size of the viewport, CSS pixels.
        secrets: Values behind placeholders.
        timeout: Seconds that a navigation may take.
    """

    def __init__(self, tabs: Tabs, to_input: Transform, viewport: Size, secrets: Secrets, timeout: float) -> None:
        self._tabs = tabs
        self._to_input = to_input
        self._viewport = viewport
        self._secrets = secrets
        self._timeout = timeout
        self._held: dict[str, str] = {}
        self.sent: list[Sent] = []

    async def do(self, act: Act) -> None:
        """Carries out one act; what was sent is in `sent`.

        Raises:
            ActionError: It cannot be done as asked.
            EnvironmentFailed: The page is gone.
        """
        dialog = self._tabs.dialog
        leaves = dialog is not None and dialog.kind == "auth" and isinstance(act, Navigate)
        if (
            dialog is not None
            and not leaves
            and not isinstance(act, AnswerDialog | CloseTab | SwitchTab | NewTab | Wait)
        ):
            raise ActionError(self._tabs.why_still(dialog), remedy="answer it first: answer_dialog")
        with self._tabs.outliving(act), boundary(f"{act.verb} failed"):
            await self._dispatch(act)

    async def release_all(self) -> None:
        """Lets go of every key and button that is still down."""
        for name, device in list(self._held.items()):
            with boundary("a key could not be released"):
                if device == "mouse":
                    await self._tabs.page.mouse.up(button=name)  # type: ignore[arg-type]  # a button name, put there by `_down`
                else:
                    await self._tabs.page.keyboard.up(name)
            del self._held[name]

    async def _dispatch(self, act: Act) -> None:
        match act:
            case Click():
                await self._click(act)
            case Hover():
                await self._move(act.at)
            case Press():
                await self._move(act.at)
                await self._down(act.button)
            case Move():
                await self._move(act.to, steps=8)
            case Release():
                if act.at is not None:
                    await self._move(act.at, steps=8)
                await self._up(act.button)
            case Drag():
                await self._drag(act)
            case Scroll():
                await self._scroll(act)
            case Type():
                await self._type(act)
            case Key():
                for chord in act.keys:
                    await self._chord(chord)
            case Hold():
                await self._hold(act)
            case Select():
                await self._select(act)
            case Wait():
                await asyncio.sleep(act.seconds if act.for_ is None else 0)
            case Navigate() | Back() | Forward() | Reload() | NewTab() | SwitchTab() | CloseTab():
                await self._travel(act)
            case Upload():
                await self._upload(act)
            case AnswerDialog():
                text, word = (None if each is None else self._secrets.reveal(each) for each in (act.text, act.password))
                given = await asyncio.to_thread(described, located(act.paths)) if act.accept else []
                await self._tabs.answer(act.model_copy(update={"text": text, "password": word}))
                for each in given:
                    self._note("script", "upload", each)
                self._note("script", "answer dialog", "accept" if act.accept else "dismiss")
            case FocusWindow() | CloseWindow():
                raise ActionError(
                    f"a browser has no windows to {act.verb.split('_')[0]}", remedy="use switch_tab or close_tab"
                )
            case _:
                assert_never(act)

    async def _click(self, act: Click[Point]) -> None:
        await self._move(act.at)
        for key in act.modifiers:
            await self._key_down(key)
        try:
            for count in range(1, act.count + 1):
                await self._down(act.button, count)
                await self._up(act.button, count)
        finally:
            for key in reversed(act.modifiers):
                await self._key_up(key)

    async def _move(self, point: Point, steps: int = 1) -> None:
        at = self._css(point)
        await self._page.mouse.move(at.x, at.y, steps=steps)
        self._note("mouse", "move", f"{at.x:g},{at.y:g}")

    async def _down(self, button: str, count: int = 1) -> None:
        self._held[button] = "mouse"
        await self._page.mouse.down(button=button, click_count=count)  # type: ignore[arg-type]  # a literal of the action space
        self._note("mouse", "down", button)

    async def _up(self, button: str, count: int = 1) -> None:
        await self._page.mouse.up(button=button, click_count=count)  # type: ignore[arg-type]
        self._held.pop(button, None)
        self._note("mouse", "up", button)

    async def _key_down(self, key: str) -> None:
        self._held[for_playwright(key)] = "keyboard"
        await self._page.keyboard.down(for_playwright(key))
        self._note("keyboard", "down", key)

    async def _key_up(self, key: str) -> None:
        await self._page.keyboard.up(for_playwright(key))
        self._held.pop(for_playwright(key), None)
        self._note("keyboard", "up", key)

    async def _chord(self, chord: str) -> None:
        keys = parse_chord(chord)
        try:
            for key in keys[:-1]:
                await self._key_down(key)
            last = keys[-1]
            if len(last) == 1 and not last.isascii():
                # no key of the layout makes it
                await self._page.keyboard.insert_text(last)
            else:
                await self._page.keyboard.press(for_playwright(last))
            self._note("keyboard", "press", chord)
        finally:
            for key in reversed(keys[:-1]):
                await self._key_up(key)

    async def _drag(self, act: Drag[Point]) -> None:
        for key in act.modifiers:
            await self._key_down(key)
        try:
            await self._move(act.path[0])
            await self._down(act.button)
            for before, point in zip(act.path, act.path[1:], strict=False):
                # native drag and drop needs to see the pointer under way, and drawing needs the way itself
                steps = min(40, max(3, math.ceil(before.distance(point) / 25)))
                await self._move(point, steps=steps)
            await self._up(act.button)
        finally:
            for key in reversed(act.modifiers):
                await self._key_up(key)

    async def _scroll(self, act: Scroll[Point]) -> None:
        if act.at is not None:
            await self._move(act.at)
        else:
            await self._page.mouse.move(self._viewport.width / 2, self._viewport.height / 2)
        dx, dy = act.dx * self._to_input.scale_x, act.dy * self._to_input.scale_y
        await self._page.mouse.wheel(dx, dy)
        self._note("wheel", "turn", f"{dx:g},{dy:g}")
        # the wheel is answered before the page has moved: two paints later it has
        session = await self._tabs.session()
        two_paints = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
        await session.send("Runtime.evaluate", {"expression": two_paints, "awaitPromise": True})

    async def _type(self, act: Type[Point]) -> None:
        text = self._secrets.reveal(act.text)
        if act.at is not None:
            here = await self._call(act.at, "describe")
            if here["disabled"]:
                raise ActionError(
                    f"the {here['tag']} at ({act.at.x:.0f}, {act.at.y:.0f}) is disabled and takes no text"
                )
            if here["type"] in _VALUE_INPUTS:
                await self._set_value(act.at, text, act.text, here["type"])
                return
            await self._click(Click[Point](at=act.at))
            await self._check_focus(act.at, here)
            if act.replace:
                await self._page.keyboard.press("ControlOrMeta+a")
                self._note("keyboard", "press", "Control+a")
                if not text:
                    await self._chord("Delete")
        await self._keys(text)
        self._note("keyboard", "type", act.text)

    async def _keys(self, text: str) -> None:
        keyboard = self._page.keyboard
        if len(text) > _KEYED:
            await keyboard.insert_text(text[:-1])
            text = text[-1:]
        await keyboard.type(text)

    async def _check_focus(self, at: Point, here: dict[str, Any]) -> None:
        if self._tabs.dialog is not None or here["tag"] in OPAQUE:
            return
        if not await takes_text(self._page, await self._tabs.session()):
            what = f"{here['tag']} “{here['text']}”" if here["text"] else here["tag"]
            raise ActionError(
                f"what is at ({at.x:.0f}, {at.y:.0f}) takes no text: it is a {what}", remedy="type into a field"
            )

    async def _set_value(self, at: Point, value: str, shown: str, kind: str) -> None:
        answer = await self._call(at, "setValue", value)
        if "error" in answer:
            raise ActionError(f"the {kind} input does not take {shown!r}: it wants {_VALUE_INPUTS[kind]}")
        self._note("script", "set value", shown)

    async def _select(self, act: Select[Point]) -> None:
        answer = await self._call(act.at, "select", [self._secrets.reveal(option) for option in act.options])
        where = f"at ({act.at.x:.0f}, {act.at.y:.0f})"
        want = self._secrets.redact(str(answer.get("want", "")))
        match answer.get("error"):
            case None:
                self._note("script", "select", self._secrets.redact(", ".join(answer["chosen"])))
            case "no list":
                here = await self._call(act.at, "describe")
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
            case other:
                raise ActionError(f"the option {want!r} of the list {where} is {other}")

    async def _hold(self, act: Hold[Point]) -> None:
        if act.at is not None:
            await self._move(act.at)
            await self._down("left")
        keys = [key for chord in act.keys for key in parse_chord(chord)]
        for key in keys:
            await self._key_down(key)
        await asyncio.sleep(act.seconds)
        for key in reversed(keys):
            await self._key_up(key)
        if act.at is not None:
            await self._up("left")

    async def _travel(self, act: Navigate | Back | Forward | Reload | NewTab | SwitchTab | CloseTab) -> None:
        limit = self._timeout * 1000
        match act:
            case Navigate():
                await self.go(self._secrets.reveal(act.url))
            case Back():
                if (
                    await self._page.go_back(wait_until="commit", timeout=limit) is None
                    and self._page.url == "about:blank"
                ):
                    raise ActionError("there is no page to go back to")
            case Forward():
                await self._page.go_forward(wait_until="commit", timeout=limit)
            case Reload():
                await self._page.reload(wait_until="commit", timeout=limit)
            case NewTab():
                page = await self._page.context.new_page()
                await self._tabs.switch(page)
                if act.url is not None:
                    await self.go(self._secrets.reveal(act.url))
            case SwitchTab():
                await self._tabs.switch(self._tabs.find(act.tab))
            case CloseTab():
                await self._tabs.close_page(self._page if act.tab is None else self._tabs.find(act.tab))
        self._note("script", act.verb, act.url if isinstance(act, Navigate) else "")

    async def go(self, url: str) -> None:
        """Navigates, relative to the present page.

        Raises:
            ActionError: The page cannot be reached.
        """
        target = resolve_url(self._page.url, url)
        try:
            answer = await self._page.goto(target, wait_until="commit", timeout=self._timeout * 1000)
        except PlaywrightTimeout as error:
            raise ActionError(f"{target} did not answer within {self._timeout:g} s") from error
        except PlaywrightError as error:
            if "net::ERR_ABORTED" in error.message or "Download is starting" in error.message:
                # a download, or a page that navigated on at once: what there is will be seen
                return
            raise ActionError(f"{target} cannot be reached: {_reason(error)}") from error
        if answer is not None and answer.status_text.startswith(MARK):
            raise ActionError(f"{answer.url} cannot be reached: {answer.status_text.removeprefix(MARK)}")

    async def _upload(self, act: Upload[Point]) -> None:
        files = located(act.paths)
        said = await asyncio.to_thread(described, files)
        at = self._css(act.at)
        if not await self._tabs.upload(lambda: self._page.mouse.click(at.x, at.y), files):
            if not await drop(await self._tabs.session(), at, files):
                raise ActionError(
                    f"what is at ({act.at.x:.0f}, {act.at.y:.0f}) asks for no file, and takes none that is dropped on it"
                )
            self._note("mouse", "drop", f"{at.x:g},{at.y:g}")
        for each in said:
            self._note("script", "upload", each)

    async def _call(self, at: Point, function: str, *arguments: object) -> dict[str, Any]:
        answer = await call_at(self._page, await self._tabs.session(), self._css(at), function, *arguments)
        if answer is None:
            raise ActionError(f"there is nothing at ({at.x:.0f}, {at.y:.0f})")
        return answer

    def _css(self, point: Point) -> Point:
        css = self._to_input.point(point)
        if not (0 <= css.x < self._viewport.width and 0 <= css.y < self._viewport.height):
            raise ActionError(
                f"({point.x:.0f}, {point.y:.0f}) lies outside the frame",
                remedy="scroll it into view, or choose a point inside",
            )
        return css

    def _note(self, device: str, event: str, detail: str) -> None:
        self.sent.append(Sent(device=device, event=event, detail=detail))

    @property
    def _page(self) -> Page:
        return self._tabs.page


def resolve_url(base: str, url: str) -> str:
    """Where a navigation leads: by the page's own rules; a fresh tab has no base, and what is typed there is a host."""
    if "://" in url or url.startswith(("about:", "data:")):
        return url
    if base.startswith(("http://", "https://", "file://")):
        return urljoin(base, url)
    return f"http://{url}"


def _reason(error: PlaywrightError) -> str:
    text = error.message.split(" at ")[0].removeprefix("Page.goto: ")
    return text.splitlines()[0] if text else "no reason given"
