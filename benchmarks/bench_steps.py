"""What ``handeye bench`` does with a suite of questions: who answers, where answers are kept, what they come to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ..agent.face import new_folder
from ..agent.policies.model import Thinking
from ..agent.versions import host, versions
from ..episodes.claim import unwritable
from ..episodes.schema import EXIT_CODES, FORMAT, Item, Prediction, Scored, ScoringHeader
from ..tools.errors import UsageError
from ..tools.words import slug
from .commands import section, setting
from .progress import Ticker, wipe
from .replay.policy.mode import Asked, PolicyOptions
from .replay.policy.scoring import Pace, score
from .report.figures import summary_json
from .report.read import FIGURES, answers
from .report.summary import Summary, summarize
from .report.terminal import show
from .suites.baselines import BASELINES, baseline
from .suites.reading import Data, open_data
from .suites.step_names import open_steps
from .suites.steps import BenchSteps, Choice, Part, described


# asyncio writes out the result of a run when it ends, to look a handler up, and throws that away: seconds for ten thousand answers
@dataclass(frozen=True, repr=False)
class Answered:
    """What came of the questions of a suite.

    Attributes:
        scored: Every answer and its score, in the order of the questions.
        summary: What they come to.
    """

    scored: tuple[Scored, ...]
    summary: Summary

    @property
    def exit_code(self) -> int:
        """0 somebody answered, 5 nobody did."""
        nobody = self.summary.rows == self.summary.all.infrastructure
        return EXIT_CODES["infrastructure"] if self.summary.planned and nobody else 0


@dataclass(frozen=True)
class StepWords:
    """Options of ``handeye bench`` for a suite of questions.

    Attributes:
        data: Folder of the data set, or ``hf:OWNER/NAME``.
        policy: ``random``, ``centre``, ``oracle``, or the address or name of a model.
        choice: What is asked of the data.
        out: Folder for answers and scores; one that holds some is gone on with.
        concurrency: How many questions at once; None is as many as the pace of a replay has.
        thinking: How a model plans.
        dialect: What it speaks.
    """

    data: str
    policy: str = "random"
    choice: Choice = field(default_factory=Choice)
    out: Path | None = None
    concurrency: int | None = None
    thinking: Thinking = field(default_factory=Thinking)
    dialect: str | None = None

    def choosing(self, *, limit: int | None, shard: str | None, seed: int, config: tuple[str, ...]) -> StepWords:
        """These words with what is asked of the data, as the command line says it.

        Raises:
            UsageError: A setting or shard is none.
        """
        settings = [setting(each) for each in config]
        for path, _ in settings:
            if path[0] not in ("suite", "thinking") or len(path) != 2:
                raise UsageError(f"-c {'.'.join(path)}: a suite of questions has the sections suite and thinking")
        options = {path[1]: str(value) for path, value in settings if path[0] == "suite"}
        choice = Choice(options, limit, shard_of(shard) if shard is not None else (1, 1), seed)
        return replace(self, choice=choice, thinking=section(Thinking, "thinking", settings))

    def run(self, name: str, console: Console) -> int:
        """See `bench_steps`."""
        return bench_steps(name, self, console)


def bench_words(data: str, policy: str, out: Path | None, concurrency: int | None, dialect: str | None) -> StepWords:
    """The words of the command line that are not about which questions are asked."""
    return StepWords(data=data, policy=policy, out=out, concurrency=concurrency, dialect=dialect)


def bench_steps(name: str, words: StepWords, console: Console) -> int:
    """Puts the questions of a suite, prints what the answers come to, and gives the exit code.

    Raises:
        UsageError: There is no such suite, its data are not its own, or the folder holds another scoring.
        ModelError: The model's server is not there at all.
    """
    data = open_data(words.data)
    suite = open_steps(name, data, words.choice.options)
    out = words.out or new_folder(f"bench-{slug(name)}")
    try:
        report = asyncio.run(run_steps(name, suite, data, words, out, console))
    except KeyboardInterrupt:
        console.print(f"stopped; go on with --out {out}", markup=False, soft_wrap=True)
        return EXIT_CODES["unverified"]
    wipe(console)
    show(report.summary, console)
    console.print(Text(f"answers  {out}"), soft_wrap=True)
    return report.exit_code


async def run_steps(
    name: str, suite: BenchSteps, data: Data, words: StepWords, out: Path | None, console: Console | None = None
) -> Answered:
    """Puts the questions of a suite.

    Args:
        name: Of the suite.
        suite: Where they come from.
        data: What it was read from.
        words: Who is asked, and how.
        out: Where answers are kept; None keeps none.
        console: Shown how far it is.

    Raises:
        UsageError: The folder holds another scoring.
        ModelError: The model's server is not there at all.
        EpisodeError: The scores cannot be written.
    """
    pace = _pace(words, console)
    async with AsyncExitStack() as stack:
        header, answer = await _answering(name, suite, data, words, pace, stack)
        told = await score(Part(suite, words.choice), answer, header, pace, out)
    name_of_run = out.resolve().name if out is not None else name
    summary = summarize(answers(name_of_run, header, told.scored, told.items))
    if out is not None:
        try:
            (out / FIGURES).write_text(summary_json(summary), encoding="utf-8")
        except OSError as error:
            raise unwritable(out, error) from error
    return Answered(told.scored, summary)


Answer = Callable[[Item], Awaitable[Prediction]]


async def _answering(
    name: str, suite: BenchSteps, data: Data, words: StepWords, pace: Pace, stack: AsyncExitStack
) -> tuple[ScoringHeader, Answer]:
    header = ScoringHeader(
        format=FORMAT,
        created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        source=words.data,
        policy=words.policy,
        matcher=f"{type(suite).__module__}:{type(suite).__qualname__}",
        versions=versions(),
        host=host(),
        left_out=dict(data.problems.counts),
        bad=tuple(data.problems.named),
        lacks=suite.lacks,
        data=described(name, suite, data, words.choice),
    )
    if words.policy in BASELINES:
        return header, baseline(words.policy, suite, words.choice.seed)
    options = PolicyOptions(model=words.policy, dialect=words.dialect, thinking=words.thinking, pace=pace)
    asked = await stack.enter_async_context(await Asked.open(options))
    # a model is named by what it is, not by where it is served
    header = header.model_copy(update={"policy": "model", "model": asked.info, "grounders": asked.names})
    return header, asked.place if suite.asks == "place" else asked.answer


def _pace(words: StepWords, console: Console | None) -> Pace:
    ticker, count = Ticker(console) if console is not None else None, 0

    def answered(_: Scored) -> None:
        nonlocal count
        count += 1
        if ticker is not None and count % 20 == 0:
            ticker.show(f"{count} answers")

    default = Pace()
    return Pace(words.concurrency or default.concurrency, default.rounds, answered)


def shard_of(text: str) -> tuple[int, int]:
    """``2/4`` as numbers.

    Raises:
        UsageError: It is none.
    """
    first, slash, last = text.partition("/")
    if not (slash and first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise UsageError(f"--shard {text!r}: it is written 1/4, the first of four")
    return int(first), int(last)
