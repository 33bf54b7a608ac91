"""Requests and pictures for these tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from handeye.episodes.schema.model import ImagePart, Message, Part, Request, TextPart, View
from handeye.tools.geometry import Size
from handeye.tools.pixels import Frame


def noise(seed: int, width: int = 320, height: int = 240) -> Frame:
    """A picture of random pixels, which no two seeds share."""
    return Frame.from_pixels(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def asked(*said: str | Frame, **fields: Any) -> Request:
    """A request of one turn: texts and pictures in this order."""
    parts: list[Part] = [TextPart(text=each) if isinstance(each, str) else _shown(each) for each in said]
    message = Message(role="user", parts=tuple(parts))
    return Request(**{"purpose": "plan", "messages": (message,), "mode": "direct", "max_tokens": 12, **fields})


def _shown(frame: Frame) -> ImagePart:
    view = View(observation="o0000", crop=frame.box, sent=Size(width=frame.width, height=frame.height))
    return ImagePart(view=view, image=frame)
