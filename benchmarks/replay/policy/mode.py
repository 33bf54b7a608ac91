"""Replay as a measure of a policy: it is shown the recorded past and frame of every step, and its answers are scored. Nothing is done.

Hundreds of steps are asked about at once, for a server answers many together nearly as fast as one. A frame is read when its question is
sent, and gone with the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from ....agent.base import Dialect, Grounder, Model, Policy
from ....agent.calls import Calls
from ....agent.dialects.common import prompts_hash
from ....agent.dialects.names import open_dialect
from ....agent.grounding.chain import EMBEDDED, MODEL, named_grounders
from ....agent.grounding.means import Means
from ....agent.grounding.screen import ScreenReader
from ....agent.mind import Mind
from ....agent.models.names import Tell, open_model
from ....agent.policies.model import ModelPolicy, Thinking
from ....agent.versions import host, versions
from ....agent.views import Views
from ....episodes.reader import Episode
from ....episodes.schema import FORMAT, Item, ModelInfo, Prediction, ScoringHeader
from ....tools.errors import UsageError
from ...stats import cluster_share
from ..modes import Mode
from ..several import Hear, Several, folder_names, of_each
from .asking import Heard, ask, ask_place
from .items import RecordedItems
from .scoring import Pace, score
from .tally import PolicyReport


@dataclass(frozen=True)
class PolicyOptions:
    """Who is asked, and how.

    Attributes:
        model: Who answers: a model, its name or address.
        policy: Makes the policy that is asked in place of a model that plans; one for each question.
        dialect: What the model speaks; None tells it by the model's name.
        thinking: How it is asked to plan.
        grounders: Who finds the places that are named; None is the model itself where one plans, else what needs none.
        goal: What to ask in place of the recorded goal.
        steps: Numbers of the only steps to ask about.
        pace: How many questions at once, and how often.
        out: Folder for predictions and scores; what is there already is not asked again, but for what the infrastructure failed at.
        warn: Told what a model's server cannot do.
    """

    model: Model | str | None = None
    policy: Callable[[], Policy] | None = None
    dialect: str | None = None
    thinking: Thinking = field(default_factory=Thinking)
    grounders: Sequence[str] | None = None
    goal: str | None = None
    steps: Collection[int] | None = None
    pace: Pace = field(default_factory=Pace)
    out: Path | None = None
    warn: Tell | None = None


async def policy(episode: Episode, options: PolicyOptions) -> PolicyReport:
    """Asks about the steps of an episode and scores the answers by the strict rule.

    Raises:
        UsageError: There is nobody to ask or nothing to ask about; the folder holds another scoring.
        ModelError: The model's server is not there at all.
        EpisodeError: The scores cannot be written.
    """
    _check(options)
    items = _questions(episode, options)
    async with await Asked.open(options) as asked:
        return await asked.about(episode, items, options.out)


async def policy_of_several(paths: Sequence[Path], options: PolicyOptions, heard: Hear[PolicyReport]) -> Several:
    """Asks about the steps of several episodes, as many questions at once as of one.

    Args:
        paths: Folders and zips.
        options: As for one; `PolicyOptions.out` gets a folder for each.
        heard: Told of each episode when it is done.

    Raises:
        UsageError: There is nobody to ask.
        ModelError: The model's server is not there at all.
    """
    _check(options)
    names = dict(zip(paths, folder_names(paths), strict=True))
    async with await Asked.open(options) as asked:

        async def score_one(episode: Episode) -> PolicyReport:
            out = options.out / names[episode.path] if options.out is not None else None
            return await asked.about(episode, _questions(episode, options), out)

        entries = await of_each(paths, score_one, options.pace.concurrency, heard)
    return Several(entries, _total([each.report for each in entries if each.report is not None]))


def _check(options: PolicyOptions) -> None:
    if (options.model is None) == (options.policy is None):
        raise UsageError("a replay that scores asks a model or a policy, and one of them", remedy="--model URL")


def _questions(episode: Episode, options: PolicyOptions) -> RecordedItems:
    items = RecordedItems(episode, goal=options.goal, steps=options.steps)
    if not len(items):
        why = "; ".join(f"{count} × {reason}" for reason, count in items.left_out.items()) or "it has no steps"
        raise UsageError(f"{episode.path} holds nothing to ask about: {why}")
    if options.model is not None and not items.goal:
        raise UsageError(f"{episode.path} does not say what its goal was", remedy="say it: --goal TEXT")
    return items


def _total(reports: Sequence[PolicyReport]) -> str:
    counts = [(each.right, each.right + each.wrong) for each in (report.summary() for report in reports)]
    right, answers = sum(each[0] for each in counts), sum(each[1] for each in counts)
    told = f"{right} of {answers} right in {len(reports)} episodes"
    interval = cluster_share(counts)
    if interval is None:
        return told
    return f"{told} = {right / answers:.1%} (95 %, over episodes: {interval.low:.1%}–{interval.high:.1%})"


class Asked:
    """Who is asked, about any number of episodes; never more questions at once than the pace says.

    Args:
        options: Who that is.
        model: None where a policy is asked.
        info: Which model it is, and how it is asked.
        dialect: What it speaks.
    """

    def __init__(
        self, options: PolicyOptions, model: Model | None, info: ModelInfo | None, dialect: Dialect | None
    ) -> None:
        self._options, self._model, self._info, self._dialect = options, model, info, dialect
        self._reader = ScreenReader()
        self._names = tuple(options.grounders or (EMBEDDED if model is None else MODEL))
        self._slots = asyncio.Semaphore(options.pace.concurrency)

    @classmethod
    async def open(cls, options: PolicyOptions) -> Asked:
        """Finds out who it is.

        Raises:
            UsageError: A name is unknown.
            ModelError: The model is not there.
        """
        if options.model is None:
            return cls(options, None, None, None)
        model = options.model
        if isinstance(model, str):
            model = open_model(model, options.warn, concurrency=options.pace.concurrency)
        try:
            info = await model.describe()
            dialect = open_dialect(options.dialect, info.name)
        except BaseException:
            await cls._ended(options, model)
            raise
        sampling = {**info.sampling, "dialect": dialect.name, **options.thinking.model_dump()}
        info = info.model_copy(update={"sampling": sampling, "prompt": prompts_hash()})
        return cls(options, model, info, dialect)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._reader.close()
        await self._ended(self._options, self._model)

    @staticmethod
    async def _ended(options: PolicyOptions, model: Model | None) -> None:
        """Closes a model that was opened here."""
        if model is not None and model is not options.model:
            await model.close()

    async def about(self, episode: Episode, items: RecordedItems, out: Path | None) -> PolicyReport:
        """Asks about one episode. Raises as `policy` does."""
        options = self._options
        kind: object = ModelPolicy if options.policy is None else options.policy
        header = ScoringHeader(
            format=FORMAT,
            created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
            episode=episode.header.id,
            source=str(episode.path),
            policy=f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', type(kind).__qualname__)}",
            grounders=self._names,
            matcher=f"{__package__}.matching:strict",
            model=self._info,
            versions=versions(),
            host=host(),
            goal=options.goal,
            steps=tuple(sorted(options.steps)) if options.steps is not None else None,
            left_out=items.left_out,
            lacks=items.lacks,
        )
        return await score(items, self.answer, header, options.pace, out)

    async def answer(self, item: Item) -> Prediction:
        """What it says to one question."""
        options = self._options
        async with self._slots:
            said = await self._of_model(item) if options.policy is None else await self._of_policy(item, options.policy)
        if options.policy is not None or options.thinking.frames > 1:
            # frames of the past are shared by many questions: they are read again where they are needed
            for step in item.past:
                step.saw.frame.release()
        return said

    async def place(self, item: Item) -> Prediction:
        """Where it says that the thing is which the goal of a question describes, without being asked what to do."""
        async with self._slots:
            heard = Heard()
            return await ask_place(item, self._grounder(self._mind(heard)), heard)

    @property
    def info(self) -> ModelInfo | None:
        """Which model it is, and how it is asked."""
        return self._info

    @property
    def names(self) -> tuple[str, ...]:
        """Short names of the grounders."""
        return self._names

    def _mind(self, heard: Heard) -> Mind:
        assert self._model is not None
        assert self._dialect is not None
        return Mind(self._dialect, Calls(self._model, heard), Views(self._dialect.fit))

    def _grounder(self, mind: Mind) -> Grounder:
        return named_grounders(self._names, Means(self._reader, mind=mind))

    async def _of_policy(self, item: Item, make: Callable[[], Policy]) -> Prediction:
        return await ask(item, make(), named_grounders(self._names, Means(self._reader)), Heard())

    async def _of_model(self, item: Item) -> Prediction:
        given = {name: value for name, value in item.task.inputs.items() if value is not None}
        heard = Heard()
        mind = self._mind(heard)
        return await ask(item, ModelPolicy(mind, given, self._options.thinking), self._grounder(mind), heard)


POLICY = Mode(policy, PolicyOptions, policy_of_several)
"""See `MODES`."""
