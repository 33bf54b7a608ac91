"""pyautogui source: what can be said is read back as it was, what cannot is refused with its line, nothing ever runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.tools.actions import (
    Answer,
    Click,
    Done,
    Drag,
    Fail,
    Hold,
    Key,
    Move,
    Navigate,
    Press,
    Release,
    Scroll,
    Type,
    Wait,
)
from handeye.tools.geometry import Point
from handeye.tools.pyautogui_source import Reader
from handeye.tools.pyautogui_write import Style, Unsayable, source_of
from handeye.tools.python_calls import SourceRefused

SCREEN = (1920, 1080)


def pixels(x: float, y: float) -> Point:
    if not (0 <= x < SCREEN[0] and 0 <= y < SCREEN[1]):
        raise ValueError(f"({x:g}, {y:g}) lies outside the screen")
    return Point(x=x, y=y)


def parts(x: float, y: float) -> Point:
    return pixels(round(x * SCREEN[0], 6), round(y * SCREEN[1], 6))


def at(x: float, y: float) -> Point:
    return Point(x=x, y=y)


def said(source: str, reader: Reader | None = None) -> list[Any]:
    return list((reader or Reader()).read(source, pixels).said)


ONE = {
    "pyautogui.click(100, 200)": Click(at=at(100, 200)),
    "pyautogui.click(x=100, y=200, clicks=2, button='right')": Click(at=at(100, 200), count=2, button="right"),
    "pyautogui.click((4, 5))": Click(at=at(4, 5)),
    "pyautogui.click([4, 5], clicks=3)": Click(at=at(4, 5), count=3),
    "pyautogui.leftClick(1, 2)": Click(at=at(1, 2)),
    "pyautogui.doubleClick(1, 2)": Click(at=at(1, 2), count=2),
    "pyautogui.tripleClick(1, 2)": Click(at=at(1, 2), count=3),
    "computer.tripleClick(x=1, y=2)": Click(at=at(1, 2), count=3),
    "pyautogui.rightClick(1, 2)": Click(at=at(1, 2), button="right"),
    "pyautogui.middleClick(1, 2)": Click(at=at(1, 2), button="middle"),
    "pyautogui.moveTo(1, 2)": Move(to=at(1, 2)),
    "pyautogui.moveTo(1, 2)\npyautogui.click()": Click(at=at(1, 2)),
    "pyautogui.moveTo(10, 20); pyautogui.dragTo(30, 40, duration=1, button='left')": Drag(
        path=(at(10, 20), at(30, 40))
    ),
    "pyautogui.moveTo(10, 20); pyautogui.dragRel(-3, 4)": Drag(path=(at(10, 20), at(7, 24))),
    "pyautogui.mouseDown(1, 2, button='middle')": Press(at=at(1, 2), button="middle"),
    "pyautogui.moveTo(1, 2, 0.5, pyautogui.easeInOutQuad)": Move(to=at(1, 2)),
    "import pyautogui as pg\npg.click(1, 2, button=pg.RIGHT)": Click(at=at(1, 2), button="right"),
    "'''a thought'''\npyautogui.click(1, 2)": Click(at=at(1, 2)),
    "pyautogui.mouseUp(1, 2)": Release(at=at(1, 2)),
    "pyautogui.scroll(-3)": Scroll(dy=300),
    "pyautogui.scroll(5, x=1, y=2)": Scroll(at=at(1, 2), dy=-500),
    "pyautogui.moveTo(1, 2)\npyautogui.scroll(-3)": Scroll(at=at(1, 2), dy=300),
    "pyautogui.hscroll(2)": Scroll(dx=200),
    "pyautogui.vscroll(2)": Scroll(dy=-200),
    "pyautogui.press('enter')": Key(keys=("Enter",)),
    "pyautogui.press(keys=['enter'])": Key(keys=("Enter",)),
    "pyautogui.press(['a', 'b'], presses=2)": Key(keys=("a", "b", "a", "b")),
    "pyautogui.hotkey('ctrl', 'c')": Key(keys=("Control+c",)),
    "pyautogui.hotkey(keys=['ctrl', 'shift', 't'])": Key(keys=("Control+Shift+t",)),
    "pyautogui.hotkey(['alt', 'f4'])": Key(keys=("Alt+F4",)),
    "pyautogui.hotkey('winleft')": Key(keys=("Meta",)),
    "pyautogui.hotkey('ctrl', '+')": Key(keys=("Control++",)),
    "pyautogui.write('Grüße')": Type(text="Grüße"),
    "pyautogui.write(message='a\\nb', interval=0.1)": Type(text="a\nb"),
    "pyautogui.write('a' + \"b\")": Type(text="ab"),
    "pyautogui.typewrite(['a', 'enter'])": Key(keys=("a", "Enter")),
    "pyautogui.sleep(1.5)": Wait(seconds=1.5),
    "import time\ntime.sleep(60 * 2 - 1)": Wait(seconds=119),
    "from time import sleep as nap\nnap(1)": Wait(seconds=1),
    "import pyautogui as pg\npg.click(1, 2)": Click(at=at(1, 2)),
    "x, y = 3, 4\npyautogui.click(x, y)": Click(at=at(3, 4)),
    "p = (3, 4)\npyautogui.click(p)": Click(at=at(3, 4)),
    "pyautogui.keyDown('shift')\npyautogui.click(1, 2)\npyautogui.keyUp('shift')": Click(
        at=at(1, 2), modifiers=("Shift",)
    ),
    "pyautogui.keyDown('ctrl')\npyautogui.press('a')\npyautogui.keyUp('ctrl')": Key(keys=("Control+a",)),
    "pyautogui.keyDown('a')\ntime.sleep(2)\npyautogui.keyUp('a')": Hold(keys=("a",), seconds=2),
    "with pyautogui.hold('shift'):\n    pyautogui.press('left')": Key(keys=("Shift+ArrowLeft",)),
    "with pyautogui.hold(['ctrl', 'alt']):\n    pyautogui.press('t')": Key(keys=("Control+Alt+t",)),
    "import pyperclip\npyperclip.copy('日本')\npyautogui.hotkey('ctrl', 'v')": Type(text="日本"),
    "computer.wait(seconds=3)": Wait(seconds=3),
    "computer.wait()": Wait(seconds=20),
    "computer.terminate(status='success')": Done(),
    "computer.terminate(status='success', answer='42')": Answer(text="42"),
    "computer.terminate('failure')": Fail(reason="the recording does not say why"),
    "DONE": Done(),
    "```python\npyautogui.click(1, 2)\n```": Click(at=at(1, 2)),
    "# first a comment\npyautogui.click(1, 2)  # and one more": Click(at=at(1, 2)),
}


@pytest.mark.parametrize(("source", "verb"), ONE.items(), ids=lambda each: str(each)[:50])
def test_one_verb(source: str, verb: Any) -> None:
    assert said(source) == [verb]


def test_several_statements_are_several_verbs() -> None:
    source = "pyautogui.click(5, 6)\npyautogui.hotkey('ctrl', 'a'); pyautogui.write('x')\npyautogui.press('enter')"
    assert said(source) == [Click(at=at(5, 6)), Key(keys=("Control+a",)), Type(text="x"), Key(keys=("Enter",))]


def test_the_pointer_what_is_held_and_the_clipboard_go_on_to_the_next_source() -> None:
    reader = Reader()
    assert said("pyautogui.moveTo(5, 6)", reader) == [Move(to=at(5, 6))]
    assert said("pyautogui.click()", reader) == [Click(at=at(5, 6))]
    assert said("pyautogui.keyDown('ctrl')", reader) == []
    assert said("pyautogui.click(7, 8)", reader) == [Click(at=at(7, 8), modifiers=("Control",))]
    assert said("pyautogui.keyUp('ctrl')\npyperclip.copy('x')", reader) == []
    assert said("pyautogui.hotkey('ctrl', 'v')", reader) == [Type(text="x")]


def test_moves_that_lead_nowhere_are_kept() -> None:
    assert said("pyautogui.moveTo(10, 20); pyautogui.move(5, -5)\npyautogui.click()") == [
        Move(to=at(10, 20)),
        Click(at=at(15, 15)),
    ]


def test_a_refused_source_leaves_no_trace() -> None:
    reader = Reader()
    with pytest.raises(SourceRefused):
        said("pyautogui.moveTo(5, 6)\npyautogui.screenshot()", reader)
    with pytest.raises(SourceRefused, match="where the pointer is"):
        said("pyautogui.click()", reader)


def test_what_no_verb_says_is_told() -> None:
    source = "pyautogui.PAUSE = 2\npyautogui.moveTo(1, 2, duration=0.5)\npyautogui.hotkey('ctrl', 'k', 's')"
    understood = Reader().read(source, pixels)
    assert understood.said == (Move(to=at(1, 2)), Key(keys=("Control+k", "Control+s")))
    assert [each.partition(":")[0] for each in understood.lost] == ["pyautogui.PAUSE", "duration", "keys held together"]


REFUSED = {
    "from pyautogui import *": "line 1: an import of everything",
    "pyautogui.click(1, 2)\nfor i in range(3):\n    pyautogui.press('x')": "line 2: a loop",
    "while True: pass": "line 1: a loop",
    "if True:\n    pyautogui.click(1, 2)": "line 1: a condition",
    "def f(): pass": "line 1: a function",
    "x = 1\npyautogui.write(f'{x}')": "line 2: an f-string",
    "pyautogui.write('a' * 10**9)": "line 1: arithmetic",
    "pyautogui.click(1 << 80, 1)": "line 1: arithmetic beyond",
    "pyautogui.click(9 ** 9 ** 9, 1)": "line 1: arithmetic",
    "pyautogui.click(1 / 0, 1)": "line 1: a division by zero",
    "pyautogui.click(float('nan'), 1)": "line 1: a value that a call returns",
    "pyautogui.click(1e999, 1)": "line 1: a number beyond",
    "pyautogui.click(1e999 - 1e999, 1)": "line 1: a number beyond",
    f"pyautogui.click({'9' * 3000}, 1)": "line 1: a number beyond",
    f"pyautogui.click({'9' * 9000}, 1)": "line 1",
    "pyautogui.click(5000, 1)": "lies outside the screen",
    "pyautogui.click(-1, 1)": "lies outside the screen",
    "pyautogui.click(True, 1)": "is no coordinate",
    "pyautogui.click('button.png')": "looks for a picture",
    "pyautogui.click(nowhere, 1)": "the name 'nowhere'",
    "pyautogui.click(1, 2, 3, 4, 'left', 5, 6, 7, 8, 9)": "at most 9 arguments",
    "pyautogui.click(1, x=2)": "gives x twice",
    "pyautogui.click(1, 2, colour='red')": "no argument 'colour'",
    "pyautogui.click(**{'x': 1})": "line 1: arguments from a mapping",
    "pyautogui.click(1, 2, button='fourth')": "is no button",
    "pyautogui.click(pyautogui.KEYBOARD_KEYS, 1)": "line 1: a value of an object",
    "pyautogui.press('hyperspace')": "unknown key 'hyperspace'",
    "pyautogui.press('a', presses=10**6)": "line 1",
    "pyautogui.press('a', presses=1000000)": "1000000 presses",
    "pyautogui.screenshot()": "no verb of ours",
    "pyautogui.alert('x')": "no verb of ours",
    "pyautogui.keyDown('ctrl')\npyautogui.scroll(1)": "held during a scroll",
    "pyautogui.keyDown('a')": "held beyond its source",
    "pyautogui.__class__.__init__(1)": "no verb of ours",
    "computer.terminate(status='maybe')": "is no status",
    "computer.wait(seconds=1000000)": "a wait of",
    "browser.select_option('x')": "no call of pyautogui",
    "import os\nos.system('touch {ran}')": "line 2: os.system is not read",
    "__import__('os').system('touch {ran}')": "line 1",
    "(lambda: open('{ran}', 'w'))()": "line 1",
    "open('{ran}', 'w')": "line 1: open is not read",
    "exec(\"open('{ran}', 'w')\")": "line 1: exec is not read",
    "pyautogui.write(open('{ran}', 'w'))": "line 1",
    "pyautogui.click(1, 2": "no Python",
    "Click on the button": "no Python",
    "pyautogui.click(1, 2)\0": "line 1",
    "(" * 5000: "no Python",
    "-" * 100_000 + "1": "line 1",
    "x = " + "[" * 150 + "]" * 150: "line 1",
    " + ".join(["1"] * 20_000): "line 1",
    "a" * 300_000: "300000 characters",
}


@pytest.mark.parametrize(("source", "says"), REFUSED.items(), ids=lambda each: str(each)[:40])
def test_what_is_no_plain_call_is_refused_and_never_runs(source: str, says: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    with pytest.raises(SourceRefused) as refused:
        said(source.replace("{ran}", str(ran)))
    assert says in str(refused.value) and "\n" not in str(refused.value) and len(str(refused.value)) < 300
    assert not ran.exists()


@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(SourceRefused):
        Reader().read(text, pixels)


WORDS = [
    "pyautogui.",
    "click(",
    "press(",
    "scroll(",
    "keyDown('a')",
    "with pyautogui.hold('shift'):",
    ")",
    ",",
    "1",
    "-",
    "=",
    "'",
    "\n",
    "x",
    " ",
]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join))
def test_any_jumble_of_calls_is_understood_or_refused(source: str) -> None:
    with contextlib.suppress(SourceRefused):
        Reader().read(source, pixels)


whole = st.builds(lambda x, y: at(x, y), st.integers(0, SCREEN[0] - 1), st.integers(0, SCREEN[1] - 1))
buttons = st.sampled_from(["left", "middle", "right"])
held = st.lists(st.sampled_from(["Control", "Shift", "Alt", "Meta"]), max_size=2, unique=True).map(
    lambda each: tuple(key for key in ("Control", "Shift", "Alt", "Meta") if key in each)
)
plain = st.sampled_from(
    [*"abcXYZ019+-*/ ", "Enter", "Escape", "ArrowLeft", "PageDown", "F5", "Delete", "ContextMenu", "PrintScreen"]
)
chords = st.builds(lambda mods, key: "+".join((*mods, key)), held, plain)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
verbs = st.one_of(
    st.builds(Click[Point], at=whole, button=buttons, count=st.integers(1, 3), modifiers=held),
    st.builds(Move[Point], to=whole),
    st.builds(Press[Point], at=whole, button=buttons),
    st.builds(Release[Point], at=whole, button=buttons),
    st.builds(Drag[Point], path=st.tuples(whole, whole), button=buttons, modifiers=held),
    st.builds(Scroll[Point], at=st.none() | whole, dy=st.integers(1, 40).map(lambda each: each * 100.0)),
    st.builds(Scroll[Point], at=whole, dx=st.integers(-40, -1).map(lambda each: each * 100.0)),
    st.builds(Type[Point], text=text),
    st.builds(Key, keys=st.lists(plain, min_size=1, max_size=4).map(tuple)),
    st.builds(Key, keys=st.tuples(chords)),
    st.builds(Hold[Point], keys=st.tuples(plain), seconds=st.integers(1, 60)),
    st.builds(Wait[Point], seconds=st.floats(0, 3000)),
    st.just(Done()),
)


@given(verbs, st.booleans())
def test_what_is_written_is_read_back(verb: Any, named: bool) -> None:
    style = Style(
        lambda point: (point.x / SCREEN[0], point.y / SCREEN[1]) if named else (point.x, point.y),
        named=named,
        words=("computer.terminate(status='success')", "computer.terminate(status='failure')")
        if named
        else ("DONE", "FAIL"),
        wait="computer.wait(seconds={})" if named else "time.sleep({})",
    )
    written = source_of(verb, style)
    assert "\n" not in "".join(written.lines)
    understood = Reader().read(written.source, parts if named else pixels)
    assert understood.said == (verb,)


def test_what_pyautogui_has_no_words_for_is_named() -> None:
    with pytest.raises(Unsayable, match="navigate: Go to http://x"):
        source_of(Navigate(url="http://x"), Style(lambda point: (point.x, point.y)))


def test_a_field_is_emptied_and_filled() -> None:
    verb = Type[Point](text="x", at=at(1, 2), replace=True)
    written = source_of(verb, Style(lambda point: (point.x, point.y)))
    assert written.lines == ("pyautogui.click(x=1, y=2)", "pyautogui.hotkey('ctrl', 'a')", "pyautogui.write('x')")
