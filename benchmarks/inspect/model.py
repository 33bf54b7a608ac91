"""Inspect's model as a `Model` of ours: the same request, sent by Inspect's provider, counted and logged by Inspect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    Content,
    ContentImage,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelOutput,
    get_model,
)
from inspect_ai.util import LimitExceededError

from ...agent.models.wire import STRUCTURED, data_url
from ...agent.run import Interrupt
from ...episodes.schema import ImagePart, Json, Message, ModelInfo, Reply, Request, Token, Usage
from ...tools.errors import ContextTooLong, HandeyeError, ModelError

_FINISH = {"max_tokens": "length"}


class InspectModel:
    """The model of the sample at hand.

    What Inspect is told about sampling (``--temperature``, ``--max-tokens``, ``--seed``) comes before what a request says.

    Made in the task that runs the episode: a limit that Inspect sets cuts that off, as Ctrl-C does, and is then in `limit`.

    Args:
        vllm: Whether its server takes what vLLM adds to the protocol; None: whether the provider is Inspect's ``vllm``.
        interrupt: Of the run.

    Attributes:
        limit: What ended the episode.
    """

    def __init__(self, vllm: bool | None = None, interrupt: Interrupt | None = None) -> None:
        self.limit: LimitExceededError | None = None
        self._interrupt = interrupt or Interrupt()
        self._run = asyncio.current_task()
        self._model = get_model()
        self._vllm = str(self._model).startswith("vllm/") if vllm is None else vllm

    async def complete(self, request: Request) -> Reply:
        """See `Model.complete`.

        Raises:
            ContextTooLong: The request does not fit.
            ModelError: There is no answer, however often Inspect asked.
        """
        messages = await asyncio.to_thread(_messages, request)
        extra, left_out = self._extra(request)
        if "continue_final_message" in extra:
            messages.append(ChatMessageAssistant(content=request.prefill))
        try:
            with _boundary(str(self._model)):
                output = await self._model.generate(messages, config=self._config(request, extra))
        except LimitExceededError as error:
            await self._cut_off(error)
            raise
        return _reply(output, {**extra, **({"left_out": left_out} if left_out else {})})

    async def describe(self) -> ModelInfo:
        """See `Model.describe`; asks nobody."""
        return ModelInfo(name=self._model.name, server=f"inspect: {self._model}")

    async def close(self) -> None:
        """See `Model.close`: Inspect closes its own."""

    async def _cut_off(self, error: LimitExceededError) -> None:
        self.limit = error
        self._interrupt.requested = True
        if self._run is not None:
            self._run.cancel()
            await asyncio.Event().wait()

    def _config(self, request: Request, extra: dict[str, Json]) -> GenerateConfig:
        told = self._model.config
        return GenerateConfig(
            max_tokens=request.max_tokens if told.max_tokens is None else None,
            temperature=request.temperature if told.temperature is None else None,
            seed=request.seed if told.seed is None else None,
            logprobs=True if request.logprobs and self._vllm else None,
            extra_body={**(told.extra_body or {}), **extra} if extra else None,
        )

    def _extra(self, request: Request) -> tuple[dict[str, Json], list[Json]]:
        """What vLLM adds to the protocol, or what of the request is left out where the server does not know that."""
        wanted: dict[str, dict[str, Json]] = {"skip_special_tokens": {"skip_special_tokens": False}}
        if request.mode != "auto":
            wanted["chat_template_kwargs"] = {"chat_template_kwargs": {"mode": request.mode}}
        if request.prefill:
            wanted["prefill"] = {"continue_final_message": True, "add_generation_prompt": False}
        if request.constraint is not None:
            constraint: dict[str, Json] = {STRUCTURED[request.constraint.kind]: request.constraint.value}
            wanted["constraint"] = {"structured_outputs": constraint}
        if not self._vllm:
            return {}, [*wanted, *(["logprobs"] if request.logprobs else [])]
        return {name: value for each in wanted.values() for name, value in each.items()}, []


@contextlib.contextmanager
def _boundary(model: str) -> Iterator[None]:
    """Turns what a provider raises, each one its own, into a `ModelError`, the original as its cause. A limit is no failure."""
    with contextlib.ExitStack() as stack:

        def typed(kind: object, error: BaseException | None, trace: object) -> bool:
            del kind, trace
            if isinstance(error, Exception) and not isinstance(error, LimitExceededError | HandeyeError):
                raise ModelError(f"{model} failed: {type(error).__name__}: {error}") from error
            return False

        stack.push(typed)
        yield


def _messages(request: Request) -> list[ChatMessage]:
    return [_message(each) for each in request.messages]


def _message(message: Message) -> ChatMessage:
    content: list[Content] = [
        ContentImage(image=data_url(part.image)) if isinstance(part, ImagePart) else ContentText(text=part.text)
        for part in message.parts
    ]
    if message.role == "user":
        return ChatMessageUser(content=content)
    return ChatMessageAssistant(content="".join(each.text for each in content if isinstance(each, ContentText)))


def _reply(output: ModelOutput, sent: dict[str, Json]) -> Reply:
    if output.empty or (output.error and not output.completion):
        raise ModelError(f"{output.model} gave no answer: {output.error or 'the reply is empty'}")
    if output.stop_reason == "model_length":
        raise ContextTooLong(f"the request does not fit into the context of {output.model}")
    logprobs = output.choices[0].logprobs
    usage = output.usage
    return Reply(
        text=_text(output.message.content),
        finish=_FINISH.get(output.stop_reason, output.stop_reason),
        tokens=tuple(Token(text=each.token, logprob=each.logprob) for each in logprobs.content) if logprobs else (),
        usage=Usage(
            # Inspect counts what was cached apart, we count it in
            prompt=usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0),
            completion=usage.output_tokens,
            cached=usage.input_tokens_cache_read,
        )
        if usage is not None
        else Usage(),
        model=output.model,
        sent=sent,
    )


def _text(content: str | list[Any]) -> str:
    """The answer as it was generated: Inspect splits off the reasoning, which is undone."""
    if isinstance(content, str):
        return content
    parts = []
    for each in content:
        if isinstance(each, ContentReasoning):
            parts.append(f"<think>{each.reasoning}</think>")
        elif isinstance(each, ContentText):
            parts.append(each.text)
    return "".join(parts)
