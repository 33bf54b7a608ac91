"""What a grounder may be made of: who reads pixels, and the model, if there is one."""

from __future__ import annotations

from typing import NamedTuple

from ..mind import Mind
from .screen import ScreenReader


class Means(NamedTuple):
    """Handed to every grounder when it is made, whatever it needs of it.

    Attributes:
        reader: Reads the text of frames; shared.
        mind: A model to ask; None when the run has none.
    """

    reader: ScreenReader
    mind: Mind | None = None
