"""Figures as JSON, for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from .summary import Summary


def summary_json(summary: Summary) -> str:
    """All figures of a run."""
    told = plain(summary) | {"missing": summary.missing, "kind": "episodes" if summary.live else "answers"}
    return as_text(told)


def as_text(value: object) -> str:
    """JSON, indented."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def plain(value: Any) -> Any:
    """Named tuples and models as objects, whatever holds them."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
