"""Does a recorded world replay without a difference? Prints one row: ``python -m handeye.benchmarks.replay_suite.hermetic``.

Our own single-page application is recorded once, its server is stopped, and the episode is replayed: every frame has to have the pixels
that were recorded. ``FULL=1`` replays it 20 times, else 3 times; ``RUNS=5`` so often.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from ...agent.run import Resources, Run, run_episode
from ...episodes.reader import Episode
from ...episodes.schema import Task
from ..replay.modes import replay
from .hermetic_site import PUSHES, HermeticSite

TASK = {
    "name": "board",
    "start": {"viewport": {"width": 900, "height": 560}},
    "steps": [
        {"click": "Add one"},
        {"click": "Ask"},
        {"wait": 1.5},
        {"click": "Add one"},
        {"click": "Ask"},
        {"click": "Add one"},
    ],
    "postconditions": [{"text": "count 3"}],
}
"""What is done with the application; its URL comes from where it is served."""


class Hermetic(NamedTuple):
    """What a number of replays came to.

    Attributes:
        runs: How many there were.
        identical: How many of them had the recorded pixels in every frame.
        passed: How many passed.
        frames: Frames in each.
        different: Frames that differed, over all.
        misses: Requests that had no recorded answer, over all.
        asked: Requests that reached the server after it was recorded.
    """

    runs: int
    identical: int
    passed: int
    frames: int
    different: int
    misses: int
    asked: int

    def row(self) -> str:
        """As a row of a Markdown table."""
        return (
            f"| hermetic replay of a stateful page | {self.identical}/{self.runs} identical | {self.passed}/{self.runs} passed "
            f"| {self.frames} frames each, {self.different} different | {self.misses} misses | {self.asked} requests left |"
        )


async def record(site: HermeticSite, out: Path, resources: Resources) -> Episode:
    """Records the application."""
    start = {**TASK["start"], "url": site.url}  # type: ignore[dict-item]
    task = Task.model_validate({**TASK, "start": start})
    return await run_episode(Run(task=task, out=out, record_network=True), resources)


def differing(recorded: Episode, replayed: Episode) -> int:
    """How many frames of a recording are not, pixel by pixel, in the replay."""
    pairs = zip(recorded.observations.values(), replayed.observations.values(), strict=False)
    missing = abs(len(recorded.observations) - len(replayed.observations))
    return missing + sum(a.frame.pixel_hash != b.frame.pixel_hash for a, b in pairs)


async def measure(runs: int, folder: Path, resources: Resources, every: float = PUSHES) -> Hermetic:
    """Records once, stops the server, and replays.

    Args:
        runs: How often.
        folder: For the episodes.
        resources: A running browser.
        every: Seconds between two messages that the page is told unasked.
    """
    async with HermeticSite(every) as site:
        recorded = await record(site, folder / "recorded", resources)
    asked = site.asked
    identical = passed = different = misses = 0
    for number in range(runs):
        report = await replay(recorded, hermetic=True, out=folder / f"replayed-{number}", resources=resources)
        differs = differing(recorded, report.episode)
        outcome = report.episode.outcome
        identical += differs == 0
        different += differs
        passed += report.exit_code == 0
        misses += len(outcome.network.misses) if outcome is not None and outcome.network is not None else 0
    return Hermetic(runs, identical, passed, len(recorded.observations), different, misses, site.asked - asked)


async def _main() -> int:
    runs = int(os.environ.get("RUNS", "20" if os.environ.get("FULL") == "1" else "3"))
    with tempfile.TemporaryDirectory(prefix="handeye-hermetic-") as folder:
        async with Resources() as resources:
            found = await measure(runs, Path(folder), resources)
    print(found.row())
    return 0 if found.identical == found.passed == runs else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
