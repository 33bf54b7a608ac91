"""Draws still lifes of pottery and wood: a small shader for turned shapes, tubes and boards, lit by one window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.float32]
Rgb: TypeAlias = tuple[int, int, int]
Mask: TypeAlias = NDArray[np.bool_]

_LIGHT = np.array([-0.56, 0.55, 0.62], np.float32)
_HALF = np.array([-0.33, 0.40, 0.86], np.float32)  # half way between light and eye
_TILT = 0.24  # how far from above the camera looks: a circle lying flat is drawn this high for its width
_BLUR = 4  # what is out of focus is worked out at this part of the resolution
_CLAY = (196, 164, 132)


@dataclass(frozen=True)
class Glaze:
    """How a surface looks.

    Attributes:
        colour: Colour in full light.
        gloss: Strength of the highlight.
        speckled: Dark iron spots.
        bare_foot: Height, as a part of the whole, up to which the clay is left unglazed.
    """

    colour: Rgb
    gloss: float = 0.5
    speckled: bool = False
    bare_foot: float = 0.0


class Canvas:
    """A picture in the making; lengths are in units of its height, x to the right, y down.

    Args:
        width: Pixels.
        height: Pixels.
        random: Where all chance comes from: the same generator draws the same picture.
    """

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self.width, self.height = width, height
        self._random = random
        self._y, self._x = (axis.astype(np.float32) / height for axis in np.mgrid[0:height, 0:width].astype(np.float32))
        self.pixels: Pixels = np.zeros((height, width, 3), np.float32)

    def backdrop(self, wall: Rgb, table: Rgb, horizon: float) -> None:
        """A wall and a table in the light of a window on the left, the edge between them out of focus."""
        x, y = self._x[::_BLUR, ::_BLUR], self._y[::_BLUR, ::_BLUR]
        light = 1.07 - 0.22 * (x * self.height / self.width) - 0.10 * np.abs(y - 0.4)
        # The bars of the window fall on the wall as soft slanting bands.
        bars = np.sin((x * 1.1 + y * 0.55) * 9.0 + self._random.uniform(0, 6))
        light_wall = light * (1 + 0.035 * np.tanh(2 * bars))
        below = 1 / (1 + np.exp(-(y - horizon) * 90))
        grain = 1 + 0.03 * self._noise(4, 90, x.shape) + 0.02 * self._noise(10, 16, x.shape)
        front = light * grain * (0.92 + 0.14 * (y - horizon) / (1 - horizon))
        for channel in range(3):
            blurred = (1 - below) * wall[channel] * light_wall + below * table[channel] * front
            self.pixels[..., channel] = self._sharpen(blurred)

    def shadow(self, x: float, y: float, width: float, depth: float, strength: float = 0.55) -> None:
        """The shadow of something that stands at ``x``, ``y``: dark where it touches, fading away from the window."""
        across, down = self._x[::_BLUR, ::_BLUR] - x, self._y[::_BLUR, ::_BLUR] - y
        reach = np.where(across > 0, width * 1.9, width * 1.02)
        soft = np.exp(-((across / reach) ** 2) * 1.6 - (down / depth) ** 2)
        touch = np.exp(-((across / (width * 0.95)) ** 4) - (down / (depth * 0.45)) ** 2)
        self.pixels *= self._sharpen(1 - strength * np.maximum(0.62 * soft, 0.9 * touch))[..., None]

    def turned(
        self, x: float, base: float, profile: Sequence[tuple[float, float]], glaze: Glaze, opening: float = 0.0
    ) -> None:
        """A shape turned on a wheel.

        Args:
            x: Where its axis is.
            base: Where the front of its foot stands.
            profile: Radius and height, from the foot to the rim.
            glaze: Its surface.
            opening: Radius of the opening at the top; 0 for a closed shape.
        """
        size = self.height
        radius, height = _resample(profile, size)
        # The outward normal of the profile, in the plane through the axis.
        along_radius, along_height = np.gradient(radius), np.gradient(height)
        length = np.hypot(along_radius, along_height) + 1e-6
        out, up = along_height / length, -along_radius / length
        reach = float(radius.max())
        left, right = max(int((x - reach) * size), 0), min(int((x + reach) * size) + 2, self.width)
        across = np.arange(left, right, dtype=np.float32)[None, :] / size - x
        sine = across / np.maximum(radius, 1e-4)[:, None]
        inside = np.abs(sine) < 1
        cosine = np.sqrt(np.clip(1 - sine**2, 0, 1))
        foot = base - float(radius[0]) * _TILT
        normal = np.zeros((size, self.width, 3), np.float32)
        level = np.full((size, self.width), -1, np.float32)
        top = float(height.max()) or 1.0
        # Far side first, and from the foot upwards: what is nearer overwrites what it hides.
        for side in (-1, 1):
            rows = ((foot - height[:, None] + side * _TILT * radius[:, None] * cosine) * size).astype(np.int32)
            ok = inside & (rows >= 0) & (rows < size)
            step, column = np.nonzero(ok)
            row = rows[ok]
            normal[row, column + left, 0] = (out[:, None] * sine)[ok]
            normal[row, column + left, 1] = np.broadcast_to(up[:, None], ok.shape)[ok]
            normal[row, column + left, 2] = (out[:, None] * cosine * side)[ok]
            level[row, column + left] = (height / top)[step]
        self._shade(level >= 0, normal, glaze, level)
        if opening:
            self._hollow(x, foot - float(height[-1]), opening, float(radius[-1]), glaze)

    def tube(self, points: Sequence[tuple[float, float, float]], glaze: Glaze) -> None:
        """A handle or a spout: a bent tube through points of x, y and radius."""
        depth = np.zeros((self.height, self.width), np.float32)
        normal = np.zeros((self.height, self.width, 3), np.float32)
        for cx, cy, radius in _spline(np.array(points, np.float32), 48):
            rows = slice(max(int((cy - radius) * self.height), 0), int((cy + radius) * self.height) + 2)
            columns = slice(max(int((cx - radius) * self.height), 0), int((cx + radius) * self.height) + 2)
            dx, dy = (self._x[rows, columns] - cx) / radius, (self._y[rows, columns] - cy) / radius
            bulge = np.sqrt(np.clip(1 - dx**2 - dy**2, 0, 1)).astype(np.float32)
            nearer = bulge * radius > depth[rows, columns]
            depth[rows, columns][nearer] = (bulge * radius)[nearer]
            normal[rows, columns][nearer] = np.stack([dx, -dy, bulge], axis=-1)[nearer]
        self._shade(depth > 0, normal, glaze, np.full_like(depth, 0.6))

    def disc(self, x: float, y: float, radius: float, glaze: Glaze) -> None:
        """A plate that faces the camera: a raised rim around a well."""
        dx, dy = self._x - x, self._y - y
        away = np.hypot(dx, dy) / radius
        edge = np.interp(
            away,
            [0, 0.58, 0.64, 0.70, 0.93, 0.97, 1.0],
            [0, 0.02, -0.55, -0.10, -0.12, 0.30, 0.9],
        ).astype(np.float32)
        unit = np.maximum(away * radius, 1e-4)
        normal = np.stack([edge * dx / unit, -edge * dy / unit + 0.12, np.sqrt(1 - edge**2 * 0.9)], axis=-1)
        self._shade(away < 1, normal.astype(np.float32), glaze, np.where(away > 0.955, 0.0, 0.6).astype(np.float32))

    def board(self, distance: Callable[[Pixels, Pixels], Pixels], colour: Rgb, rings: float, groove: float) -> None:
        """A wooden board that faces the camera.

        Args:
            distance: Signed distance to its outline at x, y; negative within.
            colour: The wood in full light.
            rings: How many growth rings cross it.
            groove: How far within the outline a groove runs; 0 for none.
        """
        thickness = 0.014
        side = distance(self._x - thickness, self._y - thickness * 0.6) < 0
        self.pixels[side] = np.array(colour, np.float32) * 0.42
        away = distance(self._x, self._y)
        face = away < 0
        warp = self._x * 1.0 + 0.035 * self._noise(3, 5) + 0.05 * np.sin(self._y * 5)
        ring = np.sin(warp * rings) * 0.5 + 0.3 * np.sin(warp * rings * 2.7 + 1)
        fibre = self._noise(150, 7)
        tone = 1.0 + 0.09 * ring + 0.05 * fibre + 0.03 * self._noise(6, 9)
        tone *= 1.08 - 0.2 * (self._x * self.height / self.width)
        tone += 0.16 * np.exp(-(((away + 0.005) / 0.004) ** 2))  # light on the rounded edge
        if groove:
            tone -= 0.24 * np.exp(-(((away + groove) / 0.006) ** 2))
            tone += 0.10 * np.exp(-(((away + groove + 0.010) / 0.005) ** 2))
        self.pixels[face] = (np.array(colour, np.float32) * tone[..., None])[face]

    def finished(self, width: int, height: int) -> Image.Image:
        """The picture at its final size, with the fall-off and the grain of a lens and a sensor."""
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        away = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
        image = Image.fromarray(np.clip(self.pixels, 0, 255).astype(np.uint8))
        pixels = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS), np.float32)
        grain = self._random.standard_normal((height, width, 1), np.float32) * 2.2
        finished = pixels * (1.03 - 0.16 * away)[..., None] + grain
        return Image.fromarray(np.clip(finished, 0, 255).astype(np.uint8))

    def _shade(self, mask: Mask, normal: Pixels, glaze: Glaze, level: Pixels) -> None:
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        mask, normal, level = mask[box], normal[box], level[box]
        # Glaze pools and clouds, and breaks to a darker tone where it runs thin at the rim.
        cloud = 1 + 0.05 * self._noise(3, 3, mask.shape) + 0.03 * self._noise(16, 16, mask.shape)
        cloud -= 0.25 * np.exp(-(((level - 0.985) / 0.02) ** 2))
        colour = np.array(glaze.colour, np.float32) * cloud[..., None]
        if glaze.speckled:
            spots = self._random.random(mask.shape) > 0.9965
            spots |= np.roll(spots, 1, 0) | np.roll(spots, 1, 1)
            colour[spots] *= 0.5
        if glaze.bare_foot:
            colour[level < glaze.bare_foot + 0.012 * self._noise(3, 9, mask.shape)] = _CLAY
        diffuse = np.clip(normal @ _LIGHT, 0, 1)
        bounce = 0.10 * np.clip(-normal[..., 1], 0, 1) + 0.08 * np.clip(normal[..., 0], 0, 1)
        shine = np.clip(normal @ _HALF, 0, 1)
        highlight = glaze.gloss * (0.75 * shine**60 + 0.16 * shine**10)
        lit = colour * (0.30 + 0.80 * diffuse + bounce)[..., None] + 235 * highlight[..., None]
        self.pixels[box][mask] = lit[mask]

    def _hollow(self, x: float, y: float, opening: float, rim: float, glaze: Glaze) -> None:
        """The inside of a vessel, seen through its opening."""
        across, down = (self._x - x), (self._y - y) / _TILT
        # A little wider than the rim, to cover the sliver of outer wall behind it.
        lip = np.hypot(across / (rim + 0.003), down * _TILT / (rim * _TILT + 0.003)) < 1
        hole = np.hypot(across, down - opening * 0.03) < opening
        colour = np.array(glaze.colour, np.float32)
        self.pixels[lip] = np.clip(colour * 1.12 + 12, 0, 250)
        # The far wall takes the light on the right, the near wall hides the depth.
        tone = 0.50 + 0.22 * (across / opening) - 0.20 * (down / opening)
        deep = np.clip(tone, 0.2, 0.95)
        self.pixels[hole] = (colour * deep[..., None])[hole]

    def _noise(self, across: int, down: int, shape: tuple[int, ...] = ()) -> Pixels:
        """Smooth noise between about -1 and 1 with this many bumps each way; of the whole picture unless told."""
        height, width = shape or (self.height, self.width)
        coarse = self._random.uniform(-1, 1, (down + 2, across + 2)).astype(np.float32)
        fine = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        return np.asarray(fine, np.float32)

    def _sharpen(self, blurred: Pixels) -> Pixels:
        """What was worked out at a part of the resolution, at all of it."""
        fine = Image.fromarray(blurred.astype(np.float32)).resize((self.width, self.height), Image.Resampling.BILINEAR)
        return np.asarray(fine, np.float32)


def _resample(profile: Sequence[tuple[float, float]], size: int) -> tuple[Pixels, Pixels]:
    """The profile as radius and height at even steps along its length, fine enough to leave no gap between rows."""
    curve = _spline(np.array(profile, np.float32), 24)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    steps = np.linspace(0, length[-1], max(int(length[-1] * size * 1.6), 40))
    radius, height = (np.interp(steps, length, curve[:, axis]).astype(np.float32) for axis in (0, 1))
    return np.maximum(radius, 0), height


def _spline(points: Pixels, between: int) -> Pixels:
    """A smooth curve through points (Catmull-Rom), with this many steps from each to the next."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, between, endpoint=False, dtype=np.float32)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.concatenate([*pieces, points[-1:]]).astype(np.float32)
