"""OSWorld out: ``traj.jsonl``, a screenshot after each act, the task beside it, the score as ``result.txt``."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from ...tools.geometry import Point
from ...tools.pyautogui_write import Style, Unsayable, source_of
from ...tools.words import in_words
from ..aside import aside
from ..reader import Episode
from ..schema import Step
from .formats import Exported
from .outgoing import comment, lose_rest
from .recording import Tally
from .targets import act_of


class ToOSWorld:
    """See `Exporter`. Coordinates are whole frame pixels."""

    ending = ""

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`."""
        tally = Tally()
        with aside(path) as folder:
            folder.mkdir()
            began = _began(episode)
            if episode.steps:
                first = episode.steps[0].saw
                if not first.stand_in:
                    (folder / f"step_0_{_stamp(began, first.at)}.png").write_bytes(first.frame.png)
            lines = []
            number = 0
            before: tuple[int | None, str] | None = None
            for step in episode.steps:
                # acts of one record were one turn of the agent
                turn = (step.origin.record, step.saw.id) if step.origin is not None else (None, str(step.index))
                number += turn != before
                before = turn
                lines.append(self._line(step, number, began, folder, tally))
            text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
            (folder / "traj.jsonl").write_text(text, encoding="utf-8")
            task = {"id": episode.header.task.name, "instruction": episode.header.task.goal}
            (folder / "task.json").write_text(
                json.dumps(task, ensure_ascii=False, indent=1), encoding="utf-8", errors="replace"
            )
            outcome = episode.outcome
            if outcome is not None and outcome.status in ("passed", "failed"):
                (folder / "result.txt").write_text(f"{1.0 if outcome.status == 'passed' else 0.0}\n", encoding="utf-8")
        lose_rest(episode, tally)
        return Exported(path, tally.losses)

    def _line(self, step: Step, number: int, began: datetime, folder: Path, tally: Tally) -> dict[str, object]:
        style = Style(_whole)
        verb = act_of(step)
        info: dict[str, object] = {}
        try:
            written = source_of(verb, style)  # type: ignore[arg-type]  # a described place is refused
            action, lost = written.source, written.lost
        except (Unsayable, AttributeError):
            # a comment is a statement that does nothing, whoever runs it
            action, lost = comment(in_words(verb, 400)), (f"{verb.verb}: pyautogui has no words for it (a comment)",)
        tally.add(lost)
        if step.error is not None:
            info["error"] = step.error.message
        if getattr(verb, "verb", "") in ("answer", "fail"):
            info["answer"] = getattr(verb, "text", None) or getattr(verb, "reason", None)
        left = step.left
        stamp = _stamp(began, left.at if left is not None else step.saw.at) + f"{step.index:06d}"
        name = ""
        if left is not None and not left.stand_in:
            name = f"step_{number}_{stamp}.png"
            (folder / name).write_bytes(left.frame.png)
        else:
            tally.lose("a screenshot that the episode does not have")
        return {
            "step_num": number,
            "action_timestamp": stamp,
            "action": action,
            "response": step.thought,
            "reward": step.reward or 0,
            "done": verb.verb in ("done", "fail", "answer"),
            "info": info,
            "screenshot_file": name,
        }


def _whole(point: Point) -> tuple[float, float]:
    return int(point.x), int(point.y)


def _began(episode: Episode) -> datetime:
    try:
        return datetime.fromisoformat(episode.header.created)
    except ValueError:
        return datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _stamp(began: datetime, at: float) -> str:
    return f"{began + timedelta(seconds=at):%Y%m%d@%H%M%S}"
