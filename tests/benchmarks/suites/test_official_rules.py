"""The rules agree with the official scorers: on answers of every kind, whose scores those gave, and on their holes.

The files in ``golden`` hold truths and answers made here and what the official code said of them: OpenCUA's ``evaluation/agentnetbench/eval.py``,
GUI-Odyssey's ``GUIOdyssey_action_matching.py`` and ``evaluate_GUIOdyssey.py``, UGround's offline evaluations of Multimodal-Mind2Web and AndroidControl, and CUActSpot's
``eval_utils.py`` of Phi-Ground. The code itself is not part of this project.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.benchmarks.report.read import answers
from handeye.benchmarks.report.summary import summarize
from handeye.benchmarks.suites import agentnetbench_rule, android_control, cuactspot, gui_odyssey, mind2web
from handeye.benchmarks.suites.agentnetbench_rule import Said
from handeye.benchmarks.suites.cuactspot import Polygon
from handeye.benchmarks.suites.gui_odyssey import Acted
from handeye.benchmarks.suites.inside import even_odd, in_or_on, inner_point
from handeye.benchmarks.suites.screenspot import official_box
from handeye.benchmarks.suites.words_alike import edit_distance, token_f1
from handeye.episodes.schema import FORMAT, Prediction, Score, Scored, ScoringHeader, SuiteData

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> list[Any]:
    rows: list[Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return rows


def test_agentnetbench() -> None:
    rows = golden("agentnetbench")
    assert {0.0, 1.0} < {row["score"] for row in rows}
    for row in rows:
        before = copy.deepcopy(row["truth"])
        said = [(kind, value) for kind, value in row["said"]]
        assert agentnetbench_rule.official(row["truth"], said) == pytest.approx(row["score"], abs=1e-9), row
        # the official code writes into the truth
        assert row["truth"] == before


def test_gui_odyssey() -> None:
    rows = golden("gui_odyssey")
    assert {row["right"] for row in rows} == {True, False}
    for row in rows:
        assert gui_odyssey.official(Acted(*row["said"]), Acted(*row["true"]), row["box"]) == row["right"], row


def test_gui_odyssey_whole_episodes() -> None:
    told: Any = golden("gui_odyssey_episodes")
    scored = [
        Scored(
            prediction=Prediction(item=f"{episode} {index}"),
            score=Score(value=float(right), success=right, parts={"strict": 0.0}),
            groups={"category": category},
            cluster=episode,
            steps=steps,
        )
        for index, (episode, category, steps, right) in enumerate(told["rows"])
    ]
    suite = gui_odyssey.GUIOdyssey
    data = SuiteData(suite="gui-odyssey", rules=dict(suite.rules), average=suite.average, over=suite.over)
    header = ScoringHeader(format=FORMAT, created="2026-01-01T00:00:00+00:00", data=data)
    summary = summarize(answers("golden", header, scored, len(scored)))
    rows = [summary.all, *summary.further]
    found = [row.means["official"].mean for row in rows]
    # the official figures are percentages of two decimals, those of the categories before they are averaged, too
    said = [told[over][name] for name in ("AMS", "SR") for over in ("over_categories", "everything")]
    assert [100 * (mean or 0) for mean in found] == pytest.approx(said, abs=0.011), found
    assert summary.parted == 7 and rows[-1].means["official"].of == 83
    # strictly, none of them is right
    assert [row.means["strict"].mean for row in rows] == [0, 0, 0, 0]


def test_mind2web() -> None:
    for row in golden("mind2web"):
        element, f1 = mind2web.official(row["point"], row["said"], row["boxes"], row["true"])
        assert (element, f1) == pytest.approx((row["element"], row["f1"]), abs=1e-9), row


def test_cuactspot() -> None:
    for row in golden("cuactspot"):
        polygons = [Polygon(kind, rank, tuple((x, y) for x, y in corners)) for kind, rank, corners in row["polygons"]]
        assert cuactspot.official([(x, y) for x, y in row["points"]], polygons) == row["right"], row


def test_android_control() -> None:
    for row in golden("android_control"):
        said = android_control.official(row["said"], row["point"], row["true"], row["tree"])
        assert said == bool(row["right"]), row


def click(x: float, y: float, box: list[float] | None = None) -> dict[str, Any]:
    boxes = {"bboxes": [{"rel_bbox": box}]} if box else {}
    return {"type": "click", "params": {"position": {"x": x, "y": y}}, "metadata": boxes}


def write(text: str) -> dict[str, Any]:
    return {"type": "write", "params": {"text": text}, "metadata": {}}


def press(*keys: str, kind: str = "press") -> dict[str, Any]:
    return {"type": kind, "params": {"keys": list(keys)}, "metadata": {}}


def scroll(amount: int) -> dict[str, Any]:
    return {"type": "scroll", "params": {"amount": amount}, "metadata": {}}


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ([write("mug"), press("enter")], [("write", "mug")]),
        ([scroll(-3)], [("scroll", 900)]),
        ([press("ctrl", "c", kind="hotkey")], [("hotkey", ["c", "ctrl"])]),
        ([press("ctrl", "c", kind="hotkey")], [("hotkey", ["ctrl", "ctrl", "c"])]),
        ([write("a long sentence, all of it")], [("write", "a long sentence, most of it")]),
        ([write("mug")], [("write", "MUG")]),
        ([click(0.5, 0.5)], [("click", (0.509, 0.509))]),
        ([click(0.5, 0.5)], [("click", (0.5, 0.5)), ("click", (0.1, 0.1)), ("write", "anything")]),
        ([click(0.6, 0.6, [0.5, 0.5, 0.25, 0.25])], [("click", (0.75, 0.75))]),
    ],
    ids=["enter", "scroll", "order", "twice", "four fifths", "case", "beside", "more", "edge"],
)
def test_what_the_official_rule_of_agentnetbench_lets_pass_the_strict_one_does_not(
    truth: list[dict[str, Any]], said: list[Said]
) -> None:
    assert agentnetbench_rule.official(truth, said) == 1
    assert not agentnetbench_rule.strict(truth, said)


def test_a_grid_of_clicks_hits_every_unranked_target_and_is_no_answer() -> None:
    squares = [((10.0 * i, 0.0), (10.0 * i + 8, 0.0), (10.0 * i + 8, 8.0), (10.0 * i, 8.0)) for i in range(3)]
    polygons = [Polygon("Target", "", each) for each in squares]
    grid = [(x / 2, y / 2) for x in range(80) for y in range(20)]
    assert cuactspot.official(grid, polygons)
    assert len(grid) > cuactspot.needed(polygons) == 3


def test_an_empty_text_agrees_with_any_in_gui_odyssey_and_so_does_what_follows_a_colon() -> None:
    for said, true in (("", "hello"), ("10:45", "10:30"), ("hexxo", "hello")):
        assert gui_odyssey.official(Acted("TYPE", said), Acted("TYPE", true), None)
        assert not gui_odyssey.strict(Acted("TYPE", said), Acted("TYPE", true), None)
    # a seventh of the screen away, outside the box
    far = Acted("CLICK", (139, 0)), Acted("CLICK", (0, 0)), [0, 0, 10, 10]
    assert gui_odyssey.official(*far)
    assert not gui_odyssey.strict(*far)


def test_an_app_opened_where_something_was_clicked_needs_no_name_upstream() -> None:
    tree = [{"bbox_pixels": {"x_min": 0, "y_min": 0, "x_max": 9, "y_max": 9}, "text": "Anything"}]
    said, true = {"action_type": "open_app", "app_name": "Clock"}, {"action_type": "click", "x": 5, "y": 5}
    assert android_control.official(said, (5, 5), true, tree)
    assert not android_control.official(said, None, true, tree)
    assert not android_control.strict(said, (5, 5), true, tree)


@pytest.mark.parametrize(
    ("point", "right"),
    [((10, 20), True), ((40, 60), True), ((40.01, 60), False), ((9.99, 20), False), ((25, 61), False)],
)
def test_the_box_of_screenspot_has_all_its_edges(point: tuple[float, float], right: bool) -> None:
    assert official_box(point, (10, 20, 40, 60), (1280, 720)) == right


def test_polygons() -> None:
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    assert even_odd((0, 0), square) and not even_odd((10, 10), square)
    assert in_or_on((0, 0), square) and in_or_on((10, 10), square) and not in_or_on((10.1, 5), square)
    assert not in_or_on((0, 0), square[:2]) and not even_odd((0, 0), [])
    assert inner_point(square[:2]) is None


ten = st.integers(0, 60).map(float)


@given(st.lists(st.tuples(ten, ten), min_size=3, max_size=8))
def test_an_inner_point_is_inside_by_either_rule(polygon: list[tuple[float, float]]) -> None:
    inner = inner_point(polygon)
    if inner is not None:
        assert even_odd(inner, polygon)
        assert in_or_on(inner, polygon)


words = st.text("abc ", max_size=9)


@given(words, words, words)
def test_an_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) <= max(len(a), len(b))
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert edit_distance(a, b) >= abs(len(a) - len(b))


def test_words_count_as_a_set_without_punctuation() -> None:
    assert token_f1("TYPE a b", "type b a a ,") == 1
    assert token_f1("click", "CLICK ") == token_f1("", "") == 1
    assert token_f1("", "click") == 0
    assert token_f1("type a", "type b") == pytest.approx(0.5)
