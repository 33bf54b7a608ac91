"""How soon something happens: the command line's help, the import, the first click of a program that has just been started."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from ...environments.browser.find import find_browser
from ...environments.sites import RunningSite
from ...tools.errors import EnvironmentFailed
from .base import Asked, Row, interleaved, medians
from .pages import CLICK, Pages

_TRIALS, _BROWSERS = 10, 5
HELP, IMPORT = 500.0, 60.0
"""Milliseconds that the help, and the import, may take."""
FIRST = 1.3
"""Times the launch by hand that the first action may take."""
_IMPORT = "import time; began = time.perf_counter(); import handeye; print((time.perf_counter() - began) * 1000)"


def measure(asked: Asked) -> Sequence[Row]:
    """Rows of the three; a bare interpreter is told beside them."""
    return asyncio.run(_measure(asked))


async def _measure(asked: Asked) -> list[Row]:
    trials, few = asked.trials(_TRIALS), asked.trials(_BROWSERS, 1)
    took = medians(
        await interleaved(
            {
                "bare": _whole("-c", "pass"),
                "help": _whole("-m", "handeye", "--help"),
                "import": lambda: asyncio.to_thread(lambda: float(_said("-c", _IMPORT))),
            },
            trials,
        )
    )
    site = RunningSite(Pages())
    try:
        first = f"{__package__}.first_action", site.page(CLICK.path), str(find_browser().path)
        ways = {name: _until_line("-m", *first, name) for name in ("ours", "hand")}
        actions = medians(await interleaved(ways, few))
    finally:
        site.close()
    return [
        Row("handeye --help", took["help"], None, HELP, trials, note=f"a bare interpreter: {took['bare']:.0f} ms"),
        Row("import handeye", took["import"], None, IMPORT, trials),
        Row(
            "first action on a local page",
            actions["ours"],
            actions["hand"],
            FIRST,
            few,
            note="from the start of Python on",
        ),
    ]


def _said(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailed(f"{' '.join(arguments[:2])} ended with {done.returncode}")
    return done.stdout


def _whole(*arguments: str) -> Callable[[], Awaitable[float]]:
    """Milliseconds from the start of a Python to its end."""

    def run() -> float:
        began = time.perf_counter()
        _said(*arguments)
        return (time.perf_counter() - began) * 1000

    return lambda: asyncio.to_thread(run)


def _until_line(*arguments: str) -> Callable[[], Awaitable[float]]:
    """Milliseconds from the start of a Python to its first line; it is left to end by itself."""

    def run() -> float:
        began = time.perf_counter()
        with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            took = (time.perf_counter() - began) * 1000
            process.stdout.read()
        if not line or process.returncode:
            raise EnvironmentFailed(f"{' '.join(arguments[:2])} ended with {process.returncode}")
        return took

    return lambda: asyncio.to_thread(run)
