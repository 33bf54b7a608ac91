"""Frames to measure recording by: a shop page full of photographs, always the same, as a real browser shows it.

The photographs are made here: a wall and a table in slow gradients, a few rounded things with their light and shadow, texture whose
power falls with frequency as that of natural pictures does, and the noise of a sensor; each then goes through JPEG as a shop's does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...environments.sites import Request, Response, RunningSite
from ...tools.actions import Act, Navigate, Scroll
from ...tools.geometry import Point

_Plane = NDArray[np.float32]

_PHOTO = (240, 180)
"""Width and height on the page, CSS pixels."""
_CARDS = 48
_PAGES = 10
_NOISE = 2.5
"""Standard deviation of the sensor's noise, of 255: a camera in good light."""
_QUALITY = 85
_SCROLL = 530.0
_WORDS = (
    "Stoneware Oak Linen Harbour Field Morning Quiet Studio Garden Winter Amber Slate"
    " mug bowl lamp vase tray basket stool clock"
).split()


@lru_cache(maxsize=2 * _CARDS)
def photograph(seed: int) -> bytes:
    """A photograph as JPEG, always the same for a seed."""
    dice = np.random.default_rng(seed)
    width, height = _PHOTO
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    horizon = height * dice.uniform(0.45, 0.75)
    wall, table = dice.uniform(120, 235, 3), dice.uniform(70, 200, 3)
    below = (y > horizon)[..., None]
    picture = np.where(below, table, wall) * (0.75 + 0.35 * x / width + 0.2 * y / height)[..., None]
    picture += _texture(dice, height, width)[..., None] * np.where(below, 16, 6)
    for _ in range(int(dice.integers(1, 4))):
        _put_thing(picture, dice, x, y, horizon)
    picture += dice.normal(0, _NOISE, picture.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _texture(dice: np.random.Generator, height: int, width: int) -> _Plane:
    """Noise whose amplitude falls as 1/f, of variance 1."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    falling = 1 / np.maximum(np.hypot(fy, fx), 1 / width)
    plane = np.fft.irfft2(np.fft.rfft2(dice.normal(size=(height, width))) * falling, s=(height, width))
    found: _Plane = ((plane - plane.mean()) / plane.std()).astype(np.float32)
    return found


def _put_thing(picture: NDArray[np.float64], dice: np.random.Generator, x: _Plane, y: _Plane, horizon: float) -> None:
    height, width = x.shape
    radius = dice.uniform(0.12, 0.3) * height
    center_x, center_y = dice.uniform(0.2, 0.8) * width, horizon + dice.uniform(-0.1, 0.1) * height
    stretch = dice.uniform(0.6, 1.4)
    u, v = (x - center_x) / radius, (y - center_y) / (radius * stretch)
    shadow = np.exp(-((u - 0.5) ** 2 / 1.5 + ((v - 0.95) * 4) ** 2))
    picture *= (1 - 0.45 * shadow)[..., None]
    far = np.hypot(u, v)
    # an edge that is a pixel or two wide, as a lens gives it
    cover = np.clip((1 - far) * radius / 1.5, 0, 1)[..., None]
    light = 0.45 + 0.6 * np.clip(1 - np.hypot(u + 0.35, v + 0.4) / 1.6, 0, 1)
    shine = 90 * np.exp(-((u + 0.4) ** 2 + (v + 0.45) ** 2) * 18)
    colour = dice.uniform(40, 230, 3)
    surface = light[..., None] * colour + shine[..., None] + _texture(dice, height, width)[..., None] * 7
    picture[:] = picture * (1 - cover) + surface * cover


class PhotoShop:
    """A site of shop pages: ``/0``, ``/1`` …, each with 48 cards of its own."""

    def respond(self, request: Request) -> Response:
        """See `Site.respond`."""
        name = request.path.strip("/")
        if name.endswith(".jpg"):
            return Response(photograph(int(name[:-4])), "image/jpeg")
        return Response.text(_page(int(name or 0))) if name.isdigit() or not name else Response.text("", status=404)

    def path(self, page: str) -> str:
        """See `Site.path`."""
        return page


def _page(number: int) -> str:
    dice = np.random.default_rng(number)

    def words(count: int) -> str:
        return " ".join(dice.choice(_WORDS, count))

    cards = "".join(
        f"<div class=card><img src=/{number * _CARDS + card}.jpg width={_PHOTO[0]} height={_PHOTO[1]} alt=''>"
        f"<b>{words(3)}</b><p>{words(6)}</p><span>{dice.integers(5, 200)}.{dice.integers(0, 100):02}</span>"
        "<button>Add to cart</button></div>"
        for card in range(_CARDS)
    )
    filters = "".join(f"<label><input type=checkbox> {words(2)} ({dice.integers(1, 90)})</label>" for _ in range(60))
    return (
        f"<!doctype html><meta charset=utf-8><title>Shop {number}</title><style>body{{margin:0;font:15px sans-serif}}"
        "header{background:#234;color:#fff;padding:12px 20px}nav{float:left;width:190px;padding:14px}label{display:block;margin:8px 0}"
        "main{margin-left:218px;display:grid;grid-template-columns:repeat(4,1fr);gap:14px;padding:14px}"
        ".card{border:1px solid #ddd;border-radius:8px;overflow:hidden}.card>*{margin:6px 10px}.card>img{margin:0;display:block}"
        f"</style><header>{words(2)}</header><nav>{filters}</nav><main>{cards}</main>"
    )


def shop_acts(site: RunningSite, count: int) -> Iterator[Act]:
    """Acts after each of which another screen is seen: ten pages one after the other, from their top down."""
    down = max(1, count // _PAGES)
    for number in range(1, count):
        if number % down:
            yield Scroll[Point](at=Point(x=640, y=360), dy=_SCROLL)
        else:
            yield Navigate(url=site.page(f"/{number // down}"))
