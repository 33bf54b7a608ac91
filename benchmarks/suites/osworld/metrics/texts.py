"""Metrics of files of text."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Rules = Mapping[str, Any]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)")
_MARKS = ("#!", "# -*- coding:", "# coding:", "# coding=")
_CLOSE = 1e-4


def read(path: str) -> str:
    """A file as text, its line ends as newlines. What is no UTF-8 stays what it is, and is like nothing else."""
    return Path(path).read_text(encoding="utf-8", errors="surrogateescape")


def compare_text_file(result: str | None, expected: str, **options: Any) -> float:
    """Whether two texts are the same; ``ignore_blanks`` takes any run of white space for one space, ``ignore_case`` letters alike."""
    if not result:
        return 0.0
    texts = [read(result), read(expected)]
    if options.get("ignore_blanks", False):
        # stripped between the two, as the official code has it: other white space at an end stays, as one space
        texts = [re.sub(r"\s+", " ", re.sub(r"[\t\n]", " ", each).strip()) for each in texts]
    if options.get("ignore_case", False):
        texts = [each.lower() for each in texts]
    return float(texts[0] == texts[1])


def diff_text_file(result: str | None, expected: str) -> float:
    """How alike two texts are, line by line."""
    if result is None:
        return 0.0
    a, b = read(result).splitlines(), read(expected).splitlines()
    return difflib.SequenceMatcher(a=a, b=b).ratio()


def compare_config(result: str | None, rules: Rules, **options: Any) -> float:
    """Whether a file holds exactly ``expected``."""
    return float(bool(result) and read(str(result)) == rules["expected"])


def file_contains(result: str | None, rules: Rules) -> float:
    """Whether a file holds each text of ``expected``."""
    if not result:
        return 0.0
    text = read(result)
    return float(all(each in text for each in rules["expected"]))


def check_list(result: str | None, rules: Rules) -> float:
    """Whether each regular expression of ``expect`` is found in some line, and none of ``unexpect`` in any."""
    if result is None:
        return 0.0
    lines = list(io.StringIO(read(result)))

    def found(pattern: str) -> bool:
        return any(re.search(pattern, line) for line in lines)

    return float(all(map(found, rules.get("expect", ()))) and not any(map(found, rules.get("unexpect", ()))))


def check_line_number(result: str | None, rules: Rules) -> float:
    """Whether as many lines hold a time of day as ``expected`` says."""
    if result is None or not Path(result).is_file():
        return 0.0
    return float(sum(bool(_TIME.search(line)) for line in io.StringIO(read(result))) == int(rules["expected"]))


def compare_terminal_and_txt(result: str | None, output: str | None) -> float:
    """Whether a file holds exactly what a terminal shows."""
    return float(bool(result and output) and read(str(result)) == output)


def compare_result_files(result: str | None, expected: str | None) -> float:
    """Whether two files say the same; of a number, whether it is in the text, or is as large to four places."""
    if not result or not expected:
        return 0.0
    found, wanted = read(result).strip(), read(expected).strip()
    try:
        number = float(wanted)
        return float(wanted in found or abs(float(found) - number) < _CLOSE)
    except ValueError:
        return float(found == wanted)


def compare_python_pure_text(result: str | None, expected: str | None) -> float:
    """Whether two programs are the same text but for blank lines, what ends lines, tabs, and the marks at the top."""
    if not result or not expected:
        return 0.0
    try:
        return float(_program(result) == _program(expected))
    except OSError:
        return 0.0


def _program(path: str) -> list[str]:
    lines = read(path).splitlines()
    start = 0
    while start < min(3, len(lines)) and lines[start].strip().startswith(_MARKS):
        start += 1
    return [line.expandtabs(4).rstrip() for line in lines[start:] if line.strip()]
