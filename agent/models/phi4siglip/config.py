"""The model's configuration, read from its published ``config.json`` as it is, without the code that is published beside it.

Imported where transformers is: by vLLM's processes through the plugin, and by the model that runs in this process.
"""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, Phi3Config  # noqa: TID253  # this module exists for transformers

MODEL_TYPE = "phi4-siglip"
ARCHITECTURE = "Phi4ForCausalLMV"


class Phi4SiglipConfig(Phi3Config):  # type: ignore[misc]
    """A Phi-3 text model with a SigLIP-2 tower and a projector in front of it; fields unknown here are kept as attributes.

    Attributes:
        mm_vision_tower: Name of the vision tower the model was trained with; it is part of the checkpoint.
        mm_projector_type: ``mlp2x_gelu``: two linear layers with a GELU between.
        mm_hidden_size: Width of the tower's output.
        min_num_patches: See `patches`.
        max_num_patches: Likewise.
        vision_config: Fields of a ``Siglip2VisionConfig``, as a mapping: vLLM reads it so.
    """

    model_type = MODEL_TYPE

    def __init__(
        self,
        mm_vision_tower: str | None = None,
        mm_projector_type: str = "mlp2x_gelu",
        mm_hidden_size: int = 1152,
        min_num_patches: int = 256,
        max_num_patches: int = 3600,
        vision_config: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(**fields)
        self.mm_vision_tower = mm_vision_tower
        self.mm_projector_type = mm_projector_type
        self.mm_hidden_size = mm_hidden_size
        self.min_num_patches = min_num_patches
        self.max_num_patches = max_num_patches
        self.vision_config = {"patch_size": 16, **(vision_config or {})}


def register() -> None:
    """Makes ``AutoConfig`` know the model type; a second call changes nothing."""
    AutoConfig.register(MODEL_TYPE, Phi4SiglipConfig, exist_ok=True)
