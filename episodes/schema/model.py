"""What was sent to a model and what came back."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, TypeAdapter

from ...tools.geometry import Box, Size, Transform
from ...tools.neutral import neutral
from ...tools.pixels import Frame
from ...tools.secrets import OURS
from .base import Json, ObservationId, Record, Sha256

Purpose: TypeAlias = Literal["plan", "ground", "zoom", "retry", "judge"]


class View(Record):
    """What a model sees of a frame: a crop, sent at some size.

    Attributes:
        observation: Whose frame it is.
        crop: The part that is shown, frame pixels.
        sent: Size in which it is sent.
    """

    observation: ObservationId
    crop: Box
    sent: Size

    def __str__(self) -> str:
        return f"{self.crop.width:g}x{self.crop.height:g} as {self.sent.width:g}x{self.sent.height:g}"

    @property
    def to_sent(self) -> Transform:
        """Frame pixels → pixels of the image that was sent."""
        return Transform.between(self.crop, Box(left=0, top=0, right=self.sent.width, bottom=self.sent.height))


Neutral = Annotated[str, AfterValidator(neutral)]
"""Text that no tokenizer reads as more than words, whoever wrote it: made so here, so that no request can hold any other."""


class TextPart(Record):
    """Words in a message."""

    kind: Literal["text"] = "text"
    text: Neutral


class ImagePart(Record):
    """A picture in a message: which view, and the pixels as sent."""

    kind: Literal["image"] = "image"
    view: View
    image: Frame


Part = Annotated[TextPart | ImagePart, Field(discriminator="kind")]


class Message(Record):
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


class Constraint(Record):
    """What the reply must look like, for servers that can enforce it.

    Attributes:
        kind: ``json_schema``; ``regex``; ``choice`` of texts; ``grammar`` (EBNF as XGrammar reads it); ``structural_tag`` (XGrammar's
            format object: free text and constrained text in one reply).
    """

    kind: Literal["json_schema", "regex", "choice", "grammar", "structural_tag"]
    value: Json


class Request(Record):
    """One question to a model.

    Attributes:
        mode: ``think`` reasons before it answers, ``direct`` does not, ``auto`` leaves it to the model.
        prefill: Beginning of the answer that the model has to continue; not repeated in the reply's text.
        max_tokens: Of the reply, reasoning included.
        logprobs: Whether each token of the reply comes with the logarithm of its probability.
    """

    purpose: Purpose
    messages: tuple[Message, ...]
    mode: Literal["think", "direct", "auto"] = "auto"
    constraint: Constraint | None = None
    prefill: Neutral = ""
    max_tokens: int = Field(default=1024, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    seed: int | None = None
    logprobs: bool = False

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """All pictures in it, in order."""
        return tuple(part for message in self.messages for part in message.parts if isinstance(part, ImagePart))


class Token(Record):
    """One token of a reply and the natural logarithm of its probability; −9999 stands for that of an impossible one.

    The text is without bytes that are only part of a character.
    """

    text: str
    logprob: float


class Usage(Record):
    """Tokens of one call; None where the server does not say."""

    prompt: int = 0
    completion: int = 0
    cached: int | None = None
    image: int | None = None


class Reply(Record):
    """What a model answered, raw.

    Attributes:
        text: As generated, special tokens such as ``</think>`` included where the server shows them.
        finish: ``stop``, ``length`` …, as the server says it.
        tokens: Those of `text` in order, when they were asked for and the server gives them.
        model: The name under which the server answered.
        first_token: Seconds from sending to the first token, when streamed.
        sent: What went out beside the messages: model, sampling, in which way the constraint; what had to be left out.
    """

    text: str
    finish: str = ""
    tokens: tuple[Token, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    first_token: float | None = None
    sent: dict[str, Json] = {}


class Call(Record):
    """One model call, failed ones too.

    Attributes:
        id: ``c0000`` … in order.
        observation: The newest one when it was made.
        request: Blob (sha256) of the `Request` as JSON, its images by the hash of their blobs; filled in by the writer, which
            stores it.
        reply: None when it failed; then `error` says how.
        seconds: From sending to the last token, tries that failed included.
    """

    id: Annotated[str, OURS]
    observation: ObservationId
    purpose: Purpose
    views: tuple[View, ...] = ()
    request: Sha256
    reply: Reply | None = None
    error: str = ""
    seconds: float = 0


REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
"""Validates and dumps the blob that a call names; its pictures are validated with the context ``{"load": blob}``."""
