"""What a suite of the command line knows beside its questions: what it was read from, what it asks for, how its scores are averaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from ...episodes.schema import Item, Prediction, Score, SuiteData
from ...tools.geometry import Point
from .reading import Data

Average = Literal["items", "clusters", "groups"]
"""What the headline of a suite is the mean of: all items; the means of its clusters; the means of its groups of one name."""


@dataclass(frozen=True)
class Choice:
    """What is asked of a data set.

    Attributes:
        options: Of the suite: ``instruction`` → ``refined``.
        limit: The first so many questions; None is all.
        shard: (2, 4) is the second, sixth, tenth … question.
        seed: Of what is drawn at random.
    """

    options: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    seed: int = 0

    def takes(self, index: int) -> bool:
        """Whether the question of that index, from 0, is one of its shard."""
        return index % self.shard[1] == self.shard[0] - 1


class BenchSteps(Protocol):
    """A `StepSuite` that the command line runs. Made with `Data` and its options; reading may take a while."""

    asks: ClassVar[Literal["place", "act"]]
    """Whether the answer is where something is, or what to do next."""
    average: ClassVar[Average]
    over: ClassVar[str]
    """Name of the group whose means are averaged, where `average` says groups."""
    rules: ClassVar[dict[str, str]]
    """What each column of the report is: ``official`` is the score's value, any other one of its parts."""
    lacks: dict[str, str]
    """What the data do not have → what that means for the scores."""

    def items(self) -> Iterable[Item]:
        """See `StepSuite.items`."""
        ...

    def match(self, item: Item, prediction: Prediction) -> Score:
        """See `StepSuite.match`."""
        ...

    def oracle(self, item: Item) -> Prediction:
        """The answer of one who knows the truth."""
        ...

    def pointing(self, item: Item, points: tuple[Point, ...]) -> Prediction:
        """The answer of one who knows nothing and points there."""
        ...

    def wanted(self, item: Item) -> int:
        """How many points an answer has."""
        ...


class Part:
    """Some of the questions of a suite.

    Args:
        suite: Whose.
        choice: Which.
    """

    def __init__(self, suite: BenchSteps, choice: Choice) -> None:
        self._suite, self._choice = suite, choice

    def items(self) -> Iterable[Item]:
        """See `StepSuite.items`."""
        for index, item in enumerate(self._suite.items()):
            if self._choice.limit is not None and index >= self._choice.limit:
                return
            if self._choice.takes(index):
                yield item

    def match(self, item: Item, prediction: Prediction) -> Score:
        """See `StepSuite.match`."""
        return self._suite.match(item, prediction)


def described(name: str, suite: BenchSteps, data: Data, choice: Choice) -> SuiteData:
    """What stands of the data in the header of a scoring."""
    whole = choice.shard == (1, 1)
    return SuiteData(
        suite=name,
        sha256=data.sha256,
        records=data.records,
        made=data.made,
        options=choice.options,
        limit=choice.limit,
        shard="" if whole else f"{choice.shard[0]}/{choice.shard[1]}",
        seed=choice.seed,
        rules=suite.rules,
        average=suite.average,
        over=suite.over,
    )


def chosen(options: dict[str, str], name: str, among: tuple[str, ...]) -> str:
    """The value of an option; the first that there is by default.

    Raises:
        UsageError: It has no such value.
    """
    from ...tools.errors import UsageError

    value = options.get(name, among[0])
    if value not in among:
        raise UsageError(f"--option {name}={value}: it is one of {', '.join(among)}")
    return value


def checked(options: dict[str, str], known: tuple[str, ...]) -> None:
    """Refuses options that a suite does not have.

    Raises:
        UsageError: It has another one.
    """
    from ...tools.errors import UsageError

    for name in options:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"--option {name}: the suite has no such option", remedy=has)
