"""Finding a picture again: where it is, as often as it is, and never something that only resembles it."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handeye.benchmarks.replay.action import pixels
from handeye.environments.drawn import DrawnEnvironment, Scene, Widget
from handeye.episodes.schema import Start
from handeye.tools.geometry import Box
from handeye.tools.pixels import Pixels

_NAMES = st.text("ABCDEFGHIKLMNOPRSTabcdefghiklmnoprst0123456789", min_size=4, max_size=9)


async def frame_of(*widgets: Widget) -> Pixels:
    world = DrawnEnvironment(lambda: Scene(list(widgets)))
    seen = await world.reset(Start.model_validate({"viewport": {"width": 480, "height": 300}}))
    return seen.frame.pixels


def button(name: str, left: int, top: int) -> Widget:
    return Widget("button", name, Box.at(left, top, 130, 36))


@settings(max_examples=15, deadline=None)
@given(_NAMES, st.integers(0, 100), st.integers(0, 240), st.integers(230, 340), st.integers(0, 240))
async def test_it_is_found_where_it_is_and_as_often(name: str, left: int, top: int, other: int, below: int) -> None:
    wanted = (await frame_of(button(name, 10, 10)))[10:46, 10:140]
    once = await frame_of(button(name, left, top))
    assert [each.box for each in pixels.find(once, wanted)] == [Box.at(left, top, 130, 36)]
    twice = await frame_of(button(name, left, top), button(name, other, below))
    found = {(each.box.left, each.box.top) for each in pixels.find(twice, wanted)}
    assert found == {(left, top), (other, below)}


@settings(max_examples=15, deadline=None)
@example("0O00", 1, "Q")  # a stroke, and that across four tiles
@given(_NAMES, st.integers(0, 8), st.sampled_from("QWXZ"))
async def test_one_other_letter_is_something_else(name: str, at: int, letter: str) -> None:
    at %= len(name)
    wanted = (await frame_of(button(name, 10, 10)))[10:46, 10:140]
    decoy = await frame_of(button(name[:at] + letter + name[at + 1 :], 60, 90))
    assert pixels.find(decoy, wanted) == []


async def test_what_is_plain_is_found_nowhere() -> None:
    frame = await frame_of(button("Save", 40, 40))
    assert pixels.flat(frame[200:240, 200:300])
    assert pixels.find(frame, frame[200:240, 200:300]) == []


def test_a_little_noise_is_the_same_and_a_lost_tile_is_not() -> None:
    dice = np.random.default_rng(7)
    picture = dice.integers(0, 256, (32, 64, 3), dtype=np.uint8)
    noisy = np.clip(picture.astype(int) + dice.integers(-3, 4, picture.shape), 0, 255).astype(np.uint8)
    assert pixels.same(picture, noisy)
    holed = picture.copy()
    holed[8:16, 8:16] = 0
    assert not pixels.same(picture, holed)
    assert pixels.likeness(picture, holed) == 1 - 1 / 32
