"""A row of a run as a report counts it: an episode of a live task, or an answer to a question about a recorded screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...episodes.schema import ModelInfo, Score

SUCCESS, VALUE = "success", "value"
"""Of a score: whether it counts as solved, and what it is worth. Any other name is that of one of its parts."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One row.

    Attributes:
        task: Name of the task, or of the question.
        seed: Literal that the task was begun with; empty where it had its own.
        repeat: Which of the tries with the same seed, from 0.
        revision: Of the task: of another revision is another task.
        groups: What rows of a report it belongs to: ``platform`` → ``web``.
        cluster: What it shares with others that are no trials of their own: its task, its screenshot.
        of_steps: Of an answer, how many steps its episode has, each a question with that cluster; 0 where it is of none that could be right
            as a whole.
        score: None where the infrastructure failed.
        said: ``unparsed`` where the words of whom was asked say nothing that can be done, ``refused`` where it or its guard declined.
        why: What went wrong, for a person.
        stop: Why the episode ended; empty of an answer.
        steps: That were taken, and `budget` how many there might have been; 0 where that is not known.
        seconds: That it took.
        calls: Of the model, and `retries` those of them that were made because the words before said nothing that can be done.
        prompt: Tokens sent, `cached` of these from the server's cache (None where it does not say), `completion` written.
        views: Size of what was to be seen and size in which it was sent → how often.
        stages: Seconds of each part, a number for each step or call that had it.
        repaired: Steps of a script whose target a model had to find.
        attempt: Which attempt it was, from 1.
        model: Which decided.
    """

    task: str
    seed: str = ""
    repeat: int = 0
    revision: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    cluster: str = ""
    of_steps: int = 0
    score: Score | None = None
    said: Literal["", "unparsed", "refused"] = ""
    why: str = ""
    stop: str = ""
    steps: int = 0
    budget: int = 0
    seconds: float = 0.0
    calls: int = 0
    retries: int = 0
    prompt: int = 0
    cached: int | None = None
    completion: int = 0
    views: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    repaired: int = 0
    attempt: int = 1
    model: ModelInfo | None = None

    @property
    def broke(self) -> bool:
        """Whether the infrastructure failed: nobody's failure."""
        return self.score is None

    @property
    def name(self) -> tuple[str, str, int]:
        """What tells it from the others of its run, and pairs it with that of another run."""
        return self.task, self.seed, self.repeat

    def worth(self, part: str) -> float | None:
        """What it is worth by a part of its score; None where it has no such part, or cannot be told."""
        if self.score is None:
            return None
        if part == SUCCESS:
            return None if self.score.success is None else float(self.score.success)
        return self.score.value if part == VALUE else self.score.parts.get(part)


def grouped(trials: Iterable[Trial], by: Callable[[Trial], object]) -> dict[object, list[Trial]]:
    """Rows by whatever they have in common, in the order in which that comes."""
    found: dict[object, list[Trial]] = {}
    for each in trials:
        found.setdefault(by(each), []).append(each)
    return found
