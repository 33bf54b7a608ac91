"""``make replay-suite``: what replay promises, measured, in one table. Exit code 1 when a figure is missed.

::

    python -m handeye.benchmarks.replay_suite --only drift          # FULL=1 in the environment: at full size
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence

from ...agent.run import Resources
from ...environments.browser.host import BrowserHost
from ...environments.sites.miniwob import tasks
from ..drift_tally import drift_found
from ..figures import Asked, Found, Line, Part, run_parts
from . import drift_suite, hermetic, miniwob, recording, sigkill, throughput


def drift(asked: Asked) -> Found:
    """Pages that changed in known ways."""
    dice = random.Random(asked.seed)
    pages, rounds = (44, 2) if asked.full else (3, 1)
    seeds, scenes = ([dice.randrange(10**9) for _ in range(count)] for count in (pages, rounds))
    tallies = asyncio.run(drift_suite.measure(seeds, drift_suite.KINDS, scenes=scenes))
    return drift_found(tallies, f"drift: seeds {seeds}, of scenes {scenes}")


def repeats(asked: Asked) -> Found:
    """A stateful page whose server is gone, again and again."""

    async def go() -> hermetic.Hermetic:
        async with Resources() as resources:
            return await hermetic.measure(20 if asked.full else 3, asked.folder, resources)

    found = asyncio.run(go())
    what = f"hermetic replays of a stateful page with every pixel of {found.frames} frames the same"
    missed = "" if found.identical == found.passed == found.runs else f"{found.passed} of {found.runs} passed"
    if found.asked:
        missed = f"{found.asked} requests reached the server"
    return Found((Line(what, found.identical, found.runs, missed=missed),))


def kills(asked: Asked) -> Found:
    """Runs killed with SIGKILL, and gone on with."""
    tally = sigkill.trials(sigkill.FULL if asked.full else sigkill.FEW, asked.seed, asked.folder / "k")
    bad = tally.lost + tally.repeated + tally.missing + tally.unreadable + tally.unfinished + tally.went_on
    what = f"episodes killed ({tally.kills} times) and gone on with: nothing lost, nothing done twice"
    missed = f"{bad} acts or episodes lost, repeated, unreadable or unfinished" if tally.failed else ""
    return Found(
        (Line(what, tally.trials - min(bad, tally.trials), tally.trials, missed=missed),), tuple(tally.problems)
    )


def random_acts(asked: Asked) -> Found:
    """Random acts on MiniWoB++ tasks."""
    names = tasks() if asked.full else tasks()[::25]
    seed = asked.seed % 10**6
    tally = asyncio.run(miniwob.measure(names, seed, asked.folder))
    lines = (
        Line("MiniWoB++: episodes of random acts done again whole in a new process", tally.whole, tally.tasks),
        Line("MiniWoB++: the same document", tally.dom, tally.tasks),
        Line("MiniWoB++: the same reward", tally.rewards, tally.tasks),
        Line("MiniWoB++: frames the same to the pixel", tally.same, tally.frames),
    )
    notes = (f"MiniWoB++: seed {seed}", *tally.notes)
    return Found(lines, notes, tuple(f"MiniWoB++: {each}" for each in tally.missed()))


def written(asked: Asked) -> Found:
    """What recording costs. How long the loop waits is said, and not judged."""

    count = recording.FRAMES if asked.full else 10

    async def go() -> recording.Cost:
        async with BrowserHost() as host:
            return await recording.measure(host, asked.folder, count)

    cost = asyncio.run(go())
    ratio, each = cost.packed / cost.written, cost.written / cost.frames
    allowed = recording.MOST_BYTES / recording.FRAMES
    lines = (
        Line(
            f"recording: different frames of a page full of photographs, {each / 1e6:.2f} MB each (at most {allowed / 1e6:g}),"
            f" packed {ratio:.2f} times that (at most {recording.MOST_RATIO:g}), pixels unchanged",
            cost.frames if cost.same else 0,
            count,
            missed=""
            if each <= allowed and ratio <= recording.MOST_RATIO and cost.same
            else "too large, or not the same",
        ),
    )
    told = f"recording: adds {cost.added * 1e3:.1f} ms to the critical path of the median step (wanted: {recording.MOST_SECONDS * 1e3:g})"
    return Found(lines, (told,))


def asked_at_once(asked: Asked) -> Found:
    """Questions to a model, many at once. How long they take is said, and not judged."""
    steps = throughput.STEPS if asked.full else 2 * throughput.CONCURRENCY
    found = asyncio.run(throughput.shop(steps, throughput.CONCURRENCY, throughput.SECONDS))
    wrong = found.lost + found.misplaced
    line = Line(
        f"policy replay, {throughput.CONCURRENCY} at once: answers put to the step they are about", steps - wrong, steps
    )
    if wrong:
        line = line._replace(missed=f"{found.lost} lost, {found.misplaced} put to another step")
    told = (
        f"policy replay: {found.seconds:.2f} s, {found.seconds / found.floor:.3f} times the model's own {found.floor:g} s"
        f" (wanted for 1,000 steps: 1.15); at most {found.first:.0f} MB in the first quarter, {found.all:.0f} MB in all"
    )
    return Found((line,), (told,))


PARTS: Mapping[str, Part] = {
    "drift": drift,
    "hermetic": repeats,
    "sigkill": kills,
    "miniwob": random_acts,
    "recording": written,
    "policy": asked_at_once,
}
"""Name of a part → what measures it; in the order in which they run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """See `run_parts`."""
    return run_parts("handeye.benchmarks.replay_suite", __doc__, PARTS, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
