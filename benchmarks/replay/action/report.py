"""What a replay found, step by step, and how that is shown and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ....episodes.reader import Episode
from ....episodes.schema import EXIT_CODES, GOES_THROUGH, DriftVerdict, Replayed, Status
from ....tools.words import cut, in_words
from ...progress import printable

_COLORS = {"identical": "green", "cosmetic": "green", "target-moved": "cyan"}
_WHAT, _WHY = 44, 70


class StepVerdict(NamedTuple):
    """One recorded step, as the replay met it.

    Attributes:
        step: Its index in the recording; one more than the last stands for the end.
        what: What it does, in words.
        verdict: How it was found.
        why: By what that was decided.
        repaired: Its target was grounded anew.
        replayed: All that was found.
    """

    step: int
    what: str
    verdict: DriftVerdict
    why: str
    repaired: bool
    replayed: Replayed

    @property
    def through(self) -> bool:
        """Whether it was done, by what was recorded alone."""
        return self.verdict in GOES_THROUGH and not self.repaired


@dataclass(frozen=True)
class Report:
    """What a replay found; iterating gives the verdict of each step.

    Attributes:
        mode: How it was replayed.
        recorded: The episode that was replayed, and `episode` the new one, which has what happened.
        verdicts: Of the steps that were met, in order.
        notes: What the recording lacks, what was left out.
    """

    mode: str
    recorded: Path
    episode: Episode
    verdicts: tuple[StepVerdict, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[StepVerdict]:
        return iter(self.verdicts)

    @property
    def status(self) -> str:
        """``passed``, ``repaired``, ``diverged``, or what the run itself came to: ``failed``, ``refused``, ``infrastructure``."""
        outcome = self.episode.outcome
        ran: Status = outcome.status if outcome is not None else "infrastructure"
        if ran in ("infrastructure", "refused"):
            return ran
        first = self.first_divergence
        if first is not None and not first.repaired:
            used = outcome.network if outcome is not None else None
            return "infrastructure" if used is not None and used.misses else "diverged"
        if ran == "failed":
            return "failed"
        if outcome is not None and outcome.stop == "interrupted":
            return "unverified"
        return "repaired" if first is not None else "passed"

    @property
    def first_divergence(self) -> StepVerdict | None:
        """The first step that could not be done by what was recorded; one that was repaired only if no later one stopped the replay."""
        stopped = next((each for each in self.verdicts if not each.through and not each.repaired), None)
        return stopped or next((each for each in self.verdicts if not each.through), None)

    @property
    def exit_code(self) -> int:
        """0 every step went through and every postcondition held, 1 it diverged or was repaired; refused 3, cut off 4, infrastructure 5."""
        codes: dict[str, int] = {**{str(name): code for name, code in EXIT_CODES.items()}, "repaired": 1, "diverged": 1}
        return codes[self.status]

    def print(self, console: Console) -> None:
        """Prints a line for each step and what it comes to."""
        table = Table("step", "", "verdict", "by", box=box.SIMPLE_HEAD, pad_edge=False)
        for each in self.verdicts:
            style = "yellow" if each.repaired else _COLORS.get(each.verdict, "red")
            verdict = f"{each.verdict}, repaired" if each.repaired else each.verdict
            table.add_row(
                Text(str(each.step), style="dim"),
                Text(cut(printable(each.what), _WHAT)),
                Text(verdict, style=style),
                Text(cut(printable(each.why), _WHY), style="dim"),
            )
        console.print(table)
        for note in self.notes:
            console.print(Text(f"! {printable(note)}", style="yellow"), soft_wrap=True)
        counts = Counter(each.verdict for each in self.verdicts)
        head = Text(self.status, style=f"bold {'green' if self.status == 'passed' else 'red'}")
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        head.append(f"  {told or 'no step was met'}", style="default not bold")
        console.print(head, soft_wrap=True)
        first = self.first_divergence
        if first is not None:
            where = f"first divergence: step {first.step} ({printable(first.what)})"
            console.print(Text(f"  {where}: {first.verdict}: {printable(first.why)}", style="red"), soft_wrap=True)
        outcome = self.episode.outcome
        if outcome is not None:
            for held in outcome.verdicts:
                mark, style = ("✓", "green") if held.held else ("✗", "red")
                console.print(Text(f"  {mark} {printable(str(held.check))}", style=style), soft_wrap=True)
            if outcome.status == "infrastructure":
                console.print(Text(f"  {printable(outcome.message)}", style="magenta"), soft_wrap=True)
        console.print(Text(f"  recorded {self.recorded}\n  replayed {self.episode.path}"), soft_wrap=True)


def verdicts_of(recorded: Episode, replayed: Episode) -> tuple[StepVerdict, ...]:
    """The verdict of each step of a recording that a replay met: its last, where it was met more than once."""
    known = {step.index: step for step in recorded.steps}
    found: dict[int, StepVerdict] = {}
    for step in replayed.steps:
        again = step.decision.replayed
        if again is None or again.verdict is None:
            continue
        before = known.get(again.step)
        what = in_words(before.decision.intent) if before is not None else "the end"
        found[again.step] = StepVerdict(again.step, what, again.verdict, again.why, again.repaired, again)
    return tuple(found.values())
