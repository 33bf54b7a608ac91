"""How an episode ended, what it scored, and the header that stands before it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ...tools.secrets import OURS
from .base import Json, Record
from .network import Served
from .observation import Evidence
from .provenance import Provenance
from .replay import ReplayOf
from .step import Problem
from .task import Check, Task

Status: TypeAlias = Literal["passed", "failed", "refused", "unverified", "infrastructure"]
"""What an episode counts as. *Infrastructure* is never the agent's failure."""

Stop: TypeAlias = Literal[
    "done",
    "answer",
    "fail",
    "steps",
    "seconds",
    "tokens",
    "stuck",
    "target",
    "action",
    "refused",
    "dialect",
    "model",
    "environment",
    "recording",
    "task",
    "interrupted",
]
"""Why the loop stopped: a claim (done, answer, fail), a budget (steps, seconds, tokens), no progress (stuck), a step that could not be
done (target, action), a guard or person (refused), the model's words (dialect), or what is not the agent's fault (model, environment,
recording, task, interrupted)."""

EXIT_CODES: dict[Status, int] = {"passed": 0, "failed": 1, "refused": 3, "unverified": 4, "infrastructure": 5}
"""Exit code of the command line for each status; 2 is the person's own mistake."""


class Verdict(Record):
    """One postcondition, and whether it held."""

    check: Check
    held: bool
    found: str = ""
    evidence: Evidence | None = None


class Outcome(Record):
    """How an episode ended.

    Attributes:
        status: What it counts as.
        stop: Why the loop stopped.
        message: What happened, for a person.
        problem: The error behind it.
        answer: The final answer, if there is one.
        values: What was read, by name.
        verdicts: The postconditions.
        steps: How many steps were taken.
        seconds: How long it took (monotonic clock).
        network: Of a run in a recorded world: how its network was used, and what was missing.
    """

    status: Status
    stop: Stop
    message: str = ""
    problem: Problem | None = None
    answer: str | None = None
    values: dict[str, Json] = {}
    verdicts: tuple[Verdict, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    steps: int = 0
    seconds: float = 0
    network: Served | None = None


class Score(Record):
    """What a suite says of an episode or a prediction.

    Attributes:
        value: 0 to 1.
        success: Whether it counts as solved; None when it cannot be told (infrastructure).
        parts: Further measures by name.
        note: Why.
    """

    value: float = Field(ge=0, le=1)
    success: bool | None
    parts: dict[str, float] = {}
    note: str = ""


class ModelInfo(Record):
    """Which model decided, so that a run can be told from another one."""

    name: str
    revision: str = ""
    server: str = ""
    sampling: dict[str, Json] = {}
    template: str = ""
    prompt: str = ""


FORMAT = 1
"""Version of the episode format that this package writes; it reads this one and all before it."""


class Header(Record):
    """``episode.json``: what there is to know before the first step, and the outcome once there is one.

    Attributes:
        format: Version of the format.
        id: Unique.
        created: Wall-clock time of the start, ISO 8601 with offset.
        task: What was asked, with placeholders for secrets.
        inputs: The values the run was given.
        policy: Short name or dotted path of what decided, and `grounders` of what found the places.
        model: Which model, when one took part.
        environment: What the world was: browser and its version, display, sizes.
        versions: Of this package, Python, and what it stands on.
        redactions: Names of the secrets that are placeholders in this episode.
        private: Parts that hold personal data (``network``, ``state``) and are left out of an export.
        licence: Of the recording, when it is published.
        resumed_from: Steps that were there when it was last resumed; None when it never was.
        imported: Of an episode that was made of another format's recording: where it comes from.
        replay: Of an episode that replays another one: which.
        outcome: None while it runs, or when it broke off.
    """

    format: int = FORMAT
    id: Annotated[str, OURS]
    created: Annotated[str, OURS]
    task: Task
    inputs: dict[str, str] = {}
    policy: str = ""
    grounders: tuple[str, ...] = ()
    model: ModelInfo | None = None
    environment: dict[str, Json] = {}
    versions: dict[str, str] = {}
    redactions: tuple[Annotated[str, OURS], ...] = ()
    private: tuple[str, ...] = ()
    licence: str = ""
    imported: Provenance | None = None
    replay: ReplayOf | None = None
    resumed_from: int | None = None
    outcome: Outcome | None = None


__all__ = ["EXIT_CODES", "FORMAT", "Header", "ModelInfo", "Outcome", "Problem", "Score", "Status", "Stop", "Verdict"]
