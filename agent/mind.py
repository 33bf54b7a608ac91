"""A model at hand: who is asked, in which dialect, and what it is shown."""

from __future__ import annotations

from typing import NamedTuple

from .base import Dialect
from .calls import Calls
from .views import Views


class Mind(NamedTuple):
    """What a policy that plans and a grounder that asks have in common.

    Attributes:
        dialect: Words ↔ actions.
        calls: Asks, and records.
        views: Makes the pictures.
    """

    dialect: Dialect
    calls: Calls
    views: Views
