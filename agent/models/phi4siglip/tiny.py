"""A checkpoint of the model's architecture and published form, with random weights, small enough for a test.

``python -m handeye.agent.models.phi4siglip.tiny OUT`` writes it. It answers nonsense, but always the same, and its nonsense depends on the
pixels and on every token before: enough to test a server, a client and all of the code around a model without a GPU. The special
tokens have the published ids; the words are learnt from a text that is made up here, and from the prompts.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .patches import LEAST, MOST, PATCH

if TYPE_CHECKING:
    import torch

VOCABULARY = 100_352

# The published ids: what is not named is <|dummy_N|>, numbered on from the first. That 100265 ends a turn, 100349 pads and 100256 stands
# for a patch is confirmed by published files.
_FIRST_SPECIAL = 100_256
_NAMED = {
    100_257: "<|endoftext|>",
    100_258: "<|fim_prefix|>",
    100_259: "<|fim_middle|>",
    100_260: "<|fim_suffix|>",
    100_264: "<|im_start|>",
    100_265: "<|im_end|>",
    100_266: "<|im_sep|>",
    100_276: "<|endofprompt|>",
    100_350: "<think>",
    100_351: "</think>",
}

TEXT: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32_768,
    "original_max_position_embeddings": 32_768,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500_000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "bos_token_id": 100_257,
    "eos_token_id": 100_265,
    "pad_token_id": 100_349,
    "torch_dtype": "bfloat16",
}
VISION: dict[str, Any] = {
    "model_type": "siglip2_vision_model",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_patches": 256,
    "patch_size": PATCH,
    "num_channels": 3,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}

# Random weights of the usual size attend to everything alike and drown the picture in the words. These factors make the
# likeliest token depend on single pixels, which a test that shows another picture relies on.
_SHARPER_ATTENTION = 3.0
_LOUDER_PICTURES = 5.0


FULL_TEXT = TEXT | {
    "hidden_size": 5120,
    "intermediate_size": 17_920,
    "num_hidden_layers": 40,
    "num_attention_heads": 40,
    "num_key_value_heads": 10,
}
FULL_VISION = VISION | {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
}
"""The published sizes: a checkpoint without weights of these costs a server what the real one does (``--load-format dummy``)."""


def write_checkpoint(folder: Path, *, weights: bool = True, seed: int = 0, full: bool = False) -> None:
    """Writes the checkpoint; what is in the folder already is written over.

    Args:
        folder: Where; made when it is not there.
        weights: Whether to write weights too (51 MB); without them a server needs ``--load-format dummy``.
        seed: Of the weights.
        full: Of the published size, which is for a server's own random weights: without any here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(FULL_TEXT, FULL_VISION) if full else _settings(TEXT, VISION)
    for name, content in {**settings, **_tokenizer()}.items():
        (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if weights and not full:
        from safetensors.torch import save_file

        save_file(dict(_weights(seed)), str(folder / "model.safetensors"), metadata={"format": "pt"})


def _settings(text: dict[str, Any], vision: dict[str, Any]) -> dict[str, Any]:
    config = {
        "architectures": ["Phi4ForCausalLMV"],
        "model_type": "phi4-siglip",
        **text,
        "image_aspect_ratio": "square",
        "mm_vision_tower": "google/siglip2-so400m-patch16-naflex",
        "mm_projector_type": "mlp2x_gelu",
        "mm_hidden_size": vision["hidden_size"],
        "min_num_patches": LEAST,
        "max_num_patches": MOST,
        "tokenizer_model_max_length": 8192,
        "transformers_version": "4.57.1",
        "vision_config": vision,
    }
    preprocessor = {
        "image_processor_type": "Siglip2ImageProcessorNoUpscale",
        "processor_class": "Phi4VisionRProcessor",
        "patch_size": PATCH,
        "min_num_patches": LEAST,
        "max_num_patches": MOST,
        "resample": 2,
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    ends = {name: text[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    return {"config.json": config, "preprocessor_config.json": preprocessor, "generation_config.json": ends}


def _tokenizer() -> dict[str, Any]:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    # A word with one character before it, up to three digits, punctuation with the line ends after it: like the
    # published tokenizer this one merges the ">" of "<image>" with what follows.
    pattern = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=6000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_text(), trainer)
    content = json.loads(tokenizer.to_str())
    content["model"]["vocab"] = _filled(content["model"]["vocab"])
    content["added_tokens"] = [_added(*each) for each in _special_tokens()]
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|dummy_85|>",
        "model_max_length": 8192,
        "clean_up_tokenization_spaces": False,
    }
    return {"tokenizer.json": content, "tokenizer_config.json": settings}


def _text() -> Iterator[str]:
    """What the words are learnt from: the prompts, which then are about as many tokens as they are in truth, and made-up sentences."""
    from ...dialects.common import rendered
    from ...dialects.verbs import listed, spoken

    for environment in ("browser", "desktop"):
        verbs = listed(spoken(environment, zoom=True))
        yield from [rendered("instructions.jinja", environment=environment, verbs=verbs, zoom=True)] * 50
    yield from [rendered("ground.jinja", instruction="Add to cart, near Blue mug")] * 50
    chance = random.Random(0)
    words = _WORDS.split()
    for _ in range(2000):
        said = " ".join(chance.choices(words, k=chance.randint(2, 12)))
        numbers = ", ".join(f"{chance.random():.4f}" for _ in range(4))
        yield f"{said.capitalize()}.\n"
        yield f'{{"{chance.choice(words)}": "{said}", "{chance.choice(words)}": [{numbers}]}}\n'
        yield f"<image>\n{chance.choice(words)} {chance.randint(0, 9999)}: {chance.choice(words)}?\n\n"


_WORDS = """
the a of to and in is on for with at by from as or not this that it an be are was what which where when how then there here
click type press select open close scroll drag hover wait move find locate look read write search go done fail ask answer plan act
button link field text box menu list item row column table tab window page screen icon image picture form label name value title
dialog check option next previous back forward first last top bottom left right middle up down near inside above below between
mug shop cart order email password user account settings file folder save delete copy paste cut undo new add remove edit view
element describes instruction output coordinates format relative using its box bounding point target action thought intent because
should will can must now after before while until all each one two three four five six seven eight nine ten zero
blue red green white black grey small large big high low same other true false null
"""


def _filled(vocabulary: dict[str, int]) -> dict[str, int]:
    """Every id below the special ones with a text of its own: whatever the random weights choose can be shown."""
    full = dict(vocabulary)
    pieces = [piece for piece in sorted(vocabulary, key=vocabulary.__getitem__) if len(piece) > 1 and piece.isascii()]
    pairs = (first + second for second in pieces for first in pieces)
    while len(full) < _FIRST_SPECIAL:
        full.setdefault(next(pairs), len(full))
    return full


def _special_tokens() -> Iterator[tuple[int, str]]:
    dummies = 0
    for number in range(_FIRST_SPECIAL, VOCABULARY):
        if number in _NAMED:
            yield number, _NAMED[number]
        else:
            yield number, f"<|dummy_{dummies}|>"
            dummies += 1


def _added(number: int, name: str) -> dict[str, Any]:
    manner = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": number, "content": name, **manner, "special": True}


def _shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the published form; a bias and a norm have one dimension."""
    wide, inner, heads = TEXT["hidden_size"], TEXT["intermediate_size"], TEXT["num_attention_heads"]
    head = wide // heads
    yield "model.embed_tokens.weight", (VOCABULARY, wide)
    for layer in range(TEXT["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        yield f"{at}.self_attn.qkv_proj.weight", ((heads + 2 * TEXT["num_key_value_heads"]) * head, wide)
        yield f"{at}.self_attn.o_proj.weight", (wide, wide)
        yield f"{at}.mlp.gate_up_proj.weight", (2 * inner, wide)
        yield f"{at}.mlp.down_proj.weight", (wide, inner)
        yield f"{at}.input_layernorm.weight", (wide,)
        yield f"{at}.post_attention_layernorm.weight", (wide,)
    yield "model.norm.weight", (wide,)
    yield "lm_head.weight", (VOCABULARY, wide)
    yield from _with_bias("model.mm_projector.0", (wide, VISION["hidden_size"]))
    yield from _with_bias("model.mm_projector.2", (wide, wide))
    yield from ((f"model.vision_tower.vision_tower.vision_model.{name}", shape) for name, shape in _vision_shapes())


def _vision_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    wide, inner = VISION["hidden_size"], VISION["intermediate_size"]
    yield from _with_bias("embeddings.patch_embedding", (wide, 3 * PATCH**2))
    yield "embeddings.position_embedding.weight", (VISION["num_patches"], wide)
    for layer in range(VISION["num_hidden_layers"]):
        at = f"encoder.layers.{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _with_bias(f"{at}.self_attn.{name}", (wide, wide))
        yield from _with_bias(f"{at}.mlp.fc1", (inner, wide))
        yield from _with_bias(f"{at}.mlp.fc2", (wide, inner))
        yield from _with_bias(f"{at}.layer_norm1", (wide,))
        yield from _with_bias(f"{at}.layer_norm2", (wide,))
    # Published, and used by nobody: the answer is taken from the layer before the last.
    yield from _with_bias("post_layernorm", (wide,))
    yield "head.probe", (1, 1, wide)
    yield "head.attention.in_proj_weight", (3 * wide, wide)
    yield "head.attention.in_proj_bias", (3 * wide,)
    yield from _with_bias("head.attention.out_proj", (wide, wide))
    yield from _with_bias("head.layernorm", (wide,))
    yield from _with_bias("head.mlp.fc1", (inner, wide))
    yield from _with_bias("head.mlp.fc2", (wide, inner))


def _with_bias(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _weights(seed: int) -> Iterator[tuple[str, torch.Tensor]]:
    import torch

    chance = torch.Generator().manual_seed(seed)
    for name, shape in _shapes():
        if len(shape) == 1 and name.endswith(".weight"):
            made = torch.ones(shape)
        elif len(shape) == 1:
            made = torch.zeros(shape)
        else:
            made = torch.randn(shape, generator=chance) * (1.0 if "embed" in name else 1 / math.sqrt(shape[-1]))
        if name.endswith("patch_embedding.weight"):
            made = made / math.sqrt(shape[-1])
        if name.endswith("qkv_proj.weight"):
            made[: -TEXT["num_key_value_heads"] * TEXT["hidden_size"] // TEXT["num_attention_heads"]] *= (
                _SHARPER_ATTENTION
            )
        elif name.endswith(("q_proj.weight", "k_proj.weight")):
            made = made * _SHARPER_ATTENTION
        elif "mm_projector" in name:
            made = made * _LOUDER_PICTURES
        yield name, made.to(torch.bfloat16)


def main() -> None:
    """``python -m handeye.agent.models.phi4siglip.tiny OUT [--size full] [--weights none]``"""
    parser = argparse.ArgumentParser(description="Write a tiny random checkpoint of the model's published form.")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--weights", choices=["random", "none"], default="random", help="none: for --load-format dummy")
    parser.add_argument("--size", choices=["tiny", "full"], default="tiny", help="full: as published, without weights")
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    chosen = parser.parse_args()
    full = chosen.size == "full"
    write_checkpoint(chosen.out, weights=chosen.weights == "random", seed=chosen.seed, full=full)
    print(chosen.out)


if __name__ == "__main__":
    main()
