"""What one step of a model costs beside the floor under it: ``python -m handeye.benchmarks.perf.model_step http://127.0.0.1:8000/v1``.

Asked of a vLLM server: a fresh 1280×720 frame with one token to answer in (that is the prefill), a plan of 40 and of 400 tokens on a fresh
frame each, and a place on a frame that was planned on just before. The floor is computed: multiplications over the accelerator's
peak, weights read once a token over its bandwidth. Weights need not be real: ``--load-format dummy`` costs the same.

On one H100, vLLM 0.26 (from a folder without weights; nothing is downloaded)::

    python -m handeye.agent.models.phi4siglip.tiny full/ --size full --weights none
    handeye serve full/ --port 8000 -- --load-format dummy
    python -m handeye.benchmarks.perf.model_step http://127.0.0.1:8000/v1 --tflops 800 --bandwidth 3.0
    python -m handeye.benchmarks.perf.prompt_cache http://127.0.0.1:8000/v1 --frames 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import dataclass

import httpx
import numpy as np

from ...agent.base import Scene
from ...agent.dialects.phi4 import Phi4
from ...agent.models import wire
from ...agent.models.vllm import VllmModel
from ...episodes.schema import ImagePart, Json, Request, Task, View
from ...tools.actions import Target
from ...tools.errors import ModelError
from ...tools.geometry import Size
from ...tools.pixels import Frame

_WIDTH, _HEIGHT = 1280, 720
_PATCHES = 3600


@dataclass(frozen=True)
class Shape:
    """What the floor is computed from; the published architecture.

    Attributes:
        parameters: Of the language model, embeddings of the output included.
        vision_flops: Of the vision tower for one frame of 3,600 patches.
        bytes_each: Of one parameter: 2 in bf16, 1 in fp8.
    """

    parameters: float = 14.66e9
    vision_flops: float = 4.6e12
    bytes_each: float = 2.0

    def prefill(self, tokens: int, flops: float) -> float:
        """Seconds to read ``tokens`` and one frame at that many operations a second."""
        return (2 * self.parameters * tokens + self.vision_flops) / flops

    def decode(self, tokens: int, bandwidth: float) -> float:
        """Seconds to write ``tokens`` one after the other at that many bytes a second."""
        return tokens * self.parameters * self.bytes_each / bandwidth


@dataclass(frozen=True)
class Timed:
    """One answer: seconds to its first token and to its last, and how many tokens it read anew and wrote."""

    first: float
    whole: float
    read: int
    wrote: int


async def ask(client: httpx.AsyncClient, url: str, model: str, request: Request, tokens: int) -> Timed:
    """One request that is answered with exactly ``tokens`` tokens.

    Raises:
        ModelError: The server refuses it, or does not count.
    """
    # what a random model writes is noise: neither its end nor its form may decide how long it writes
    further: dict[str, Json] = {"ignore_eos": True, "min_tokens": tokens}
    asked = request.model_copy(update={"max_tokens": tokens, "constraint": None, "logprobs": False})
    body = await asyncio.to_thread(lambda: wire.draft(asked, model, further=further).data)
    began, first, usage = time.perf_counter(), 0.0, None
    headers = {"Content-Type": "application/json"}
    async with client.stream("POST", f"{url}/chat/completions", content=body, headers=headers) as response:
        if response.status_code != 200:
            raise ModelError(f"{url}: {(await response.aread())[:400].decode(errors='replace')}")
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            data = json.loads(line.removeprefix("data: "))
            first = first or (time.perf_counter() - began if data.get("choices") else 0.0)
            usage = data.get("usage") or usage
    if usage is None:
        raise ModelError(f"{url} does not say how many tokens it read")
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Timed(first, time.perf_counter() - began, usage["prompt_tokens"] - cached, usage["completion_tokens"])


def scene(number: int) -> Scene:
    """A frame that no server has seen, and a task on it."""
    noise = np.random.default_rng(time.time_ns() + number).integers(0, 255, (_HEIGHT, _WIDTH, 3), np.uint8)
    frame = Frame.from_pixels(noise)
    view = View(observation=f"o{number:04d}", crop=frame.box, sent=Size(width=_WIDTH, height=_HEIGHT))
    task = Task(goal="Find the cheapest blue mug and tell me its price")
    return Scene(task=task, past=(), dropped=0, image=ImagePart(view=view, image=frame), facts="", step=number)


async def measure(
    url: str, repeats: int, flops: float, bandwidth: float, shape: Shape
) -> list[tuple[str, float, float]]:
    """(what, median seconds, floor in seconds) of each kind of question."""
    model = VllmModel(url)
    name = (await model.describe()).name
    address = model.config.address
    await model.close()
    dialect = Phi4()
    rows: list[tuple[str, float, float]] = []
    async with httpx.AsyncClient(timeout=600) as client:
        await ask(
            client, address, name, dialect.plan_request(scene(0), "direct"), 4
        )  # the first request compiles and warms
        plans: list[Scene] = []
        for what, tokens in (("prefill of a fresh frame", 1), ("plan of 40 tokens", 40), ("plan of 400 tokens", 400)):
            plans = [scene(number) for number in range(1, repeats + 1)]
            times = [await ask(client, address, name, dialect.plan_request(each, "direct"), tokens) for each in plans]
            floor = shape.prefill(round(statistics.median(each.read for each in times)), flops)
            floor += shape.decode(tokens, bandwidth) if tokens > 1 else 0
            rows.append((what, statistics.median(each.whole for each in times), floor))
        grounded = []
        for each in plans:
            request = dialect.ground_request(
                Target(description="the Buy button"), each.image, dialect.plan_request(each, "direct")
            )
            grounded.append(await ask(client, address, name, request, 24))
        read = round(statistics.median(each.read for each in grounded))
        floor = 2 * shape.parameters * read / flops + shape.decode(24, bandwidth)
        rows.append(("ground on the same frame", statistics.median(each.whole for each in grounded), floor))
    return rows


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of a vLLM server: http://127.0.0.1:8000/v1")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tflops", type=float, default=800, help="of the accelerator, dense bf16 (an H100: 800)")
    parser.add_argument("--bandwidth", type=float, default=3.0, help="of its memory, TB/s (an H100: 3.0)")
    parser.add_argument("--parameters", type=float, default=14.66e9, help="of the language model")
    parser.add_argument("--fp8", action="store_true", help="weights of one byte")
    asked = parser.parse_args()
    shape = Shape(parameters=asked.parameters, bytes_each=1.0 if asked.fp8 else 2.0)
    rows = asyncio.run(measure(asked.url, asked.repeats, asked.tflops * 1e12, asked.bandwidth * 1e12, shape))
    print(f"{'':28} {'median':>9} {'floor':>9} {'ratio':>7}   (of {asked.repeats})")
    for what, seconds, floor in rows:
        print(f"{what:28} {seconds * 1000:7.0f}ms {floor * 1000:7.0f}ms {seconds / floor:7.2f}")


if __name__ == "__main__":
    main()
