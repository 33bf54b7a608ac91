"""What a world said over the network while a run was recorded: the lines of ``network/exchanges.jsonl``.

An exchange is a request and all that came of it: an answer, or the messages of a WebSocket or an event stream. Its lines have its number.
``order`` counts everything that happened, over all exchanges: lines are written when what they hold is known, which may be later.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ...tools.secrets import OURS
from .base import Record, Sha256


class Moment(Record):
    """A half-step: when something happened, told by what was done and not by a clock.

    Attributes:
        act: How many acts had begun; 0 is the start.
        tick: How many times the page's clock was moved on since then, where it stands in between (`Start.clock_step`).
    """

    act: int = Field(default=0, ge=0)
    tick: int = Field(default=0, ge=0)


class WorldLine(Record):
    """Stands first.

    Attributes:
        url: Where the run began, as it was asked for.
        state: Blob of the storage state that it began with, the values of its ``HttpOnly`` cookies left out; None where it had none.
    """

    kind: Literal["world"] = "world"
    url: str
    state: Sha256 | None = None


class AskedLine(Record):
    """A request went out.

    Attributes:
        exchange: Number of the exchange.
        order: See the module.
        moment: When.
        at: Seconds since the recording began.
        method: ``GET`` …; of a WebSocket ``GET``.
        url: Without its fragment.
        resource: What it was for: ``document``, ``script``, ``fetch``, ``websocket``, ``eventsource`` …; ``probe``: asked by us.
        headers: As far as they were known then; a `SentLine` has them as they were sent. Without what signs somebody in.
        body: Hash of the request's body; None when it had none.
        kept: The body is there, as the blob of that hash: only where requests were to be kept.
        type: Content type of the body.
        redirect_of: The exchange whose answer led here.
    """

    kind: Literal["asked"] = "asked"
    exchange: int
    order: int
    moment: Moment
    at: float = 0
    method: Annotated[str, OURS]
    url: str
    resource: Annotated[str, OURS] = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: Sha256 | None = None
    kept: bool = False
    type: str = ""
    redirect_of: int | None = None


class SentLine(Record):
    """What a browser put before a request on its way (``Sec-Fetch-…``, ``Accept``), which it tells only once an answer begins.

    Attributes:
        exchange: Number of the exchange.
        headers: All of them, as they were sent, but for what signs somebody in.
    """

    kind: Literal["sent"] = "sent"
    exchange: int
    headers: tuple[tuple[str, str], ...] = ()


class AnsweredLine(Record):
    """An answer was complete; of an event stream and a WebSocket: it had begun.

    Attributes:
        exchange: Number of the exchange.
        order: See the module.
        moment: When.
        at: Seconds since the recording began.
        status: Of HTTP; 0 when none came.
        reason: Its phrase.
        headers: As they came, one entry for each; values of ``HttpOnly`` cookies are left out.
        body: Blob of the body, decoded; None when it was empty, or is missing.
        missing: Why there is no body.
        error: Why no answer came, in the browser's words (``net::ERR_…``). With a status: why its head came, and no end.
    """

    kind: Literal["answered"] = "answered"
    exchange: int
    order: int
    moment: Moment
    at: float = 0
    status: int = 0
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: Sha256 | None = None
    missing: str = ""
    error: str = ""


class MessageLine(Record):
    """A message of a WebSocket, either way, or of an event stream.

    Attributes:
        exchange: Number of the exchange.
        order: See the module.
        moment: When.
        at: Seconds since the recording began.
        sent: By the page.
        text: What it says; None of a binary message.
        data: Blob of a binary message.
        event: Of an event stream: the name of the event, where it is not ``message``.
        id: Likewise its id.
    """

    kind: Literal["message"] = "message"
    exchange: int
    order: int
    moment: Moment
    at: float = 0
    sent: bool = False
    text: str | None = None
    data: Sha256 | None = None
    event: str = ""
    id: str = ""


class ClosedLine(Record):
    """A WebSocket or an event stream ended.

    Attributes:
        exchange: Number of the exchange.
        order: See the module.
        moment: When.
        at: Seconds since the recording began.
        by_page: The page was left, or closed it.
    """

    kind: Literal["closed"] = "closed"
    exchange: int
    order: int
    moment: Moment
    at: float = 0
    by_page: bool = False


NetworkLine = Annotated[
    WorldLine | AskedLine | SentLine | AnsweredLine | MessageLine | ClosedLine,
    Field(discriminator="kind"),
]

PROBE = "probe"
"""The `AskedLine.resource` of what no page asked for, but a probe."""

GIVEN_UP = "net::ERR_ABORTED"
"""What a browser says of an answer that the page itself did not wait for, or not to its end."""

NETWORK: TypeAdapter[NetworkLine] = TypeAdapter(NetworkLine)
"""Validates and dumps one line."""


class Miss(Record):
    """A request that the recorded network has no answer to.

    Attributes:
        method: ``GET`` …
        url: What was asked for.
        moment: When.
        why: Why there is none.
    """

    method: Annotated[str, OURS]
    url: str
    moment: Moment = Moment()
    why: str = ""


class Served(Record):
    """Of a run in a recorded world: how its network was used.

    Attributes:
        exchanges: How many were recorded.
        used: How many of them were served.
        repeated: Requests that were answered once more with the only answer there ever was.
        misses: What was refused, in order, each address once a half-step.
        unused: ``GET http://…``: what was recorded and never asked for, or not all of it.
    """

    exchanges: int = 0
    used: int = 0
    repeated: int = 0
    misses: tuple[Miss, ...] = ()
    unused: tuple[str, ...] = ()
