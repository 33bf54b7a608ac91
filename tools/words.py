"""A verb in a few words, for progress lines, messages and reports."""

from __future__ import annotations

from .actions import (
    AnswerDialog,
    Click,
    Drag,
    Hold,
    IntendedAct,
    Key,
    Navigate,
    NewTab,
    Place,
    Read,
    Say,
    Scroll,
    Select,
    Target,
    Type,
    Upload,
    Wait,
    places,
)

_LONGEST = 60


def in_words(verb: IntendedAct | Say) -> str:
    """What it does: ``click “Add to cart” near “Blue mug”``; places that are points as ``(x, y)`` in frame pixels."""
    match verb:
        case Click():
            return f"{_CLICKS.get(verb.count, 'click')}{'' if verb.button == 'left' else f' ({verb.button})'} {_place(verb.at)}"
        case Type():
            return f"type “{_short(verb.text)}”" + (f" into {_place(verb.at)}" if verb.at is not None else "")
        case Select():
            return f"select “{_short(', '.join(verb.options))}” from {_place(verb.at)}"
        case Key():
            return f"press {', '.join(verb.keys)}"
        case Scroll():
            return f"scroll {_direction(verb.dx, verb.dy)}"
        case Drag():
            return f"drag {_place(verb.path[0])} to {_place(verb.path[-1])}"
        case Hold():
            return f"hold {', '.join(verb.keys) or _place(verb.at)} for {verb.seconds:g} s"
        case Wait():
            if verb.for_ is None:
                return f"wait {verb.seconds:g} s"
            return f"wait until {_place(verb.for_)} {'is gone' if verb.gone else 'is there'}"
        case Navigate():
            return f"go to {_short(verb.url)}"
        case NewTab():
            return f"open a tab{f' at {_short(verb.url)}' if verb.url else ''}"
        case Upload():
            return f"upload {', '.join(path.rsplit('/', 1)[-1] for path in verb.paths)}"
        case AnswerDialog():
            return f"{'accept' if verb.accept else 'dismiss'} the dialog"
        case Read():
            value = verb.value if isinstance(verb.value, str) else ", ".join(verb.value)
            return f"read {verb.name} = “{_short(value)}”"
        case _:
            pass
    if verb.verb in _SAID:
        text = str(getattr(verb, _SAID[verb.verb]))
        return f"{verb.verb.replace('_', ' ')}{f': {_short(text)}' if text else ''}"
    found = places(verb)  # type: ignore[arg-type]  # what is said was handled above
    return " ".join([verb.verb.replace("_", " "), *map(_place, found)])


_CLICKS = {1: "click", 2: "double-click", 3: "triple-click"}
_SAID = {"ask_user": "question", "answer": "text", "done": "note", "fail": "reason"}


def _place(place: Place | None) -> str:
    if place is None:
        return "there"
    return str(place) if isinstance(place, Target) else f"({place.x:.0f}, {place.y:.0f})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _direction(dx: float, dy: float) -> str:
    parts = [f"{'down' if dy > 0 else 'up'} {abs(dy):g} px"] if dy else []
    parts += [f"{'right' if dx > 0 else 'left'} {abs(dx):g} px"] if dx else []
    return ", ".join(parts) or "nowhere"
