"""What an evaluator of OSWorld makes of what was found: official rule, from an episode alone.

Source: ``evaluate`` of ``desktop_env/desktop_env.py``. It differs where the official code ends with an error and gives no result: a
file that is not there counts nothing also where one of several is enough, and an entry of ``expected`` that is null means none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....episodes.reader import Episode
from ....episodes.schema import Evidence, Json, Score
from ....tools.actions import Fail
from ....tools.errors import EpisodeError
from ....tools.filenames import safe_name
from .measuring import Unjudged, measure


def judge(episode: Episode, folder: Path) -> Score:
    """What an episode is worth.

    Args:
        episode: With the evidence of its evaluator.
        folder: Empty: for the files that metrics read.
    """
    outcome = episode.outcome
    evidence = outcome.evidence if outcome is not None else ()
    said = next((each for each in evidence if each.probe.kind == "evaluator"), None)
    gave_up = bool(episode.steps) and isinstance(episode.steps[-1].decision.intent, Fail)
    claimed = {"claimed": float(outcome is not None and outcome.stop in ("done", "answer"))}
    if said is None or said.missing or not isinstance(said.value, dict):
        why = said.missing if said is not None and said.missing else "the machine was not asked at the end"
        return Score(value=0, success=None, parts=claimed, note=f"it is not known what the task was worth: {why}")
    evaluator = json.loads(said.probe.argument)
    infeasible = evaluator["func"] == "infeasible"
    if infeasible or gave_up:
        right = infeasible and gave_up
        note = "it cannot be done, and the agent had to say so" if infeasible else "the agent gave up"
        return Score(value=float(right), success=right, parts=claimed, note=note)
    try:
        value = _combined(evaluator, said, _Files(episode, folder))
    except Unjudged as error:
        return Score(value=0, success=None, parts=claimed, note=str(error))
    value = min(1.0, max(0.0, value))
    return Score(value=value, success=value == 1, parts=claimed)


class _Files:
    """Lays files of an episode down where metrics read them."""

    def __init__(self, episode: Episode, folder: Path) -> None:
        self._episode = episode
        self._folder = folder
        self._count = 0

    def resolved(self, value: Json) -> Json:
        """A value in which what stands for a file is the path of one."""
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if isinstance(value, dict):
            if value.keys() == {"recorded", "sha256"}:
                return self._laid(str(value["recorded"]), str(value["sha256"]))
            return {key: self.resolved(each) for key, each in value.items()}
        return value

    def _laid(self, name: str, sha256: str) -> str:
        # two of one name are kept apart; metrics tell files by how their names end
        self._count += 1
        path = self._folder / str(self._count) / safe_name(name)
        try:
            data = self._episode.blob(sha256)
        except EpisodeError as error:
            raise Unjudged(f"the file {name} is not in the episode: {error.message}") from error
        path.parent.mkdir()
        path.write_bytes(data)
        return str(path)


def _combined(evaluator: Mapping[str, Any], said: Evidence, files: _Files) -> float:
    assert isinstance(said.value, dict)
    results, expected = said.value.get("result"), said.value.get("expected")
    options = evaluator.get("options") or {}
    if not isinstance(evaluator["func"], list):
        return _one(evaluator["func"], results, expected, options, files)
    every = evaluator.get("conj", "and") == "and"
    values: list[float] = []
    for number, name in enumerate(evaluator["func"]):
        chosen = options[number] if isinstance(options, list) else options
        value = _one(name, _at(results, number), _at(expected, number), chosen or {}, files)
        if every and value == 0:
            return 0.0
        if not every and value == 1:
            return 1.0
        values.append(value)
    return sum(values) / len(values) if every else max(values)


def _one(name: str, result: Json, expected: Json, options: Mapping[str, Any], files: _Files) -> float:
    given = [files.resolved(_value(result))]
    if expected is not None:
        given.append(files.resolved(_value(expected)))
    return measure(name, given, options)


def _value(answer: Json) -> Json:
    if isinstance(answer, dict) and "error" in answer:
        raise Unjudged(f"the machine could not be asked: {answer['error']}")
    return answer.get("value") if isinstance(answer, dict) else None


def _at(answers: Json, number: int) -> Json:
    return answers[number] if isinstance(answers, list) else None
