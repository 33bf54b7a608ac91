"""Steps of an episode as statements of Playwright's Python."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...tools.actions import (
    AnswerDialog,
    Back,
    Click,
    CloseTab,
    Drag,
    Forward,
    Hold,
    Hover,
    Intent,
    Key,
    Move,
    Navigate,
    NewTab,
    Place,
    Press,
    Read,
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
from ...tools.geometry import Point
from ...tools.keys import for_playwright, parse_chord
from ...tools.words import in_words
from ..schema import Step, Tab
from .outgoing import comment
from .recording import Tally
from .targets import Handle, act_of, handles

_PLACEHOLDER = re.compile(r"<secret:([A-Za-z_][A-Za-z0-9_]*)>")
_DIALOGS = ("alert", "confirm", "prompt", "beforeunload")


def literal(text: str) -> str:
    """A text as a Python literal of one line, also one with half of a surrogate pair."""
    return ascii(text) if not text.isprintable() else repr(text)


class Lines:
    """Writes statements; what they need to know of each other is here.

    Args:
        base: Origin that the script can be moved away from (``BASE``); empty when there is none.
        secrets: Name → environment variable.
        tally: Where losses are counted.
    """

    def __init__(self, base: str, secrets: Mapping[str, str], tally: Tally) -> None:
        self._base = base
        self._secrets = secrets
        self._tally = tally

    def text(self, text: str) -> str:
        """An expression for a text; placeholders of secrets become what the environment holds."""
        parts = _PLACEHOLDER.split(text)
        said = [
            f"os.environ[{literal(self._secrets.get(part, part.upper()))}]" if odd % 2 else literal(part)
            for odd, part in enumerate(parts)
            if part
        ]
        return " + ".join(said) or "''"

    def url(self, url: str) -> str:
        """An expression for an address."""
        if self._base and (url == self._base or url.startswith(f"{self._base}/")):
            rest = url[len(self._base) :]
            return f"BASE + {self.text(rest)}" if rest else "BASE"
        return self.text(url)

    def of(self, step: Step, after: Step | None) -> list[str]:
        """The statements for a step.

        Args:
            step: What was done.
            after: The step after it, which may answer the dialog that this one opened.
        """
        verb = act_of(step)
        said = comment(f"{step.index}. {in_words(step.decision.intent, 200)}")
        if step.error is not None:
            self._tally.lose("a step that failed")
            return [comment(f"{step.index}. failed and is left out: {in_words(step.decision.intent, 200)}")]
        lines = self._verb(verb, step)
        if not lines:
            return [said]
        before = _dialog(step, after, self)
        opened = _opened(step)
        if opened is not None and not isinstance(verb, NewTab | SwitchTab | CloseTab):
            lines = ["with page.expect_popup() as popup:", *(f"    {line}" for line in lines), "page = popup.value"]
        return [said, *before, *lines]

    def _verb(self, verb: Intent, step: Step) -> list[str]:
        found = handles(step)
        match verb:
            case Click():
                return self._click(verb, found[0])
            case Hover() | Move():
                return self._pointed(found[0], "hover()", "move")
            case Press():
                at = found[0].point
                return [*_moved(at), f"page.mouse.down(button={verb.button!r})"] if at else self._nothing(verb)
            case Release():
                at = found[0].point if found else None
                return [*_moved(at), f"page.mouse.up(button={verb.button!r})"]
            case Drag():
                return self._drag(verb, found)
            case Scroll():
                at = found[0].point if found else None
                dx, dy = self._length(verb, step)
                return [*_moved(at), f"page.mouse.wheel({dx}, {dy})"]
            case Type():
                return self._type(verb, found[0] if found else None)
            case Key():
                return [f"page.keyboard.press({literal(each)})" for each in self._chords(verb.keys)]
            case Hold():
                return self._hold(verb, found)
            case Select():
                where = self.locator(found[0])
                return (
                    [f"{where}.select_option([{', '.join(map(self.text, verb.options))}])"]
                    if where
                    else self._nothing(verb)
                )
            case Wait():
                return self._wait(verb, found)
            case Upload():
                where = self.locator(found[0])
                return (
                    [f"{where}.set_input_files([{', '.join(map(self.text, verb.paths))}])"]
                    if where
                    else self._nothing(verb)
                )
            case _:
                return self._placeless(verb, step)

    def _placeless(self, verb: Intent, step: Step) -> list[str]:
        match verb:
            case Navigate():
                return [
                    f"page.goto({self.url(step.left.url if step.left is not None and not _absolute(verb.url) else verb.url)})"
                ]
            case Back():
                return ["page.go_back()"]
            case Forward():
                return ["page.go_forward()"]
            case Reload():
                return ["page.reload()"]
            case NewTab():
                return ["page = page.context.new_page()", *([f"page.goto({self.url(verb.url)})"] if verb.url else [])]
            case SwitchTab() | CloseTab():
                return self._tab(verb, step)
            case AnswerDialog():
                kind = step.saw.dialog.kind if step.saw.dialog is not None else ""
                # a dialog of the page was answered where it opened
                return [] if kind in _DIALOGS else self._nothing(verb)
            case Read():
                self._tally.lose("what was read off the screen (a comment)")
                return []
            case _:
                return []

    def _nothing(self, verb: Intent) -> list[str]:
        self._tally.lose(f"{verb.verb}: nothing in the episode says how Playwright would do it (a comment)")
        return []

    def locator(self, handle: Handle, page: str = "page") -> str:
        """An expression that finds a target; empty where only pixels are known."""
        for frame in handle.frames:
            if not frame.css:
                return ""
            page += f".frame_locator({literal(frame.css)})"
        if handle.words and handle.name:
            return f"{page}.get_by_text({literal(handle.name)}).first"
        if handle.role and handle.name:
            found = f"{page}.get_by_role({literal(handle.role)}, name={literal(handle.name)}, exact=True)"
            return f"{found}.nth({handle.nth})" if handle.alike > 1 or handle.nth else found
        if handle.css:
            return f"{page}.locator({literal(handle.css)})"
        if handle.name:
            # nobody knows more of it than what it is called
            return f"{page}.get_by_label({literal(handle.name)}).or_({page}.get_by_text({literal(handle.name)})).first"
        return ""

    def _click(self, verb: Click[Place], handle: Handle) -> list[str]:
        given = [f"button={verb.button!r}"] if verb.button != "left" else []
        where = self.locator(handle)
        if where:
            given += [f"click_count={verb.count}"] if verb.count > 1 else []
            given += [f"modifiers={list(verb.modifiers)!r}"] if verb.modifiers else []
            return [f"{where}.click({', '.join(given)})"]
        if handle.point is None:
            return self._nothing(verb)
        self._tally.lose("a target that is known by its pixels only")
        given += [f"click_count={verb.count}"] if verb.count > 1 else []
        clicked = (
            f"page.mouse.click({', '.join([_xy(handle.point), *given])})  # by pixels: the episode has no name of it"
        )
        down = [f"page.keyboard.down({each!r})" for each in verb.modifiers]
        return [*down, clicked, *(f"page.keyboard.up({each!r})" for each in reversed(verb.modifiers))]

    def _pointed(self, handle: Handle, call: str, verb: str) -> list[str]:
        where = self.locator(handle)
        if where:
            return [f"{where}.{call}"]
        if handle.point is None:
            self._tally.lose(f"{verb}: its place is not known (a comment)")
            return []
        return _moved(handle.point)

    def _drag(self, verb: Drag[Place], found: tuple[Handle, ...]) -> list[str]:
        where = [self.locator(each) for each in found]
        if len(found) == 2 and all(where) and verb.button == "left" and not verb.modifiers:
            return [f"{where[0]}.drag_to({where[1]})"]
        if any(each.point is None for each in found):
            return self._nothing(verb)
        first, *rest = [each.point for each in found if each.point is not None]
        held = [f"page.keyboard.down({each!r})" for each in verb.modifiers]
        freed = [f"page.keyboard.up({each!r})" for each in reversed(verb.modifiers)]
        moves = [f"page.mouse.move({_xy(each)}, steps=10)" for each in rest]
        button = f"button={verb.button!r}"
        return [*held, *_moved(first), f"page.mouse.down({button})", *moves, f"page.mouse.up({button})", *freed]

    def _type(self, verb: Type[Place], handle: Handle | None) -> list[str]:
        lines: list[str] = []
        first, *rest = (
            verb.text.split("\n")
            if handle is None or handle.tag != "textarea" or len(verb.text) <= 200
            else (verb.text,)
        )
        where = self.locator(handle) if handle is not None else ""
        if where and verb.replace:
            lines.append(f"{where}.fill({self.text(first)})")
        else:
            if where:
                lines.append(f"{where}.click()")
            elif handle is not None and handle.point is not None:
                self._tally.lose("a target that is known by its pixels only")
                lines.append(f"page.mouse.click({_xy(handle.point)})  # by pixels: the episode has no name of it")
                lines += ["page.keyboard.press('Control+a')"] if verb.replace else []
            elif handle is not None:
                return self._nothing(verb)
            lines += [f"page.keyboard.type({self.text(first)})"] if first else []
        for each in rest:
            lines.append("page.keyboard.press('Enter')")
            lines += [f"page.keyboard.type({self.text(each)})"] if each else []
        return lines

    def _chords(self, keys: tuple[str, ...]) -> list[str]:
        found = []
        for chord in keys:
            parts = parse_chord(chord)
            try:
                found.append(
                    "+".join(for_playwright(key, shifted="Shift" in parts and key != "Shift") for key in parts)
                )
            except ActionError:
                self._tally.lose(f"the key {chord}: the browser's keyboard does not have it")
        return found

    def _hold(self, verb: Hold[Place], found: tuple[Handle, ...]) -> list[str]:
        wait = f"page.wait_for_timeout({round(verb.seconds * 1000)})"
        keys = [key for chord in self._chords(verb.keys) for key in chord.split("+")]
        down = [f"page.keyboard.down({literal(key)})" for key in keys]
        up = [f"page.keyboard.up({literal(key)})" for key in reversed(keys)]
        if found and found[0].point is None:
            return self._nothing(verb)
        pressed = [*_moved(found[0].point), "page.mouse.down()"] if found else []
        return [*down, *pressed, wait, *(["page.mouse.up()"] if found else []), *up]

    def _wait(self, verb: Wait[Place], found: tuple[Handle, ...]) -> list[str]:
        timeout = round(verb.seconds * 1000)
        if not found:
            return [f"page.wait_for_timeout({timeout})"]
        where = self.locator(found[0])
        if not where:
            return self._nothing(verb)
        state = "to_be_hidden" if verb.gone else "to_be_visible"
        return [f"expect({where}).{state}(timeout={timeout})"]

    def _tab(self, verb: SwitchTab | CloseTab, step: Step) -> list[str]:
        ids = [each.id for each in step.saw.tabs]
        active = next((each.id for each in step.saw.tabs if each.active), ids[0] if ids else "")
        name = verb.tab or active
        if name not in ids:
            return self._nothing(verb)
        tab = f"page.context.pages[{ids.index(name)}]"
        if isinstance(verb, SwitchTab):
            return [f"page = {tab}", "page.bring_to_front()"]
        left = _active(step.left.tabs) if step.left is not None else None
        context = ["context = page.context", f"context.pages[{ids.index(name)}].close()"]
        if left is None or step.left is None:
            return [*context, "page = context.pages[-1]"]
        return [*context, f"page = context.pages[{[each.id for each in step.left.tabs].index(left.id)}]"]

    def _length(self, verb: Scroll[Place], step: Step) -> tuple[str, str]:
        scale = step.saw.surfaces[0].to_input
        return f"{round(verb.dx * scale.scale_x, 3):g}", f"{round(verb.dy * scale.scale_y, 3):g}"


def _absolute(url: str) -> bool:
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", url) is not None


def _xy(point: Point) -> str:
    return f"{round(point.x, 2):g}, {round(point.y, 2):g}"


def _moved(point: Point | None) -> list[str]:
    return [f"page.mouse.move({_xy(point)})"] if point is not None else []


def _active(tabs: tuple[Tab, ...]) -> Tab | None:
    return next((each for each in tabs if each.active), None)


def _opened(step: Step) -> Tab | None:
    """The tab that the step opened, and that was looked at afterwards."""
    if step.left is None or step.left is step.saw:
        return None
    shown = _active(step.left.tabs)
    return (
        shown if shown is not None and step.saw.tabs and shown.id not in {each.id for each in step.saw.tabs} else None
    )


def _dialog(step: Step, after: Step | None, lines: Lines) -> list[str]:
    """What answers the dialog that the step opens: Playwright wants to know before."""
    dialog = step.left.dialog if step.left is not None else None
    if dialog is None or dialog.kind not in _DIALOGS or (step.saw.dialog is not None and step.saw.dialog == dialog):
        return []
    answer = after.decision.intent if after is not None else None
    if not isinstance(answer, AnswerDialog):
        return []
    text = lines.text(answer.text) if answer.text is not None else ""
    return [f"page.once('dialog', lambda dialog: dialog.{f'accept({text})' if answer.accept else 'dismiss()'})"]
