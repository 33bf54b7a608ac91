"""What the computed style of a node means for what can be seen and hit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PROPERTIES = (
    "display",
    "visibility",
    "opacity",
    "pointer-events",
    "overflow-x",
    "overflow-y",
    "position",
    "transform",
    "border-left-width",
    "border-top-width",
    "border-right-width",
    "border-bottom-width",
    "padding-left",
    "padding-top",
)
"""CSS properties to ask a layout snapshot for, in this order."""


class Style(NamedTuple):
    """The part of a computed style that matters here.

    Attributes:
        visible: ``visibility`` lets it be seen.
        faded: Its opacity is 0: it cannot be seen, but it can be clicked.
        transparent: Clicks pass through it.
        clips: What overflows it is not shown.
        cuts: What overflows it cannot be scrolled to either.
        scrolls: What overflows it can be scrolled to.
        position: CSS ``position``.
        inline: It flows with the text around it, and wraps with it.
        contains_absolute: What is positioned absolutely inside is positioned by it.
        border: Widths left, top, right, bottom, CSS pixels.
        padding: Left and top, CSS pixels.
    """

    visible: bool
    faded: bool
    transparent: bool
    clips: bool
    cuts: tuple[bool, bool]
    scrolls: tuple[bool, bool]
    position: str
    inline: bool
    contains_absolute: bool
    border: tuple[float, float, float, float]
    padding: tuple[float, float]


PLAIN = Style(True, False, False, False, (False, False), (False, False), "static", False, False, (0, 0, 0, 0), (0, 0))
_FAR = 1e9
"""Of nodes that have no style of their own: documents."""


def style_of(row: Sequence[int], strings: Sequence[str]) -> Style:
    """Reads one row of the snapshot's styles, which are indices into its strings."""
    if not row:
        return PLAIN
    text = dict(zip(PROPERTIES, (strings[each] for each in row), strict=True))
    position = text["position"]
    return Style(
        visible=text["visibility"] == "visible",
        faded=text["opacity"] == "0",
        transparent=text["pointer-events"] == "none",
        clips=not (text["overflow-x"] == text["overflow-y"] == "visible"),
        cuts=(text["overflow-x"] in ("hidden", "clip"), text["overflow-y"] in ("hidden", "clip")),
        scrolls=(text["overflow-x"] in ("auto", "scroll"), text["overflow-y"] in ("auto", "scroll")),
        position=position,
        inline=text["display"] == "inline",
        contains_absolute=position != "static" or text["transform"] != "none",
        border=(
            _px(text["border-left-width"]),
            _px(text["border-top-width"]),
            _px(text["border-right-width"]),
            _px(text["border-bottom-width"]),
        ),
        padding=(_px(text["padding-left"]), _px(text["padding-top"])),
    )


def _px(text: str) -> float:
    return float(text.removesuffix("px") or 0) if text.endswith("px") else 0.0
