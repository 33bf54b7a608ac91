"""browser-use: the history of an agent as JSON. Acts on elements have no coordinates: the element is kept as what it is called."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ...tools.actions import IntendedAct, Say, places
from ...tools.errors import RecordingRefused
from ...tools.geometry import Box, Point
from ...tools.python_calls import SourceRefused
from ...tools.words import cut
from ..schema import Problem, Tab
from .browseruse_acts import Given, act_of
from .files import Files, find_file
from .from_agentnet import box_of
from .moves import NOT_TRANSLATED, Record, add_said, finish
from .pictures import Picture
from .reading import listing, mapping, number, read_json, text
from .recording import Ending, Look, Recording, Session

UNPLACED = "browser-use records no coordinates of an act on an element"
_REQUEST = re.compile(r"<user_request>\s*(.*?)\s*</user_request>", re.DOTALL)
_DATA = re.compile(r"data:image/[\w.+-]+;base64,")


class BrowserUse:
    """See `Importer`."""

    def sessions(self, files: Files) -> Iterator[Session]:
        """See `Importer.sessions`."""
        for name in files.names if files.chosen is None else (files.chosen,):
            if files.chosen is not None or (name.endswith(".json") and b'"history"' in files.read(name)):
                yield _History(files, name)


class _History(NamedTuple):
    files: Files
    file: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.file).stem

    def read(self) -> Recording:
        """See `Session.read`."""
        data = mapping(read_json(self.files.read(self.file), self.file), self.file)
        values = [
            mapping(each, f"{self.file}: history[{index}]")
            for index, each in enumerate(listing(data.get("history"), f"{self.file}: history"))
        ]
        if not values:
            raise RecordingRefused(f"{self.file}: its history is empty")
        recording = Recording(
            format="browseruse",
            name=self.name,
            environment="browser",
            fields={key: each for key, each in data.items() if key != "history"},
            missing={"points": UNPLACED},
        )
        recording.goal = next(
            (match[1] for each in values if (match := _REQUEST.search(text(each.get("state_message"))))), ""
        )
        if not recording.goal:
            recording.missing["goal"] = "browser-use's history does not hold the task"
        self._looks(recording, values)
        understood = sum(_turn(recording, index, each, index + 1 < len(values)) for index, each in enumerate(values))
        self._end(recording, values)
        turns = sum(bool(_actions(each)) for each in values)
        finish(recording, self.file, turns, understood)
        return recording

    def _looks(self, recording: Recording, values: list[dict[str, Any]]) -> None:
        began = next((found for each in values if (found := _seconds(each, "step_start_time")) is not None), None)
        if began is None:
            recording.missing["times"] = "there are no step_start_time"
        else:
            recording.created = datetime.fromtimestamp(began, UTC).isoformat()
        for index, each in enumerate(values):
            state = each.get("state")
            state = state if isinstance(state, dict) else {}
            look = Look(self._picture(state, f"{self.file}: history[{index}]"))
            at = _seconds(each, "step_start_time")
            look.at = max(0.0, at - began) if at is not None and began is not None else 0.0
            look.url, look.title = text(state.get("url")), text(state.get("title"))
            look.tabs = tuple(_tabs(state))
            recording.looks.append(look)
        recording.url = recording.looks[0].url or "about:blank"

    def _picture(self, state: dict[str, Any], where: str) -> Picture | str:
        inline, path = state.get("screenshot"), state.get("screenshot_path")
        if isinstance(inline, str) and inline:
            try:
                data = base64.b64decode(_DATA.sub("", inline, count=1), validate=True)
            except (binascii.Error, ValueError) as error:
                raise RecordingRefused(f"{where}: its screenshot is no base64: {error}") from error
            return Picture(f"{where}.state.screenshot", lambda: data)
        if not isinstance(path, str) or not path:
            return "browser-use took no screenshot"
        # an absolute path of another machine, or of a stranger: only its last parts count, in the recording's own folder
        parts = PurePosixPath(path.replace("\\", "/")).parts[-2:]
        if ".." in parts:
            raise RecordingRefused(f"{where} names {cut(ascii(path), 80)}, which leads out of the recording")
        for name in ("/".join(parts), parts[-1]):
            found = find_file(self.files, name.lstrip("/"), self.file, where) if name.strip("/") else None
            if found is not None:
                return Picture(found, partial(self.files.read, found))
        return f"the screenshot {cut(path, 120)} lies outside the recording's folder: copy it there, or name its folder with --pictures"

    def _end(self, recording: Recording, values: list[dict[str, Any]]) -> None:
        results = values[-1].get("result")
        last = results[-1] if isinstance(results, list) and results and isinstance(results[-1], dict) else {}
        judged = last.get("judgement")
        verdict = judged.get("verdict") if isinstance(judged, dict) else None
        said = f"; its judge (a model) says {'success' if verdict else 'failure'}" if isinstance(verdict, bool) else ""
        if last.get("is_done") is True:
            claim = "failure" if last.get("success") is False else "success"
            answer = text(last.get("extracted_content")) or None
            status = "failed" if last.get("success") is False else "unverified"
            stop = "fail" if last.get("success") is False else "answer" if answer else "done"
            message = f"the agent claims {claim}; nothing in the recording checks it{said}"
            recording.ending = Ending(status=status, stop=stop, message=message, answer=answer)  # type: ignore[arg-type]  # literals, above


def _seconds(value: dict[str, Any], name: str) -> float | None:
    metadata = value.get("metadata")
    found = number(metadata.get(name)) if isinstance(metadata, dict) else None
    return found if found is not None and 0 <= found < 1e11 else None


def _tabs(state: dict[str, Any]) -> Iterator[Tab]:
    tabs = state.get("tabs")
    shown = False
    for index, each in enumerate(tabs if isinstance(tabs, list) else ()):
        if isinstance(each, dict):
            name = each.get("tab_id", each.get("target_id", each.get("page_id", index)))
            active = not shown and text(each.get("url")) == text(state.get("url"))
            shown = shown or active
            yield Tab(id=cut(str(name), 60), url=text(each.get("url")), title=text(each.get("title")), active=active)


def _actions(value: dict[str, Any]) -> list[Any]:
    output = value.get("model_output")
    found = output.get("action") if isinstance(output, dict) else None
    return found if isinstance(found, list) else []


def _turn(recording: Recording, index: int, value: dict[str, Any], followed: bool) -> int:
    """The moves of one turn; 1 when at least one of its actions was understood."""
    actions = _actions(value)
    results = value.get("result") if isinstance(value.get("result"), list) else []
    state = value.get("state")
    elements = state.get("interacted_element") if isinstance(state, dict) else None
    box = box_of(recording, index)
    said: list[tuple[IntendedAct | Say, Problem | None]] = []
    refused = 0
    for part, action in enumerate(actions):
        result = (
            results[part]
            if isinstance(results, list) and part < len(results) and isinstance(results[part], dict)
            else None
        )
        element = elements[part] if isinstance(elements, list) and part < len(elements) else None
        if result is None and results:
            _event(recording, index, f"{NOT_TRANSLATED}: an action that was not carried out", action)
            continue
        given = Given(action, element, result or {}, box, index)
        try:
            verb = act_of(given, recording.tally)
            _inside(verb, box)
        except SourceRefused as error:
            refused += 1
            _event(recording, index, f"{NOT_TRANSLATED}: {error}", action)
            continue
        problem = text((result or {}).get("error"))
        said.append((verb, Problem(kind="ActionError", message=cut(problem, 2000)) if problem else None))
    if not actions and results:
        problem = next(
            (text(each.get("error")) for each in results if isinstance(each, dict) and each.get("error")), ""
        )
        _event(recording, index, f"{NOT_TRANSLATED}: a turn without an action", problem)
    record = Record(
        number=index,
        value=_without_pictures(value),
        saw=index,
        left=index + 1 if followed else None,
        thought=_thought(value),
        at=recording.looks[index].at,
        seconds=_duration(value),
    )
    before = len(recording.moves)
    add_said(recording, record, [verb for verb, _ in said], unplaced=UNPLACED)
    for move, (_, wrong) in zip(recording.moves[before:], said, strict=True):
        move.error = wrong
    secrets = {
        name
        for move in recording.moves[before:]
        for name in re.findall(r"<secret:(\w+)>", str(getattr(move.intent, "text", "")))
    }
    recording.secrets = tuple(dict.fromkeys((*recording.secrets, *sorted(secrets))))
    return int(bool(said))


def _event(recording: Recording, index: int, what: str, shown: Any) -> None:
    recording.tally.lose(cut(what, 120))
    recording.event(
        NOT_TRANSLATED, cut(f"record {index}: {what.removeprefix(NOT_TRANSLATED + ': ')}: {shown}", 2000), index
    )


def _inside(verb: IntendedAct | Say, box: Box) -> None:
    for each in places(verb) if not isinstance(verb, Say) else ():
        if isinstance(each, Point) and not box.contains(each):
            raise SourceRefused(f"({each.x:g}, {each.y:g}) lies outside the screen of {box.width:g}x{box.height:g}")


def _thought(value: dict[str, Any]) -> str:
    output = value.get("model_output")
    output = output if isinstance(output, dict) else {}
    brain = output.get("current_state")
    said = {**(brain if isinstance(brain, dict) else {}), **output}
    return text(said.get("thinking")) or text(said.get("next_goal")) or text(said.get("memory"))


def _duration(value: dict[str, Any]) -> float | None:
    start, end = _seconds(value, "step_start_time"), _seconds(value, "step_end_time")
    return max(0.0, end - start) if start is not None and end is not None else None


def _without_pictures(value: dict[str, Any]) -> dict[str, Any]:
    state = value.get("state")
    if isinstance(state, dict) and "screenshot" in state:
        return {**value, "state": {key: each for key, each in state.items() if key != "screenshot"}}
    return value
