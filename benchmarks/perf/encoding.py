"""A picture as PNG: ours against Pillow's default, on a page full of photographs as a real browser shows it."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Sequence

from PIL import Image

from ...environments.browser.environment import BrowserEnvironment
from ...environments.sites import RunningSite
from ...episodes.schema import Start
from ...tools.pixels import Pixels, decode_picture, encode_png
from .base import Asked, Row, interleaved, medians
from .pages import SHOP, Pages

_TRIALS = 20
FASTER, LARGER = 15.0, 1.25
"""How many times faster than Pillow it ought to be, for at most how many times its bytes."""


def measure(asked: Asked) -> Sequence[Row]:
    """Rows of time and of size."""
    pixels = asyncio.run(_shop())
    trials = asked.trials(_TRIALS)
    took = medians(
        asyncio.run(
            interleaved({"ours": _timed(lambda: encode_png(pixels)), "pillow": _timed(lambda: _pillow(pixels))}, trials)
        )
    )
    made = encode_png(pixels)
    assert (decode_picture(made) == pixels).all()
    note = "Pillow's default; " + (f"{took['pillow'] / took['ours']:.0f} times as fast")
    size = len(made) / 1000, len(_pillow(pixels)) / 1000
    return [
        Row("PNG of the shop page, time", took["ours"], took["pillow"], 1 / FASTER, trials, note=note),
        Row("PNG of the shop page, size", *size, LARGER, 1, "kB", note="Pillow's default"),
    ]


def _timed(work: Callable[[], bytes]) -> Callable[[], asyncio.Future[float]]:
    def doing() -> asyncio.Future[float]:
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        work()
        done.set_result((time.perf_counter() - began) * 1000)
        return done

    return doing


def _pillow(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


async def _shop() -> Pixels:
    site, world = RunningSite(Pages()), BrowserEnvironment()
    try:
        return (await world.reset(Start(url=site.page(SHOP.path)))).frame.pixels
    finally:
        await world.close()
        site.close()
