"""Action replay over pages that changed in known ways: what it clicked, as the page heard it, and what it said of each step.

    python -m handeye.benchmarks.replay.drift_suite            a few of each kind; FULL=1 for more than 500 cases

A case is one recorded page and one change of it. Seeds are drawn when it runs and printed; `--seed` runs one again. Exit code 1 when there
was a wrong click, a wrong verdict, or fewer than 95 % of the steps that have one true target went through.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...agent.run import Resources, Run, run_episode
from ...environments.sites import Request, Response, RunningSite
from ...episodes.reader import Episode
from ...episodes.schema import Decision, Observation, Probe, Start, Step, Task
from ...tools.actions import Click, Done, Place, Target
from ...tools.geometry import Point
from .action import replay_action
from .drift_pages import Change, Drawn, Thing, draw, page_html
from .modes import ReplayOptions
from .report import Report

_STEPS = 3
_THROUGH = 0.95
_STILL = 4.0
_PLACES = (
    "Object.fromEntries([...document.querySelectorAll('[data-key]')].map(e => {const r = e.getBoundingClientRect();"
    " return [e.dataset.key, [r.left + r.width / 2, r.top + r.height / 2]]}))"
)


class Truth(NamedTuple):
    """What is right of a change.

    Attributes:
        change: The page now.
        stops: Verdicts of which one is right for the first step that has no one true target; none where all have one and go through.
        start: Fields of the start recipe that are others.
        lost: Keys of the things without one true target; of a row that went, everything that stood in it.
    """

    change: Change
    stops: tuple[str, ...] = ()
    start: dict[str, Any] = {}  # never changed
    lost: tuple[str, ...] = ()


@dataclass
class Tally:
    """The line of one kind of change."""

    cases: int = 0
    wrong: int = 0
    right: int = 0
    told: int = 0
    through: int = 0
    steps: int = 0
    notes: list[str] = field(default_factory=list)


class _Pages:
    """The site: one page, as it is at the moment."""

    def __init__(self) -> None:
        self.html = ""
        self.hits: list[str] = []

    def respond(self, request: Request) -> Response:
        if request.path == "/hit":
            self.hits.append(request.query["key"])
            return Response.text("")
        return Response.text(self.html) if request.path == "/page" else Response.text("", status=404)

    def path(self, page: str) -> str:
        return page


class _Clicks:
    """A policy that clicks given places; every other one by its name where that is unique."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        if len(past) < len(self._places):
            return Decision(intent=Click[Place](at=self._places[len(past)]), memo=len(past))
        return Decision(intent=Done())


KINDS = (
    "unchanged",
    "restyled",
    "moved",
    "relabelled",
    "decoy elsewhere",
    "decoy beside it",
    "removed",
    "row removed",
    "row replaced",
    "dialog in the way",
    "other page",
    "other language",
    "other size",
    "slower",
)


def change_of(kind: str, page: Drawn, victim: Thing, dice: random.Random) -> Truth | None:
    """A change of that kind; None where the page has nothing to change so."""
    block = next(index for index, each in enumerate(page.blocks) if any(victim in row for _, row in each.rows))
    rows = page.blocks[block].kind in ("list", "table", "cards")
    gone = ("target-gone",)
    row = next(each for _, each in page.blocks[block].rows if victim in each)
    alone, together = (victim.key,), tuple(each.key for each in row)
    everything = tuple(each.key for each in page.things)
    match kind:
        case "unchanged":
            return Truth(Change())
        case "restyled":
            return Truth(Change(style=dice.randint(1, 10**6)))
        case "moved":
            order = list(range(1, len(page.blocks)))
            dice.shuffle(order)
            ways = [Change(shift=dice.randint(20, 900)), Change(order=(0, *order))]
            ways += [Change(swapped=victim.key)] if len(row) > 1 else []
            return Truth(dice.choice(ways))
        case "relabelled":
            return Truth(Change(relabelled=victim.key)) if victim.words[2] else None
        case "decoy elsewhere":
            others = [index for index, each in enumerate(page.blocks) if index != block and each.kind != "text"]
            return (
                Truth(Change(decoy=victim.key, decoy_block=dice.choice(others))) if others and victim.words[0] else None
            )
        case "decoy beside it":
            return Truth(Change(twin=victim.key), ("target-ambiguous",), lost=alone) if victim.words[0] else None
        case "removed":
            # of several of one name nothing may tell which one is left
            likes = sum(each.words == victim.words for each in page.things) > 1
            return Truth(Change(gone=victim.key), (*gone, "target-ambiguous") if likes else gone, lost=alone)
        case "row removed":
            return Truth(Change(gone_row=victim.key), gone, lost=together) if rows else None
        case "row replaced":
            return Truth(Change(renamed=victim.key), gone, lost=together) if rows else None
        case "dialog in the way":
            return Truth(Change(dialog=dice.choice(["modal", "layer", "alert"])), ("wrong-state",), lost=everything)
        case "other page":
            return Truth(Change(other=True), ("wrong-state", "target-gone"), lost=everything)
        case "other language":
            return Truth(Change(language=1))
        case "other size":
            sizes: list[dict[str, Any]] = [
                {"viewport": {"width": dice.randint(700, 1600), "height": dice.randint(500, 1000)}},
                {"scale": dice.choice([1.25, 1.5, 2.0])},
                {"zoom": dice.choice([0.8, 1.1, 1.25])},
            ]
            return Truth(Change(), start=dice.choice(sizes))
        case "slower":
            return Truth(Change(late=dice.choice([400, 1200, 2600])))
    raise AssertionError(kind)


class Suite:
    """Runs cases.

    Args:
        resources: The browser.
        folder: For the episodes.
    """

    def __init__(self, resources: Resources, folder: Path) -> None:
        self._resources = resources
        self._folder = folder
        self._count = 0

    async def run(self, seed: int, kinds: Sequence[str], tallies: dict[str, Tally]) -> None:
        """Records the page of a seed and replays it after each kind of change."""
        pages = _Pages()
        with RunningSite(pages) as site:
            page = draw(seed)
            dice = random.Random(seed + 1)
            url = site.page("/page")
            pages.html = page_html(page, Change(), seed)
            targets = dice.sample(page.things, min(_STEPS, len(page.things)))
            recorded, places, targets = await self._record(url, targets, page, dice)
            if recorded is None:
                return
            if pages.hits != [each.key for each in targets]:
                raise AssertionError(f"seed {seed}: the recording clicked {pages.hits}, not {targets}")
            for kind in kinds:
                truth = change_of(kind, page, targets[-1], dice)
                if truth is None:
                    continue
                pages.html = page_html(page, truth.change, seed)
                pages.hits = []
                report = await self._replay(recorded, truth)
                keys = [each.key for each in targets]
                _judge(tallies[kind], truth, report, keys, pages.hits, places, f"seed {seed}")

    async def _record(
        self, url: str, targets: list[Thing], page: Drawn, dice: random.Random
    ) -> tuple[Episode | None, dict[str, list[float]], list[Thing]]:
        look = await self._run(url, [])
        places = _places(look)
        # what lies below the fold cannot be clicked in the recording
        targets = [each for each in targets if each.key in places and 0 < places[each.key][1] < 715]
        if not targets:
            return None, places, targets
        wanted: list[Place] = []
        names = Counter(each.words[0] for each in page.things)
        for each in targets:
            x, y = places[each.key]
            by_name = names[each.words[0]] == 1 and each.words[0] and each.tag != "div" and dice.random() < 0.5
            wanted.append(Target(description=each.words[0]) if by_name else Point(x=x, y=y))
        episode = await self._run(url, wanted)
        return episode, places, targets

    async def _run(self, url: str, wanted: Sequence[Place]) -> Episode:
        self._count += 1
        probes = (Probe(kind="script", argument=_PLACES),)
        task = Task(name="drift", start=Start(url=url), probes=probes)
        run = Run(task=task, out=self._folder / str(self._count), policy=_Clicks(wanted))
        return await run_episode(run, self._resources)

    async def _replay(self, recorded: Episode, truth: Truth) -> Report:
        self._count += 1
        patience = 5.0 if truth.change.late else 0.5
        options = ReplayOptions(
            out=self._folder / str(self._count), settings=truth.start, patience=patience, resources=self._resources
        )
        return await replay_action(recorded, options)


def _judge(
    tally: Tally,
    truth: Truth,
    report: Report,
    keys: list[str],
    hits: list[str],
    before: dict[str, list[float]],
    name: str,
) -> None:
    tally.cases += 1
    steps = [each for each in report.verdicts if each.step < len(keys)]
    done = [each for each in steps if each.through]
    one_true = keys[: next((number for number, key in enumerate(keys) if key in truth.lost), len(keys))]
    # what is not there any more cannot be clicked, whatever hears it in its place
    expected = keys[: min(len(done), len(one_true))]
    if hits != expected:
        tally.wrong += 1
        tally.notes.append(f"{name}: clicked {hits}, and should have clicked {expected} ({truth.change})")
    tally.steps += len(one_true)
    tally.through += min(len(done), len(one_true))
    after = _places(report.episode)
    for number, each in enumerate(steps):
        tally.told += 1
        if number < len(one_true):
            right = each.through and _fits(each.verdict, truth, before[keys[number]], after.get(keys[number]), each)
        else:
            right = each.verdict in truth.stops
        tally.right += right
        if not right:
            tally.notes.append(f"{name}: step {number} ({each.what}) is {each.verdict}: {each.why}")
    if len(steps) < len(one_true):
        tally.notes.append(f"{name}: stopped after {len(steps)} of {len(one_true)}: {report.status}")


def _fits(verdict: str, truth: Truth, before: list[float], after: list[float] | None, told: Any) -> bool:
    """Whether a verdict says where the thing is, as the page itself says it."""
    change = truth.change
    if truth.start or change.shift or not after:
        # it may have been scrolled to
        return True
    moved = abs(before[0] - after[0]) + abs(before[1] - after[1]) > _STILL
    scrolled = any(place.now is None for place in told.replayed.places)
    if scrolled or abs((before[0] - after[0]) ** 2 + (before[1] - after[1]) ** 2 - _STILL**2) < 12:
        return True
    return (verdict == "target-moved") == moved


def _places(episode: Episode) -> dict[str, list[float]]:
    outcome = episode.outcome
    found = outcome.evidence[0].value if outcome is not None and outcome.evidence else None
    return found if isinstance(found, dict) else {}  # type: ignore[return-value]  # what _PLACES gives


async def measure(seeds: Sequence[int], kinds: Sequence[str], workers: int = 2) -> dict[str, Tally]:
    """Runs every kind of change on the page of every seed."""
    tallies = {kind: Tally() for kind in kinds}
    waiting = list(seeds)
    with tempfile.TemporaryDirectory(prefix="handeye-drift-") as folder:
        async with Resources() as resources:

            async def work(number: int) -> None:
                suite = Suite(resources, Path(folder) / str(number))
                while waiting:
                    await suite.run(waiting.pop(), kinds, tallies)

            async with asyncio.TaskGroup() as group:
                for number in range(workers):
                    group.create_task(work(number))
    return tallies


def failures(tallies: dict[str, Tally]) -> list[str]:
    """Which figures are missed."""
    wrong = sum(each.wrong for each in tallies.values())
    steps, through = (sum(getattr(each, name) for each in tallies.values()) for name in ("steps", "through"))
    told, right = (sum(getattr(each, name) for each in tallies.values()) for name in ("told", "right"))
    missed = [f"{wrong} wrong clicks"] if wrong else []
    if through < _THROUGH * steps:
        missed.append(f"{through} of {steps} steps with one true target went through, fewer than {_THROUGH:.0%}")
    if right < told:
        missed.append(f"{told - right} of {told} verdicts are not the right ones")
    return missed


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, action="append", help="of a page; drawn anew without it")
    parser.add_argument("--pages", type=int, default=44 if os.environ.get("FULL") else 4)
    parser.add_argument("--kind", action="append", choices=KINDS, help="of change; all without it")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    seeds = asked.seed or [random.SystemRandom().randrange(10**9) for _ in range(asked.pages)]
    print(f"seeds: {json.dumps(seeds)}")
    tallies = asyncio.run(measure(seeds, asked.kind or KINDS, asked.workers))
    print(
        f"{'kind of drift':<20} {'cases':>6} {'wrong clicks':>13} {'verdict right':>14} {'went through, of those with one true target':>44}"
    )
    for kind, each in tallies.items():
        print(
            f"{kind:<20} {each.cases:>6} {each.wrong:>13} {f'{each.right}/{each.told}':>14} {f'{each.through}/{each.steps}':>44}"
        )
    for kind, each in tallies.items():
        for note in each.notes:
            print(f"  {kind}: {note}")
    missed = failures(tallies)
    cases, wrong = sum(each.cases for each in tallies.values()), sum(each.wrong for each in tallies.values())
    print("; ".join(missed) if missed else f"{cases} cases, {wrong} wrong clicks, nothing missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
