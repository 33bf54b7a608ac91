"""What a policy is asked of a recorded step, what it answered, and what that scored: ``scoring.json`` and ``predictions.jsonl``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ...tools.actions import Action, Intent
from ...tools.geometry import Box
from ...tools.secrets import OURS
from .base import Json, Record
from .observation import Observation
from .outcome import ModelInfo, Score
from .step import Prediction, Step
from .task import Task


class Truth(Record):
    """One answer that counts as right.

    Attributes:
        intent: What was decided.
        action: What was done, its places as points in frame pixels; None where nothing is done (a `Say`).
        boxes: For each place of the act, in the order in which it uses them, where it may point (frame pixels); None where no more is known
            than the point itself.
    """

    intent: Intent
    action: Action | None = None
    boxes: tuple[Box | None, ...] = ()


class Item(Record):
    """One question to a policy: what there is to see and to know before a step, and nothing that came later.

    Attributes:
        id: Unique in its suite: ``step 12``, the name of a sample.
        task: What is asked, without what would say how it is done or checked.
        past: The steps before, as they are recorded.
        now: What was seen.
        truth: What counts as right: any of these. Never shown to whom is asked.
        value: What else the suite says of it, for its own way of scoring. Never shown either.
        groups: What rows of a report it belongs to: ``platform`` → ``web``.
        cluster: What it shares with others that are no trials of their own: its episode, its screenshot. Empty where it stands alone.
        steps: How many steps its episode has, each a question with that cluster; 0 where it is of none that could be right as a whole.
    """

    id: str
    task: Task
    past: tuple[Step, ...] = ()
    now: Observation
    truth: tuple[Truth, ...] = ()
    value: Json = None
    groups: dict[str, str] = {}
    cluster: str = ""
    steps: int = Field(default=0, ge=0)


class Scored(Record):
    """A line of ``predictions.jsonl``. A later line of the same item replaces it: it was asked once more.

    Attributes:
        groups: Of the item, and `cluster` and `steps`: a report needs nothing but these lines.
    """

    prediction: Prediction
    score: Score
    groups: dict[str, str] = {}
    cluster: str = ""
    steps: int = Field(default=0, ge=0)


SCORED: TypeAdapter[Scored] = TypeAdapter(Scored)
"""Validates and dumps one line."""


class SuiteData(Record):
    """What a suite was read from.

    Attributes:
        suite: Its name.
        sha256: Over the names and bytes of its annotation files, or the identity of a data set of a hub.
        records: How many it holds, before a limit or shard, bad ones among them.
        made: They were made by this project in the schema of the suite: scores say nothing of real images.
        options: What was chosen of it: the language, the instruction, how boxes are written.
        limit: The first so many; None is all.
        shard: ``1/4`` is the first, fifth, ninth …; empty is all.
        seed: Of what is drawn at random, by whoever answers.
        rules: What each column of a report is → the part of the score: a report needs no suite.
        average: What the headline is the mean of: all items, the means of their clusters, those of the groups named `over`.
    """

    suite: str
    sha256: str = ""
    records: int = 0
    made: bool = False
    options: dict[str, str] = {}
    limit: int | None = None
    shard: str = ""
    seed: int = 0
    rules: dict[str, str] = {}
    average: Literal["items", "clusters", "groups"] = "items"
    over: str = ""


class ScoringHeader(Record):
    """``scoring.json``: who was asked what, written before the first answer.

    Attributes:
        format: Version of the format of episodes, which this one shares.
        created: Wall-clock time of the start, ISO 8601 with offset.
        episode: Id of the episode whose steps were asked about; empty for items from elsewhere.
        source: Where that lay, or which suite it was.
        policy: Dotted path of what decided, and `grounders` of what found the places.
        matcher: Dotted path of what scored.
        model: Which model, and how it was asked.
        versions: Of this package, Python, and what it stands on.
        goal: What was asked in place of the recorded goal; None where that was.
        steps: The only steps that were asked about; None for all.
        host: What it ran on: system, processors, memory. Neither names nor paths.
        left_out: Why a step is no question → how many of these there are.
        bad: Each of those that are wrong in themselves: ``file, line 3: why``.
        lacks: What the recording does not have → what that means for the scores.
        data: Of a suite: what it was read from; None of the steps of an episode.
    """

    format: int
    created: Annotated[str, OURS]
    episode: Annotated[str, OURS] = ""
    source: str = ""
    policy: str = ""
    grounders: tuple[str, ...] = ()
    matcher: str = ""
    model: ModelInfo | None = None
    versions: dict[str, str] = {}
    goal: str | None = None
    steps: tuple[int, ...] | None = None
    host: dict[str, Json] = {}
    left_out: dict[str, Annotated[int, Field(ge=1)]] = {}
    bad: tuple[str, ...] = ()
    lacks: dict[str, str] = {}
    data: SuiteData | None = None
