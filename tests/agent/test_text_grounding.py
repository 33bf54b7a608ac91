"""Where there is no tree: canvases and pictures are read and clicked by their text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.agent.grounding.match import Tier, nearest, tier

CANVAS = """<canvas id=c width=900 height=500></canvas><script>
  const x = c.getContext('2d'); const names = [['Start game', 90, 120], ['Options', 90, 220], ['Quit', 90, 320], ['Options', 600, 220], ['Music', 600, 170]];
  x.fillStyle = '#fff'; x.fillRect(0, 0, 900, 500); x.fillStyle = '#123'; x.font = '28px sans-serif';
  for (const [name, left, base] of names) x.fillText(name, left, base);
  c.onclick = (e) => { for (const [name, left, base] of names)
    if (e.offsetX >= left && e.offsetX < left + x.measureText(name).width && e.offsetY <= base && e.offsetY > base - 26) document.title = name + left }
</script>"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("step", "title"),
    [
        ({"click": "Start game"}, "Start game90"),
        ({"click": "Options", "near": "Music"}, "Options600"),
        ({"click": "Options", "near": "Quit"}, "Options90"),
    ],
)
async def test_a_canvas_is_clicked_by_its_text(play: Any, serve: Any, step: dict[str, Any], title: str) -> None:
    task = {"start": serve(CANVAS), "steps": [step], "postconditions": [{"script": "document.title", "equals": title}]}
    episode = await play(task)
    assert episode.outcome.status == "passed", episode.outcome.message
    assert episode.steps[0].located[0].place.source == "text"


@pytest.mark.browser
async def test_text_that_stands_twice_is_ambiguous(play: Any, serve: Any) -> None:
    episode = await play({"start": serve(CANVAS), "steps": [{"click": "Options"}]})
    assert episode.outcome.stop == "target"
    assert "ambiguous" in episode.outcome.message


@pytest.mark.parametrize(
    ("want", "have", "fit"),
    [
        ("Add to cart", "Add to cart", Tier.EXACT),
        ("add to  cart", "Add to cart:", Tier.LOOSE),
        ("Cart", "Cart (2)", Tier.PREFIX),
        ("Cart", "Cartoon", None),
        ("confirmed", "Order confirmed, thank you", Tier.WITHIN),
        ("Café", "Café", Tier.EXACT),
        ("+", "+", Tier.EXACT),
        ("+", "-", None),
        ("OK", "", None),
    ],
)
def test_how_well_names_fit(want: str, have: str, fit: Tier | None) -> None:
    assert tier(want, have) == fit


@given(st.text(min_size=1), st.text())
def test_a_name_fits_itself_and_never_raises(want: str, have: str) -> None:
    tier(want, have)
    nearest(want, [have])
    if want.strip():
        assert tier(want, want) == Tier.EXACT
