"""The arguments of a call by name, whichever way they were given, each checked for what it has to be."""

from __future__ import annotations

from .actions import Button
from .pyautogui_keys import key_named
from .python_calls import Call, SourceRefused, Value


class Arguments:
    """The arguments of a call.

    Args:
        call: The call.
        names: What its positional arguments are called; one with a star takes all of them.

    Raises:
        SourceRefused: There are too many, or one of an unknown name. So does each method, where a value is not what it has to be.
    """

    def __init__(self, call: Call, names: tuple[str, ...]) -> None:
        self.line, self.name = call.line, call.name
        self._several = names[-1].startswith("*")
        fields = [name.removeprefix("*") for name in names]
        known = {*fields, "duration", "interval", "tween", "logScreenshot", "_pause", "button", "pause"}
        wrong = next((name for name in call.named if name not in known), None)
        if wrong is not None:
            raise SourceRefused(f"line {call.line}: {call.name} has no argument {wrong!r}")
        values: dict[str, Value] = dict(call.named)
        if self._several:
            if call.arguments:
                values[fields[-1]] = list(call.arguments)
        elif len(call.arguments) > len(fields):
            raise SourceRefused(f"line {call.line}: {call.name} has at most {len(fields)} arguments")
        else:
            for name, value in zip(fields, call.arguments, strict=False):
                if name in values:
                    raise SourceRefused(f"line {call.line}: {call.name} gives {name} twice")
                values[name] = value
        self._values = values

    def has(self, name: str) -> bool:
        """Whether it was given."""
        return name in self._values

    def get(self, name: str) -> Value:
        """Its value; None when it was not given."""
        return self._values.get(name)

    def number(self, name: str, otherwise: float | None = None) -> float:
        """Its value, which has to be a number."""
        value = self._values.get(name, otherwise)
        if type(value) not in (int, float):
            raise SourceRefused(f"line {self.line}: {self.name}: {name} is no number: {value!r}")
        return value  # type: ignore[return-value]  # by the test above

    def whole(self, name: str, otherwise: int) -> int:
        """Its value, which has to be a whole number."""
        value = self.number(name, otherwise)
        if value != int(value):
            raise SourceRefused(f"line {self.line}: {self.name}: {name} is no whole number: {value!r}")
        return int(value)

    def button(self) -> Button:
        """The mouse button; the left one when none is named."""
        value = self._values.get("button", "left")
        found = _BUTTONS.get(value) if isinstance(value, str | int) else None
        if found is None:
            raise SourceRefused(f"line {self.line}: {self.name}: {value!r} is no button")
        return found

    def key(self, value: Value) -> str:
        """The canonical key that a value names."""
        if not isinstance(value, str):
            raise SourceRefused(f"line {self.line}: {self.name}: {value!r} is no key")
        try:
            return key_named(value)
        except ValueError as error:
            raise SourceRefused(f"line {self.line}: {self.name}: {error}") from error

    def all_keys(self) -> list[Value]:
        """Keys given one by one, or as one list."""
        keys = self._values.get("keys", [])
        if isinstance(keys, str):
            return [keys]
        found = list(keys) if isinstance(keys, list | tuple) else [keys]
        return [each for one in found for each in (one if isinstance(one, list | tuple) else [one])]


_BUTTONS: dict[str | int, Button] = {
    "left": "left",
    "primary": "left",
    1: "left",
    "middle": "middle",
    2: "middle",
    "right": "right",
    "secondary": "right",
    3: "right",
}
