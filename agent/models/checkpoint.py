"""Whether a folder holds a whole checkpoint: what can be said before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError

PHI4 = "phi4-siglip"
"""The ``model_type`` of Phi-4-reasoning-vision."""


def check_folder(folder: Path, *, weights: bool = True) -> None:
    """Whether a folder holds a whole checkpoint.

    Args:
        folder: Which.
        weights: Whether weights are needed.

    Raises:
        UsageError: Something is missing or cut off; says what.
    """
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"{folder} is no checkpoint: it has no config.json", remedy="give the folder that config.json lies in"
        )
    if read_config(folder).get("model_type") == PHI4 and not (folder / "preprocessor_config.json").is_file():
        raise UsageError(
            f"{folder} has no preprocessor_config.json", remedy="copy it from where the model was published"
        )
    if not any(
        (folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json")
    ):
        raise UsageError(
            f"{folder} has no tokenizer", remedy="copy tokenizer.json and tokenizer_config.json beside config.json"
        )
    if weights:
        _check_weights(folder)


def _check_weights(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        named = set(read_json(index).get("weight_map", {}).values())
        if missing := sorted(name for name in named if not (folder / name).is_file()):
            raise UsageError(
                f"{folder} lacks {len(missing)} of {len(named)} files of weights: {', '.join(missing[:3])}",
                remedy="the download was not finished: start it again",
            )
    files = sorted(folder.glob("*.safetensors"))
    if not files and not any(folder.glob("*.bin")) and not any(folder.glob("*.gguf")):
        raise UsageError(
            f"{folder} has no weights",
            remedy="copy the .safetensors files there; vLLM makes random ones: -- --load-format dummy",
        )
    for file in files:
        expected = _whole_size(file)
        if expected != file.stat().st_size or not expected:
            raise UsageError(
                f"{file} is cut off: it has {file.stat().st_size} bytes of {expected or 'at least 9'}",
                remedy="the download was not finished: start it again",
            )


def _whole_size(file: Path) -> int:
    """Bytes that a safetensors file has when it is whole, by its own header; 0 when that is not whole either."""
    with file.open("rb") as opened:
        start = opened.read(8)
        length = int.from_bytes(start, "little") if len(start) == 8 else 0
        try:
            header = json.loads(opened.read(length) if 0 < length < 2**27 else b"")
        except ValueError:
            return 0
    ends: list[int] = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return 8 + length + max(ends, default=0)


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json`` of a folder.

    Raises:
        UsageError: It cannot be read.
    """
    return read_json(folder / "config.json")


def read_json(file: Path) -> dict[str, Any]:
    """A file that holds one JSON mapping.

    Raises:
        UsageError: It cannot be read, or holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file} cannot be read: {error}", remedy="copy it anew from where the model was published"
        ) from error
    if not isinstance(content, dict):
        raise UsageError(f"{file} holds no mapping", remedy="copy it anew from where the model was published")
    return content
