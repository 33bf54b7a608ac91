"""A world for tests of input: an environment, its newest observation, and where things of the page are."""

from __future__ import annotations

from typing import Any

from handeye.environments.base import Stepped
from handeye.environments.browser.environment import BrowserEnvironment
from handeye.episodes.schema import Observation, Probe, Start
from handeye.tools.actions import Act
from handeye.tools.geometry import Point


class World:
    """An environment and the newest observation of it."""

    def __init__(self, environment: BrowserEnvironment) -> None:
        self.environment = environment
        self.now: Observation
        self.last: Stepped

    async def open(self, url: str, **start: Any) -> None:
        self.now = await self.environment.reset(Start(url=url, **start))

    async def act(self, *acts: Act) -> Stepped:
        """Carries out acts, none of which may fail but the last; what the last left."""
        done: Stepped | None = None
        for act in acts:
            assert done is None or done.error is None, done.error
            self.last = done = await self.environment.step(act, on=self.now.id)
            self.now = done.observation
        assert done is not None
        return done

    async def do(self, *acts: Act) -> Stepped:
        """Carries out acts, none of which may fail."""
        done = await self.act(*acts)
        assert done.error is None, done.error
        return done

    async def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.environment.probe(Probe(kind="script", argument=expression))
        assert answer.missing == "", answer.missing
        return answer.value

    async def at(self, selector: str, dx: float = 0.5, dy: float = 0.5, inside: str = "document") -> Point:
        """A place in an element, as shares of its box; frame pixels. For pages at page scale 1 only."""
        js = f"""(() => {{ const e = {inside}.querySelector({selector!r}), r = e.getBoundingClientRect();
          const f = e.ownerDocument.defaultView.frameElement, o = f ? f.getBoundingClientRect() : {{left: 0, top: 0}};
          return [o.left + (f ? f.clientLeft : 0) + r.left + r.width * {dx}, o.top + (f ? f.clientTop : 0) + r.top + r.height * {dy}] }})()"""
        x, y = await self.ask(js)
        return self.now.surfaces[0].to_input.inverse().point(Point(x=x, y=y))

    async def log(self) -> list[Any]:
        """What the page wrote into its ``log`` since the last question."""
        said = await self.ask("log.splice(0)")
        assert isinstance(said, list)
        return said


def listening(*kinds: str, detail: str = "") -> str:
    """A script that logs events: kind, id of the target, whether it is trusted, and more."""
    return f"""<script>const log = [];
      for (const kind of {list(kinds)}) addEventListener(kind, (e) =>
        log.push([kind, e.target.id || e.target.nodeName || '', e.isTrusted{", " + detail if detail else ""}].join(' ')), true)</script>"""
