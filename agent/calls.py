"""Asking a model: every call is written into the episode, and an answer that cannot be read goes back once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from ..episodes.schema import ObservationId, Reply, Request
from ..tools.errors import DialectError, ModelError
from .base import Model
from .dialects.common import ask_again

_T = TypeVar("_T")


class Hears(Protocol):
    """Who is told of every call."""

    def called(self, request: Request, on: ObservationId, seconds: float, reply: Reply | None, error: str = "") -> None:
        """See `Record.called`."""
        ...


class Calls:
    """The model calls of one episode.

    Args:
        model: Who answers.
        record: Where every call is written, failed ones too.

    Attributes:
        planned: The last request for a plan; a grounding of the same view shares its prompt through the image.
    """

    def __init__(self, model: Model, record: Hears) -> None:
        self.planned: Request | None = None
        self._model = model
        self._record = record

    async def ask(self, request: Request, on: ObservationId) -> Reply:
        """One call.

        Args:
            request: What is asked.
            on: The newest observation.

        Raises:
            ModelError: The model or its server failed; that is written, too.
        """
        if request.purpose == "plan":
            self.planned = request
        began = time.monotonic()
        try:
            reply = await self._model.complete(request)
        except ModelError as error:
            self._record.called(request, on, time.monotonic() - began, None, error.message)
            raise
        except asyncio.CancelledError:
            self._record.called(request, on, time.monotonic() - began, None, "cut off")
            raise
        self._record.called(request, on, time.monotonic() - began, reply)
        return reply

    async def answer(
        self,
        request: Request,
        on: ObservationId,
        parse: Callable[[Reply], _T],
        again: Callable[[], Request] | None = None,
    ) -> _T:
        """Asks, and reads the answer; when it cannot be read, asks once more with the reason.

        Args:
            request: What is asked.
            on: The newest observation.
            parse: Reads the answer.
            again: Makes the request for the second time, if it is not the same.

        Raises:
            DialectError: Nor could the second answer be read.
            ModelError: The model or its server failed.
        """
        reply = await self.ask(request, on)
        try:
            return parse(reply)
        except DialectError as error:
            retry = ask_again(again() if again is not None else request, reply, error.message)
        return parse(await self.ask(retry, on))
