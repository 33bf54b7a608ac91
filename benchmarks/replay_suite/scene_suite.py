"""Runs the scenes of `drift_scenes`: each is recorded, changed, and replayed; the page says what was clicked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...agent.run import Resources
from ...environments.sites import RunningSite
from ...episodes.reader import Episode
from ...tools.actions import Place
from ...tools.geometry import Point
from ..drift_tally import Tally
from ..replay.action.report import Report
from .drift_scenes import Scene, scenes
from .drift_stage import Pages, Stage, places_of

_HEARD = """<script>
const hear = page => {
  page.defaultView.addEventListener("click", event => {
    if (event.target.closest("a")) event.preventDefault();
    // the click that a label passes on to its control comes of itself
    const label = event.target.closest("label");
    if (label && label.control && label.control !== event.target) return;
    const hit = event.target.closest("[data-key]");
    top.fetch("/hit?key=" + encodeURIComponent(hit ? hit.dataset.key : "nothing"));
  });
  for (const frame of page.querySelectorAll("iframe")) hear(frame.contentDocument);
};
addEventListener("load", () => hear(document));
</script>"""
_HEAD = "<!doctype html><meta charset=utf-8><title>Scene</title>"


async def run_scenes(seed: int, resources: Resources, folder: Path, tallies: dict[str, Tally], only: str = "") -> None:
    """Runs the scenes of a seed.

    Args:
        seed: Of the words and their order.
        resources: The browser.
        folder: For the episodes.
        tallies: By the name of the scene; counted on.
        only: Those whose name has these words in it.
    """
    stage = Stage(resources, folder)
    for scene in scenes(seed):
        if only not in scene.name:
            continue
        pages = Pages()
        with RunningSite(pages) as site:
            pages.html = f"{_HEAD}{scene.before}{_HEARD}"
            recorded = await _recorded(stage, site.page("/page"), scene, pages)
            pages.html, pages.hits = f"{_HEAD}{scene.after}{_HEARD}", []
            report = await stage.replay(recorded, 0.5)
        _judge(tallies.setdefault(scene.name, Tally()), scene, report, pages.hits, f"seed {seed}")


async def _recorded(stage: Stage, url: str, scene: Scene, pages: Pages) -> Episode:
    """An episode of the scene's clicks: what only comes with a click is looked up after it."""
    points: list[Place] = []
    places: dict[str, list[float]] = {}
    while len(points) < len(scene.clicks):
        if scene.clicks[len(points)] not in places:
            places = places_of(await stage.record(url, points))
        x, y = places[scene.clicks[len(points)]]
        points.append(Point(x=x, y=y))
    pages.hits = []
    episode = await stage.record(url, points)
    if pages.hits != list(scene.clicks):
        raise AssertionError(f"{scene.name}: the recording clicked {pages.hits}, not {scene.clicks}")
    return episode


def _judge(tally: Tally, scene: Scene, report: Report, hits: Sequence[str], name: str) -> None:
    tally.cases += 1
    true = scene.clicks[:-1] if scene.stops else scene.clicks
    steps = [each for each in report.verdicts if each.step < len(scene.clicks)]
    done = [each for each in steps if each.through]
    if list(hits) != list(true[: len(done)]):
        tally.wrong += 1
        tally.notes.append(f"{name}: clicked {list(hits)}, and should have clicked {list(true)}")
    tally.acts += len(true)
    tally.through += min(len(done), len(true))
    for number, each in enumerate(steps):
        tally.told += 1
        right = each.through if number < len(true) else each.verdict in scene.stops
        tally.right += right
        if not right:
            tally.notes.append(f"{name}: step {number} ({scene.clicks[number]}) is {each.verdict}: {each.why}")
