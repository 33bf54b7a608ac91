"""Recordings of strangers: what is damaged or means harm is named and refused, nothing runs, nothing is written, nothing outside is read."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handeye.episodes.convert.files import Folder, open_files
from handeye.episodes.convert.formats import importer
from handeye.tools.errors import EpisodeExists, RecordingRefused

from .made import (
    agentnet,
    agentnetbench,
    browseruse,
    converted,
    encoded,
    osworld,
    pixels,
    png,
    screenagent,
    true_click,
    write,
)

CLICK = "pyautogui.click(x=0.5, y=0.5)"


def refused(kind: str, path: Path, tmp_path: Path, **options: Any) -> str:
    """The message; nothing was left behind."""
    out = tmp_path / "out"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RecordingRefused) as error:
        converted(kind, path, out, **options)
    assert sorted(tmp_path.rglob("*")) == before
    assert len(str(error.value)) < 600
    return str(error.value)


def test_a_truncated_picture(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", [CLICK, CLICK])
    noise = np.random.default_rng(1).integers(0, 255, (200, 320, 3), np.uint8)
    write(folder / "images" / "t_1.png", encoded(noise, "PNG")[:40_000])
    assert "images/t_1.png is damaged" in refused("agentnet", folder, tmp_path)
    write(folder / "images" / "t_1.png", encoded(pixels(1), "JPEG")[:700])
    assert "images/t_1.png is damaged" in refused("agentnet", folder, tmp_path)


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(40), b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
)
def test_what_is_no_picture(data: bytes, tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", [CLICK])
    write(folder / "images" / "t_0.png", data)
    assert "images/t_0.png is no readable picture" in refused("agentnet", folder, tmp_path)


def test_a_picture_that_unpacks_to_more_than_any_screen(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", [CLICK])

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    write(folder / "images" / "t_0.png", bomb)
    assert "t_0.png" in refused("agentnet", folder, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "/etc/passwd",
        "a/../../secret.png",
        "..\\secret.png",
        "C:\\secret.png",
        "images/../../secret.png",
    ],
)
@pytest.mark.parametrize("kind", ["agentnet", "agentnetbench", "osworld", "screenagent"])
def test_a_path_that_leaves_the_folder(kind: str, name: str, tmp_path: Path) -> None:
    write(tmp_path / "secret.png", png(0))
    made: dict[str, Callable[[Path], Path]] = {
        "agentnet": lambda path: agentnet(path, [CLICK], traj=[{"index": 0, "image": name, "value": {"code": CLICK}}]),
        "agentnetbench": lambda path: agentnetbench(path, [{"action": CLICK, "image": name}]),
        "osworld": lambda path: osworld(path, ["pyautogui.click(1, 2)"], screenshot_file=name),
        "screenagent": lambda path: screenagent(path, [{"saved_image_name": name, "actions": []}]),
    }
    assert "leads out of the recording" in refused(kind, made[kind](tmp_path / "in"), tmp_path)


def test_browseruse_absolute_paths_are_looked_for_in_the_folder_only(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "shots" / "step_1.png", png(0))
    history = browseruse([{"action": [{"go_back": {}}], "screenshot_path": str(outside)}])
    write(tmp_path / "in" / "h.json", history)
    episode = converted("browseruse", tmp_path / "in", tmp_path / "first")
    assert "lies outside" in episode.steps[0].saw.stand_in
    episode = converted("browseruse", tmp_path / "in", tmp_path / "second", pictures=tmp_path / "elsewhere")
    assert episode.steps[0].saw.stand_in == ""


def test_links_that_lead_out_and_links_in_a_circle(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.png", png(0))
    folder = agentnet(tmp_path / "in", [CLICK])
    (folder / "images" / "t_0.png").unlink()
    (folder / "images" / "t_0.png").symlink_to(secret)
    assert "a link that leads out" in refused("agentnet", folder, tmp_path)
    (folder / "images" / "t_0.png").unlink()
    (folder / "images" / "t_0.png").symlink_to("t_1.png")
    (folder / "images" / "t_1.png").symlink_to("t_0.png")
    assert "cannot read" in refused("agentnet", folder, tmp_path)
    (folder / "images" / "t_0.png").unlink()
    write(folder / "images" / "t_0.png", png(0))
    (folder / "images" / "round").symlink_to(folder)
    assert len(converted("agentnet", folder, tmp_path / "out")) == 1


def test_a_zip_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("agentnet.jsonl", b" " * 40_000_000)
    with pytest.raises(RecordingRefused, match=r"unpacks from .* a zip bomb"):
        list(importer("agentnet").sessions(open_files(tmp_path / "bomb.zip")))
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as packed:
        packed.writestr("../../evil.jsonl", "{}")
    with pytest.raises(RecordingRefused, match="leads out"):
        open_files(tmp_path / "out.zip")
    write(tmp_path / "half.zip", (tmp_path / "bomb.zip").read_bytes()[:200])
    with pytest.raises(RecordingRefused, match="is not a readable zip"):
        open_files(tmp_path / "half.zip")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"task_id": "t", "traj": [{"image": "t_0.png", "value": {"x": NaN}}]}', "NaN is no number"),
        ('{"task_id": "t", "traj": [{"image": "t_0.png", "value": {"x": 1e999}}]}', "larger than any number"),
        ('{"task_id": "t", "traj": [' + "9" * 5000 + "]}", "larger than any number"),
        ("[" * 50_000, "is nested too deeply"),
        ('{"traj": ' + "[" * 200 + "]" * 200 + "}", "is nested too deeply"),
        ('{"task_id": "t", "traj": [', "is not JSON"),
        ("7", "is no JSON object but 7"),
        ('{"task_id": "t"}', "traj is no list"),
        ('{"task_id": "t", "traj": []}', "its traj is empty"),
        ('{"task_id": "t", "traj": [3]}', "traj[0] is no JSON object"),
        ('{"task_id": "t", "traj": [{"image": "t_0.png"}]}', "traj[0].value is no JSON object"),
        ('{"task_id": "t", "traj": [{"image": "t_0.png", "value": {"code": 7}}]}', "none of its 1 records can be read"),
    ],
)
def test_numbers_that_are_none_and_json_that_is_no_recording(line: str, says: str, tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", [CLICK])
    write(folder / "agentnet.jsonl", line + "\n")
    assert says in refused("agentnet", folder, tmp_path)


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", [CLICK])
    write(folder / "agentnet.jsonl", b'{"task_id": "\xff\xfe"}\n')
    assert "is not UTF-8" in refused("agentnet", folder, tmp_path)


HARM = [
    "import os\nos.system('touch {ran}')",
    "__import__('subprocess').run(['touch', '{ran}'])",
    "open('{ran}', 'w')",
    "pyautogui.write(open('{ran}', 'w').write('x'))",
    "Click on the blue button",
]


@pytest.mark.parametrize("source", HARM)
def test_source_that_is_no_pyautogui_is_refused_and_never_runs(source: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    source = source.replace("{ran}", str(ran))
    assert "none of its 1 records can be read" in refused("osworld", osworld(tmp_path / "in", [source]), tmp_path)
    assert "none of its 1 records can be read" in refused("agentnet", agentnet(tmp_path / "in2", [source]), tmp_path)
    assert not ran.exists()


@pytest.mark.parametrize(
    "at", [(float("1e300"), 0.5), (2, 0.5), (-0.1, 0.5), (0.5, "x"), (None, None), (True, 0.5), ([1], {})]
)
def test_coordinates_that_are_no_place_on_the_screen(at: tuple[Any, Any], tmp_path: Path) -> None:
    folder = agentnetbench(tmp_path / "in", [{"ground_truth_actions": [true_click(*at)]}])
    assert "none of its 1 records" in refused("agentnetbench", folder, tmp_path)


def test_boxes_that_are_none_are_left_out(tmp_path: Path) -> None:
    boxes = [[0.4, 0.4, 1e300, 0.2], [0.4, 0.4, -1, 0.2], [1, 2], ["a", 1, 1, 1], 7]
    truth = true_click(0.5, 0.5)
    truth["metadata"]["bboxes"] = [*({"rel_bbox": box} for box in boxes), None]
    folder = agentnetbench(tmp_path / "in", [{"action": CLICK, "ground_truth_actions": [truth]}])
    assert converted("agentnetbench", folder, tmp_path / "out").steps[0].evidence == ()


def test_a_folder_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", [CLICK])
    write(tmp_path / "out" / "mine.txt", "x")
    with pytest.raises(EpisodeExists):
        converted("agentnet", folder, tmp_path / "out")
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_odd_shapes_anywhere_are_refused_or_read_and_never_raise_anything_else(tmp_path: Path) -> None:
    odd: list[Any] = [None, 7, "x", [], {}, [None], {"a": 1}, True, -1.5, "☃", [[]]]
    history = browseruse([{"action": [{"click": {"index": 1}}]}])
    turn = history["history"][0]
    count = 0
    for key in ("model_output", "result", "state", "metadata", "state_message"):
        for value in odd:
            write(
                tmp_path / "in" / "h.json",
                {"history": [{**turn, key: value}, turn | {"model_output": {"action": [{"go_back": {}}]}}]},
            )
            converted("browseruse", tmp_path / "in", tmp_path / f"out{count}")
            count += 1
    for action in odd:
        folder = osworld(
            tmp_path / "osworld", [action, "DONE"], info=action, reward=action, response=action, step_num=action
        )
        converted("osworld", folder, tmp_path / f"out{count}")
        count += 1
    for value in odd:
        turns = [
            {"actions": [value, {"action_type": "MouseAction", "mouse_action_type": value, "mouse_position": value}]},
            {"actions": value},
            {"actions": [value, {"action_type": "PlanAction", "element": value}]},
            {"actions": [{"action_type": value}, {"action_type": "EvaluateSubTaskAction", "situation": value}]},
        ]
        good = {"actions": [{"action_type": "WaitAction", "wait_time": 1}]}
        converted("screenagent", screenagent(tmp_path / f"in{count}", [*turns, good]), tmp_path / f"out{count}")
        count += 1
    assert json.loads((tmp_path / "out0" / "episode.json").read_text())["policy"] == "imported from browseruse"


def test_links_of_a_cache_may_end_in_it_and_nowhere_else(tmp_path: Path) -> None:
    cache, snapshot = tmp_path / "cache", tmp_path / "cache" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    (cache / "blob").write_text("here")
    (tmp_path / "secret").write_text("there")
    (snapshot / "in").symlink_to(cache / "blob")
    (snapshot / "out").symlink_to(tmp_path / "secret")
    files = Folder(snapshot, within=cache)
    assert files.read("in") == b"here"
    for folder, name in ((files, "out"), (Folder(snapshot), "in")):
        with pytest.raises(RecordingRefused, match="leads out"):
            folder.read(name)
