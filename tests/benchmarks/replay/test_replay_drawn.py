"""A recorded episode done again on a drawn screen, with a tree and without: what changed, and what was pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from handeye.agent.run import Resources, Run, run_episode
from handeye.benchmarks.replay.action.report import Report
from handeye.benchmarks.replay.modes import replay
from handeye.environments.drawn import DrawnEnvironment, Scene, Widget
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Check, Decision, LazyTree, Observation, Start, Step, Task
from handeye.tools.actions import Click, Done
from handeye.tools.errors import UsageError
from handeye.tools.geometry import Box, Point


class Blind(DrawnEnvironment):
    """A drawn screen that gives no tree."""

    async def look(self) -> Observation:
        seen = await super().look()
        seen = seen.model_copy(update={"tree": LazyTree(missing="a canvas")})
        self._latest = seen
        return seen


class Presses:
    def __init__(self, *points: Point) -> None:
        self._points = points

    async def decide(self, task: Task, past: Sequence[Step], now: Observation) -> Decision:
        if len(past) < len(self._points):
            return Decision(intent=Click(at=self._points[len(past)]), memo=len(past))
        return Decision(intent=Done())


def button(name: str, top: float, left: float = 40) -> Widget:
    return Widget("button", name, Box.at(left, top, 120, 36))


def text(name: str, top: float, left: float = 200) -> Widget:
    return Widget("text", name, Box.at(left, top, 160, 36))


def scene(*widgets: Widget) -> Callable[[], Scene]:
    def clicked(now: Scene, index: int) -> None:
        now.facts["pressed"] = f"{now.widgets[index].name} at {now.widgets[index].box.top:g}"

    return lambda: Scene(list(widgets), facts={"pressed": None}, clicked=clicked)


BEFORE = (
    button("Save", 40),
    button("Send", 100),
    text("of Mug A", 160),
    button("Delete", 160),
    text("of Jug B", 220),
    button("Delete", 220),
)


@pytest.fixture(params=[DrawnEnvironment, Blind], ids=["tree", "no tree"])
def kind(request: pytest.FixtureRequest) -> type[DrawnEnvironment]:
    found: type[DrawnEnvironment] = request.param
    return found


async def record(kind: type[DrawnEnvironment], folder: Path, resources: Resources, *points: Point) -> Episode:
    checks = (Check(script="pressed", exists=True),)
    task = Task(
        name="drawn",
        environment="drawn",
        start=Start.model_validate({"viewport": {"width": 640, "height": 360}}),
        postconditions=checks,
    )
    return await run_episode(
        Run(task=task, out=folder / "recorded", policy=Presses(*points), world=kind(scene(*BEFORE))), resources
    )


async def again(
    kind: type[DrawnEnvironment], episode: Episode, folder: Path, resources: Resources, *now: Widget
) -> tuple[Report, object]:
    world = kind(scene(*now))
    report = await replay(episode, out=folder / "again", world=world, resources=resources, patience=0)
    return report, world._scene.facts["pressed"]


SAVE, SECOND = Point(x=100, y=58), Point(x=100, y=238)


async def test_what_is_as_it_was_is_identical(
    kind: type[DrawnEnvironment], tmp_path: Path, resources: Resources
) -> None:
    episode = await record(kind, tmp_path, resources, SAVE, SECOND)
    report, pressed = await again(kind, episode, tmp_path, resources, *BEFORE)
    assert [each.verdict for each in report] == ["identical"] * 3
    assert report.exit_code == 0 and report.status == "passed"
    assert pressed == "Delete at 220"
    made = Episode.open(report.episode.path)
    assert made.header.replay is not None and made.header.replay.episode == episode.header.id
    place = made.steps[0].decision.replayed
    # the new episode stands alone: the recorded pixels lie in it, too
    assert place is not None and place.places[0].crop is not None
    assert place.places[0].crop.pixels.shape[2] == 3


async def test_what_moved_is_followed(kind: type[DrawnEnvironment], tmp_path: Path, resources: Resources) -> None:
    episode = await record(kind, tmp_path, resources, SECOND)
    moved = (
        button("Save", 240, 400),
        button("Send", 300, 400),
        text("of Mug A", 10),
        button("Delete", 10),
        text("of Jug B", 70),
        button("Delete", 70),
    )
    report, pressed = await again(kind, episode, tmp_path, resources, *moved)
    assert report.verdicts[0].verdict == "target-moved"
    assert pressed == "Delete at 70"


async def test_what_is_gone_is_not_replaced_by_its_neighbour(
    kind: type[DrawnEnvironment], tmp_path: Path, resources: Resources
) -> None:
    episode = await record(kind, tmp_path, resources, SECOND)
    # the first row went, and the second stands where it stood
    report, pressed = await again(kind, episode, tmp_path, resources, *BEFORE[:4])
    assert report.verdicts[0].verdict == "target-gone"
    assert pressed is None
    assert report.exit_code == 1 and report.status == "diverged"
    assert report.first_divergence is not None and report.first_divergence.step == 0


async def test_two_that_nothing_tells_apart_are_ambiguous(
    kind: type[DrawnEnvironment], tmp_path: Path, resources: Resources
) -> None:
    episode = await record(kind, tmp_path, resources, SAVE)
    report, pressed = await again(
        kind, episode, tmp_path, resources, button("Save", 40), button("Save", 40, 300), *BEFORE[1:]
    )
    assert report.verdicts[0].verdict in ("target-ambiguous", "identical")
    assert pressed in (None, "Save at 40")
    moved = (button("Save", 10, 300), button("Save", 300, 300), *BEFORE[1:])
    report = await replay(episode, out=tmp_path / "third", world=kind(scene(*moved)), resources=resources, patience=0)
    assert report.verdicts[0].verdict == "target-ambiguous"


async def test_an_episode_without_steps_is_refused(tmp_path: Path, resources: Resources) -> None:
    episode = await record(DrawnEnvironment, tmp_path, resources)
    with pytest.raises(UsageError, match="no step"):
        await replay(episode, out=tmp_path / "again", resources=resources)
