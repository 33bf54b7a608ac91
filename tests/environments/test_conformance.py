"""Every environment of ours keeps the contract, and the contract's checks can fail."""

from __future__ import annotations

from typing import Any

import pytest

from handeye.environments.base import Stepped
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.environments.browser.host import BrowserHost
from handeye.environments.conformance import check_environment
from handeye.environments.drawn import DrawnEnvironment
from handeye.episodes.schema import Start, Viewport
from handeye.tools.actions import Act

# Everything lies on whole pixels: Chromium draws an edge between two of them now this way, now that.
PAGE = """<style>* { margin: 0; font: 16px/20px sans-serif } input, button, label { display: block; height: 24px }</style><h1>Kettle</h1><form><label for=e>Email</label><input id=e value="x@y"><button type=button>Save</button></form>
<iframe srcdoc="<button>Inner</button>"></iframe><div style="height:50px;overflow:auto"><p>one<p>two<p>three</div>
<p style="margin-top:900px">far below</p>"""


async def test_drawn() -> None:
    assert "refuses_stale" in await check_environment(DrawnEnvironment)


@pytest.mark.browser
@pytest.mark.parametrize("scale", [1.0, 1.25, 2.0])
async def test_browser(host: BrowserHost, serve: Any, scale: float) -> None:
    start = Start(url=serve(PAGE), scale=scale, viewport=Viewport(width=800, height=500))
    assert await check_environment(lambda: BrowserEnvironment(host=host), start)


class Careless(DrawnEnvironment):
    """Acts on any picture, however old."""

    async def step(self, act: Act, on: str) -> Stepped:
        return Stepped(await self.look(), timings={"act": 0.0, "settle": 0.0})


async def test_the_checks_can_fail() -> None:
    with pytest.raises(AssertionError, match="refuses_stale: an act that was decided on an old observation"):
        await check_environment(Careless)
