"""Calls of the ``computer_use`` function: the way from a call to an intent and back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from ...tools.actions import Drag, IntendedAct, Say, places
from ...tools.errors import DialectError
from ...tools.geometry import Point
from ...tools.keys import MODIFIERS, canonical, parse_chord
from ...tools.neutral import restored
from ...tools.words import in_words
from .forms import DRAG, TOOL, form_of, forms_for
from .grid import Grid, is_number
from .verbs import Planned, read_action, shown, whole, write_action

_SEARCH = "https://www.bing.com/search?q="
"""Where Fara's ``web_search`` goes; it is understood and never offered."""
_SAME_ACTION = {
    # Holo's names
    "click_element": "left_click",
    "write_element_abs": "type",
    "goto": "visit_url",
    "go_back": "history_back",
}


def read_call(data: Any, grid: Grid, *, step: int, thought: str, pointer: Point | None) -> Planned:
    """The intent that a call says, its places in frame pixels.

    Args:
        data: The call, or its arguments alone.
        grid: How its numbers lie on what was shown.
        step: Index of the step: names a fact that comes without a name.
        thought: What was said before the call: why, where the call gives up without a reason.
        pointer: Where the mouse is, frame pixels, when that is known.

    Raises:
        DialectError: It says none.
    """
    said = {name: value for name, value in _arguments_of(data).items() if value is not None}
    action = said.pop("action", None)
    if not isinstance(action, str):
        raise DialectError(f"{TOOL} needs an action, not {shown(action)}")
    action, said = _usual(_SAME_ACTION.get(action, action), said, step, thought)
    if action == DRAG:
        start = grid.point(said["start_coordinate"]) if "start_coordinate" in said else pointer
        if start is None:
            raise DialectError(f"{DRAG}: say start_coordinate too, it is not known where the mouse is")
        path = [_data(start), _data(grid.point(said.get("coordinate")))]
        return read_action({"verb": "drag", "path": path, "modifiers": said.get("modifiers", [])}, grid.view)
    form = form_of(action, said)
    fields = {field: _read(field, said[name], grid) for name, field in form.names.items() if name in said}
    if form.action == "scroll" and "pixels" in said:
        fields["dy"] = -fields["dy"]
    return read_action({"verb": form.verb, **form.means, **fields}, grid.view)


def _arguments_of(data: Any) -> dict[str, Any]:
    for name in ("arguments", "action"):
        if isinstance(data, dict) and isinstance(data.get(name), dict):
            data = data[name]
    if not isinstance(data, dict):
        raise DialectError(f"a call is a JSON object with an action, not {shown(data)}")
    return data


def _usual(action: str, said: dict[str, Any], step: int, thought: str) -> tuple[str, dict[str, Any]]:
    """What the families say in other words, in the words of the table of forms."""
    if "coordinate" not in said and "x" in said and "y" in said:
        said = {**said, "coordinate": [said["x"], said["y"]]}
    match action:
        case "type":
            text = said.get("text", said.get("content"))
            enter = "\n" if isinstance(text, str) and said.get("press_enter") is True else ""
            return action, {**said, "text": f"{text}{enter}" if enter else text}
        case "key":
            return action, {"keys": _chords(said.get("keys", said.get("text")))}
        case "answer":
            return action, {"text": said.get("text", said.get("content"))}
        case "web_search":
            query = said.get("query")
            if not isinstance(query, str):
                raise DialectError("web_search: query is missing")
            return "visit_url", {"url": _SEARCH + quote_plus(restored(query), errors="replace")}
        case "pause_and_memorize_fact":
            return action, {"name": f"fact {step}", **said}
        case "terminate" if said.get("status") == "failure":
            return action, {"text": thought or "the model gives up without saying why", **said}
        case "terminate" if isinstance(said.get("answer"), str):
            return "answer", {"text": said["answer"]}
        case _:
            return action, said


def _chords(keys: Any) -> Any:
    """Keys that are held together are one chord; others are pressed one after the other."""
    pressed = [keys] if isinstance(keys, str) else keys
    if not isinstance(pressed, list) or not all(isinstance(key, str) for key in pressed):
        return pressed
    together = len(pressed) > 1 and all(map(_is_modifier, pressed[:-1]))
    return ["+".join(pressed)] if together else pressed


def _is_modifier(key: str) -> bool:
    try:
        return canonical(key) in MODIFIERS
    except ValueError:
        return False


def _read(field: str, value: Any, grid: Grid) -> Any:
    """An argument as `read_action` wants it: in frame pixels."""
    match field:
        case "at" | "to" | "for":
            return _data(grid.point(value))
        case "path" if isinstance(value, list):
            return [_data(grid.point(each)) for each in value]
        case "dx" | "dy":
            if not is_number(value):
                raise DialectError(f"a length is a number, not {shown(value)}")
            return value * (grid.to_frame.scale_x if field == "dx" else grid.to_frame.scale_y)
        case "box" if isinstance(value, list) and len(value) == 4 and all(map(is_number, value)):
            sides = (grid.size.width, grid.size.height) * 2
            return [100 * each / side for each, side in zip(value, sides, strict=True)]
        case _:
            return value


def write_call(intent: IntendedAct | Say, grid: Grid) -> dict[str, Any]:
    """The arguments that say an intent: the inverse of `read_call`.

    Raises:
        ValueError: It cannot be said: a place of it is only described, or a modifier is pressed alone before other keys.
    """
    if not isinstance(intent, Say) and not all(isinstance(place, Point) for place in places(intent)):
        raise ValueError(f"{in_words(intent)}: {TOOL} points, it does not describe")
    said = write_action(intent)
    del said["verb"]
    if isinstance(intent, Drag) and len(intent.path) == 2 and intent.button == "left":
        start, end = (_write("at", each, grid) for each in said.pop("path"))
        return {"action": DRAG, "start_coordinate": start, "coordinate": end, **said}
    values = {**intent.model_dump(mode="json", by_alias=True), **said}
    forms = forms_for(intent.verb)
    form = next((each for each in forms if each.fits(values, said)), forms[-1])
    arguments = {
        name: _write(field, values[field], grid)
        for name, field in form.names.items()
        if field in said or name in form.needs
    }
    if form.action == "scroll":
        arguments["pixels"] = -arguments["pixels"]
    if form.action == "key":
        keys = list(values["keys"])
        arguments["keys"] = list(parse_chord(keys[0])) if len(keys) == 1 else keys
        if _chords(arguments["keys"]) != keys:
            raise ValueError(f"{in_words(intent)}: {TOOL} would hold these keys together")
    return {"action": form.action, **form.says, **arguments}


def _write(field: str, value: Any, grid: Grid) -> Any:
    match field:
        case "at" | "to" | "for":
            return grid.said(Point(**value))
        case "path":
            return [grid.said(Point(**each)) for each in value]
        case "dx":
            return round(value / grid.to_frame.scale_x)
        case "dy":
            return round(value / grid.to_frame.scale_y)
        case _:
            # a default may be a float where whole numbers are said
            return whole(value)


def _data(point: Point) -> dict[str, float]:
    return {"x": point.x, "y": point.y}
