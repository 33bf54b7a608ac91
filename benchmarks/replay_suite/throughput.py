"""How fast a policy replay asks: seconds for so many steps beside the floor that the model's own time sets. Fails on wrong answers only.

A model that takes half a second for any number of questions at once stands in another process and speaks the OpenAI protocol over HTTP. It
says which picture it was shown, of which step: an answer that comes to another step, or to none, is a failure. The floor is the number of
waves, steps / concurrency, times the model's time. Peaks of this process's memory are printed for the first quarter of the steps and for
all: a replay holds what is on its way, and no more.

::

    python -m handeye.benchmarks.replay_suite.throughput                      the shop's screens, each with a number of its own
    python -m handeye.benchmarks.replay_suite.throughput --episode EPISODE    the frames of an episode of yours
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from ...agent.policies.model import Thinking
from ...environments.browser.environment import BrowserEnvironment
from ...environments.browser.host import BrowserHost
from ...environments.sites import RunningSite
from ...episodes.reader import Episode
from ...episodes.schema import BeginLine, Decision, EndLine, Header, LazyTree, Observation, Outcome, Scored, Start, Task
from ...episodes.writer import EpisodeWriter
from ...tools.actions import Key
from ...tools.errors import EnvironmentFailed
from ...tools.geometry import Surface
from ...tools.pixels import Frame
from ..replay.policy.mode import PolicyOptions, policy
from ..replay.policy.scoring import Pace
from ..replay.policy.tally import PolicyReport
from .frames import PhotoShop, shop_acts

STEPS, CONCURRENCY, SECONDS = 1000, 64, 0.5
_SCREENS = 50
_QUESTION = re.compile(rb"Step (\d+): what do you do now\?")
_UUID = re.compile(rb'"uuid": "([0-9a-f]{64})"')
_END_OF_BODY = 20_000
_F2 = Key(keys=("F2",))


class Measured(NamedTuple):
    """What came of it.

    Attributes:
        steps: Asked about.
        seconds: From the first question to the last score.
        floor: What the model alone would take.
        misplaced: Answers that were put to another step.
        lost: Steps without an answer.
        busy: Seconds of the processor that this process took.
        before: MB of this process before the first question, the peak in the `first` quarter of the answers, and in `all`.
    """

    steps: int
    seconds: float
    floor: float
    misplaced: int
    lost: int
    busy: float
    before: float
    first: float
    all: float


class Stub:
    """Answers over the OpenAI protocol, each question after the same time.

    It reads no more of a question than tells its picture and its step: a server that takes it all apart costs more than the client.

    Args:
        seconds: From the last byte of a question to its answer.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def serve(self, ready: asyncio.Future[str]) -> None:
        """Serves until it is cancelled; says its address."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=1 << 24)
        async with server:
            ready.set_result(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = re.search(rb"content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                answer = await self._chat(body) if head.startswith(b"post") else _MODELS
                data = json.dumps(answer).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data)
                )
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _chat(self, body: bytes) -> dict[str, object]:
        shown, asked = _UUID.findall(body, max(0, len(body) - _END_OF_BODY)), _QUESTION.findall(body[-_END_OF_BODY:])
        del body
        await asyncio.sleep(self._seconds)
        thought = f"{shown[-1].decode()} {asked[-1].decode()}"
        content = json.dumps({"thought": thought, "action": {"verb": "key", "keys": list(_F2.keys)}})
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        return {"model": "phi-4", "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}


_MODELS: dict[str, object] = {"object": "list", "data": [{"id": "phi-4", "object": "model", "owned_by": "vllm"}]}


@contextlib.contextmanager
def stub(seconds: float) -> Iterator[str]:
    """The stub in a process of its own; gives its address.

    Raises:
        EnvironmentFailed: It does not start.
    """
    arguments = [sys.executable, "-m", f"{__package__}.throughput", "--serve", "--seconds", str(seconds)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise EnvironmentFailed(f"the stub did not start: {' '.join(arguments)}")
        yield url
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def screens(count: int) -> list[bytes]:
    """PNGs of screens of the shop, as a real browser gives them."""
    site, found = RunningSite(PhotoShop()), []
    try:
        async with BrowserHost() as host:
            world = BrowserEnvironment(host=host)
            try:
                now = await world.reset(Start(url=site.page("/0")))
                for act in shop_acts(site, count):
                    found.append(now.frame.png)
                    now = (await world.step(act, now.id)).observation
            finally:
                await world.close()
    finally:
        site.close()
    return found


async def write_steps(folder: Path, pictures: Sequence[bytes], steps: int) -> Episode:
    """An episode of so many steps; each has one of the pictures, as a file that no other step has."""
    header = Header(
        id="throughput", created="2026-01-01T00:00:00+00:00", task=Task(name="throughput", goal="Press what is asked")
    )
    writer = EpisodeWriter(folder, header)
    for number in range(steps):
        frame = Frame.from_png(numbered(pictures[number % len(pictures)], number))
        surfaces = (Surface(name="page", box=frame.box),)
        tree = LazyTree(missing="not asked for")
        seen = Observation(id=f"o{number:04d}", at=number, frame=frame, surfaces=surfaces, tree=tree)
        writer.observation(seen)
        begin = BeginLine(step=number, at=number, saw=seen.id, decision=Decision(intent=_F2), action=_F2)
        await writer.begin(begin)
        frame.release()
        writer.end(EndLine(step=number, at=number, left=seen.id))
    await writer.close(header.model_copy(update={"outcome": Outcome(status="unverified", stop="done")}))
    return await asyncio.to_thread(Episode.open, folder)


def numbered(png: bytes, number: int) -> bytes:
    """The same picture as another file."""
    name, words = b"tEXt", b"Comment\0%d" % number
    chunk = struct.pack(">I", len(words)) + name + words + struct.pack(">I", zlib.crc32(name + words))
    # before the last chunk, which has no content
    return png[:-12] + chunk + png[-12:]


async def answers(
    episode: Episode, concurrency: int, url: str, watch: Callable[[Scored], None] | None = None
) -> PolicyReport:
    """Asks about every step."""
    options = PolicyOptions(model=url, thinking=Thinking(mode="direct"), pace=Pace(concurrency, 1, watch))
    return await policy(episode, options)


def misplaced(episode: Episode, scored: Iterable[Scored]) -> int:
    """How many answers are about another picture or step than the one that they were put to."""
    wanted = {f"step {step.index}": f"{step.saw.frame.sha256} {step.index}" for step in episode}
    said = {each.prediction.item: each.prediction.decision for each in scored}
    return sum(decision is not None and decision.thought != wanted[item] for item, decision in said.items())


async def measure(episode: Episode, concurrency: int, seconds: float, url: str) -> Measured:
    """Asks about every step and times it."""
    process = psutil.Process()
    peaks: list[int] = []
    before = process.memory_info().rss
    began, busy = time.perf_counter(), time.process_time()
    report = await answers(episode, concurrency, url, lambda scored: peaks.append(process.memory_info().rss))
    took, busy = time.perf_counter() - began, time.process_time() - busy
    return Measured(
        steps=report.items,
        seconds=took,
        floor=math.ceil(report.items / concurrency) * seconds,
        misplaced=misplaced(episode, report.scored),
        lost=report.items - sum(each.prediction.decision is not None for each in report.scored),
        busy=busy,
        before=before / 1e6,
        first=max(peaks[: max(len(peaks) // 4, concurrency)], default=0) / 1e6,
        all=max(peaks, default=0) / 1e6,
    )


async def shop(steps: int, concurrency: int, seconds: float) -> Measured:
    """Records an episode of so many steps on screens of a shop, and measures on it."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = await screens(min(_SCREENS, steps))
        episode = await write_steps(Path(folder) / "episode", pictures, steps)
        del pictures
        with stub(seconds) as url:
            return await measure(episode, concurrency, seconds, url)


async def run(asked: argparse.Namespace) -> Measured:
    """Makes the episode, unless there is one, and measures."""
    if asked.episode is None:
        return await shop(asked.steps, asked.concurrency, asked.seconds)
    with stub(asked.seconds) as url:
        return await measure(Episode.open(asked.episode), asked.concurrency, asked.seconds, url)


async def _serve(seconds: float) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(Stub(seconds).serve(ready))
    print(await ready, flush=True)
    await serving


def main(arguments: list[str] | None = None) -> int:
    """Entry point; exit code 1 when an answer is lost or misplaced."""
    parser = argparse.ArgumentParser(prog="python -m handeye.benchmarks.replay_suite.throughput", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--episode", type=Path, help="whose frames; by default screens of a shop are recorded first")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that the model takes for an answer")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.serve:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(asked.seconds))
        return 0
    found = asyncio.run(run(asked))
    print(f"{found.steps} steps, {asked.concurrency} at once, {asked.seconds:g} s an answer")
    print(f"{found.seconds:7.2f} s   {found.floor:.2f} s at least   ratio {found.seconds / found.floor:.3f}")
    print(f"{found.busy / found.steps * 1e3:7.2f} ms of the processor for a step")
    print(f"{found.lost:7} lost   {found.misplaced} put to another step")
    print(f"{found.before:7.0f} MB before   {found.first:.0f} MB in the first quarter   {found.all:.0f} MB in all")
    return int(bool(found.lost or found.misplaced))


if __name__ == "__main__":
    sys.exit(main())
