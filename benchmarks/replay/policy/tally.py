"""What the answers to a policy replay come to: counted, with intervals, and printed."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ....episodes.schema import EXIT_CODES, Scored, ScoringHeader
from ....tools.actions import Fail
from ....tools.words import cut
from ...progress import printable
from ...stats import Interval, spread, wilson

_SHOWN, _WHY = 20, 110


class Summary(NamedTuple):
    """What the answers come to.

    Attributes:
        items: Questions.
        right: Answers that score as right.
        wrong: All other answers, those that do not parse and those that give up among them.
        unparsed: Answers that say nothing that can be done.
        gave_up: Answers that say `Fail`, or that the policy could not give.
        infrastructure: Questions without an answer: nobody's failure, and not among the wrong ones.
        unasked: Of these, those that were not put any more, because nothing answered.
        parts: Name of a part → (its mean, over how many answers).
        by_verb: Verb of what was done → (right, answers).
        seconds: Median and 95th percentile of the time of an answer; None without any.
        tokens: Prompt and completion.
    """

    items: int
    right: int
    wrong: int
    unparsed: int
    gave_up: int
    infrastructure: int
    unasked: int
    parts: dict[str, tuple[float, int]]
    by_verb: dict[str, tuple[int, int]]
    seconds: tuple[float, float] | None
    tokens: tuple[int, int]

    @property
    def rate(self) -> float | None:
        """Share of right answers among all answers; None without any."""
        answers = self.right + self.wrong
        return self.right / answers if answers else None

    @property
    def interval(self) -> Interval | None:
        """95 % interval of `rate` (see `wilson`), as if the steps were independent; None without answers."""
        return wilson(self.right, self.right + self.wrong)


# see `Answered` of `bench_steps`
@dataclass(frozen=True, repr=False)
class PolicyReport:
    """What was asked and what came of it.

    Attributes:
        header: Who was asked what, what was left out, what the recording lacks.
        scored: Every answer and its score, in the order of the steps.
        items: How many questions there were.
        verbs: Item → the verb of what was done.
        out: Folder that holds the answers; None where they were not kept.
    """

    header: ScoringHeader
    scored: tuple[Scored, ...]
    items: int
    verbs: dict[str, str]
    out: Path | None = None

    def summary(self) -> Summary:
        """What the answers come to."""
        answers = [each for each in self.scored if each.prediction.failed != "infrastructure"]
        right = [each for each in answers if each.score.success]
        verbs = Counter(self.verbs.get(each.prediction.item, "") for each in answers)
        hits = Counter(self.verbs.get(each.prediction.item, "") for each in right)
        names = dict.fromkeys(name for each in answers for name in each.score.parts)
        values = {name: [each.score.parts[name] for each in answers if name in each.score.parts] for name in names}
        replies = [reply for each in self.scored for reply in each.prediction.replies]
        return Summary(
            items=self.items,
            right=len(right),
            wrong=len(answers) - len(right),
            unparsed=sum(each.prediction.failed == "parse" for each in answers),
            gave_up=sum(map(_gave_up, answers)),
            infrastructure=self.items - len(answers),
            unasked=self.items - len(self.scored),
            parts={name: (statistics.fmean(each), len(each)) for name, each in values.items()},
            by_verb={verb: (hits[verb], count) for verb, count in sorted(verbs.items())},
            seconds=spread([each.prediction.seconds for each in answers]),
            tokens=(sum(each.usage.prompt for each in replies), sum(each.usage.completion for each in replies)),
        )

    @property
    def exit_code(self) -> int:
        """0 somebody answered, 5 nobody did: a wrong answer is a measurement, not a failure of the command."""
        summary = self.summary()
        return EXIT_CODES["infrastructure"] if summary.infrastructure == summary.items else 0

    def line(self) -> str:
        """What it comes to, in one line."""
        summary = self.summary()
        answers = summary.right + summary.wrong
        rest = {
            "without an answer (infrastructure)": summary.infrastructure,
            "unparsed": summary.unparsed,
            "gave up": summary.gave_up,
            "left out": sum(self.header.left_out.values()),
        }
        told = "".join(f", {count} {name}" for name, count in rest.items() if count)
        return f"{summary.right} of {answers} right{_with_interval(summary.rate, summary.interval)}{told}"

    def print(self, console: Console) -> None:
        """Prints what was wrong, how often what was right, and what the recording lacks."""
        wrong = [each for each in self.scored if not each.score.success]
        for each in wrong[:_SHOWN]:
            failed = each.prediction.failed == "infrastructure"
            mark = Text("! " if failed else "✗ ", style="magenta" if failed else "red")
            verb = self.verbs.get(each.prediction.item, "")
            why = cut(printable(each.prediction.error or each.score.note), _WHY)
            console.print(mark.append(f"{each.prediction.item} ({verb}): {why}", style="default"), soft_wrap=True)
        if len(wrong) > _SHOWN:
            console.print(Text(f"  … and {len(wrong) - _SHOWN} more", style="dim"))
        summary = self.summary()
        console.print(_by_verb(summary))
        for why, count in self.header.left_out.items():
            console.print(Text(f"! {count} × left out: {printable(why)}", style="yellow"), soft_wrap=True)
        for name, what in self.header.lacks.items():
            console.print(Text(f"! {name}: {printable(what)}", style="yellow"), soft_wrap=True)
        console.print(Text(self.line(), style="bold"), soft_wrap=True)
        for text in _asides(summary, self.out):
            console.print(Text(f"  {text}"), soft_wrap=True)


def _gave_up(each: Scored) -> bool:
    said = each.prediction
    return said.failed == "action" or (said.decision is not None and isinstance(said.decision.intent, Fail))


def _with_interval(rate: float | None, interval: Interval | None) -> str:
    return f" = {rate:.1%} (95 %: {interval.low:.1%}–{interval.high:.1%})" if rate is not None and interval else ""


def _by_verb(summary: Summary) -> Table:
    table = Table("verb", "right", "of", "", box=box.SIMPLE_HEAD, pad_edge=False)
    for verb, (right, answers) in summary.by_verb.items():
        table.add_row(verb, str(right), str(answers), Text(_with_interval(right / answers, wilson(right, answers))[3:]))
    return table


def _asides(summary: Summary, out: Path | None) -> list[str]:
    told = []
    if summary.parts:
        told.append(", ".join(f"{name} {mean:.3f} ({count})" for name, (mean, count) in summary.parts.items()))
    if summary.seconds is not None:
        told.append(
            f"{summary.seconds[0]:.2f} s an answer (median), {summary.seconds[1]:.2f} s (95th percentile),"
            f" {summary.tokens[0]:,} tokens in, {summary.tokens[1]:,} out"
        )
    if out is not None:
        told.append(f"answers  {out}")
    return told
