"""The suite ``osworld``."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from ....environments.base import Environment
from ....environments.osworld.environment import OSWorldEnvironment
from ....environments.osworld.machine import SERVER, Machine
from ....episodes.reader import Episode
from ....episodes.schema import Budget, Probe, Score, Start, Task, Viewport, first_problem
from ....tools.errors import UsageError
from .judging import judge
from .measuring import unknown
from .reading import Example, evaluator_text, home_of, read_examples

_SECONDS = 1100.0
"""Of an episode: a row of a run has 1200, unless it is told otherwise."""
_OF_MACHINE = ("chromium", "vlc", "revert", "cache", "password", "patience", "ready")


class OSWorldSuite:
    """Tasks of a checkout's ``evaluation_examples``, in one virtual machine or several.

    Args:
        examples: That folder, or the checkout.
        vm: Address of the machine's server; of several, with commas between.
        list: Which of its lists.
        steps: Acts of an episode at most; OSWorld's own runs take 15, 50 or 100.
        screen: Size of the machine's screen.
        chromium: Port of its browser, `vlc` that of its VLC.
        revert: Command that puts it back, run before each task; ``{vm}`` in it is the address.
        cache: Folder of downloaded files.
        password: Of the machine's user.
        patience: Seconds that its server may take, and `ready` those until it answers when it was put back.
    """

    def __init__(
        self,
        examples: str,
        vm: str = SERVER,
        list: str = "test_all.json",
        steps: str = "15",
        screen: str = "1920x1080",
        chromium: str = "9222",
        vlc: str = "8080",
        revert: str = "",
        cache: str = "~/.cache/handeye/osworld",
        password: str = "password",
        patience: str = "60",
        ready: str = "300",
    ) -> None:
        self._home = home_of(Path(examples).expanduser())
        self._list = list
        self._budget = Budget(steps=_number("steps", steps), seconds=_SECONDS)
        width, _, height = screen.partition("x")
        self._viewport = Viewport(width=_number("screen", width), height=_number("screen", height))
        given = (chromium, vlc, revert, cache, password, patience, ready)
        settings = dict(zip(_OF_MACHINE, given, strict=True))
        self._machines = tuple(_machine(each.strip(), settings) for each in vm.split(","))

    @cached_property
    def version(self) -> str:
        """See `Suite.version`: a hash of the files."""
        found = hashlib.sha256()
        for each in self._examples.values():
            text = json.dumps([each.name, each.data], sort_keys=True, ensure_ascii=False)
            found.update(text.encode(errors="replace"))
        return found.hexdigest()[:12]

    @property
    def at_once(self) -> int:
        """See `Bounded.at_once`: one in each machine."""
        return len(self._machines)

    @cached_property
    def _examples(self) -> Mapping[str, Example]:
        return {each.name: each for each in read_examples(self._home, self._list, unknown)}

    def tasks(self) -> Iterable[Task]:
        """See `Suite.tasks`; also those that cannot be run, see `refuses`.

        Raises:
            TaskError: The list of tasks is damaged.
        """
        for name, example in self._examples.items():
            if example.why:
                yield Task(name=name, environment="osworld")
                continue
            start = Start(viewport=self._viewport, setup=tuple(example.data.get("config") or ()))
            yield Task(
                name=name,
                goal=example.data["instruction"],
                environment="osworld",
                start=start,
                probes=(Probe(kind="evaluator", argument=evaluator_text(example.data)),),
                budget=self._budget,
            )

    def refuses(self, task: Task) -> str:
        """See `Selective.refuses`."""
        return self._examples[task.name].why

    def group(self, task: Task) -> str:
        """See `Grouped.group`: the application."""
        return task.name.partition("/")[0]

    def world(self, task: Task) -> Environment:
        """See `MakesWorld.world`."""
        return OSWorldEnvironment(self._machines, folder=self._home.parent, task=task.name)

    def score(self, task: Task, episode: Episode) -> Score:
        """See `Suite.score`: as OSWorld's own code reckons, from what the evaluator found at the end."""
        with tempfile.TemporaryDirectory(prefix="handeye-osworld-") as folder:
            return judge(episode, Path(folder))


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise UsageError(f"-c suite.{name}={text}: a whole number is meant")
    return int(text)


def _machine(server: str, settings: Mapping[str, str]) -> Machine:
    revert = settings["revert"].replace("{vm}", server)
    try:
        return Machine.model_validate({"server": server, **settings, "revert": revert})
    except ValidationError as error:
        raise UsageError(f"-c suite.…: {first_problem(error)}") from error
