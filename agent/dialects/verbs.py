"""The action union as a planning model speaks it in JSON: its schema, its description in a prompt, and the way back to an intent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from ...episodes.schema import Json, View, first_problem
from ...tools import actions
from ...tools.actions import Intent, Say, Target, Zoom
from ...tools.errors import DialectError
from ...tools.geometry import Box, Transform
from ...tools.neutral import restored
from ...tools.plugins import did_you_mean
from ...tools.words import cut, one_line

_POINTING = ("click", "hover", "drag", "press", "move", "release", "scroll", "type", "key", "hold", "wait")
_BROWSING = (
    *("select", "upload", "navigate", "back", "forward", "reload"),
    *("new_tab", "switch_tab", "close_tab", "answer_dialog"),
)
_WINDOWS = ("focus_window", "close_window")
_SAYING = ("read", "ask_user", "answer", "done", "fail")

Planned: TypeAlias = actions.IntendedAct | Say | Zoom[Any]
"""What a plan can hold: an intent, or the wish to see a part of the frame at native resolution."""

_INTENT: TypeAdapter[actions.IntendedAct | Say] = TypeAdapter(Intent)
_LONGEST = {"url": 1000, "keys": 40, "tab": 40, "window": 80}
"""Characters of texts that are never escaped in JSON. No other text has a bound: within one XGrammar (0.2) admits no escape, so that no
quote and no newline could be written. What a reply costs at most is the request's to say."""
MOST = 20_000
"""No length is longer than the longest side of a frame."""
_UNSPOKEN = {"read": {"box"}}
"""Fields that a model has no business with."""


def spoken(environment: str, *, zoom: bool) -> tuple[str, ...]:
    """The verbs that make sense in an environment, in the order in which a prompt lists them."""
    beside = _BROWSING if environment == "browser" else _WINDOWS
    return (*_POINTING, *beside, *(("zoom",) if zoom else ()), *_SAYING)


def listed(verbs: tuple[str, ...]) -> str:
    """The verbs for a prompt, short: ``click(at, button?), hover(at)``; their names say what they do."""
    return ", ".join(map(_signature, verbs))


@cache
def plan_schema(verbs: tuple[str, ...], most_pending: int = 4) -> Mapping[str, Json]:
    """JSON schema of a plan: ``{"thought": …, "action": {"verb": …}, "then": [further actions]}``.

    Every number and list in it is bounded; texts are not, see `_LONGEST`.
    """
    acts = tuple(verb for verb in verbs if verb not in (*_SAYING, "zoom"))
    place: dict[str, Json] = {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {
                    "description": {"type": "string"},
                    "near": {"type": "string"},
                    "inside": {"type": "string"},
                    "nth": {"type": "integer", "minimum": -1, "maximum": 99},
                },
                "required": ["description"],
                "additionalProperties": False,
            },
        ]
    }
    definitions: dict[str, Json] = {"place": place}
    for verb in verbs:
        definitions[verb] = _verb_schema(verb)
    then: dict[str, Json] = {
        "type": "array",
        "items": {"anyOf": [{"$ref": f"#/$defs/{verb}"} for verb in acts]},
        "maxItems": most_pending,
    }
    return {
        "type": "object",
        "properties": {
            "thought": {"type": "string"},
            "action": {"anyOf": [{"$ref": f"#/$defs/{verb}"} for verb in verbs]},
            "then": then,
        },
        "required": ["thought", "action"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def read_action(data: Any, view: View) -> Planned:
    """The intent that a JSON value of `plan_schema`'s form says; forgiving where the meaning is plain.

    Args:
        data: From a reply.
        view: What the model was shown when it said so.

    Raises:
        DialectError: It says none.
    """
    if not isinstance(data, dict):
        raise DialectError(f"an action is a JSON object with a verb, not {shown(data)}")
    fields = {str(name): _words(value) for name, value in data.items() if value is not None}
    verb = fields.get("verb")
    kind = _kinds().get(verb) if isinstance(verb, str) else None
    if kind is None:
        known = sorted(_kinds())
        hint = did_you_mean(verb, known) if isinstance(verb, str) else ""
        raise DialectError(f"there is no verb {shown(verb)}; {hint}the verbs are {', '.join(known)}")
    if verb == "zoom":
        return _zoom(fields, view)
    for name in _places(verb):
        if name in fields:
            several = name == "path" and isinstance(fields[name], list)
            fields[name] = [_place(each) for each in fields[name]] if several else _place(fields[name])
    for name in ("keys", "options", "paths", "modifiers"):
        # one of several may be written without its brackets
        if isinstance(fields.get(name), str):
            fields[name] = [fields[name]]
    try:
        return _INTENT.validate_python(fields)
    except ValidationError as error:
        raise DialectError(f"{verb}: {first_problem(error)}") from error


def write_action(intent: actions.IntendedAct | Say) -> dict[str, Any]:
    """The JSON value that says an intent: the inverse of `read_action`, but for roles and boxes, which no model speaks of."""
    data = intent.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    data.pop("box", None)
    data = {name: whole(value) for name, value in data.items()}
    for name in _places(intent.verb):
        if name in data:
            data[name] = [_said(each) for each in data[name]] if name == "path" else _said(data[name])
    return {"verb": intent.verb, **data}


def whole(value: Any) -> Any:
    """A number without a fraction as an integer; all else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _said(place: dict[str, Any]) -> Any:
    said = {name: value for name, value in place.items() if name != "role"}
    return said["description"] if said.keys() == {"description"} else said


def _place(value: Any) -> Any:
    return {"description": value} if isinstance(value, str) else value


def _zoom(fields: dict[str, Any], view: View) -> Zoom[Any]:
    percent = fields.get("box")
    if not isinstance(percent, list) or len(percent) != 4 or not all(type(each) in (int, float) for each in percent):
        raise DialectError("zoom: box has to be [left, top, right, bottom] in percent of the picture")
    left, top, right, bottom = percent
    # compared before anything is computed: a reply may hold numbers that no float can
    if not (0 <= left < right <= 100 and 0 <= top < bottom <= 100):
        raise DialectError("zoom: the box has to have left < right and top < bottom, all from 0 to 100")
    unit = Transform.between(Box(left=0, top=0, right=100, bottom=100), view.crop)
    return Zoom(box=unit.box(Box(left=left, top=top, right=right, bottom=bottom)))


def _words(value: Any) -> Any:
    """Every text in a reply as it was meant: no word joiners of ours, no half of a surrogate pair."""
    match value:
        case str():
            return restored(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        case list():
            return [_words(each) for each in value]
        case dict():
            return {_words(key): _words(each) for key, each in value.items()}
        case _:
            return value


def shown(value: Any) -> str:
    """A value of a reply for the message that refuses it."""
    return cut(json.dumps(value, ensure_ascii=True, default=str), 60)


@cache
def _kinds() -> dict[str, type[BaseModel]]:
    """Verb → its class with described places, from the union itself: a new verb is here as soon as it is there."""
    found = {kind.model_fields["verb"].default: kind for kind in _members()}
    return {**found, "zoom": Zoom[Any]}


def _members() -> Iterator[type[BaseModel]]:
    for member in (*actions.Act.__args__, *Say.__args__):
        # Click[Point] → Click[Target]; a verb without a place is as it is
        generic = member.__pydantic_generic_metadata__["origin"]
        yield member if generic is None else generic[Target]


@cache
def _places(verb: str) -> tuple[str, ...]:
    kind = _kinds()[verb]
    return tuple(field.alias or name for name, field in kind.model_fields.items() if _is_place(field.annotation))


def _is_place(annotation: Any) -> bool:
    return annotation is Target or any(map(_is_place, get_args(annotation)))


def _signature(verb: str) -> str:
    kind = _kinds()[verb]
    if verb == "zoom":
        return "zoom(box)"
    fields = [(field.alias or name, field.is_required()) for name, field in kind.model_fields.items() if name != "verb"]
    fields = [(name, required) for name, required in fields if name not in _UNSPOKEN.get(verb, ())]
    inner = ", ".join(name if required else f"{name}?" for name, required in fields)
    return f"{verb}({inner})"


def summary(verb: str) -> str:
    """What a verb does, in a sentence: the first of its class."""
    if verb == "zoom":
        return "Shows a part of the picture at full resolution; box is [left, top, right, bottom] in percent of it."
    kind = _kinds()[verb]
    origin = kind.__pydantic_generic_metadata__["origin"] or kind
    text = (origin.__doc__ or "").strip().partition("\n\n")[0]
    return one_line(text.replace("``", ""))


def _verb_schema(verb: str) -> Json:
    if verb == "zoom":
        percent: Json = {"type": "integer", "minimum": 0, "maximum": 100}
        box: Json = {"type": "array", "items": percent, "minItems": 4, "maxItems": 4}
        return {
            "type": "object",
            "properties": {"verb": {"const": "zoom"}, "box": box},
            "required": ["verb", "box"],
            "additionalProperties": False,
        }
    schema = _kinds()[verb].model_json_schema(by_alias=True)
    properties: dict[str, Json] = {"verb": {"const": verb}}
    for name, field in schema["properties"].items():
        if name != "verb" and name not in _UNSPOKEN.get(verb, ()):
            properties[name] = _bounded(name, field)
    required = ["verb", *(name for name in schema.get("required", ()) if name != "verb")]
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _bounded(name: str, field: dict[str, Any]) -> Json:
    if "$ref" in field:
        return {"$ref": "#/$defs/place"}
    if "anyOf" in field:
        options = [_bounded(name, each) for each in field["anyOf"] if each.get("type") != "null"]
        return options[0] if len(options) == 1 else {"anyOf": options}
    match field.get("type"):
        case "string" if "enum" in field:
            return {"type": "string", "enum": field["enum"]}
        case "string":
            if name not in _LONGEST:
                return {"type": "string"}
            return {"type": "string", "minLength": field.get("minLength", 0), "maxLength": _LONGEST[name]}
        case "array":
            items = _bounded(name, field["items"])
            return {"type": "array", "items": items, "minItems": field.get("minItems", 0), "maxItems": 8}
        case "boolean":
            return {"type": "boolean"}
        case "number" | "integer":
            # whole numbers: the digits of a decimal cannot be bounded
            low = field.get("minimum", 1 if "exclusiveMinimum" in field else -MOST)
            return {"type": "integer", "minimum": int(low), "maximum": int(field.get("maximum", MOST))}
        case _:
            raise AssertionError(f"{name}: {field}")
