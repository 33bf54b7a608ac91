"""What ``handeye record`` does, once its words are understood."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from ..agent.face import new_folder
from ..agent.recording.looks import Look
from ..agent.recording.session import Recorded, Stop, record_person
from ..episodes.schema import EXIT_CODES, Start, Task
from ..tools.errors import UsageError
from .commands import RunOptions, browser_of, setting, with_settings
from .progress import Progress

_READY = "recording: do it in the browser's window; close that, or press Ctrl-C here, to end"


def record_command(url: str | None, out: Path | None, config: tuple[str, ...], console: Console) -> int:
    """Records a person, prints each step as it is written, and says what came of it.

    Returns:
        The exit code: 0 when there is a task file, 4 when nothing was done.

    Raises:
        UsageError: The folder is taken, there is no display, a setting is wrong.
        EnvironmentFailed: The page cannot be reached.
    """
    wanted = [setting(each) for each in config]
    other = [path[0] for path, _ in wanted if path[0] not in ("start", "browser")]
    if other:
        raise UsageError(f"-c {other[0]}: a recording has no such section", remedy="sections: start, browser")
    task = with_settings(Task(), [each for each in wanted if each[0][0] == "start"], RunOptions())
    start = task.start if url is None else task.start.model_copy(update={"url": _address(url)})
    folder = out or new_folder(f"recorded-{urlsplit(start.url).hostname or 'browser'}")
    recorded = asyncio.run(_record(start, folder, config, console))
    return _say(recorded, folder, console)


async def _record(start: Start, out: Path, config: tuple[str, ...], console: Console) -> Recorded:
    stop = Stop()
    browser = browser_of(RunOptions(headed=True, config=config))
    said = False

    def looked(_: Look) -> None:
        nonlocal said
        if not said:
            console.print(_READY, markup=False)
        said = True

    with _signals(stop):
        return await record_person(start, out, stop=stop, watch=Progress(console).step, looked=looked, browser=browser)


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C ends the recording; a second one does not wait for what is still to be written."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def end() -> None:
        if stop.requested:
            task.cancel()
        stop.requested = True

    caught = (signal.SIGINT, signal.SIGTERM)
    for number in caught:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


def _address(text: str) -> str:
    """What a person types where a browser expects an address."""
    if "://" in text or text.startswith(("about:", "data:", "file:")):
        return text
    path = Path(text)
    return path.resolve().as_uri() if path.exists() else f"http://{text}"


def _say(recorded: Recorded, folder: Path, console: Console) -> int:
    outcome = recorded.episode.outcome
    status = EXIT_CODES[outcome.status] if outcome is not None else 5
    if recorded.task is None:
        console.print("nothing was done: there is no task file", markup=False)
        return status
    for note in recorded.notes:
        console.print(f"! {note}", style="yellow", soft_wrap=True, markup=False)
    steps = len(recorded.episode.steps)
    given = "".join(f"{variable}=… " for variable in recorded.episode.header.task.secrets.values())
    console.print(f"{steps} step{'s' if steps != 1 else ''} recorded: {folder}", soft_wrap=True, markup=False)
    for command in (f"run {shlex.quote(str(recorded.task))}", f"replay {shlex.quote(str(folder))}"):
        console.print(f"  {given}handeye {command}", soft_wrap=True, markup=False)
    return 0
