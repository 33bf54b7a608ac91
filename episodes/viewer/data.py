"""What the page shows, as plain JSON: the episode without its pixels and trees, which stand beside it as blobs.

The shape is read by ``assets/*.js`` and by nobody else. Observations are numbered anew (their ids are free text) and calls
are put with the step that they led to; all else keeps the form it has on disk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from ...tools.pixels import Frame
from ...tools.words import headline
from ..reader import Episode
from ..schema import Call, Download, Header, Node, Observation, Step, Tree
from ..store import blob_name


def page_data(episode: Episode) -> dict[str, Any]:
    """Everything but frames and trees."""
    shown = shown_observations(episode)
    number = {seen.id: index for index, seen in enumerate(shown)}
    calls = _calls_of_steps(episode)
    page = {
        "run": _run(episode),
        "observations": [_observation(seen) for seen in shown],
        "steps": [_step(step, number, calls.get(step.index, [])) for step in episode.steps],
        "rest": _rest(episode, number, calls.get(None, [])),
    }
    return {name: _finite(value) for name, value in page.items()}


def shown_observations(episode: Episode) -> list[Observation]:
    """The observations that steps saw or left, and the last one, each once, in the order in which they are first met."""
    seen: dict[str, Observation] = {}
    for step in episode.steps:
        seen.setdefault(step.saw.id, step.saw)
        if step.left is not None:
            seen.setdefault(step.left.id, step.left)
    last = _last(episode)
    if last is not None:
        seen.setdefault(last.id, last)
    return list(seen.values())


def shown_frames(episode: Episode) -> Iterator[Frame]:
    """The frames of those observations, the crops of the steps' evidence and of what a replay looked for, each blob once."""
    met: set[str] = set()
    crops = [each.crop for step in episode.steps for each in step.evidence]
    for step in episode.steps:
        places = step.decision.replayed.places if step.decision.replayed is not None else ()
        crops += [each.crop for each in places if each.crop is not None]
    for frame in (*(seen.frame for seen in shown_observations(episode)), *crops):
        if frame.sha256 not in met:
            met.add(frame.sha256)
            yield frame


def shown_downloads(episode: Episode) -> Iterator[Download]:
    """The downloads of those observations whose bytes are kept, each blob once."""
    met: set[str] = set()
    for seen in shown_observations(episode):
        for each in seen.downloads:
            if each.sha256 is not None and not each.missing and each.sha256 not in met:
                met.add(each.sha256)
                yield each


def outline(tree: Tree) -> list[list[Any]]:
    """A tree as rows ``[depth, role, name, value, states, box]``, without the nodes that say nothing."""
    rows: list[list[Any]] = []
    depth: dict[int, int] = {-1: -1}
    for index, node in enumerate(tree.nodes):
        above = depth.get(node.parent, -1)
        depth[index] = above if _says_nothing(node) else above + 1
        if not _says_nothing(node):
            box = [node.box.left, node.box.top, node.box.right, node.box.bottom] if node.box else None
            rows.append([depth[index], node.role, node.name, node.value, list(node.states), box])
    return rows


def _says_nothing(node: Node) -> bool:
    return node.role in ("generic", "none", "text") and not node.name.strip() and node.value is None


def _plain(record: BaseModel, **options: Any) -> Any:
    return record.model_dump(mode="json", **options)


def _finite(value: Any) -> Any:
    """The value with null for NaN and infinity, which a browser's JSON does not know."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_finite(each) for each in value]
        case dict():
            return {name: _finite(each) for name, each in value.items()}
        case _:
            return value


def _run(episode: Episode) -> dict[str, Any]:
    header: Header = episode.header
    outcome = header.outcome
    last = _last(episode)
    return {
        "folder": episode.path.name,
        "warnings": episode.warnings,
        "header": _plain(header, exclude={"task": {"steps"}, "outcome": True}),
        "outcome": _plain(outcome, exclude={"verdicts"}) if outcome else None,
        "verdicts": [
            {"check": str(verdict.check), "held": verdict.held, "found": verdict.found}
            for verdict in (outcome.verdicts if outcome else ())
        ],
        "conditions": [str(check) for check in header.task.postconditions],
        # a run that broke off lasted at least until its last look
        "seconds": outcome.seconds if outcome else (last.at if last else 0),
    }


def _observation(seen: Observation) -> dict[str, Any]:
    plain = _plain(seen, exclude={"surfaces"})
    for each, download in zip(plain["downloads"], seen.downloads, strict=True):
        kept = each.pop("content").get("blob")
        each |= {"missing": download.missing, "file": blob_name(kept) if kept else ""}
    return {**plain, "tree": plain["tree"].get("blob"), "no_tree": seen.tree.missing}


def _step(step: Step, number: dict[str, int], calls: list[Call]) -> dict[str, Any]:
    titles = step.saw.titles
    intent = headline(step.decision.intent, titles)
    return {
        **_plain(step, exclude={"saw", "left"}),
        "saw": number[step.saw.id],
        "left": number[step.left.id] if step.left else None,
        "verb": step.decision.intent.verb,
        "what": intent.what,
        "where": intent.where,
        "next": [_phrase(*headline(each, titles)) for each in step.decision.pending],
        "mark": _mark(step),
        "seconds": step.timings.get("step"),
        "calls": [_call(call, number) for call in calls],
    }


def _phrase(what: str, where: str) -> str:
    return f"{what} {where}".strip()


def _mark(step: Step) -> str:
    if step.unknown:
        return "unknown"
    if not step.guard.allowed:
        return "refused"
    return "error" if step.error else ""


def _call(call: Call, number: dict[str, int]) -> dict[str, Any]:
    views = [
        {"observation": number[view.observation], **_plain(view, exclude={"observation"})}
        for view in call.views
        if view.observation in number
    ]
    # log-probabilities of every token would outweigh the rest of the page
    return {**_plain(call, exclude={"views": True, "observation": True, "reply": {"tokens"}}), "views": views}


def _calls_of_steps(episode: Episode) -> dict[int | None, list[Call]]:
    """Calls by the step that they belong to; None holds those that led to no step."""
    owner = {call: step.index for step in episode.steps for call in step.decision.calls}
    saw = {step.index: step.saw.id for step in episode.steps}
    last_to_see = {seen: index for index, seen in saw.items()}
    found: dict[int | None, list[Call]] = {}
    before: int | None = None
    for call in episode.calls.values():
        step = owner.get(call.id)
        if step is None:
            # grounding is not named by the decision: it follows the planning of its step, and looked at what that saw
            follows = before is not None and saw[before] == call.observation
            step = before if follows else last_to_see.get(call.observation)
        found.setdefault(step, []).append(call)
        before = step
    return found


def _rest(episode: Episode, number: dict[str, int], calls: list[Call]) -> dict[str, Any] | None:
    """What came after the last step, or in place of any: the newest look, and model calls that led to no step."""
    last = _last(episode)
    final = episode.steps[-1] if episode.steps else None
    shown = {final.saw.id, final.left.id if final.left else ""} if final else set()
    if final is not None and not calls and (last is None or last.id in shown):
        return None
    return {"saw": number[last.id] if last else None, "calls": [_call(call, number) for call in calls]}


def _last(episode: Episode) -> Observation | None:
    return next(reversed(episode.observations.values()), None)
