"""Rows for fine-tuning: what the dialect would have asked, and an answer that it reads back as the decision that was recorded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.agent.dialects.names import DIALECTS, open_dialect
from handeye.agent.rows import Rows
from handeye.episodes.reader import Episode
from handeye.episodes.schema import ImagePart, Reply, View
from handeye.tools.actions import Click, Target
from handeye.tools.errors import UnknownName, UsageError
from handeye.tools.geometry import Size
from handeye.tools.pixels import Frame

from ..conftest import Play, Serve
from ..episodes.convert.made import agentnetbench, converted, osworld, true_click

PAGE = """<body><h1>Members</h1><label>Name <input></label> <label>Password <input type=password></label>
<button onclick="document.body.innerHTML='<p>Welcome'">Enter</button>"""
STEPS: list[dict[str, Any]] = [
    {
        "action": "pyautogui.click(x=0.5, y=0.25)",
        "ground_truth_actions": [true_click(0.5, 0.25, [0.45, 0.2, 0.1, 0.1])],
        "inner_monologue": {"thought": "I enter.", "low_level_instruction": "Click the blue button"},
    },
    {"action": "pyautogui.hotkey(keys=['ctrl', 'c'])"},
    {"action": "pyautogui.moveTo(x=0.1, y=0.1)\npyautogui.dragTo(x=0.5, y=0.5, button='left')"},
    {"action": "computer.terminate(status='success')"},
]


def rows_of(episode: Episode, dialect: str, out: Path) -> list[dict[str, Any]]:
    exported = Rows(dialect).export(episode, out)
    file = out if out.suffix else out / "rows.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert exported.note == f"{len(rows)} rows in the words of {dialect}"
    return rows


@pytest.mark.browser
async def test_a_run_becomes_rows_without_its_secret(
    play: Play, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUB_PASSWORD", "swordfish-9")
    task = {
        "name": "club",
        "goal": "Enter the club",
        "start": serve(PAGE),
        "secrets": {"password": "CLUB_PASSWORD"},
        "steps": [{"type": "Ann", "into": "Name"}, {"type": "{password}", "into": "Password"}, {"click": "Enter"}],
        "postconditions": [{"text": "Welcome"}],
    }
    episode = await play(task)
    for dialect in DIALECTS:
        # the exporter runs a loop of its own, as the command does
        rows = await asyncio.to_thread(rows_of, episode, dialect, tmp_path / dialect)
        _checked(rows, dialect, tmp_path / dialect)


def _checked(rows: list[dict[str, Any]], dialect: str, folder: Path) -> None:
    plans = [row for row in rows if row["purpose"] == "plan"]
    assert [row["step"] for row in plans] == [0, 1, 2, 3]
    said = [row["messages"][-1]["content"][0]["text"] for row in plans]
    assert "swordfish" not in json.dumps(rows) and "secret:password" in said[1]
    assert "Enter the club" in plans[0]["messages"][0]["content"][0]["text"]
    for row in rows:
        assert [each["role"] for each in row["messages"]] == ["user", "assistant"]
        assert (folder / row["images"][-1]).is_file()
    speaker: Any = open_dialect(dialect, "")
    grounding = [row["step"] for row in rows if row["purpose"] == "ground"]
    assert grounding == ([0, 1, 2] if speaker.grounds else [])
    assert ('"at": "Name"' if speaker.grounds else '"coordinate": [') in said[0]


def test_rows_of_an_imported_episode_name_things_by_the_recordings_words(tmp_path: Path) -> None:
    episode = converted("agentnetbench", agentnetbench(tmp_path / "in", STEPS), tmp_path / "episode")
    exported = Rows("phi4").export(episode, tmp_path / "rows")
    rows = [json.loads(line) for line in (tmp_path / "rows" / "rows.jsonl").read_text().splitlines()]
    assert [(row["step"], row["purpose"]) for row in rows] == [(0, "plan"), (0, "ground"), (1, "plan"), (3, "plan")]
    said = json.loads(rows[0]["messages"][-1]["content"][0]["text"])
    assert said == {"thought": "I enter.", "action": {"verb": "click", "at": "Click the blue button"}}
    assert [each.what for each in exported.lost] == [
        "a step that phi4 cannot say: it points at a place that nothing names"
    ]
    speaker: Any = open_dialect("phi4", "")
    with Image.open(tmp_path / "rows" / rows[1]["images"][-1]) as image:
        frame = Frame.from_pixels(np.asarray(image.convert("RGB")))
    view = View(
        observation="o0000", crop=episode.steps[0].saw.frame.box, sent=Size(width=frame.width, height=frame.height)
    )
    found = speaker.parse_ground(
        Reply(text=rows[1]["messages"][-1]["content"][0]["text"]),
        Target(description="x"),
        ImagePart(view=view, image=frame),
    )
    assert found.place.box.iou(episode.steps[0].evidence[0].box) > 0.95


def test_rows_that_point_have_the_recorded_points(tmp_path: Path) -> None:
    episode = converted("agentnetbench", agentnetbench(tmp_path / "in", STEPS), tmp_path / "episode")
    rows = rows_of(episode, "qwen", tmp_path / "rows.jsonl")
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
    assert '{"action": "left_click", "coordinate": [500, 250]}' in rows[0]["messages"][-1]["content"][0]["text"]
    assert rows[0]["messages"][-1]["content"][0]["text"].startswith("I enter.\n")
    assert all((tmp_path / name).is_file() for row in rows for name in row["images"])


def test_steps_without_their_screenshot_and_failed_ones_are_no_examples(tmp_path: Path) -> None:
    folder = osworld(tmp_path / "in", ["pyautogui.click(1, 2)", "pyautogui.click(3, 4)"], info={"error": "it broke"})
    episode = converted("osworld", folder, tmp_path / "episode")
    assert isinstance(episode.steps[0].action, Click)
    with pytest.raises(UsageError, match="no step can be written"):
        Rows("qwen").export(episode, tmp_path / "rows")
    assert not (tmp_path / "rows").exists()


def test_a_dialect_that_only_listens_and_one_that_is_not_there() -> None:
    with pytest.raises(UnknownName, match="did you mean 'qwen'"):
        Rows("qwem")
    with pytest.raises(UsageError, match="cannot write answers"):
        Rows(f"{__name__}:Listener")


class Listener:
    """Speaks to a model and never as one."""

    name = "listener"
    grounds = False
