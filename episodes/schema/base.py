"""What all records share: frozen, strict about unknown keys, JSON in and out."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from ...tools.secrets import OURS

__all__ = ["Json", "ObservationId", "Record", "Sha256", "Text", "first_problem", "regular", "to_json"]

Json: TypeAlias = JsonValue
"""Anything JSON can hold."""

ObservationId: TypeAlias = Annotated[str, OURS]
"""Names one observation of one episode: ``o0007``."""

Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$"), OURS]
"""Names a blob: the hash of its bytes."""


class Record(BaseModel):
    """Base of everything that is written to disk."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True, allow_inf_nan=False
    )


def _as_text(value: Any) -> Any:
    # YAML reads `type: 42` as a number and `type: true` as a truth value; a person meant the characters
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int | float | bool)]
"""A string that a YAML file may spell as a number."""


def first_problem(error: ValidationError) -> str:
    """Where the first thing that is wrong lies, and what it is: ``start.scale: Input should be greater than 0``."""
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def regular(pattern: str | None) -> str | None:
    """The pattern itself.

    Raises:
        ValueError: It is not a regular expression.
    """
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
    return pattern


def to_json(kind: TypeAdapter[Any], value: Any, *, indent: int | None = None, exclude_defaults: bool = False) -> bytes:
    """A record, or several, as UTF-8 JSON."""
    try:
        return kind.dump_json(value, indent=indent, exclude_defaults=exclude_defaults)
    except PydanticSerializationError:
        # a page may show half of a surrogate pair, which UTF-8 does not have
        data = kind.dump_python(value, mode="json", exclude_defaults=exclude_defaults)
        separators = (",", ":") if indent is None else None
        return json.dumps(data, ensure_ascii=False, indent=indent, separators=separators).encode(errors="replace")
