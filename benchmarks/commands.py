"""What the commands of the command line do, once their words are understood."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from rich.console import Console

from ..agent.deciding import check
from ..agent.face import allowed, is_goal, new_folder, resolve_task, secrets_of
from ..agent.guard import ApprovalGuard, OpenGuard
from ..agent.person import NoPerson, PersonRefused, TerminalPerson, agreed
from ..agent.policies.model import Thinking
from ..agent.run import Interrupt, Resources, Run, complete_inputs, takes_screen
from ..environments.browser.attach import NOTICE
from ..environments.browser.host import BrowserConfig
from ..environments.browser.server import shown
from ..environments.desktop.brake import STOP_KEY
from ..environments.desktop.config import DesktopConfig
from ..episodes.reader import Episode
from ..episodes.schema import Task, first_problem
from ..episodes.taskfile import read_scalar
from ..episodes.viewer import write_html
from ..tools.errors import TaskError, UsageError
from .batch import Result, exit_code, input_rows, run_batch, task_files
from .progress import Progress, Ticker, print_result

DEMO = Path(__file__).parent / "tasks" / "shop.yaml"
"""The task of ``handeye demo``."""
DESKTOP_DEMO = DEMO.with_name("desktop.yaml")
"""The task of ``handeye demo --desktop``."""

_SECTIONS = "sections: start, budget, browser, desktop, thinking"

_GRACE = 3.0
"""Seconds that a step may go on after Ctrl-C before it is cut off."""


@dataclass(frozen=True)
class RunOptions:
    """Options of ``handeye run``; see its help."""

    inputs: tuple[str, ...] = ()
    rows: Path | None = None
    start: str | None = None
    out: Path | None = None
    workers: int = 1
    headed: bool = False
    cdp: str | None = None
    server: str | None = None
    pause_on_failure: bool = False
    ask: bool = False
    take_screen: bool = False
    approve: bool = False
    config: tuple[str, ...] = ()
    model: str | None = None
    policy: Literal["script", "model"] | None = None
    dialect: str | None = None
    grounders: tuple[str, ...] | None = None
    allow: tuple[str, ...] = ()
    save_state: Path | None = None
    record_network: bool = False
    record_requests: bool = False
    hermetic: Path | None = None


def run_tasks(wanted: list[str], options: RunOptions, console: Console) -> int:
    """Runs goals, task files and folders, prints how it goes, and gives the exit code.

    Raises:
        UsageError: Something is wrong that can be known before the first run begins.
    """
    tasks = [task for each in wanted for task in ([each] if is_goal(each) else task_files(Path(each)))]
    settings = [setting(each) for each in options.config]
    browser = browser_of(options)
    runs = _with_screen(_plan(tasks, options, settings), options.workers)
    several = len(runs) > 1
    if several and options.save_state is not None:
        raise UsageError("--save-state keeps the state of one run", remedy="run one task, with one row of inputs")
    if several:
        _check_parent(options.out)
    progress = [
        replace(run, watch=Progress(console, run.out.name if several and options.workers > 1 else "").step)
        for run in runs
    ]
    if browser.cdp is not None:
        if options.save_state is not None:
            raise UsageError(
                "--save-state would write down a whole profile: every site that the attached browser is signed in to",
                remedy="leave out --save-state: the profile keeps its logins itself",
            )
        say_attached(browser.cdp, console)
    results = asyncio.run(run_all(progress, browser, options.workers, console))
    if several:
        counts = {
            code: sum(result.exit_code == code for result in results) for code in sorted({r.exit_code for r in results})
        }
        names = {0: "passed", 1: "failed", 2: "wrong", 3: "refused", 4: "unverified", 5: "infrastructure"}
        console.print(
            f"{len(results)} of {len(runs)} runs: "
            + ", ".join(f"{count} {names[code]}" for code, count in counts.items())
        )
    print_values(results, several=several)
    return exit_code(results) if len(results) == len(runs) else max(exit_code(results), 4)


def view_episode(path: Path, html: Path | None, console: Console) -> None:
    """Writes an episode as a page, and opens it when no file was named.

    Raises:
        EpisodeError: There is no readable episode.
        UsageError: The file cannot be written.
    """
    episode = Episode.open(path)
    target = html if html is not None else Path(tempfile.mkdtemp(prefix="handeye-")) / "episode.html"
    try:
        write_html(episode, target)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from error
    for warning in episode.warnings:
        console.print(f"! {warning}", soft_wrap=True, markup=False)
    console.print(f"{target}", soft_wrap=True, markup=False)
    if html is None and not webbrowser.open(target.resolve().as_uri()):
        console.print("no browser could be opened; open the file yourself", markup=False)


def _plan(wanted: list[str | Path], options: RunOptions, settings: list[tuple[list[str], str]]) -> list[Run]:
    given = dict(_pair(each) for each in options.inputs)
    rows = input_rows(options.rows) if options.rows is not None else [{}]
    person = TerminalPerson() if options.ask or options.approve else NoPerson()
    runs: list[Run] = []
    taken: set[Path] = set()
    found = [resolve_task(each) for each in wanted]
    thinking = section(Thinking, "thinking", settings)
    desktop = section(DesktopConfig, "desktop", settings)
    settings = [each for each in settings if each[0][0] not in ("browser", "thinking", "desktop")]
    # of several tasks each takes the inputs that it has; one that none has is a mistake, and named as such
    known = {name for task, _ in found for name in task.inputs}
    for task, lines in ((with_settings(task, settings, options), lines) for task, lines in found):
        secrets = secrets_of(task)
        for number, row in enumerate(rows, 1):
            inputs = {
                name: value for name, value in {**given, **row}.items() if name in task.inputs or name not in known
            }
            complete_inputs(task, inputs)
            name = task.name if options.rows is None else f"{task.name}-{number}"
            out = _folder(options.out, name, several=len(wanted) * len(rows) > 1, taken=taken)
            run = Run(
                task=task,
                out=out,
                inputs=inputs,
                secrets=secrets,
                lines=lines,
                person=person,
                policy=options.policy,
                model=options.model,
                dialect=options.dialect,
                thinking=thinking,
                grounders=options.grounders,
                save_state=options.save_state,
                record_network=options.record_network,
                record_requests=options.record_requests,
                hermetic=options.hermetic,
                take_screen=options.take_screen,
                desktop=desktop,
            )
            check(run)
            guard = ApprovalGuard(person) if options.approve else OpenGuard()
            runs.append(replace(run, guard=guard, pause_on_failure=options.pause_on_failure))
    return runs


def _with_screen(runs: list[Run], workers: int) -> list[Run]:
    """The runs; before any of them takes the screen that is there, its owner is asked, unless they said yes beforehand.

    Raises:
        UsageError: They say no, or cannot be asked; or two would share the screen.
    """
    takers = [run for run in runs if takes_screen(run.task)]
    if takers and workers > 1:
        raise UsageError("there is one screen, and several runs side by side", remedy="leave out --workers")
    if not takers or takers[0].take_screen:
        return runs
    names = ", ".join(dict.fromkeys(run.task.name for run in takers))
    try:
        yes = asyncio.run(
            agreed(f"{names}: may this screen's mouse and keyboard be used? A corner or {STOP_KEY} stops it.")
        )
    except PersonRefused as refusal:
        raise UsageError(
            f"{names}: {refusal.message}, and the screen is not taken unasked", remedy="--take-screen"
        ) from refusal
    if not yes:
        raise UsageError(
            f"{names}: the screen was not given", remedy="`display: sandbox` in the task's start needs no screen"
        )
    return [replace(run, take_screen=True) for run in runs]


def _folder(out: Path | None, name: str, *, several: bool, taken: set[Path]) -> Path:
    fresh = new_folder(name)
    path = fresh if out is None else (out / fresh.name.split("-", 2)[-1] if several else out)
    base, count = path, 1
    while path in taken:
        count += 1
        path = base.with_name(f"{base.name}-{count}")
    taken.add(path)
    return path


def _check_parent(out: Path | None) -> None:
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", remedy="choose a folder with --out")


def browser_of(options: RunOptions) -> BrowserConfig:
    """Which browser the options ask for."""
    settings = [setting(each) for each in options.config]
    given = {"headed": options.headed or None, "cdp": options.cdp, "server": options.server}
    return section(BrowserConfig, "browser", settings, {key: each for key, each in given.items() if each})


def say_attached(cdp: str, console: Console) -> None:
    """Tells a person what it means to work in their browser."""
    for line in NOTICE:
        console.print(line.format(where=shown(cdp)), soft_wrap=True, markup=False)


async def run_all(runs: list[Run], browser: BrowserConfig, workers: int, console: Console) -> list[Result]:
    """Runs all, and prints how each ended; Ctrl-C ends them cleanly."""
    interrupt = Interrupt()
    brief = len(runs) > 1

    def ended(result: Result) -> None:
        print_result(console, result, brief=brief and result.exit_code == 0)

    def warn(text: str) -> None:
        console.print(f"! {text}", style="yellow", soft_wrap=True, markup=False)

    ticker = Ticker(console)
    progress = ticker.show if workers == 1 else None
    async with Resources(browser, warn=warn, progress=progress) as resources:
        with signals(interrupt, console):
            return await run_batch(runs, resources, workers=workers, interrupt=interrupt, ended=ended)


@contextlib.contextmanager
def signals(interrupt: Interrupt, console: Console) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the steps in hand and closes cleanly; a second one is not waited for."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    caught = (signal.SIGINT, signal.SIGTERM)
    cut_off: list[asyncio.TimerHandle] = []

    def stop() -> None:
        if interrupt.requested:
            task.cancel()
            return
        interrupt.requested = True
        console.print("ending the step, then closing (again: at once)")
        cut_off.append(loop.call_later(_GRACE, task.cancel))

    for number in caught:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
        for timer in cut_off:
            timer.cancel()


def print_values(results: list[Result], *, several: bool) -> None:
    """What was read, as JSON on stdout."""
    rows = []
    for result in results:
        outcome = result.episode.outcome if result.episode is not None else None
        values = dict(outcome.values) if outcome is not None else {}
        if outcome is not None and outcome.answer is not None:
            values["answer"] = outcome.answer
        rows.append((result, outcome, values))
    if several:
        for result, outcome, values in rows:
            status = outcome.status if outcome is not None else "wrong"
            line = {"task": result.run.task.name, "status": status, "episode": str(result.run.out), "values": values}
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    elif rows and rows[0][2]:
        sys.stdout.write(json.dumps(rows[0][2], ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--input {text!r}: write name=value")
    return name, value


def setting(text: str) -> tuple[list[str], str]:
    """``start.scale=2`` as its path and its value.

    Raises:
        UsageError: It is written otherwise.
    """
    name, value = _pair_of_setting(text)
    return name.split("."), value


def _pair_of_setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise UsageError(f"-c {text!r}: write section.key=value", remedy=_SECTIONS)
    return name, value


_C = TypeVar("_C", bound=BaseModel)


def section(
    kind: type[_C], name: str, settings: list[tuple[list[str], str]], given: dict[str, Any] | None = None
) -> _C:
    """A configuration from the settings ``-c name.key=value``.

    Raises:
        UsageError: There is no such setting, or its value is wrong.
    """
    values: dict[str, Any] = {path[1]: value for path, value in settings if path[0] == name and len(path) == 2}
    try:
        return kind.model_validate({**values, **(given or {})})
    except ValidationError as error:
        raise UsageError(f"-c {name}.{first_problem(error)}") from error


def with_settings(task: Task, settings: list[tuple[list[str], str]], options: RunOptions) -> Task:
    """A task with what the command line changes about it.

    Raises:
        UsageError: There is no such setting, or its value is wrong.
    """
    if options.allow:
        task = allowed(task, options.allow)
    start = options.start
    if not settings and start is None:
        return task
    data = task.model_dump(mode="json")
    for path, value in settings:
        here = data
        for key in path[:-1]:
            if not isinstance(here.get(key), dict):
                raise UsageError(f"-c {'.'.join(path)}: a task has no {key}", remedy=_SECTIONS)
            here = here[key]
        here[path[-1]] = _viewport(value) if path[-1] == "viewport" else read_scalar(value)
    if start is not None:
        data["start"] |= {"url": start, "site": None}
    try:
        return Task.model_validate(data)
    except ValidationError as error:
        raise TaskError(f"-c {first_problem(error)}") from error


def _viewport(text: str) -> dict[str, str]:
    width, times, height = text.partition("x")
    if not times:
        raise UsageError(f"a viewport is written 1280x720, not {text!r}")
    return {"width": width, "height": height}
