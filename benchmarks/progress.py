"""What a person sees while tasks run: a line a step, and how it ended."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ..agent.network import notes_of
from ..episodes.schema import Found, Step
from ..tools.actions import Read, places
from ..tools.geometry import Point
from ..tools.words import cut, in_words, one_line
from .batch import Result

_COLORS = {"passed": "green", "failed": "red", "refused": "yellow", "unverified": "yellow", "infrastructure": "magenta"}
_WHAT = 62
_THOUGHT = 110
_WIPE = "\r\x1b[2K"


class Progress:
    """Prints to the terminal; colours only where there is one.

    Args:
        console: Where to.
        label: Put before each line, when several tasks run side by side.
    """

    def __init__(self, console: Console, label: str = "") -> None:
        self._console = console
        self._label = f"{label:<14} " if label else ""

    def step(self, step: Step) -> None:
        """One line: number, what, where, how long."""
        wipe(self._console)
        line = Text(f"{self._label}{step.index:>4}  ", style="dim")
        what = in_words(step.decision.intent, _WHAT, step.saw.titles)
        style = "red" if step.error is not None else ("cyan" if isinstance(step.decision.intent, Read) else "")
        line.append(f"{what:<{_WHAT}}", style=style)
        line.append(f" {_where(step):<14}", style="dim")
        line.append(f" {step.seconds:6.2f} s", style="dim")
        if step.thought:
            self._console.print(
                Text(f"{self._label}      {cut(step.thought, _THOUGHT)}", style="dim italic"), soft_wrap=True
            )
        self._console.print(line, soft_wrap=True)
        if step.error is not None:
            self._console.print(Text(f"{self._label}      ✗ {step.error.message}", style="red"), soft_wrap=True)
            if step.error.remedy:
                self._console.print(Text(f"{self._label}        {step.error.remedy}", style="yellow"), soft_wrap=True)


class Ticker:
    """The last words of what a model is writing, on a line that is wiped before anything else is printed; nothing without a terminal.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, text: str) -> None:
        """Shows the end of the text so far."""
        if self._console.is_terminal:
            room = max(10, self._console.width - 4)
            self._console.file.write(f"{_WIPE}  \x1b[2m{printable(text)[-room:]}\x1b[0m")
            self._console.file.flush()


def wipe(console: Console) -> None:
    """Takes away what a `Ticker` shows."""
    if console.is_terminal:
        console.file.write(_WIPE)


def printable(text: str) -> str:
    """One line that cannot steer a terminal: a model's words may hold anything."""
    return "".join(char if char.isprintable() else " " for char in one_line(text))


def _where(step: Step) -> str:
    points = [each for each in places(step.action) if isinstance(each, Point)] if step.action is not None else []
    if not points or not step.located:
        # a place that was given as a point stands in the words already
        return ""
    source = next((each.place.source for each in step.located if isinstance(each, Found)), "")
    return f"({points[0].x:.0f}, {points[0].y:.0f}) {source}".strip()


def print_result(console: Console, result: Result, *, brief: bool = False) -> None:
    """How a run ended: status, postconditions, where the episode is and the command that shows it."""
    wipe(console)
    if result.error is not None:
        console.print(Text(f"✗ {result.run.task.name}: {result.error}", style="red"), soft_wrap=True)
        return
    assert result.episode is not None
    outcome = result.episode.outcome
    assert outcome is not None
    color = _COLORS[outcome.status]
    head = Text(f"{outcome.status}", style=f"bold {color}")
    head.append(f"  {result.run.task.name}  {outcome.steps} steps in {outcome.seconds:.1f} s", style="default not bold")
    console.print(head, soft_wrap=True)
    if outcome.status != "passed" and outcome.message:
        console.print(Text(f"  {outcome.message}"), soft_wrap=True)
        if outcome.problem is not None and outcome.problem.remedy and outcome.problem.message == outcome.message:
            console.print(Text(f"  {outcome.problem.remedy}", style="yellow"), soft_wrap=True)
    for verdict in outcome.verdicts:
        mark, style = ("✓", "green") if verdict.held else ("✗", "red")
        console.print(Text(f"  {mark} {verdict.check}", style=style), soft_wrap=True)
    for note in notes_of(outcome.network):
        console.print(Text(f"  ! {printable(note)}", style="yellow"), soft_wrap=True)
    for warning in result.episode.warnings:
        console.print(Text(f"  ! {warning}", style="yellow"), soft_wrap=True)
    if not brief:
        _show_where(console, result.episode.path)


def _show_where(console: Console, path: Path) -> None:
    """Where the episode is, and how to look at it."""
    console.print(Text(f"  episode  {path}"), soft_wrap=True)
    console.print(Text(f"  look     {_command()} view {shlex.quote(str(path))}"), soft_wrap=True)


def _command() -> str:
    """How this program is called from here: by name where the shell would find it, else by its path."""
    script = Path(sys.executable).with_name("handeye")
    if shutil.which("handeye") == str(script):
        return "handeye"
    if not script.exists():
        return f"{shlex.quote(sys.executable)} -m handeye"
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
