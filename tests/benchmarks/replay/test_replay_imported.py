"""Recordings of others done again: by pixels alone where they have no more, and with what they lack said."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.run import Resources
from handeye.benchmarks.replay.modes import replay
from handeye.environments.sites import Request, Response, RunningSite
from handeye.episodes.convert.files import open_files
from handeye.episodes.convert.formats import importer
from handeye.episodes.convert.writing import write_recording
from handeye.episodes.reader import Episode
from handeye.tools.errors import EpisodeError, UsageError
from tests.conftest import Play
from tests.episodes.convert.made import SAMPLES, agentnetbench, converted, needs_samples, true_click

pytestmark = pytest.mark.browser

BUTTONS = (
    "<!doctype html><meta charset=utf-8><title>Buttons</title><h1>Choose</h1><p>Both are hot.</p><p>Served until six.</p>"
    "<button onclick=\"fetch('/hit?on=tea')\">Tea</button> <button onclick=\"fetch('/hit?on=coffee')\">Coffee</button>"
)


class Buttons:
    """A page with two buttons, and what was clicked on it."""

    def __init__(self) -> None:
        self.body = BUTTONS
        self.hits: list[str] = []

    def respond(self, request: Request) -> Response:
        if request.path == "/hit":
            self.hits.append(request.query["on"])
            return Response.text("")
        return Response.text(self.body)

    def path(self, page: str) -> str:
        return page


async def foreign(seen: Episode, name: str, folder: Path) -> Episode:
    """The click on a button of a page, as AgentNetBench has it: a picture and a point, no tree, no address."""
    first = seen.steps[0]
    tree = await first.saw.tree.get()
    assert tree is not None
    box = next(node.box for node in tree.nodes if node.role == "button" and node.name == name)
    assert box is not None
    frame = first.saw.frame
    click = true_click(box.center.x / frame.width, box.center.y / frame.height, [box.left / frame.width, 0, 0.1, 0.1])
    step: dict[str, Any] = {"ground_truth_actions": [click], "image": "page.png"}
    agentnetbench(folder, [step])
    (folder / "images" / "page.png").write_bytes(frame.png)
    return await asyncio.to_thread(converted, "agentnetbench", folder, folder / "episode")


@pytest.mark.slow
async def test_a_picture_and_a_point_are_found_again_in_a_browser(
    play: Play, resources: Resources, tmp_path: Path
) -> None:
    page = Buttons()
    with RunningSite(page) as site:
        seen: Episode = await play({"start": site.page("/"), "steps": [{"click": "Tea"}]})
        episode = await foreign(seen, "Coffee", tmp_path / "made")
        with pytest.raises(UsageError, match=r"'desktop'.*has no tree") as refused:
            await replay(episode, resources=resources, out=tmp_path / "refused")
        assert "--start URL" in str(refused.value.remedy)
        page.hits = []
        options: dict[str, Any] = {"resources": resources, "start": site.page("/"), "patience": 0.2}
        report = await replay(episode, out=tmp_path / "again", **options)
        assert page.hits == ["coffee"], [each.why for each in report]
        place = report.verdicts[0].replayed.places[0]
        assert report.status == "passed" and place.by == ("pixels",)
        assert any("has no tree" in note for note in report.notes) and report.episode.header.replay is not None
        assert report.episode.header.replay.lacks == report.notes
        # elsewhere on the page it is found by its pixels; where nothing looks so, nothing is clicked
        page.body, page.hits = BUTTONS.replace("<h1>", "<p>Closed on Sunday.</p><h1>"), []
        moved = await replay(episode, out=tmp_path / "moved", **options)
        assert page.hits == ["coffee"] and moved.verdicts[0].verdict == "target-moved"
        page.body, page.hits = BUTTONS.replace(">Coffee<", ">Cocoa<"), []
        gone = await replay(episode, out=tmp_path / "gone", **options)
        assert page.hits == [] and gone.verdicts[0].verdict == "target-gone" and gone.exit_code == 1


def handeye(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handeye", *map(str, words)],
        cwd=cwd,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
async def test_the_command_says_by_its_exit_code_what_came_of_it(play: Play, tmp_path: Path) -> None:
    page = Buttons()
    with RunningSite(page) as site:
        task = {"start": site.page("/"), "steps": [{"click": "Tea"}], "postconditions": [{"text": "until six"}]}
        seen: Episode = await play(task)
        passed = handeye("replay", seen.path, "--out", "same", cwd=tmp_path)
        assert passed.returncode == 0, passed.stderr
        page.body, page.hits = BUTTONS.replace(">Tea<", " hidden>Tea<"), []
        diverged = handeye("replay", seen.path, "--out", "other", "--patience", "0", cwd=tmp_path)
        assert diverged.returncode == 1 and page.hits == [], diverged.stderr
        assert "first divergence: step 0" in diverged.stderr and "target-gone" in diverged.stderr
        page.body = BUTTONS.replace("until six", "until five")
        failed = handeye("replay", seen.path, "--out", "postcondition", "--patience", "0", cwd=tmp_path)
        assert failed.returncode == 1 and "✗" in failed.stderr, failed.stderr
    unreachable = handeye("replay", seen.path, "--out", "nobody", cwd=tmp_path)
    assert unreachable.returncode == 5, unreachable.stderr
    for mistake in (("--mode", "backwards"), ("--model", "oracle"), ("-c", "agent.budget=3")):
        assert handeye("replay", seen.path, *mistake, cwd=tmp_path).returncode == 2


@pytest.mark.slow
def test_what_is_no_episode_is_refused_by_name(tmp_path: Path) -> None:
    made = agentnetbench(tmp_path / "made", [{"ground_truth_actions": [true_click(0.5, 0.5)]}])
    episode = converted("agentnetbench", made, tmp_path / "episode")
    header = (episode.path / "episode.json").read_text(encoding="utf-8")

    def spoiled(name: str, text: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "episode.json").write_text(text, encoding="utf-8")
        refused = handeye("replay", folder, cwd=tmp_path)
        assert refused.returncode == 5 and name in refused.stderr and "Traceback" not in refused.stderr
        return refused.stderr

    assert "is not JSON" in spoiled("truncated", header[:300])
    assert "not an episode of handeye" in spoiled("foreign", '{"task_id": "b"}')
    later = json.loads(header) | {"format": 9}
    assert "format 9" in spoiled("later", json.dumps(later))
    (tmp_path / "empty").mkdir()
    empty = handeye("replay", tmp_path / "empty", cwd=tmp_path)
    assert empty.returncode == 2 and "is no episode, and holds none" in empty.stderr
    # what was made on a desktop is the person's to place: 2, with the way out
    desktop = handeye("replay", episode.path, cwd=tmp_path)
    assert desktop.returncode == 2 and "--start URL" in desktop.stderr


@needs_samples
async def test_samples_of_others_say_what_they_lack_or_stop(resources: Resources, tmp_path: Path) -> None:
    """Their screens are nowhere here: each is refused with what it lacks, and in a browser stops at its first place with nothing clicked."""
    page = Buttons()
    with RunningSite(page) as site:
        for kind in ("agentnetbench", "screenagent"):
            session = next(iter(importer(kind).sessions(open_files(Path(SAMPLES or "") / kind))))
            await asyncio.to_thread(write_recording, session.read(), tmp_path / kind)
            episode = Episode.open(tmp_path / kind)
            with pytest.raises(UsageError, match="has no tree"):
                await replay(episode, resources=resources)
            report = await replay(
                episode, resources=resources, start=site.page("/"), patience=0, out=tmp_path / f"{kind}-again"
            )
            assert report.exit_code == 1 and page.hits == [] and report.first_divergence is not None
            assert report.first_divergence.verdict in ("target-gone", "target-ambiguous", "wrong-state")
            assert report.notes


async def test_a_line_of_steps_that_is_cut_off_leaves_the_steps_before_it(play: Play, resources: Resources) -> None:
    page = Buttons()
    with RunningSite(page) as site:
        seen: Episode = await play({"start": site.page("/"), "steps": [{"click": "Tea"}, {"click": "Coffee"}]})
        lines = seen.path / "steps.jsonl"
        whole = lines.read_bytes()
        begun = [at for at, line in enumerate(whole.splitlines()) if json.loads(line)["kind"] == "begin"]
        before = whole.splitlines(keepends=True)[: begun[1] + 1]
        lines.write_bytes(b"".join(before)[:-100])
        cut = Episode.open(seen.path)
        assert cut.warnings
        page.hits = []
        report = await replay(cut, resources=resources, patience=0.2, out=seen.path.parent / "again")
        assert page.hits == ["tea"] and report.verdicts[0].verdict == "identical"
    lines.write_bytes(b"what is this?\n" + whole)
    with pytest.raises(EpisodeError, match=r"steps\.jsonl"):
        Episode.open(seen.path)
