"""What a person does on a screen is recorded, and the task file of it does the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from handeye.agent.face import secrets_of
from handeye.agent.run import Resources, Run, run_episode
from handeye.environments.desktop.sandbox import Sandbox
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Start
from handeye.episodes.taskfile import read_task

from .desk import LIMIT, Sitter, display_of

_PYTHON = "/usr/bin/python3"
_MISSING = [each for each in ("Xvfb", "openbox", "dbus-daemon", "xdotool", "mousepad") if shutil.which(each) is None]
_GTK = "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk"
if not Path(_PYTHON).exists() or subprocess.run([_PYTHON, "-c", _GTK], capture_output=True, check=False).returncode:
    _MISSING.append("GTK 3 for Python")
pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(bool(_MISSING), reason=f"there is no {', '.join(_MISSING)}"),
]

FORM = """
import sys, gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
w = Gtk.Window(title="Guest book"); w.set_default_size(420, 400)
box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6); w.add(box)
fields = {}
for name, secret, text in (("Name", False, ""), ("Town", False, "Bonn"), ("Password", True, "")):
    row = Gtk.Box(spacing=6); label = Gtk.Label(label=name); entry = Gtk.Entry(); label.set_mnemonic_widget(entry)
    entry.set_text(text); entry.set_visibility(not secret); fields[name] = entry
    row.pack_start(label, 0, 0, 0); row.pack_start(entry, 1, 1, 0); box.pack_start(row, 0, 0, 0)
said = Gtk.Label(label="")
pane = Gtk.ScrolledWindow(); pane.set_size_request(-1, 120); long = Gtk.TextView(); pane.add(long)
long.get_buffer().set_text("\\n".join(f"line {n}" for n in range(90)))
def sign(*_):
    top = long.get_visible_rect().y > 0
    open("said.txt", "w").write("|".join([*(each.get_text() for each in fields.values()), "down" if top else "top"]))
    said.set_text("signed")
button = Gtk.Button(label="Sign"); button.connect("clicked", sign)
for each in (button, said, pane): box.pack_start(each, 0, 0, 0)
w.show_all(); Gtk.main()
"""


@pytest_asyncio.fixture
async def sitter(tmp_path: Path) -> AsyncIterator[Sitter]:
    one = Sitter(tmp_path / "recorded")
    yield one
    await one.leave()


def form(tmp_path: Path) -> dict[str, Any]:
    script = tmp_path / "form.py"
    script.write_text(FORM)
    return {"command": [_PYTHON, str(script)], "window": "Guest book", "seconds": LIMIT}


def steps_of(out: Path) -> list[Any]:
    return list(yaml.safe_load((out / "task.yaml").read_text())["steps"])


async def again(out: Path, resources: Resources, tmp_path: Path, *, wait: Any = None, **checks: Any) -> Episode:
    """Runs the task file, with a word of what success is, and checks what came of it."""
    text = (out / "task.yaml").read_text()
    end = text.index("\n# What success means")
    more = "" if wait is None else f"  - wait: {wait}\n"
    (out / "task.yaml").write_text(text[:end] + more + yaml.safe_dump({"postconditions": [checks]}))
    found = read_task(out / "task.yaml")
    run = Run(task=found.task, out=tmp_path / "again", secrets=secrets_of(found.task), lines=found.lines)
    episode = await run_episode(run, resources)
    assert episode.outcome is not None
    assert episode.outcome.status == "passed", episode.outcome
    return episode


async def test_a_form_is_filled_and_the_task_file_fills_it_alike(
    sitter: Sitter, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sitter.open(form(tmp_path))
    await sitter.click("textbox", "Name")
    await sitter.type("Ada Löwex")
    await sitter.key("BackSpace")
    await sitter.click("textbox", "Town")
    await sitter.type(" am Rhein")
    await sitter.key("Tab")
    await sitter.type("hunter22")
    sitter.do("mousemove", 300, 400, "click", "--repeat", 8, "--delay", 60, 5)
    await sitter.calm()
    await sitter.click("button", "Sign")
    recorded = await sitter.done()
    steps = steps_of(sitter.out)
    assert [each for each in steps if "scroll" not in each] == [
        {"type": "Ada Löwe", "into": "Name"},
        {"type": "Bonn am Rhein", "into": "Town"},
        {"type": "{password}", "into": "Password"},
        {"click": "Sign"},
    ]
    assert {each["scroll"] for each in steps if "scroll" in each} == {"down"}
    assert recorded.notes == ()
    episode = Episode.open(sitter.out)
    assert [step.decision.source for step in episode.steps] == ["person"] * len(steps)
    for step in episode.steps:
        tree = await step.saw.tree.get()
        assert tree is not None and "hunter22" not in tree.to_bytes().decode("latin-1")
        assert not any("hunter22" in (node.value or "") + node.name for node in tree.nodes)
    for file in sitter.out.rglob("*"):
        assert file.is_dir() or b"hunter22" not in file.read_bytes()
    monkeypatch.setenv("PASSWORD", "hunter22")
    await again(sitter.out, resources, tmp_path, file="said.txt", contains="Ada Löwe|Bonn am Rhein|hunter22|down")


async def test_an_editor_is_written_in_and_its_dialog_saves(
    sitter: Sitter, resources: Resources, tmp_path: Path
) -> None:
    await sitter.open({"command": ["mousepad"], "seconds": LIMIT})
    await sitter.type("Grüße, €5")
    await sitter.key("Return")
    await sitter.type("Жук")
    await sitter.key("ctrl+s")
    await sitter.until(lambda: any("Save" in each.title for each in sitter.looks[-1].observation.windows))
    await sitter.calm()
    await sitter.key("ctrl+a")
    await sitter.type("note.txt")
    await sitter.key("Return")
    await sitter.until(lambda: any("note.txt" in each.title for each in sitter.looks[-1].observation.windows))
    await sitter.done()
    steps = steps_of(sitter.out)
    assert [each.get("type") for each in steps if "type" in each][:2] == ["Grüße, €5", "Жук"]
    assert {"key": "Control+s"} in steps
    # a program that saves shows nothing of it for a while
    gone = {"gone": "Name:", "seconds": LIMIT}
    await again(sitter.out, resources, tmp_path, wait=gone, file="note.txt", contains="Grüße, €5\nЖук")


async def test_where_in_a_text_it_was_matters_and_a_window_has_no_name_to_click(sitter: Sitter, tmp_path: Path) -> None:
    await sitter.open(form(tmp_path))
    await sitter.until(lambda: sitter.node("textbox", "Town") is not None)
    town = sitter.node("textbox", "Town")
    window = sitter.node("window", "Guest book")
    assert town is not None and town.box is not None and window is not None and window.box is not None
    y = round(town.box.center.y)
    sitter.do("mousemove", round(town.box.left + 8), y, "click", "--repeat", 2, "--delay", 40, 1)
    await sitter.calm()
    left = round(town.box.left + 6)
    sitter.do("mousemove", left, y, "mousedown", 1)
    for part in range(1, 9):
        sitter.do("mousemove", left + part * 4, y)
    sitter.do("mouseup", 1)
    await sitter.calm()
    title = (round(window.box.left + 150), round(window.box.top + 6))
    await sitter.click_at(*title)
    await sitter.key("Escape")
    await sitter.done()
    assert steps_of(sitter.out) == [
        {"click": [round(town.box.left + 8), y], "count": 2},
        {"drag": [left, y], "to": [left + 32, y]},
        {"click": [*title]},
        {"key": "Escape"},
    ]


async def test_what_came_after_the_last_look_is_not_called_what_was_there_before(
    sitter: Sitter, tmp_path: Path
) -> None:
    await sitter.open({"command": ["mousepad"], "seconds": LIMIT})
    await sitter.until(lambda: sitter.node("menuitem", "File") is not None)
    item = sitter.node("menuitem", "File")
    assert item is not None and item.box is not None
    x, y = round(item.box.center.x), round(item.box.center.y)
    sitter.do("mousemove", x, y, "click", 1, "sleep", 0.3, "mousemove", x + 12, y + 40, "sleep", 0.1, "click", 1)
    await sitter.calm()
    recorded = await sitter.done()
    first, second = steps_of(sitter.out)[:2]
    assert first["click"] == "File"
    # a look may have been quick enough after all
    assert second["click"] == [x + 12, y + 40] or second["click"] in ("New", "New Window")
    if second["click"] == [x + 12, y + 40]:
        assert "sooner than the screen could be looked at" in " ".join(recorded.notes)


@pytest.mark.skipif(shutil.which("xterm") is None, reason="there is no xterm")
async def test_what_a_terminal_does_not_show_is_kept_as_a_secret(sitter: Sitter, tmp_path: Path) -> None:
    asks = "stty -echo; read x; stty echo; echo got $x > said.txt"
    await sitter.open({"command": ["xterm", "-e", "bash", "-c", asks], "seconds": LIMIT})
    await sitter.type("topsecret")
    await sitter.key("Return")
    await sitter.done()
    assert steps_of(sitter.out) == [{"type": "{password}"}, {"key": "Enter"}]
    assert read_task(sitter.out / "task.yaml").task.secrets == {"password": "PASSWORD"}
    for file in sitter.out.rglob("*"):
        assert file.is_dir() or b"topsecret" not in file.read_bytes()


async def test_a_tab_to_a_field_is_a_part_of_what_is_typed_there(sitter: Sitter, tmp_path: Path) -> None:
    await sitter.open(form(tmp_path))
    await sitter.click("textbox", "Name")
    await sitter.key("Tab")
    await sitter.type("Köln")
    await sitter.key("Tab")
    await sitter.key("Tab")
    await sitter.key("Return")
    await sitter.done()
    steps = steps_of(sitter.out)
    assert steps[:2] == [{"click": "Name"}, {"type": "Köln", "into": "Town"}]
    assert {"key": "Enter"} in steps


class Terminal:
    """``handeye record --desktop`` as a process of its own."""

    def __init__(self, out: Path, *words: str, **variables: str) -> None:
        self.sitter = Sitter(out)
        self.said = out.with_suffix(".txt")
        command = [sys.executable, "-u", "-m", "handeye", "record", "--desktop", "--out", str(out)]
        environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | variables
        with self.said.open("w") as file:
            self.process = subprocess.Popen(
                [*command, *words, "-c", "start.viewport.width=800", "-c", "start.viewport.height=500"],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**environment, "COLUMNS": "200"},
            )

    def until(self, there: Any) -> None:
        limit = time.monotonic() + LIMIT
        while not there():
            assert time.monotonic() < limit and self.process.poll() is None, self.said.read_text()
            time.sleep(0.05)

    def steps(self) -> int:
        return len(Episode.open(self.sitter.out).steps)

    def ready(self) -> None:
        # the header says where only when the screen has been looked at
        self.until(lambda: "recording:" in self.said.read_text() and display_of(self.sitter.out))
        self.sitter.display = display_of(self.sitter.out)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    running = Terminal(tmp_path / "recorded", "--program", "galculator")
    try:
        running.ready()
        yield running
    finally:
        running.end()


def _compute(terminal: Terminal) -> None:
    for number, key in enumerate(("7", "asterisk", "6", "Return", "Escape")):
        terminal.sitter.do("key", key)
        if key in ("Return", "Escape"):
            terminal.until(lambda number=number: terminal.steps() >= number - 2)


def test_a_kill_leaves_what_was_done_so_far(terminal: Terminal) -> None:
    _compute(terminal)
    terminal.until(lambda: (terminal.sitter.out / "task.yaml").exists() and len(steps_of(terminal.sitter.out)) >= 2)
    terminal.process.send_signal(signal.SIGKILL)
    terminal.process.wait()
    episode = Episode.open(terminal.sitter.out)
    assert episode.outcome is None
    assert [step.action.verb for step in episode.steps if step.action][:2] == ["type", "key"]
    assert steps_of(terminal.sitter.out)[:2] == [{"type": "7*6"}, {"key": "Enter"}]
    assert read_task(terminal.sitter.out / "task.yaml").task.environment == "desktop"


def test_an_interrupt_in_the_terminal_ends_it_whole(terminal: Terminal) -> None:
    _compute(terminal)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(LIMIT) == 0, terminal.said.read_text()
    episode = Episode.open(terminal.sitter.out)
    assert episode.outcome is not None and episode.outcome.stop == "done" and episode.warnings == []
    assert steps_of(terminal.sitter.out) == [{"type": "7*6"}, {"key": "Enter"}, {"key": "Escape"}]
    assert "3 steps recorded" in terminal.said.read_text()


async def test_the_screen_that_is_there_is_recorded_until_its_chord(tmp_path: Path) -> None:
    screen = Sandbox()
    await screen.start(Start.model_validate({"viewport": {"width": 800, "height": 500}}))
    given = {name: screen.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
    running = Terminal(tmp_path / "recorded", "--display", "current", "--program", "galculator", **given)
    try:
        running.ready()
        assert running.sitter.display == screen.display
        _compute(running)
        running.sitter.do("key", "ctrl+alt+End")
        assert running.process.wait(LIMIT) == 0, running.said.read_text()
    finally:
        running.end()
        await screen.close()
    task = read_task(tmp_path / "recorded" / "task.yaml").task
    assert (task.start.display, task.environment) == ("current", "desktop")
    assert steps_of(tmp_path / "recorded") == [{"type": "7*6"}, {"key": "Enter"}, {"key": "Escape"}]


async def test_a_screen_that_goes_away_leaves_what_was_done(tmp_path: Path) -> None:
    screen = Sandbox()
    await screen.start(Start.model_validate({"viewport": {"width": 800, "height": 500}}))
    given = {name: screen.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
    running = Terminal(tmp_path / "recorded", "--display", "current", "--program", "galculator", **given)
    try:
        running.ready()
        _compute(running)
        await screen.close()
        assert running.process.wait(LIMIT) == 5, running.said.read_text()
    finally:
        running.end()
        await screen.close()
    episode = Episode.open(tmp_path / "recorded")
    assert episode.outcome is not None and episode.outcome.status == "infrastructure"
    assert steps_of(tmp_path / "recorded")[:2] == [{"type": "7*6"}, {"key": "Enter"}]
    assert "is gone" in running.said.read_text() or "no more" in running.said.read_text()


async def test_a_password_that_is_sent_at_once_is_a_secret_too(sitter: Sitter, tmp_path: Path) -> None:
    await sitter.open(form(tmp_path))
    await sitter.click("textbox", "Town")
    # as fast as a program: no look comes between the way there, the word and what is done next
    sitter.do("key", "--delay", 20, "Tab", "sleep", 0.1, "type", "--delay", 20, "hunter22")
    sitter.do("key", "Return")
    await sitter.calm()
    await sitter.done()
    said = (sitter.out / "task.yaml").read_text()
    assert "{password}" in said and "hunter22" not in said
