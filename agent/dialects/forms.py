"""The ``computer_use`` function as Qwen-VL, Fara and Holo know it: its actions, the verbs that they say, and the schema of a call.

Actions and arguments are those of the tool in Qwen's cookbooks (``key`` … ``answer``) and of Fara's prompts (``visit_url`` … ``refresh``,
``ask_user_question``). What they have no word for is called by our own verb, with its own fields: ``select``, ``upload``, ``switch_tab``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ...episodes.schema import Json
from ...tools.errors import DialectError
from ...tools.plugins import did_you_mean
from .grid import Grid
from .verbs import plan_schema, shown, spoken, summary

TOOL = "computer_use"


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
DRAG = "left_click_drag"
_DRAGGING = "Drags with the left button from start_coordinate to coordinate."
_VERBS = tuple(dict.fromkeys((*spoken("browser", zoom=True), *spoken("desktop", zoom=False))))
_PARTLY = ("click", "hover", "drag")
"""Verbs whose usual cases have actions of their own: the rest is understood under their own name, and not offered."""


def forms_for(verb: str) -> tuple[Form, ...]:
    """Most special first; the last one says any case of the verb."""
    own = tuple(form for form in _FORMS if form.verb == verb)
    return (*own, _plain(verb)) if not own or verb in _PARTLY else own


@cache
def _plain(verb: str) -> Form:
    """The form that is called like the verb and has its fields."""
    verb_schema = _definition(verb)
    names = {_argument(field): field for field in verb_schema["properties"] if field != "verb"}
    needs = tuple(_argument(field) for field in verb_schema["required"] if field != "verb")
    about = "" if verb in _PARTLY else f"{summary(verb)} {_told(names)}".strip()
    return Form(verb, verb, names, needs, about=about)


def _told(names: Mapping[str, str]) -> str:
    return f"It takes {', '.join(names)}." if names else ""


def _argument(field: str) -> str:
    return "coordinate" if field in ("at", "to") else field


def _definition(verb: str) -> Any:
    definitions: Any = plan_schema((verb,))["$defs"]
    return definitions[verb]


def form_of(action: str, said: Mapping[str, Any]) -> Form:
    """The form of a call with these arguments.

    Raises:
        DialectError: There is no such action, or it lacks what belongs to its form.
    """
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
    raise DialectError(f"there is no action {shown(action)}; {did_you_mean(action, names)}there are {', '.join(names)}")


def actions_for(verbs: tuple[str, ...]) -> dict[str, str]:
    """Actions that are offered for ``verbs``, each with what it does."""
    offered = {form.action: form.about for verb in verbs for form in forms_for(verb) if form.about}
    return {**offered, **({DRAG: _DRAGGING} if "drag" in verbs else {})}


def signature(verbs: tuple[str, ...], grid: Grid) -> Json:
    """The function as a prompt tells it, in the form in which these models were trained to read one."""
    offered = actions_for(verbs)
    fields: dict[str, Json] = {}
    for verb in verbs:
        for form in forms_for(verb):
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
        for form in forms_for(verb):
            says: dict[str, Json] = {name: {"const": value} for name, value in form.says.items()}
            calls.append(
                _object({"action": {"const": form.action}, **says, **dict(_arguments(form, grid))}, form.needs)
            )
        if verb == "drag":
            place = _point_schema(grid)
            modifiers = _definition("drag")["properties"]["modifiers"]
            dragged = {"start_coordinate": place, "coordinate": place, "modifiers": modifiers}
            calls.append(_object({"action": {"const": DRAG}, **dragged}, ("start_coordinate", "coordinate")))
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
