"""Recorded exchanges in an episode: the folder ``network/``, its lines and its blobs, written as a run goes and read back whole.

All of it is private: it lies apart from the episode's own blobs, in a folder that only its owner may read, and `pack` leaves it out unless
it is asked. Declared secrets are placeholders in it, in bodies too; what signs somebody in is left out of headers. Of what
requests carried (forms, uploads) there is a hash, and the thing itself only where it was asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from ..tools.errors import EpisodeCorrupt, EpisodeError, UsageError
from ..tools.secrets import Secrets
from .claim import unwritable
from .schema import first_problem, to_json
from .schema.network import (
    NETWORK,
    AnsweredLine,
    AskedLine,
    ClosedLine,
    MessageLine,
    NetworkLine,
    SentLine,
    WorldLine,
)
from .store import EpisodeFileMissing, Store, open_store

NETWORK_FOLDER = "network"
"""Where all of it lies in an episode."""
EXCHANGES = f"{NETWORK_FOLDER}/exchanges.jsonl"
LEFT_OUT = "(left out)"
"""Stands for the value of what signs somebody in."""
_NO_VALUE = LEFT_OUT.strip("()").replace(" ", "-")

_CREDENTIALS = frozenset(
    (
        *("authorization", "proxy-authorization", "cookie", "authentication-info", "www-authenticate"),
        *("x-api-key", "api-key", "x-auth-token", "x-access-token", "x-csrf-token", "x-xsrf-token"),
        *("x-amz-security-token", "x-goog-api-key", "x-session-token"),
    )
)


def network_blob(sha256: str) -> str:
    """Relative path of a body."""
    return f"{NETWORK_FOLDER}/blobs/{sha256[:2]}/{sha256}"


def without_credentials(
    headers: Iterable[tuple[str, str]], readable: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Headers without what signs somebody in. Of cookies that are set, only those that no script can read.

    Args:
        headers: As they were.
        readable: Names of cookies that a script can read, whose values stay in what is sent; without any all of them are left out.
    """
    return tuple((name, _harmless(name.lower(), value, readable)) for name, value in headers)


def _harmless(name: str, value: str, readable: Collection[str]) -> str:
    if name == "cookie" and readable:
        return "; ".join(_cookie(each, readable) for each in value.split("; "))
    if name in _CREDENTIALS:
        return LEFT_OUT
    if name == "set-cookie" and "httponly" in value.lower():
        key, _, rest = value.partition("=")
        _, semicolon, attributes = rest.partition(";")
        return f"{key}={_NO_VALUE}{semicolon}{attributes}"
    return value


def _cookie(pair: str, readable: Collection[str]) -> str:
    name, equals, _ = pair.partition("=")
    return pair if equals and name in readable else f"{name}={_NO_VALUE}" if equals else _NO_VALUE


class NetworkWriter:
    """Writes the exchanges of a run, line after line, beside the loop; a line is on its way to the disk after the blob it names.

    Args:
        episode: Folder of the episode, which is there.
        secrets: Their values are replaced by placeholders, in lines and in bodies.
    """

    def __init__(self, episode: Path, secrets: Secrets | None = None) -> None:
        self._episode = episode
        self._secrets = secrets or Secrets()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="network-writer")
        self._last: Future[None] | None = None
        self._failed: OSError | None = None
        self._made = False

    def hash(self, body: bytes) -> str:
        """What names a body: the hash of what would be kept of it."""
        return hashlib.sha256(self.kept(body)).hexdigest()

    def kept(self, body: bytes) -> bytes:
        """A body as it may be kept."""
        return redacted_body(body, self._secrets)

    def put(
        self,
        line: NetworkLine,
        body: bytes | None = None,
        place: Callable[[NetworkLine, str], NetworkLine] | None = None,
    ) -> None:
        """Queues a line.

        Args:
            line: Without the name of its blob.
            body: Its blob.
            place: Puts the blob's name into the line.
        """

        def job() -> None:
            if self._failed is not None:
                return
            try:
                made = line
                if body is not None and place is not None:
                    made = place(line, self._blob(body))
                self._append(to_json(NETWORK, self._secrets.redact_all(made)) + b"\n")
            except OSError as error:
                self._failed = error

        self._last = self._thread.submit(job)

    async def close(self) -> None:
        """Waits until all is written.

        Raises:
            EpisodeUnwritable: It could not be.
        """
        if self._last is not None:
            await asyncio.shield(asyncio.wrap_future(self._last))
        self._thread.shutdown(wait=False)
        if self._failed is not None:
            raise unwritable(self._episode, self._failed)

    def _folder(self) -> Path:
        folder = self._episode / NETWORK_FOLDER
        if not self._made:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._made = True
        return folder

    def _append(self, row: bytes) -> None:
        self._folder()
        with (self._episode / EXCHANGES).open("ab") as lines:
            lines.write(row)

    def _blob(self, body: bytes) -> str:
        data = self.kept(body)
        sha256 = hashlib.sha256(data).hexdigest()
        self._folder()
        file = self._episode / network_blob(sha256)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(".part")
            aside.write_bytes(data)
            aside.replace(file)
        return sha256


def redacted_body(body: bytes, secrets: Secrets) -> bytes:
    """A body with every secret in it replaced; one that is no text is left as it is."""
    if not secrets:
        return body
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    return secrets.redact(text).encode()


@dataclass
class Exchange:
    """A request, and all that came of it.

    Attributes:
        asked: The request.
        answered: The answer, or why there is none; None when none had come when the run ended.
        messages: Of a WebSocket or event stream, in order.
        closed: How that ended; None when it was open to the end.
    """

    asked: AskedLine
    answered: AnsweredLine | None = None
    messages: list[MessageLine] = field(default_factory=list)
    closed: ClosedLine | None = None

    @property
    def is_socket(self) -> bool:
        """Whether it is a WebSocket."""
        return self.asked.resource == "websocket"

    @property
    def is_stream(self) -> bool:
        """Whether it is an event stream."""
        return self.asked.resource == "eventsource"

    def __str__(self) -> str:
        return f"{'WebSocket' if self.is_socket else self.asked.method} {self.asked.url}"


@dataclass
class RecordedNetwork:
    """The network of a recorded run.

    Attributes:
        world: Where it began.
        exchanges: In the order in which they began.
        load: The content of a blob by its hash.
        warnings: What was wrong with it.
    """

    world: WorldLine
    exchanges: list[Exchange]
    load: Callable[[str], bytes]
    warnings: tuple[str, ...] = ()


def read_network(path: Path | str) -> RecordedNetwork:
    """The recorded network of an episode.

    Args:
        path: Folder or zip of the episode.

    Raises:
        UsageError: It has none.
        EpisodeError: There is no episode, or its network is damaged.
    """
    store = open_store(Path(path))
    try:
        data = store.read(EXCHANGES)
    except EpisodeFileMissing as error:
        raise UsageError(
            f"{path} has no recorded network",
            remedy="record one: handeye run TASK --record-network; of a zip: pack it with --network",
        ) from error
    rows = data.split(b"\n")
    cut = rows.pop()
    lines: list[NetworkLine] = []
    for number, row in enumerate(rows, 1):
        try:
            lines.append(NETWORK.validate_json(row))
        except ValidationError as error:
            raise EpisodeCorrupt(f"{store.path / EXCHANGES}, line {number}: {first_problem(error)}") from error
    warnings = (f"the last line of {EXCHANGES} is cut off ({len(cut)} bytes) and was dropped",) if cut else ()
    return assembled(lines, partial(_load, store), warnings)


async def write_network(episode: Path, network: RecordedNetwork) -> None:
    """Writes a network that is known whole into the folder of an episode.

    Raises:
        EpisodeUnwritable: It could not be.
    """
    writer = NetworkWriter(episode)
    state = network.load(network.world.state) if network.world.state is not None else None
    writer.put(network.world, state, lambda line, blob: line.model_copy(update={"state": blob}))
    for each in network.exchanges:
        sent = network.load(each.asked.body) if each.asked.kept and each.asked.body is not None else None
        writer.put(each.asked, sent, lambda line, blob: line.model_copy(update={"body": blob}))
        answer = each.answered
        if answer is not None:
            body = network.load(answer.body) if answer.body is not None else None
            writer.put(answer, body, lambda line, blob: line.model_copy(update={"body": blob}))
        for message in each.messages:
            data = network.load(message.data) if message.data is not None else None
            writer.put(message, data, lambda line, blob: line.model_copy(update={"data": blob}))
        if each.closed is not None:
            writer.put(each.closed)
    await writer.close()


def _load(store: Store, sha256: str) -> bytes:
    name = network_blob(sha256)
    data = store.read(name)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EpisodeCorrupt(f"{store.path / name} is damaged")
    return data


def assembled(
    lines: Iterable[NetworkLine], load: Callable[[str], bytes], warnings: tuple[str, ...] = ()
) -> RecordedNetwork:
    """Puts exchanges together from their lines.

    Raises:
        EpisodeCorrupt: A line speaks of an exchange that never began, or nothing says where the run began.
    """
    world: WorldLine | None = None
    found: dict[int, Exchange] = {}
    # of an exchange the request was written first; of answers what is known of them came when it came
    for line in lines:
        if isinstance(line, WorldLine):
            world = line
        elif isinstance(line, AskedLine):
            found[line.exchange] = Exchange(line)
        else:
            _add(found, line)
    if world is None:
        raise EpisodeCorrupt(f"{EXCHANGES} does not say where the run began")
    for each in found.values():
        each.messages.sort(key=lambda message: message.order)
    return RecordedNetwork(world, sorted(found.values(), key=lambda each: each.asked.order), load, warnings)


def _add(found: Mapping[int, Exchange], line: SentLine | AnsweredLine | MessageLine | ClosedLine) -> None:
    exchange = found.get(line.exchange)
    if exchange is None:
        raise EpisodeCorrupt(f"{EXCHANGES}: a line speaks of exchange {line.exchange}, which never began")
    match line:
        case SentLine():
            exchange.asked = exchange.asked.model_copy(update={"headers": line.headers})
        case AnsweredLine():
            exchange.answered = line
        case MessageLine():
            exchange.messages.append(line)
        case ClosedLine():
            exchange.closed = line


__all__ = [
    "EXCHANGES",
    "LEFT_OUT",
    "NETWORK_FOLDER",
    "EpisodeError",
    "Exchange",
    "NetworkWriter",
    "RecordedNetwork",
    "assembled",
    "network_blob",
    "read_network",
    "redacted_body",
    "without_credentials",
    "write_network",
]
