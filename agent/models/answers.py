"""What comes back over the OpenAI chat protocol, whole or piece by piece, read into a `Reply`: pure, no I/O."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, AsyncIterable

from pydantic import BaseModel, ValidationError

from ...episodes.schema.base import Json
from ...episodes.schema.model import Reply, Token, Usage

IMPOSSIBLE = -9999.0
"""What servers write for the logarithm of no probability at all; JSON has no infinity."""


class _Words(BaseModel):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Logprob(BaseModel):
    token: str
    logprob: float | None = None


class _Logprobs(BaseModel):
    content: list[_Logprob] | None = None


class _Choice(BaseModel):
    message: _Words | None = None
    delta: _Words | None = None
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None
    multimodal_tokens: dict[str, int] | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Chunk(BaseModel):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Json = None


class NotTheProtocol(ValueError):
    """An answer that is not what the OpenAI chat protocol sends."""


class ServerSaid(Exception):
    """An error in the place of an answer, after the status line had promised one.

    Attributes:
        body: The error, as a body of its own would spell it.
        code: The HTTP status that it would have had.
    """

    def __init__(self, error: Json) -> None:
        self.body = json.dumps({"error": error}).encode()
        code = error.get("code") if isinstance(error, dict) else None
        self.code = code if isinstance(code, int) and 400 <= code < 600 else 500
        super().__init__(str(error))


class Answer:
    """An answer as it grows.

    A server that splits off the reasoning is undone: ``<think>``, the reasoning, ``</think>`` and the rest are one text again.

    Attributes:
        text: So far.
        finish: Why it ended; empty while it goes on.
        choices: Whether the server has begun one at all.
        ended: Whether the server said that this is all.
    """

    def __init__(self) -> None:
        self.text = ""
        self.finish = ""
        self.choices = False
        self.ended = False
        self._reasoning = False
        self._tokens: list[Token] = []
        self._usage = Usage()
        self._model = ""

    def add(self, data: bytes) -> bool:
        """Takes one JSON object: a chunk of a stream, or the whole answer. Says whether the text grew.

        Raises:
            NotTheProtocol: It is something else.
            ServerSaid: It is an error.
        """
        try:
            chunk = _Chunk.model_validate_json(data)
        except ValidationError as error:
            raise NotTheProtocol(str(error)) from error
        if chunk.error is not None:
            raise ServerSaid(chunk.error)
        if chunk.choices is None and chunk.usage is None:
            raise NotTheProtocol("it has no choices")
        self._model = chunk.model or self._model
        if chunk.usage is not None:
            self._usage = _usage(chunk.usage)
        before = len(self.text)
        for choice in chunk.choices or ():
            self._take(choice)
        return len(self.text) > before

    def _take(self, choice: _Choice) -> None:
        self.choices = True
        words = choice.message or choice.delta or _Words()
        if reasoning := words.reasoning or words.reasoning_content:
            self.text += reasoning if self._reasoning else f"<think>{reasoning}"
            self._reasoning = True
        if words.content:
            self._end_reasoning()
            self.text += words.content
        if choice.logprobs is not None:
            # a byte that is part of a character has no text of its own: servers show it in different ways
            self._tokens += [
                Token(text=each.token.replace("\ufffd", ""), logprob=_finite(each.logprob))
                for each in choice.logprobs.content or ()
            ]
        if choice.finish_reason:
            self.finish = choice.finish_reason
            if self.finish != "length":
                self._end_reasoning()

    def _end_reasoning(self) -> None:
        if self._reasoning:
            self.text += "</think>"
            self._reasoning = False

    def reply(self, sent: dict[str, Json], first_token: float | None) -> Reply:
        """All of it, as a record."""
        return Reply(
            text=self.text,
            finish=self.finish,
            tokens=tuple(self._tokens),
            usage=self._usage,
            model=self._model,
            first_token=first_token,
            sent=sent,
        )


def _finite(logprob: float | None) -> float:
    return max(logprob, IMPOSSIBLE) if logprob is not None and math.isfinite(logprob) else IMPOSSIBLE


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details or _PromptDetails()
    return Usage(
        prompt=usage.prompt_tokens or 0,
        completion=usage.completion_tokens or 0,
        cached=details.cached_tokens,
        image=(details.multimodal_tokens or {}).get("image"),
    )


async def events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """The data of each server-sent event, until ``[DONE]`` or the end. What is torn off at the end is no event.

    Cut at line feeds alone: a text may hold U+2028 and other marks at which a reader of lines would cut, too.
    """
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                yield data
                if data == b"[DONE]":
                    return
