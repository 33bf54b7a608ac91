"""An episode served as an environment: what was seen then is seen again, as long as what was done then is done again.

For playback of what decides and finds: everything that surrounds it stands still, so that a difference can only be its own.
"""

from __future__ import annotations

import numpy as np

from ..episodes.hindsight import as_seen
from ..episodes.reader import Episode
from ..episodes.schema import Evidence, Json, Observation, ObservationId, Probe, Problem, Start, Step
from ..tools import errors
from ..tools.actions import Act
from ..tools.errors import ActionError, EnvironmentFailed
from ..tools.geometry import Box
from ..tools.pixels import Frame
from ..tools.words import in_words
from .base import Stepped, refuse_stale

_ANEW = "what is done has changed since it was recorded: record it anew if that was meant"
_ACTION_ERRORS = {
    each.__name__: each
    for each in (
        ActionError,
        errors.StaleFrame,
        errors.TargetAbsent,
        errors.TargetAmbiguous,
        errors.TargetHidden,
    )
}


class RecordedEnvironment:
    """An `Environment` in which only what was done can be done.

    Observations come in the order in which they were recorded, with their ids and times. A look that was not taken, an act that was not
    done, or on another observation, ends the run, and says what differs.

    Args:
        episode: What is served. Nothing is written to it.
    """

    def __init__(self, episode: Episode) -> None:
        self._episode = episode
        self._ids = tuple(episode.observations)
        self._acts = tuple(step for step in episode.steps if step.action is not None and not step.undone)
        self._left = {step.left.id for step in self._acts if step.left is not None}
        self._at = -1
        self._done = 0
        self._newest: Observation | None = None

    async def reset(self, start: Start) -> Observation:
        """See `Environment.reset`; begins at the first observation, whatever the recipe."""
        self._at, self._done = -1, 0
        return self._next("a first look")

    async def look(self) -> Observation:
        """See `Environment.look`: the next look that was taken.

        Raises:
            EnvironmentFailed: None was: what came next was an act.
        """
        newest = self._there()
        if not self._looks_next():
            raise EnvironmentFailed(f"after {newest.id} nobody looked again, and now somebody does", remedy=_ANEW)
        return self._next("a look")

    async def step(self, act: Act, on: ObservationId) -> Stepped:
        """See `Environment.step`: what came of the act then, its error among it.

        Raises:
            EnvironmentFailed: Another act was done, on another observation, or none; or the world failed then, too.
        """
        refuse_stale(act, on, self._newest)
        if self._done >= len(self._acts):
            raise EnvironmentFailed(
                f"{len(self._acts)} acts are recorded, and this is one more: {in_words(act)}", remedy=_ANEW
            )
        then = self._acts[self._done]
        self._compare(then, act, on)
        self._done += 1
        if then.unknown:
            raise EnvironmentFailed(f"the recording ends in step {then.index}: nobody knows what came of it")
        error = _error_of(then.error)
        timings = {name: took for name, took in then.timings.items() if name in ("act", "settle")}
        return Stepped(self._after(then), then.sent, error, timings, then.reward)

    async def peek(self, box: Box) -> Frame:
        """See `Environment.peek`: the newest frame; the one after it where the next thing was another look, which had a reason."""
        newest = self._there()
        crop = newest.frame.crop(box)
        if not self._looks_next():
            return crop
        later = self._episode.observations[self._ids[self._at + 1]].frame
        if (later.width, later.height) == (newest.frame.width, newest.frame.height):
            changed = later.crop(box)
            if changed.pixel_hash != crop.pixel_hash:
                return changed
        # what made somebody look again was gone when they did: no frame shows it
        return Frame.from_pixels(np.bitwise_not(crop.pixels))

    async def probe(self, probe: Probe) -> Evidence:
        """See `Environment.probe`: what the same probe found then."""
        self._there()
        outcome = self._episode.outcome
        found = [each.evidence for each in outcome.verdicts if each.evidence is not None] if outcome else []
        found += [*outcome.evidence] if outcome else []
        same = next((each for each in found if each.probe == probe), None)
        return same or Evidence(probe=probe, missing="it was not asked when this was recorded")

    async def describe(self) -> dict[str, Json]:
        """See `Environment.describe`: what the world was then."""
        return dict(self._episode.header.environment) or {"name": "recorded"}

    async def close(self) -> None:
        """See `Environment.close`."""
        self._newest = None

    def _there(self) -> Observation:
        if self._newest is None:
            raise EnvironmentFailed(
                "there is nothing to see: it was not reset yet, or is closed", remedy="reset it first"
            )
        return self._newest

    def _looks_next(self) -> bool:
        return self._at + 1 < len(self._ids) and self._ids[self._at + 1] not in self._left

    def _next(self, what: str) -> Observation:
        if self._at + 1 >= len(self._ids):
            raise EnvironmentFailed(
                f"{self._episode.path} holds {len(self._ids)} observations, and {what} needs one more"
            )
        return self._serve(self._ids[self._at + 1])

    def _serve(self, name: str) -> Observation:
        self._at = self._ids.index(name)
        then = as_seen(self._episode.observations[name])
        # handles of its own: who records this run will say that they lie in another folder
        record = then.model_dump_json().encode(errors="surrogatepass")
        self._newest = Observation.model_validate_json(record, context={"load": self._episode.blob})
        return self._newest

    def _after(self, then: Step) -> Observation:
        if then.left is not None:
            return self._serve(then.left.id)
        # of an imported episode: nobody looked until the next act was decided
        following = self._acts[self._done] if self._done < len(self._acts) else None
        if following is None:
            raise EnvironmentFailed(f"nobody looked after step {then.index}, the last one")
        return self._serve(following.saw.id)

    def _compare(self, then: Step, act: Act, on: ObservationId) -> None:
        if act != then.action:
            assert then.action is not None
            raise EnvironmentFailed(
                f"step {then.index} was to {in_words(then.action)}, and is now to {in_words(act)}{_fields(then.action, act)}",
                remedy=_ANEW,
            )
        if then.saw.id != on:
            raise EnvironmentFailed(
                f"step {then.index} was decided on {then.saw.id}, and is now decided on {on}", remedy=_ANEW
            )


def _fields(then: Act, now: Act) -> str:
    """The fields that differ, where the words may hide it."""
    if then.verb != now.verb:
        return ""
    before, after = then.model_dump(by_alias=True), now.model_dump(by_alias=True)
    differ = [f"{name} {after[name]!r}, not {before[name]!r}" for name in before if before[name] != after.get(name)]
    return f" ({'; '.join(differ)})"


def _error_of(problem: Problem | None) -> ActionError | None:
    """The error of a step as it was raised.

    Raises:
        EnvironmentFailed: It was no `ActionError`: the world failed.
    """
    if problem is None:
        return None
    kind = _ACTION_ERRORS.get(problem.kind)
    if kind is None:
        raise EnvironmentFailed(problem.message, remedy=problem.remedy)
    return kind(problem.message, remedy=problem.remedy)
