"""Secrets: placeholders in every text that is kept or shown, the value only at the moment of typing.

A secret has a name, declared in the task, and a value, from the process's environment. Everywhere but in the last step before
the keyboard it is the placeholder ``<secret:name>``: in actions, in what a model is told, in titles, URLs and trees, on disk.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from .errors import ActionError, UsageError

_PLACEHOLDER = re.compile(r"<secret:([A-Za-z_][A-Za-z0-9_]*)>")
_MIN_LENGTH = 3


def placeholder(name: str) -> str:
    """What stands for the secret in texts: ``<secret:name>``."""
    return f"<secret:{name}>"


class Secrets:
    """Names and values of the secrets of one run.

    Args:
        values: Name → value.

    Raises:
        UsageError: A value is shorter than three characters: it would be blotted out of every other text too.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})
        for name, value in self._values.items():
            if len(value) < _MIN_LENGTH:
                raise UsageError(
                    f"the secret {name!r} has {len(value)} characters",
                    remedy=f"a secret needs at least {_MIN_LENGTH}, or hiding it would blot out unrelated text",
                )
        forms = {form: placeholder(name) for name, value in self._values.items() for form in _spellings(value)}
        self._forms = forms
        # longest first: a value that contains another one must not be cut in half
        alternatives = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._pattern = re.compile(alternatives) if forms else None

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def names(self) -> tuple[str, ...]:
        """The declared names."""
        return tuple(self._values)

    def reveal(self, text: str) -> str:
        """``text`` with every placeholder replaced by its value: for the keyboard only, never to be kept.

        Raises:
            ActionError: It holds a placeholder whose value this run does not have; typing it literally would be wrong.
        """

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self._values:
                raise ActionError(
                    f"the text holds {match[0]}, but this run has no secret {name!r}",
                    remedy=f"declare it in the task's `secrets:` ({', '.join(self._values) or 'none are declared'})",
                )
            return self._values[name]

        return _PLACEHOLDER.sub(value, text)

    def redact(self, text: str) -> str:
        """``text`` with every value (raw, or as URLs, HTML and JSON spell it) replaced by its placeholder."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._forms[match[0]], text)

    def redact_all(self, data: Any) -> Any:
        """Redacts every string in nested dicts and lists, keys included."""
        if self._pattern is None:
            return data
        if isinstance(data, str):
            return self.redact(data)
        if isinstance(data, list | tuple):
            return [self.redact_all(item) for item in data]
        if isinstance(data, dict):
            return {self.redact_all(key): self.redact_all(value) for key, value in data.items()}
        return data

    def occurs_in(self, text: str) -> bool:
        """Whether any value stands in ``text``."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._values)})"


def _spellings(value: str) -> set[str]:
    escaped = json.dumps(value)[1:-1]
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        html.escape(value),
        html.escape(value, quote=False),
        escaped,
        json.dumps(value, ensure_ascii=False)[1:-1],
    }
