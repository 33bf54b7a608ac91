"""What a picture without words draws, whatever its colours, its size and the box around it.

By that an icon without a name is known again on a restyled page.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...tools.pixels import Pixels

_SIDE = 24
"""Side to which a drawing is brought to be compared, pixels."""
_EDGE = 0.12
"""Share of a box at each side that is its frame, not what is drawn in it."""
_FAINT = 12.0
"""Levels from the ground below which nothing is drawn."""
_SAME = 0.8
"""Correlation from which two show the same drawing."""

Glyph = NDArray[np.float64]


def glyph_of(picture: Pixels) -> Glyph | None:
    """What is drawn in a picture, as a square of values around 0; None where nothing is."""
    height, width, _ = picture.shape
    top, left = max(1, round(height * _EDGE)), max(1, round(width * _EDGE))
    inner = picture[top : height - top, left : width - left].astype(np.float64)
    if min(inner.shape[:2]) < 4:
        return None
    away = np.abs(inner - np.median(inner.reshape(-1, 3), axis=0)).max(axis=2)
    if away.max() < _FAINT:
        return None
    drawn = away > away.max() / 3
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    shape = away[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / away.max()
    # in a square, so that a bar and a block differ
    side = max(shape.shape)
    square = np.zeros((side, side))
    y, x = (side - shape.shape[0]) // 2, (side - shape.shape[1]) // 2
    square[y : y + shape.shape[0], x : x + shape.shape[1]] = shape
    image = Image.fromarray((square * 255).astype(np.uint8)).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    values = np.asarray(image, np.float64)
    return np.asarray(values - values.mean())


def same_glyph(a: Glyph | None, b: Glyph | None) -> bool:
    """Whether both draw the same; what draws nothing draws nothing that could be known again."""
    if a is None or b is None:
        return False
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return spread > 0 and float((a * b).sum()) / spread >= _SAME
