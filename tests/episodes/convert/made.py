"""Small recordings in the schemas of others, made here: same fields, our own content."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.episodes.convert.files import open_files
from handeye.episodes.convert.formats import importer
from handeye.episodes.convert.writing import write_recording
from handeye.episodes.reader import Episode

WIDTH, HEIGHT = 320, 200
SAMPLES = os.environ.get("HANDEYE_SAMPLES")
needs_samples = pytest.mark.skipif(
    not SAMPLES, reason="HANDEYE_SAMPLES is not set: the samples of other projects are not part of this one"
)


def pixels(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A screen that no other number has."""
    found = np.full((HEIGHT, WIDTH, 3), 230, np.uint8)
    found[10 * number : 10 * number + 8, 20:100] = (20 * number % 256, 90, 180)
    return found


def png(number: int) -> bytes:
    return encoded(pixels(number), "PNG")


def encoded(values: Any, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, form, **options)
    return out.getvalue()


def write(path: Path, data: bytes | str | Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        path.write_text(data if isinstance(data, str) else json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return path


def converted(kind: str, path: Path, out: Path, pictures: Path | None = None) -> Episode:
    """The episode of the only recording at a path."""
    (session,) = importer(kind).sessions(open_files(path, pictures=pictures))
    write_recording(session.read(), out)
    return Episode.open(out)


def osworld(folder: Path, actions: list[Any], *, first: bool = False, shared: bool = False, **more: Any) -> Path:
    """A result folder with one record for each action."""
    lines = []
    if first:
        write(folder / "step_0_20240617@120000.png", png(0))
    for index, action in enumerate(actions):
        name = f"step_1_20240617@12000{1 if shared else index + 1}.png"
        write(folder / name, png(index + 1))
        record = {
            "step_num": 1 if shared else index + 1,
            "action_timestamp": f"20240617@12000{index + 1}",
            "action": action,
            "reward": 0,
            "done": action in ("DONE", "FAIL"),
            "info": {},
            "screenshot_file": name,
        }
        lines.append(json.dumps(record | more))
    write(folder / "traj.jsonl", "".join(f"{line}\n" for line in lines))
    return folder


def agentnet(folder: Path, codes: list[Any], **more: Any) -> Path:
    """A line of AgentNet and its images."""
    traj = []
    for index, code in enumerate(codes):
        write(folder / "images" / f"t_{index}.png", png(index))
        value = {
            "thought": f"thought {index}",
            "action": f"Click thing {index}",
            "code": code,
            "last_step_correct": True,
            "reflection": "r",
        }
        traj.append({"index": index, "image": f"t_{index}.png", "value": value})
    row = {"task_id": "t", "instruction": "Do it", "task_completed": True, "alignment_score": 8, "traj": traj, **more}
    write(folder / "agentnet.jsonl", json.dumps(row) + "\n")
    return folder


def agentnetbench(folder: Path, steps: list[dict[str, Any]], **more: Any) -> Path:
    """A file of AgentNetBench and its images."""
    for index, step in enumerate(steps):
        step.setdefault("step_num", index)
        step.setdefault("image", f"b_{index}.png")
        write(folder / "images" / f"b_{index}.png", png(index))
    write(folder / "b.json", {"task_id": "b", "high_level_task_description": "Find it", "steps": steps, **more})
    return folder


def true_click(x: float, y: float, box: list[float] | None = None, kind: str = "click") -> dict[str, Any]:
    boxes = [{"category_id": 1, "rel_bbox": box, "abs_bbox": [0, 0, 1, 1], "area": 1.0}] if box else []
    return {"type": kind, "params": {"position": {"x": x, "y": y}}, "metadata": {"bboxes": boxes}}


def screenagent(folder: Path, turns: list[dict[str, Any]]) -> Path:
    """A session with a turn for each list of actions; JPEG screenshots."""
    for index, turn in enumerate(turns):
        stamp = f"2024-01-0{index + 1}_10-00-0{index}-123456"
        write(folder / "images" / f"{stamp}.jpg", encoded(pixels(index), "JPEG", quality=80))
        record = {
            "task_prompt": "把网页放大",
            "task_prompt_en": "Enlarge the page",
            "video_height": HEIGHT,
            "video_width": WIDTH,
            "saved_image_name": f"{stamp}.jpg",
            "session_id": "s1",
            "LLM_response_editer": "我点击按钮\n```json\n[]\n```",
            **turn,
        }
        write(
            folder / f"{stamp}_translate{turn.get('_as', '')}.json",
            {key: each for key, each in record.items() if key != "_as"},
        )
    return folder


def browseruse(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """A history; each turn gives its actions, elements and results."""
    history = []
    for index, turn in enumerate(turns):
        url = turn.get("url", f"http://site.example/{index}")
        history.append(
            {
                "model_output": {
                    "evaluation_previous_goal": "fine",
                    "memory": f"memory {index}",
                    "next_goal": f"goal {index}",
                    "action": turn["action"],
                },
                "result": turn.get("result", [{"is_done": False}] * len(turn["action"])),
                "state": {
                    "url": url,
                    "title": f"Page {index}",
                    "tabs": [{"url": url, "title": f"Page {index}", "tab_id": "AB12"}],
                    "interacted_element": turn.get("elements", [None] * len(turn["action"])),
                    "screenshot_path": turn.get("screenshot_path", f"/tmp/elsewhere/screenshots/step_{index + 1}.png"),
                },
                "metadata": {
                    "step_start_time": 1.7e9 + 5 * index,
                    "step_end_time": 1.7e9 + 5 * index + 3,
                    "step_number": index + 1,
                },
                "state_message": "<user_request>\nBuy a mug\n</user_request>" if index == 0 else None,
            }
        )
    return {"history": history}


def element(tag: str, name: str | None, **attributes: str) -> dict[str, Any]:
    return {
        "node_id": 1,
        "backend_node_id": 2,
        "frame_id": None,
        "node_type": 1,
        "node_value": "",
        "node_name": tag.upper(),
        "attributes": attributes,
        "x_path": f"html/body/{tag}",
        "element_hash": 12345678901234567890,
        "stable_hash": 1,
        "bounds": {"x": 10.0, "y": 20.0, "width": 30.0, "height": 10.0},
        "ax_name": name,
    }
