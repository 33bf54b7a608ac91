"""A model is asked about the recordings of others, as far as they have what it takes; skipped without `HANDEYE_SAMPLES`."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from handeye.agent.policies.model import Thinking
from handeye.benchmarks.replay.policy.mode import PolicyOptions, policy_of_several
from handeye.benchmarks.replay.policy.scoring import Pace
from handeye.benchmarks.replay.policy.tally import PolicyReport
from handeye.benchmarks.replay.several import Entry
from handeye.benchmarks.replay_suite import throughput
from handeye.episodes.convert.files import open_files
from handeye.episodes.convert.formats import importer
from handeye.episodes.convert.writing import write_recording

from ...episodes.convert.made import SAMPLES, needs_samples

pytestmark = needs_samples


def _convert(kind: str, out: Path) -> list[Path]:
    folders = []
    for session in importer(kind).sessions(open_files(Path(SAMPLES or "") / kind)):
        folders.append(out / session.name)
        write_recording(session.read(), folders[-1])
    return folders


@pytest.mark.parametrize(("kind", "lacks"), [("agentnetbench", {"tree"}), ("screenagent", {"tree", "boxes", "pixels"})])
async def test_every_step_that_says_what_was_right_is_asked_about(kind: str, lacks: set[str], tmp_path: Path) -> None:
    paths = await asyncio.to_thread(_convert, kind, tmp_path / "episodes")
    heard: list[Entry[PolicyReport]] = []
    with throughput.stub(0.0) as url:
        options = PolicyOptions(model=url, thinking=Thinking(mode="direct"), pace=Pace(8), out=tmp_path / "scores")
        report = await policy_of_several(paths, options, heard.append)
    assert len(heard) == len(paths) > 1
    assert report.exit_code == 0, [each.error for each in heard]
    console = Console(record=True, width=200, file=io.StringIO())
    report.print(console)
    for each in heard:
        assert each.report is not None
        summary = each.report.summary()
        # the stub presses a key at each step: it is wrong, and nothing fails
        assert summary.items == summary.right + summary.wrong > 0
        assert lacks <= each.report.header.lacks.keys()
        each.report.print(console)
    told = console.export_text()
    assert "over episodes" in told and "! tree: " in told
