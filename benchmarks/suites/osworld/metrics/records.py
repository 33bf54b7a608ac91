"""Metrics of files of records: CSV, JSON, YAML, SQLite."""

from __future__ import annotations

import csv
import json
import operator
import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .texts import read

Rules = Mapping[str, Any]

_MISSING = object()
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "le", "lt", "ge", "gt")
}


def matches(value: Any, rule: Rules) -> bool:
    """Whether a value is as a rule says: ``method``, and ``ref`` that it is compared with.

    ``re`` (with flags, ``re.I``), ``eq`` ``ne`` ``le`` ``lt`` ``ge`` ``gt``, ``approx:0.1``, ``range.te`` (``t`` leaves an end out),
    ``str_list_eq``, ``str_set_eq``.

    Raises:
        ValueError: There is no such method.
    """
    method, ref = str(rule["method"]), rule["ref"]
    if method.startswith("re"):
        flags = re.RegexFlag(0)
        for name in method.split(".")[1:]:
            flags |= re.RegexFlag[name]
        return re.search(ref, value, flags) is not None
    if method in _COMPARISONS:
        return _COMPARISONS[method](value, ref)
    if method.startswith("approx:"):
        try:
            return bool(abs(float(value) - ref) <= float(method.partition(":")[2]))
        except (TypeError, ValueError):
            return False
    if method.startswith("range."):
        low, high = (_COMPARISONS["l" + letter] for letter in method[6:8])
        return low(ref[0], value) and high(value, ref[1])
    if method in ("str_list_eq", "str_set_eq"):
        found = value.strip("\"'").split(",")
        return bool(found == list(ref)) if method == "str_list_eq" else set(found) == set(ref)
    raise ValueError(f"there is no method {method!r}")


def check_csv(result: str | None, rules: Rules) -> float:
    """Whether each record of ``expect`` is one of a file's, as far as it says, and none of ``unexpect`` is."""
    if result is None:
        return 0.0
    with Path(result).open(encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))

    def found(record: Rules) -> bool:
        return any(all(key in row and row[key] == value for key, value in record.items()) for row in rows)

    return float(all(map(found, rules.get("expect", ()))) and not any(map(found, rules.get("unexpect", ()))))


def check_json(result: str | None, rules: Rules, is_yaml: bool = False) -> float:
    """Whether what stands at the ``key`` of each rule of ``expect`` matches it, and that of each of ``unexpect`` does not."""
    if result is None or not Path(result).exists():
        return 0.0
    try:
        data = yaml.safe_load(read(result)) if is_yaml else json.loads(read(result))
    except (ValueError, yaml.YAMLError):
        return 0.0
    if is_yaml and data is None:
        return 0.0
    try:
        for rule in rules.get("expect", ()):
            value = _at(data, rule["key"])
            if value is _MISSING or not matches(value, rule):
                return 0.0
        for rule in rules.get("unexpect", ()):
            value = _at(data, rule["key"])
            if matches(None if value is _MISSING else value, rule):
                return 0.0
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        # a list that is too short, or a number where a text is compared: not as it should be
        return 0.0
    return 1.0


def _at(data: Any, keys: Any) -> Any:
    for key in keys:
        try:
            data = data[key]
        except (KeyError, TypeError):
            return _MISSING
    return data


def check_json_settings(result: str | None, rules: Rules, **options: Any) -> float:
    """Whether a JSON object has all of ``expected``."""
    found = _json(result)
    if found is _MISSING:
        return 0.0
    return float(all(key in found and found[key] == value for key, value in rules["expected"].items()))


def check_json_keybindings(result: str | None, rules: Rules, **options: Any) -> float:
    """Whether a JSON list, which may come after a line of comment, has ``expected``."""
    if not result:
        return 0.0
    text = read(result)
    for each in (text, text.partition("\n")[2]):
        try:
            data = json.loads(each)
        except ValueError:
            continue
        if isinstance(data, list):
            return float(rules["expected"] in data)
    return 0.0


def is_included_all_json_objects(expected: str | None, result: str | None) -> float:
    """Whether a JSON object has all that another one has. What is expected comes first here."""
    wanted, found = _json(expected), _json(result)
    if wanted is _MISSING or found is _MISSING:
        return 0.0
    return float(all(key in found and found[key] == value for key, value in wanted.items()))


def run_sqlite3(result: str | None, rules: Rules) -> float:
    """The first value of what a query of a data base gives; it is opened for reading only."""
    if result is None:
        return 0.0
    book = sqlite3.connect(f"{Path(result).absolute().as_uri()}?mode=ro", uri=True)
    try:
        row = book.execute(rules["sql"]).fetchone()
    except sqlite3.Error:
        return 0.0
    finally:
        book.close()
    return float((row[0] if row else 0) or 0)


def _json(path: str | None) -> Any:
    if not path:
        return _MISSING
    try:
        return json.loads(read(path))
    except (OSError, ValueError):
        return _MISSING
