"""What of the past a model sees: a line for each step, only ever added to, and at most so many frames, let go of in blocks.

A server keeps the beginning of a prompt that it has read before. So the past stands before the newest frame and only grows; when there is
too much of it, many lines go at once, and all frames but the newest: letting go of one a step would change the prompt near its
beginning at every step, and all behind it would be read anew. (docs/models.md has the measurement.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..episodes.schema import Dialog, Observation, Step
from ..tools.actions import AskUser, Read
from ..tools.words import cut, in_words, one_line

FAILED = "FAILED"
"""Stands in the line of a step that could not be done."""

_LINE = 220
"""Characters of one line at most."""
_KEPT = 10
"""Lines that always stay."""
_BLOCK = 20
"""Lines that go at once."""


class Turn(NamedTuple):
    """One past step.

    Attributes:
        text: What was done and what came of it.
        frame: The observation it was decided on, when its frame is still shown.
    """

    text: str
    frame: Observation | None = None


class History(NamedTuple):
    """The past as it is shown.

    Attributes:
        turns: Oldest first.
        dropped: How many steps before them are not shown.
    """

    turns: tuple[Turn, ...] = ()
    dropped: int = 0


def recall(past: Sequence[Step], frames: int = 1) -> History:
    """What to show of ``past`` when at most ``frames`` frames are shown, the newest among them."""
    # blocks are counted from the first step, so that each step sees the same beginning as the one before it
    first = len(past) // frames * frames
    dropped = max(0, (len(past) - _KEPT) // _BLOCK * _BLOCK)
    turns = [Turn(line(step), step.saw if step.index >= first else None) for step in past[dropped:]]
    return History(tuple(turns), dropped)


def line(step: Step) -> str:
    """``3. Click “Add to cart” → the page is now /cart``: what was done, why it failed or what changed."""
    return cut(f"{step.index}. {in_words(step.decision.intent, 120)} → {one_line(_outcome(step))}", _LINE)


def _outcome(step: Step) -> str:
    if step.error is not None:
        return f"{FAILED}: {step.error.message}"
    match step.decision.intent:
        case AskUser():
            answer = next((word.text for word in reversed(step.words) if word.kind == "answered"), "")
            return f"the person answered: {answer}"
        case Read():
            return "kept"
        case _:
            pass
    saw, left = step.saw, step.left
    if left is None:
        return "unknown"
    if left.url != saw.url:
        return f"the page is now {left.url}"
    if left.dialog is not None:
        return "a dialog opened"
    return "done" if left.frame.sha256 != saw.frame.sha256 else "done, nothing changed on the screen"


def facts(now: Observation) -> str:
    """What is known of the newest observation beside its pixels, a line each."""
    lines = []
    if now.url:
        lines.append(f"URL: {cut(now.url, 200)}")
    if now.title:
        lines.append(f"Title: {cut(now.title, 120)}")
    if len(now.tabs) > 1:
        tabs = [f"{tab.id} “{cut(tab.title or tab.url, 50)}”{' (shown)' if tab.active else ''}" for tab in now.tabs]
        lines.append(f"Tabs: {'; '.join(tabs[-8:])}")
    for window in now.windows[:12]:
        lines.append(f"Window {window.id}: “{cut(window.title, 60)}”{' (active)' if window.active else ''}")
    if now.dialog is not None:
        lines.append(_dialog(now.dialog, now))
    lines += [f"Meanwhile: {event.kind} {cut(event.detail, 100)}" for event in now.events[-5:]]
    if not (now.settled.ok or now.settled.elsewhere):
        lines.append(f"The screen still moves: {cut(now.settled.why, 80)}")
    return "\n".join(map(one_line, lines))


_ANSWERS = {
    "alert": "accept it",
    "confirm": "accept or dismiss it",
    "prompt": "accept it with text, or dismiss it",
    "beforeunload": "accept to leave, dismiss to stay",
    "auth": "accept it with text (the user name) and password, or dismiss it",
    "permission": "accept to allow, dismiss to block",
    "files": "accept it with paths, or dismiss it",
    "print": "accept to print, dismiss to cancel",
}


def _dialog(dialog: Dialog, now: Observation) -> str:
    """That a dialog waits, whose it is, and how it is answered."""
    shown = next((tab.id for tab in now.tabs if tab.active), "")
    whose = f" of tab {dialog.tab}" if dialog.tab not in ("", shown) else ""
    does = "blocks the page" if dialog.blocks else "waits"
    holds = f" It holds “{cut(dialog.default, 60)}”." if dialog.default else ""
    return (
        f"A {dialog.kind} dialog{whose} {does}: “{cut(dialog.message, 200)}”.{holds}"
        f" Answer it with answer_dialog: {_ANSWERS[dialog.kind]}."
    )
