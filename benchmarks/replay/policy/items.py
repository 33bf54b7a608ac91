"""The steps of an episode as questions: what was seen before each, and what was done then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from pydantic import TypeAdapter

from ....episodes.hindsight import as_asked, as_past, as_seen
from ....episodes.reader import Episode
from ....episodes.schema import Found, Item, Observation, Prediction, Score, Step, Truth
from ....tools.actions import Say, Target, places
from ....tools.errors import UsageError
from ....tools.geometry import Box, Point
from ....tools.pixels import Frame
from .matching import strict

_FRAME = TypeAdapter(Frame)


class RecordedItems:
    """A `StepSuite` of the steps of one episode, scored by the strict rule.

    Args:
        episode: Whose steps.
        goal: What to ask in place of its own goal.
        steps: Numbers of the only steps to ask about; all by default.

    Attributes:
        left_out: Why a step is no question → how many of these there are.
        lacks: What the recording does not have → what that means.

    Raises:
        UsageError: The episode has no such step.
    """

    def __init__(self, episode: Episode, *, goal: str | None = None, steps: Collection[int] | None = None) -> None:
        self._episode = episode
        inputs = {**episode.header.task.inputs, **episode.header.inputs}
        self._task = as_asked(episode.header.task, goal).model_copy(update={"inputs": inputs})
        self._past = as_past(episode.steps)
        there = {step.index for step in episode.steps}
        missing = [each for each in steps or () if each not in there]
        if missing:
            raise UsageError(f"{episode.path} has no step {missing[0]}", remedy=f"it has {len(there)}, from 0")
        self._asked = [step for step in episode.steps if steps is None or step.index in steps]
        why = [(step, _no_question(step)) for step in self._asked]
        self.left_out = dict(Counter(reason for _, reason in why if reason))
        self._asked = [step for step, reason in why if not reason]
        self.lacks = dict(self._lacking())

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def goal(self) -> str:
        """What is asked for."""
        return self._task.goal

    @property
    def inputs(self) -> dict[str, str | None]:
        """Values of the task's inputs."""
        return dict(self._task.inputs)

    def items(self) -> Iterator[Item]:
        """See `StepSuite.items`. Each has its own handle of the frame: what is read through it goes when the item goes."""
        known = 0
        for step in self._asked:
            while known < len(self._past) and self._past[known].index < step.index:
                known += 1
            # not validated: what was read from disk just now was, and a long past costs a millisecond each time
            yield Item.model_construct(
                id=f"step {step.index}",
                task=self._task,
                past=tuple(self._past[:known]),
                now=self._alone(as_seen(step.saw)),
                truth=(truth_of(step),),
                value=None,
            )

    def match(self, item: Item, prediction: Prediction) -> Score:
        """See `StepSuite.match`: `strict`."""
        return strict(item, prediction)

    def _alone(self, seen: Observation) -> Observation:
        frame = _FRAME.validate_json(_FRAME.dump_json(seen.frame), context={"load": self._episode.blob})
        return seen.model_copy(update={"frame": frame})

    def _lacking(self) -> Iterator[tuple[str, str]]:
        imported = self._episode.header.imported
        yield from (imported.missing if imported is not None else {}).items()
        if imported is not None and imported.lossy:
            yield (
                "pixels",
                "its screenshots were compressed with a loss: what is asked about is not quite what was seen",
            )
        same = sum(step.origin is not None and step.origin.part > 0 for step in self._asked)
        if same:
            yield (
                "frames",
                f"{same} steps are asked about on the frame of the step before them: nobody looked in between",
            )
        blind = sum(None in truth_of(step).boxes for step in self._asked)
        if blind:
            yield (
                "boxes",
                f"of {blind} steps only the point is known, not the box of what is there: they are scored by distance",
            )


def truth_of(step: Step) -> Truth:
    """What was done in a step, and where it might have pointed as well."""
    intent, action = step.decision.intent, step.action
    if action is None or isinstance(intent, Say):
        return Truth(intent=intent)
    located = iter(step.located)
    boxes: list[Box | None] = []
    for place, point in zip(places(intent), places(action), strict=False):
        found = next(located, None) if isinstance(place, Target) else None
        box = found.place.box if isinstance(found, Found) else None
        if box is None and isinstance(point, Point):
            box = next((each.box for each in step.evidence if each.box.contains(point)), None)
        boxes.append(box)
    return Truth(intent=intent, action=action, boxes=tuple(boxes))


def _no_question(step: Step) -> str:
    """Why a step says nothing of what would have been right; empty when it does."""
    if step.unknown or step.undone:
        return "nobody knows whether it was done"
    if step.saw.stand_in:
        return "there is no screenshot of it"
    if step.error is not None:
        return "it could not be done then"
    if not step.guard.allowed:
        return "it was refused then"
    if step.action is None and not isinstance(step.decision.intent, Say):
        return "its place is not known"
    return ""
