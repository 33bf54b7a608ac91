"""What was sent to a model and what came back."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ...tools.geometry import Box, Size, Transform
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

    @property
    def to_sent(self) -> Transform:
        """Frame pixels → pixels of the image that was sent."""
        return Transform.between(self.crop, Box(left=0, top=0, right=self.sent.width, bottom=self.sent.height))


class TextPart(Record):
    """Words in a message."""

    kind: Literal["text"] = "text"
    text: str


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
    """What the reply must look like, for servers that can enforce it."""

    kind: Literal["json_schema", "regex", "choice", "grammar"]
    value: Json


class Request(Record):
    """One question to a model.

    Attributes:
        mode: ``think`` reasons before it answers, ``direct`` does not, ``auto`` leaves it to the model.
        prefill: Beginning of the answer that the model has to continue.
    """

    purpose: Purpose
    messages: tuple[Message, ...]
    mode: Literal["think", "direct", "auto"] = "auto"
    constraint: Constraint | None = None
    prefill: str = ""
    max_tokens: int = Field(default=1024, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    seed: int | None = None
    logprobs: bool = False


class Token(Record):
    """One token of a reply and the natural logarithm of its probability."""

    text: str
    logprob: float


class Usage(Record):
    """Tokens of one call; None where the server does not say."""

    prompt: int = 0
    completion: int = 0
    cached: int | None = None
    image: int | None = None


class Reply(Record):
    """What a model answered, raw."""

    text: str
    finish: str = ""
    tokens: tuple[Token, ...] = ()
    usage: Usage = Usage()
    model: str = ""


class Call(Record):
    """One model call, failed ones too.

    Attributes:
        id: ``c0000`` … in order.
        observation: The newest one when it was made.
        request: Blob (sha256) of the request as sent; filled in by the writer, which stores it.
        reply: None when it failed; then `error` says how.
        seconds: From sending to the last token.
        first_token: Seconds to the first token, when streamed.
    """

    id: Annotated[str, OURS]
    observation: ObservationId
    purpose: Purpose
    views: tuple[View, ...] = ()
    request: Sha256
    reply: Reply | None = None
    error: str = ""
    seconds: float = 0
    first_token: float | None = None
