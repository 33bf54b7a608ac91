"""Runs inside the virtual machine, by ``python -c``: input and windows of its X display. Nothing here is imported on this side.

It stands on python-xlib alone, through which the machine's own server acts too. A character that the layout has is typed by its keys;
any other one gets a keycode that nothing uses, and keeps it: programs may read a key long after it was pressed. Only where all are taken is
one bound anew, after a pause. Python 3.7 and python-xlib 0.15 are enough.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

UNICODE = 0x01000000
PAUSE = 1.0
BETWEEN = 0.004
MOST = 64


class Refused(Exception):
    """What was ordered cannot be done."""


class Hands:
    """Carries out orders at the display that ``DISPLAY`` names."""

    def __init__(self) -> None:
        from Xlib import X, display
        from Xlib.ext import xtest

        self.x, self.fake = X, xtest.fake_input
        self.display = display.Display()
        self.screen = self.display.screen()
        self.root = self.screen.root

    def run(self, orders: list[list[Any]]) -> dict[str, Any]:
        """Carries out orders, each a list: its name, and what goes with it."""
        for name, *rest in orders:
            getattr(self, "do_" + name)(*rest)
            self.display.sync()
        return self.look()

    def do_sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def do_move(self, x: int, y: int) -> None:
        self.fake(self.display, self.x.MotionNotify, x=x, y=y)

    def do_press(self, button: int) -> None:
        self.fake(self.display, self.x.ButtonPress, button)

    def do_release(self, button: int) -> None:
        self.fake(self.display, self.x.ButtonRelease, button)

    def do_down(self, key: int | str) -> None:
        self.fake(self.display, self.x.KeyPress, self.code(key))

    def do_up(self, key: int | str) -> None:
        self.fake(self.display, self.x.KeyRelease, self.code(key))

    def code(self, key: int | str) -> int:
        from Xlib import XK

        if isinstance(key, str):
            XK.load_keysym_group("xkb")  # ISO_Level3_Shift
            key = int(XK.string_to_keysym(key))
        return self.strokes([key])[key][0]

    def do_type(self, keysyms: list[int]) -> None:
        at = 0
        while at < len(keysyms):
            found, end = self.batch(keysyms, at)
            for keysym in keysyms[at:end]:
                self.strike(*found[keysym])
            at = end

    def strike(self, code: int, shifted: bool) -> None:
        shift = self.strokes([0xFFE1])[0xFFE1][0] if shifted else None
        if shift:
            self.fake(self.display, self.x.KeyPress, shift)
        self.fake(self.display, self.x.KeyPress, code)
        self.fake(self.display, self.x.KeyRelease, code)
        if shift:
            self.fake(self.display, self.x.KeyRelease, shift)
        self.display.sync()
        time.sleep(BETWEEN)

    def batch(self, keysyms: list[int], at: int) -> tuple[dict[int, tuple[int, bool]], int]:
        """Strokes for as many keysyms from a place on as there are keycodes for, and where they end."""
        most = MOST
        while True:
            wanted: list[int] = []
            end = at
            while end < len(keysyms) and (keysyms[end] in wanted or len(wanted) < most):
                if keysyms[end] not in wanted:
                    wanted.append(keysyms[end])
                end += 1
            try:
                return self.strokes(wanted), end
            except Refused:
                if most == 1:
                    raise
                most //= 2

    def strokes(self, keysyms: list[int]) -> dict[int, tuple[int, bool]]:
        """Keysym to its keycode and whether Shift is held; binds what the layout does not have."""
        low = self.display.display.info.min_keycode
        table = self.display.get_keyboard_mapping(low, self.display.display.info.max_keycode - low + 1)
        known: dict[int, tuple[int, bool]] = {}
        for level in (0, 1):
            for offset, symbols in enumerate(table):
                if len(symbols) > level and symbols[level]:
                    known.setdefault(symbols[level], (low + offset, level == 1))
        # without Shift a bound key says the same as with it
        missing = [each for each in dict.fromkeys(keysyms) if each not in known]
        if missing:
            self.bind(missing, keysyms, known, table, low)
        return {each: known[each] for each in keysyms}

    def bind(
        self, missing: list[int], wanted: list[int], known: dict[int, tuple[int, bool]], table: Any, low: int
    ) -> None:
        used = {known[each][0] for each in wanted if each in known}
        free = [low + offset for offset, symbols in enumerate(table) if not any(symbols)]
        if len(free) < len(missing):
            ours = [low + offset for offset, symbols in enumerate(table) if self.ours(symbols)]
            free += [code for code in ours if code not in used]
            if len(free) < len(missing):
                raise Refused(f"there are no spare keys for {len(missing)} characters")
            time.sleep(PAUSE)
        width = len(table[0])
        for code, keysym in zip(free, missing):  # noqa: B905 — its strict= is of Python 3.10
            self.display.change_keyboard_mapping(code, [[keysym, keysym] + [0] * max(0, width - 2)])
            known[keysym] = (code, False)
        self.display.sync()

    @staticmethod
    def ours(symbols: list[int]) -> bool:
        return len(symbols) > 1 and symbols[0] == symbols[1] and (symbols[0] >= UNICODE or 0xA0 <= symbols[0] <= 0xFF)

    def do_focus(self, window: int) -> None:
        self.message(window, "_NET_ACTIVE_WINDOW", [2, 0, 0, 0, 0])

    def do_close(self, window: int) -> None:
        self.message(window, "_NET_CLOSE_WINDOW", [0, 2, 0, 0, 0])

    def message(self, window: int, name: str, data: list[int]) -> None:
        from Xlib.protocol import event

        told = event.ClientMessage(window=window, client_type=self.atom(name), data=(32, data))
        mask = self.x.SubstructureRedirectMask | self.x.SubstructureNotifyMask
        self.root.send_event(told, event_mask=mask)

    def look(self) -> dict[str, Any]:
        """Where the pointer is, and the windows, the lowest first."""
        at = self.root.query_pointer()
        return {"pointer": [at.root_x, at.root_y], "windows": self.windows()}

    def windows(self) -> list[dict[str, Any]]:
        from Xlib import error

        active = self.value(self.root, "_NET_ACTIVE_WINDOW") or [0]
        shown = self.value(self.root, "_NET_CURRENT_DESKTOP") or [0]
        found = []
        for number in (
            self.value(self.root, "_NET_CLIENT_LIST_STACKING") or self.value(self.root, "_NET_CLIENT_LIST") or []
        ):
            try:
                window = self.window(number, shown[0])
            except (error.BadWindow, error.BadDrawable):
                continue
            if window is not None:
                found.append(dict(window, active=number == active[0]))
        return found

    def window(self, number: int, desktop: int) -> dict[str, Any] | None:
        window = self.display.create_resource_object("window", number)
        kinds = list(self.value(window, "_NET_WM_WINDOW_TYPE") or [])
        if any(self.atom("_NET_WM_WINDOW_TYPE_" + kind) in kinds for kind in ("DESKTOP", "DOCK")):
            return None
        place = window.get_geometry()
        # of a window that fills its frame, the place on the screen is asked of the root
        at = self.root.translate_coords(window, 0, 0)
        left, right, top, bottom = self.value(window, "_NET_FRAME_EXTENTS") or (0, 0, 0, 0)
        states = list(self.value(window, "_NET_WM_STATE") or [])
        on = self.value(window, "_NET_WM_DESKTOP") or [desktop]
        name = self.value(window, "_NET_WM_NAME")
        title = bytes(name).decode("utf-8", "replace") if isinstance(name, bytes) else window.get_wm_name() or ""
        kind = window.get_wm_class()
        return {
            "id": number,
            "title": title,
            "program": kind[1] if kind else "",
            "box": [at.x - left, at.y - top, place.width + left + right, place.height + top + bottom],
            "hidden": self.atom("_NET_WM_STATE_HIDDEN") in states or on[0] not in (desktop, 0xFFFFFFFF),
            "modal": self.atom("_NET_WM_STATE_MODAL") in states,
        }

    def value(self, window: Any, name: str) -> Any:
        found = window.get_full_property(self.atom(name), self.x.AnyPropertyType)
        if found is None:
            return None
        return found.value if isinstance(found.value, bytes) else list(found.value)

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))


def main(orders: str) -> None:
    try:
        said = Hands().run(json.loads(orders))
    except Refused as refused:
        said = {"refused": str(refused)}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
