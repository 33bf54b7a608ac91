"""What a run has to do with a recorded network: what is fixed so that it can be replayed, what is restored, what was missing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ..environments.browser.traffic.base import Traffic
from ..environments.browser.traffic.recorder import Recorder
from ..environments.browser.traffic.world import RecordedWorld
from ..episodes.convert.from_har import is_har, read_har
from ..episodes.network import LEFT_OUT, NetworkWriter, RecordedNetwork, read_network
from ..episodes.reader import Episode
from ..episodes.schema import Outcome, Served, Start, Task
from ..tools.errors import EpisodeUnwritable, RecordingRefused, UsageError
from ..tools.secrets import Secrets

CLOCK_STEP = 1.0
"""Seconds that pass on a page's clock with each act of a recorded run, where its task does not say."""
SEED = 1
"""Seeds a recorded run, where its task does not say."""
_SHOWN = 8


def fixed(task: Task) -> Task:
    """A task whose run is recorded so that it can be replayed: what its start leaves open of seed and clock is fixed.

    A clock that is to stand for ever stays one.
    """
    start = task.start
    update: dict[str, object] = {}
    if start.seed is None:
        update["seed"] = SEED
    if start.clock is None:
        update["clock"] = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if start.clock_step is None and (start.clock is None or start.clock_runs):
        update["clock_step"] = CLOCK_STEP
    return task.model_copy(update={"start": start.model_copy(update=update)})


class Recorded(NamedTuple):
    """What a run in a recorded world needs of the recording.

    Attributes:
        start: How that began.
        network: What was said.
    """

    start: Start
    network: RecordedNetwork


def recorded_in(path: Path, secrets: Secrets) -> Recorded:
    """The world of an episode, or of a HAR of another tool.

    Raises:
        UsageError: There is nothing, an episode without a network, no HAR, or several.
        EpisodeError: The episode is damaged.
    """
    if not path.exists():
        raise UsageError(f"there is nothing at {path}", remedy="name an episode with a recorded network, or a HAR")
    if is_har(path):
        try:
            har = read_har(path, secrets)
        except RecordingRefused as error:
            # nothing has begun: another file is all it takes
            raise UsageError(error.message, remedy=error.remedy) from error
        return Recorded(har.start, har.network)
    return Recorded(Episode.open(path).header.task.start, read_network(path))


def in_recorded_world(task: Task, recorded: Recorded) -> Task:
    """A task that begins as the recording did, but for what its own start says otherwise."""
    said = {name: getattr(task.start, name) for name in task.start.model_fields_set}
    return task.model_copy(update={"start": recorded.start.model_copy(update=said)})


def recorder(out: Path, start: Start, secrets: Secrets, *, requests: bool = False) -> Recorder:
    """Records the network of a run into the folder of its episode, with what its requests carry where that is asked for.

    Raises:
        UsageError: There is no such storage state.
    """
    return Recorder(NetworkWriter(out, secrets), _state(start), requests=requests)


def _state(start: Start) -> bytes | None:
    if start.storage_state is None:
        return None
    try:
        state = json.loads(Path(start.storage_state).expanduser().read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"start.storage_state: {start.storage_state} cannot be read: {error}") from error
    for each in state.get("cookies", ()):
        if each.get("httpOnly"):
            each["value"] = LEFT_OUT.strip("()").replace(" ", "-")
    return json.dumps(state).encode()


def restored(start: Start, traffic: Traffic | None, out: Path) -> Start:
    """The start of a run in a recorded world, with the storage state of the recording; a file of the new episode holds it.

    Raises:
        EpisodeUnwritable: It cannot be written.
    """
    if not isinstance(traffic, RecordedWorld):
        return start
    state = _state_of(traffic.network)
    if state is None:
        return start.model_copy(update={"storage_state": None})
    file = out / "state" / "storage_state.json"
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_bytes(state)
    except OSError as error:
        raise EpisodeUnwritable(f"cannot write {file}: {error.strerror}") from error
    return start.model_copy(update={"storage_state": str(file)})


def _state_of(network: RecordedNetwork) -> bytes | None:
    return network.load(network.world.state) if network.world.state is not None else None


def accounted(outcome: Outcome, traffic: Traffic | None) -> Outcome:
    """The outcome of a run in a recorded world, with how that was used.

    What fails where something was missing is the environment's failure.
    """
    if not isinstance(traffic, RecordedWorld):
        return outcome
    served = traffic.served()
    update: dict[str, object] = {"network": served}
    if served.misses and outcome.status in ("failed", "infrastructure"):
        lacking = f"the recorded network lacks {in_words(served)}"
        message = f"{lacking}; so: {outcome.message}" if outcome.message else lacking
        update |= {"status": "infrastructure", "stop": "environment", "message": message}
    return outcome.model_copy(update=update)


def in_words(served: Served) -> str:
    """The first that was missing, and how many more."""
    first = served.misses[0]
    more = f" and {len(served.misses) - 1} more" if len(served.misses) > 1 else ""
    return f"{first.method} {first.url} (after act {first.moment.act}: {first.why}){more}"


def notes_of(served: Served | None) -> tuple[str, ...]:
    """What there is to say of how a recorded network was used, a line each."""
    if served is None:
        return ()
    lines = [f"miss: {each.method} {each.url} after act {each.moment.act}: {each.why}" for each in served.misses]
    lines += [f"recorded, and not asked for: {each}" for each in served.unused[:_SHOWN]]
    if len(served.unused) > _SHOWN:
        lines.append(f"recorded, and not asked for: {len(served.unused) - _SHOWN} more")
    return tuple(lines)
