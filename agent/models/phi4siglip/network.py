"""The network itself, of transformers' Phi-3 and SigLIP-2 layers, with the published names of its weights.

Imported where torch is. It is the plain reading of the published architecture: one request at a time, nothing fused, nothing shared between
requests; vLLM's answers are compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import torch  # noqa: TID253  # this module exists for torch and transformers
from safetensors import safe_open
from torch import nn  # noqa: TID253
from transformers import DynamicCache, Phi3ForCausalLM, Siglip2VisionConfig, Siglip2VisionModel  # noqa: TID253

from .config import Phi4SiglipConfig

_TOWER = "model.vision_tower.vision_tower.vision_model."
_PROJECTOR = "model.mm_projector."
_INDEX = "model.safetensors.index.json"


class Network:
    """Tower, projector and text model of one checkpoint.

    Args:
        folder: With ``config.json`` and safetensors files.
        device: ``cpu``, ``cuda`` …
        dtype: Of weights and sums.

    Raises:
        RuntimeError: Weights are missing, or of another shape.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self.config = Phi4SiglipConfig.from_pretrained(folder)
        self.device, self.dtype = device, dtype
        text, tower, projector = _sorted(folder, device, dtype)
        with torch.device("meta"):  # no time for random weights that are replaced at once
            self.text = Phi3ForCausalLM(self.config)
        self.text.load_state_dict(text, assign=True)
        # the one thing that is computed and not loaded
        self.text.model.rotary_emb = type(self.text.model.rotary_emb)(config=self.config).to(device)
        vision = Siglip2VisionConfig(**self.config.vision_config)
        made = Siglip2VisionModel(vision)
        # The last layer and what follows it see no use: the features are those of the layer before.
        self.tower = getattr(made, "vision_model", made).to(device=device, dtype=dtype)
        loaded = self.tower.load_state_dict(tower, strict=False)
        if missing := [name for name in loaded.missing_keys if name.startswith(("embeddings", "encoder"))]:
            raise RuntimeError(f"the weights lack {len(missing)} of the vision tower: {', '.join(missing[:3])} …")
        wide = self.config.hidden_size
        self.projector = nn.Sequential(nn.Linear(self.config.mm_hidden_size, wide), nn.GELU(), nn.Linear(wide, wide))
        self.projector.load_state_dict(projector)
        self.projector.to(device=device, dtype=dtype)
        for part in (self.text, self.tower, self.projector):
            part.eval()

    def see(self, patches: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
        """Features of one picture, shape (rows × columns, width of the text model).

        Args:
            patches: Its patches without padding, shape (rows × columns, pixels).
            rows: Of patches.
            columns: Of patches.
        """
        values = patches[None].to(self.device, self.dtype)
        state = self.tower.embeddings(values, torch.tensor([[rows, columns]]))
        for layer in self.tower.encoder.layers[:-1]:
            state = layer(state, None)
            state = state[0] if isinstance(state, tuple) else state
        features: torch.Tensor = self.projector(state[0])
        return features

    def embed(self, ids: Sequence[int], pictures: Sequence[torch.Tensor], place: int) -> torch.Tensor:
        """Embeddings of a prompt, shape (1, tokens, width), each ``place`` in ``ids`` replaced by the features of the next picture."""
        pieces: list[torch.Tensor] = []
        rest = iter(pictures)
        words: list[int] = []
        for token in (*ids, None):
            if token is not None and token != place:
                words.append(token)
                continue
            if words:
                pieces.append(self.text.model.embed_tokens(torch.tensor(words, device=self.device)))
                words = []
            if token is not None:
                pieces.append(next(rest))
        return torch.cat(pieces)[None]

    def steps(self, embedded: torch.Tensor) -> Generator[torch.Tensor, int]:
        """Logits of the next token, float32 on the CPU, after what is embedded and each id that is sent."""
        cache = DynamicCache()
        while True:
            with torch.inference_mode():
                out = self.text.model(inputs_embeds=embedded, past_key_values=cache, use_cache=True)
                logits = self.text.lm_head(out.last_hidden_state[:, -1])[0].float().cpu()
            chosen = yield logits
            embedded = self.text.model.embed_tokens(torch.tensor([[chosen]], device=self.device))


def _sorted(
    folder: Path, device: torch.device, dtype: torch.dtype
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """All weights, by whom they belong to: text model, tower, projector."""
    text: dict[str, Any] = {}
    tower: dict[str, Any] = {}
    projector: dict[str, Any] = {}
    for file in _files(folder):
        with safe_open(file, framework="pt", device=str(device)) as opened:
            for name in opened.keys():  # noqa: SIM118  # not a mapping
                tensor = opened.get_tensor(name).to(dtype)
                if name.startswith(_TOWER):
                    tower[name.removeprefix(_TOWER)] = tensor
                elif name.startswith(_PROJECTOR):
                    projector[name.removeprefix(_PROJECTOR)] = tensor
                else:
                    text[name] = tensor
    return text, tower, projector


def _files(folder: Path) -> list[Path]:
    index = folder / _INDEX
    if index.is_file():
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return [folder / name for name in sorted(names)]
    return sorted(folder.glob("*.safetensors"))
