"""Replay as a measure of a policy: it is shown the recorded past and frame of every step, and its answers are scored. Nothing is done.

Hundreds of steps are asked about at once, for a server answers many together nearly as fast as one. A frame is read when its question is
sent, and gone with the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ...agent.base import Dialect, Model, Policy
from ...agent.calls import Calls
from ...agent.dialects.common import prompts_hash
from ...agent.dialects.names import open_dialect
from ...agent.grounding.chain import EMBEDDED, MODEL, named_grounders
from ...agent.grounding.means import Means
from ...agent.grounding.screen import ScreenReader
from ...agent.mind import Mind
from ...agent.models.names import Tell
from ...agent.policies.model import ModelPolicy, Thinking
from ...agent.versions import versions
from ...agent.views import Views
from ...episodes.reader import Episode
from ...episodes.schema import FORMAT, Item, ModelInfo, Prediction, ScoringHeader
from ...tools.errors import UsageError
from .asking import Heard, ask
from .clients import Clients
from .items import RecordedItems
from .scoring import Answering, Pace, PolicyReport, score


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
    if (options.model is None) == (options.policy is None):
        raise UsageError("a replay that scores asks a model or a policy, and one of them", remedy="--model URL")
    items = RecordedItems(episode, goal=options.goal, steps=options.steps)
    if not len(items):
        why = "; ".join(f"{count} × {reason}" for reason, count in items.left_out.items()) or "it has no steps"
        raise UsageError(f"{episode.path} holds nothing to ask about: {why}")
    if options.model is not None and not items.goal:
        raise UsageError(f"{episode.path} does not say what its goal was", remedy="say it: --goal TEXT")
    asked = await _Asked.open(options, dict(items.inputs))
    try:
        header = ScoringHeader(
            format=FORMAT,
            created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
            episode=episode.header.id,
            source=str(episode.path),
            policy=asked.name,
            grounders=asked.grounders,
            matcher=f"{__package__}.matching:strict",
            model=asked.info,
            versions=versions(),
            goal=options.goal,
            steps=tuple(sorted(options.steps)) if options.steps is not None else None,
            left_out=items.left_out,
            lacks=items.lacks,
        )
        return await score(items, asked.answer, header, options.pace, options.out)
    finally:
        await asked.close()


@dataclass
class _Asked:
    """Who is asked."""

    name: str
    grounders: tuple[str, ...]
    info: ModelInfo | None
    answer: Answering
    reader: ScreenReader
    clients: Clients | None

    @classmethod
    async def open(cls, options: PolicyOptions, inputs: dict[str, str | None]) -> _Asked:
        """Finds out who it is.

        Raises:
            UsageError: A name is unknown.
            ModelError: The model is not there.
        """
        clients = None
        if options.model is not None:
            clients = Clients(options.model, options.pace.concurrency, options.warn)
        try:
            info = await clients.first.describe() if clients is not None else None
            dialect = open_dialect(options.dialect, info.name) if info is not None else None
        except BaseException:
            if clients is not None:
                await clients.close()
            raise
        if info is not None and dialect is not None:
            sampling = {**info.sampling, "dialect": dialect.name, **options.thinking.model_dump()}
            info = info.model_copy(update={"sampling": sampling, "prompt": prompts_hash()})
        names = tuple(options.grounders or (EMBEDDED if clients is None else MODEL))
        reader = ScreenReader()
        kind: object = ModelPolicy if options.policy is None else options.policy
        name = f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', type(kind).__qualname__)}"
        answer = _with_model(clients, dialect, inputs, options, Means(reader), names)
        return cls(name, names, info, answer, reader, clients)

    async def close(self) -> None:
        await self.reader.close()
        if self.clients is not None:
            await self.clients.close()


def _with_model(
    clients: Clients | None,
    dialect: Dialect | None,
    inputs: dict[str, str | None],
    options: PolicyOptions,
    means: Means,
    names: Sequence[str],
) -> Answering:
    given = {name: value for name, value in inputs.items() if value is not None}

    async def answer(item: Item) -> Prediction:
        if options.policy is not None:
            said = await ask(item, options.policy(), named_grounders(names, means), Heard())
        else:
            assert clients is not None
            assert dialect is not None
            with clients.one() as model:
                heard = Heard()
                mind = Mind(dialect, Calls(model, heard), Views(dialect.fit))
                grounder = named_grounders(names, means._replace(mind=mind))
                said = await ask(item, ModelPolicy(mind, given, options.thinking), grounder, heard)
        if options.policy is not None or options.thinking.frames > 1:
            # frames of the past are shared by many questions: they are read again where they are needed
            for step in item.past:
                step.saw.frame.release()
        return said

    return answer
