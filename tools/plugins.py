"""Short name or dotted path → the object it names, with entry points and "did you mean"."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from .errors import UnknownName


def load(kind: str, name: str, table: Mapping[str, str], group: str | None = None) -> Any:
    """Finds what ``name`` stands for.

    Looked up in order: ``table``, the entry points of ``group``, then ``name`` itself as a dotted path.

    Args:
        kind: What is sought, in words, for the message: ``"site"``, ``"grounder"``.
        name: A short name (``"tree"``) or a dotted path (``"my_package.module:Class"``).
        table: Short names of our own → dotted path, ``module:attribute``; a module starting with ``.`` is handeye's.
        group: Entry point group in which other packages register theirs, e.g. ``"handeye.grounders"``.

    Raises:
        UnknownName: Nothing has that name, or the path it stands for cannot be imported.
    """
    path = table.get(name)
    if path is None and group is not None:
        path = next((point.value for point in entry_points(group=group) if point.name == name), None)
    if path is None and ":" in name:
        path = name
    if path is None:
        raise UnknownName(f"there is no {kind} named {name!r}", remedy=_suggest(name, table, group))
    return _import(kind, name, path)


def _import(kind: str, name: str, path: str) -> Any:
    module_name, _, attribute = path.partition(":")
    if module_name.startswith("."):
        module_name = __name__.rsplit(".", 2)[0] + module_name
    try:
        module = importlib.import_module(module_name)
    except (ImportError, ValueError) as error:
        raise UnknownName(f"the {kind} {name!r} cannot be imported from {module_name}: {error}") from error
    if not hasattr(module, attribute):
        raise UnknownName(f"the {kind} {name!r}: module {module_name} has no attribute {attribute!r}")
    return getattr(module, attribute)


def _suggest(name: str, table: Mapping[str, str], group: str | None) -> str:
    known = sorted({*table, *(point.name for point in entry_points(group=group))} if group else table)
    return did_you_mean(name, known) + f"known: {', '.join(known)}; or a dotted path module:attribute"


def did_you_mean(name: str, known: list[str]) -> str:
    """``"did you mean 'x'? "`` for the nearest of ``known``, or an empty string."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}? " if near else ""
