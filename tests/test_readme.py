"""What the README shows is what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import yaml

from handeye.agent.loop import run_loop
from handeye.episodes.schema import Task

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_loop_is_quoted_whole() -> None:
    assert inspect.getsource(run_loop) in README


def test_its_task_file_is_valid() -> None:
    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    task = Task.model_validate(yaml.safe_load(text[1]))
    assert len(task.steps) == 8


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
