"""Kills runs with SIGKILL at random instants and goes on with them: is anything lost, is anything done twice?

Each trial runs a task of many fast steps in a world that keeps account of what is done in it, in a file of its own (`CountingWorld`).
The process is killed at a random instant; what it left is read and held against the account; then the run is resumed, and killed again
once or twice, until it comes to its end. Where the act in hand is unknown the run has to stop; then what the account says is given as the
word of the person who looked.

::

    python -m handeye.benchmarks.replay_suite.sigkill            # FULL=1: 200 trials
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ...agent.face import resume, run
from ...agent.resuming import Word
from ...episodes.reader import Episode
from ...episodes.store import BLOBS, HEADER, LINES
from ...tools.errors import CannotResume, EpisodeError
from .counting import acts_of

FULL, FEW = 200, 30
"""Trials at full size, and otherwise."""
STEPS = 40
"""Acts of one episode."""
_KILLS = 3
"""How often one episode is killed at most."""
_WORLD = "handeye.benchmarks.replay_suite.counting:CountingWorld"


@dataclass
class Tally:
    """What came of all trials.

    Attributes:
        trials: Episodes that were begun.
        kills: Processes that were killed while they wrote one.
        before: Kills before there was an episode.
        unknown: Kills that left a step of which nobody can tell whether its act was done.
        of_these_done: How many of these acts the world had counted.
        lost: Acts that the world counted and no step of the episode has, and lines that were whole and are gone.
        repeated: Acts that the world counted twice.
        missing: Acts that the world should have counted by the end and did not.
        unreadable: Episodes that could not be read after a kill, or hold a damaged blob.
        unfinished: Episodes that did not pass in the end.
        went_on: Times that a resume went on although the act in hand was unknown and nobody had said a word.
        problems: In words, for the first of them.
    """

    trials: int = 0
    kills: int = 0
    before: int = 0
    unknown: int = 0
    of_these_done: int = 0
    lost: int = 0
    repeated: int = 0
    missing: int = 0
    unreadable: int = 0
    unfinished: int = 0
    went_on: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything was wrong."""
        return bool(self.lost or self.repeated or self.missing or self.unreadable or self.unfinished or self.went_on)

    def wrong(self, name: str, count: int, what: str) -> None:
        """Counts something that must not be."""
        setattr(self, name, getattr(self, name) + count)
        if count and len(self.problems) < 10:
            self.problems.append(what)


def task(ledger: Path, steps: int = STEPS) -> dict[str, Any]:
    """Types that many different texts into a world that keeps them in that file."""
    return {
        "name": "counting",
        "environment": _WORLD,
        "start": {"url": ledger.resolve().as_uri()},
        "steps": [{"type": f"act {number}"} for number in range(steps)],
        "postconditions": [{"text": f"act {steps - 1}"}],
    }


def killed(doing: Callable[[], Awaitable[object]], after: float | None, since: Path | None = None) -> bool:
    """Does something in a process of its own, which is killed after so many seconds; ``since`` counts them from when that file is there.

    Returns:
        Whether it was killed; false when it had come to its end before.

    Raises:
        EpisodeError: It failed by itself.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(_quietly(doing))
            code = 0
        except CannotResume as error:
            print(error, file=sys.stderr)
            code = 2
        finally:
            # nothing of the parent's is to be tidied up here
            os._exit(code)
    if after is not None:
        while since is not None and not since.exists() and _alive(child):
            os.sched_yield()
        _spin(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status) == 2:
        raise CannotResume("refused")
    if os.WEXITSTATUS(status):
        raise EpisodeError(f"the run ended by itself, with code {os.WEXITSTATUS(status)}")
    return False


def _alive(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


async def _quietly(doing: Callable[[], Awaitable[object]]) -> None:
    await doing()


def _spin(seconds: float) -> None:
    # to the instant, where a sleep is rounded by the kernel's clock
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        os.sched_yield()


def duration(folder: Path, steps: int) -> float:
    """Seconds that one episode takes from its first observation to its end when nobody kills it."""
    folder.mkdir()
    killed(lambda: run(task(folder / "ledger", steps), out=folder / "episode"), None)
    return Episode.open(folder / "episode").seconds


def trial(folder: Path, steps: int, length: float, dice: random.Random, tally: Tally) -> None:
    """One episode, killed and gone on with until it has come to its end."""
    folder.mkdir()
    ledger, episode = folder / "ledger", folder / "episode"
    tally.trials += 1
    # a tenth of them at any time at all, which is mostly before there is an episode
    since = episode / HEADER if dice.random() < 0.9 else None
    cut = killed(lambda: run(task(ledger, steps), out=episode), dice.uniform(0, length), since)
    kills = 0
    while cut:
        kills += 1
        tally.kills += 1
        if not (episode / HEADER).exists():
            tally.before += 1
            return
        word = _look(episode, ledger, tally)
        if word == "over":
            break
        before = _whole_lines(episode)
        after = dice.uniform(0, length) if kills < _KILLS else None
        try:
            if word is not None:
                _must_stop(episode, tally)
            cut = killed(partial(resume, episode, unknown=word), after)
        except (CannotResume, EpisodeError) as error:
            tally.wrong("unfinished", 1, f"{episode}: a resume failed: {error}")
            return
        if not _whole_lines(episode).startswith(before):
            tally.wrong("lost", 1, f"{episode}: lines that were whole are gone after a resume")
    _end(episode, ledger, steps, tally)


def _look(episode: Path, ledger: Path, tally: Tally) -> Word | Literal["over"] | None:
    """Holds what a kill left against the account.

    Returns:
        What a person who looks there says of the act in hand; None when there is none; ``over`` when there is nothing to go on with.
    """
    done = acts_of(ledger)
    try:
        read = Episode.open(episode)
        for seen in read.observations.values():
            _ = seen.frame.pixels
        for file in (episode / BLOBS).rglob("*"):
            if file.is_file() and file.suffix != ".part" and hashlib.sha256(file.read_bytes()).hexdigest() != file.name:
                tally.wrong("unreadable", 1, f"{file} is damaged")
    except EpisodeError as error:
        tally.wrong("unreadable", 1, str(error))
        return "over"
    begun = [step.action.text for step in read if step.action is not None and step.action.verb == "type"]
    lost = [act for act in done if act not in begun]
    tally.wrong("lost", len(lost), f"{episode}: the world counted {lost}, of which the episode does not know")
    tally.wrong("repeated", len(done) - len(set(done)), f"{episode}: something was done twice")
    if read.outcome is not None:
        return "over"
    last = read.steps[-1] if read.steps else None
    if last is None or not last.unknown or last.action is None or last.action.verb != "type":
        return None
    tally.unknown += 1
    happened = last.action.text in done
    tally.of_these_done += happened
    return "happened" if happened else "not-happened"


def _must_stop(episode: Path, tally: Tally) -> None:
    before = (episode / LINES).read_bytes()
    try:
        killed(lambda: resume(episode), None)
    except CannotResume:
        if (episode / LINES).read_bytes() != before:
            tally.wrong("went_on", 1, f"{episode}: a resume that stopped wrote something")
        return
    tally.wrong("went_on", 1, f"{episode}: went on although an act was unknown")


def _whole_lines(episode: Path) -> bytes:
    data = (episode / LINES).read_bytes() if (episode / LINES).exists() else b""
    return data[: data.rfind(b"\n") + 1]


def _end(episode: Path, ledger: Path, steps: int, tally: Tally) -> None:
    done = acts_of(ledger)
    wanted = [f"act {number}" for number in range(steps)]
    tally.wrong("repeated", len(done) - len(set(done)), f"{episode}: something was done twice: {done}")
    tally.wrong("missing", len(set(wanted) - set(done)), f"{episode}: not done: {set(wanted) - set(done)}")
    read = Episode.open(episode)
    if read.outcome is None or read.outcome.status != "passed":
        said = read.outcome.message if read.outcome else "broken off"
        tally.wrong("unfinished", 1, f"{episode}: ended as {said}")
    if [step.index for step in read] != list(range(len(read))) or any(step.unknown for step in read):
        tally.wrong("lost", 1, f"{episode}: steps are missing, or unknown at the end")


def trials(count: int, seed: int, folder: Path, steps: int = STEPS) -> Tally:
    """Runs so many trials in a folder."""
    dice = random.Random(seed)  # nothing secret
    tally = Tally()
    folder.mkdir(parents=True)
    length = duration(folder / "whole", steps)
    for number in range(count):
        trial(folder / str(number), steps, length, dice, tally)
    return tally


def main(arguments: list[str] | None = None) -> int:
    """Entry point; exit code 1 when anything was lost, repeated or unreadable."""
    parser = argparse.ArgumentParser(prog="python -m handeye.benchmarks.replay_suite.sigkill", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--trials", type=int, default=FULL if os.environ.get("FULL") else FEW)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the same for machines")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="handeye-sigkill-") as folder:
        tally = trials(asked.trials, asked.seed, Path(folder) / "trials")
    for name, value in asdict(tally).items():
        if name != "problems":
            print(f"{name.replace('_', ' '):16} {value:6}")
    for problem in tally.problems:
        print(f"✗ {problem}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(asdict(tally), indent=1) + "\n", encoding="utf-8")
    return int(tally.failed)


if __name__ == "__main__":
    raise SystemExit(main())
