"""What an agent said at its end, as WebArena-Verified's scorer reads it: the kind of its task, how it went, what was retrieved.

The scorer compares all three, so they have to be the agent's own words. Where those are a JSON object with a ``status`` or a ``task_type``
it is taken as it stands. Whatever else was said is brought into the form by a rule; nothing of it comes from what the task expects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...tools.actions import Answer, Done, Fail
from ..network import Exchange
from ..reader import Episode
from ..schema import Json

STATUSES = (
    "SUCCESS",
    "ACTION_NOT_ALLOWED_ERROR",
    "PERMISSION_DENIED_ERROR",
    "NOT_FOUND_ERROR",
    "DATA_VALIDATION_ERROR",
    "UNKNOWN_ERROR",
)
"""How a task may have gone."""
_ERRORS = re.compile(rf"\b({'|'.join(STATUSES[1:])})\b")
_UNKNOWN = STATUSES[-1]
_OURS = ("task_type", "performed_operation", "status")
_FENCE = re.compile(r"\A```(?:json)?\s*\n?(.*?)\n?\s*```\Z", re.DOTALL)
_READING = frozenset(("GET", "HEAD", "OPTIONS"))
_ASKED_BY_PAGES = frozenset(("document", "fetch", "xhr"))


class Response(NamedTuple):
    """The content of ``agent_response.json``.

    Attributes:
        said: Its fields.
        guessed: What of it the agent did not say itself, for a person; empty where it said all.
    """

    said: dict[str, Json]
    guessed: str = ""


def response_of(episode: Episode, exchanges: Iterable[Exchange]) -> Response:
    """The response of an episode.

    Args:
        episode: Its last word counts: ``answer``, ``done`` or ``fail``. Without one, however it ended, the status is ``UNKNOWN_ERROR``.
        exchanges: What its pages asked for: of an agent that does not name the kind of its task it is ``MUTATE`` where they sent
            anything after its first act, ``RETRIEVE`` where it answered, else ``NAVIGATE``.
    """
    word = episode.steps[-1].decision.intent if episode.steps else None
    kind = "MUTATE" if any(map(_changes, exchanges)) else "NAVIGATE"
    match word:
        case Answer():
            said = _object(word.text)
            if said is not None:
                return _whole(said, kind)
            data = _parsed(word.text)
            data = data if isinstance(data, list) else [] if data is None else [data]
            return Response(_fields("RETRIEVE", "SUCCESS", data), "the kind and the status: it gave a plain answer")
        case Done():
            said = _object(word.note)
            if said is not None:
                return _whole(said, kind)
            return Response(_fields(kind, "SUCCESS"), "the kind, by what its pages sent")
        case Fail():
            said = _object(word.reason)
            if said is not None:
                return _whole(said, kind)
            named = _ERRORS.search(word.reason)
            guessed = "the kind, by what its pages sent" + ("" if named else "; the status: it named none")
            return Response(_fields(kind, named[1] if named else _UNKNOWN, details=word.reason), guessed)
        case _:
            return Response(
                _fields(kind, _UNKNOWN, details=_ending(episode)), "all of it: it came to no end of its own"
            )


def _whole(said: dict[str, Json], kind: str) -> Response:
    """An object of the agent's, with what it left out."""
    given: dict[str, Json] = {}
    if "task_type" not in said and "performed_operation" not in said:
        given["task_type"] = "RETRIEVE" if said.get("retrieved_data") else kind
    if "status" not in said:
        given["status"] = "SUCCESS"
    return Response({**given, **said}, f"{', '.join(given)}: it left that out" if given else "")


def _fields(kind: str, status: str, data: Json = None, details: str | None = None) -> dict[str, Json]:
    return {"task_type": kind, "status": status, "retrieved_data": data, "error_details": details}


def _object(text: str) -> dict[str, Json] | None:
    value = _parsed(text)
    return value if isinstance(value, dict) and any(key in value for key in _OURS) else None


def _parsed(text: str) -> Json:
    """What JSON says, alone or in a code block; another text is itself."""
    plain = text.strip()
    fenced = _FENCE.match(plain)
    try:
        value: Json = json.loads(fenced[1] if fenced else plain, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _changes(exchange: Exchange) -> bool:
    asked = exchange.asked
    return asked.moment.act > 0 and asked.method not in _READING and asked.resource in _ASKED_BY_PAGES


def _ending(episode: Episode) -> str:
    outcome = episode.outcome
    if outcome is None:
        return "the run broke off"
    return f"{outcome.stop}: {outcome.message}" if outcome.message else outcome.stop
