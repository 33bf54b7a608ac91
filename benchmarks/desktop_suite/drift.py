"""Windows that changed in known ways, with seeds drawn now: is what was recorded done in them again, and never anything else?

::

    python -m handeye.benchmarks.desktop_suite.drift --seed 7 --toolkit qt --kind "window moved"
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...agent.run import Resources, Run, run_episode
from ...episodes.reader import Episode
from ...episodes.schema import Decision, Observation, Program, Start, Step, Task, Viewport
from ...tools.actions import Click, Done, Place, Type
from ...tools.geometry import Point
from ..drift_tally import Tally, drift_found, failures, total
from ..figures import Asked, Found
from ..replay.action.mode import replay_action
from ..replay.action.report import Report, StepVerdict
from ..replay.modes import ReplayOptions
from .drift_forms import KINDS, Do, Form, Truth, acts_in, change_of, draw

TOOLKITS = ("gtk", "qt", "silent")
"""GTK 3, Qt 5, and a program that says nothing of itself: known by its pixels alone."""
_FEW = 5
"""Changes on each toolkit at small size, so many of all, another selection each time."""
_ROUNDS = 5
"""At full size every change on each toolkit, so many times."""
_SCREEN = Viewport(width=1280, height=800)
_PATIENCE = 2.0
"""Seconds that a replay waits for what may still come."""
_LIMIT = 60.0
_LOOK_SECONDS = 0.05
_STILL, _ROUNDED = 4.0, 3.0
_PYTHON = "/usr/bin/python3"
_FOLDER = Path(__file__).with_name("programs")


class Said:
    """What a program says that was done to it.

    Args:
        path: Of the file that it writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        """All that was said so far."""
        if not self.path.exists():
            return []
        whole = self.path.read_text(encoding="utf-8")
        return [json.loads(line) for line in whole[: whole.rfind("\n") + 1].splitlines()]

    def places(self) -> dict[str, list[float]]:
        """Where the middle of each thing is, points of the screen."""
        return next((each["places"] for each in reversed(self.lines()) if "places" in each), {})

    def done(self) -> list[tuple[str, str]]:
        """What was clicked and typed, in order: kind and key, of what was typed the whole text besides."""
        found: list[tuple[str, str]] = []
        for each in self.lines():
            if "click" in each:
                found.append(("click", each["click"]))
            elif "text" in each:
                if found and found[-1][0] == "text" and found[-1][1].partition("=")[0] == each["text"]:
                    found.pop()
                found.append(("text", f"{each['text']}={each['value']}"))
        return found

    def at(self) -> dict[str, list[float]]:
        """Where what was clicked was right then."""
        return {each["click"]: each["at"] for each in self.lines() if "click" in each}


class Stage:
    """Records acts in windows and replays them, each in a sandbox of its own.

    Args:
        resources: What runs share.
        folder: For the episodes and what programs read and write.
    """

    def __init__(self, resources: Resources, folder: Path) -> None:
        self._resources = resources
        self._folder = folder
        self._count = 0
        folder.mkdir(parents=True, exist_ok=True)

    async def record(self, toolkit: str, form: Form, acts: Sequence[Do]) -> tuple[Episode, Said]:
        """An episode of some acts in a window, and what that said."""
        program, said = self._program(toolkit, form)
        task = Task(name="drift", environment="desktop", start=Start(viewport=_SCREEN, programs=(program,)))
        run = Run(task=task, out=self._path("recorded"), policy=_Acts(acts, said))
        return await run_episode(run, self._resources), said

    async def replay(self, recorded: Episode, toolkit: str, truth: Truth) -> tuple[Report, Said, list[Said]]:
        """Does it again in the windows that there are now; what the window said, and what the others did."""
        program, said = self._program(toolkit, truth.form)
        others = [self._program(toolkit, each) for each in truth.others]
        besides = [each for each, _ in others]
        programs = [*besides, program] if truth.first else [program, *besides]
        options = ReplayOptions(
            out=self._path("replayed"),
            settings={"programs": tuple(programs)},
            patience=_PATIENCE,
            resources=self._resources,
        )
        return await replay_action(recorded, options), said, [each for _, each in others]

    def _program(self, toolkit: str, form: Form) -> tuple[Program, Said]:
        path, log = self._path("form.json"), self._path("log.jsonl")
        path.write_text(json.dumps(form), encoding="utf-8")
        file = _FOLDER / ("form_qt.py" if toolkit == "qt" else "form_gtk.py")
        command = (_PYTHON, "-I", str(file), str(path), str(log))
        silence = {"NO_AT_BRIDGE": "1"} if toolkit == "silent" else {}
        window = f"^{form['title']}$"
        return Program(command=command, window=window, seconds=_LIMIT, environment=silence), Said(log)

    def _path(self, name: str) -> Path:
        self._count += 1
        return self._folder / f"{self._count}-{name}"


class _Acts:
    """A policy that does given acts, where the program says that things are."""

    def __init__(self, acts: Sequence[Do], said: Said) -> None:
        self._acts = acts
        self._said = said

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        if len(past) >= len(self._acts):
            return Decision(intent=Done())
        act = self._acts[len(past)]
        x, y = await self._place(act.key)
        at = Point(x=x, y=y)
        match act.how:
            case "keys":
                return Decision(intent=Type[Place](text=act.text), memo=len(past))
            case "type":
                return Decision(intent=Type[Place](at=at, text=act.text), memo=len(past))
            case _:
                return Decision(intent=Click[Place](at=at), memo=len(past))

    async def _place(self, key: str) -> list[float]:
        limit = time.monotonic() + _LIMIT
        while key not in (places := self._said.places()):
            if time.monotonic() > limit:
                raise TimeoutError(f"the program never said where {key} is")
            await asyncio.sleep(_LOOK_SECONDS)
        return places[key]


def expected_of(acts: Sequence[Do]) -> list[tuple[str, str]]:
    """What a program says when acts were done to it."""
    return [
        ("text", f"{each.key}={each.text}") if each.how in ("keys", "type") else ("click", each.key)
        for each in acts
        if each.how != "focus"
    ]


async def case(
    stage: Stage, recording: tuple[Episode, Said], toolkit: str, acts: list[Do], truth: Truth, tally: Tally, name: str
) -> None:
    """Replays a recording after a change, and counts what came of it."""
    recorded, before = recording
    report, said, others = await stage.replay(recorded, toolkit, truth)
    tally.cases += 1
    steps = [each for each in report.verdicts if each.step < len(acts)]
    done = sum(each.through for each in steps)
    able = len(acts) if truth.lost is None else truth.lost
    wanted = expected_of(acts[: min(done, able)])
    found, besides = said.done(), [line for each in others for line in each.done()]
    if found != wanted or besides or done > able:
        tally.wrong += 1
        tally.notes.append(f"{name}: did {found} and elsewhere {besides}, and should have done {wanted}")
    blind = truth.may_stop and done < able and len(steps) > done
    tally.blind += able - done if blind else 0
    tally.acts += done if blind else able
    tally.through += min(done, able)
    for number, each in enumerate(steps):
        tally.told += 1
        if number >= able:
            right = each.verdict in truth.stops
        elif blind and number == done:
            right = not each.through
        else:
            right = each.through and _placed(acts[number], each, before.at(), said.at())
        tally.right += right
        if not right:
            tally.notes.append(f"{name}: act {number} ({each.what}) is {each.verdict}: {each.why}")
    if not steps or (len(steps) < able and not blind and steps[-1].through):
        outcome = report.episode.outcome
        why = outcome.message if outcome is not None else ""
        tally.notes.append(f"{name}: stopped after {len(steps)} of {len(acts)}: {report.status} {why}")


def _placed(act: Do, verdict: StepVerdict, before: dict[str, list[float]], after: dict[str, list[float]]) -> bool:
    """Whether a verdict says where the thing is, as the program itself says it."""
    if act.how != "click" or act.key not in before or act.key not in after:
        return True
    (x, y), (now_x, now_y) = before[act.key], after[act.key]
    away = ((x - now_x) ** 2 + (y - now_y) ** 2) ** 0.5
    return bool(abs(away - _STILL) < _ROUNDED or (verdict.verdict == "target-moved") == (away > _STILL))


async def measure(cases: Sequence[tuple[int, str, Sequence[str]]], folder: Path, workers: int = 1) -> dict[str, Tally]:
    """Records a window for each seed and toolkit, and replays it after each kind of change.

    Args:
        cases: Seed, toolkit and kinds.
        folder: For the episodes.
        workers: How many run side by side.
    """
    tallies = {kind: Tally() for kind in KINDS}
    waiting = list(cases)

    async with Resources() as resources:

        async def work() -> None:
            while waiting:
                seed, toolkit, kinds = waiting.pop()
                stage = Stage(resources, folder / f"{seed}-{toolkit}")
                form, dice = draw(seed), random.Random(seed + 1)
                acts = acts_in(form, dice)
                recorded, said = await stage.record(toolkit, form, acts)
                if said.done() != expected_of(acts):
                    raise AssertionError(f"seed {seed}, {toolkit}: the recording did {said.done()}, not {acts}")
                for kind in kinds:
                    truth = change_of(kind, form, acts, random.Random(f"{seed} {kind}"), silent=toolkit == "silent")
                    if truth is not None:
                        name = f"seed {seed}, {toolkit}"
                        await case(stage, (recorded, said), toolkit, acts, truth, tallies[kind], name)

        # an error of ours comes out as it is, not in a group
        await asyncio.gather(*(work() for _ in range(workers)))
    return {kind: each for kind, each in tallies.items() if each.cases}


def part(asked: Asked) -> Found:
    """See `Part`."""
    dice = random.Random(asked.seed)
    rounds = _ROUNDS if asked.full else 1
    seeds = [(dice.randrange(10**9), toolkit) for _ in range(rounds) for toolkit in TOOLKITS]
    kinds = list(KINDS)
    dice.shuffle(kinds)
    chosen = [KINDS if asked.full else tuple(kinds[n * _FEW : (n + 1) * _FEW]) for n in range(len(TOOLKITS))] * rounds
    cases = [(seed, toolkit, some) for (seed, toolkit), some in zip(seeds, chosen, strict=True)]
    tallies = asyncio.run(measure(cases, asked.folder, 2 if asked.full else 1))
    blind = total(tallies).blind
    note = f"drift: seeds {seeds}; {blind} acts of programs known by pixels alone stopped where their looks changed"
    return drift_found(tallies, note)


def main() -> None:
    """Prints the table of some cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, action="append", help="of a window; drawn anew without it")
    parser.add_argument("--toolkit", action="append", choices=TOOLKITS)
    parser.add_argument("--kind", action="append", choices=KINDS, help="of change; all without it")
    parser.add_argument("--workers", type=int, default=2 if os.environ.get("FULL") else 1)
    parser.add_argument("--keep", type=Path, help="folder in which the episodes stay")
    asked = parser.parse_args()
    seeds = asked.seed or [random.SystemRandom().randrange(10**9)]
    cases = [(seed, toolkit, asked.kind or KINDS) for seed in seeds for toolkit in asked.toolkit or TOOLKITS]
    print(f"seeds: {json.dumps(seeds)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="handeye-drift-") as folder:
        tallies = asyncio.run(measure(cases, asked.keep or Path(folder), asked.workers))
    print(f"{'kind of drift':<36} cases  wrong  verdicts right  went through  stopped blind")
    for kind, each in tallies.items():
        right, through = f"{each.right}/{each.told}", f"{each.through}/{each.acts}"
        print(f"{kind:<36} {each.cases:>5} {each.wrong:>6} {right:>15} {through:>13} {each.blind:>14}")
        for note in each.notes:
            print(f"    {note}")
    missed = failures(tallies)
    print("; ".join(missed) if missed else "nothing missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
