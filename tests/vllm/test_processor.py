"""Our processor against the stock SigLIP-2 one, and the arithmetic of a client without torch against both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from handeye.agent.models.phi4siglip.patches import LARGEST, MOST, fitted, grid, image_tokens
from handeye.tools.geometry import Size

SIZES = [
    (8, 8), (16, 16), (100, 100), (33, 500), (17, 3000), (256, 256), (640, 360), (800, 600), (1000, 700), (1024, 768), (1280, 720),
    (1281, 721), (1366, 768), (1920, 1080), (2560, 1080), (3840, 2160), (5000, 20),
]  # fmt: skip

# What the published processor was seen to give.
KNOWN = {(1280, 720): 3600, (1366, 768): 3600, (1920, 1080): 3600, (1000, 700): 2666, (640, 360): 880, (100, 100): 256}

sides = st.integers(1, 6000)


def budget(width: int, height: int) -> int:
    """Patches that the stock rule may use, so that it does what the model was trained on: never more than the picture has."""
    return max(256, min((width // 16) * (height // 16), 3600))


def picture(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def ours() -> Any:
    from handeye.agent.models.phi4siglip.processor import NoUpscaleImageProcessor

    return NoUpscaleImageProcessor()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_patches_are_those_of_the_stock_processor_to_the_last_bit(ours: Any, width: int, height: int) -> None:
    from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

    image = picture(width, height)
    stock = Siglip2ImageProcessorPil(max_num_patches=budget(width, height))([image], return_tensors="pt")
    made = ours(image)
    tokens = int(stock["pixel_attention_mask"].sum())
    assert made["pixel_values"].shape == (1, 3600, 768)
    assert made["spatial_shapes"].tolist() == stock["spatial_shapes"].tolist()
    assert int(made["pixel_attention_mask"].sum()) == tokens == image_tokens(Size(width=width, height=height))
    assert np.array_equal(made["pixel_values"][0, :tokens].numpy(), stock["pixel_values"][0, :tokens].numpy())
    assert not made["pixel_values"][0, tokens:].any()


@pytest.mark.parametrize("size", KNOWN)
def test_tokens_are_those_of_the_published_processor(size: tuple[int, int]) -> None:
    assert image_tokens(Size(width=size[0], height=size[1])) == KNOWN[size]


def test_stock_would_enlarge_where_the_model_does_not(ours: Any) -> None:
    from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

    stock = Siglip2ImageProcessorPil(max_num_patches=3600)([picture(640, 360)], return_tensors="pt")
    assert int(stock["pixel_attention_mask"].sum()) > 3500
    assert int(ours(picture(640, 360))["pixel_attention_mask"].sum()) == 880


@given(sides, sides)
@settings(max_examples=300, deadline=None)
def test_the_grid_is_the_one_of_the_stock_rule(width: int, height: int) -> None:
    from transformers.models.siglip2.image_processing_pil_siglip2 import get_image_size_for_max_num_patches

    stock = get_image_size_for_max_num_patches(height, width, 16, budget(width, height))
    rows, columns = grid(width, height)
    assert (rows * 16, columns * 16) == stock


@given(sides, sides)
@example(1280, 720)
@example(6000, 1)
@settings(max_examples=300, deadline=None)
def test_a_fitted_picture_costs_the_same_and_is_left_alone(width: int, height: int) -> None:
    size = Size(width=width, height=height)
    sent = fitted(size)
    assert image_tokens(sent) == image_tokens(size) <= MOST
    if (width // 16) * (height // 16) <= MOST:
        assert sent is size
    else:
        assert grid(int(sent.width), int(sent.height)) == (sent.height / 16, sent.width / 16)
        # whole patches: the aspect is off by at most one of them on the shorter side
        assert abs(sent.height - sent.width * height / width) <= 16 * max(1, height / width)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (LARGEST + 1, 10), (10, LARGEST + 1)])
def test_no_picture_of_such_a_size(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"{width}x{height} pixels cannot be shown"):
        grid(width, height)


def test_the_processor_refuses_a_picture_without_pixels(ours: Any) -> None:
    with pytest.raises(ValueError, match="0x0"):
        ours([Image.new("RGB", (0, 0))])


def test_other_kinds_of_pictures_are_shown_as_colours(ours: Any) -> None:
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8))
    assert ours(grey)["pixel_values"].equal(ours(grey.convert("RGB"))["pixel_values"])
    assert ours(np.asarray(grey.convert("RGB")))["pixel_values"].equal(ours(grey)["pixel_values"])


def test_the_published_files_are_read_as_they_are(checkpoint: Path) -> None:
    from transformers import AutoConfig

    from handeye.agent.models.phi4siglip import plugin
    from handeye.agent.models.phi4siglip.config import Phi4SiglipConfig
    from handeye.agent.models.phi4siglip.processor import IMAGE_TOKEN

    plugin.register()
    plugin.register()
    from vllm.transformers_utils import processors

    config = AutoConfig.from_pretrained(checkpoint)
    assert type(config) is Phi4SiglipConfig
    assert config.vision_config["hidden_size"] == config.mm_hidden_size == 32
    assert config.image_aspect_ratio == "square"  # unknown here, kept
    processor = processors.Phi4VisionRProcessor.from_pretrained(checkpoint)
    made = processor(text="a<image>\nb<image>", images=[picture(100, 100), picture(640, 360)], return_tensors="pt")
    assert made["pixel_attention_mask"].sum(1).tolist() == [256, 880]
    assert made["input_ids"][0].tolist().count(IMAGE_TOKEN) == 2


def test_settings_of_the_published_file_count(checkpoint: Path) -> None:
    from handeye.agent.models.phi4siglip.processor import NoUpscaleImageProcessor

    published = json.loads((checkpoint / "preprocessor_config.json").read_text())
    assert NoUpscaleImageProcessor(**published).grid(1920, 1080) == (45, 80)
    assert NoUpscaleImageProcessor(**{**published, "max_num_patches": 900}).grid(1920, 1080) == (22, 40)
