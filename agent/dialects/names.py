"""Short names of dialects, and which one a model speaks."""

from __future__ import annotations

import re
from typing import cast

from ...tools.plugins import load
from ..base import Dialect

DIALECTS = {
    "phi4": ".agent.dialects.phi4:Phi4",
    "qwen": ".agent.dialects.qwen:Qwen",
    "qwen-pixels": ".agent.dialects.qwen:QwenPixels",
}
"""Short names of the dialects that ship."""

_FAMILIES = (
    (r"phi-?4", "phi4"),
    # coordinates in pixels of the picture as sent; from Qwen3-VL on, and what is made from it, they are thousandths
    (r"qwen-?2(\.5)?-?vl|fara(?!-?1\.5)|holo-?1", "qwen-pixels"),
    (r"qwen|holo|fara", "qwen"),
)


def open_dialect(name: str | None, model: str) -> Dialect:
    """The dialect of that name, else the one that the model's name tells; the house's own model's where it tells nothing.

    Args:
        name: Short name, entry point of ``handeye.dialects``, or dotted path to a class.
        model: Under which its server serves the model.

    Raises:
        UnknownName: There is none of that name.
    """
    if name is None:
        name = next((short for pattern, short in _FAMILIES if re.search(pattern, model, re.IGNORECASE)), "phi4")
    return cast(Dialect, load("dialect", name, DIALECTS, "handeye.dialects")())
