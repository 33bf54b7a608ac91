"""The ``computer_use`` function as Qwen-VL, Fara and Holo call it: signature, schema, and the way from a call to an intent and back.

Actions and arguments are those of the tool in Qwen's cookbooks (``key`` … ``answer``) and of Fara's prompts (``visit_url`` … ``refresh``,
``ask_user_question``). What they have no word for is called by our own verb, with its own fields: ``select``, ``upload``, ``switch_tab``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from ...episodes.schema import Json, View
from ...tools.actions import Drag, IntendedAct, Say, places
from ...tools.errors import DialectError
from ...tools.geometry import Box, Point, Size, Transform
from ...tools.keys import MODIFIERS, canonical, parse_chord
from ...tools.neutral import restored
from ...tools.plugins import did_you_mean
from ...tools.words import cut, in_words
from .verbs import Planned, described, plan_schema, read_action, spoken, write_action

TOOL = "computer_use"
_SEARCH = "https://www.bing.com/search?q="
"""Where Fara's ``web_search`` goes; it is understood and never offered."""
_MOST = 20_000
"""No length is longer than the longest side of a frame."""


class Grid(NamedTuple):
    """How the numbers of a call lie on what was shown.

    Attributes:
        view: What was shown.
        size: The numbers of its right and its lower edge: thousandths, or pixels as sent. Lengths are in the same unit.
    """

    view: View
    size: Size

    @property
    def to_frame(self) -> Transform:
        """Numbers of a call → frame pixels."""
        return Transform.between(Box(left=0, top=0, right=self.size.width, bottom=self.size.height), self.view.crop)

    def point(self, value: Any) -> Point:
        """``[x, y]`` in frame pixels; what lies on the far edge is moved just inside.

        Raises:
            DialectError: It is no point of the picture.
        """
        if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_number, value)):
            raise DialectError(f"a coordinate is two numbers [x, y], not {_short(value)}")
        x, y = value
        if not (0 <= x <= self.size.width and 0 <= y <= self.size.height):
            raise DialectError(f"{_short(value)} lies outside the screen of {self.resolution}")
        inside = Point(x=min(x, self.size.width - 0.5), y=min(y, self.size.height - 0.5))
        return self.to_frame.point(inside)

    def said(self, point: Point) -> list[int]:
        """The whole numbers for a point in frame pixels; the inverse of `point`."""
        at = self.to_frame.inverse().point(point)
        return [
            max(0, min(round(at.x), int(self.size.width) - 1)),
            max(0, min(round(at.y), int(self.size.height) - 1)),
        ]

    @property
    def resolution(self) -> str:
        """``1000x1000``."""
        return f"{self.size.width:g}x{self.size.height:g}"


class Form(NamedTuple):
    """One action of the tool and the verb that it says.

    Attributes:
        action: Its name.
        verb: Ours.
        names: Argument → field of the verb.
        needs: Arguments that have to be there.
        says: Arguments that belong to the form itself.
        means: Fields of the verb that it stands for.
        about: What it does, for the prompt; empty when it is understood and not offered.
    """

    action: str
    verb: str
    names: Mapping[str, str] = {}
    needs: tuple[str, ...] = ()
    says: Mapping[str, str] = {}
    means: Mapping[str, Any] = {}
    about: str = ""

    def fits(self, values: Mapping[str, Any], changed: Mapping[str, Any]) -> bool:
        """Whether it can say all of a verb with these values, of which ``changed`` are not as they are by default."""
        said = {*self.names.values(), *self.means}
        return changed.keys() <= said and all(values[name] == value for name, value in self.means.items())


def _clicking(action: str, button: str, count: int, about: str) -> Form:
    names = {"coordinate": "at", "modifiers": "modifiers"}
    return Form(action, "click", names, ("coordinate",), means={"button": button, "count": count}, about=about)


_AT = {"coordinate": "at"}
_FORMS = (
    Form(
        "key", "key", {"keys": "keys"}, ("keys",), about="Presses the keys down in order and releases them in reverse."
    ),
    Form(
        "type",
        "type",
        {"text": "text", **_AT, "delete_existing_text": "replace"},
        ("text",),
        about="Types text where the focus is, or into the field at coordinate, which is clicked first.",
    ),
    Form("mouse_move", "move", {"coordinate": "to"}, ("coordinate",), about="Moves the cursor to coordinate."),
    _clicking("left_click", "left", 1, "Clicks at coordinate; modifiers are held meanwhile."),
    _clicking("right_click", "right", 1, "Clicks the right button at coordinate."),
    _clicking("middle_click", "middle", 1, "Clicks the middle button at coordinate."),
    _clicking("double_click", "left", 2, "Clicks twice at coordinate."),
    _clicking("triple_click", "left", 3, "Clicks three times at coordinate."),
    Form(
        "hscroll", "scroll", {"pixels": "dx", **_AT}, ("pixels",), about="Turns the wheel sideways: positive is right."
    ),
    Form(
        "scroll",
        "scroll",
        {"pixels": "dy", **_AT, "dx": "dx"},
        ("pixels",),
        about="Turns the wheel over coordinate: positive is up, negative down.",
    ),
    Form(
        "wait",
        "wait",
        {"time": "seconds", "for": "for", "gone": "gone"},
        ("time",),
        about="Waits so many seconds.",
    ),
    Form("visit_url", "navigate", {"url": "url"}, ("url",), about="Goes to a URL."),
    Form("history_back", "back", about="Goes back to the previous page."),
    Form("refresh", "reload", about="Loads the page again."),
    Form(
        "pause_and_memorize_fact",
        "read",
        {"name": "name", "fact": "value"},
        ("name", "fact"),
        about="Keeps a fact that the screen shows, under a name.",
    ),
    Form("ask_user_question", "ask_user", {"question": "question"}, ("question",), about="Asks the person."),
    Form("answer", "answer", {"text": "text"}, ("text",), about="Ends the task with the answer to its question."),
    Form(
        "terminate",
        "done",
        {"text": "note"},
        says={"status": "success"},
        about="Ends the task: status success when the screen shows that it is done, failure when it cannot be; text says why.",
    ),
    Form("terminate", "fail", {"text": "reason"}, says={"status": "failure"}),
)
_DRAG = "left_click_drag"
_DRAGGING = "Drags with the left button from start_coordinate to coordinate."
_VERBS = tuple(dict.fromkeys((*spoken("browser", zoom=True), *spoken("desktop", zoom=False))))
_PARTLY = ("click", "hover", "drag")
"""Verbs whose usual cases have actions of their own: the rest is understood under their own name, and not offered."""
_SAME_ACTION = {
    # Holo's names
    "click_element": "left_click",
    "write_element_abs": "type",
    "goto": "visit_url",
    "go_back": "history_back",
}


def _forms(verb: str) -> tuple[Form, ...]:
    """Most special first; the last one says any case of the verb."""
    own = tuple(form for form in _FORMS if form.verb == verb)
    return (*own, _plain(verb)) if not own or verb in _PARTLY else own


@cache
def _plain(verb: str) -> Form:
    """The form that is called like the verb and has its fields."""
    verb_schema = _definition(verb)
    names = {_argument(field): field for field in verb_schema["properties"] if field != "verb"}
    needs = tuple(_argument(field) for field in verb_schema["required"] if field != "verb")
    about = "" if verb in _PARTLY else f"{described((verb,)).partition(': ')[2]} {_told(names)}".strip()
    return Form(verb, verb, names, needs, about=about)


def _told(names: Mapping[str, str]) -> str:
    return f"It takes {', '.join(names)}." if names else ""


def _argument(field: str) -> str:
    return "coordinate" if field in ("at", "to") else field


def _definition(verb: str) -> Any:
    definitions: Any = plan_schema((verb,))["$defs"]
    return definitions[verb]


def actions_for(verbs: tuple[str, ...]) -> dict[str, str]:
    """Actions that are offered for ``verbs``, each with what it does."""
    offered = {form.action: form.about for verb in verbs for form in _forms(verb) if form.about}
    return {**offered, **({_DRAG: _DRAGGING} if "drag" in verbs else {})}


def signature(verbs: tuple[str, ...], grid: Grid) -> Json:
    """The function as a prompt tells it, in the form in which these models were trained to read one."""
    offered = actions_for(verbs)
    fields: dict[str, Json] = {}
    for verb in verbs:
        for form in _forms(verb):
            if form.about:
                fields |= {name: _described(name, each) for name, each in _arguments(form, grid) if name not in _UNTOLD}
    if "drag" in verbs:
        fields["start_coordinate"] = _described("start_coordinate", _point_schema(grid))
    lines = "\n".join(f"* `{action}`: {about}" for action, about in offered.items())
    about = f"The screen's resolution is {grid.resolution}. Point at the middle of things, not at their edges."
    action: Json = {"type": "string", "enum": list(offered), "description": f"What to do:\n{lines}"}
    parameters: Json = {"type": "object", "properties": {"action": action, **fields}, "required": ["action"]}
    described_as = f"Uses a mouse and a keyboard to operate a computer that is seen in screenshots. {about}"
    return {"type": "function", "function": {"name": TOOL, "description": described_as, "parameters": parameters}}


_UNTOLD = ("dx", "for", "gone")
"""Arguments that only the inverse of a call needs."""
_ARGUMENTS = {
    "start_coordinate": "Where a drag begins",
    "coordinate": "[x, y] from the left upper corner",
    "pixels": "How far to scroll",
    "time": "Seconds",
    "keys": 'Keys that are held together, such as ["ctrl", "c"]',
    "delete_existing_text": "Whether the field is emptied first",
    "box": "[left, top, right, bottom]",
}


def _described(name: str, schema: Json) -> Json:
    kinds = schema if isinstance(schema, dict) else {}
    told: dict[str, Json] = {"type": kinds.get("type", "string")}
    if "enum" in kinds:
        told["enum"] = kinds["enum"]
    return {**told, "description": _ARGUMENTS[name]} if name in _ARGUMENTS else told


def call_schema(verbs: tuple[str, ...], grid: Grid) -> dict[str, Json]:
    """JSON schema of a call that says one of ``verbs``, bounded as `plan_schema` is."""
    calls: list[Json] = []
    for verb in verbs:
        for form in _forms(verb):
            says: dict[str, Json] = {name: {"const": value} for name, value in form.says.items()}
            calls.append(
                _object({"action": {"const": form.action}, **says, **dict(_arguments(form, grid))}, form.needs)
            )
        if verb == "drag":
            place = _point_schema(grid)
            modifiers = _definition("drag")["properties"]["modifiers"]
            dragged = {"start_coordinate": place, "coordinate": place, "modifiers": modifiers}
            calls.append(_object({"action": {"const": _DRAG}, **dragged}, ("start_coordinate", "coordinate")))
    return _object({"name": {"const": TOOL}, "arguments": {"anyOf": calls}}, ("name", "arguments"))


def point_schema(grid: Grid) -> dict[str, Json]:
    """JSON schema of a call that points at one thing, or says that it is not there."""
    there = _object({"action": {"const": "left_click"}, "coordinate": _point_schema(grid)}, ("coordinate",))
    not_there = _object({"action": {"const": "terminate"}, "status": {"const": "failure"}}, ())
    return _object({"name": {"const": TOOL}, "arguments": {"anyOf": [there, not_there]}}, ("name", "arguments"))


def _object(properties: Mapping[str, Json], needs: tuple[str, ...]) -> dict[str, Json]:
    fixed = [name for name, each in properties.items() if isinstance(each, dict) and "const" in each]
    required: list[Json] = [*fixed, *(name for name in needs if name not in fixed)]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _arguments(form: Form, grid: Grid) -> Iterator[tuple[str, Json]]:
    fields = _definition(form.verb)["properties"]
    for name, field in form.names.items():
        schema = fields[field]
        if "$ref" in schema:
            yield name, _point_schema(grid)
        elif "$ref" in schema.get("items", {}):
            yield name, {**schema, "items": _point_schema(grid)}
        elif field == "box":
            number: Json = {"type": "integer", "minimum": 0, "maximum": int(max(grid.size.width, grid.size.height))}
            yield name, {**schema, "items": number}
        else:
            yield name, schema


def _point_schema(grid: Grid) -> Json:
    sides: list[Json] = [
        {"type": "integer", "minimum": 0, "maximum": int(side)} for side in (grid.size.width, grid.size.height)
    ]
    return {"type": "array", "prefixItems": sides, "items": False, "minItems": 2, "maxItems": 2}


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
        raise DialectError(f"{TOOL} needs an action, not {_short(action)}")
    action, said = _usual(_SAME_ACTION.get(action, action), said, step, thought)
    if action == _DRAG:
        start = grid.point(said["start_coordinate"]) if "start_coordinate" in said else pointer
        if start is None:
            raise DialectError(f"{_DRAG}: say start_coordinate too, it is not known where the mouse is")
        path = [_data(start), _data(grid.point(said.get("coordinate")))]
        return read_action({"verb": "drag", "path": path, "modifiers": said.get("modifiers", [])}, grid.view)
    form = _form_of(action, said)
    fields = {field: _read(field, said[name], grid) for name, field in form.names.items() if name in said}
    if form.action == "scroll" and "pixels" in said:
        fields["dy"] = -fields["dy"]
    return read_action({"verb": form.verb, **form.means, **fields}, grid.view)


def _arguments_of(data: Any) -> dict[str, Any]:
    for name in ("arguments", "action"):
        if isinstance(data, dict) and isinstance(data.get(name), dict):
            data = data[name]
    if not isinstance(data, dict):
        raise DialectError(f"a call is a JSON object with an action, not {_short(data)}")
    return data


def _usual(action: str, said: dict[str, Any], step: int, thought: str) -> tuple[str, dict[str, Any]]:
    """What the families say in other words, in the words of `_FORMS`."""
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


def _form_of(action: str, said: Mapping[str, Any]) -> Form:
    known = [form for form in _FORMS if form.action == action]
    for form in known:
        if all(said.get(name) == value for name, value in form.says.items()):
            return form
    if known:
        each = " or ".join(f"{name} {value}" for form in known for name, value in form.says.items())
        raise DialectError(f"{action} needs {each}")
    if action in _VERBS:
        return _plain(action)
    names = sorted(actions_for(_VERBS))
    raise DialectError(
        f"there is no action {_short(action)}; {did_you_mean(action, names)}there are {', '.join(names)}"
    )


def _read(field: str, value: Any, grid: Grid) -> Any:
    """An argument as `read_action` wants it: in frame pixels."""
    match field:
        case "at" | "to" | "for":
            return _data(grid.point(value))
        case "path" if isinstance(value, list):
            return [_data(grid.point(each)) for each in value]
        case "dx" | "dy":
            if not _is_number(value):
                raise DialectError(f"a length is a number, not {_short(value)}")
            return value * (grid.to_frame.scale_x if field == "dx" else grid.to_frame.scale_y)
        case "box" if isinstance(value, list) and len(value) == 4 and all(map(_is_number, value)):
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
        return {"action": _DRAG, "start_coordinate": start, "coordinate": end, **said}
    values = {**intent.model_dump(mode="json", by_alias=True), **said}
    forms = _forms(intent.verb)
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
            return int(value) if isinstance(value, float) and value.is_integer() else value


def _data(point: Point) -> dict[str, float]:
    return {"x": point.x, "y": point.y}


def _is_number(value: Any) -> bool:
    # compared before anything is computed: a reply may hold numbers that no float can
    return type(value) in (int, float) and -_MOST <= value <= _MOST


def _short(value: Any) -> str:
    return cut(ascii(value) if isinstance(value, str | int | float | list) else type(value).__name__, 60)
