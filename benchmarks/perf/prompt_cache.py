"""How much of each prompt a server has to read anew: ``python -m handeye.benchmarks.perf.prompt_cache http://127.0.0.1:8000/v1``.

The bundled shop's task is done from its goal alone by the oracle, and what the model was asked in it, planning and grounding, is then asked
of the server, in the same order, with one token to answer in: only the prompt counts. A line a step: prompt tokens, those that came
out of the server's prefix cache, those that did not, and the limit: the tokens of the newest frame (at an eviction of all that are
shown) and 800. The first step of a server's life reads the instructions, too.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...agent.face import resolve_task
from ...agent.models.oracle import OracleModel
from ...agent.models.vllm import VllmModel
from ...agent.policies.model import Thinking
from ...agent.run import Resources, Run, run_episode
from ...episodes.reader import Episode
from ...episodes.schema import REQUEST, Call, Request
from ...tools.errors import ModelError
from ..commands import DEMO

ALLOWED = 800
"""Tokens of text that may be new in one step."""


@dataclass
class StepCost:
    """What one step's prompts cost.

    Attributes:
        step: Its number.
        calls: How many questions were asked.
        prompt: Tokens of all of them.
        cached: Of those, how many came from the cache.
        fresh: Tokens of the frames that the step may read anew: the newest one, and at an eviction those that stayed.
        evicted: Frames were let go of.
    """

    step: int
    calls: int = 0
    prompt: int = 0
    cached: int = 0
    fresh: int = 0
    evicted: bool = False

    @property
    def read(self) -> int:
        """Tokens not served from the cache."""
        return self.prompt - self.cached

    @property
    def within(self) -> bool:
        """Whether that is no more than it may be."""
        return self.read <= self.fresh + ALLOWED


async def transcript(folder: Path, frames: int, resources: Resources) -> Episode:
    """The bundled shop's task, done from the goal by the oracle."""
    task, lines = resolve_task(DEMO)
    script = await run_episode(Run(task=task, lines=lines, out=folder / "script"), resources)
    goal = task.model_copy(update={"steps": ()})
    run = Run(
        task=goal,
        out=folder / f"oracle-{frames}",
        model=OracleModel(script),
        dialect="phi4",
        thinking=Thinking(mode="direct", frames=frames),
    )
    return await run_episode(run, resources)


def requests(episode: Episode) -> Iterator[tuple[int, Call, Request]]:
    """What was asked in an episode: step, call, and the request with its pictures."""
    for step in episode.steps:
        for name in step.decision.calls:
            call = episode.calls[name]
            yield step.index, call, REQUEST.validate_json(episode.blob(call.request), context={"load": episode.blob})


async def measure(episode: Episode, model: VllmModel, steps: int) -> list[StepCost]:
    """Asks the server what was asked in the episode.

    Raises:
        ModelError: It fails, or does not say how much it had cached.
    """
    costs: dict[int, StepCost] = {}
    before = 0
    for index, _, request in requests(episode):
        if index >= steps:
            break
        usage = (await model.complete(_short(request))).usage
        if usage.cached is None or usage.image is None:
            raise ModelError(
                "the server does not say how many tokens of a prompt it had cached",
                remedy="vLLM does with --enable-prompt-tokens-details, as `handeye serve` starts it",
            )
        images = len(request.images)
        if index not in costs:
            evicted = images < before
            costs[index] = StepCost(index, fresh=usage.image if evicted else usage.image // images, evicted=evicted)
        before = images
        costs[index].calls += 1
        costs[index].prompt += usage.prompt
        costs[index].cached += usage.cached
    return list(costs.values())


def table(costs: Sequence[StepCost]) -> str:
    """The figures as text."""
    rows = [" step  calls   prompt   cached     read    frames   limit"]
    for cost in costs:
        mark = " " if cost.within else " TOO MUCH"
        evicted = " (eviction)" if cost.evicted else ""
        rows.append(
            f"{cost.step:5}  {cost.calls:5}  {cost.prompt:7}  {cost.cached:7}  {cost.read:7}  {cost.fresh:7}  "
            f"{cost.fresh + ALLOWED:7}{mark}{evicted}"
        )
    text = sum(cost.read - cost.fresh for cost in costs) / max(1, len(costs))
    rows.append(f"text read anew a step, mean: {text:.0f} tokens; frames: {sum(cost.fresh for cost in costs)} in all")
    return "\n".join(rows)


def _short(request: Request) -> Request:
    return request.model_copy(update={"max_tokens": 1, "constraint": None, "logprobs": False})


async def _main(url: str, steps: int, frames: Sequence[int]) -> int:
    worst = 0
    async with Resources() as resources:
        for count in frames:
            with tempfile.TemporaryDirectory(prefix="handeye-") as folder:
                episode = await transcript(Path(folder), count, resources)
                model = VllmModel(url)
                try:
                    costs = await measure(episode, model, steps)
                finally:
                    await model.close()
            print(f"\nframes shown at most: {count}\n{table(costs)}", flush=True)
            worst = max(worst, *(0 if cost.within else 1 for cost in costs))
    return worst


def main() -> None:
    """Entry point; exit code 1 when a step read more than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of a vLLM server: http://127.0.0.1:8000/v1")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--frames", type=int, nargs="+", default=[1, 2, 3], help="frames shown at most")
    asked = parser.parse_args()
    raise SystemExit(asyncio.run(_main(asked.url, asked.steps, asked.frames)))


if __name__ == "__main__":
    main()
