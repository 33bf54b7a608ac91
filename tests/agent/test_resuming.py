"""A run that broke off is gone on with where its world still stands; else it says why not, and leaves the episode as it was."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from handeye.agent.face import resume, run
from handeye.agent.person import NoPerson
from handeye.benchmarks.replay_suite.counting import acts_of
from handeye.episodes.claim import Claim
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Observation
from handeye.episodes.store import HEADER, LINES
from handeye.tools.errors import CannotResume, EpisodeUnwritable, UsageError

STEPS = 6


def task(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "name": "counting",
        "environment": "handeye.benchmarks.replay_suite.counting:CountingWorld",
        "start": {"url": (folder / "ledger").as_uri()},
        "inputs": {"who": "nobody"},
        "steps": [{"type": f"act {number} of {{who}}"} for number in range(STEPS)],
        **more,
    }


async def broken_off(folder: Path, lines: int | None = None, cut: int = 0) -> Path:
    """An episode as a kill leaves it: so many of its lines, no outcome, the last line without its last bytes; and a world to match."""
    await run(task(folder), inputs={"who": "Ada"}, out=folder / "e")
    episode = folder / "e"
    header = json.loads((episode / HEADER).read_bytes())
    (episode / HEADER).write_text(json.dumps({**header, "outcome": None}))
    rows = (episode / LINES).read_bytes().splitlines(keepends=True)[:lines]
    data = b"".join(rows)
    (episode / LINES).write_bytes(data[: len(data) - cut])
    return episode


def number_of(episode: Path, kind: str, step: int) -> int:
    """The number of lines up to the one of that kind and step."""
    rows = [json.loads(row) for row in (episode / LINES).read_bytes().splitlines()]
    return next(at for at, row in enumerate(rows, 1) if row["kind"] == kind and row.get("step") == step)


async def cut_after(folder: Path, kind: str, step: int, acts: int) -> Path:
    """An episode that ends with that line, in whose world so many acts were done."""
    whole = await broken_off(folder)
    rows = (whole / LINES).read_bytes().splitlines(keepends=True)[: number_of(whole, kind, step)]
    (whole / LINES).write_bytes(b"".join(rows))
    ledger = folder / "ledger"
    ledger.write_text("".join(f"{each}\n" for each in acts_of(ledger)[:acts]))
    return whole


class Asked(NoPerson):
    """A person who says always the same."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.questions: list[str] = []

    async def ask(self, question: str, now: Observation) -> str:
        self.questions.append(question)
        return self.answer


async def test_it_goes_on_after_the_last_complete_step(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    before = (episode / LINES).read_bytes()
    done = await resume(episode)
    assert done.outcome is not None and done.outcome.stop == "done"
    # the input came from the header
    assert acts_of(tmp_path / "ledger") == [f"act {number} of Ada" for number in range(STEPS)]
    assert (episode / LINES).read_bytes().startswith(before)
    assert [step.index for step in done] == list(range(STEPS + 1))
    assert done.header.resumed_from == 3
    (line,) = done.resumed
    assert (line.match, line.step, line.happened) == ("identical", None, None)
    # numbers and times go on
    assert list(done.observations) == [f"o{number:04d}" for number in range(len(done.observations))]
    times = [seen.at for seen in done.observations.values()]
    assert times == sorted(times) and done.seconds >= times[-1]
    assert done.outcome.steps == STEPS + 1


async def test_what_is_left_of_a_cut_line_is_dropped(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    with (episode / LINES).open("ab") as lines:
        lines.write(b'{"kind":"begin","step":3,"at":0.3,"sa')
    assert any("cut off" in warning for warning in Episode.open(episode).warnings)
    done = await resume(episode)
    assert done.warnings == []
    assert len(acts_of(tmp_path / "ledger")) == STEPS


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("by", ["person", "option"])
async def test_an_act_that_may_have_been_done_is_never_done_again(tmp_path: Path, happened: bool, by: str) -> None:
    episode = await cut_after(tmp_path, "begin", 3, acts=4 if happened else 3)
    before = {file: file.read_bytes() for file in episode.rglob("*") if file.is_file()}
    with pytest.raises(CannotResume, match=r"step 3 had begun .*“act 3 of Ada”.*not done a second time") as refused:
        await resume(episode)
    assert "--unknown" in refused.value.remedy
    with pytest.raises(CannotResume):
        await resume(episode, person=Asked("well"))
    assert {file: file.read_bytes() for file in episode.rglob("*") if file.is_file()} == before
    if by == "person":
        person = Asked("yes" if happened else "no")
        done = await resume(episode, person=person)
        assert "act 3 of Ada" in person.questions[0]
    else:
        done = await resume(episode, unknown="happened" if happened else "not-happened")
    assert acts_of(tmp_path / "ledger") == [f"act {number} of Ada" for number in range(STEPS)]
    assert [step.undone for step in done][:4] == [False, False, False, not happened]
    assert not any(step.unknown for step in done)
    (line,) = done.resumed
    assert (line.step, line.happened, line.match) == (3, happened, "told" if happened else "identical")
    assert (done.steps[3].left is not None) is happened


async def test_a_world_that_is_elsewhere_is_left_alone(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    with (tmp_path / "ledger").open("a") as ledger:
        ledger.write("somebody else\n")
    before = (episode / LINES).read_bytes()
    with pytest.raises(
        CannotResume, match=r"after step 2 \(o0003\): its title was '3 acts' and is '4 acts'"
    ) as refused:
        await resume(episode)
    assert "resume then" in refused.value.remedy
    assert (episode / LINES).read_bytes() == before
    assert acts_of(tmp_path / "ledger")[3:] == ["somebody else"]


async def test_who_says_it_did_not_happen_where_it_did_is_not_believed(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "begin", 3, acts=4)
    with pytest.raises(CannotResume, match="is not where the run left it"):
        await resume(episode, unknown="not-happened")
    assert len(acts_of(tmp_path / "ledger")) == 4


async def test_a_world_that_is_gone_is_said(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    (tmp_path / "ledger").unlink()
    with pytest.raises(CannotResume, match="ledger is gone"):
        await resume(episode)


async def test_a_world_that_ends_with_its_process_is_said(tmp_path: Path) -> None:
    drawn = {"environment": "drawn", "start": {"viewport": {"width": 640, "height": 360}}}
    await run({**drawn, "steps": [{"click": "Press me"}] * 2}, out=tmp_path / "e")
    header = json.loads((tmp_path / "e" / HEADER).read_bytes())
    (tmp_path / "e" / HEADER).write_text(json.dumps({**header, "outcome": None}))
    with pytest.raises(CannotResume, match="'drawn' ended with the run") as refused:
        await resume(tmp_path / "e")
    assert "anew" in refused.value.remedy


@pytest.mark.parametrize("lines", [0, 1])
async def test_where_nothing_had_been_done_it_begins_anew(tmp_path: Path, lines: int) -> None:
    episode = await broken_off(tmp_path, lines)
    (tmp_path / "ledger").write_text("left by somebody\n")
    done = await resume(episode)
    assert acts_of(tmp_path / "ledger") == [f"act {number} of Ada" for number in range(STEPS)]
    assert done.resumed[0].match == "anew"
    assert len(done.observations) == lines + STEPS + 1


async def test_a_complete_episode_is_not_gone_on_with(tmp_path: Path) -> None:
    await run(task(tmp_path), inputs={"who": "Ada"}, out=tmp_path / "e")
    with pytest.raises(CannotResume, match="is complete: unverified after 7 steps"):
        await resume(tmp_path / "e")


async def test_an_episode_that_a_run_writes_is_not_gone_on_with(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    first = Claim(episode)
    try:
        with pytest.raises(CannotResume, match="being written by another process"):
            await resume(episode)
    finally:
        first.release()
    await asyncio.gather(resume(episode), resume(episode), return_exceptions=True)
    assert acts_of(tmp_path / "ledger") == [f"act {number} of Ada" for number in range(STEPS)]


async def test_budgets_count_what_was_spent_before(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    header = json.loads((episode / HEADER).read_bytes())
    header["task"]["budget"]["steps"] = 4
    (episode / HEADER).write_text(json.dumps(header))
    done = await resume(episode)
    assert done.outcome is not None and done.outcome.stop == "steps"
    assert len(acts_of(tmp_path / "ledger")) == 4


async def test_seconds_count_from_the_first_beginning(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    rows = (episode / LINES).read_bytes().splitlines()
    last = json.loads(rows[-1])
    last["at"] = 10_000
    (episode / LINES).write_bytes(b"\n".join([*rows[:-1], json.dumps(last).encode(), b""]))
    done = await resume(episode)
    assert done.outcome is not None and done.outcome.stop == "seconds"
    assert done.outcome.seconds >= 10_000


async def test_a_resumed_run_is_resumed_again(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "begin", 1, acts=1)
    await resume(episode, unknown="not-happened")
    header = json.loads((episode / HEADER).read_bytes())
    (episode / HEADER).write_text(json.dumps({**header, "outcome": None}))
    rows = (episode / LINES).read_bytes().splitlines(keepends=True)
    (episode / LINES).write_bytes(b"".join(rows[: number_of(episode, "end", 3)]))
    (tmp_path / "ledger").write_text("".join(f"act {number} of Ada\n" for number in range(3)))
    done = await resume(episode)
    assert acts_of(tmp_path / "ledger") == [f"act {number} of Ada" for number in range(STEPS)]
    assert len(done.resumed) == 2
    assert [step.index for step in done] == list(range(len(done)))


async def test_what_only_a_program_can_hand_over_is_asked_for(tmp_path: Path) -> None:
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    header = json.loads((episode / HEADER).read_bytes())
    (episode / HEADER).write_text(json.dumps({**header, "policy": "mine:Policy"}))
    with pytest.raises(UsageError, match="decided by mine:Policy"):
        await resume(episode)
    (episode / HEADER).write_text(json.dumps({**header, "model": {"name": "phi", "server": "http://127.0.0.1:9"}}))
    with pytest.raises(UsageError, match=r"made with the model phi at http://127\.0\.0\.1:9"):
        await resume(episode)


async def test_a_secret_is_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_HERE", "xyzzy-plugh")
    secret = task(tmp_path, secrets={"password": "PASSWORD_HERE"})
    await run(secret, inputs={"who": "Ada"}, out=tmp_path / "e")
    header = json.loads((tmp_path / "e" / HEADER).read_bytes())
    (tmp_path / "e" / HEADER).write_text(json.dumps({**header, "outcome": None}))
    monkeypatch.delenv("PASSWORD_HERE")
    with pytest.raises(UsageError, match="PASSWORD_HERE is not set"):
        await resume(tmp_path / "e")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs modes of files")
async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; the suite of full and read-only disks has this case")
    episode = await cut_after(tmp_path, "end", 2, acts=3)
    (episode / LINES).chmod(0o400)
    with pytest.raises(EpisodeUnwritable, match="cannot write"):
        await resume(episode)
