"""Goes on with a run that broke off: takes up its world, shows that it is as it was left, and never does an act twice.

A step that had begun and never ended is *unknown*: its act may have been done. Nothing that can be seen tells (a shop may show the same
page before and after a purchase), so a person says it, or nothing goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..environments.base import Environment, Resumable
from ..environments.continued import Continued
from ..episodes.claim import Claim
from ..episodes.reader import Episode
from ..episodes.schema import Found, Observation, ResumedLine, Step
from ..episodes.writer import EpisodeWriter
from ..tools.errors import CannotResume, HandeyeError
from ..tools.pixels import difference
from ..tools.words import in_words
from .base import Person
from .person import PersonRefused
from .record import Record
from .versions import versions

if TYPE_CHECKING:
    from .run import Run

Word = Literal["happened", "not-happened"]
"""What a person says of the act of a step that had begun and never ended."""

_ANEW = "run its task anew: handeye run TASK"


@dataclass(frozen=True)
class Resumption:
    """How a run that broke off is gone on with.

    Attributes:
        claim: Its episode.
        unknown: Whether the act of a step that never ended was done; None asks the person.
    """

    claim: Claim
    unknown: Word | None = None

    @classmethod
    async def of(cls, path: Path, unknown: Word | None = None) -> Resumption:
        """Claims the episode in a folder; see `Claim` for what is raised."""
        return cls(await asyncio.to_thread(Claim, path), unknown)


class Taken(NamedTuple):
    """A run that can go on: everything is written that says so."""

    writer: EpisodeWriter
    record: Record
    world: Continued
    seen: Observation


async def take_up(run: Run, resumption: Resumption, world: Environment) -> Taken:
    """Takes up a run that broke off.

    Raises:
        CannotResume: Its world is gone or elsewhere, or nobody said whether the act in hand was done. Nothing was changed.
        HandeyeError: The world or the recording failed.
    """
    claim = resumption.claim
    episode = claim.episode
    later = Continued(world, episode.observations, episode.seconds)
    try:
        line, seen = await _look(run, resumption, world, later)
        writer = await asyncio.to_thread(_writer, run, claim)
    except BaseException:
        claim.release()
        # what a refusal leaves can be taken up once it is clear what happened
        await (world.let_be() if isinstance(world, Resumable) else world.close())
        raise
    record = Record.after(writer, episode, run.watch)
    step = None
    if line.step is not None and line.happened:
        step = episode.steps[-1].model_copy(update={"left": seen, "unknown": False})
    header = episode.header.model_copy(update={"outcome": None, "resumed_from": len(episode.steps)})
    try:
        record.saw(seen)
        await record.resumed(line, header, step)
    except BaseException:
        await (world.let_be() if isinstance(world, Resumable) else world.close())
        raise
    return Taken(writer, record, later, seen)


def _writer(run: Run, claim: Claim) -> EpisodeWriter:
    return EpisodeWriter(claim.episode.path, claim.episode.header, run.secrets, lines=claim.go_on())


async def _look(
    run: Run, resumption: Resumption, world: Environment, later: Continued
) -> tuple[ResumedLine, Observation]:
    episode = resumption.claim.episode
    step = episode.steps[-1] if episode.steps and episode.steps[-1].unknown else None
    newest = next(reversed(episode.observations.values()), None)
    done = [each for each in episode.steps if each.action is not None and not each.undone]
    if newest is None or not done:
        # as good as new: whatever the world is now, it is brought to where this run begins
        seen, match, last = await later.reset(run.task.start), "anew", None
    elif isinstance(world, Resumable):
        seen, match, last = await later.resume(run.task.start, newest), "", newest
    else:
        raise CannotResume(
            f"{episode.path}: the environment {run.task.environment!r} ended with the run, after step {episode.steps[-1].index};"
            " it cannot be taken up where it was left",
            remedy=_ANEW,
        )
    happened: bool | None = None
    if step is not None:
        happened = step.action is not None and await _asked(step, resumption, run.person, seen)
    if happened:
        match = "told"
    elif last is not None:
        match = await _matched(episode, last, seen)
    line = ResumedLine(
        at=seen.at,
        created=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        saw=seen.id,
        match=match,
        step=step.index if step is not None else None,
        happened=happened,
        environment=await world.describe(),
        versions=versions(),
    )
    return line, seen


async def _asked(step: Step, resumption: Resumption, person: Person, now: Observation) -> bool:
    if resumption.unknown is not None:
        return resumption.unknown == "happened"
    what = f"step {step.index} had begun when the run broke off: {_in_full(step)}"
    try:
        answer = await person.ask(f"{what}. Look at the world: was it done? [yes/no, all else stops]", now)
    except PersonRefused:
        answer = ""
    match answer.strip().lower():
        case "y" | "yes":
            return True
        case "n" | "no":
            return False
        case _:
            raise CannotResume(
                f"{resumption.claim.episode.path}: {what}. Whether it was done is unknown, and it is not done a second time",
                remedy="look at the world, then add: --unknown happened (goes on after it) or --unknown not-happened (it is decided anew)",
            )


def _in_full(step: Step) -> str:
    labels = [each.place.label for each in step.located if isinstance(each, Found)]
    where = f" (on {', '.join(labels)})" if labels else ""
    return f"{in_words(step.decision.intent, windows=step.saw.titles)}{where}"


async def _matched(episode: Episode, last: Observation, now: Observation) -> Literal["identical", "cosmetic"]:
    """How the world is as it was left.

    Raises:
        CannotResume: It is not: says what differs.
    """
    differs = await difference_between(last, now)
    if differs in ("", "cosmetic"):
        return "cosmetic" if differs else "identical"
    after = max((step.index for step in episode.steps if not step.unknown), default=None)
    where = f"after step {after}" if after is not None else "at its start"
    raise CannotResume(
        f"{episode.path}: the world is not where the run left it {where} ({last.id}): {differs}",
        remedy=f"bring it back to where it was (handeye view {episode.path} shows it) and resume then, or {_ANEW}",
    )


async def difference_between(last: Observation, now: Observation) -> str:
    """What differs between two looks at what should be the same world.

    Returns:
        Nothing when they are the same but for what moves; ``cosmetic`` when only pixels differ and both trees are the same; else what
        differs, in words.
    """
    for name in ("url", "title"):
        before, after = getattr(last, name), getattr(now, name)
        if before != after:
            return f"its {name} was {before!r} and is {after!r}"
    if len(last.tabs) != len(now.tabs):
        return f"{len(last.tabs)} tabs were open, and {len(now.tabs)} are"
    before, after = (f"{each.dialog.kind} “{each.dialog.message}”" if each.dialog else "none" for each in (last, now))
    if before != after:
        return f"the dialog that waited was {before}, and is {after}"
    if last.frame.box != now.frame.box:
        return f"it was {last.frame.width}×{last.frame.height} pixels large and is {now.frame.width}×{now.frame.height}"
    moving = (*last.settled.moving, *now.settled.moving)
    box = await asyncio.to_thread(lambda: difference(last.frame.pixels, now.frame.pixels, moving))
    if box is None:
        return ""
    if await _same_tree(last, now):
        return "cosmetic"
    return f"the picture differs between ({box.left:.0f}, {box.top:.0f}) and ({box.right:.0f}, {box.bottom:.0f})"


async def _same_tree(last: Observation, now: Observation) -> bool:
    try:
        before = last.tree.now()
        after = await now.tree.get() if before is not None else None
    except HandeyeError:
        return False
    if before is None or after is None:
        return False
    said = [[(node.role, node.name, node.value, node.states) for node in tree.nodes] for tree in (before, after)]
    return said[0] == said[1]
