"""The replies of a recorded episode, once more: whatever our code asks differently than it did then is an error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...episodes.reader import Episode
from ...episodes.schema import REQUEST, Call, ModelInfo, Reply, Request
from ...tools.errors import EpisodeError, ModelError, UsageError
from ...tools.words import cut


class PlaybackModel:
    """Answers with what was answered then, in the order of the recording.

    Two requests are the same when every word is, and every picture has the same pixels in the same view, however it was encoded.

    Args:
        episode: Folder or zip of the episode, or the episode itself.

    Raises:
        UsageError: There is no readable episode, or no model took part in it.
    """

    def __init__(self, episode: Episode | Path | str) -> None:
        try:
            self._episode = episode if isinstance(episode, Episode) else Episode.open(episode)
        except EpisodeError as error:
            raise UsageError(f"nothing to play back: {error.message}", remedy=error.remedy) from error
        self._calls = tuple(self._episode.calls.values())
        self._next = 0
        if not self._calls:
            raise UsageError(f"no model took part in {self._episode.path}: there are no replies to play back")

    async def complete(self, request: Request) -> Reply:
        """See `Model.complete`.

        Raises:
            ModelError: The request differs from the recorded one, there is none left, or the recorded call had failed.
        """
        if self._next >= len(self._calls):
            raise ModelError(
                f"{self._episode.path} holds {len(self._calls)} model calls, and this is one more ({request.purpose})",
                remedy="what is asked has changed since it was recorded: record it anew",
            )
        call = self._calls[self._next]
        self._next += 1
        await asyncio.to_thread(self._compare, call, request)
        if call.reply is None:
            raise ModelError(f"{call.id} failed when it was recorded: {call.error}")
        return call.reply

    async def describe(self) -> ModelInfo:
        """See `Model.describe`: the model that was recorded."""
        return self._episode.header.model or ModelInfo(name="")

    async def close(self) -> None:
        """See `Model.close`."""

    def _compare(self, call: Call, request: Request) -> None:
        then = json.loads(self._episode.blob(call.request))
        now = json.loads(REQUEST.dump_json(request))
        difference = next(_differences(then, now, ""), None)
        if difference is not None:
            raise ModelError(
                f"{call.id} ({call.purpose}) is not asked as it was in {self._episode.path}: {difference}",
                remedy="what is asked has changed since it was recorded: record it anew if that was meant",
            )


def _differences(then: Any, now: Any, where: str) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted({*then, *now}):
            # the bytes of a picture may differ where its pixels do not
            if name != "blob":
                yield from _differences(then.get(name), now.get(name), f"{where}.{name}".lstrip("."))
    elif isinstance(then, list) and isinstance(now, list):
        for at, (before, after) in enumerate(zip(then, now, strict=False)):
            yield from _differences(before, after, f"{where}[{at}]")
        if len(then) != len(now):
            yield f"{where} has {len(now)} entries, not {len(then)}"
    elif then != now:
        yield f"{where} is {_around(now, then)}, not {_around(then, now)}"


def _around(value: Any, other: Any) -> str:
    """The part of a text in which it differs from another one."""
    if not isinstance(value, str) or not isinstance(other, str):
        return cut(json.dumps(value, ensure_ascii=False), 80)
    same = next(
        (at for at, (a, b) in enumerate(zip(value, other, strict=False)) if a != b), min(len(value), len(other))
    )
    return repr(("…" if same > 20 else "") + value[max(0, same - 20) : same + 60])
