"""The windows of an X display: as the window manager lists them (EWMH), or without one as the X server has them.

Extended Window Manager Hints: https://specifications.freedesktop.org/wm-spec/latest/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ....tools.errors import ActionError
from ....tools.geometry import Box
from ..seat import Shown

if TYPE_CHECKING:
    from Xlib.display import Display

_ALL_DESKTOPS = 0xFFFFFFFF
_PAGER = 2
"""Source of a request that a person's tool makes: it is granted where an application's own would only be hinted at."""
_NO_WINDOWS = frozenset(
    f"_NET_WM_WINDOW_TYPE_{kind}"
    for kind in "DESKTOP DOCK TOOLBAR MENU SPLASH NOTIFICATION TOOLTIP POPUP_MENU DROPDOWN_MENU COMBO DND".split()
)
"""Types of what a window manager shows, and a person would not count as a window."""
_SHADOWS = "_GTK_FRAME_EXTENTS"
_REACH = 0x7FFFFFFF


class Windows:
    """Lists and asks the windows of one display.

    Args:
        display: A connection to it.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._root = display.screen().root
        self._atoms: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def windows(self) -> tuple[Shown, ...]:
        """See `Seat.windows`."""
        active = self._active()
        here = self._number(self._root, "_NET_CURRENT_DESKTOP")
        found = []
        for window in self._listed():
            shown = self._shown(window, window.id == active, here)
            if shown is not None:
                found.append(shown)
        return tuple(found)

    def focus(self, id: str) -> None:
        """See `Seat.focus_window`."""
        from Xlib import X

        window = self._of(id)
        with self._asking(window) as heard:
            if self._is_managed():
                self._ask(window, "_NET_ACTIVE_WINDOW", (_PAGER, X.CurrentTime, 0), heard)
            else:
                window.configure(stack_mode=X.Above, onerror=heard)
                window.set_input_focus(X.RevertToPointerRoot, X.CurrentTime, onerror=heard)

    def close(self, id: str) -> None:
        """See `Seat.close_window`."""
        from Xlib import X

        window = self._of(id)
        with self._asking(window) as heard:
            if self._is_managed():
                self._ask(window, "_NET_CLOSE_WINDOW", (X.CurrentTime, _PAGER), heard)
            elif "WM_DELETE_WINDOW" in self._atom_names(window, "WM_PROTOCOLS"):
                event = self._message(window, "WM_PROTOCOLS", (self._atom("WM_DELETE_WINDOW"), X.CurrentTime))
                window.send_event(event, onerror=heard)
            else:
                # it does not know of being asked
                window.kill_client(onerror=heard)

    @contextmanager
    def _asking(self, window: Any) -> Iterator[Any]:
        """Hears what the server says of requests about a window, which may go between being listed and being asked.

        Raises:
            ActionError: It is gone, or cannot be asked that.
        """
        from Xlib import error

        heard = error.CatchError()
        try:
            # its first request has an answer, so that of a window that is gone it says so also where a manager is asked in its place
            window.get_attributes()
            yield heard
            self._display.sync()
            problem = heard.get_error()
        except error.XError as refused:
            problem = refused
        if problem is None:
            return
        gone = isinstance(problem, error.BadWindow | error.BadDrawable | error.BadValue)
        raise ActionError(
            f"the window {_id(window)} {'is gone' if gone else f'cannot be asked that: {problem}'}",
            remedy="look again: what windows there are has changed",
        ) from problem

    def _of(self, id: str) -> Any:
        windows = self._listed()
        for window in windows:
            if _id(window) == id:
                return window
        raise ActionError(f"there is no window {id}", remedy=f"there are: {', '.join(map(_id, windows)) or 'none'}")

    def _listed(self) -> list[Any]:
        """The windows that could be seen, the lowest first."""
        for name in ("_NET_CLIENT_LIST_STACKING", "_NET_CLIENT_LIST"):
            if self._is_managed():
                ids = self._numbers(self._root, name)
                if ids is not None:
                    return [self._display.create_resource_object("window", each) for each in ids]
        return list(self._unmanaged())

    def _unmanaged(self) -> Iterator[Any]:
        from Xlib import X, error

        for window in self._root.query_tree().children:
            try:
                attributes = window.get_attributes()
            except error.XError:
                continue
            if attributes.map_state == X.IsViewable and not attributes.override_redirect:
                yield window

    def _is_managed(self) -> bool:
        """Whether a window manager runs; one that died leaves its properties behind, but not its window."""
        from Xlib import error

        check = self._number(self._root, "_NET_SUPPORTING_WM_CHECK")
        if not check:
            return False
        try:
            window = self._display.create_resource_object("window", check)
            return self._number(window, "_NET_SUPPORTING_WM_CHECK") == check
        except error.XError:
            return False

    def _active(self) -> int:
        if self._is_managed():
            return self._number(self._root, "_NET_ACTIVE_WINDOW") or 0
        focus = self._display.get_input_focus().focus
        # a number stands for none, or for whatever is under the pointer
        return self._top(focus) if not isinstance(focus, int) else 0

    def _top(self, window: Any) -> int:
        from Xlib import error

        try:
            parent = window.query_tree().parent
            while parent and parent.id != self._root.id:
                window, parent = parent, parent.query_tree().parent
        except error.XError:
            return 0
        return int(window.id)

    def _shown(self, window: Any, active: bool, here: int | None) -> Shown | None:
        """What is to be said of a window; None for one that went meanwhile, or is none to a person."""
        from Xlib import error

        try:
            kinds = self._atom_names(window, "_NET_WM_WINDOW_TYPE")
            states = self._atom_names(window, "_NET_WM_STATE")
            if kinds and kinds[0] in _NO_WINDOWS:
                return None
            desktop = self._number(window, "_NET_WM_DESKTOP")
            elsewhere = here is not None and desktop not in (None, here, _ALL_DESKTOPS)
            return Shown(
                id=_id(window),
                title=self._title(window),
                program=self._program(window),
                pid=self._number(window, "_NET_WM_PID") or 0,
                box=self._box(window),
                active=active,
                hidden=elsewhere or "_NET_WM_STATE_HIDDEN" in states,
                modal="_NET_WM_STATE_MODAL" in states,
            )
        except error.XError:
            return None

    def _box(self, window: Any) -> Box:
        """The outside of a window as it is seen: with the frame of the window manager, without shadows that it draws itself.

        A position from `get_geometry` is within the frame, which the manager puts around it, and its own report may be stale.
        """
        size = window.get_geometry()
        corner = window.translate_coords(self._root, 0, 0)
        # the call asks where the root's corner is as the window sees it
        left, top = -corner.x - size.border_width, -corner.y - size.border_width
        width, height = size.width + 2 * size.border_width, size.height + 2 * size.border_width
        out = _sides(self._numbers(window, "_NET_FRAME_EXTENTS"))
        shadow = _sides(self._numbers(window, _SHADOWS))
        right = max(left - out[0] + shadow[0], left + width + out[1] - shadow[1])
        bottom = max(top - out[2] + shadow[2], top + height + out[3] - shadow[3])
        return Box(left=left - out[0] + shadow[0], top=top - out[2] + shadow[2], right=right, bottom=bottom)

    def _title(self, window: Any) -> str:
        value = self._property(window, "_NET_WM_NAME")
        value = value if value is not None else self._property(window, "WM_NAME")
        if value is None:
            return ""
        return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")

    def _program(self, window: Any) -> str:
        names = window.get_wm_class()
        return names[1] if names else ""

    def _property(self, window: Any, name: str) -> Any:
        from Xlib import X

        found = window.get_full_property(self._atom(name), X.AnyPropertyType, _REACH >> 8)
        return found.value if found is not None else None

    def _numbers(self, window: Any, name: str) -> list[int] | None:
        value = self._property(window, name)
        return [int(each) for each in value] if value is not None and not isinstance(value, bytes | str) else None

    def _number(self, window: Any, name: str) -> int | None:
        values = self._numbers(window, name)
        return values[0] if values else None

    def _atom_names(self, window: Any, name: str) -> list[str]:
        return [self._name(each) for each in self._numbers(window, name) or ()]

    def _atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self._display.intern_atom(name)
        return self._atoms[name]

    def _name(self, atom: int) -> str:
        if atom not in self._names:
            self._names[atom] = self._display.get_atom_name(atom)
        return self._names[atom]

    def _message(self, window: Any, name: str, data: Iterable[int]) -> Any:
        from Xlib.protocol import event

        words = [*data, 0, 0, 0, 0, 0][:5]
        return event.ClientMessage(window=window, client_type=self._atom(name), data=(32, words))

    def _ask(self, window: Any, name: str, data: Iterable[int], heard: Any) -> None:
        from Xlib import X

        mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
        self._root.send_event(self._message(window, name, data), event_mask=mask, onerror=heard)


def _id(window: Any) -> str:
    return f"0x{window.id:x}"


def _sides(values: list[int] | None) -> tuple[int, int, int, int]:
    return (values[0], values[1], values[2], values[3]) if values is not None and len(values) >= 4 else (0, 0, 0, 0)
