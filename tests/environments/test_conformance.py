"""Every environment of ours keeps the contract, and the contract's checks can fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handeye.environments.base import Stepped
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserHost
from handeye.environments.conformance import check_environment
from handeye.environments.drawn import DrawnEnvironment
from handeye.episodes.schema import Event, Evidence, Observation, Probe, Sent, Settled, Start, Tab, Viewport
from handeye.tools.actions import Act
from handeye.tools.errors import ActionError
from handeye.tools.geometry import Box
from handeye.tools.pixels import Frame

# Everything lies on whole pixels, at scale 1.5 and 2 too: Chromium draws an edge between two of them now this way, now that.
PAGE = """<style>* { margin: 0; font: 16px/20px sans-serif } input, button, label { display: block; height: 24px }</style><h1>Kettle</h1><form><label for=e>Email</label><input id=e value="x@y"><button type=button>Save</button></form>
<iframe srcdoc="<button>Inner</button>"></iframe><div style="height:50px;overflow:auto"><p>one<p>two<p>three</div>
<p style="margin-top:900px">far below</p>"""


async def test_drawn() -> None:
    assert "refuses_stale" in await check_environment(DrawnEnvironment)


@pytest.mark.browser
@pytest.mark.parametrize(
    "scale", [pytest.param(1.0, marks=pytest.mark.slow), 1.5, pytest.param(2.0, marks=pytest.mark.slow)]
)
async def test_browser(host: BrowserHost, serve: Any, scale: float) -> None:
    start = Start(url=serve(PAGE), scale=scale, viewport=Viewport(width=800, height=500))
    assert await check_environment(lambda: BrowserEnvironment(host=host), start)


class Careless(DrawnEnvironment):
    """Acts on any picture, however old."""

    async def step(self, act: Act, on: str) -> Stepped:
        return Stepped(await self.look(), timings={"act": 0.0, "settle": 0.0})


class Miscounting(DrawnEnvironment):
    """Begins to count anew at every reset."""

    async def reset(self, start: Start) -> Observation:
        self._count = 0
        return await super().reset(start)


class Forgetful(DrawnEnvironment):
    """Does not say what it sent."""

    async def step(self, act: Act, on: str) -> Stepped:
        return (await super().step(act, on))._replace(sent=())


class Hasty(DrawnEnvironment):
    """Sends first and asks whether it may afterwards."""

    async def step(self, act: Act, on: str) -> Stepped:
        return (await super().step(act, on))._replace(sent=(Sent(device="mouse", event="move"),))


class Stuck(DrawnEnvironment):
    """Refuses everything once it has refused something."""

    refusal: ActionError | None = None

    async def step(self, act: Act, on: str) -> Stepped:
        came = await super().step(act, on)
        self.refusal = self.refusal or came.error
        return came._replace(error=self.refusal)


class Obliging(DrawnEnvironment):
    """Pretends to switch to tabs that are not there."""

    async def step(self, act: Act, on: str) -> Stepped:
        came = await super().step(act, on)
        return came._replace(error=None) if act.verb == "switch_tab" else came


class Tabbed(DrawnEnvironment):
    """Shows a page in two tabs, and says that both are looked at."""

    async def look(self) -> Observation:
        tabs = tuple(Tab(id=each, url="http://x/", active=True) for each in ("t1", "t2"))
        return (await super().look()).model_copy(update={"tabs": tabs, "url": "http://x/"})


class Elsewhere(DrawnEnvironment):
    """Says another address than that of its tab."""

    async def look(self) -> Observation:
        return (await super().look()).model_copy(update={"tabs": (Tab(id="t1", url="http://x/", active=True),)})


class Repeating(DrawnEnvironment):
    """Tells every event again with each observation."""

    async def look(self) -> Observation:
        now = await super().look()
        return now.model_copy(update={"events": (Event(kind="navigated", detail="http://x/", at=0),)})


class Foretelling(DrawnEnvironment):
    """Tells of an event that is still to come."""

    async def look(self) -> Observation:
        now = await super().look()
        return now.model_copy(update={"events": (Event(kind="navigated", at=now.at + 60),)})


class Silent(DrawnEnvironment):
    """Has not settled, and does not say why."""

    async def look(self) -> Observation:
        return (await super().look()).model_copy(update={"settled": Settled(ok=False)})


class Peeping(DrawnEnvironment):
    """Shows something for a place that is not on the screen."""

    async def peek(self, box: Box) -> Frame:
        return await super().peek(box if box.left < self._size[0] else Box.at(0, 0, 8, 8))


class Undead(DrawnEnvironment):
    """Answers probes when it is closed."""

    async def probe(self, probe: Probe) -> Evidence:
        return Evidence(probe=probe, value=1)


class Twofold(DrawnEnvironment):
    """Gives two looks at once one number."""

    async def look(self) -> Observation:
        count = self._count
        await asyncio.sleep(0)
        self._count = count
        return await super().look()


class Clinging(DrawnEnvironment):
    """Shares one mouse with all others of its kind, and leaves its button down."""

    down = False

    async def step(self, act: Act, on: str) -> Stepped:
        type(self).down = self.down or act.verb == "press"
        return await super().step(act, on)

    def _paint(self) -> Frame:
        frame = super()._paint()
        return frame.masked([Box.at(0, 0, 9, 9)]) if self.down else frame


class LettingGoLate(Clinging):
    """Lets go of the mouse at the next reset, but not when it is closed."""

    async def reset(self, start: Start) -> Observation:
        mine, self._mine = getattr(self, "_mine", False), True
        if mine:
            type(self).down = False
        return await super().reset(start)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Careless, "refuses_stale: an act that was decided on an old observation"),
        (Miscounting, "numbers: observations are numbered"),
        (Forgetful, "acts: the pointer was moved, and nothing says what was sent"),
        (Hasty, "errors_are_data: a click outside the frame was refused, and this was sent"),
        (Stuck, "errors_are_data: after an act that was refused nothing works"),
        (Obliging, "refuses_the_unknown: switch_tab of what is not there"),
        (Tabbed, "sees: 2 of 2 tabs are active"),
        (Elsewhere, "sees: the active tab is at"),
        (Repeating, "tells_events_once: the event “navigated: http://x/” is told twice"),
        (Foretelling, "sees: an event is told before it happened"),
        (Silent, "sees: it has not settled, and nothing says why"),
        (Peeping, "peeks: a peek at what lies outside the frame"),
        (Undead, "is_there_between_reset_and_close: a probe before reset was answered"),
        (Twofold, "takes_turns: two looks at once have one id"),
        (Clinging, "lets_go: what was pressed before a reset is still down"),
        (LettingGoLate, "lets_go: what was pressed is still down after close"),
    ],
)
async def test_the_checks_can_fail(make: type[Clinging] | type[DrawnEnvironment], message: str) -> None:
    Clinging.down = LettingGoLate.down = False
    with pytest.raises(AssertionError, match=message):
        await check_environment(make)
