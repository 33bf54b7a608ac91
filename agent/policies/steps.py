"""A step of a script as a verb: its texts filled in, its things described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...episodes.schema import Observation
from ...episodes.schema.script import (
    AnswerDialogStep,
    AnswerStep,
    ClickStep,
    DragStep,
    FailStep,
    HoldStep,
    HoverStep,
    KeyStep,
    NavigateStep,
    NewTabStep,
    ScriptStep,
    ScrollStep,
    SelectStep,
    Spot,
    TypeStep,
    UploadStep,
    WaitStep,
)
from ...tools.actions import (
    Answer,
    AnswerDialog,
    Back,
    Click,
    CloseTab,
    Drag,
    Fail,
    Forward,
    Hold,
    Hover,
    IntendedAct,
    Key,
    Navigate,
    NewTab,
    Place,
    Reload,
    Say,
    Scroll,
    Select,
    Target,
    Type,
    Upload,
    Wait,
)
from ...tools.geometry import Point
from .fill import fill


class Words:
    """Fills the texts of steps with values.

    Args:
        values: Inputs, placeholders of secrets, what was read, the variables of loops. A name that is not there, because a branch that
            was not taken would have read it, is empty.
    """

    def __init__(self, values: Mapping[str, str | list[str]]) -> None:
        self.values = values
        self._lenient = _Lenient(values)

    def fill(self, text: str) -> str:
        """The text with every ``{name}`` replaced."""
        return fill(text, self._lenient)

    def pattern(self, text: str) -> str:
        """A regular expression with every ``{name}`` that has a value replaced by it, taken literally."""

        def literal(match: re.Match[str]) -> str:
            value = self.values.get(match[1])
            if value is None:
                return match[0]
            return re.escape(value if isinstance(value, str) else ", ".join(value))

        return re.sub(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", literal, text)

    def target(self, step: Any, text: str, role: str | None = None) -> Target:
        """What ``text`` names, told from others by the step's ``near``, ``inside``, ``nth`` and ``role``."""
        return Target(
            description=self.fill(text),
            near=None if step.near is None else self.fill(step.near),
            inside=None if step.inside is None else self.fill(step.inside),
            nth=step.nth,
            role=role if step.role is None else self.fill(step.role),
        )


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def verb_of(step: ScriptStep, words: Words, now: Observation) -> IntendedAct | Say:
    """The verb that a step stands for; those that depend on what is seen or remembered are the policy's own."""

    def target(text: str | None, role: str | None = None) -> Target:
        assert text is not None
        return words.target(step, text, role)

    def place(what: str | Spot) -> Place:
        return target(what) if isinstance(what, str) else Point(x=what[0], y=what[1])

    match step:
        case "back":
            return Back()
        case "forward":
            return Forward()
        case "reload":
            return Reload()
        case "close_tab":
            return CloseTab()
        case ClickStep():
            return Click[Place](at=place(step.click), button=step.button, count=step.count, modifiers=step.modifiers)
        case HoverStep():
            return Hover[Place](at=target(step.hover))
        case TypeStep():
            at = None if step.into is None else target(step.into, "field")
            return Type[Place](text=words.fill(step.type), at=at, replace=step.replace and at is not None)
        case KeyStep():
            return Key(keys=(step.key,) if isinstance(step.key, str) else step.key)
        case HoldStep():
            at = None if step.on is None else target(step.on)
            return Hold[Place](keys=() if step.hold is None else (step.hold,), at=at, seconds=step.seconds)
        case SelectStep():
            options = (step.select,) if isinstance(step.select, str) else step.select
            return Select[Place](at=target(step.from_, "choice"), options=tuple(words.fill(each) for each in options))
        case DragStep():
            to = Target(description=words.fill(step.to)) if isinstance(step.to, str) else place(step.to)
            return Drag[Place](path=(place(step.drag), to))
        case ScrollStep():
            over = None if step.over is None else place(step.over)
            return Scroll[Place](at=over, **_wheel(step, now))
        case WaitStep(wait=float(seconds)):
            return Wait[Place](seconds=seconds)
        case WaitStep(wait=what):
            assert not isinstance(what, float)
            what_for = words.target(what, what.text or what.gone or "", "words")
            return Wait[Place](for_=what_for, seconds=what.seconds, gone=what.gone is not None)
        case NavigateStep():
            return Navigate(url=words.fill(step.navigate))
        case NewTabStep():
            return NewTab(url=None if step.new_tab is None else words.fill(step.new_tab))
        case UploadStep():
            paths = (step.upload,) if isinstance(step.upload, str) else step.upload
            return Upload[Place](at=target(step.into), paths=tuple(words.fill(each) for each in paths))
        case AnswerDialogStep():
            text, password = (None if each is None else words.fill(each) for each in (step.text, step.password))
            files = (step.files,) if isinstance(step.files, str) else step.files
            return AnswerDialog(
                accept=step.answer_dialog == "accept",
                text=text,
                password=password,
                paths=tuple(words.fill(each) for each in files),
            )
        case AnswerStep():
            return Answer(text=words.fill(step.answer))
        case FailStep():
            return Fail(reason=words.fill(step.fail))
        case _:
            raise AssertionError(f"{step!r} is handled before")


def _wheel(step: ScrollStep, now: Observation) -> dict[str, float]:
    across = step.scroll in ("left", "right")
    amount = step.by if step.by is not None else (now.frame.width if across else now.frame.height) * 0.8
    signed = amount if step.scroll in ("down", "right") else -amount
    return {"dx": signed} if across else {"dy": signed}
