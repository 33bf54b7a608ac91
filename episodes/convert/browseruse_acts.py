"""The actions of browser-use, old names and new, as verbs of ours; elements as what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote_plus

from pydantic import ValidationError

from ...tools.actions import (
    Answer,
    Back,
    Click,
    CloseTab,
    Done,
    Drag,
    Fail,
    IntendedAct,
    Key,
    Navigate,
    NewTab,
    Place,
    Read,
    Say,
    Scroll,
    Select,
    SwitchTab,
    Target,
    Type,
    Upload,
    Wait,
)
from ...tools.geometry import Box, Point
from ...tools.python_calls import SourceRefused
from ...tools.secrets import placeholder
from ...tools.words import cut, one_line
from ..schema import first_problem
from .reading import number, text
from .recording import Tally


class Given(NamedTuple):
    """One action as it was recorded.

    Attributes:
        action: ``{"click": {"index": 5}}``.
        element: What the index meant.
        result: What came of it.
        frame: The screen, frame pixels.
        turn: Index of the turn, for names of what was read.
    """

    action: Any
    element: Any
    result: dict[str, Any]
    frame: Box
    turn: int


def act_of(given: Given, tally: Tally) -> IntendedAct | Say:
    """The verb of an action.

    Raises:
        SourceRefused: No verb of ours says it.
    """
    name, said = _named(given.action)
    read = _ACTS.get(_SAME.get(name, name))
    if read is None:
        raise SourceRefused(f"{cut(ascii(name)[1:-1], 60)} has no verb")
    try:
        return read(given, said, tally)
    except ValidationError as error:
        raise SourceRefused(f"{name}: {first_problem(error)}") from error
    except ValueError as error:
        raise SourceRefused(f"{name}: {error}") from error


def _named(action: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(action, dict):
        raise SourceRefused("an action that is no object")
    # a dump with all alternatives has null for those that were not chosen
    chosen = [(name, value) for name, value in action.items() if value is not None]
    if len(chosen) != 1:
        raise SourceRefused(f"an action with {len(chosen)} names")
    name, value = chosen[0]
    return str(name), value if isinstance(value, dict) else {}


def target_of(element: Any, index: Any) -> Target:
    """What an element is called.

    Raises:
        SourceRefused: Nothing is known of it.
    """
    if not isinstance(element, dict):
        raise SourceRefused(f"element {cut(str(index), 20)}, of which nothing was recorded")
    attributes = element.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    tag = (text(element.get("node_name")) or text(element.get("tag_name"))).lower()
    named = (
        element.get("ax_name"),
        attributes.get("aria-label"),
        attributes.get("placeholder"),
        element.get("node_value"),
        attributes.get("title"),
        attributes.get("alt"),
        attributes.get("value") if attributes.get("type") in ("submit", "button") else None,
        attributes.get("name"),
        attributes.get("id"),
    )
    name = next((one_line(each) for each in named if isinstance(each, str) and each.strip()), "")
    path = text(element.get("x_path")) or text(element.get("xpath"))
    description = name or (f"{tag or 'element'} at {path}" if path else "")
    if not description:
        raise SourceRefused(f"element {cut(str(index), 20)}, which has no name")
    return Target(description=cut(description, 300), role=_role(tag, attributes) if name else None)


def _role(tag: str, attributes: dict[str, Any]) -> str | None:
    role = text(attributes.get("role"))
    if re.fullmatch(r"[a-z]+", role):
        return role
    if tag == "input":
        return _INPUTS.get(text(attributes.get("type")) or "text", "textbox")
    if tag == "a" and "href" in attributes:
        return "link"
    return _TAGS.get(tag)


_TAGS = {
    "button": "button",
    "a": "link",
    "textarea": "textbox",
    "select": "combobox",
    "option": "option",
    "summary": "button",
}
_INPUTS = {
    "button": "button",
    "submit": "button",
    "reset": "button",
    "image": "button",
    "checkbox": "checkbox",
    "radio": "radio",
    "range": "slider",
    "number": "spinbutton",
    "search": "searchbox",
    "file": "button",
}
_SECRET = re.compile(r"<secret>\s*([A-Za-z_]\w*)\s*</secret>")


def _place(given: Given, said: dict[str, Any]) -> Place:
    return target_of(given.element, said.get("index"))


def _click(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    if said.get("index") is None and said.get("coordinate_x") is not None:
        x, y = number(said.get("coordinate_x")), number(said.get("coordinate_y"))
        done = given.result.get("metadata")
        if isinstance(done, dict) and number(done.get("click_x")) is not None:
            # what the model said lies in the picture that it was sent, this in the viewport
            x, y = number(done.get("click_x")), number(done.get("click_y"))
        if x is None or y is None:
            raise SourceRefused("a coordinate that is no number")
        tally.lose("the scale of the screen: a pixel of the page is taken for one of the screenshot")
        return Click[Place](at=Point(x=x, y=y))
    return Click[Place](at=_place(given, said))


def _input(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    words = said.get("text")
    if not isinstance(words, str):
        raise SourceRefused("no text")
    words = _SECRET.sub(lambda match: placeholder(match[1]), words)
    return Type[Place](text=words, at=_place(given, said), replace=said.get("clear") is not False)


def _navigate(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    url = text(said.get("url"))
    return NewTab(url=url) if said.get("new_tab") is True else Navigate(url=url)


def _search(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    engine = text(said.get("engine")).lower() or ("google" if "search_google" in given.action else "duckduckgo")
    address = _ENGINES.get(engine)
    if address is None:
        raise SourceRefused(f"the search engine {cut(ascii(engine), 40)}")
    tally.lose("a search by the name of its engine: kept as the address that it opens")
    return Navigate(url=address + quote_plus(text(said.get("query")), errors="replace"))


_ENGINES = {
    "google": "https://www.google.com/search?udm=14&q=",
    "duckduckgo": "https://duckduckgo.com/?q=",
    "bing": "https://www.bing.com/search?q=",
}


def _scroll(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    up = "scroll_up" in given.action or said.get("down") is False
    pages = said.get("pages", said.get("num_pages", 1))
    amount = number(said.get("amount"))
    length = amount if amount is not None else (number(pages) or 0) * given.frame.height
    if not 0 < length <= 1_000_000:
        raise SourceRefused(f"a length of {length:g}")
    at = _place(given, said) if said.get("index") not in (None, 0) and isinstance(given.element, dict) else None
    return Scroll[Place](at=at, dy=-length if up else length)


def _keys(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    keys = text(said.get("keys"))
    try:
        return Key(keys=tuple(keys.split(" ")) if " " in keys.strip() else (keys,))
    except ValidationError:
        if not keys:
            raise
        return Type[Place](text=keys)


def _tab(given: Given, said: dict[str, Any]) -> str:
    found = said.get("tab_id", said.get("page_id"))
    if found is None:
        raise SourceRefused("no tab")
    return cut(str(found), 60)


def _select(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    return Select[Place](at=_place(given, said), options=(text(said.get("text")),))


def _wait(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    return Wait[Place](seconds=said.get("seconds", 3))


def _drag(given: Given, said: dict[str, Any], tally: Tally) -> IntendedAct:
    sides = [
        number(said.get(name)) for name in ("coord_source_x", "coord_source_y", "coord_target_x", "coord_target_y")
    ]
    if None in sides:
        raise SourceRefused("a drag between elements")
    x1, y1, x2, y2 = (each or 0.0 for each in sides)
    return Drag[Place](path=(Point(x=x1, y=y1), Point(x=x2, y=y2)))


def _extract(given: Given, said: dict[str, Any], tally: Tally) -> Say:
    name = text(said.get("query")) or text(said.get("goal")) or f"extract {given.turn}"
    return Read(name=cut(name, 200), value=text(given.result.get("extracted_content")))


def _done(given: Given, said: dict[str, Any], tally: Tally) -> Say:
    words = text(said.get("text")) or text(given.result.get("extracted_content"))
    if said.get("success") is False:
        return Fail(reason=words or "the agent does not say why")
    return Answer(text=words) if words else Done()


_Act: TypeAlias = Callable[[Given, dict[str, Any], Tally], IntendedAct | Say]
_SAME = {
    "click_element": "click",
    "click_element_by_index": "click",
    "input_text": "input",
    "go_to_url": "navigate",
    "open_tab": "new_tab",
    "search_google": "search",
    "scroll_down": "scroll",
    "scroll_up": "scroll",
    "switch_tab": "switch",
    "close_tab": "close",
    "select_dropdown_option": "select_dropdown",
    "extract_content": "extract",
    "extract_structured_data": "extract",
}
_ACTS: dict[str, _Act] = {
    "click": _click,
    "input": _input,
    "navigate": _navigate,
    "new_tab": lambda given, said, tally: NewTab(url=text(said.get("url")) or None),
    "search": _search,
    "scroll": _scroll,
    "send_keys": _keys,
    "go_back": lambda given, said, tally: Back(),
    "switch": lambda given, said, tally: SwitchTab(tab=_tab(given, said)),
    "close": lambda given, said, tally: CloseTab(tab=_tab(given, said)),
    "select_dropdown": _select,
    "upload_file": lambda given, said, tally: Upload[Place](at=_place(given, said), paths=(text(said.get("path")),)),
    "wait": _wait,
    "drag_drop": _drag,
    "extract": _extract,
    "done": _done,
}
