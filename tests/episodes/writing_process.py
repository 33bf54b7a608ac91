"""A process that writes episodes and is killed: ``killed FOLDER COUNT SEED`` or ``full FOLDER LIMIT``.

``killed`` forks a writer for each episode and kills it with SIGKILL at a random moment; it prints one line of JSON for each: the
folder, and how many steps had begun when it died. ``full`` writes until a file may not grow any further.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from handeye.episodes.schema import (
    BeginLine,
    Decision,
    EndLine,
    Header,
    LazyTree,
    Node,
    Observation,
    Outcome,
    Task,
    Tree,
)
from handeye.episodes.writer import EpisodeWriter
from handeye.tools.actions import Click
from handeye.tools.errors import EpisodeUnwritable
from handeye.tools.geometry import Point, Surface
from handeye.tools.pixels import Frame


def look(number: int) -> Observation:
    size = 40 + 40 * (number % 5)
    frame = Frame.from_pixels(np.random.default_rng(number).integers(0, 256, (size, size, 3), dtype=np.uint8))
    tree = LazyTree()
    tree.put(Tree((Node(role="text", name=f"look {number}"),)))
    return Observation(
        id=f"o{number}", at=number, frame=frame, surfaces=(Surface(name="page", box=frame.box),), tree=tree
    )


async def write(folder: Path, steps: int, begun: Callable[[], object]) -> None:
    header = Header(id="e", created="2026-01-02T03:04:05+00:00", task=Task())
    writer = EpisodeWriter(folder, header)
    writer.observation(look(0))
    act = Click[Point](at=Point(x=1, y=1))
    try:
        for step in range(steps):
            decision = Decision(intent=act, thought="x" * random.randrange(2000))
            await writer.begin(BeginLine(step=step, at=step, saw=f"o{step}", decision=decision, action=act))
            begun()
            writer.observation(look(step + 1))
            writer.end(EndLine(step=step, at=step, left=f"o{step + 1}"))
    finally:
        outcome = Outcome(status="infrastructure", stop="recording")
        await writer.close(header.model_copy(update={"outcome": outcome}))


def killed(folder: Path) -> dict[str, object]:
    """One episode whose writer does not live to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(write(folder, 10_000, lambda: os.write(writing, b".")))
        os._exit(0)
    os.close(writing)
    begun = b""
    enough = random.randrange(12)
    # killed in the midst of a step: not at the moment in which a step has begun, but within some milliseconds of it
    while len(begun) < enough and (more := os.read(reading, 1)):
        begun += more
    select.select([], [], [], random.random() / 50)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 65536):
        begun += more
    os.close(reading)
    return {"folder": str(folder), "begun": len(begun)}


def full(folder: Path, limit: int) -> None:
    """Writes until no file may grow beyond ``limit`` bytes."""
    begun = 0

    def count() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    try:
        asyncio.run(write(folder, 10_000, count))
    except EpisodeUnwritable as error:
        print(json.dumps({"begun": begun, "error": str(error)}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["killed", folder, count, seed]:
            random.seed(int(seed))
            for number in range(int(count)):
                print(json.dumps(killed(Path(folder) / str(number))), flush=True)
        case ["full", folder, limit]:
            full(Path(folder), int(limit))
        case _:
            sys.exit(__doc__)
