"""The desktop as an `Environment`: a whole screen, that of a person or a private one, with its windows, pointer and keyboard."""

from __future__ import annotations

import asyncio
import time
from typing import Literal, TypeVar

from ...episodes.schema import (
    Event,
    Evidence,
    Json,
    LazyTree,
    Observation,
    ObservationId,
    Probe,
    Record,
    Settled,
    Start,
    Tree,
    Window,
)
from ...tools.actions import Act
from ...tools.errors import ActionError, EnvironmentFailed, HandeyeError
from ...tools.geometry import Box
from ...tools.pixels import Frame
from ...tools.secrets import Secrets
from ..base import Stepped, refuse_stale
from ..probes import probe_machine
from .activity import Activity
from .camera import Camera
from .config import DesktopConfig
from .hands import Hands
from .layout import Layout
from .questions import ask_sandbox
from .seat import Seat, Shown, rgb
from .settling import Settling
from .station import Station
from .tree.build import secret_boxes

_R = TypeVar("_R", bound=Record)
_MOVED_ON = "not asked for while it was on the screen"


class DesktopEnvironment:
    """One screen for one episode.

    Args:
        display: ``sandbox`` is a private screen, ``current`` the one that is there; None is what the start recipe says.
        secrets: Values behind placeholders; revealed only at the keyboard, and hidden in frames and texts where the tree shows one.
        seat: A seat to use in place of a display's own; whoever made it closes it.
        config: How the screen is waited for.
        nested: Name of a display in a window of which a sandbox is to be seen; None keeps it in memory.
    """

    def __init__(
        self,
        display: Literal["current", "sandbox"] | None = None,
        *,
        secrets: Secrets | None = None,
        seat: Seat | None = None,
        config: DesktopConfig | None = None,
        nested: str | None = None,
    ) -> None:
        self._display = display
        self._secrets = secrets or Secrets()
        self._given = seat
        self._config = config or DesktopConfig()
        self._nested = nested
        self._turn = asyncio.Lock()
        self._count = 0
        self._began = time.monotonic()
        self._station: Station | None = None
        self._shown: tuple[Shown, ...] = ()
        self._latest: Observation | None = None
        self._events: list[Event] = []
        self._windows: dict[str, str] = {}
        self._masks: tuple[Box, ...] = ()

    async def reset(self, start: Start) -> Observation:
        """See `Environment.reset`."""
        async with self._turn:
            await self._leave()
            self._start = start
            self._began = time.monotonic()
            try:
                await self._open(start)
            except HandeyeError:
                await self._leave()
                raise
            # a window that has just come may still be drawn, and given the keyboard
            return await self._observe(acted=True)

    async def look(self) -> Observation:
        """See `Environment.look`."""
        async with self._turn:
            self._check_open()
            return await self._observe(acted=False)

    async def step(self, act: Act, on: ObservationId) -> Stepped:
        """See `Environment.step`."""
        async with self._turn:
            refuse_stale(act, on, self._latest)
            if self._station is not None:
                self._station.brake.check()
            began = time.monotonic()
            await self._settling.before()
            self._hands.sent.clear()
            error = None
            try:
                await self._hands.do(act)
            except ActionError as problem:
                error = problem
            sent = tuple(self._hands.sent)
            acted = time.monotonic()
            observation = await self._observe(acted=bool(sent))
            timings = {"act": acted - began, "settle": time.monotonic() - acted}
            return Stepped(observation, sent, error, timings)

    async def peek(self, box: Box) -> Frame:
        """See `Environment.peek`."""
        async with self._turn:
            self._check_open()
            left, top, right, bottom = box.pixels(self._layout.width, self._layout.height)
            if right <= left or bottom <= top:
                raise ValueError(f"{box} lies outside the frame of {self._layout.width}x{self._layout.height}")
            frame = Frame.from_pixels(rgb(await self._camera.part(Box(left=left, top=top, right=right, bottom=bottom))))
            return frame.masked(each.offset(-left, -top) for each in self._masks)

    async def probe(self, probe: Probe) -> Evidence:
        """See `Environment.probe`; ``file`` and ``process`` of a sandbox are those in it."""
        async with self._turn:
            self._check_open()
            if probe.kind == "text":
                return await self._text(probe)
            sandbox = self._station.sandbox if self._station is not None else None
            if sandbox is not None:
                return await ask_sandbox(sandbox, probe)
            return await probe_machine(probe)

    async def describe(self) -> dict[str, Json]:
        """See `Environment.describe`."""
        if self._station is None:
            return {"name": "desktop"}
        return {
            "name": "desktop",
            **self._station.describe(),
            "size": [self._layout.width, self._layout.height],
            "monitors": [
                {
                    "name": each.name,
                    "points": [*each.points.model_dump().values()],
                    "pixels": [*each.pixels.model_dump().values()],
                }
                for each in self._layout.monitors
            ],
        }

    async def close(self) -> None:
        """See `Environment.close`."""
        async with self._turn:
            await self._leave()

    @property
    def private(self) -> str | None:
        """Name of the private screen; None on the one that is there, and before a reset."""
        sandbox = self._station.sandbox if self._station is not None else None
        return None if sandbox is None else sandbox.display

    def _which(self, start: Start) -> str:
        return self._display or start.display

    async def _open(self, start: Start) -> None:
        self._station = station = await self._station_for(start)
        await station.open(start)
        self._layout = layout = Layout(await station.owner.call(station.seat.monitors))
        self._camera = Camera(station.seat, station.owner, layout)
        activity = Activity(lambda: station.pids(self._shown))
        self._settling = Settling(self._camera.whole, self._config.settle, activity)
        self._hands = Hands(
            station.seat, station.owner, self._settling.moment, self._secrets, layout, self._config.paste
        )
        await station.start(start)

    async def _station_for(self, start: Start) -> Station:
        return Station(
            sandbox=self._given is None and (self._display or start.display) == "sandbox",
            given=self._given,
            patience=self._config.hang,
            stop_key=self._config.stop_key,
            nested=self._nested,
        )

    async def _observe(self, *, acted: bool) -> Observation:
        station = self._station
        assert station is not None
        call, seat = station.owner.call, station.seat
        if self._latest is not None:
            self._latest.tree.expire(_MOVED_ON)
        words, settled = await self._settling.run(acted=acted)
        layout = Layout(await call(seat.monitors))
        if (layout.width, layout.height) != (self._layout.width, self._layout.height):
            self._layout = self._camera.layout = self._hands.layout = layout
            words, settled = await self._settling.run(acted=False)
        shown = await call(seat.windows)
        pointer = layout.to_frame(await call(seat.pointer))
        frame = Frame.from_pixels(await asyncio.to_thread(rgb, words))
        self._shown = shown
        tree = LazyTree(self._fetch_tree)
        if self._secrets:
            frame = await self._mask(frame, settled, tree)
        self._notice(shown)
        await self._mourn()
        active = next((each.title for each in shown if each.active), "")
        observation = Observation(
            id=f"o{self._count:04d}",
            at=self._clock(),
            frame=frame,
            surfaces=layout.surfaces,
            title=self._secrets.redact(active),
            windows=tuple(self._redacted(_window(each, layout)) for each in shown),
            pointer=pointer,
            events=tuple(self._redacted(each) for each in self._events),
            settled=settled,
            tree=tree,
        )
        self._events.clear()
        self._count += 1
        self._latest = observation
        return observation

    def _notice(self, shown: tuple[Shown, ...]) -> None:
        """Notes what windows came and went; those of the first look are there, and did not come."""
        now = {each.id: each.title or each.program for each in shown}
        if self._latest is not None:
            for kind, some, others in (("window opened", now, self._windows), ("window closed", self._windows, now)):
                for id, title in some.items():
                    if id not in others:
                        self._events.append(Event(kind=kind, detail=title, at=self._clock()))
        self._windows = now

    async def _mourn(self) -> None:
        """Notes which programs of the task ended."""
        assert self._station is not None
        for each in await self._station.ended():
            said = f": {each.words}" if each.words else ""
            self._events.append(Event(kind="program ended", detail=f"{each}{said}", at=self._clock()))

    async def _text(self, probe: Probe) -> Evidence:
        tree = await self._latest.tree.get() if self._latest is not None else None
        if tree is not None:
            return Evidence(probe=probe, value="\n".join(tree.lines()))
        why = self._latest.tree.missing if self._latest is not None else "nothing was looked at yet"
        return Evidence(probe=probe, missing=f"there is no tree: {why}")

    async def _fetch_tree(self) -> Tree | str:
        shown, layout, station = self._shown, self._layout, self._station
        if station is None:
            return _MOVED_ON
        screen = Box.around(each.points for each in layout.monitors)
        return await station.accessibility.tree(shown, layout.box_to_frame, screen=screen, secrets=self._secrets)

    async def _mask(self, frame: Frame, settled: Settled, tree: LazyTree) -> Frame:
        """Paints over what must not be kept, as far as programs say where it is."""
        boxes: tuple[Box, ...] = ()
        found = await self._fetch_tree()
        if not settled.ok and isinstance(found, Tree):
            # it moves: only what is hidden both before and after a capture is hidden in it
            boxes = secret_boxes(found)
            frame = Frame.from_pixels(rgb(await self._camera.whole()))
            found = await self._fetch_tree()
        if isinstance(found, Tree):
            tree.put(found)
            boxes += secret_boxes(found)
        else:
            tree.expire(found)
        self._masks = boxes
        return await asyncio.to_thread(frame.masked, boxes)

    async def _leave(self) -> None:
        if self._latest is not None:
            self._latest.tree.expire(_MOVED_ON)
        self._latest = None
        self._masks, self._shown = (), ()
        self._events.clear()
        self._windows.clear()
        station, self._station = self._station, None
        if station is not None:
            await station.close()

    def _check_open(self) -> None:
        if self._latest is None:
            raise EnvironmentFailed("there is no screen: it was not reset yet, or is closed", remedy="reset it first")

    def _redacted(self, record: _R) -> _R:
        return record.model_validate(self._secrets.redact_all(record.model_dump())) if self._secrets else record

    def _clock(self) -> float:
        return time.monotonic() - self._began


def _window(shown: Shown, layout: Layout) -> Window:
    return Window(
        id=shown.id,
        title=shown.title,
        program=shown.program,
        box=layout.box_to_frame(shown.box),
        active=shown.active,
        hidden=shown.hidden,
    )
