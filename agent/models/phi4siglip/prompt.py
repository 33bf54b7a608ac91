"""Messages → the prompt's text, by the same template file that a server is given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....episodes.schema.model import Message, Request, TextPart

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).with_name("chat_template.jinja")
_END = "<|im_end|>"


def prompt_of(request: Request) -> str:
    """The prompt of a request, ``<image>`` where a picture stands; it ends where the answer goes on."""
    messages = [_plain(each) for each in request.messages]
    if not request.prefill:
        return render(messages, mode=request.mode, add_generation_prompt=True)
    begun = [*messages, {"role": "assistant", "content": request.prefill}]
    return render(begun, mode=request.mode, add_generation_prompt=False).removesuffix(_END)


def render(messages: Sequence[dict[str, Any]], *, mode: str = "auto", add_generation_prompt: bool = True) -> str:
    """Messages as the chat protocol spells them (``role`` and ``content``: a text, or parts) as a prompt."""
    text: str = _template().render(messages=messages, mode=mode, add_generation_prompt=add_generation_prompt)
    return text


@cache
def _template() -> Template:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # with the settings under which servers read such templates
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _plain(message: Message) -> dict[str, Any]:
    parts = [
        {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image"}
        for part in message.parts
    ]
    return {"role": message.role, "content": parts}
