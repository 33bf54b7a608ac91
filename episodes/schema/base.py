"""What all records share: frozen, strict about unknown keys, JSON in and out."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue

__all__ = ["Json", "ObservationId", "Record", "Text"]

Json: TypeAlias = JsonValue
"""Anything JSON can hold."""

ObservationId: TypeAlias = str
"""Names one observation of one episode: ``o0007``."""


class Record(BaseModel):
    """Base of everything that is written to disk."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)


def _as_text(value: Any) -> Any:
    # YAML reads `type: 42` as a number and `type: true` as a truth value; a person meant the characters
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]
"""A string that a YAML file may spell as a number."""
