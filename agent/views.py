"""Parts of observations as they are sent to a model: cropped and resized here, beside the loop, never by the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..episodes.schema import ImagePart, Observation, View
from ..tools.geometry import Box, Size

_KEPT = 8


class Views:
    """Makes views, and remembers the last ones: planning and grounding look at the same picture.

    Args:
        fit: The size in which a picture of a size is sent (`Dialect.fit`).
    """

    def __init__(self, fit: Callable[[Size], Size]) -> None:
        self.fit = fit
        self._made: dict[str, ImagePart] = {}

    async def whole(self, now: Observation) -> ImagePart:
        """The whole frame: as it is when the model can be shown it so, else shrunk."""
        return await self.part(now, now.frame.box)

    async def part(self, now: Observation, box: Box) -> ImagePart:
        """A part of the frame.

        Args:
            now: Whose frame.
            box: Frame pixels; the whole pixels that it touches are shown.

        Raises:
            ValueError: It lies outside the frame.
        """
        left, top, right, bottom = box.pixels(now.frame.width, now.frame.height)
        crop = Box(left=left, top=top, right=right, bottom=bottom)
        view = View(
            observation=now.id, crop=crop, sent=self.fit(Size(width=round(crop.width), height=round(crop.height)))
        )
        key = view.model_dump_json()
        made = self._made.get(key)
        if made is None:
            frame = now.frame
            if crop != frame.box:
                frame = await asyncio.to_thread(frame.crop, crop)
            # the same object when it has that size already
            frame = await asyncio.to_thread(frame.resized, round(view.sent.width), round(view.sent.height))
            made = self._made[key] = ImagePart(view=view, image=frame)
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
        return made
