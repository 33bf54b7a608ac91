"""What WebArena-Verified's scorer reads: ``NUMBER/agent_response.json`` and ``NUMBER/network.har``, the number being the task's.

Several episodes may be exported into one folder, which its command ``eval-tasks --output-dir`` then scores.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from ...tools.errors import UsageError
from ..network import read_network
from ..reader import Episode
from ..schema.network import PROBE
from .formats import Exported
from .outgoing import write_file
from .recording import Tally
from .to_har import har_text
from .webarena_response import response_of

RESPONSE, NETWORK = "agent_response.json", "network.har"
"""Names that the scorer looks for, where its own configuration names no others."""
_NUMBER = re.compile(r"(?:\A|[^0-9])0*([0-9]{1,9})\Z")
_UNANSWERED = -1
"""Status of a request without an answer, as some of the tasks expect it."""


class ToWebArenaVerified:
    """See `Exporter`."""

    ending = ""

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`.

        Raises:
            UsageError: The episode has no recorded network, its task's name has no number at its end, or the place is taken.
        """
        folder = path / str(task_number(episode.header.task.name))
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} exists already", remedy="choose another place with --out")
        try:
            network = read_network(episode.path)
        except UsageError as error:
            raise UsageError(
                f"{episode.path} has no recorded network, by which the scorer judges",
                remedy="record one: handeye run TASK --record-requests; of a zip: pack it with --network",
            ) from error
        tally = Tally()
        # a probe asks for us, not for the agent; a socket is no request that a task expects
        seen = [each for each in network.exchanges if each.asked.resource != PROBE and not each.is_socket]
        tally.lose("a WebSocket", sum(each.is_socket for each in network.exchanges))
        tally.lose("a step: the scorer reads the end and the network", len(episode.steps))
        response = response_of(episode, seen)
        write_file(folder / NETWORK, har_text(episode, network, seen, tally, _UNANSWERED))
        write_file(folder / RESPONSE, json.dumps(response.said, ensure_ascii=False, indent=1) + "\n")
        guessed = f"the agent did not say itself: {response.guessed}; " if response.guessed else ""
        return Exported(folder, tally.losses, f"{guessed}it holds what the site said: keep it private")


def task_number(name: str) -> int:
    """The number that a task's name ends in: ``108``, ``webarena-verified-108``.

    Raises:
        UsageError: It ends in none.
    """
    found = _NUMBER.search(name)
    if found is None:
        raise UsageError(
            f"the task {name!r} has no number of WebArena-Verified",
            remedy="name it by that: name: webarena-verified-108",
        )
    return int(found[1])
