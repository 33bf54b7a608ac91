"""The names of keys in pyautogui: theirs → ours, and back."""

from __future__ import annotations

from .keys import canonical

_THEIRS = {
    "ctrlleft": "Control",
    "ctrlright": "Control",
    "shiftleft": "Shift",
    "shiftright": "Shift",
    "altleft": "Alt",
    "altright": "Alt",
    "optionleft": "Alt",
    "optionright": "Alt",
    "winleft": "Meta",
    "winright": "Meta",
    "cmdleft": "Meta",
    "cmdright": "Meta",
    "meta_l": "Meta",
    "meta_r": "Meta",
    "prntscrn": "PrintScreen",
    "prtscr": "PrintScreen",
    "printscrn": "PrintScreen",
    "scroll_lock": "ScrollLock",
    "multiply": "*",
    "add": "+",
    "subtract": "-",
    "decimal": ".",
    "divide": "/",
    **{f"num{digit}": str(digit) for digit in range(10)},
}
_OURS = {
    "Control": "ctrl",
    "Meta": "win",
    "ArrowLeft": "left",
    "ArrowRight": "right",
    "ArrowUp": "up",
    "ArrowDown": "down",
    "Escape": "esc",
    "ContextMenu": "apps",
    "AltGraph": "altright",
    " ": "space",
}


def key_named(name: str) -> str:
    """The canonical name of a key that pyautogui, or an agent that writes for it, calls ``name``.

    Raises:
        ValueError: There is no such key.
    """
    if name == "\r":
        return "Enter"
    return _THEIRS.get(name.lower()) or canonical(name)


def pyautogui_key(key: str) -> str:
    """What pyautogui calls a canonical key."""
    return _OURS.get(key, key if len(key) == 1 else key.lower())
