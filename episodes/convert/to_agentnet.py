"""AgentNet out: one line of JSONL and a folder of images taken before each act; pyautogui with coordinates from 0 to 1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ...tools.actions import Scroll
from ...tools.errors import UsageError
from ...tools.geometry import Point
from ...tools.pyautogui_write import Style, Unsayable, source_of
from ...tools.words import in_words, slug
from ..aside import aside
from ..reader import Episode
from ..schema import Step
from .formats import Exported
from .outgoing import comment, lose_rest
from .recording import Tally
from .targets import act_of

_ENDS = ("computer.terminate(status='success')", "computer.terminate(status='failure')")


class ToAgentNet:
    """See `Exporter`. What an episode that came from AgentNet or AgentNetBench says beyond acts and thoughts goes back as it was."""

    ending = ""

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`."""
        tally = Tally()
        turns = [steps for steps in _turns(episode) if not steps[0].saw.stand_in]
        tally.lose("a step without a screenshot before it", len(episode.steps) - sum(map(len, turns)))
        if not turns:
            raise UsageError("no step of the episode has a screenshot before it, which is what AgentNet holds")
        task = episode.header.task
        came = episode.header.imported
        fields = came.fields if came is not None and came.format in ("agentnet", "agentnetbench") else {}
        name = came.name if fields and came is not None else slug(task.name, 60)
        traj = []
        with aside(path) as folder:
            folder.mkdir()
            (folder / "images").mkdir()
            for index, steps in enumerate(turns):
                image = f"{slug(name, 80)}_{index}.png"
                (folder / "images" / image).write_bytes(steps[0].saw.frame.png)
                traj.append({"index": index, "image": image, "value": _value(steps, tally)})
            row = {**fields, "task_id": name, "instruction": task.goal, "traj": traj}
            (folder / "agentnet.jsonl").write_text(
                json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace"
            )
        lose_rest(episode, tally)
        return Exported(path, tally.losses)


def _turns(episode: Episode) -> Iterator[list[Step]]:
    """Steps that were one record are one again."""
    turn: list[Step] = []
    for step in episode.steps:
        together = (
            bool(turn)
            and step.origin is not None
            and turn[0].origin is not None
            and step.origin.record == turn[0].origin.record
        )
        if turn and not together:
            yield turn
            turn = []
        turn.append(step)
    if turn:
        yield turn


def _value(steps: list[Step], tally: Tally) -> dict[str, object]:
    origin = steps[0].origin.value if steps[0].origin is not None else None
    came = origin.get("value") if isinstance(origin, dict) else None
    lines: list[str] = []
    for step in steps:
        lines += _lines(step, tally)
    kept = {key: each for key, each in came.items() if key != "code"} if isinstance(came, dict) else {}
    said = {"thought": steps[0].thought, "action": "; ".join(in_words(act_of(step), 300) for step in steps)}
    tally.lose("why a step failed", sum(step.error is not None for step in steps))
    return {**said, **kept, "code": "\n".join(lines)}


def _lines(step: Step, tally: Tally) -> tuple[str, ...]:
    frame = step.saw.frame
    style = Style(
        lambda point: _parts(point, frame.width, frame.height),
        named=True,
        words=_ENDS,
        wait="computer.wait(seconds={})",
    )
    verb = act_of(step)
    if isinstance(verb, Scroll) and verb.at is None:
        tally.lose("where the pointer is, of a scroll without a place")
    try:
        written = source_of(verb, style)  # type: ignore[arg-type]  # a described place is refused
    except (Unsayable, AttributeError):
        tally.lose(f"{verb.verb}: pyautogui has no words for it (a comment)")
        return (comment(in_words(verb, 400)),)
    tally.add(written.lost)
    # the one click that the dataset writes as its own
    return tuple(
        f"computer.{line[10:]}" if line.startswith("pyautogui.tripleClick(") else line for line in written.lines
    )


def _parts(point: Point, width: int, height: int) -> tuple[float, float]:
    """Four decimals, as the dataset has them: a fifth of a pixel of a 4K screen."""
    return round(point.x / width, 4), round(point.y / height, 4)
