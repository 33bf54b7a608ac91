"""The people of a recorded episode: asked again, they answer as they did, and they allow what they allowed."""

from __future__ import annotations

from ..environments.base import Environment
from ..episodes.reader import Episode
from ..episodes.schema import Decision, GuardWord, Observation
from ..tools.actions import Act
from .person import PersonRefused


class RecordedPerson:
    """A `Person` who says what was said then, in order.

    Args:
        episode: In which they said it.
    """

    def __init__(self, episode: Episode) -> None:
        self._asked: list[tuple[str, str | None, str]] = []
        for step in episode.steps:
            answers = [word.text for word in step.words if word.kind == "answered"]
            refusal = step.error.message if step.error is not None else "nobody answered"
            self._asked += [
                (word.text, answers[0] if answers else None, refusal) for word in step.words if word.kind == "asked"
            ]
        self._next = 0

    async def ask(self, question: str, now: Observation) -> str:
        """See `Person.ask`.

        Raises:
            PersonRefused: They did not answer then either, or were asked something else.
        """
        if self._next >= len(self._asked):
            raise PersonRefused(f"nobody was asked {question!r} when this was recorded")
        then, answer, refusal = self._asked[self._next]
        self._next += 1
        if then != question:
            raise PersonRefused(f"the person was asked {then!r} when this was recorded, and now {question!r}")
        if answer is None:
            raise PersonRefused(refusal)
        return answer

    async def approve(self, decision: Decision, now: Observation) -> bool:
        """See `Person.approve`; nobody is asked: `RecordedGuard` knows the word."""
        return False

    async def drive(self, environment: Environment) -> None:
        """See `Person.drive`."""
        raise PersonRefused("nobody takes over a recording")


class RecordedGuard:
    """A `Guard` that says of each step what was said of it then. What is not recorded is not allowed.

    Args:
        episode: Whose steps.
    """

    def __init__(self, episode: Episode) -> None:
        # asked of every act that had its places; what concerns files is judged anew, before this one is asked
        self._words = [
            step.guard
            for step in episode.steps
            if not step.undone and step.guard.rule != "files" and (step.action is not None or step.guard != GuardWord())
        ]
        self._next = 0

    async def judge(self, decision: Decision, act: Act, now: Observation) -> GuardWord:
        """See `Guard.judge`."""
        if self._next >= len(self._words):
            return GuardWord(allowed=False, rule="recorded", reason="nothing was asked about when this was recorded")
        self._next += 1
        return self._words[self._next - 1]
