"""One canonical name for every key, and its spelling for X11 and for a real browser."""

from __future__ import annotations

import os
import shutil
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import async_playwright

from handeye.tools import keys
from handeye.tools.errors import ActionError
from handeye.tools.keys import MODIFIERS, canonical, for_playwright, for_x11, parse_chord

NAMED = sorted(keys._NAMED)
ASCII = [chr(code) for code in range(32, 127)]
plain = st.one_of(st.sampled_from(NAMED), st.sampled_from(ASCII), st.characters(exclude_categories=["Cc", "Cs"]))


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("ctrl", "Control"),
        ("CTRL", "Control"),
        ("cmd", "Meta"),
        ("win", "Meta"),
        ("option", "Alt"),
        ("Return", "Enter"),
        ("enter", "Enter"),
        ("esc", "Escape"),
        ("PgDn", "PageDown"),
        ("page_down", "PageDown"),
        ("left", "ArrowLeft"),
        ("ArrowLeft", "ArrowLeft"),
        ("f5", "F5"),
        ("space", " "),
        ("plus", "+"),
        ("a", "a"),
        ("A", "A"),
        ("é", "é"),
        ("\n", "Enter"),
        ("\t", "Tab"),
    ],
)
def test_usual_spellings(spelling: str, name: str) -> None:
    assert canonical(spelling) == name


@given(plain)
def test_a_canonical_name_is_its_own(key: str) -> None:
    assert canonical(key) == key


@pytest.mark.parametrize(("wrong", "hint"), [("Contrl", "control"), ("Entr", "enter"), ("PageDwn", "pagedown")])
def test_an_unknown_key_says_which_is_nearest(wrong: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"unknown key '{wrong}'; did you mean '{hint}'"):
        canonical(wrong)


@pytest.mark.parametrize("wrong", ["\x00", "\x1b", "\x7f", "\ud800"])
def test_control_characters_are_no_keys(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        canonical(wrong)


@pytest.mark.parametrize(
    ("text", "chord"),
    [
        ("Control++", ("Control", "+")),
        ("+", ("+",)),
        ("ctrl+plus", ("Control", "+")),
        (" ", (" ",)),
        ("Control+ ", ("Control", " ")),
        ("shift+ctrl+t", ("Control", "Shift", "t")),
        ("ctrl + c", ("Control", "c")),
        ("Control+Control+a", ("Control", "a")),
        ("Alt", ("Alt",)),
        ("meta+ctrl", ("Control", "Meta")),
        ("Control+-", ("Control", "-")),
    ],
)
def test_chords(text: str, chord: tuple[str, ...]) -> None:
    assert parse_chord(text) == chord


@given(st.sets(st.sampled_from(MODIFIERS)), plain)
def test_a_chord_written_out_reads_back(modifiers: set[str], key: str) -> None:
    chord = parse_chord("+".join((*sorted(modifiers), key)))
    assert set(chord) == {*modifiers, key}
    assert parse_chord("+".join(chord)) == chord


@pytest.mark.parametrize("wrong", ["", "Control+", "a+b", "Enter+Tab", "++a", "+++", "Control+foo"])
def test_what_is_no_chord(wrong: str) -> None:
    with pytest.raises(ValueError, match="key"):
        parse_chord(wrong)


def test_x11_names() -> None:
    names = {key: for_x11(key) for key in [*NAMED, *ASCII]}
    assert len(set(names.values())) == len(names)
    assert names["Enter"] == "Return"
    assert names["PageDown"] == "Next"
    assert names["Meta"] == "Super_L"
    assert names[" "] == "space"
    assert names["+"] == "plus"
    assert names["~"] == "asciitilde"
    assert all(names[key] == key for key in string.ascii_letters + string.digits)
    assert for_x11("é") == "U00E9"
    assert for_x11("😀") == "U1F600"


def test_keys_that_a_browser_does_not_have() -> None:
    with pytest.raises(ActionError, match="no key F13"):
        for_playwright("F13")


@pytest.mark.browser
async def test_a_real_browser_takes_every_key() -> None:
    path = os.environ.get("HANDEYE_BROWSER") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.evaluate(
            "() => { window.seen = []; addEventListener('keydown', e => { seen.push(e.key); e.preventDefault(); }); }"
        )
        wanted = [key for key in [*NAMED, *ASCII] if not (key[0] == "F" and key[1:].isdigit() and int(key[1:]) > 12)]
        for key in wanted:
            await page.keyboard.press(for_playwright(key))
        seen = await page.evaluate("seen")
        await browser.close()
    assert seen == wanted
