"""How a request, or a run, differs from a recorded one, for a person to read."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from ....episodes.reader import Episode
from ....episodes.schema import REQUEST, Call, Request, Step

_CONTEXT = 2
_MOST = 120
"""Lines of a difference that are shown."""


def request_difference(episode: Episode, call: Call, request: Request) -> str:
    """What a request asks otherwise than the recorded one: words as a unified diff, pictures by their hashes. Empty when nothing does."""
    then = json.loads(episode.blob(call.request))
    now = json.loads(REQUEST.dump_json(request))
    lines = difflib.unified_diff(
        list(_request_lines(then)), list(_request_lines(now)), "recorded", "now", lineterm="", n=_CONTEXT
    )
    return _cut(list(lines))


def _request_lines(request: dict[str, Any]) -> Iterator[str]:
    for name, value in request.items():
        if name != "messages":
            yield from f"{name}: {json.dumps(value, ensure_ascii=False, indent=1)}".splitlines()
    for message in request["messages"]:
        yield f"--- {message['role']}"
        for part in message["parts"]:
            if part["kind"] == "text":
                yield from part["text"].splitlines() or [""]
            else:
                # the bytes may differ where the pixels do not
                image, view = part["image"], part["view"]
                yield f"[picture of {view['observation']}: {image['width']}x{image['height']}, pixels {image['pixels'][:16]}]"
                yield f"[shows {json.dumps(view['crop'])} as {json.dumps(view['sent'])}]"


def step_difference(then: Step, now: Step) -> str:
    """What was decided, found or done otherwise in a step; times, input and tokens are nobody's decision."""
    return "\n".join(_differing(_decided(then), _decided(now)))


def _decided(step: Step) -> dict[str, Any]:
    error = step.error
    return {
        "saw": step.saw.id,
        "thought": step.decision.thought,
        "intent": step.decision.intent.model_dump(mode="json"),
        "pending": [each.model_dump(mode="json") for each in step.decision.pending],
        "memo": step.decision.memo,
        "calls": list(step.decision.calls),
        "located": [each.model_dump(mode="json") for each in step.located],
        "guard": step.guard.model_dump(mode="json"),
        "action": step.action.model_dump(mode="json") if step.action is not None else None,
        "left": step.left.id if step.left is not None else None,
        "error": f"{error.kind}: {error.message}" if error is not None else None,
        "words": [(word.kind, word.text) for word in step.words],
    }


def outcome_difference(then: Episode, now: Episode) -> str:
    """What came of the run otherwise."""
    return "\n".join(_differing(_came(then), _came(now)))


def _came(episode: Episode) -> dict[str, Any]:
    outcome = episode.outcome
    if outcome is None:
        return {}
    found: dict[str, Any] = {"status": outcome.status, "stop": outcome.stop}
    if outcome.status == "infrastructure":
        # why the world or the model failed then, only they could say
        return found
    verdicts = [(str(each.check), each.held, each.found) for each in outcome.verdicts]
    return {
        **found,
        "message": outcome.message,
        "answer": outcome.answer,
        "values": outcome.values,
        "verdicts": verdicts,
    }


def _differing(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name in then | now:
        before, after = (json.dumps(each.get(name), ensure_ascii=False, indent=1).splitlines() for each in (then, now))
        if len(before) == len(after) == 1 and before != after:
            yield f"{name}: {after[0]}, not {before[0]}"
        elif before != after:
            rows = difflib.unified_diff(before, after, f"recorded {name}", f"{name} now", lineterm="", n=_CONTEXT)
            yield _cut(list(rows))


def _cut(lines: list[str]) -> str:
    more = len(lines) - _MOST
    return "\n".join([*lines[:_MOST], *([f"… and {more} lines more"] if more > 0 else [])])
