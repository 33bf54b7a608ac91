"""AT-SPI's numbers of roles and states in ARIA's words.

The numbers are part of its wire format (``atspi-constants.h``); the names of roles that a program sends besides are translated
into the user's language, and differ between toolkits.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class State(IntFlag):
    """What of the set of states matters here."""

    ACTIVE = 1 << 1
    BUSY = 1 << 3
    CHECKED = 1 << 4
    EDITABLE = 1 << 7
    ENABLED = 1 << 8
    EXPANDABLE = 1 << 9
    EXPANDED = 1 << 10
    FOCUSED = 1 << 12
    ICONIFIED = 1 << 15
    MODAL = 1 << 16
    MULTI_LINE = 1 << 17
    PRESSED = 1 << 20
    SELECTABLE = 1 << 22
    SELECTED = 1 << 23
    SENSITIVE = 1 << 24
    SHOWING = 1 << 25
    MANAGES_DESCENDANTS = 1 << 31
    INDETERMINATE = 1 << 32
    REQUIRED = 1 << 33
    CHECKABLE = 1 << 41
    READ_ONLY = 1 << 43


class Role(IntEnum):
    """The roles that are treated each in its own way."""

    NONE = 0
    COLUMN_HEADER = 10
    COMBO_BOX = 11
    FRAME = 23
    ICON = 26
    LABEL = 29
    LAYERED_PANE = 30
    LIST = 31
    LIST_ITEM = 32
    MENU = 33
    MENU_BAR = 34
    MENU_ITEM = 35
    PANEL = 39
    PASSWORD = 40
    POPUP_MENU = 41
    PROGRESS_BAR = 42
    SCROLL_BAR = 48
    SCROLL_PANE = 49
    SLIDER = 51
    SPIN_BUTTON = 52
    TABLE = 55
    TABLE_CELL = 56
    TABLE_COLUMN_HEADER = 57
    TERMINAL = 60
    TEXT = 61
    TOGGLE_BUTTON = 62
    TOOL_TIP = 64
    TREE = 65
    TREE_TABLE = 66
    VIEWPORT = 68
    WINDOW = 69
    PARAGRAPH = 73
    EDITBAR = 77
    ENTRY = 79
    HEADING = 83
    LINK = 88
    INPUT_METHOD = 89
    LIST_BOX = 98
    STATIC = 116


_NAMES = {
    2: ("alert", "alertdialog"),
    5: ("calendar", "grid"),
    6: ("canvas", "canvas"),
    7: ("check box", "checkbox"),
    8: ("check menu item", "menuitemcheckbox"),
    9: ("color chooser", "dialog"),
    10: ("column header", "columnheader"),
    11: ("combo box", "combobox"),
    12: ("date editor", "date"),
    13: ("desktop icon", "option"),
    15: ("dial", "slider"),
    16: ("dialog", "dialog"),
    18: ("drawing area", "canvas"),
    19: ("file chooser", "dialog"),
    20: ("filler", "generic"),
    22: ("font chooser", "dialog"),
    23: ("frame", "window"),
    26: ("icon", "image"),
    27: ("image", "image"),
    28: ("internal frame", "window"),
    29: ("label", "text"),
    30: ("layered pane", "generic"),
    31: ("list", "list"),
    32: ("list item", "listitem"),
    33: ("menu", "menu"),
    34: ("menu bar", "menubar"),
    35: ("menu item", "menuitem"),
    37: ("page tab", "tab"),
    38: ("page tab list", "tablist"),
    39: ("panel", "generic"),
    40: ("password text", "textbox"),
    41: ("popup menu", "menu"),
    42: ("progress bar", "progressbar"),
    43: ("push button", "button"),
    44: ("radio button", "radio"),
    45: ("radio menu item", "menuitemradio"),
    46: ("root pane", "generic"),
    47: ("row header", "rowheader"),
    48: ("scroll bar", "scrollbar"),
    49: ("scroll pane", "generic"),
    50: ("separator", "separator"),
    51: ("slider", "slider"),
    52: ("spin button", "spinbutton"),
    53: ("split pane", "generic"),
    54: ("status bar", "status"),
    55: ("table", "table"),
    56: ("table cell", "cell"),
    57: ("table column header", "columnheader"),
    58: ("table row header", "rowheader"),
    60: ("terminal", "textbox"),
    61: ("text", "textbox"),
    62: ("toggle button", "button"),
    63: ("tool bar", "toolbar"),
    64: ("tool tip", "tooltip"),
    65: ("tree", "tree"),
    66: ("tree table", "treegrid"),
    67: ("unknown", "generic"),
    68: ("viewport", "generic"),
    69: ("window", "window"),
    73: ("paragraph", "paragraph"),
    76: ("autocomplete", "textbox"),
    77: ("edit bar", "textbox"),
    79: ("entry", "textbox"),
    80: ("chart", "figure"),
    81: ("caption", "text"),
    82: ("document frame", "document"),
    83: ("heading", "heading"),
    85: ("section", "section"),
    87: ("form", "form"),
    88: ("link", "link"),
    90: ("table row", "row"),
    91: ("tree item", "treeitem"),
    92: ("spreadsheet", "document"),
    93: ("presentation", "document"),
    94: ("text document", "document"),
    95: ("web document", "document"),
    96: ("email", "document"),
    97: ("comment", "comment"),
    98: ("list box", "listbox"),
    99: ("grouping", "group"),
    101: ("notification", "alert"),
    102: ("info bar", "alert"),
    103: ("level bar", "meter"),
    104: ("title bar", "generic"),
    105: ("block quote", "blockquote"),
    108: ("definition", "definition"),
    109: ("article", "article"),
    110: ("landmark", "region"),
    111: ("log", "log"),
    116: ("static", "text"),
}
"""Number → name in AT-SPI, role in ARIA; what is not here has no word in ARIA."""

TEXTUAL = frozenset(
    {Role.PASSWORD, Role.SPIN_BUTTON, Role.TERMINAL, Role.TEXT, Role.EDITBAR, Role.ENTRY, Role.PARAGRAPH, Role.COMBO_BOX, 76, 12}
)  # fmt: skip
"""Of these the text that they hold is asked for."""
PLAIN = frozenset({Role.LABEL, Role.STATIC, Role.HEADING, Role.LINK, 81})
"""What shows text, of which the name may be another."""
VALUED = frozenset({Role.SLIDER, Role.SPIN_BUTTON, Role.PROGRESS_BAR, 15, 103})
"""These have a number."""
CLIPPING = frozenset(
    {
        Role.SCROLL_PANE,
        Role.VIEWPORT,
        Role.LAYERED_PANE,
        Role.TABLE,
        Role.TREE,
        Role.TREE_TABLE,
        Role.LIST,
        Role.LIST_BOX,
        Role.TEXT,
    }
)
"""What is in these is seen inside of them only."""
HOLDERS = frozenset({Role.MENU, Role.POPUP_MENU, Role.LIST, Role.LIST_BOX, Role.TABLE, Role.TREE, Role.TREE_TABLE})
"""Hold what can be chosen."""
HEADERS = frozenset({Role.COLUMN_HEADER, Role.TABLE_COLUMN_HEADER})
ROW_HEADERS = frozenset({47, 58})
LAYOUT = frozenset({20, 39, 46, 53, 63, 67, 99})
"""Boxes for the layout only (fillers, panels …): their children have no order of their own."""
POPUPS = frozenset({Role.POPUP_MENU, Role.TOOL_TIP, Role.INPUT_METHOD})
_TREES = frozenset({Role.TREE, Role.TREE_TABLE})
_NAMED_BY_CONTENT = frozenset(
    "button checkbox radio menuitem menuitemcheckbox menuitemradio option listitem tab treeitem link cell row columnheader".split()
)


def aria(role: int, states: int, parent: int) -> str:
    """The ARIA role of a thing.

    Args:
        role: Its number.
        states: Its set of states.
        parent: Role of what it is in.
    """
    if role == Role.LIST_ITEM and (states & State.SELECTABLE or parent == Role.LIST_BOX):
        return "option"
    if role == Role.ICON and states & State.SELECTABLE:
        return "option"
    if role == Role.MENU and parent in (Role.MENU, Role.MENU_BAR, Role.POPUP_MENU):
        # an item with a menu of its own
        return "menuitem"
    if role == Role.TABLE_CELL and parent in _TREES and states & State.EXPANDABLE:
        return "treeitem"
    return _NAMES.get(role, ("", "generic"))[1]


def kind(role: int) -> str:
    """What AT-SPI calls a role, in English."""
    return _NAMES.get(role, (f"role {role}", ""))[0]


_NUMBERS = {name: number for number, (name, _) in _NAMES.items()} | {"button": 43, "application": 75}
"""English name of a role → its number; that of a button has two names, as at-spi2-core 2.52 shortened it."""


def role_named(name: str) -> int:
    """The number of a role that AT-SPI calls so in English; that of the unknown where there is none of that name."""
    return _NUMBERS.get(name, 67)


def named_by_content(role: str) -> bool:
    """Whether something of that ARIA role that has no name is called as what stands in it."""
    return role in _NAMED_BY_CONTENT


_ALWAYS = (
    (State.FOCUSED, "focused"),
    (State.SELECTED, "selected"),
    (State.REQUIRED, "required"),
    (State.BUSY, "busy"),
    (State.MODAL, "modal"),
)


def states_of(number: int, role: str, states: int) -> tuple[str, ...]:
    """The states of a thing, in words.

    Args:
        number: Its role in AT-SPI.
        role: The same in ARIA.
        states: Its set of states.
    """
    found = [word for flag, word in _ALWAYS if states & flag]
    if not states & (State.ENABLED | State.SENSITIVE):
        found.append("disabled")
    if role in ("checkbox", "radio", "menuitemcheckbox", "menuitemradio") or (
        states & State.CHECKABLE and role not in ("button", "menuitem")
    ):
        mixed = states & State.INDETERMINATE
        found.append("mixed" if mixed else "checked" if states & State.CHECKED else "unchecked")
    elif number == Role.TOGGLE_BUTTON or (role == "button" and states & State.CHECKABLE):
        found.append("pressed" if states & (State.CHECKED | State.PRESSED) else "unpressed")
    if states & State.EXPANDABLE:
        found.append("expanded" if states & State.EXPANDED else "collapsed")
    if role == "textbox":
        if states & State.MULTI_LINE or number == Role.TERMINAL:
            found.append("multiline")
        if number != Role.TERMINAL and (states & State.READ_ONLY or not states & State.EDITABLE):
            found.append("readonly")
    if number == Role.PASSWORD:
        found.append("protected")
    return tuple(found)
