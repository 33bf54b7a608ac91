"""A run read from disk: of live tasks, or of questions about recorded screens, as rows of one kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ...episodes.schema import BenchHeader, BenchResult, Prediction, Scored, ScoringHeader
from ...episodes.scores import HEADER as SCORING
from ...episodes.scores import read_scores, torn
from ...tools.actions import Fail
from ...tools.errors import EpisodeError
from ..runner.folder import HEADER, RunFolder
from ..runner.store import is_address
from ..suites.steps import Average
from .provenance import public, without_paths
from .trial import SUCCESS, VALUE, Trial

FIGURES = "report.json"
"""Beside the answers to questions: what they came to when all had been asked."""


@dataclass(frozen=True)
class FoundRun:
    """A run.

    Attributes:
        name: Of its folder.
        header: What was run.
        planned: How many rows are wanted; None where nobody knows, for it was ended before.
        trials: Those that there are.
        rules: What each column of the report is → the part of the score; the first one says what is right.
        average: What its headline is the mean of, and `over` the name of the groups, where that says groups.
        notes: What is wrong with its files.
    """

    name: str
    header: BenchHeader | ScoringHeader
    planned: int | None
    trials: Sequence[Trial]
    rules: Mapping[str, str] = field(default_factory=lambda: {"solved": SUCCESS})
    average: Average = "items"
    over: str = ""
    notes: tuple[str, ...] = ()


def read_run(where: Path | str) -> FoundRun:
    """The run in a folder, or at an address.

    Raises:
        EpisodeError: There is none, or a file of it is damaged: that is named, with the line.
    """
    path = Path(where)
    if is_address(where) or (path / HEADER).exists():
        folder = RunFolder(where)
        name = folder.store.location.rpartition("/")[2]
        results = [_of_episode(each) for each in folder.results()]
        return FoundRun(name, public(folder.header()), len(folder.rows()), results)
    name = path.resolve().name
    if (path / SCORING).exists():
        scoring, scored = read_scores(path)
        found = answers(name, scoring, scored, _asked(path))
        cut_off = torn(path)
        return replace(found, notes=(cut_off,)) if cut_off else found
    raise EpisodeError(
        f"there is no run at {path}: it has neither {HEADER} nor {SCORING}", remedy="handeye bench SUITE --out FOLDER"
    )


def answers(name: str, header: ScoringHeader, scored: Iterable[Scored], asked: int | None) -> FoundRun:
    """Answers to questions as a run.

    Args:
        name: Of their folder.
        header: Who was asked what.
        scored: The answers.
        asked: How many questions there were; None where nobody knows.
    """
    data = header.data
    if data is None:
        # the steps of an episode, each right or wrong
        trials = [_of_answer(header, header.episode, each) for each in scored]
        return FoundRun(name, public(header), asked, trials, {"right": VALUE})
    revision = json.dumps([data.suite, data.sha256, data.options], sort_keys=True)
    trials = [_of_answer(header, revision, each) for each in scored]
    return FoundRun(name, public(header), asked, trials, data.rules or {"official": VALUE}, data.average, data.over)


def _asked(path: Path) -> int | None:
    """How many questions there were, as it was written when all had been asked."""
    try:
        figures = json.loads((path / FIGURES).read_bytes())
    except (OSError, ValueError):
        return None
    planned = figures.get("planned") if isinstance(figures, dict) else None
    return planned if isinstance(planned, int) else None


def _of_episode(result: BenchResult) -> Trial:
    row, score = result.row, result.score
    why = result.message or (score.note if score is not None else "")
    return Trial(
        task=row.task,
        seed="" if row.seed is None else json.dumps(row.seed),
        repeat=row.repeat,
        revision=row.revision,
        groups={"group": row.group, "task": row.task},
        cluster=row.task,
        score=None if result.status == "infrastructure" else score,
        said="unparsed" if result.stop == "dialect" else "refused" if result.status == "refused" else "",
        why=without_paths(why),
        stop=result.stop or "no episode",
        steps=result.steps,
        budget=result.budget,
        seconds=result.seconds,
        calls=result.calls,
        retries=result.retries,
        prompt=result.prompt,
        cached=result.cached,
        completion=result.completion,
        views=result.views,
        stages=result.stages,
        repaired=result.repaired,
        attempt=result.attempt,
        model=result.model,
    )


def _of_answer(header: ScoringHeader, revision: str, scored: Scored) -> Trial:
    prediction = scored.prediction
    usages = [reply.usage for reply in prediction.replies]
    cached = [each.cached for each in usages if each.cached is not None]
    first = [each.first_token for each in prediction.replies if each.first_token is not None]
    stages = {"answer": (prediction.seconds,), "first token": tuple(first)} if usages else {}
    return Trial(
        task=prediction.item,
        revision=revision,
        groups=scored.groups,
        cluster=scored.cluster or prediction.item,
        of_steps=scored.steps if scored.cluster else 0,
        score=None if prediction.failed == "infrastructure" else scored.score,
        said=_said(prediction),
        why=without_paths(prediction.error or scored.score.note),
        seconds=prediction.seconds,
        calls=len(usages),
        prompt=sum(each.prompt for each in usages),
        cached=sum(cached) if cached else None,
        completion=sum(each.completion for each in usages),
        views=Counter(map(str, prediction.views)),
        stages={name: seconds for name, seconds in stages.items() if seconds},
        attempt=prediction.tries,
        model=header.model,
    )


def _said(answer: Prediction) -> Literal["", "unparsed", "refused"]:
    if answer.failed == "parse":
        return "unparsed"
    if answer.failed is not None:
        return "refused" if answer.failed == "action" else ""
    decision = answer.decision
    if decision is not None:
        return "refused" if isinstance(decision.intent, Fail) else ""
    return "" if answer.point is not None or answer.points or answer.action is not None else "refused"
