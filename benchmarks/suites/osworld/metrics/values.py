"""Metrics of what a machine said: texts, numbers, lists."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

Rules = Mapping[str, Any]


def exact_match(result: Any, rules: Rules) -> float:
    """Whether it is exactly ``expected``."""
    return float(result == rules["expected"])


def match_in_list(result: Any, rules: Rules) -> float:
    """Whether it is one of ``expected``."""
    return float(result in rules["expected"])


def is_in_list(result: Any, rules: Rules) -> float:
    """Whether ``expected`` is one of what was found, or a part of a text that was."""
    return 0.0 if result is None else float(rules["expected"] in result)


def literal_match(result: Any, expected: Any, **options: Any) -> float:
    """Whether two things are written alike: as texts, or (``type: list``) each entry of two lists of one length."""
    kind = options.get("type", "str")
    fold = str.lower if options.get("ignore_case") else str
    if kind == "str":
        return float(fold(str(result)) == fold(str(expected)))
    if kind != "list":
        raise ValueError(f"options.type is {kind!r}: str, list")
    if not isinstance(result, list | tuple) or not isinstance(expected, list | tuple):
        return 0.0
    return float([fold(str(each)) for each in result] == [fold(str(each)) for each in expected])


def fuzzy_match(result: Any, rules: Rules) -> float:
    """How alike two texts are: twice their longest common subsequence, over both lengths."""
    return ratio(result, rules["expected"])


def ratio(a: str | None, b: str | None) -> float:
    """The share of two texts that they have in common, in order; 0 to 1."""
    if a is None or b is None:
        return 0.0
    whole = len(a) + len(b)
    return 1.0 if not whole else 2 * _common(a, b) / whole


def _common(a: str, b: str) -> int:
    """Length of the longest common subsequence, a bit for each character of ``a`` (H. Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for index, character in enumerate(a):
        places[character] = places.get(character, 0) | 1 << index
    every = (1 << len(a)) - 1
    row = every
    for character in b:
        met = row & places.get(character, 0)
        row = ((row + met) | (row - met)) & every
    return len(a) - row.bit_count()


def check_include_exclude(result: Any, rules: Rules) -> float:
    """Whether all of ``include`` is in it, and nothing of ``exclude``."""
    if result is None:
        return 0.0
    wanted = all(each in result for each in rules.get("include", ()))
    return float(wanted and not any(each in result for each in rules.get("exclude", ())))


def compare_answer(result: Any, rules: Rules, **options: Any) -> float:
    """Whether it is ``expected``; nothing is not."""
    return float(bool(result) and result == rules["expected"])


def is_extension_installed(result: Any, rules: Rules, **options: Any) -> float:
    """Whether ``expected`` is in a list of the editor's extensions, or (``not_contain``) is not."""
    kind = rules["type"]
    if kind not in ("contain", "not_contain"):
        raise ValueError(f"type is {kind!r}: contain, not_contain")
    return 0.0 if result is None else float((rules["expected"] in result) == (kind == "contain"))


def is_expected_url_pattern_match(result: Any, rules: Rules) -> float:
    """Whether every regular expression of ``expected`` is found in an address."""
    url = result.get("url") if isinstance(result, dict) else result
    if not result or not isinstance(url, str):
        return 0.0
    return float(all(re.search(each, url) for each in rules["expected"]))


def is_in_vm_clickboard(config: Rules, output: Any) -> float:
    """Whether ``expected``, or each of several, is in what was read from the clipboard. What is found comes second here."""
    wanted = config["expected"]
    if output is None:
        return 0.0
    return float(all(each in output for each in wanted) if isinstance(wanted, list) else wanted in output)


def is_utc_0(output: str | None) -> float:
    """Whether the fourth line of ``timedatectl`` names a time zone at +0000."""
    lines = (output or "").split("\n")
    return float(len(lines) > 3 and lines[3].endswith("+0000)"))


def is_vlc_fullscreen(window: Rules | None, screen: Rules | None) -> float:
    """Whether a window is as large as the screen."""
    if window is None or screen is None:
        return 0.0
    return float(all(window[side] == screen[side] for side in ("width", "height")))


def check_gnome_favorite_apps(result: str | None, rules: Rules) -> float:
    """Whether a list, written as Python does, has the entries of ``expected`` in any order."""
    try:
        found = ast.literal_eval((result or "").strip())
    except (SyntaxError, ValueError):
        return 0.0
    return _same_set(found, rules["expected"])


def check_moved_jpgs(tree: Rules | None, rules: Rules) -> float:
    """Whether a folder holds exactly what ``expected`` names."""
    if tree is None or "children" not in tree:
        return 0.0
    return _same_set([each["name"] for each in tree["children"]], rules["expected"])


def _same_set(found: Any, expected: Any) -> float:
    return float(isinstance(found, list) and len(found) == len(expected) and set(found) == set(expected))


def check_text_enlarged(factor: str | None) -> float:
    """Whether a factor is more than 1."""
    try:
        return float(float(factor or "") > 1)
    except ValueError:
        return 0.0


def check_direct_json_object(result: Any, rules: Rules) -> float:
    """Whether each key of ``expected`` has that value: the same one, or (``expect_in_result``) a part of what was found."""
    found = _loaded(result)
    expected = rules["expected"]
    if not isinstance(found, dict) or not isinstance(expected, dict):
        return 0.0
    if "__EVALUATION_FAILED__" in [each for each in expected.values() if isinstance(each, str)]:
        return 0.0
    if rules.get("expect_in_result", False):
        return float(all(_is_part(value, found.get(key)) for key, value in expected.items()))
    if expected.get("ignore_list_order", False):
        return float(all(_sorted(value) == _sorted(found.get(key)) is not None for key, value in expected.items()))
    return float(all(value == found.get(key) for key, value in expected.items()))


def _loaded(result: Any) -> Any:
    if not isinstance(result, str):
        return result
    try:
        return json.loads(result.strip().replace("'", '"'))
    except ValueError:
        return None


def _is_part(value: Any, found: Any) -> bool:
    if isinstance(value, list):
        if isinstance(found, list):
            return any(each in found for each in value)
        return isinstance(found, str) and found in value
    return isinstance(value, str) and isinstance(found, str) and value in found


def _sorted(value: Any) -> list[Any] | None:
    try:
        return sorted(value)
    except TypeError:
        return None
