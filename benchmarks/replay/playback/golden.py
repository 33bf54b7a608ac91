"""Makes the golden episodes: small runs of scripted models in a drawn world, which the tests play back: is our code unchanged?

::

    python -m handeye.benchmarks.replay.playback.golden              makes all of them anew, in tests/benchmarks/replay/golden
    python -m handeye.benchmarks.replay.playback.golden --check      plays them back, and shows what differs
    python -m handeye.benchmarks.replay.playback.golden press wait   the named ones only

A change that is meant to change what is asked or done (a prompt, a dialect, a rule of the loop) makes them differ: look at what ``--check``
shows, and make them anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ....agent.base import Guard
from ....agent.face import resolve_task
from ....agent.guard import ApprovalGuard, OpenGuard
from ....agent.models.scripted import ScriptedModel
from ....agent.person import NoPerson
from ....agent.policies.model import Thinking
from ....agent.run import Resources, Run, run_episode
from ....episodes.pack import pack
from ....episodes.reader import Episode
from ....tools.errors import HandeyeError
from .mode import playback

FOLDER = Path(__file__).parents[3] / "tests" / "benchmarks" / "replay" / "golden"

_DIRECT = Thinking(mode="direct")
_NAME, _AGREE, _PRESS = (
    "[0.0625, 0.1111, 0.4375, 0.2111]",
    "[0.0625, 0.2667, 0.3125, 0.3667]",
    "[0.0625, 0.5778, 0.2500, 0.6778]",
)
_PRESSED = {"postconditions": [{"script": "presses", "equals": 1}]}


class _Says(NoPerson):
    """A person with one answer to everything."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    async def ask(self, question: str, now: object) -> str:
        return self._answer


@dataclass(frozen=True)
class Golden:
    """One run.

    Attributes:
        replies: What the model says.
        task: What is asked; by default to press the button.
        dialect: Which the model speaks.
        thinking: How it is asked.
        scene: What is drawn, and `size` how large.
        answer: What a person answers; None where nobody is there.
        guard: What is allowed.
        policy: Who decides; None is the model.
        status: How it ends.
    """

    replies: Sequence[str]
    task: dict[str, Any] = field(default_factory=lambda: dict(_PRESSED))
    dialect: str = "phi4"
    thinking: Thinking = _DIRECT
    scene: str = "buttons"
    size: tuple[int, int] = (640, 360)
    answer: str | None = None
    guard: Guard = field(default_factory=OpenGuard)
    policy: Literal["script"] | None = None
    status: str = "passed"


def _plan(verb: str, thought: str = "", then: Sequence[dict[str, Any]] = (), **fields: Any) -> str:
    action = {"verb": verb, **fields}
    return json.dumps({"thought": thought, "action": action, **({"then": list(then)} if then else {})})


def _call(action: str, words: str = "", **arguments: Any) -> str:
    call = json.dumps({"name": "computer_use", "arguments": {"action": action, **arguments}})
    return f"{words}\n<tool_call>\n{call}\n</tool_call>"


_DONE = _plan("done", note="it is pressed")
_OVER = _call("terminate", status="success")

GOLDEN: dict[str, Golden] = {
    "press": Golden((_plan("click", "there it is", at="Press me"), _PRESS, _DONE)),
    "plan-ahead": Golden(
        (
            _plan("type", "fill it in", [{"verb": "click", "at": "I agree"}], text="Ada", at="Name", replace=True),
            _NAME,
            _AGREE,
            _plan("click", at={"description": "Press me", "near": "Pressed 0 times"}),
            _PRESS,
            _DONE,
        )
    ),
    "reasoning": Golden(
        (f"<think>The button is below.</think>{_plan('click', at='Press me')}", _PRESS, f"<think>Done.</think>{_DONE}"),
        thinking=Thinking(mode="think", frames=3),
    ),
    "parse-retry": Golden(("I would click on it.", _plan("click", at="Press me"), _PRESS, _DONE)),
    "nonsense": Golden(("I would click on it.", "Really, I would."), status="failed"),
    "ground-retry": Golden((_plan("click", at="Press me"), "left of it", _PRESS, _DONE)),
    "ambiguous": Golden(
        (
            _plan("click", at="Delete"),
            "[0.0625, 0.1111, 0.2500, 0.2111] [0.0625, 0.3889, 0.2500, 0.4889]",
            _plan("click", "the lower one", at={"description": "Delete", "nth": 2}),
            "[0.0625, 0.3889, 0.2500, 0.4889]",
            _plan("done"),
        ),
        task={"goal": "Delete the second one", "postconditions": [{"script": "pressed", "equals": 1}]},
        scene="twins",
    ),
    "absent": Golden(
        (_plan("click", at="Leave"), "none", _plan("fail", reason="there is nothing to leave")), status="failed"
    ),
    "closer": Golden(
        (
            _plan("zoom", "too small to read", box=[0, 0, 50, 50]),
            _plan("click", at="Press me"),
            "[0.0208, 0.1926, 0.0833, 0.2259]",
            "[0.0312, 0.2889, 0.1250, 0.3389]",
            _DONE,
        ),
        size=(1920, 1080),
    ),
    "person": Golden(
        (_plan("ask_user", question="Whose name?"), _plan("type", text="Grace", at="Name"), _NAME, _plan("done")),
        task={"goal": "Type the name of whom I tell you", "postconditions": [{"text": "Pressed 0 times"}]},
        answer="Grace",
    ),
    "nobody": Golden((_plan("ask_user", question="Whose name?"),), status="refused"),
    "guarded": Golden((_plan("click", at="Press me"), _PRESS), guard=ApprovalGuard(NoPerson()), status="refused"),
    "waits": Golden(
        (
            _plan("wait", seconds=0),
            _plan("key", keys=["Tab"]),
            _plan("hover", at="I agree"),
            _AGREE,
            _plan("select", at="Colour", options=["blue"]),
            "[0.0625, 0.4222, 0.3125, 0.5222]",
            _plan("navigate", url="/elsewhere"),
            _plan("read", name="colour", value="blue"),
            _plan("answer", text="blue"),
        ),
        task={"goal": "Make it blue", "postconditions": [{"value": "answer", "equals": "blue"}]},
    ),
    "qwen": Golden(
        (
            _call("left_click", "I click the field.", coordinate=[250, 161]),
            _call("type", text="Ada"),
            _call("key", keys=["Backspace"]),
            _call("left_click", coordinate=[156, 628]),
            _OVER,
        ),
        dialect="qwen",
    ),
    "qwen-acts": Golden(
        (
            _call("mouse_move", coordinate=[156, 317]),
            _call("scroll", coordinate=[500, 500], pixels=-200),
            _call("left_click_drag", start_coordinate=[100, 160], coordinate=[300, 160]),
            "I am not sure.",
            _call("wait", time=0),
            _call("terminate", "It does not work.", status="failure"),
        ),
        dialect="qwen",
        status="failed",
    ),
    "qwen-pixels": Golden(
        (_call("left_click", coordinate=[100, 228]), _call("answer", text="1")), dialect="qwen-pixels"
    ),
    "script": Golden(
        (_NAME, _PRESS),
        task={"steps": [{"type": "Ada", "into": "Name"}, {"click": "Press me"}], **_PRESSED},
        policy="script",
    ),
}
"""Name → run."""


async def make(name: str, out: Path, resources: Resources) -> Path:
    """Makes one, packed, and says where it is.

    Raises:
        HandeyeError: It did not end as it should; nothing was replaced.
    """
    golden = GOLDEN[name]
    width, height = golden.size
    start = {"drawn": golden.scene, "viewport": {"width": width, "height": height}}
    task, lines = resolve_task(
        {"name": name, "goal": "Press the button once", "environment": "drawn", "start": start, **golden.task}
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            task=task,
            lines=lines,
            out=Path(folder) / name,
            model=ScriptedModel(*golden.replies),
            dialect=golden.dialect,
            thinking=golden.thinking,
            guard=golden.guard,
            person=_Says(golden.answer) if golden.answer is not None else NoPerson(),
            policy=golden.policy,
            grounders=("model",),
        )
        episode = await run_episode(run, resources)
        outcome = episode.outcome
        if outcome is None or outcome.status != golden.status:
            raise HandeyeError(f"{name} did not end as {golden.status}: {outcome}")
        place = out / f"{name}.zip"
        out.mkdir(parents=True, exist_ok=True)
        packed = await asyncio.to_thread(pack, episode.path, Path(folder) / f"{name}.zip")
        place.write_bytes(packed.path.read_bytes())
    return place


async def _go(names: Sequence[str], folder: Path, check: bool) -> int:
    wrong = 0
    if check:
        for name in names:
            report = await playback(await asyncio.to_thread(Episode.open, folder / f"{name}.zip"))
            wrong += not report.same
            print(f"{'✓' if report.same else '✗'} {name}: {report.steps} steps, {report.calls} requests")
            if not report.same:
                print(f"{report.where}\n{report.difference}\n")
        return int(wrong > 0)
    async with Resources() as resources:
        for name in names:
            place = await make(name, folder, resources)
            print(f"{place} ({place.stat().st_size:,} bytes)")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Entry point; exit code 1 when one differs."""
    parser = argparse.ArgumentParser(prog="python -m handeye.benchmarks.replay.playback.golden", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(GOLDEN)}; all by default")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="play them back instead")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in GOLDEN]
    if unknown:
        parser.error(f"there is no golden episode {unknown[0]!r}")
    return asyncio.run(_go(asked.names or list(GOLDEN), asked.folder, asked.check))


if __name__ == "__main__":
    sys.exit(main())
