"""A person at a screen: real input from outside, by xdotool on a sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handeye.agent.recording.desktop import record_desktop
from handeye.agent.recording.looks import Look
from handeye.agent.recording.session import Recorded, Stop
from handeye.episodes.schema import Node, Start

LIMIT = 60.0
"""Seconds after which something hangs."""


def display_of(out: Path) -> str:
    """The display of the sandbox that is recorded in a folder; empty while its record does not say."""
    header = json.loads((out / "episode.json").read_text())
    return str(header["environment"].get("seat", "")).removeprefix("X11 display ")


class Sitter:
    """Sits at a private screen. Places are pixels of it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.looks: list[Look] = []
        self.stop = Stop()
        self.display = ""
        self._recording: asyncio.Future[Recorded] | None = None

    async def open(self, *programs: Any, width: int = 800, height: int = 500, **start: Any) -> None:
        """Begins to record, with programs on the screen."""
        given = {"viewport": {"width": width, "height": height}, "programs": list(programs), **start}
        recipe = Start.model_validate(given)
        self._recording = asyncio.ensure_future(record_desktop(recipe, self.out, stop=self.stop, looked=self._see))
        await self.until(lambda: bool(self.looks) and bool(display_of(self.out)))
        self.display = display_of(self.out)

    def _see(self, look: Look) -> None:
        self.looks.append(look)

    def do(self, *words: object) -> None:
        """One call of xdotool."""
        subprocess.run(["xdotool", *map(str, words)], check=True, env={**os.environ, "DISPLAY": self.display})

    def node(self, role: str, name: str = "") -> Node | None:
        """What the newest look shows of that name."""
        tree = self.looks[-1].observation.tree.now()
        if tree is None:
            return None
        return next((n for n in tree.nodes if n.role == role and name in (n.name, "") and n.box is not None), None)

    async def click(self, role: str, name: str = "", button: int = 1) -> None:
        """Clicks what is called so, as soon as it can be seen."""
        await self.until(lambda: self.node(role, name) is not None)
        node = self.node(role, name)
        assert node is not None and node.box is not None
        await self.click_at(node.box.center.x, node.box.center.y, button)

    async def click_at(self, x: float, y: float, button: int = 1) -> None:
        self.do("mousemove", round(x), round(y), "click", button)
        await self.calm()

    async def type(self, text: str) -> None:
        self.do("type", "--delay", 30, text)
        await self.calm()

    async def key(self, *chords: str) -> None:
        self.do("key", "--delay", 30, *chords)
        await self.calm()

    async def calm(self) -> None:
        """Waits until what was done has been looked at, as a person does, who looks too."""
        now = time.time()
        await self.until(lambda: sum(look.began > now for look in self.looks) >= 2)

    async def until(self, there: Callable[[], bool]) -> None:
        limit = time.monotonic() + LIMIT
        while not there():
            assert time.monotonic() < limit, "it never came"
            if self._recording is not None and self._recording.done():
                self._recording.result()
            await asyncio.sleep(0.02)

    async def done(self) -> Recorded:
        """Presses the chord that ends it; what came of it."""
        assert self._recording is not None
        self.do("key", "ctrl+alt+End")
        return await asyncio.wait_for(self._recording, LIMIT)

    async def leave(self) -> None:
        """Ends it, whatever happened."""
        if self._recording is not None:
            self.stop.requested = True
            await asyncio.wait([self._recording])
