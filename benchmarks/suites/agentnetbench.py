"""AgentNetBench: steps of desktop recordings, asked about one by one; the best of the true actions and their alternatives counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...episodes.convert.from_agentnetbench import Trajectory
from ...episodes.convert.pictures import Picture
from ...episodes.convert.recording import Recording
from ...episodes.schema import Item, Prediction, Score, Step, Truth
from ...tools.actions import Act, Click, Done, Drag, Fail, Hover, Key, Move, Say, Scroll, Type, Wait
from ...tools.errors import RecordingRefused
from ...tools.geometry import Box, Point
from ...tools.keys import parse_chord
from ...tools.pyautogui_keys import key_named, pyautogui_key
from ...tools.pyautogui_source import NOTCH, Reader
from ...tools.python_calls import SourceRefused
from .agentnetbench_rule import Said, official, strict
from .grounding import task_of
from .images import Shot
from .problems import BadRecord, DataRefused
from .reading import Data
from .recorded import Asked, RecordedSuite, acted, past_step, saying, verbs_of
from .steps import checked

_CLICKS = {("left", 1): "click", ("left", 2): "doubleClick", ("left", 3): "tripleClick", ("right", 1): "rightClick"}
_ENTER = ("press", ["enter"])


class AgentNetBench(RecordedSuite):
    """See the module."""

    def read(self, data: Data, options: dict[str, str]) -> Iterator[Asked]:
        """See `RecordedSuite.read`."""
        checked(options, ())
        names = data.annotations(lambda name: name.endswith(".json"))
        for name in names:
            value = data.value(name)
            steps = value.get("steps") if isinstance(value, dict) else None
            if not isinstance(steps, list):
                raise DataRefused(f"{name}: it has no steps, which every file of AgentNetBench has")
            data.records += len(steps)
            try:
                recording = Trajectory(data.files, name).read()
            except RecordingRefused as error:
                # a picture that is damaged: the past of the others would not be theirs without it
                for index in range(max(1, len(steps))):
                    data.problems.bad(f"{name}, steps[{index}]", BadRecord("its episode cannot be read", str(error)))
                continue
            yield from self._of(data, name, recording, steps)

    def _of(self, data: Data, name: str, recording: Recording, steps: list[Any]) -> Iterator[Asked]:
        task = task_of(recording.name, recording.goal)
        shots = [shot_of(look.picture) for look in recording.looks]
        past = past_of(recording, shots)
        for index, step in enumerate(steps):
            try:
                shot, picture = shots[index], recording.looks[index].picture
                if shot is None:
                    raise BadRecord("its image is not there", str(picture))
                truth = _truths(step, shot)
            except BadRecord as error:
                data.problems.bad(f"{name}, steps[{index}]", error)
                continue
            yield Asked(
                id=f"{recording.name} step {step.get('step_num', index)}",
                task=task,
                past=past,
                known=sum(each.origin is not None and each.origin.record < index for each in past),
                shot=shot,
                number=index,
                truth=(_shown(truth[0], shot),),
                value=truth,
                groups={
                    "type": str(truth[0][0]["type"]),
                    "platform": str(recording.world.get("system", "not said")),
                    "actions": "one" if len(truth[0]) == 1 else "several",
                },
                cluster=recording.name,
                where=f"{name}, steps[{index}]",
            )

    def worth(self, item: Item, prediction: Prediction) -> Score:
        """The best over the truth and its alternatives, and over the ways to write the answer."""
        truths: Any = item.value
        size = (item.now.frame.width, item.now.frame.height)
        ways = spelled(verbs_of(prediction), size)
        pairs = [(truth, _with_its_names(way, truth)) for truth in truths for way in ways]
        value = max((official(truth, way) for truth, way in pairs), default=0.0)
        exact = any(strict(truth, way) for truth, way in pairs)
        return Score(value=min(1.0, value), success=value == 1.0, parts={"strict": float(exact)})

    def oracle(self, item: Item) -> Prediction:
        """See `BenchSteps.oracle`: where several actions are the truth, it means to do the later ones next."""
        truths: Any = item.value
        frame = item.now.frame.box
        return saying(item, verbs_in(truths[0], frame))


def shot_of(picture: Picture | str) -> Shot | None:
    """The screenshot of a look of a recording; None where there is none."""
    if isinstance(picture, str):
        return None
    return Shot(picture.name, *picture.size, picture.data)


def past_of(recording: Recording, shots: Sequence[Shot | None]) -> list[Step]:
    """The moves of a recording as the past that a policy is shown; those without a screenshot are left out."""
    found = []
    seen = [shot.seen(number) if shot is not None else None for number, shot in enumerate(shots)]
    for index, move in enumerate(recording.moves):
        saw = seen[move.saw]
        if saw is not None:
            step = past_step(index, saw, move.intent if move.action is None else move.action, move.thought)
            found.append(step.model_copy(update={"origin": move.origin}))
    return found


def _truths(step: Any, shot: Shot) -> list[list[dict[str, Any]]]:
    if not isinstance(step, dict):
        raise BadRecord("a step is no object")
    true, others = step.get("ground_truth_actions"), step.get("alternative_options") or []
    truths: list[Any] = [true, *others] if isinstance(others, list) else [true]
    for each in truths:
        if not isinstance(each, list) or not each or not all(_is_action(action) for action in each):
            raise BadRecord("its ground truth is no list of actions")
    for each in truths:
        try:
            official(each, [("click", (0.5, 0.5)), *_written(each)])
            official(each, _written(each))
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise BadRecord("its ground truth cannot be scored", f"{type(error).__name__}: {error}") from error
        for action in each:
            _check_boxes(action)
    return truths


def _is_action(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str) and isinstance(value.get("params"), dict)


def _check_boxes(action: dict[str, Any]) -> None:
    for box in (action.get("metadata") or {}).get("bboxes", []):
        left, top, width, height = box["rel_bbox"]
        if width < 0 or height < 0 or left + width > 1.01 or top + height > 1.01 or min(left, top) < -0.01:
            raise BadRecord("its box does not lie in its image", f"rel_bbox {box['rel_bbox']}")


def _written(truth: list[dict[str, Any]]) -> list[Said]:
    """The truth as an answer."""
    return [(each["type"], _value(each["type"], each["params"])) for each in truth]


def _value(kind: str, params: dict[str, Any]) -> Any:
    if "position" in params and kind.lower() not in ("scroll", "hscroll"):
        return (params["position"]["x"], params["position"]["y"])
    if kind == "write":
        return params.get("content", "") or params.get("text", "")
    return params.get("keys", params.get("status", params.get("amount", params.get("clicks"))))


def _shown(truth: list[dict[str, Any]], shot: Shot) -> Truth:
    frame = Box(left=0, top=0, right=shot.width, bottom=shot.height)
    first = verbs_in(truth, frame)[0]
    return Truth(intent=first, action=acted(first))


def verbs_in(truth: Sequence[dict[str, Any]], frame: Box) -> list[Act | Say]:
    """The verbs that do what the truth says; a `Wait` where none does."""
    found: list[Act | Say] = []
    for each in truth:
        found.append(_verb(each["type"].lower(), each["params"], frame))
    # a drag is written as a move to where it begins, and a scroll as one to where it is
    joined: list[Act | Say] = []
    for verb in found:
        last = joined[-1] if joined else None
        if isinstance(verb, Drag) and isinstance(last, Move | Drag):
            start = last.path if isinstance(last, Drag) else (last.to,)
            joined[-1] = Drag(path=(*start, verb.path[-1]))
        elif isinstance(verb, Scroll) and isinstance(last, Move):
            joined[-1] = Scroll(at=last.to, dx=verb.dx, dy=verb.dy)
        else:
            joined.append(verb)
    return joined


def _verb(kind: str, params: dict[str, Any], frame: Box) -> Act | Say:
    at = params.get("position")
    point = (
        Point(x=at["x"] * frame.width, y=at["y"] * frame.height) if isinstance(at, dict) and "x" in at else frame.center
    )
    match kind:
        case "click" | "doubleclick" | "tripleclick":
            return Click(at=point, count={"click": 1, "doubleclick": 2}.get(kind, 3))
        case "rightclick":
            return Click(at=point, button="right")
        case "moveto":
            return Move(to=point)
        case "dragto":
            return Drag(path=(point, point))
        case "write":
            return Type(text=params.get("content", "") or params.get("text", ""))
        case "press" | "hotkey":
            return _keys(kind, params)
        case "scroll" | "hscroll":
            amount = float(params.get("amount", params.get("clicks")) or 0) * NOTCH
            return Scroll(dy=-amount) if kind == "scroll" else Scroll(dx=amount)
        case "terminate":
            return Done() if params.get("status") == "success" else Fail(reason="")
        case _:
            return Wait(seconds=1)


def _keys(kind: str, params: dict[str, Any]) -> Act | Say:
    from ...tools.python_calls import Call

    try:
        call = Call(f"pyautogui.{kind}", (), {"keys": params.get("keys")}, 1)
        said = Reader().understand((call,), lambda x, y: Point(x=x, y=y)).said
    except SourceRefused:
        return Wait(seconds=1)
    return said[0] if said else Wait(seconds=1)


def spelled(verbs: Sequence[Act | Say], size: tuple[int, int]) -> list[list[Said]]:
    """The ways to write an answer as actions of the benchmark; none where it has no words for it.

    What is only meant to be done next is written, too, as far as it goes: an answer may be one action or several.
    """
    ways: list[list[Said]] = [[]]
    found: list[list[Said]] = []
    for verb in verbs:
        ways = [[*way, *each] for way in ways for each in _spellings(verb, size)]
        found += ways
    return found


def _spellings(verb: Act | Say, size: tuple[int, int]) -> list[list[Said]]:
    def at(point: Point) -> tuple[float, float]:
        return (point.x / size[0], point.y / size[1])

    match verb:
        case Click():
            name = _CLICKS.get((verb.button, verb.count))
            return [[(name, at(verb.at))]] if name else []
        case Hover(at=place) | Move(to=place):
            return [[("moveTo", at(place))]]
        case Drag():
            return [[("moveTo", at(verb.path[0])), *(("dragTo", at(each)) for each in verb.path[1:])]]
        case Type():
            text = verb.text.removesuffix("\n")
            write: list[Said] = [("write", text), *([_ENTER] if text != verb.text else [])]
            return [write] if verb.at is None else [[("click", at(verb.at)), *write], write]
        case Key():
            return [[_pressed(each) for each in verb.keys]]
        case Scroll():
            kind, amount = (
                ("scroll", -verb.dy / NOTCH) if abs(verb.dy) >= abs(verb.dx) else ("hscroll", verb.dx / NOTCH)
            )
            turn: list[Said] = [(kind, amount)]
            return [turn] if verb.at is None else [[("moveTo", at(verb.at)), *turn], turn]
        case Done():
            return [[("terminate", "success")]]
        case Fail():
            return [[("terminate", "failure")]]
        case Wait():
            return [[("wait", verb.seconds)]]
        case _:
            return []


def _pressed(chord: str) -> Said:
    keys = [pyautogui_key(part) for part in parse_chord(chord)]
    return ("press", keys) if len(keys) == 1 else ("hotkey", keys)


def _with_its_names(way: list[Said], truth: Sequence[dict[str, Any]]) -> list[Said]:
    """An answer whose keys are called as the truth calls them: ``esc`` and ``escape`` are one key.

    The official agents write Command as Control, and so stands it in the truth.
    """
    theirs: dict[str, str] = {}
    for each in truth:
        keys = each["params"].get("keys", [])
        for name in keys if isinstance(keys, list) else ():
            theirs.setdefault(_same_key(name), name)
    if "Control" in theirs:
        theirs.setdefault("Meta", theirs["Control"])
    return [
        (kind, [theirs.get(_same_key(key), key) for key in value]) if kind in ("press", "hotkey") else (kind, value)
        for kind, value in way
    ]


def _same_key(name: Any) -> str:
    try:
        return key_named(name)
    except (ValueError, AttributeError):
        return str(name)
