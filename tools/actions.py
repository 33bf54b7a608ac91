"""The typed verbs: everything an agent can do or say.

A verb is generic in its *place*. What a policy intends may name a thing (`Target`) where an act has a `Point`::

    Action = Verb[Point]              carried out by an environment, in frame pixels of the observation it was decided on
    Intent = Verb[Point | Target]     what a policy decides; grounding turns it into an Action
    Say                               ends in the loop: ask_user, read, answer, done, fail

One discriminated union of frozen pydantic classes gives validation, the JSON schema a model is constrained by, storage, and the
viewer's icons. Executors dispatch by ``match`` with ``assert_never``, so the type checker names every place a new verb must reach.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .geometry import Box, Point
from .keys import parse_chord
from .secrets import OURS

Button = Literal["left", "middle", "right"]
Modifier = Literal["Control", "Shift", "Alt", "Meta"]
Chord = Annotated[str, OURS]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Target(_Frozen):
    """A thing on the screen, described as a person would.

    Attributes:
        description: Its visible text or accessible name (``Add to cart``), or for a model free words.
        near: Text that stands close to it, to tell it from others of the same name.
        inside: Name of the region, form, row or dialog that holds it.
        nth: Which of several equal ones, from 1, in reading order; −1 is the last.
        role: An ARIA role (``button``), or a group: ``field`` (takes text), ``choice`` (offers options), ``tick`` (is on or
            off), ``control`` (any of those that can be operated), ``words`` (any text that holds the description: to be
            read, not pointed at).
    """

    description: str = Field(min_length=1)
    near: str | None = None
    inside: str | None = None
    nth: int | None = None
    role: str | None = None

    def __str__(self) -> str:
        parts = [f"“{self.description}”"]
        parts += [f"near “{self.near}”"] if self.near else []
        parts += [f"inside “{self.inside}”"] if self.inside else []
        parts += [f"number {self.nth}"] if self.nth is not None else []
        return " ".join(parts)


P_co = TypeVar("P_co", covariant=True)


class Click(_Frozen, Generic[P_co]):
    """Moves there, then presses and releases ``count`` times (2 is a double click)."""

    verb: Literal["click"] = "click"
    at: P_co
    button: Button = "left"
    count: int = Field(default=1, ge=1, le=3)
    modifiers: tuple[Modifier, ...] = ()


class Hover(_Frozen, Generic[P_co]):
    """Moves the pointer there and lets it rest."""

    verb: Literal["hover"] = "hover"
    at: P_co


class Press(_Frozen, Generic[P_co]):
    """Moves there and presses a mouse button, which stays down until ``release``."""

    verb: Literal["press"] = "press"
    at: P_co
    button: Button = "left"


class Move(_Frozen, Generic[P_co]):
    """Moves the pointer, buttons as they are."""

    verb: Literal["move"] = "move"
    to: P_co


class Release(_Frozen, Generic[P_co]):
    """Moves there (if a place is given) and releases a mouse button."""

    verb: Literal["release"] = "release"
    at: P_co | None = None
    button: Button = "left"


class Drag(_Frozen, Generic[P_co]):
    """Presses at the first place, moves through the others, releases at the last."""

    verb: Literal["drag"] = "drag"
    path: tuple[P_co, ...] = Field(min_length=2)
    button: Button = "left"
    modifiers: tuple[Modifier, ...] = ()


class Scroll(_Frozen, Generic[P_co]):
    """Turns the wheel over a place (the middle of the frame when none is given).

    Attributes:
        dx: Frame pixels by which the view moves right.
        dy: Frame pixels by which the view moves down: positive shows what is further down.
    """

    verb: Literal["scroll"] = "scroll"
    at: P_co | None = None
    dx: float = 0
    dy: float = 0


class Type(_Frozen, Generic[P_co]):
    """Types text where the focus is, or into a place that is clicked first.

    Attributes:
        text: What to type; may hold secret placeholders. A newline presses Enter, but in a long text (more than 200 characters)
            for a text area it is one of its characters, as a tab always is. Native date, time, colour and range inputs
            take the value in its HTML form (``2026-12-24``, ``09:30``, ``#ff8800``, ``7``).
        at: The field.
        replace: What the field holds is selected first, so that the text takes its place.
    """

    verb: Literal["type"] = "type"
    text: str
    at: P_co | None = None
    replace: bool = False


def _chords(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("+".join(parse_chord(chord)) for chord in value)


class Key(_Frozen):
    """Presses key chords such as Control+a, one after the other. Control+c, Control+x and Control+v copy, cut and paste."""

    verb: Literal["key"] = "key"
    keys: tuple[Chord, ...] = Field(min_length=1)

    @field_validator("keys")
    @classmethod
    def _canonical(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _chords(value)


class Hold(_Frozen, Generic[P_co]):
    """Holds keys, or the left mouse button at a place, for some seconds. A key that is held does not repeat."""

    verb: Literal["hold"] = "hold"
    keys: tuple[Chord, ...] = ()
    at: P_co | None = None
    seconds: float = Field(gt=0, le=60)

    @field_validator("keys")
    @classmethod
    def _canonical(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _chords(value)


class Select(_Frozen, Generic[P_co]):
    """Chooses options of a native list by their visible labels (or values)."""

    verb: Literal["select"] = "select"
    at: P_co
    options: tuple[str, ...] = Field(min_length=1)


class Wait(_Frozen, Generic[P_co]):
    """Waits a number of seconds, or until something is there (or gone) and at most that long.

    Attributes:
        seconds: How long, at most.
        for_: What to wait for; None waits the whole time.
        gone: Wait until it is no longer there.
    """

    verb: Literal["wait"] = "wait"
    seconds: float = Field(default=10, ge=0, le=3600)
    for_: P_co | None = Field(default=None, alias="for", serialization_alias="for")
    gone: bool = False

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Navigate(_Frozen):
    """Goes to a URL, relative to the present one."""

    verb: Literal["navigate"] = "navigate"
    url: str = Field(min_length=1)


class Back(_Frozen):
    """One page back in the tab's history."""

    verb: Literal["back"] = "back"


class Forward(_Frozen):
    """One page forward in the tab's history."""

    verb: Literal["forward"] = "forward"


class Reload(_Frozen):
    """Loads the page again."""

    verb: Literal["reload"] = "reload"


class NewTab(_Frozen):
    """Opens a tab and looks at it."""

    verb: Literal["new_tab"] = "new_tab"
    url: str | None = None


class SwitchTab(_Frozen):
    """Looks at another tab, by its id in the observation."""

    verb: Literal["switch_tab"] = "switch_tab"
    tab: str


class CloseTab(_Frozen):
    """Closes a tab: the one looked at when none is given."""

    verb: Literal["close_tab"] = "close_tab"
    tab: str | None = None


class FocusWindow(_Frozen):
    """Brings a window of the desktop to the front, by its id in the observation."""

    verb: Literal["focus_window"] = "focus_window"
    window: str


class CloseWindow(_Frozen):
    """Asks a window of the desktop to close."""

    verb: Literal["close_window"] = "close_window"
    window: str


class Upload(_Frozen, Generic[P_co]):
    """Gives files to a file input."""

    verb: Literal["upload"] = "upload"
    at: P_co
    paths: tuple[str, ...] = Field(min_length=1)


class AnswerDialog(_Frozen):
    """Answers the dialog that is open: of the page, or of the browser itself.

    Attributes:
        accept: OK, leave, sign in, allow, choose, print; else cancel, stay, block.
        text: What a prompt gets. Of a request to sign in, the user name.
        password: Of a request to sign in; a secret placeholder, as a rule.
        paths: Files that a file chooser gets.
    """

    verb: Literal["answer_dialog"] = "answer_dialog"
    accept: bool = True
    text: str | None = None
    password: str | None = None
    paths: tuple[str, ...] = ()


class AskUser(_Frozen):
    """Asks the person; their answer becomes part of the past."""

    verb: Literal["ask_user"] = "ask_user"
    question: str


class Read(_Frozen):
    """Keeps something that was read off the screen under a name.

    Attributes:
        name: Under which it is kept, and comes out of the run.
        value: What was read: a text, or several.
        box: Where it stood, frame pixels, when that is known.
    """

    verb: Literal["read"] = "read"
    name: str
    value: str | tuple[str, ...]
    box: Box | None = None


class Answer(_Frozen):
    """Ends the episode with the answer to the goal's question."""

    verb: Literal["answer"] = "answer"
    text: str


class Done(_Frozen):
    """Ends the episode with the claim that the goal is reached; whether it is, is checked outside."""

    verb: Literal["done"] = "done"
    note: str = ""


class Fail(_Frozen):
    """Ends the episode: the goal cannot be reached."""

    verb: Literal["fail"] = "fail"
    reason: str


class Zoom(_Frozen, Generic[P_co]):
    """Asks for a part of the frame at native resolution; resolved by the policy, never sent to an environment."""

    verb: Literal["zoom"] = "zoom"
    box: Box


Say: TypeAlias = AskUser | Read | Answer | Done | Fail
"""Verbs that end in the loop."""

_Placeless: TypeAlias = (
    Key | Navigate | Back | Forward | Reload | NewTab | SwitchTab | CloseTab | FocusWindow | CloseWindow | AnswerDialog
)

Act: TypeAlias = (
    Click[Point]
    | Hover[Point]
    | Press[Point]
    | Move[Point]
    | Release[Point]
    | Drag[Point]
    | Scroll[Point]
    | Type[Point]
    | Hold[Point]
    | Select[Point]
    | Wait[Point]
    | Upload[Point]
    | _Placeless
)
"""Verbs that an environment carries out; every point in frame pixels."""

Place: TypeAlias = Point | Target

IntendedAct: TypeAlias = (
    Click[Place]
    | Hover[Place]
    | Press[Place]
    | Move[Place]
    | Release[Place]
    | Drag[Place]
    | Scroll[Place]
    | Type[Place]
    | Hold[Place]
    | Select[Place]
    | Wait[Place]
    | Upload[Place]
    | _Placeless
)
"""An act whose places may still be descriptions."""

Action = Annotated[Act, Field(discriminator="verb")]
Intent = Annotated[IntendedAct | Say, Field(discriminator="verb")]


def places(act: IntendedAct) -> tuple[Place, ...]:
    """The places of an act in the order in which it uses them; empty when it has none."""
    match act:
        case Click() | Hover() | Press() | Select() | Upload():
            return (act.at,)
        case Release() | Scroll() | Type() | Hold():
            return () if act.at is None else (act.at,)
        case Move():
            return (act.to,)
        case Drag():
            return act.path
        case Wait():
            return () if act.for_ is None else (act.for_,)
        case _:
            return ()


_ACTS: dict[str, type[BaseModel]] = {
    kind.model_fields["verb"].default: kind
    for kind in (
        Click[Point],
        Hover[Point],
        Press[Point],
        Move[Point],
        Release[Point],
        Drag[Point],
        Scroll[Point],
        Type[Point],
        Hold[Point],
        Select[Point],
        Wait[Point],
        Upload[Point],
    )
}


def placed(act: IntendedAct, points: tuple[Point, ...]) -> Act:
    """The same act with its places replaced by points, in the order of `places`.

    Raises:
        ValueError: The number of points is not the number of places.
    """
    if len(points) != len(places(act)):
        raise ValueError(f"{act.verb} has {len(places(act))} places, not {len(points)}")
    kind = _ACTS.get(act.verb)
    if kind is None:
        return act  # type: ignore[return-value]  # a verb without a place is an Act as it is
    # not dict(act): it would call the `keys` of a Hold
    fields = {name: value for name, value in act}  # noqa: C416
    field = {"move": "to", "drag": "path", "wait": "for_"}.get(act.verb, "at")
    if points:
        fields[field] = points if field == "path" else points[0]
    return kind(**fields)  # type: ignore[return-value]  # one of the classes of Act, by the table above
