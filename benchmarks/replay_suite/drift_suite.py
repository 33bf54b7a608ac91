"""Action replay over pages that changed in known ways: what it clicked, as the page heard it, and what it said of each step.

    python -m handeye.benchmarks.replay_suite.drift_suite            a few of each kind; FULL=1 for more than 500 cases

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
from pathlib import Path
from typing import Any, NamedTuple

from ...agent.run import Resources
from ...environments.sites import RunningSite
from ...episodes.reader import Episode
from ...tools.actions import Place, Target
from ...tools.geometry import Point
from ..drift_tally import Tally, failures, total
from ..replay.action.report import Report
from .drift_pages import Change, Drawn, Thing, draw, page_html
from .drift_stage import Pages, Stage, places_of
from .scene_suite import run_scenes

_STEPS = 3
_STILL = 4.0


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


KINDS = (
    "unchanged",
    "restyled",
    "moved",
    "relabelled",
    "decoy elsewhere",
    "decoy beside it",
    "removed",
    "removed and restyled",
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
        case "removed" | "removed and restyled":
            # of several of one name nothing may tell which one is left
            likes = sum(each.words == victim.words for each in page.things) > 1
            change = Change(gone=victim.key, style=0 if kind == "removed" else dice.randint(1, 10**6))
            return Truth(change, (*gone, "target-ambiguous") if likes else gone, lost=alone)
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
        self._stage = Stage(resources, folder)

    async def run(self, seed: int, kinds: Sequence[str], tallies: dict[str, Tally]) -> None:
        """Records the page of a seed and replays it after each kind of change."""
        pages = Pages()
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
                pages.hits, pages.at = [], {}
                patience = 5.0 if truth.change.late else 0.5
                report = await self._stage.replay(recorded, patience, truth.start)
                keys = [each.key for each in targets]
                _judge(tallies[kind], truth, report, keys, pages, places, f"seed {seed}")

    async def _record(
        self, url: str, targets: list[Thing], page: Drawn, dice: random.Random
    ) -> tuple[Episode | None, dict[str, list[float]], list[Thing]]:
        look = await self._stage.record(url, [])
        places = places_of(look)
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
        episode = await self._stage.record(url, wanted)
        return episode, places, targets


def _judge(
    tally: Tally,
    truth: Truth,
    report: Report,
    keys: list[str],
    pages: Pages,
    before: dict[str, list[float]],
    name: str,
) -> None:
    tally.cases += 1
    steps = [each for each in report.verdicts if each.step < len(keys)]
    done = [each for each in steps if each.through]
    one_true = keys[: next((number for number, key in enumerate(keys) if key in truth.lost), len(keys))]
    # what is not there any more cannot be clicked, whatever hears it in its place
    expected = keys[: min(len(done), len(one_true))]
    if pages.hits != expected:
        tally.wrong += 1
        tally.notes.append(f"{name}: clicked {pages.hits}, and should have clicked {expected} ({truth.change})")
    tally.acts += len(one_true)
    tally.through += min(len(done), len(one_true))
    for number, each in enumerate(steps):
        tally.told += 1
        if number < len(one_true):
            right = each.through and _fits(each.verdict, truth, before[keys[number]], pages.at.get(keys[number]), each)
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


async def measure(
    seeds: Sequence[int], kinds: Sequence[str], workers: int = 2, *, scenes: Sequence[int] = (), scene: str = ""
) -> dict[str, Tally]:
    """Runs every kind of change on the page of every seed.

    Args:
        seeds: Of drawn pages, each changed in every way.
        kinds: The ways.
        workers: How many run side by side.
        scenes: Seeds of all the scenes.
        scene: Only those whose name has these words in it.
    """
    tallies = {kind: Tally() for kind in kinds if seeds}
    waiting = list(seeds)
    left = list(scenes)
    with tempfile.TemporaryDirectory(prefix="handeye-drift-") as folder:
        async with Resources() as resources:

            async def work(number: int) -> None:
                suite = Suite(resources, Path(folder) / str(number))
                while waiting:
                    await suite.run(waiting.pop(), kinds, tallies)
                while left:
                    seed = left.pop()
                    await run_scenes(seed, resources, Path(folder) / f"scenes-{seed}", tallies, scene)

            async with asyncio.TaskGroup() as group:
                for number in range(workers):
                    group.create_task(work(number))
    return tallies


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, action="append", help="of a page; drawn anew without it")
    parser.add_argument("--pages", type=int, default=44 if os.environ.get("FULL") else 4)
    parser.add_argument("--kind", action="append", choices=KINDS, help="of change; all without it")
    parser.add_argument(
        "--scenes", type=int, default=2 if os.environ.get("FULL") else 1, help="times that all scenes are run"
    )
    parser.add_argument("--scene-seed", type=int, action="append", help="of scenes; drawn anew without it")
    parser.add_argument("--scene", default="", help="only the scenes with these words in their name")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    alone = asked.seed or asked.scene_seed
    seeds, scenes = (
        given if alone else [random.SystemRandom().randrange(10**9) for _ in range(count)]
        for given, count in ((asked.seed or [], asked.pages), (asked.scene_seed or [], asked.scenes))
    )
    print(f"seeds: {json.dumps(seeds)}, of scenes: {json.dumps(scenes)}", flush=True)
    kinds = asked.kind or KINDS
    tallies = asyncio.run(measure(seeds, kinds, asked.workers, scenes=scenes, scene=asked.scene))
    print(f"{'kind of drift':<54} cases  wrong clicks  verdict right  went through, of those with one true target")
    for kind, each in tallies.items():
        print(
            f"{kind:<54} {each.cases:>5} {each.wrong:>13} {f'{each.right}/{each.told}':>14} {f'{each.through}/{each.acts}':>43}"
        )
    for kind, each in tallies.items():
        for note in each.notes:
            print(f"  {kind}: {note}")
    missed = failures(tallies)
    print("; ".join(missed) if missed else f"{total(tallies).cases} cases, no wrong click, nothing missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
