"""The frame of the measurements: what a row says, how tables are compared, and that floors are timed in turn with ours."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable

from rich.console import Console

from handeye.benchmarks.perf.base import Row, interleaved
from handeye.benchmarks.perf.table import changes, document, merged, rows_of, show

STEP = Row("step", 130.0, 100.0, 1.3, 30)
HELP = Row("help", 600.0, None, 500.0, 10)
IDLE = (0.0, 0.0)


def test_a_row_is_held_to_its_ratio_where_it_has_a_floor_and_to_its_figure_where_not() -> None:
    assert (STEP.ratio, STEP.verdict) == (1.3, "within")
    assert STEP._replace(ours=131.0).verdict == "short of"
    assert (HELP.ratio, HELP.verdict) == (None, "short of")
    assert HELP._replace(ours=499.0).verdict == "within"
    assert STEP._replace(limit=None, ours=999.0).verdict == ""


def test_a_table_comes_back_from_its_document_and_ratios_are_compared_not_milliseconds() -> None:
    kept = document([STEP, HELP], False, IDLE)
    assert rows_of(kept) == {"step": STEP, "help": HELP}
    slower_machine = STEP._replace(ours=260.0, floor=200.0)
    assert changes([slower_machine], kept)[0].startswith("nothing differs")
    worse = changes([STEP._replace(ours=200.0)], kept)
    assert len(worse) == 1 and worse[0].startswith("step: 1.3 ") and worse[0].endswith("now 2")
    assert "not in the table" in changes([STEP._replace(name="new")], kept)[0]
    assert "no earlier table" in changes([STEP], None)[0]
    just_short = changes([HELP], document([HELP._replace(ours=495.0, limit=500.0)], False, IDLE))
    assert "within its limit" not in just_short[0] or "now short of" in just_short[0]


def test_a_run_of_one_group_leaves_the_rows_of_the_others_in_the_table() -> None:
    before = document([STEP, HELP], False, IDLE)
    after = merged(document([HELP._replace(ours=100.0)], False, IDLE), before, [HELP])
    assert [(each["name"], each["ours"], each.get("earlier", False)) for each in after["rows"]] == [
        ("help", 100.0, False),
        ("step", 130.0, True),
    ]


def test_what_falls_short_is_told_in_the_table() -> None:
    file = io.StringIO()
    show([STEP, HELP._replace(note="on a busy day")], Console(file=file, width=150))
    text = file.getvalue()
    assert "within" in text and "short of" in text and "≤ 500 ms" in text and "help: on a busy day" in text


def test_ways_are_timed_in_turn_and_what_warms_up_is_not_counted() -> None:
    order: list[str] = []

    def way(name: str) -> Callable[[], Awaitable[float]]:
        async def once() -> float:
            order.append(name)
            return float(len(order))

        return once

    took = asyncio.run(interleaved({"ours": way("ours"), "floor": way("floor")}, 2, warm=1))
    assert order == ["floor", "ours", "ours", "floor", "floor", "ours"]
    assert took == {"ours": [3.0, 6.0], "floor": [4.0, 5.0]}
