"""pyautogui source as verbs: what a recorded desktop agent wrote, read statement by statement and never run.

Besides pyautogui it knows what stands beside it in recordings: ``time.sleep``, ``pyperclip`` (a text that is copied and pasted is
typed), and ``computer.wait``, ``computer.tripleClick``, ``computer.terminate`` of AgentNet. `source_of` in ``pyautogui_write.py`` goes
the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from . import actions
from .actions import Act, Answer, Button, Click, Done, Drag, Fail, Hold, Key, Modifier, Move, Press, Release, Scroll
from .geometry import Point
from .keys import MODIFIERS
from .pyautogui_arguments import Arguments
from .python_calls import Call, Setting, SourceRefused, Value, read_calls

NOTCH = 100.0
"""Pixels by which one step of ``scroll`` moves the view: no recording has a measure of it; in pages a notch is this."""
WAITS = 20.0
"""Seconds of a ``computer.wait()`` that names none, as its description in OpenCUA's prompts says."""
_MOST_PRESSES = 1000
_MOST_SECONDS = 3600
_FASTEST = 60
_LONGEST_TEXT = 100_000

Said: TypeAlias = Act | actions.Say
ToFrame: TypeAlias = Callable[[float, float], Point]
"""Numbers of the source → a point of the frame, in frame pixels.

Raises:
    ValueError: They lie outside.
"""


class Understood(NamedTuple):
    """What some source says.

    Attributes:
        said: The verbs, in order.
        lost: What the source says that no verb of ours does, one entry for each time.
    """

    said: tuple[Said, ...]
    lost: tuple[str, ...] = ()


class Reader:
    """Reads the sources of one recording in order: where the pointer is, what is held and what was copied goes on from one to the next.

    Args:
        notch: Frame pixels of one step of a wheel.
    """

    def __init__(self, notch: float = NOTCH) -> None:
        self._notch = notch
        self._pointer: Point | None = None
        self._held: tuple[str, ...] = ()
        self._copied: str | None = None

    @property
    def held(self) -> tuple[str, ...]:
        """Modifiers that are held down, by canonical name."""
        return self._held

    def read(self, source: str, to_frame: ToFrame) -> Understood:
        """The verbs of a source.

        Args:
            source: Python, or one of the words ``DONE``, ``FAIL``, ``WAIT`` of OSWorld.
            to_frame: How its coordinates lie on the frame that it was decided on.

        Raises:
            SourceRefused: Something in it is no call of these, or has no verb; nothing of it counts then.
        """
        before = (self._pointer, self._held, self._copied)
        try:
            return self._read(source, to_frame)
        except SourceRefused:
            self._pointer, self._held, self._copied = before
            raise

    def _read(self, source: str, to_frame: ToFrame) -> Understood:
        match source.strip().strip("`").strip():
            case "DONE":
                return Understood((Done(),))
            case "FAIL":
                return Understood((Fail(reason="the recording does not say why"),))
            case "WAIT":
                return Understood((actions.Wait(seconds=2),), ("how long a WAIT lasts",))
        return self._take(read_calls(source, _constant), to_frame)

    def understand(self, calls: Iterable[Call | Setting], to_frame: ToFrame) -> Understood:
        """The verbs of calls that come from elsewhere; otherwise as `read`.

        Raises:
            SourceRefused: As `read`.
        """
        before = (self._pointer, self._held, self._copied)
        try:
            return self._take(calls, to_frame)
        except SourceRefused:
            self._pointer, self._held, self._copied = before
            raise

    def _take(self, calls: Iterable[Call | Setting], to_frame: ToFrame) -> Understood:
        turn = _Turn(to_frame, self._notch, self._pointer, self._held, self._copied)
        for each in calls:
            try:
                turn.take(each)
            except SourceRefused:
                raise
            except ValueError as error:
                # a key that is none, a length beyond what a verb takes
                raise SourceRefused(f"line {each.line}: {each.name}: {_reason(error)}") from error
        understood = turn.finished()
        self._pointer, self._held, self._copied = turn.pointer, turn.held, turn.copied
        return understood


_NAMED_BUTTONS = ("LEFT", "MIDDLE", "RIGHT", "PRIMARY", "SECONDARY")


def _constant(name: str) -> Value:
    """The buttons and the easings that pyautogui has names for."""
    module, _, last = name.rpartition(".")
    if module != "pyautogui" or not (last in _NAMED_BUTTONS or last.startswith("ease") or last == "linear"):
        raise KeyError(name)
    return last.lower() if last in _NAMED_BUTTONS else last


def _reason(error: ValueError) -> str:
    errors: Any = getattr(error, "errors", None)
    return errors()[0]["msg"] if callable(errors) else str(error)


class _Turn:
    """One source being read."""

    def __init__(
        self, to_frame: ToFrame, notch: float, pointer: Point | None, held: tuple[str, ...], copied: str | None
    ) -> None:
        self.pointer, self.held, self.copied = pointer, held, copied
        self._to_frame, self._notch = to_frame, notch
        self._said: list[Said] = []
        self._lost: list[str] = []
        # a move that only says where the next act is
        self._moved: Point | None = None
        self._down: tuple[str, int] | None = None
        self._inside: tuple[Call, ...] = ()

    def finished(self) -> Understood:
        """What was read, the last move too."""
        self._enter(())
        self._settle()
        if self._down is not None:
            raise SourceRefused(f"line {self._down[1]}: {self._down[0]} is held beyond its source, which no verb says")
        return Understood(tuple(self._said), tuple(self._lost))

    def take(self, each: Call | Setting) -> None:
        """Reads one statement."""
        if isinstance(each, Setting):
            if each.name not in ("pyautogui.PAUSE", "pyautogui.FAILSAFE", "pyautogui.MINIMUM_DURATION"):
                raise SourceRefused(f"line {each.line}: {each.name} is not read")
            self._lost.append(each.name if each.name.endswith("FAILSAFE") else f"{each.name}: the pace of the acts")
            return
        self._enter(each.inside)
        self._call(each)

    def _enter(self, inside: tuple[Call, ...]) -> None:
        """Lets go of what ended ``with`` statements held, and holds what new ones do."""
        shared = sum(1 for ours, theirs in zip(self._inside, inside, strict=False) if ours is theirs)
        for call in reversed(self._inside[shared:]):
            for key in reversed(_with_keys(call)):
                self._key_up(key, call.line)
        for call in inside[shared:]:
            for key in _with_keys(call):
                self._key_down(key, call.line)
        self._inside = inside

    def _call(self, call: Call) -> None:
        name = _SAME.get(call.name, call.name)
        read = _CALLS.get(name)
        if read is None:
            raise SourceRefused(f"line {call.line}: {call.name} is not read: {_why_not(call.name)}")
        names, function = read
        function(self, Arguments(call, names))

    # mouse

    def _click(self, given: Arguments, button: Button | None = None, count: int | None = None) -> None:
        at = self._place(given)
        button = button or given.button()
        clicks = count if count is not None else given.whole("clicks", 1)
        if not 0 < clicks <= _FASTEST:
            raise SourceRefused(f"line {given.line}: {clicks} clicks")
        self._pace(given)
        if clicks > 3:
            self._lost.append("more than three clicks at once: done one by one")
        for each in (clicks,) if clicks <= 3 else (1,) * clicks:
            self._say(Click[Point](at=at, button=button, count=each, modifiers=self._modifiers()))

    def _move_to(self, given: Arguments) -> None:
        self._pace(given)
        self._settle()
        self._moved = self.pointer = self._place(given)

    def _move_by(self, given: Arguments) -> None:
        self._pace(given)
        to = self._beside(given)
        self._settle()
        self._moved = self.pointer = to

    def _drag(self, given: Arguments, *, by: bool = False) -> None:
        start = self._where(given)
        end = self._beside(given) if by else self._place(given)
        self._pace(given)
        if given.get("mouseDownUp") is False:
            self._moved = self.pointer = end
            return
        self._say(Drag[Point](path=(start, end), button=given.button(), modifiers=self._modifiers()))
        self.pointer = end

    def _mouse(self, given: Arguments, *, down: bool) -> None:
        at = self._place(given)
        self._pace(given)
        kind: Any = Press[Point] if down else Release[Point]
        self._say(kind(at=at, button=given.button()), holds="press" if down else "release")

    def _scroll(self, given: Arguments, *, across: bool = False) -> None:
        clicks = given.number("clicks")
        at = self._place(given) if given.has("x") else self.pointer
        pixels = clicks * self._notch
        # pyautogui's up and right are positive
        turned = {"dx": pixels} if across else {"dy": -pixels}
        self._say(Scroll[Point](at=at, **turned), holds="scroll")

    def _place(self, given: Arguments) -> Point:
        """Where a call points: its own coordinates, or where the pointer is."""
        x, y = given.get("x"), given.get("y")
        if isinstance(x, list | tuple) and y is None and len(x) == 2:
            x, y = x
        if isinstance(x, str):
            raise SourceRefused(f"line {given.line}: {given.name} looks for a picture on the screen, which has no verb")
        if x is None and y is None:
            return self._where(given)
        here = self.pointer
        if (x is None or y is None) and here is None:
            raise SourceRefused(
                f"line {given.line}: {given.name} names one coordinate, and where the pointer is is unknown"
            )
        for each in (x, y):
            if each is not None and type(each) not in (int, float):
                raise SourceRefused(f"line {given.line}: {given.name}: {each!r} is no coordinate")
        point = self._framed(given, x if x is not None else 0, y if y is not None else 0)
        return Point(x=point.x if x is not None else here.x, y=point.y if y is not None else here.y)  # type: ignore[union-attr]

    def _framed(self, given: Arguments, x: Any, y: Any) -> Point:
        try:
            return self._to_frame(float(x), float(y))
        except ValueError as error:
            raise SourceRefused(f"line {given.line}: {given.name}: {_reason(error)}") from error

    def _beside(self, given: Arguments) -> Point:
        """Where a relative move leads."""
        here = self._where(given)
        x, y = given.get("xOffset"), given.get("yOffset")
        if isinstance(x, list | tuple) and len(x) == 2:
            x, y = x
        offset = [float(each) for each in (x or 0, y or 0) if isinstance(each, int | float)]
        if len(offset) != 2:
            raise SourceRefused(f"line {given.line}: {given.name}: {x!r}, {y!r} is no distance")
        zero = self._framed(given, 0, 0)
        # a distance in the source's units: the way of two points, the nearer one the corner
        far = self._framed(given, *(abs(each) for each in offset))
        signs = [-1 if each < 0 else 1 for each in offset]
        return Point(x=here.x + signs[0] * (far.x - zero.x), y=here.y + signs[1] * (far.y - zero.y))

    def _where(self, given: Arguments) -> Point:
        if self.pointer is None:
            raise SourceRefused(f"line {given.line}: {given.name} acts where the pointer is, and that is unknown")
        return self.pointer

    # keyboard

    def _write(self, given: Arguments) -> None:
        message = given.get("message")
        self._pace(given)
        if isinstance(message, list | tuple):
            if not 0 < len(message) <= _MOST_PRESSES:
                raise SourceRefused(f"line {given.line}: {len(message)} keys")
            self._keys(tuple(map(given.key, message)), given.line)
            return
        if not isinstance(message, str):
            raise SourceRefused(f"line {given.line}: {given.name} has no text")
        if len(message) > _LONGEST_TEXT:
            raise SourceRefused(f"line {given.line}: a text of {len(message)} characters")
        self._say(actions.Type[Point](text=message), holds="type")

    def _press(self, given: Arguments) -> None:
        keys = given.get("keys")
        presses = given.whole("presses", 1)
        self._pace(given)
        wanted = keys if isinstance(keys, list | tuple) else (keys,)
        if not 0 < presses * len(wanted) <= _MOST_PRESSES:
            raise SourceRefused(f"line {given.line}: {presses} presses of {len(wanted)} keys")
        self._keys(tuple(given.key(each) for each in wanted) * presses, given.line)

    def _hotkey(self, given: Arguments) -> None:
        keys = [given.key(each) for each in given.all_keys()]
        if not keys:
            raise SourceRefused(f"line {given.line}: {given.name} has no keys")
        self._pace(given)
        plain = [key for key in keys if key not in MODIFIERS]
        modifiers = tuple(dict.fromkeys(key for key in keys if key in MODIFIERS))
        if len(plain) > 1:
            self._lost.append("keys held together: pressed one after the other")
        if "v" in (key.lower() for key in plain) and set(modifiers) & {"Control", "Meta"} and self.copied is not None:
            self._lost.append("the clipboard: its text is typed in place of being pasted")
            self._say(actions.Type[Point](text=self.copied), holds="type")
            return
        held = tuple(dict.fromkeys((*self.held, *modifiers)))
        self._say(Key(keys=tuple(_chord(held, key) for key in plain) if plain else (_chord(held),)))

    def _keys(self, keys: tuple[str, ...], line: int) -> None:
        if any(key in MODIFIERS for key in keys) and self.held:
            raise SourceRefused(f"line {line}: a modifier is pressed while another is held, which no verb says")
        self._say(Key(keys=tuple(_chord(self.held, key) for key in keys)))

    def _key_down(self, key: str, line: int) -> None:
        if key in MODIFIERS:
            self.held = (*self.held, key) if key not in self.held else self.held
            self._said_at_down = len(self._said)
            return
        if self._down is not None:
            raise SourceRefused(f"line {line}: {key} is held besides {self._down[0]}, which no verb says")
        self._down = (key, line)
        self._said_at_down = len(self._said)

    def _key_up(self, key: str, line: int) -> None:
        if key in MODIFIERS and key in self.held:
            held = self.held
            self.held = tuple(each for each in held if each != key)
            waited = self._waited()
            if waited is not None:
                self._say(Hold[Point](keys=(_chord(held),), seconds=waited))
            elif self._said_at_down == len(self._said):
                self._say(Key(keys=(_chord(held),)))
                # the others of the chord are let go of with it
                self._said_at_down = -1
            return
        if self._down is not None and self._down[0] == key:
            self._down = None
            waited = self._waited()
            if waited is not None:
                self._say(Hold[Point](keys=(_chord(self.held, key),), seconds=waited))
            elif self._said_at_down == len(self._said):
                self._say(Key(keys=(_chord(self.held, key),)))
            else:
                raise SourceRefused(f"line {line}: {key} is held during other acts, which no verb says")
            return
        self._lost.append("letting go of a key that was not held")

    _said_at_down = -1

    def _waited(self) -> float | None:
        """Seconds that were only waited since a key went down; the wait is taken out."""
        if self._said_at_down != len(self._said) - 1 or self._said_at_down < 0:
            return None
        last = self._said[-1]
        if not isinstance(last, actions.Wait) or not 0 < last.seconds <= 60:
            return None
        self._said.pop()
        return last.seconds

    def _copy(self, given: Arguments) -> None:
        text = given.get("text")
        if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
            raise SourceRefused(f"line {given.line}: {given.name} has no text")
        self.copied = text

    # the rest

    def _wait(self, given: Arguments, otherwise: float | None = None) -> None:
        seconds = given.number("seconds", otherwise)
        if not 0 <= seconds <= _MOST_SECONDS:
            raise SourceRefused(f"line {given.line}: a wait of {seconds:g} s")
        self._say(actions.Wait[Point](seconds=seconds), holds="wait")

    def _terminate(self, given: Arguments) -> None:
        status, answer = given.get("status"), given.get("answer")
        if status in ("success", None):
            self._say(Answer(text=answer) if isinstance(answer, str) and answer else Done(), holds="end")
        elif status in ("failure", "fail", "infeasible"):
            self._say(
                Fail(reason=answer if isinstance(answer, str) and answer else "the recording does not say why"),
                holds="end",
            )
        else:
            raise SourceRefused(f"line {given.line}: {given.name}: {status!r} is no status")

    def _answer(self, given: Arguments) -> None:
        text = given.get("answer")
        if not isinstance(text, str):
            raise SourceRefused(f"line {given.line}: {given.name} has no text")
        self._say(Answer(text=text), holds="end")

    def _say(self, verb: Said, holds: str = "") -> None:
        if self.held and holds in ("scroll", "type", "press", "release"):
            raise SourceRefused(f"{'+'.join(self.held)} is held during a {holds}, which no verb says")
        used = actions.places(verb) if not isinstance(verb, actions.Say) else ()
        if self._moved is not None and self._moved not in used:
            self._settle()
        self._moved = None
        self._said.append(verb)
        if used and isinstance(used[-1], Point):
            self.pointer = used[-1]

    def _settle(self) -> None:
        """A move that nothing followed at its place is an act of its own."""
        if self._moved is not None:
            moved, self._moved = self._moved, None
            self._said.append(Move[Point](to=moved))

    def _modifiers(self) -> tuple[Modifier, ...]:
        return self.held  # type: ignore[return-value]  # only modifiers are kept in it

    def _pace(self, given: Arguments) -> None:
        for name in ("duration", "interval"):
            if given.has(name) and given.get(name) not in (0, 0.0, None):
                self._lost.append(f"{name}: the pace of the act")
        for name in ("tween", "logScreenshot", "_pause"):
            if given.has(name):
                self._lost.append(name)


def _with_keys(call: Call) -> tuple[str, ...]:
    if call.name != "pyautogui.hold":
        raise SourceRefused(f"line {call.line}: with {call.name} is not read")
    return tuple(Arguments(call, ("*keys",)).key(each) for each in Arguments(call, ("*keys",)).all_keys())


def _chord(held: tuple[str, ...], key: str | None = None) -> str:
    keys = [each for each in MODIFIERS if each in held and each != key]
    return "+".join((*keys, key) if key is not None else keys)


_SAME = {
    "pyautogui.typewrite": "pyautogui.write",
    "pyautogui.leftClick": "pyautogui.click",
    "pyautogui.move": "pyautogui.moveRel",
    "pyautogui.drag": "pyautogui.dragRel",
    "pyautogui.vscroll": "pyautogui.scroll",
    "pyautogui.sleep": "time.sleep",
    "computer.triple_click": "pyautogui.tripleClick",
    "computer.tripleClick": "pyautogui.tripleClick",
    "computer.answer": "answer",
}
_XY = ("x", "y")
_Call: TypeAlias = Callable[[_Turn, Arguments], None]
_CALLS: dict[str, tuple[tuple[str, ...], _Call]] = {
    "pyautogui.click": (
        (*_XY, "clicks", "interval", "button", "duration", "tween", "logScreenshot", "_pause"),
        _Turn._click,
    ),
    "pyautogui.doubleClick": (
        (*_XY, "interval", "button", "duration", "tween"),
        lambda turn, given: turn._click(given, count=2),
    ),
    "pyautogui.tripleClick": (
        (*_XY, "interval", "button", "duration", "tween"),
        lambda turn, given: turn._click(given, count=3),
    ),
    "pyautogui.rightClick": (
        (*_XY, "interval", "duration", "tween"),
        lambda turn, given: turn._click(given, button="right", count=1),
    ),
    "pyautogui.middleClick": (
        (*_XY, "interval", "duration", "tween"),
        lambda turn, given: turn._click(given, button="middle", count=1),
    ),
    "pyautogui.moveTo": ((*_XY, "duration", "tween"), _Turn._move_to),
    "pyautogui.moveRel": (("xOffset", "yOffset", "duration", "tween"), _Turn._move_by),
    "pyautogui.dragTo": ((*_XY, "duration", "tween", "button", "logScreenshot", "_pause", "mouseDownUp"), _Turn._drag),
    "pyautogui.dragRel": (
        ("xOffset", "yOffset", "duration", "tween", "button", "logScreenshot", "_pause", "mouseDownUp"),
        lambda turn, given: turn._drag(given, by=True),
    ),
    "pyautogui.mouseDown": ((*_XY, "button", "duration", "tween"), lambda turn, given: turn._mouse(given, down=True)),
    "pyautogui.mouseUp": ((*_XY, "button", "duration", "tween"), lambda turn, given: turn._mouse(given, down=False)),
    "pyautogui.scroll": (("clicks", *_XY), _Turn._scroll),
    "pyautogui.hscroll": (("clicks", *_XY), lambda turn, given: turn._scroll(given, across=True)),
    "pyautogui.write": (("message", "interval"), _Turn._write),
    "pyautogui.press": (("keys", "presses", "interval"), _Turn._press),
    "pyautogui.hotkey": (("*keys",), _Turn._hotkey),
    "pyautogui.keyDown": (("key",), lambda turn, given: turn._key_down(given.key(given.get("key")), given.line)),
    "pyautogui.keyUp": (("key",), lambda turn, given: turn._key_up(given.key(given.get("key")), given.line)),
    "pyperclip.copy": (("text",), _Turn._copy),
    "time.sleep": (("seconds",), _Turn._wait),
    "computer.wait": (("seconds",), lambda turn, given: turn._wait(given, WAITS)),
    "computer.terminate": (("status", "answer"), _Turn._terminate),
    "answer": (("answer",), _Turn._answer),
}


def _why_not(name: str) -> str:
    head = name.partition(".")[0]
    if head in ("pyautogui", "computer"):
        return "no verb of ours does this"
    return "it is no call of pyautogui"
