"""The parts of the desktop suite at their small size, and the texts that they draw."""

from __future__ import annotations

import random
import unicodedata

import pytest

from handeye.benchmarks.desktop_suite import __main__ as suite
from handeye.benchmarks.desktop_suite.texts import random_text
from handeye.benchmarks.figures import Asked, Found, Line


def test_texts_are_of_every_kind_without_control_characters() -> None:
    texts = [random_text(random.Random(seed)) for seed in range(300)]
    assert texts == [random_text(random.Random(seed)) for seed in range(300)] and len(set(texts)) > 250
    every = "".join(texts)
    assert not {unicodedata.category(character) for character in every} & {"Cc", "Cs", "Cn"}
    names = " ".join(unicodedata.name(character, "") for character in set(every))
    for kind in (
        "LATIN SMALL",
        "ACUTE",
        "CYRILLIC",
        "GREEK",
        "CJK",
        "KATAKANA",
        "HANGUL",
        "FACE",
        "JOINER",
        "COMBINING",
    ):
        assert kind in names, kind
    assert max(len(set(text)) for text in texts) > 100


@pytest.mark.parametrize(("good", "missed"), [(3, 0), (2, 1)])
def test_a_missed_figure_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], good: int, missed: int
) -> None:
    def part(asked: Asked) -> Found:
        assert asked.seed == 5 and asked.folder.is_dir()
        return Found((Line("something", good, 3, missed="one did not" if good < 3 else ""),), ("a note",))

    monkeypatch.setattr(suite, "PARTS", {"typing": part})
    assert suite.main(["--only", "typing", "--seed", "5"]) == missed
    told = capsys.readouterr().out
    assert "seed 5" in told and "a note" in told and ("one did not" in told) == bool(missed)


@pytest.mark.display
@pytest.mark.slow
def test_nothing_is_missed_at_the_small_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["--only", "typing", "--only", "pointing"]) == 0, capsys.readouterr().out
