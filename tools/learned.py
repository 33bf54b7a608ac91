"""Secrets that become known while somebody types them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .secrets import _MIN_LENGTH, Secrets


class LearnedSecrets(Secrets):
    """Names and values that may change: what is redacted after a change is redacted with the new values.

    A value that is too short to be told from other text is no secret yet, and is known as `brief`.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._given = dict(values or {})
        # another object each time: a thread that redacts keeps the one it began with
        self._now = Secrets(self._given)

    def learn(self, name: str, value: str) -> None:
        """Says what a secret is now; an empty one is none."""
        self._given[name] = value
        self._now = Secrets({each: text for each, text in self._given.items() if len(text.strip()) >= _MIN_LENGTH})

    def forget(self, name: str) -> None:
        """It is none after all."""
        self.learn(name, "")
        del self._given[name]

    def value(self, name: str) -> str:
        """What it is now."""
        return self._given.get(name, "")

    @property
    def brief(self) -> tuple[str, ...]:
        """Those too short to be told from other text."""
        return tuple(name for name, text in self._given.items() if text and name not in self._now.names)

    def __bool__(self) -> bool:
        return bool(self._now)

    @property
    def names(self) -> tuple[str, ...]:
        """See `Secrets.names`."""
        return self._now.names

    def reveal(self, text: str) -> str:
        """See `Secrets.reveal`."""
        return self._now.reveal(text)

    def redact(self, text: str) -> str:
        """See `Secrets.redact`."""
        return self._now.redact(text)

    def redact_all(self, data: Any) -> Any:
        """See `Secrets.redact_all`."""
        return self._now.redact_all(data)

    def first_in(self, text: str) -> str:
        """See `Secrets.first_in`."""
        return self._now.first_in(text)
