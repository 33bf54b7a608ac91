"""How many tokens a picture costs, and the size in which one that is too large is sent: pure arithmetic, no torch.

The model sees a picture as a grid of patches of 16×16 pixels, a token each: between 256 and 3600 of them (1280×720 is exactly
3600). SigLIP-2's own rule fills the budget whatever the picture's size; this model was trained *without upscaling*: the budget of
a picture is its own number of whole patches, held between the two bounds. Within a budget the rule of both is: the largest scale at
which both sides, rounded up to whole patches, still fit.
"""

from __future__ import annotations

import math

from ....tools.geometry import Size

PATCH = 16
"""Pixels of a patch's side."""

LEAST, MOST = 256, 3600
"""Patches of a picture; the published preprocessor_config.json says the same."""

LARGEST = 20_000
"""Pixels of a side beyond which a picture is refused: no screen has them, and resizing them takes the server's time and memory."""


def grid(width: int, height: int, least: int = LEAST, most: int = MOST, patch: int = PATCH) -> tuple[int, int]:
    """Rows and columns of patches in which a picture of that many pixels is seen.

    Raises:
        ValueError: It has no pixels, or more than `LARGEST` on a side.
    """
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError(f"a picture of {width}x{height} pixels cannot be shown to the model: 1 to {LARGEST} a side")
    budget = max(least, min((width // patch) * (height // patch), most))
    # The stock rule finds the scale by halving this interval to this width, and so its rounding decides at the edges: the
    # same steps give the same grid, a formula would not always.
    low, high, width_of_interval = 1e-6, 100.0, 1e-5
    while high - low >= width_of_interval:
        middle = (low + high) / 2
        rows, columns = _patches(height, middle, patch), _patches(width, middle, patch)
        if rows * columns <= budget:
            low = middle
        else:
            high = middle
    return _patches(height, low, patch), _patches(width, low, patch)


def _patches(side: int, scale: float, patch: int) -> int:
    return max(1, math.ceil(side * scale / patch))


def image_tokens(size: Size) -> int:
    """Tokens of a picture sent in ``size`` (whole pixels).

    Raises:
        ValueError: No picture has that size; see `grid`.
    """
    rows, columns = grid(int(size.width), int(size.height))
    return rows * columns


def fitted(size: Size) -> Size:
    """The size in which to send a picture of ``size``.

    One within the budget goes as it is. A larger one gets the grid that the server would give it, of the same aspect as nearly as
    whole patches allow: it costs the same tokens, its sides are multiples of `PATCH`, and so the server leaves its pixels alone.

    Raises:
        ValueError: No picture has that size; see `grid`.
    """
    width, height = int(size.width), int(size.height)
    rows, columns = grid(width, height)
    if (width // PATCH) * (height // PATCH) <= MOST:
        return size
    return Size(width=columns * PATCH, height=rows * PATCH)
