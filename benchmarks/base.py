"""The Protocols of the benchmarks: where questions come from, and what an answer to them is worth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..episodes.schema import Item, Prediction, Score


class StepSuite(Protocol):
    """Questions about recorded steps, teacher-forced, or about single screenshots: there is no environment."""

    def items(self) -> Iterable[Item]:
        """The questions. Each call begins anew; one is made when it is asked for, so that there may be any number of them."""
        ...

    def match(self, item: Item, prediction: Prediction) -> Score:
        """What an answer is worth. Never asked about one that the infrastructure failed to give."""
        ...
