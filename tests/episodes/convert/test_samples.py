"""Real recordings of others convert whole; skipped without `HANDEYE_SAMPLES`, the folder that holds them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from handeye.episodes.convert.files import open_files
from handeye.episodes.convert.formats import exporter, importer
from handeye.episodes.convert.writing import write_recording
from handeye.episodes.reader import Episode

from .made import SAMPLES, needs_samples

pytestmark = needs_samples


def test_all_of_agentnetbench(tmp_path: Path) -> None:
    folder = Path(SAMPLES or "") / "agentnetbench"
    for session in importer("agentnetbench").sessions(open_files(folder)):
        source = json.loads((folder / f"{session.name}.json").read_text(encoding="utf-8"))
        write_recording(session.read(), tmp_path / session.name)
        episode = Episode.open(tmp_path / session.name)
        assert len({step.origin.record for step in episode if step.origin}) == len(source["steps"])
        assert not [event for seen in episode.observations.values() for event in seen.events]
        for step in episode:
            assert step.origin is not None
            truth = source["steps"][step.origin.record]
            if step.origin.part == 0:
                assert step.origin.value == truth
            assert step.saw.frame.png == (folder / "images" / truth["image"]).read_bytes()
        # every true box stands where the act was
        boxes = sum(
            bool(each["metadata"].get("bboxes")) for step in source["steps"] for each in step["ground_truth_actions"]
        )
        assert sum(len(step.evidence) for step in episode) == boxes
        exported = exporter("agentnet").export(episode, tmp_path / f"{session.name}-out")
        row = json.loads((exported.path / "agentnet.jsonl").read_text(encoding="utf-8"))
        assert [each["value"]["code"] for each in row["traj"]] == [each["action"] for each in source["steps"]]


def test_all_of_screenagent(tmp_path: Path) -> None:
    folder = Path(SAMPLES or "") / "screenagent"
    count = 0
    for session in importer("screenagent").sessions(open_files(folder)):
        count += 1
        turns = [
            json.loads(file.read_text(encoding="utf-8"))
            for file in sorted((folder / session.name).glob("*.json"))
            if "_neg" not in file.name
        ]
        write_recording(session.read(), tmp_path / session.name)
        episode = Episode.open(tmp_path / session.name)
        acting = [
            index
            for index, turn in enumerate(turns)
            if "Evaluate" not in str(turn["actions"]) and "PlanAction" not in str(turn["actions"])
        ]
        assert list(dict.fromkeys(step.origin.record for step in episode if step.origin)) == acting
        assert len(episode.observations) == len(turns)
        kinds = [event.kind for seen in episode.observations.values() for event in seen.events]
        assert "not translated" not in kinds and kinds.count("plan") + kinds.count("evaluated") == len(turns) - len(
            acting
        )
        assert episode.header.imported is not None and episode.header.imported.lossy
        last = list(episode.observations.values())[-1]
        with Image.open(folder / session.name / "images" / turns[-1]["saved_image_name"]) as image:
            assert np.array_equal(last.frame.pixels, np.asarray(image.convert("RGB")))
    assert count == 10
