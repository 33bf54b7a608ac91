"""The strict rule: whether an answer is what was done, each field apart. docs/replay-models.md has it in words."""

from __future__ import annotations

import math
from typing import Any

from ....episodes.schema import Item, Prediction, Score, Truth
from ....tools.actions import Act, Answer, Read, Say, Scroll, Wait, places
from ....tools.geometry import Box, Point

NEAR = 0.01
"""How far a point may lie from the recorded one where no box is known: of the frame's diagonal. 14.7 pixels of 1280×720."""

_PLACES = {"at", "to", "path", "for_"}
_FREE = {"question", "note", "reason", "name", "box"}
"""Words that may be any: what is asked, claimed or called has no one right wording."""
_AMOUNTS = {"seconds", "dx", "dy"}
"""Said apart, as the smaller share of the larger; they decide nothing but a scroll's direction."""


def strict(item: Item, prediction: Prediction) -> Score:
    """The score of an answer: 1 where everything that counts is as it was done, in any of the ways that count as right, else 0.

    Its parts say of each field how right it is: ``verb``, ``place`` (every point is in its box), ``distance`` (of the point that
    is furthest off, share of the diagonal), ``text``, ``keys`` …
    """
    if not item.truth:
        return Score(value=0, success=None, note="there is nothing to compare with")
    scores = [_against(truth, item, prediction) for truth in item.truth]
    return max(scores, key=lambda each: (each.value, sum(each.parts.values()) - 2 * each.parts.get("distance", 0)))


def _against(truth: Truth, item: Item, prediction: Prediction) -> Score:
    if prediction.decision is None or prediction.failed is not None:
        return Score(value=0, success=False, parts={"verb": 0.0}, note=prediction.error)
    done: Act | Say = truth.action or truth.intent  # type: ignore[assignment]  # without an act it is a Say: `RecordedItems` sees to it
    intent = prediction.decision.intent
    if intent.verb != done.verb:
        return Score(value=0, success=False, parts={"verb": 0.0}, note=f"{intent.verb}, not {done.verb}")
    # what has no place yet says all else in the intent itself
    parts, wrong = _fields(done, prediction.action or intent)
    where, missed = _where(truth, done, item, prediction)
    wrong = [*missed, *wrong]
    return Score(
        value=0 if wrong else 1,
        success=not wrong,
        parts={"verb": 1.0, **where, **parts},
        note="; ".join(wrong),
    )


def _fields(done: Any, said: Any) -> tuple[dict[str, float], list[str]]:
    """How right each field is that is no place, and what is wrong."""
    parts: dict[str, float] = {}
    wrong: list[str] = []
    for name in type(done).model_fields:
        if name == "verb" or name in _PLACES or name in _FREE:
            continue
        then, now = getattr(done, name), getattr(said, name)
        if name in _AMOUNTS:
            parts[name] = _share(then, now)
        else:
            same = _same(done, then, now)
            parts[name] = float(same)
            wrong += [] if same else [f"{name} {now!r}, not {then!r}"]
    if isinstance(done, Scroll):
        way = all(_sign(getattr(done, axis)) == _sign(getattr(said, axis)) for axis in ("dx", "dy"))
        parts["direction"] = float(way)
        wrong += [] if way else [f"scrolls by ({said.dx:g}, {said.dy:g}), not ({done.dx:g}, {done.dy:g})"]
    return parts, wrong


def _where(truth: Truth, done: Act | Say, item: Item, prediction: Prediction) -> tuple[dict[str, float], list[str]]:
    if isinstance(done, Say):
        return {}, []
    then = [place for place in places(done) if isinstance(place, Point)]
    boxes = list(truth.boxes) or [None] * len(then)
    if isinstance(done, Wait) or (isinstance(done, Scroll) and None in boxes):
        # what is waited for need not be pointed at; where a wheel is turned is a matter of the region, which no point tells
        return {}, []
    if prediction.action is None:
        return ({"place": 0.0}, [prediction.error or "no place"]) if then else ({}, [])
    now = [place for place in places(prediction.action) if isinstance(place, Point)]
    if isinstance(done, Scroll) and not then:
        return {}, []
    if len(now) != len(then):
        return ({"place": 0.0}, [f"{len(now)} places, not {len(then)}"]) if then or now else ({}, [])
    if not then:
        return {}, []
    frame = item.now.frame
    diagonal = math.hypot(frame.width, frame.height)
    off = [a.distance(b) / diagonal for a, b in zip(now, then, strict=True)]
    hit = [_hits(point, box, far) for point, box, far in zip(now, boxes, off, strict=True)]
    parts = {"place": float(all(hit)), "distance": round(max(off), 6)}
    missed = [
        f"({point.x:.0f}, {point.y:.0f}) is not at ({there.x:.0f}, {there.y:.0f})"
        for point, there, good in zip(now, then, hit, strict=True)
        if not good
    ]
    return parts, missed


def _hits(point: Point, box: Box | None, distance: float) -> bool:
    return box.contains(point) if box is not None else distance <= NEAR


def _same(done: Any, then: Any, now: Any) -> bool:
    if isinstance(done, Answer | Read):
        # what a person reads is the same with another space in it
        return _squeezed(then) == _squeezed(now)
    if isinstance(then, tuple) and set(then) <= {"Control", "Shift", "Alt", "Meta"}:
        return set(then) == set(now)
    return bool(then == now)


def _squeezed(value: Any) -> tuple[str, ...]:
    return tuple(" ".join(str(each).split()) for each in (value if isinstance(value, tuple) else (value,)))


def _share(then: float, now: float) -> float:
    if then == now:
        return 1.0
    small, large = sorted((abs(then), abs(now)))
    return small / large if then * now > 0 else 0.0


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
