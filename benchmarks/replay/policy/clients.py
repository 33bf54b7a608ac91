"""Clients of one model server, so many that each has few connections."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator

from ....agent.base import Model
from ....agent.models.names import Tell, open_model
from ....agent.models.vllm import VllmConfig, VllmModel

_EACH = 8
"""Connections of one client. What httpx's pool (httpcore 1.0) does for each request grows with the square of its connections: of one pool
of 64 it was five times all the rest of asking about a frame."""

_log = logging.getLogger(__name__)


class Clients:
    """Asks one model, with so many requests in flight at once.

    Args:
        model: A model, its name or address. One that is named is opened here, and closed with `close`.
        concurrency: Requests in flight at most.
        warn: Told once of each thing that the server cannot do.

    Raises:
        UnknownName: There is no model of that name.
        UsageError: The address is none.
    """

    def __init__(self, model: Model | str, concurrency: int, warn: Tell | None = None) -> None:
        self._warn = warn or _log.warning
        self._said: set[str] = set()
        self._ours = isinstance(model, str)
        self._models: list[Model]
        if not isinstance(model, str):
            self._models = [model]
        elif model.startswith(("http://", "https://")):
            several = math.ceil(concurrency / _EACH)
            config = VllmConfig.of(model).model_copy(update={"concurrency": math.ceil(concurrency / several)})
            self._models = [VllmModel(config, warn=self._once) for _ in range(several)]
        else:
            self._models = [open_model(model, self._once)]
        self._busy = [0] * len(self._models)

    @property
    def first(self) -> Model:
        """One of them: all are the same."""
        return self._models[0]

    @contextlib.contextmanager
    def one(self) -> Iterator[Model]:
        """The one with the least to do, for the length of a question: what it was shown, its server knows of it."""
        at = self._busy.index(min(self._busy))
        self._busy[at] += 1
        try:
            yield self._models[at]
        finally:
            self._busy[at] -= 1

    async def close(self) -> None:
        """Closes what was opened here."""
        if self._ours:
            for each in self._models:
                await each.close()

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._warn(text)
