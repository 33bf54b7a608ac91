"""Lets torchvision's wheel be imported beside a torch that was built without CUDA.

That wheel's compiled part wants CUDA's libraries. Without it the operators ``nms`` and ``qnms`` are not declared, and torchvision gives up when
it describes their shapes. vLLM needs torchvision's image functions only, so declaring the two is enough. ``setup.sh vllm`` puts this file into
the virtual environment, with a ``.pth`` file that imports it at the start of each of its processes: nothing happens until torchvision is imported.
"""

from __future__ import annotations

import importlib
import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_SHAPES = "torchvision._meta_registrations"
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class DeclareMissing(importlib.abc.MetaPathFinder):
    """Finds nothing; declares the operators right before torchvision describes their shapes."""

    def __init__(self) -> None:
        self.library: object = None  # the declarations last as long as it does

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == _SHAPES and self.library is None:
            compiled = importlib.import_module("torchvision.extension")
            if not compiled._has_ops():
                self.library = _declare()
        return None


def _declare() -> object:
    library = importlib.import_module("torch.library").Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        library.define(operator)
    return library


sys.meta_path.insert(0, DeclareMissing())
