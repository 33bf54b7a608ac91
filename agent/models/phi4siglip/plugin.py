"""The plugin through which vLLM runs the published model as it is: vLLM has its layers, and here are its configuration and processor.

vLLM calls `register` in each of its processes (entry point group ``vllm.general_plugins``), whatever model it serves. Without it vLLM
takes both from code that is published with the model, which needs ``--trust-remote-code`` and fails on the versions of transformers
that vLLM needs.
"""

from __future__ import annotations

import importlib

_PROCESSOR = "Phi4VisionRProcessor"


def register() -> None:
    """Makes the model's configuration known, and its processor findable. A second call changes nothing; torch is not loaded by it.

    A vLLM that brings a processor of that name keeps its own.
    """
    from .config import register as register_config

    register_config()
    processors = importlib.import_module("vllm.transformers_utils.processors")
    home = f"{__package__}.processor"
    table = getattr(processors, "_CLASS_TO_MODULE", None)
    if isinstance(table, dict):
        # Looked up by name when a model asks for it: only then is our processor imported.
        table.setdefault(_PROCESSOR, home)
    elif not hasattr(processors, _PROCESSOR):
        setattr(processors, _PROCESSOR, getattr(importlib.import_module(home), _PROCESSOR))
