"""What programs say of themselves: roles, names, values and places, held against what is drawn and what a click does."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import mss
import numpy as np
import pytest

from handeye.agent.grounding.tree import reachable
from handeye.environments.desktop.tree.access import Accessibility
from handeye.environments.desktop.tree.build import secret_boxes
from handeye.environments.desktop.tree.place import to_points
from handeye.episodes.schema import Hidden, Tree
from handeye.tools.actions import Target
from handeye.tools.geometry import Box
from handeye.tools.secrets import Secrets

from .widgets import KINDS, LIMIT, SCREEN, Desk, desk, drawn, needs_desk

pytestmark = [*needs_desk(), pytest.mark.slow]
W = "Widgets"


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_widget_has_its_role_name_value_and_states(kind: str) -> None:
    async with desk() as on:
        await on.show(kind, W)
        button = await on.node("button", "Save", W)
        assert "disabled" not in button.states
        assert "disabled" in (await on.node("button", "Never", W)).states
        name = await on.node("textbox", "Name", W)
        assert name.value == "Ada" and not {"readonly", "protected", "disabled"} & set(name.states)
        fixed = await on.node("textbox", "Fixed", W)
        assert fixed.value == "as it is" and "readonly" in fixed.states
        password = await on.node("textbox", "Password", W)
        assert password.value == "•" * 7 and "protected" in password.states
        assert "unchecked" in (await on.node("checkbox", "Agree", W)).states
        assert "checked" in (await on.node("radio", "Tea", W)).states
        assert "unchecked" in (await on.node("radio", "Coffee", W)).states
        assert (await on.node("combobox", "", W)).value == "Small"
        assert (await on.node("spinbutton", "Count", W)).value == "3"
        assert (await on.node("slider", "Volume", W)).value == "40"
        for role, called in (("menuitem", "File"), ("tab", "First"), ("tab", "Second")):
            await on.node(role, called, W)
        assert "selected" not in (await on.node("option", "Beta", W)).states
        tree = await on.take()
        words = tree.lines()
        assert {"Save", "Agree", "Tea", "Small", "Alpha"} <= set(words)
        assert not any("hunter2" in f"{node.name}{node.value}" for node in tree.nodes)
        assert not [node for node in tree.nodes if node.name in ("Open", "row 0")], "of what is closed"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_click_in_the_middle_of_each_box_meets_the_widget(kind: str) -> None:
    async with desk() as on:
        pid = await on.show(kind, W)
        bold = "button" if kind == "gtk" else "checkbox"
        for role, name, said in (
            ("button", "Save", "clicked Save"),
            ("button", "Red one", "clicked Red one"),
            ("textbox", "Name", "pressed Name"),
            ("textbox", "Password", "pressed Password"),
            ("checkbox", "Agree", "toggled Agree"),
            ("radio", "Coffee", "toggled Coffee"),
            (bold, "Bold", "toggled Bold"),
            ("option", "Beta", "selected Beta"),
        ):
            await on.click(role, name, W)
            await on.says(pid, said)
        await on.click("menuitem", "File", W)
        await on.click("menuitem", "Export", W)
        await on.says(pid, "activated Export")
        await on.click("combobox", "", W)
        await on.click("menuitem" if kind == "gtk" else "option", "Large", W)
        await on.says(pid, "chose Large")
        await on.click("tab", "Second", W)
        await on.click("cell", "row 2", W)
        await on.says(pid, "selected row 2")
        for state, role, name in (("checked", "checkbox", "Agree"), ("checked", "radio", "Coffee")):
            await on.find(role, name, W, lambda node, state=state: state in node.states)  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1, 2])
async def test_a_box_is_what_is_drawn(kind: str, scale: int) -> None:
    async with desk() as on:
        size = str(scale)
        await on.show(kind, W, GDK_SCALE=size, QT_SCALE_FACTOR=size)
        await on.do("search", "--sync", "--onlyvisible", "--name", W, "windowmove", "130", "0")
        limit = time.monotonic() + LIMIT
        # a program that counts in units of two pixels rounds where its window is
        while not _within(red := await _red(on), box := (await on.node("button", "Red one", W)).box, scale - 1):
            # the window moves, and draws, in its own time
            assert time.monotonic() < limit, f"drawn at {red}, said to be at {box}"


async def test_a_window_on_top_covers_and_says_which_it_is() -> None:
    async with desk() as on:
        await on.show("gtk", "Below")
        await on.show("gtk", "Above")
        place = next(each.id for each in on.windows() if each.title == "Above")
        await on.do("windowactivate", "--sync", place)
        await on.find("window", "Above", "Above", lambda node: "active" in node.states)
        tree, save = await on.find("button", "Save", "Below")
        hidden = reachable(tree, save, Target(description="Save"), SCREEN)
        assert isinstance(hidden, Hidden), drawn(tree)
        assert (hidden.reason, "Above" in hidden.by) == ("covered", True), f"{hidden}\n{drawn(tree)}"
        await on.click("button", "Save", "Above")


async def test_a_window_without_a_tree_covers_too() -> None:
    async with desk() as on:
        pid = await on.show("gtk", W)
        await on.start("xterm", "-geometry", "200x80+0+0", "-title", "Terminal", title="Terminal")
        terminal = next(each.id for each in on.windows() if each.title == "Terminal")
        # a manager may leave a new window below, or raise the old one again that is still beginning
        await on.do("windowactivate", "--sync", terminal)
        await on.until(lambda: on.windows()[-1].id == terminal, "the terminal is not on top")
        tree, save = await on.find("button", "Save", W)
        hidden = reachable(tree, save, Target(description="Save"), SCREEN)
        assert isinstance(hidden, Hidden) and "Terminal" in hidden.by, drawn(tree)
        window = next(node for node in tree.nodes if node.name == "Terminal")
        assert "unread" in window.states
        own = next(each.id for each in on.windows() if each.title == W)
        await on.do("windowactivate", "--sync", own)
        await on.find("window", W, W, lambda node: "active" in node.states)
        await on.click("button", "Save", W)
        await on.says(pid, "clicked Save")


async def test_a_program_that_stands_still_is_said_to_be_missing_and_the_others_are_there() -> None:
    async with desk(patience=3.0) as on:
        await on.show("gtk", "Alive")
        pid = await on.show("qt", "Still")
        await on.find("button", "Save", "Still")
        os.kill(pid, signal.SIGSTOP)
        try:
            tree = await on.take()
            assert str(pid) in " ".join(on.access.missing)
            window = next(node for node in tree.nodes if node.name == "Still")
            assert "unread" in window.states and window.box is not None
            await on.find("button", "Save", "Alive")
        finally:
            os.kill(pid, signal.SIGCONT)
        await on.find("button", "Save", "Still")


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_table_of_very_many_rows_those_in_sight_are_there(kind: str) -> None:
    async with desk() as on:
        pid = await on.show(kind, W, rows=5000)
        await on.click("tab", "Second", W)
        tree, _ = await on.find("cell", "row 1", W)
        assert len(tree.nodes) < 1000
        await on.click("cell", "row 1", W)
        await on.says(pid, "selected row 1")
        await on.do("key", "End" if kind == "gtk" else "ctrl+End")
        tree, _ = await on.find("cell", "row 4998", W)
        assert len(tree.nodes) < 1500
        assert not [node for node in tree.nodes if node.name == "row 1" and node.box is not None], drawn(tree)


async def test_secrets_are_placeholders_and_their_places_are_told() -> None:
    async with desk() as on:
        await on.show("gtk", W)
        await on.find("textbox", "Name", W)
        tree = await on.take(Secrets({"first": "Ada"}))
        name, password = (
            next(n for n in tree.nodes if (n.role, n.name) == ("textbox", each)) for each in ("Name", "Password")
        )
        assert name.value == "<secret:first>"
        boxes = secret_boxes(tree)
        for node in (name, password):
            assert node.box is not None and any(each.encloses(node.box) for each in boxes)
        assert len(secret_boxes(await on.take())) == 1


async def test_a_hidden_window_has_no_boxes() -> None:
    async with desk() as on:
        await on.show("gtk", W)
        await on.show("qt", "Other")
        await on.find("button", "Save", W)
        await on.do("windowminimize", "--sync", next(each.id for each in on.windows() if each.title == W))
        await on.until(lambda: any(each.hidden for each in on.windows()), "never hidden")
        tree, _ = await on.find("button", "Save", "Other")
        assert not [node for node in tree.nodes if node.name == W], drawn(tree)


async def test_without_a_bus_or_programs_there_is_a_reason() -> None:
    access = Accessibility()
    await access.open("unix:path=/nonexistent/bus")
    assert "cannot be reached" in str(await access.tree((), lambda box: box))
    async with desk() as on:
        said = await on.access.tree((), lambda box: box)
        assert isinstance(said, str) and "no program" in said


async def test_a_program_that_ends_while_it_is_asked_takes_nobody_with_it() -> None:
    async with desk() as on:
        await on.show("gtk", W)
        pid = await on.show("qt", "Ends")
        await on.find("button", "Save", "Ends")
        taking = [asyncio.create_task(on.take()) for _ in range(3)]
        os.kill(pid, signal.SIGKILL)
        for each in taking:
            assert isinstance(await each, Tree)
        await on.click("button", "Save", W)


WINDOW = Box.at(100, 80, 402, 321)


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (WINDOW, (1.0, 0.0, 0.0)),
        (Box.at(101, 100, 400, 300), (1.0, 0.0, 0.0)),
        (WINDOW.grown(20), (1.0, 0.0, 0.0)),
        (Box.at(50, 40, 201, 160.5), (2.0, 0.0, 0.0)),
        (Box.at(50.5, 50, 200, 150), (2.0, 0.0, 0.0)),
        (WINDOW.offset(-37, 12), (1.0, 37.0, -12.0)),
    ],
)
def test_a_program_may_count_in_its_own_units(thing: Box, expected: tuple[float, float, float]) -> None:
    found = to_points(thing, WINDOW)
    assert (found.scale_x, found.shift_x, found.shift_y) == expected


async def _red(on: Desk) -> Box | None:
    """Around what is red on the screen."""

    def grab() -> np.ndarray:
        with mss.MSS(display=on.box.display) as screen:
            return np.asarray(screen.grab(screen.monitors[0]))[:, :, :3]

    pixels = await asyncio.to_thread(grab)
    rows, columns = np.nonzero((pixels == (0, 0, 255)).all(axis=2))
    if not len(rows):
        return None
    left, top = float(columns.min()), float(rows.min())
    return Box(left=left, top=top, right=float(columns.max()) + 1, bottom=float(rows.max()) + 1)


def _within(one: Box | None, other: Box | None, off: float) -> bool:
    if one is None or other is None:
        return False
    return one.grown(off).encloses(other) and other.grown(off).encloses(one)
