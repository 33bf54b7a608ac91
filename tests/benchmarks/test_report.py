"""What a report says of rows that are known, and what it never says; what changed between two runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from handeye.benchmarks.report.compare import compare
from handeye.benchmarks.report.compare_words import comparison_json, comparison_markdown
from handeye.benchmarks.report.figures import summary_json
from handeye.benchmarks.report.markdown import markdown
from handeye.benchmarks.report.means import headline, mean_of
from handeye.benchmarks.report.page import page
from handeye.benchmarks.report.provenance import without_paths
from handeye.benchmarks.report.read import FIGURES, FoundRun, answers, read_run
from handeye.benchmarks.report.summary import Summary, summarize
from handeye.benchmarks.report.terminal import show
from handeye.benchmarks.report.trial import Trial
from handeye.benchmarks.runner.folder import RunFolder
from handeye.benchmarks.stats import cluster_mean, wilson
from handeye.episodes.schema import (
    FORMAT,
    BenchHeader,
    BenchResult,
    BenchRow,
    ModelInfo,
    Prediction,
    Reply,
    Score,
    Scored,
    ScoringHeader,
    SuiteData,
    Usage,
    View,
)
from handeye.episodes.scores import ScoresWriter
from handeye.tools.errors import EpisodeError, UsageError
from handeye.tools.geometry import Box, Point, Size

EVIL = '<script>alert("|")</script>'


def row(task: str, seed: int = 0, repeat: int = 0, revision: str = "r1") -> BenchRow:
    key = f"{task[0] if EVIL in task else task}.{seed}~{repeat}"
    return BenchRow(key=key, task=task, group=task[0], seed=seed, repeat=repeat, revision=revision)


def ended(asked: BenchRow, success: bool | None, steps: int = 4, **fields: object) -> BenchResult:
    if success is None:
        return BenchResult(
            row=asked, status="infrastructure", message=f"the server at /home/me/secret/model is gone {EVIL}"
        )
    score = Score(value=float(success), success=success, parts={"strict": float(success), "lenient": 1.0})
    data = {"prompt": 100, "completion": 10, "calls": 2, "seconds": 2.0, "stages": {"act": (0.1, 0.3), "step": (1.0,)}}
    made = BenchResult(row=asked, status="passed" if success else "failed", score=score, steps=steps, stop="done")
    return made.model_copy(update={**data, **fields})


HEADER = BenchHeader(
    format=FORMAT,
    created="2026-01-01T00:00:00+00:00",
    suite=f"suite {EVIL}",
    policy="model",
    model="http://127.0.0.1:8000/v1",
    seeds=(0, "0"),
    versions={"handeye": "1"},
    host={"processors": 2},
    left_out={"it has no goal": 3},
)


def found(
    results: Sequence[BenchResult], folder: Path, planned: Sequence[BenchRow] = (), header: BenchHeader = HEADER
) -> FoundRun:
    """A run that is written and read again."""
    made = RunFolder(folder)
    made.begin(header, [*(each.row for each in results), *planned])
    for each in results:
        made.claim(each)
    return read_run(folder)


RESULTS = [
    ended(row("a"), True, budget=10, retries=2),
    ended(row("a", repeat=1), False, attempt=2, budget=60, stop="steps"),
    ended(row("a", repeat=2), True, cached=40, model=ModelInfo(name="phi", prompt="hash")),
    ended(row("b"), False, stop="dialect"),
    ended(row("b", seed=1), False, views={"1280x720 as 1024x576": 4}),
    ended(row(f"c{EVIL}"), None),
]


@pytest.fixture
def run(tmp_path: Path) -> FoundRun:
    """All kinds of rows, and three that have no result."""
    return found(RESULTS, tmp_path / "x", [row(f"d{index}") for index in range(3)])


def test_the_figures_are_those_of_the_rows(run: FoundRun) -> None:
    summary = summarize(run)
    held = summary.all.first
    assert (held.right, held.of, summary.all.infrastructure, summary.planned, summary.missing) == (2, 5, 1, 9, 3)
    # seeds and repeats of one task are no trials of their own
    assert held.interval == cluster_mean([[1, 0, 1], [0, 0]]) and held.method == "bootstrap over clusters"
    groups = {each.name: (each.first.right, each.first.of) for each in summary.groups["group"]}
    assert groups == {"a": (2, 3), "b": (0, 2), "c": (0, 0)}
    # of one task they are
    assert summary.groups["group"][0].first.interval == wilson(2, 3)
    assert summary.repeated is not None
    assert (summary.repeated.tasks, summary.repeated.flipped) == (1, 1)
    assert summary.repeated.rate == pytest.approx(2 / 3)
    # of a two of three, of b none of two
    assert [(each.k, each.tasks, each.at_least_one, each.all) for each in summary.tries] == [
        (1, 2, pytest.approx(1 / 3), pytest.approx(1 / 3)),
        (2, 2, pytest.approx(0.5), pytest.approx(1 / 6)),
        (3, 1, 1.0, 0.0),
    ]
    assert summary.measures["strict"].mean == pytest.approx(0.4) and summary.measures["lenient"].mean == 1.0
    assert summary.cost == (500, 40, 50, 10, 10.0)
    assert summary.stages["act"][0].p50 == pytest.approx(0.2) and summary.stages["act"][1] == 10
    assert list(summary.stages) == ["act", "step"]
    assert summary.retried == 1 and summary.provenance["served"] == "name: phi, prompt: hash"
    assert summary.budget == (10, 60, 1) and summary.unparsed == 1 and summary.refused == 0 and summary.retries == 2
    assert summary.views == {"1280x720 as 1024x576": 4}
    assert summary.provenance["decoding"] == "greedy"


def trials(*clusters: Sequence[float], **fields: Any) -> list[Trial]:
    return [
        Trial(task=f"{number}.{at}", cluster=str(number), score=Score(value=value, success=value == 1), **fields)
        for number, values in enumerate(clusters)
        for at, value in enumerate(values)
    ]


def test_an_interval_is_of_what_stands_alone_and_never_certain() -> None:
    alone = mean_of(trials([1], [0], [1]), "value")
    assert (alone.interval, alone.method, alone.right, alone.of) == (wilson(2, 3), "Wilson", 2, 3)
    # ten answers about two screenshots, all right: two screenshots' worth of evidence
    alike = mean_of(trials([1] * 5, [1] * 5), "value")
    assert (alike.interval, alike.method) == (wilson(2, 2), "Wilson of whole clusters")
    assert mean_of(trials([0] * 5, [0] * 5), "value").interval == wilson(0, 2)
    # the steps of one episode are a sample of it, and nothing more
    assert mean_of(trials([1, 0, 1]), "value").interval == wilson(2, 3)
    between = mean_of(trials([0.5, 0.5], [0.5]), "value")
    assert (between.mean, between.interval) == (0.5, None)
    assert mean_of(trials([0.2, 1], [0.5]), "value").method == "bootstrap over clusters"
    assert mean_of([Trial(task="gone")], "value") == (None, None, "", 0, 0)


def test_a_headline_is_the_mean_of_what_the_suite_says() -> None:
    rows = trials([1, 1, 1, 0], [0]) + trials([1], [0], groups={"kind": "b"})
    rows = [each if each.groups else dataclasses.replace(each, groups={"kind": "a"}) for each in rows]
    rows[-2:] = [dataclasses.replace(each, cluster=f"b{each.cluster}", task=f"b{each.task}") for each in rows[-2:]]
    assert headline(rows, "value").mean == pytest.approx(4 / 7)
    assert headline(rows, "value", "clusters").mean == pytest.approx((0.75 + 0 + 1 + 0) / 4)
    over = headline(rows, "value", "groups", "kind")
    assert over.mean == pytest.approx((3 / 5 + 1 / 2) / 2) and over.method == "normal, by strata of clusters"
    assert over.interval is not None and over.interval.low < 0.55 < over.interval.high


def test_efficiency_is_against_the_shortest_solved_row_of_the_reference(run: FoundRun, tmp_path: Path) -> None:
    reference = found([ended(row("a"), True, steps=2), ended(row("b"), False, steps=1)], tmp_path / "reference")
    assert summarize(run, reference).efficiency == (0.5, 2)
    assert summarize(run).efficiency is None


class Inert(HTMLParser):
    """Collects what could fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "link", "img", "iframe", "object", "embed", "a", "form", "base"):
            self.active.append(tag)
        self.active.extend(name for name, _ in attributes if name.startswith("on") or name in ("src", "href"))


def asked(folder: Path, scored: Sequence[Scored], planned: int | None = None, **update: Any) -> FoundRun:
    """Answers that are written and read again."""
    data = SuiteData(
        suite="screenspot", sha256="0" * 64, records=9, made=True, rules={"official": "value", "strict": "strict"}
    )
    header = ScoringHeader(
        format=FORMAT,
        created="2026-01-01T00:00:00+00:00",
        source="/home/me/data",
        policy="model",
        model=ModelInfo(name="phi", prompt="hash", server="http://127.0.0.1:8000/v1", sampling={"temperature": 0.7}),
        versions={"handeye": "1"},
        host={"processors": 2},
        left_out={"its image is not there": 1},
        bad=("rows.json, record 3: its image is not there: /home/me/data/x.png",),
        data=data,
    ).model_copy(update=update)
    writer = ScoresWriter(folder, header)
    for each in scored:
        writer.put(each)
    writer.close()
    made = answers(folder.name, header, scored, planned)
    if planned is not None:
        (folder / FIGURES).write_text(summary_json(summarize(made)))
    return read_run(folder)


def answered(name: str, value: float | None, platform: str = "web", **fields: Any) -> Scored:
    view = View(
        observation="o0000", crop=Box(left=0, top=0, right=2560, bottom=1440), sent=Size(width=1280, height=720)
    )
    data = {"replies": (Reply(text="x", usage=Usage(prompt=50, completion=5, cached=20), first_token=0.1),)}
    known = {"point": Point(x=1, y=1), "views": (view,), "seconds": 0.5, **data} | fields
    if value is None:
        known |= {
            "failed": "infrastructure",
            "error": "the server at /home/me/model is gone",
            "replies": (),
            "views": (),
        }
    score = Score(
        value=value or 0, success=None if value is None else value == 1, parts={"strict": value or 0, "parsed": 1}
    )
    prediction = Prediction(item=name, **known)
    return Scored(prediction=prediction, score=score, groups={"platform": platform}, cluster=f"shot of {platform}")


ANSWERS = [
    answered("q1", 1),
    answered("q2", 0.5),
    answered("q3", 0, "desktop", failed="parse", point=None),
    answered("q4", 0, "desktop", point=None),
    answered("q5", None, "desktop"),
]


def test_answers_to_questions_are_reported_as_episodes_are(tmp_path: Path) -> None:
    summary = summarize(asked(tmp_path / "answers", ANSWERS, 7))
    assert (summary.planned, summary.rows, summary.missing, summary.all.infrastructure) == (7, 5, 2, 1)
    assert {name: mean.mean for name, mean in summary.all.means.items()} == {"official": 0.375, "strict": 0.375}
    desktop, web = summary.groups["platform"]
    assert (desktop.name, desktop.first.of, desktop.infrastructure, web.first.right) == ("desktop", 2, 1, 1)
    assert (summary.unparsed, summary.refused) == (1, 1)
    assert summary.cost == (200, 80, 20, 4, 2.5) and list(summary.stages) == ["first token", "answer"]
    assert summary.views == {"2560x1440 as 1280x720": 4}
    assert summary.infrastructure == {"the server at …/model is gone": 1}
    assert summary.measures["parsed"].mean == 1
    # one whose end nobody wrote down
    broken_off = summarize(asked(tmp_path / "broken", ANSWERS))
    assert broken_off.planned is None and "how many there were is not known" in markdown(broken_off)


@pytest.fixture(params=["episodes", "answers"])
def summary(request: pytest.FixtureRequest, run: FoundRun, tmp_path: Path) -> Summary:
    """Of a run of each kind."""
    return summarize(run if request.param == "episodes" else asked(tmp_path / "answers", ANSWERS, 5))


def test_the_page_is_inert_and_whole(summary: Summary) -> None:
    made = page(summary)
    seen = Inert()
    seen.feed(made)
    assert seen.active == []
    assert seen.tags.count("svg") == (4 if summary.live else 2)
    assert "url(" not in made and "@import" not in made
    assert ("&lt;script&gt;" in made) == summary.live
    assert "default-src &#x27;none&#x27;" in made


def test_every_form_has_provenance_and_no_path_of_this_machine(summary: Summary) -> None:
    out = StringIO()
    show(summary, Console(file=out, width=200))
    for made in (markdown(summary), page(summary), summary_json(summary)):
        for said in ("http://127.0.0.1:8000/v1", "phi", "hash", "processors", "handeye"):
            assert said in made, said
        assert ("greedy" if summary.live else "sampled at temperature 0.7") in made
        assert "/home/me" not in made
    assert "the server at …/model is gone" in markdown(summary) and "…/model is gone" in out.getvalue()
    assert "/home/me" not in out.getvalue()
    if not summary.live:
        for made in (markdown(summary), page(summary), summary_json(summary), out.getvalue()):
            assert "rows.json, record 3: its image is not there: …/x.png" in made


def test_a_cell_cannot_end_its_row_nor_hold_a_tag(run: FoundRun) -> None:
    summary = summarize(run)
    assert json.loads(summary_json(summary))["all"]["means"]["solved"]["mean"] == 0.4
    assert '| c&lt;script>alert("\\|")&lt;/script> | 0 | 0 | – | – | 1 |' in markdown(summary).splitlines()
    out = StringIO()
    show(summary, Console(file=out, width=200))
    assert (
        "solved: 40.0 % (" in out.getvalue()
        and "2 of 5. Intervals, 95 %: bootstrap over clusters" in out.getvalue()
        and "Rows: 9; without a result, for the run is not complete: 3." in out.getvalue()
    )


def test_paths_are_hidden_and_addresses_are_not() -> None:
    assert without_paths("see /home/me/x/log.txt, line 3") == "see …/log.txt, line 3"
    assert without_paths("~/x/y is full") == "…/y is full"
    for text in ("http://127.0.0.1:8000/v1/models", "and/or", "1/2", "/"):
        assert without_paths(text) == text


def test_what_changed_is_paired_by_task_seed_and_repeat(tmp_path: Path) -> None:
    before = found([ended(row(f"t{n:02d}", seed), n < 4) for n in range(12) for seed in (0, 1)], tmp_path / "before")
    after = found(
        [ended(row(f"t{n:02d}", seed), n < 10) for n in range(12) for seed in (0, 1)] + [ended(row("new"), True)],
        tmp_path / "after",
    )
    both = compare(before, after)
    assert (both.first.rows, both.only_a, both.only_b) == (24, 0, 1)
    assert tuple(both.first.paired) == (8, 0, 12, 4)
    assert both.first.p == pytest.approx(2 / 2**12)
    assert both.first.interval is not None and both.first.interval.low > 0
    assert [(each.task, each.seed, each.solved_by) for each in both.flips][:2] == [
        ("t04", "0", "after"),
        ("t04", "1", "after"),
    ]
    assert "33.3 % → 83.3 %" in comparison_markdown(both)
    assert json.loads(comparison_json(both))["rules"]["solved"]["p"] == both.first.p
    same = compare(before, before)
    assert same.flips == () and same.first.p == 1 and same.first.interval is None
    assert "None." in comparison_markdown(same)


def test_what_the_infrastructure_failed_is_not_compared(tmp_path: Path) -> None:
    both = compare(
        found([ended(row("a"), None), ended(row("b"), True)], tmp_path / "a"),
        found([ended(row("a"), True), ended(row("b"), True)], tmp_path / "b"),
    )
    assert (both.first.rows, both.only_a, both.only_b, both.infrastructure) == (1, 0, 1, (1, 0))


def test_answers_are_compared_by_every_rule(tmp_path: Path) -> None:
    before = asked(tmp_path / "before", ANSWERS, 5)
    after = asked(tmp_path / "after", [answered("q1", 0.5), answered("q2", 1), *ANSWERS[2:]], 5)
    both = compare(before, after)
    assert set(both.rules) == {"official", "strict"} and both.first.rows == 4
    assert [(each.task, each.solved_by) for each in both.flips] == [("q1", "before"), ("q2", "after")]
    assert both.first.difference == 0 and "**strict**" in comparison_markdown(both)
    other = asked(
        tmp_path / "other", ANSWERS, 5, data=SuiteData(suite="screenspot", sha256="1" * 64, rules=dict(before.rules))
    )
    with pytest.raises(UsageError, match="other revisions of the tasks q1, q2, q3 and 2 more"):
        compare(before, other)
    greedy = asked(tmp_path / "greedy", ANSWERS, 5, model=ModelInfo(name="phi", sampling={"temperature": 0}))
    assert "A: sampled at temperature 0.7; B: greedy" in comparison_markdown(compare(before, greedy))


def test_other_revisions_and_nothing_in_common_are_refused(tmp_path: Path) -> None:
    before = found([ended(row("a"), True)], tmp_path / "before")
    after = found([ended(row("a", revision="r2"), True)], tmp_path / "after")
    with pytest.raises(UsageError, match="other revisions of the task a"):
        compare(before, after)
    assert compare(before, after, anyway=True).revisions == ("a",)
    with pytest.raises(UsageError, match="no task and seed in common"):
        compare(before, found([ended(row("b"), True)], tmp_path / "other"))
    with pytest.raises(UsageError, match="the other of screenspot"):
        compare(before, asked(tmp_path / "answers", ANSWERS), anyway=True)


def test_a_run_is_read_from_its_folder(tmp_path: Path) -> None:
    with pytest.raises(EpisodeError, match=r"neither run\.json nor scoring.json"):
        read_run(tmp_path)
    update = {"suite": "/home/me/tasks", "policy": "playback:/home/me/run", "model": None}
    again = found(RESULTS[1:], tmp_path / "run", [RESULTS[0].row], HEADER.model_copy(update=update))
    assert len(again.trials) == 5 and again.planned == 6 and again.name == "run"
    assert isinstance(again.header, BenchHeader)
    assert (again.header.suite, again.header.policy) == ("…/tasks", "playback:…/run")
    assert again.trials[0].name == ("a", "0", 1) and again.trials[0].attempt == 2 and again.trials[-1].broke


def test_a_damaged_file_of_a_run_is_named_with_its_line(tmp_path: Path) -> None:
    found(RESULTS, tmp_path / "run")
    asked(tmp_path / "answers", ANSWERS, 5)
    damages: tuple[tuple[str, str, Callable[[bytes], bytes], str], ...] = (
        ("run", "plan.jsonl", lambda data: data + b'{"key": "half', "plan.jsonl, line 7: "),
        ("run", "results/a.0~0.json", lambda data: data[:40], "a.0~0.json: "),
        ("run", "run.json", lambda data: data[:40], "run.json: "),
        ("answers", "predictions.jsonl", lambda data: data.replace(b'"q2"', b"2", 1), "predictions.jsonl, line 2: "),
        ("answers", "scoring.json", lambda data: data[:40], "scoring.json is not JSON"),
    )
    for folder, file, change, said in damages:
        path = tmp_path / folder / file
        whole = path.read_bytes()
        path.write_bytes(change(whole))
        with pytest.raises(EpisodeError) as damaged:
            read_run(tmp_path / folder)
        assert said in str(damaged.value)
        path.write_bytes(whole)


def test_a_line_that_was_cut_off_is_said_and_not_counted(tmp_path: Path) -> None:
    asked(tmp_path / "answers", ANSWERS, 5)
    lines = tmp_path / "answers" / "predictions.jsonl"
    lines.write_bytes(lines.read_bytes()[:-30])
    summary = summarize(read_run(tmp_path / "answers"))
    assert (summary.planned, summary.rows, summary.missing) == (5, 4, 1)
    for made in (markdown(summary), page(summary), summary_json(summary)):
        assert "predictions.jsonl, line 5: it was cut off" in made
