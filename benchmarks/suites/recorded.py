"""What the suites of recorded steps share: a past, a screenshot, what was done then, and an answer of acts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from ...episodes.schema import Decision, Item, Observation, Prediction, Score, Step, Task, Truth
from ...tools.actions import Act, Click, Done, IntendedAct, Say, placed, places
from ...tools.geometry import Point
from .grounding import question
from .images import Shot, blank
from .problems import BadRecord, DataRefused
from .reading import Data
from .steps import Average


class Asked(NamedTuple):
    """One question of a recorded suite.

    Attributes:
        id: Unique in its suite.
        task: What is asked.
        past: The steps of the episode, of which the first `known` are told.
        known: How many.
        shot: What was seen.
        number: Of the step, from 0.
        truth: See `Item.truth`.
        value: What the rule of the suite needs.
        groups: See `Item.groups`, and `cluster` and `steps` for the others.
        where: File and record that it stands in, where its suite does not look for two of one id by itself.
    """

    id: str
    task: Task
    past: Sequence[Step]
    known: int
    shot: Shot
    number: int
    truth: tuple[Truth, ...]
    value: Any
    groups: dict[str, str]
    cluster: str
    steps: int = 0
    where: str = ""


class RecordedSuite(ABC):
    """A suite of recorded steps.

    Attributes:
        asked: All questions, in the order of the data.
        lacks: See `BenchSteps`.

    Raises:
        DataRefused: There are none.
    """

    asks: ClassVar[Literal["place", "act"]] = "act"
    average: ClassVar[Average] = "items"
    over: ClassVar[str] = ""
    rules: ClassVar[dict[str, str]] = {"official": "value", "strict": "strict"}

    def __init__(self, data: Data, options: dict[str, str]) -> None:
        self.lacks: dict[str, str] = {}
        self.asked: list[Asked] = []
        known: dict[str, str] = {}
        for each in self.read(data, dict(options)):
            if each.id in known:
                error = BadRecord("its id is that of another record", f"{each.id}, of {known[each.id]}")
                data.problems.bad(each.where or each.id, error)
                continue
            known[each.id] = each.where
            self.asked.append(each)
        if not self.asked:
            why = "; ".join(data.problems.named[:3]) or "its files hold no steps"
            raise DataRefused(f"{data.folder} holds nothing to ask about: {why}")

    @abstractmethod
    def read(self, data: Data, options: dict[str, str]) -> Iterator[Asked]:
        """The questions; bad records are noted in `Data.problems`.

        Raises:
            DataRefused: The data are not those of this suite.
        """

    @abstractmethod
    def worth(self, item: Item, prediction: Prediction) -> Score:
        """What an answer that parses is worth."""

    def items(self) -> Iterator[Item]:
        """See `StepSuite.items`."""
        for each in self.asked:
            yield question(
                id=each.id,
                task=each.task,
                past=tuple(each.past[: each.known]),
                now=each.shot.seen(each.number),
                truth=each.truth,
                value=each.value,
                groups=each.groups,
                cluster=each.cluster,
                steps=each.steps,
            )

    def match(self, item: Item, prediction: Prediction) -> Score:
        """See `StepSuite.match`."""
        if prediction.failed is not None or prediction.decision is None:
            return Score(value=0, success=False, parts={"strict": 0.0}, note=prediction.error)
        return self.worth(item, prediction)

    def oracle(self, item: Item) -> Prediction:
        """See `BenchSteps.oracle`."""
        truth = item.truth[0]
        return saying(item, [truth.action if truth.action is not None else truth.intent])

    def pointing(self, item: Item, points: tuple[Point, ...]) -> Prediction:
        """See `BenchSteps.pointing`: it clicks there."""
        return saying(item, [Click(at=points[0])])

    def wanted(self, item: Item) -> int:
        """See `BenchSteps.wanted`."""
        return 1


def saying(item: Item, verbs: Sequence[IntendedAct | Say]) -> Prediction:
    """The answer that says these verbs, one after the other."""
    first, *rest = verbs
    action = acted(first)
    point = next((each for each in places(action) if isinstance(each, Point)), None) if action is not None else None
    decision = Decision(intent=first, pending=tuple(rest))
    return Prediction(item=item.id, decision=decision, action=action, point=point)


def acted(verb: IntendedAct | Say) -> Act | None:
    """The verb as an act, if all its places are points."""
    if isinstance(verb, Say):
        return None
    points = tuple(each for each in places(verb) if isinstance(each, Point))
    return placed(verb, points) if len(points) == len(places(verb)) else None


def verbs_of(prediction: Prediction) -> list[Act | Say]:
    """What an answer says to do: first its act, then as much of what it means to do next as has its places.

    A target that was not found is no act: nothing is said then.
    """
    decision = prediction.decision
    if decision is None:
        return []
    first = decision.intent if isinstance(decision.intent, Say) else prediction.action
    if first is None:
        return []
    found: list[Act | Say] = [first]
    for intent in decision.pending:
        verb = intent if isinstance(intent, Say) else acted(intent)
        if verb is None:
            break
        found.append(verb)
    return found


def past_step(index: int, saw: Observation, intent: IntendedAct | Say, words: str = "") -> Step:
    """A step as the past of a later one shows it."""
    decision = Decision(intent=Done()).model_copy(update={"intent": intent, "thought": words})
    return _STEP.model_copy(update={"index": index, "saw": saw, "decision": decision, "action": acted(intent)})


_STEP = Step(index=0, saw=blank(1, 1), decision=Decision(intent=Done()))
"""Copied rather than made: the defaults of a step take longer than its own fields."""


def inside(point: Point, boxes: Sequence[Sequence[float]]) -> bool:
    """Whether a point lies in one of some boxes (left, top, right, bottom), far edges excluded."""
    return any(box[0] <= point.x < box[2] and box[1] <= point.y < box[3] for box in boxes)
