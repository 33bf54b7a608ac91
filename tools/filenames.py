"""Names of files that come from strangers: what a name may be on any file system, and a place that nothing else has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

_LONGEST = 180
"""Bytes of UTF-8: file systems take 255, and some of that is for a number or an ending of ours."""

_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(text: str, otherwise: str = "download") -> str:
    """The name as any file system takes it: no folder, no device, nothing invisible, not hidden, not too long.

    Args:
        text: What somebody suggests.
        otherwise: What it is called where nothing of that is left.
    """
    last = re.split(r"[/\\]", text)[-1]
    # letters that turn the direction of writing make an .exe look like a .txt; a joined emoji comes apart
    visible = "".join(char for char in last if unicodedata.category(char) not in _INVISIBLE)
    name = _NOT_IN_NAMES.sub("_", unicodedata.normalize("NFC", visible)).strip(" .")
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return _shortened(name) or otherwise


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    kept = f"{dot}{ending}" if stem and len(ending.encode()) < 20 else ""
    room = _LONGEST - len(kept.encode())
    stem = (stem if kept else name).encode()[:room].decode(errors="ignore")
    return f"{stem.rstrip(' .')}{kept}"


def free_names(folder: Path, name: str) -> Iterator[Path]:
    """Places in a folder for a file of that name: itself, then ``report (2).csv``, ``report (3).csv`` …"""
    yield folder / name
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    for count in range(2, 10_000):
        yield folder / f"{stem} ({count}){dot}{ending}"
