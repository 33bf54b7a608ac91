"""The photographs of the shop, drawn when they are asked for: the same file for the same product and colour, always."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np

from .catalogue import Product
from .render import Canvas, Glaze, Pixels, Rgb

Distance: TypeAlias = Callable[[Pixels, Pixels], Pixels]
Profile: TypeAlias = tuple[tuple[float, float], ...]

SIDE = 560
"""Pixels on a side of a product's photograph."""
SMALL = 300
"""Pixels on a side where many stand together: drawing one takes a quarter of the time."""
_OVER = 1.25  # drawn this much larger, then reduced, which smooths the edges

COLOURS: dict[str, Rgb] = {
    "Blue": (74, 124, 168),
    "White": (238, 234, 226),
    "Charcoal": (72, 72, 76),
    "Oatmeal": (222, 207, 180),
    "Sage": (150, 170, 138),
    "Navy": (44, 62, 98),
    "Rust": (178, 92, 58),
    "Mustard": (212, 164, 66),
    "Oak": (196, 152, 98),
    "Walnut": (112, 76, 52),
    "Beech": (216, 178, 132),
    "Olive": (178, 138, 82),
    "Ash": (222, 198, 160),
}
_WALLS: tuple[Rgb, ...] = ((226, 219, 208), (214, 217, 212), (229, 214, 203), (205, 211, 216), (233, 226, 210))
_TABLES: tuple[Rgb, ...] = ((186, 160, 130), (206, 198, 188), (148, 122, 98), (214, 204, 190))

# Radius and height from foot to rim, in units of the picture; the opening is given beside it.
_TURNED: dict[str, tuple[Profile, float]] = {
    "mug": (((0.15, 0), (0.185, 0.02), (0.19, 0.2), (0.19, 0.42)), 0.172),
    "cup": (((0.11, 0), (0.15, 0.03), (0.185, 0.16), (0.19, 0.33)), 0.172),
    "bowl": (((0.11, 0), (0.115, 0.035), (0.2, 0.1), (0.27, 0.19), (0.29, 0.27)), 0.268),
    "wide-bowl": (((0.14, 0), (0.145, 0.03), (0.25, 0.08), (0.33, 0.15), (0.355, 0.2)), 0.332),
    "stand": (((0.17, 0), (0.15, 0.03), (0.05, 0.08), (0.04, 0.22), (0.12, 0.255), (0.33, 0.27), (0.345, 0.3)), 0.325),
    "teapot": (
        (
            (0.13, 0),
            (0.2, 0.04),
            (0.235, 0.16),
            (0.2, 0.28),
            (0.12, 0.33),
            (0.12, 0.345),
            (0.07, 0.375),
            (0.022, 0.385),
            (0.025, 0.405),
            (0.042, 0.43),
            (0.03, 0.455),
            (0.0, 0.462),
        ),
        0.0,
    ),
    "tall-teapot": (
        (
            (0.15, 0),
            (0.18, 0.04),
            (0.165, 0.25),
            (0.12, 0.42),
            (0.105, 0.44),
            (0.06, 0.475),
            (0.02, 0.485),
            (0.022, 0.51),
            (0.036, 0.53),
            (0.0, 0.56),
        ),
        0.0,
    ),
    "bud-vase": (
        ((0.1, 0), (0.15, 0.05), (0.165, 0.14), (0.1, 0.26), (0.045, 0.34), (0.045, 0.42), (0.06, 0.45)),
        0.045,
    ),
    "bottle-vase": (
        ((0.12, 0), (0.165, 0.05), (0.17, 0.2), (0.1, 0.3), (0.05, 0.36), (0.045, 0.52), (0.058, 0.56)),
        0.043,
    ),
    "moon-vase": (((0.1, 0), (0.2, 0.07), (0.245, 0.22), (0.2, 0.37), (0.095, 0.44), (0.1, 0.47)), 0.082),
    "amphora": (
        ((0.09, 0), (0.12, 0.03), (0.2, 0.2), (0.205, 0.32), (0.12, 0.42), (0.075, 0.47), (0.08, 0.53), (0.105, 0.56)),
        0.085,
    ),
    "jug": (((0.13, 0), (0.17, 0.04), (0.19, 0.16), (0.15, 0.3), (0.115, 0.38), (0.14, 0.46)), 0.122),
}
_OFF_CENTRE = {"mug": 0.07, "jug": 0.04}  # a handle on one side
_GLOSSY = {"White", "Navy", "Blue"}


@cache
def product(item: Product, colour: str, side: int = SIDE) -> bytes:
    """A square JPEG of one product in one of its colours, ``side`` pixels wide."""
    canvas = _studio(f"{item.slug}/{colour}", side, side)
    x = 0.5 - _OFF_CENTRE.get(item.shape.removeprefix("speckled-"), 0.0)
    _pose(canvas, item, colour, x, base=0.88, scale=1.14 if item.category == "teapots" else 1.22)
    return _jpeg(canvas, side, side)


@cache
def banner(items: tuple[tuple[Product, str], ...]) -> bytes:
    """A wide JPEG of several products on one table."""
    width, height = 1280, 520
    canvas = _studio("banner", width, height)
    for place, (item, colour) in enumerate(items):
        nearer = 0.05 * (place % 2)
        _pose(canvas, item, colour, x=1.16 + 0.45 * place, base=0.84 + nearer, scale=0.86 + nearer)
    return _jpeg(canvas, width, height)


def _studio(name: str, width: int, height: int) -> Canvas:
    seed = zlib.crc32(name.encode())
    canvas = Canvas(round(width * _OVER), round(height * _OVER), np.random.default_rng(seed))
    canvas.backdrop(_WALLS[seed % len(_WALLS)], _TABLES[seed // 7 % len(_TABLES)], horizon=0.66)
    return canvas


def _pose(canvas: Canvas, item: Product, colour: str, x: float, base: float, scale: float) -> None:
    """Puts a product on the table."""
    speckled = item.shape.startswith("speckled-") or item.name.startswith("Speckled")
    shape = item.shape.removeprefix("speckled-")
    tone = COLOURS[colour]
    if item.category == "boards":
        _wood(canvas, shape, tone, x, base, scale)
        return
    glaze = Glaze(tone, 0.62 if colour in _GLOSSY else 0.34, speckled, bare_foot=0.07 if speckled else 0.0)
    if shape == "plate":
        canvas.shadow(x, base - 0.01, 0.27 * scale, 0.05)
        canvas.disc(x, base - 0.335 * scale, 0.33 * scale, glaze)
        return
    profile, opening = _TURNED[shape]
    sized = tuple((radius * scale, height * scale) for radius, height in profile)
    canvas.shadow(x, base - 0.03, sized[0][0] * 1.25, 0.07)
    _fittings(canvas, shape, x, base, scale, glaze)
    canvas.turned(x, base, sized, glaze, opening * scale)


def _fittings(canvas: Canvas, shape: str, x: float, base: float, scale: float, glaze: Glaze) -> None:
    """Handles and spouts, which the body then covers where they join it."""

    def tube(*points: tuple[float, float, float]) -> None:
        canvas.tube([(x + dx * scale, base - up * scale, radius * scale) for dx, up, radius in points], glaze)

    match shape:
        case "mug":
            tube(
                (0.16, 0.33, 0.024), (0.27, 0.35, 0.023), (0.325, 0.25, 0.022), (0.28, 0.14, 0.021), (0.16, 0.1, 0.022)
            )
        case "teapot":
            tube((0.17, 0.29, 0.02), (0.3, 0.34, 0.02), (0.375, 0.23, 0.02), (0.3, 0.1, 0.019), (0.19, 0.08, 0.018))
            tube((-0.17, 0.1, 0.055), (-0.26, 0.14, 0.045), (-0.31, 0.24, 0.032), (-0.375, 0.33, 0.027))
        case "tall-teapot":
            tube((0.12, 0.42, 0.019), (0.27, 0.45, 0.019), (0.32, 0.28, 0.019), (0.25, 0.12, 0.018), (0.15, 0.1, 0.017))
            tube((-0.15, 0.16, 0.042), (-0.24, 0.22, 0.034), (-0.27, 0.34, 0.026), (-0.32, 0.43, 0.022))
        case "jug":
            tube((0.11, 0.41, 0.02), (0.25, 0.41, 0.02), (0.28, 0.28, 0.019), (0.24, 0.14, 0.018), (0.16, 0.12, 0.018))
        case "amphora":
            for side in (-1, 1):
                tube(
                    (side * 0.07, 0.5, 0.017),
                    (side * 0.2, 0.52, 0.017),
                    (side * 0.22, 0.43, 0.016),
                    (side * 0.17, 0.36, 0.016),
                )


def _wood(canvas: Canvas, shape: str, tone: Rgb, x: float, base: float, scale: float) -> None:
    def box(up: float, half: float, tall: float, corner: float) -> Distance:
        return _box(x, base - 0.02 - up * scale, half * scale, tall * scale, corner * scale)

    def circle(up: float, radius: float) -> Distance:
        return _circle(x, base - 0.02 - up * scale, radius * scale)

    groove = 0.032 * scale
    match shape:
        case "round-board":
            outline, rings, reach = circle(0.31, 0.31), 46.0, 0.2
        case "paddle":
            blade, handle = box(0.22, 0.15, 0.22, 0.06), box(0.5, 0.035, 0.14, 0.03)
            outline, rings, reach, groove = _without(_either(blade, handle), circle(0.6, 0.015)), 60.0, 0.16, 0.0
        case "block":
            outline, rings, reach, groove = box(0.2, 0.33, 0.2, 0.02), 150.0, 0.34, 0.0
        case _:
            outline, rings, reach = _without(box(0.29, 0.225, 0.29, 0.035), circle(0.525, 0.024)), 52.0, 0.24
    canvas.shadow(x, base - 0.02, reach * scale, 0.05)
    canvas.board(outline, tone, rings, groove)


def _circle(cx: float, cy: float, radius: float) -> Distance:
    def distance(x: Pixels, y: Pixels) -> Pixels:
        return np.asarray(np.hypot(x - cx, y - cy) - radius, np.float32)

    return distance


def _box(cx: float, cy: float, half: float, tall: float, corner: float) -> Distance:
    def distance(x: Pixels, y: Pixels) -> Pixels:
        dx, dy = np.abs(x - cx) - half + corner, np.abs(y - cy) - tall + corner
        outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
        return np.asarray(outside + np.minimum(np.maximum(dx, dy), 0) - corner, np.float32)

    return distance


def _either(one: Distance, other: Distance) -> Distance:
    return lambda x, y: np.minimum(one(x, y), other(x, y))


def _without(whole: Distance, hole: Distance) -> Distance:
    return lambda x, y: np.maximum(whole(x, y), -hole(x, y))


def _jpeg(canvas: Canvas, width: int, height: int) -> bytes:
    file = io.BytesIO()
    canvas.finished(width, height).save(file, "JPEG", quality=88, subsampling=0)
    return file.getvalue()
