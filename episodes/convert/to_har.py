"""HAR 1.2 out: the recorded network of an episode, for the tools that read such files.

WebSocket messages stand in ``_webSocketMessages``, as Chromium writes them, and an event stream as the text that it was. When in a run
something came, and with what the run started, HAR has no place for: it stands in ``_handeye``, for our own import.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ...tools.errors import EpisodeError
from ..network import Exchange, RecordedNetwork, read_network
from ..reader import Episode
from ..schema.network import MessageLine
from .formats import Exported
from .har import OURS
from .har_when import written
from .outgoing import write_file
from .recording import Tally

_PRIVATE = "it holds what the site said: cookies that scripts can read, and whatever was on the page"


class ToHAR:
    """See `Exporter`."""

    ending = ".har"

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`.

        Raises:
            UsageError: The episode has no recorded network, or the place is taken.
        """
        tally = Tally()
        network = read_network(episode.path)
        write_file(path, har_text(episode, network, network.exchanges, tally))
        return Exported(path, tally.losses, _PRIVATE)


def har_text(
    episode: Episode, network: RecordedNetwork, exchanges: Iterable[Exchange], tally: Tally, unanswered: int = 0
) -> str:
    """The content of a HAR.

    Args:
        episode: Whose network it is.
        network: Its recording.
        exchanges: What of it is to stand there.
        tally: Takes what is lost.
        unanswered: Status of a request that got no answer: Chromium writes 0, Playwright -1.
    """
    began = datetime.fromisoformat(episode.header.created)
    if network.world.state is not None:
        tally.lose("storage state: what the run began with")
    entries = [_entry(each, network, began, tally) for each in exchanges]
    for entry in entries:
        entry["response"]["status"] = entry["response"]["status"] or unanswered
    start = episode.header.task.start.model_copy(update={"url": network.world.url, "site": None, "storage_state": None})
    log = {
        "version": "1.2",
        "creator": {"name": "handeye", "version": episode.header.versions.get("handeye", "")},
        "pages": [],
        "entries": entries,
        OURS: {"start": start.model_dump(mode="json", exclude_defaults=True)},
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n"


def _entry(exchange: Exchange, network: RecordedNetwork, began: datetime, tally: Tally) -> dict[str, Any]:
    asked, answer = exchange.asked, exchange.answered
    body = _sent_body(exchange, network, tally)
    milliseconds = max(0.0, (answer.at - asked.at) * 1000) if answer is not None else 0.0
    entry: dict[str, Any] = {
        "startedDateTime": (began + timedelta(seconds=asked.at)).isoformat(timespec="milliseconds"),
        "time": round(milliseconds, 3),
        "request": {
            "method": asked.method,
            "url": asked.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [each for name, value in asked.headers if name.lower() == "cookie" for each in _cookies(value)],
            "headers": _pairs(asked.headers),
            "queryString": _pairs(parse_qsl(urlsplit(asked.url).query, keep_blank_values=True)),
            "headersSize": -1,
            "bodySize": len(body) if body else -1 if asked.body is not None else 0,
        },
        "response": _response(exchange, network, tally),
        "cache": {},
        "timings": {"send": 0, "wait": round(milliseconds, 3), "receive": 0},
        "_resourceType": asked.resource,
        OURS: written(exchange),
    }
    if body:
        entry["request"]["postData"] = _post_data(asked.type, body, tally)
    if exchange.is_socket:
        entry["_webSocketMessages"] = [_message(each, network, began) for each in exchange.messages]
    return entry


def _sent_body(exchange: Exchange, network: RecordedNetwork, tally: Tally) -> bytes:
    asked = exchange.asked
    if asked.body is None:
        return b""
    if not asked.kept:
        tally.lose("postData: of a request's body only its hash was kept (handeye run --record-requests keeps it)")
        return b""
    try:
        return network.load(asked.body)
    except EpisodeError as error:
        tally.lose(f"postData: {error.message}")
        return b""


def _post_data(kind: str, body: bytes, tally: Tally) -> dict[str, Any]:
    text = body.decode(errors="replace")
    if text.encode() != body:
        # HAR has text only: the fields beside a file that is uploaded can be read all the same
        tally.lose("postData: bytes in a request's body that are no text")
    if not kind.lower().startswith("application/x-www-form-urlencoded"):
        return {"mimeType": kind, "text": text}
    return {"mimeType": kind, "text": text, "params": _pairs(parse_qsl(text, keep_blank_values=True))}


def _cookies(value: str) -> list[dict[str, str]]:
    return _pairs((name, text) for name, equals, text in (each.partition("=") for each in value.split("; ")) if equals)


def _set_cookie(value: str) -> dict[str, str]:
    pair, _, _ = value.partition(";")
    name, _, text = pair.partition("=")
    return {"name": name.strip(), "value": text.strip()}


def _response(exchange: Exchange, network: RecordedNetwork, tally: Tally) -> dict[str, Any]:
    answer = exchange.answered
    status = answer.status if answer is not None else 101 if exchange.is_socket else 0
    headers = answer.headers if answer is not None else ()
    kind = next((value for name, value in headers if name.lower() == "content-type"), "x-unknown")
    response: dict[str, Any] = {
        "status": status,
        "statusText": answer.reason if answer is not None else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [_set_cookie(value) for name, value in headers if name.lower() == "set-cookie"],
        "headers": _pairs(headers),
        "content": {"size": 0, "mimeType": kind},
        "redirectURL": next((value for name, value in headers if name.lower() == "location"), ""),
        "headersSize": -1,
        "bodySize": -1,
    }
    body = b""
    if exchange.is_stream:
        body = "".join(_as_stream(each) for each in exchange.messages).encode()
    elif answer is not None and answer.body is not None:
        try:
            body = network.load(answer.body)
        except EpisodeError as error:
            tally.lose(f"content: {error.message}")
    if answer is not None and answer.missing:
        tally.lose("content: a body that the browser had no more")
        response["content"] |= {"size": -1, "comment": answer.missing}
    if answer is not None and answer.error:
        response["_failureText"] = answer.error
    if body:
        response["content"] |= {"size": len(body), **_content(body)}
    return response


def _content(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _message(message: MessageLine, network: RecordedNetwork, began: datetime) -> dict[str, Any]:
    binary = message.data is not None
    data = base64.b64encode(network.load(message.data)).decode() if message.data is not None else message.text or ""
    return {
        "type": "send" if message.sent else "receive",
        "time": began.timestamp() + message.at,
        "opcode": 2 if binary else 1,
        "data": data,
    }


def _as_stream(message: MessageLine) -> str:
    lines = [f"id: {message.id}"] if message.id else []
    lines += [f"event: {message.event}"] if message.event else []
    lines += [f"data: {line}" for line in (message.text or "").split("\n")]
    return "\n".join(lines) + "\n\n"


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
