"""Finds targets by asking a model, coarse to fine: the whole frame, then a crop at native resolution around what it pointed at."""

from __future__ import annotations

from ...episodes.schema import Absent, Candidate, Found, ImagePart, Located, Observation
from ...tools.actions import Target
from ...tools.errors import UsageError
from ...tools.geometry import Box, Size
from .means import Means

_NATIVE = Size(width=1280, height=720)
"""The crop that is tried first: what the house's model sees without any resizing."""
_ERROR = 0.05
"""Share of the frame by which a coarse answer may be off."""
_MARGIN = 16
"""Pixels beside that: rounding, and a little of the surroundings."""
_EDGE = 1.5
"""Pixels from the edge of a crop at which a box counts as cut off by it."""


class ModelGrounder:
    """Grounds by a model's eyes.

    A frame that the model can be shown as it is needs one question. A larger one is asked about twice: shrunk as a whole, then a
    crop around the coarse answer, large enough to hold the target if that answer was off by its own size or by a twentieth of the
    frame, and at native resolution unless the target itself is too large for that. Both answers are kept: the coarse one is among
    the `Found.others`.

    Args:
        means: Has to hold a mind.

    Raises:
        UsageError: It holds none.
    """

    def __init__(self, means: Means) -> None:
        if means.mind is None:
            raise UsageError("the grounder 'model' needs a model to ask", remedy="say which: --model http://…/v1")
        self._mind = means.mind
        self._answered: tuple[str, dict[Target, Located]] = ("", {})

    async def locate(self, target: Target, now: Observation) -> Located:
        """See `Grounder.locate`; the same question about the same observation is asked once.

        Raises:
            DialectError: The model's answer is no place, nor is its second one.
            ModelError: The model failed.
        """
        on, answers = self._answered
        if on != now.id:
            answers = {}
            self._answered = (now.id, answers)
        if target not in answers:
            answers[target] = await self._look_for(target, now)
        return answers[target]

    async def _look_for(self, target: Target, now: Observation) -> Located:
        whole = await self._mind.views.whole(now)
        coarse = await self._ask(target, whole, now, zoomed=False)
        if not isinstance(coarse, Found) or _is_native(whole):
            return coarse
        return await self._closer(target, coarse.place, now)

    async def _closer(self, target: Target, coarse: Candidate, now: Observation) -> Located:
        frame = now.frame.box
        # a coarse answer that is clipped at the edge of the frame says less of the target's size than another
        reach = _grown(coarse.box, _ERROR * frame.width, _ERROR * frame.height)
        view = await self._mind.views.part(now, self._window(reach, frame))
        found = await self._ask(target, view, now, zoomed=True)
        if isinstance(found, Absent):
            # a coarse answer beyond the frame's edge lost its size there: twice as far, at half the resolution
            shown = view.view.crop
            further = _within(shown.grown(max(shown.width, shown.height) / 2), frame)
            view = await self._mind.views.part(now, further)
            found = await self._ask(target, view, now, zoomed=True)
        if isinstance(found, Found):
            found = await self._recentred(found, view, now)
            return found.model_copy(update={"others": (*found.others, coarse)})
        if isinstance(found, Absent):
            note = "the model saw it in the whole frame, but not in the part of the frame around it"
            return found.model_copy(update={"nearest": (coarse,), "note": note})
        return found

    async def _recentred(self, found: Found, view: ImagePart, now: Observation) -> Found:
        """Asks once more when the crop's edge cuts through the answer: its middle would not be the target's middle."""
        crop, frame, box = view.view.crop, now.frame.box, found.place.box
        cut = (
            (box.left - crop.left <= _EDGE and crop.left > frame.left)
            or (box.top - crop.top <= _EDGE and crop.top > frame.top)
            or (crop.right - box.right <= _EDGE and crop.right < frame.right)
            or (crop.bottom - box.bottom <= _EDGE and crop.bottom < frame.bottom)
        )
        if not cut:
            return found
        region = _grown(box, max(box.width, _ERROR * frame.width), max(box.height, _ERROR * frame.height))
        again = await self._mind.views.part(now, self._window(region, frame))
        better = await self._ask(found.target, again, now, zoomed=True)
        return better if isinstance(better, Found) else found

    def _window(self, region: Box, frame: Box) -> Box:
        """What to show of a region: more of its surroundings where that costs no resolution, shifted into the frame."""
        wide = max(region.width, _NATIVE.width), max(region.height, _NATIVE.height)
        for width, height in (wide, (region.width, wide[1]), (wide[0], region.height), (region.width, region.height)):
            window = _within(Box.at(region.center.x - width / 2, region.center.y - height / 2, width, height), frame)
            left, top, right, bottom = window.pixels(round(frame.width), round(frame.height))
            size = Size(width=right - left, height=bottom - top)
            if self._mind.views.fit(size) == size:
                return window
        return _within(region, frame)

    async def _ask(self, target: Target, image: ImagePart, now: Observation, *, zoomed: bool) -> Located:
        mind = self._mind
        request = mind.dialect.ground_request(target, image, None if zoomed else mind.calls.planned)
        if zoomed:
            request = request.model_copy(update={"purpose": "zoom"})
        return await mind.calls.answer(request, now.id, lambda reply: mind.dialect.parse_ground(reply, target, image))


def _is_native(image: ImagePart) -> bool:
    view = image.view
    return (view.sent.width, view.sent.height) == (view.crop.width, view.crop.height)


def _grown(box: Box, dx: float, dy: float) -> Box:
    """A box with its own size added on each side, or the given lengths where they are more."""
    dx, dy = max(dx, box.width) + _MARGIN, max(dy, box.height) + _MARGIN
    return Box(left=box.left - dx, top=box.top - dy, right=box.right + dx, bottom=box.bottom + dy)


def _within(window: Box, frame: Box) -> Box:
    """The window moved into the frame as far as that goes, and cut to it, on whole pixels."""
    width, height = min(round(window.width), frame.width), min(round(window.height), frame.height)
    left = min(max(frame.left, round(window.left)), frame.right - width)
    top = min(max(frame.top, round(window.top)), frame.bottom - height)
    return Box.at(left, top, width, height)
