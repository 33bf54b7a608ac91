"""One question put to a policy: its answer, with every place found that it names, or what kind of failure there was."""

from __future__ import annotations

import time

from ....agent.base import Grounder, Policy
from ....episodes.schema import Found, Item, Located, ObservationId, Prediction, Reply, Request, View
from ....tools.actions import Act, IntendedAct, Say, Target, Wait, placed, places
from ....tools.errors import ActionError, DialectError, EnvironmentFailed, EpisodeError, ModelError
from ....tools.geometry import Point


class Heard:
    """What a model said to one question; the requests, and the pictures in them, are let go of at once.

    Attributes:
        replies: In order.
        views: What it was shown, in order.
    """

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.views: list[View] = []

    def called(self, request: Request, on: ObservationId, seconds: float, reply: Reply | None, error: str = "") -> None:
        """See `Record.called`."""
        self.views.extend(image.view for image in request.images)
        if reply is not None:
            self.replies.append(reply.model_copy(update={"tokens": ()}))


async def ask(item: Item, policy: Policy, grounder: Grounder, heard: Heard) -> Prediction:
    """The answer of a policy to a question; nothing but the task, the past and what is seen is handed to it."""
    began = time.monotonic()
    known: dict[str, object] = {}
    try:
        decision = await policy.decide(item.task, item.past, item.now)
        known["decision"] = decision
        if not isinstance(decision.intent, Say):
            known |= await _ground(decision.intent, item, grounder)
    except DialectError as error:
        known |= {"failed": "parse", "error": str(error)}
    except ActionError as error:
        known |= {"failed": "action", "error": str(error)}
    except (ModelError, EnvironmentFailed, EpisodeError) as error:
        known |= {"failed": "infrastructure", "error": str(error)}
    seconds = round(time.monotonic() - began, 6)
    return _said(item, heard, seconds, known)


async def ask_place(item: Item, grounder: Grounder, heard: Heard) -> Prediction:
    """Where the thing is that the goal of a question describes; nothing is asked of what to do with it."""
    began = time.monotonic()
    known: dict[str, object] = {}
    try:
        found = await grounder.locate(Target(description=item.task.goal), item.now)
        known["located"] = (found,)
        if isinstance(found, Found):
            known["point"] = found.place.point
        else:
            known["error"] = f"it is {found.status}"
    except DialectError as error:
        known |= {"failed": "parse", "error": str(error)}
    except (ModelError, EnvironmentFailed, EpisodeError) as error:
        known |= {"failed": "infrastructure", "error": str(error)}
    seconds = round(time.monotonic() - began, 6)
    return _said(item, heard, seconds, known)


def _said(item: Item, heard: Heard, seconds: float, known: dict[str, object]) -> Prediction:
    told = {"item": item.id, "replies": tuple(heard.replies), "views": tuple(heard.views), "seconds": seconds}
    return Prediction.model_validate(told | known)


async def _ground(intent: IntendedAct, item: Item, grounder: Grounder) -> dict[str, object]:
    if isinstance(intent, Wait):
        # it would be looked for again and again, in a world that is not there
        return {"action": placed(intent.model_copy(update={"for_": None}), ())}
    located: list[Located] = []
    points: list[Point] = []
    for place in places(intent):
        if isinstance(place, Point):
            points.append(place)
            continue
        found = await grounder.locate(place, item.now)
        located.append(found)
        if not isinstance(found, Found):
            return {"located": tuple(located), "error": f"{place} is {found.status}"}
        points.append(found.place.point)
    act: Act = placed(intent, tuple(points))
    return {"located": tuple(located), "action": act, "point": points[0] if points else None}
