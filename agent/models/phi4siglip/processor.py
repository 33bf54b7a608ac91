"""The model's processor: text and pictures → token ids and patches, as it was trained, without the code that is published beside it.

Imported where transformers is. vLLM looks for it by the name that ``preprocessor_config.json`` gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253  # this module exists for torch and transformers
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoTokenizer, BatchFeature  # noqa: TID253
from transformers.processing_utils import ProcessorMixin  # noqa: TID253
from transformers.utils import cached_file  # noqa: TID253

from .config import register
from .patches import LEAST, MOST, PATCH, grid

IMAGE = "<image>"
"""Stands for a picture in a prompt."""

IMAGE_TOKEN = -200
"""Stands for a picture among the token ids, as in the published processor; no vocabulary has it."""

_FILE = "preprocessor_config.json"
_FETCH = ("revision", "cache_dir", "token", "local_files_only", "force_download", "subfolder")


class NoUpscaleImageProcessor:
    """Pictures → patches, by SigLIP-2's NaFlex rules but for never upscaling; see `patches`.

    Args:
        settings: Fields of ``preprocessor_config.json``; those that are not about this are ignored.
    """

    model_input_names = ("pixel_values", "pixel_attention_mask", "spatial_shapes")

    def __init__(self, **settings: Any) -> None:
        self.patch_size = int(settings.get("patch_size", PATCH))
        self.min_num_patches = int(settings.get("min_num_patches", LEAST))
        self.max_num_patches = int(settings.get("max_num_patches", MOST))
        self.resample = Image.Resampling(settings.get("resample", Image.Resampling.BILINEAR))
        mean, std = (settings.get(name) or (0.5, 0.5, 0.5) for name in ("image_mean", "image_std"))
        # One value for each of the 256 that a colour can have, computed in the order and the precisions of the stock
        # processor: equal to the last bit, and a look-up is faster than the arithmetic on every pixel.
        factor = settings.get("rescale_factor") or 1 / 255
        scaled = (np.arange(256, dtype=np.float64) * factor).astype(np.float32)
        self._values = (scaled[:, None] - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns of patches of a picture.

        Raises:
            ValueError: It has no pixels, or too many.
        """
        return grid(width, height, self.min_num_patches, self.max_num_patches, self.patch_size)

    def patches(self, image: Image.Image) -> tuple[NDArray[np.float32], tuple[int, int]]:
        """The patches of one picture, shape (rows × columns, patch² × 3), row by row, and (rows, columns)."""
        rows, columns = self.grid(image.width, image.height)
        size = (columns * self.patch_size, rows * self.patch_size)
        pixels = np.asarray(image.convert("RGB").resize(size, self.resample))
        tiles = pixels.reshape(rows, self.patch_size, columns, self.patch_size, 3).transpose(0, 2, 1, 3, 4)
        values = np.empty(tiles.shape, np.float32)
        for channel in range(3):
            values[..., channel] = self._values[:, channel][tiles[..., channel]]
        return values.reshape(rows * columns, -1), (rows, columns)

    def __call__(self, images: Any, **_: Any) -> BatchFeature:
        """Patches of several pictures, padded to the most that one may have.

        Args:
            images: A picture, or a sequence of them: Pillow's, or arrays of shape (height, width, 3) of bytes.

        Returns:
            ``pixel_values`` [n, max_num_patches, patch² × 3] float32, ``pixel_attention_mask`` [n, max_num_patches] int32,
            ``spatial_shapes`` [n, 2] int64: rows and columns.

        Raises:
            ValueError: One of them has no pixels, or too many.
        """
        several = images if isinstance(images, Sequence) else [images]
        values = torch.zeros(len(several), self.max_num_patches, self.patch_size**2 * 3)
        mask = torch.zeros(len(several), self.max_num_patches, dtype=torch.int32)
        shapes = torch.zeros(len(several), 2, dtype=torch.int64)
        for index, image in enumerate(several):
            patches, shape = self.patches(_picture(image))
            values[index, : len(patches)] = torch.from_numpy(patches)
            mask[index, : len(patches)] = 1
            shapes[index] = torch.tensor(shape)
        return BatchFeature({"pixel_values": values, "pixel_attention_mask": mask, "spatial_shapes": shapes})


class Phi4VisionRProcessor(ProcessorMixin):  # type: ignore[misc]
    """Tokenizer and image processor as one, under the name by which the published files ask for it.

    Args:
        image_processor: Makes patches of pictures.
        tokenizer: Makes tokens of text.
    """

    attributes = ["image_processor", "tokenizer"]

    def __init__(self, image_processor: NoUpscaleImageProcessor, tokenizer: Any) -> None:
        # The base class would insist on an image processor of its own; it does nothing else that is needed here.
        self.image_processor = image_processor
        self.tokenizer = tokenizer
        self.chat_template: str | None = None

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **options: Any) -> Phi4VisionRProcessor:
        """Reads the tokenizer and ``preprocessor_config.json`` of a folder or of a model's public repository.

        Args:
            pretrained_model_name_or_path: Which.
            options: ``tokenizer`` when it is loaded already; where and at which revision to fetch; the rest is ignored.
        """
        register()  # the tokenizer's loader looks at the configuration, too
        fetch = {name: options[name] for name in _FETCH if options.get(name) is not None}
        file = cached_file(pretrained_model_name_or_path, _FILE, **fetch)
        settings = json.loads(Path(file).read_text(encoding="utf-8"))
        tokenizer = options.get("tokenizer") or AutoTokenizer.from_pretrained(pretrained_model_name_or_path, **fetch)
        return cls(NoUpscaleImageProcessor(**settings), tokenizer)

    def __call__(self, images: Any = None, text: Any = None, **_: Any) -> BatchFeature:
        """Token ids and patches.

        Args:
            images: The pictures, in the order in which `IMAGE` stands for them.
            text: The prompt, or several; without pictures or without `IMAGE` in it, plain text.

        Returns:
            ``input_ids`` and ``attention_mask`` [prompts, tokens], padded on the right, with `IMAGE_TOKEN` where a picture
            stands; the patches as `NoUpscaleImageProcessor` gives them.

        Raises:
            ValueError: A picture has no pixels, or too many.
        """
        data: dict[str, Any] = {}
        if text is not None:
            prompts = [self.tokens(each) for each in ([text] if isinstance(text, str) else text)]
            longest = max(map(len, prompts), default=0)
            padding = self.tokenizer.pad_token_id or 0
            data["input_ids"] = torch.tensor([ids + [padding] * (longest - len(ids)) for ids in prompts])
            data["attention_mask"] = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in prompts])
        if images is not None:
            data.update(self.image_processor(images))
        return BatchFeature(data)

    def tokens(self, prompt: str) -> list[int]:
        """Token ids of a prompt, `IMAGE_TOKEN` for each `IMAGE`; what stands between pictures is tokenized by itself."""
        ids: list[int] = []
        for index, piece in enumerate(prompt.split(IMAGE)):
            ids += [IMAGE_TOKEN] if index else []
            ids += self.tokenizer(piece, add_special_tokens=False).input_ids if piece else []
        return ids

    @property
    def model_input_names(self) -> list[str]:
        """Names of what calling this may return."""
        return [*self.tokenizer.model_input_names, *self.image_processor.model_input_names]


def _picture(image: Any) -> Image.Image:
    return image if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image, dtype=np.uint8))
