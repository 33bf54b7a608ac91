"""What the drift suites share: the site with one page, and the clicks of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...agent.run import Resources, Run, run_episode
from ...environments.sites import Request, Response
from ...episodes.reader import Episode
from ...episodes.schema import Decision, Observation, Probe, Start, Step, Task
from ...tools.actions import Click, Done, Place
from ..replay.action.mode import replay_action
from ..replay.action.report import Report
from ..replay.modes import ReplayOptions

_PLACES = """(() => {
  const found = {};
  const walk = (page, x, y) => {
    for (const e of page.querySelectorAll("[data-key],[data-at]")) {
      const r = e.getBoundingClientRect();
      if (r.width || e.dataset.at) found[e.dataset.key || e.dataset.at] = [x + r.left + r.width / 2, y + r.top + r.height / 2];
    }
    for (const frame of page.querySelectorAll("iframe")) {
      const r = frame.getBoundingClientRect();
      walk(frame.contentDocument, x + r.left + frame.clientLeft, y + r.top + frame.clientTop);
    }
  };
  walk(document, 0, 0);
  return found;
})()"""


class Pages:
    """A site of one page, as it is at the moment; it hears what is clicked.

    Attributes:
        html: The page.
        hits: Keys of what was clicked.
        at: Where the middle of each of these was right then, CSS pixels, as far as the page says so.
    """

    def __init__(self) -> None:
        self.html = ""
        self.hits: list[str] = []
        self.at: dict[str, list[float]] = {}

    def respond(self, request: Request) -> Response:
        """See `Site.respond`."""
        if request.path == "/hit":
            self.hits.append(request.query["key"])
            if "x" in request.query:
                self.at[request.query["key"]] = [float(request.query[each]) for each in "xy"]
            return Response.text("")
        return Response.text(self.html) if request.path == "/page" else Response.text("", status=404)

    def path(self, page: str) -> str:
        """See `Site.path`."""
        return page


class Stage:
    """Records clicks and replays them.

    Args:
        resources: The browser.
        folder: For the episodes.
    """

    def __init__(self, resources: Resources, folder: Path) -> None:
        self._resources = resources
        self._folder = folder
        self._count = 0

    async def record(self, url: str, wanted: Sequence[Place]) -> Episode:
        """An episode of some clicks on a page."""
        self._count += 1
        probes = (Probe(kind="script", argument=_PLACES),)
        task = Task(name="drift", start=Start(url=url), probes=probes)
        run = Run(task=task, out=self._folder / str(self._count), policy=_Clicks(wanted))
        return await run_episode(run, self._resources)

    async def replay(self, recorded: Episode, patience: float, start: dict[str, Any] | None = None) -> Report:
        """Does it again on what the page is now."""
        self._count += 1
        options = ReplayOptions(
            out=self._folder / str(self._count), settings=start or {}, patience=patience, resources=self._resources
        )
        return await replay_action(recorded, options)


class _Clicks:
    """A policy that clicks given places."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        if len(past) < len(self._places):
            return Decision(intent=Click[Place](at=self._places[len(past)]), memo=len(past))
        return Decision(intent=Done())


def places_of(episode: Episode) -> dict[str, list[float]]:
    """Where the middle of each thing was at the end of an episode, by its key, CSS pixels."""
    outcome = episode.outcome
    found = outcome.evidence[0].value if outcome is not None and outcome.evidence else None
    return found if isinstance(found, dict) else {}  # type: ignore[return-value]  # what _PLACES gives
