"""``make perf-peers``: a step of ours beside those of other frameworks: the same page, a model that answers at once, taken in turn.

Each framework has a virtual environment of its own in ``.venv-peers``, made when it is first needed; none is a dependency. Ours is the
whole step of a run: act, rest, picture, tree, and the record on disk. Theirs is what each does by default from an answer of the model to
its next question, at whatever that shows of the page and keeps of it. Nothing here fails for being slow; exit code 5 when one could not
be run.

::

    python -m handeye.benchmarks.perf.peers --only browser-use --steps 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from ....environments.browser.find import find_browser
from ....environments.browser.host import BrowserHost
from ....environments.sites import RunningSite
from ....tools.errors import EnvironmentFailed, HandeyeError
from ...figures import figures_console
from ..base import Row
from ..browser_step import Ours
from ..pages import SHOP, Pages
from ..table import document, show

_STEPS, _ROUNDS = 8, 2
_LIMIT = 300.0
"""Seconds for one block of steps, the start of everything included."""
_QUIET = {
    "ANONYMIZED_TELEMETRY": "false",
    "BROWSER_USE_LOGGING_LEVEL": "result",
    "CUA_TELEMETRY_ENABLED": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}


class Peer(NamedTuple):
    """Another framework.

    Attributes:
        script: Beside this file; prints the milliseconds of its steps.
        needs: What its environment holds, by pip's words.
        most: Times its step that ours may take; None where nothing is promised.
        words: Further arguments of the script.
        home: Name of the environment, where another peer has the same.
    """

    script: str
    needs: tuple[str, ...]
    most: float | None = None
    words: tuple[str, ...] = ()
    home: str = ""


_GYM = ("browsergym-core==0.14.3",)
PEERS: Mapping[str, Peer] = {
    "browser-use": Peer("browser_use_steps.py", ("browser-use==0.13.14",), 1 / 8),
    "browsergym": Peer("browsergym_steps.py", _GYM),
    "browsergym, no pauses": Peer("browsergym_steps.py", _GYM, 1 / 5, ("hasty",), "browsergym"),
    "cua-agent": Peer("cua_steps.py", ("cua-agent==0.9.1", "playwright>=1.52")),
}


def python_of(name: str, peer: Peer, root: Path) -> Path:
    """The Python of a peer's environment, made when it is not there.

    Raises:
        EnvironmentFailed: It cannot be made.
    """
    home = root / (peer.home or name)
    python, mark = home / "bin" / "python", home / "made-of"
    if mark.exists() and mark.read_text(encoding="utf-8").split("\n") == list(peer.needs):
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *peer.needs],
    ):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise EnvironmentFailed(f"no environment for {name}: {_end(done.stderr)}")
    mark.write_text("\n".join(peer.needs), encoding="utf-8")
    return python


def steps_of(name: str, peer: Peer, python: Path, url: str, steps: int) -> list[float]:
    """Milliseconds of each of its steps; the first, which warms up, is left out.

    Raises:
        EnvironmentFailed: It does not come to that.
    """
    script = Path(__file__).with_name(peer.script)
    command = [str(python), str(script), url, str(steps + 1), str(find_browser().path), *peer.words]
    # a folder of its own: some of them leave things where they are started
    with tempfile.TemporaryDirectory(prefix="handeye-peer-") as folder:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **_QUIET},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFailed(f"{name} did not end within {_LIMIT:g} s") from error
    try:
        took: list[float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    except ValueError as error:
        raise EnvironmentFailed(f"{name} ended with {done.returncode}: {_end(done.stderr)}") from error
    if len(took) <= steps:
        raise EnvironmentFailed(f"{name} took {len(took)} steps in place of {steps + 1}: {_end(done.stderr)}")
    return took[1:]


def _end(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it says nothing"


async def ours(url: str, steps: int, folder: Path) -> list[float]:
    """Milliseconds of each step of ours, in a browser of its own; the first is left out."""
    async with BrowserHost() as host:
        run = Ours(host, folder, ahead=False)
        try:
            await run.open(url)
            return [await run.step(SHOP.at) for _ in range(steps + 1)][1:]
        finally:
            await run.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 5 when one could not be run."""
    parser = argparse.ArgumentParser(prog="python -m handeye.benchmarks.perf.peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", action="append", choices=list(PEERS), help="a framework, again for more")
    parser.add_argument("--steps", type=int, default=_STEPS, help="in each of two rounds")
    parser.add_argument("--environments", type=Path, default=Path(".venv-peers"), help="where theirs are")
    parser.add_argument("--out", type=Path, help="also as JSON")
    asked = parser.parse_args(arguments)
    console = figures_console()
    load, failed = os.getloadavg()[0], False
    rows: list[Row] = []
    site = RunningSite(Pages())
    try:
        for name in asked.only or PEERS:
            try:
                rows.append(_beside(name, site.page(SHOP.path), asked.steps, asked.environments.resolve()))
            except HandeyeError as error:
                failed = True
                console.print(Text(f"handeye: {error}", style="red"), soft_wrap=True)
    finally:
        site.close()
    show(rows, console)
    made = document(rows, False, (load, os.getloadavg()[0]))
    console.print(Text(f"load {made['load'][0]} at the beginning, {made['load'][1]} at the end", style="dim"))
    if asked.out is not None:
        asked.out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 5 if failed else 0


def _beside(name: str, url: str, steps: int, root: Path) -> Row:
    peer = PEERS[name]
    python = python_of(name, peer, root)
    mine: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory(prefix="handeye-perf-") as folder:
        for number in range(_ROUNDS):
            mine += asyncio.run(ours(url, steps, Path(folder) / str(number)))
            theirs += steps_of(name, peer, python, url, steps)
    what = f"step on the shop page, beside {name}"
    return Row(what, statistics.median(mine), statistics.median(theirs), peer.most, len(mine), note=peer.needs[0])


if __name__ == "__main__":
    raise SystemExit(main())
