"""Untrusted words made harmless for a model: no text can become a special token or take the place of an image.

A server's tokenizer reads ``<|im_start|>``, ``<image>`` or ``[INST]`` in *any* text as what they stand for, wherever the text comes
from: a page's title, a name in the tree, what was typed, what the model itself wrote. A word joiner (U+2060, no width, not a space) after
the bracket takes that power away; a reader, human or model, still reads the same words.
"""

from __future__ import annotations

import re

_JOINER = "\u2060"
_MARKUP = re.compile(r"<(?=[^\s\u2060\d=]|$)|\[(?=/?[A-Z_]+(?:\]|$))|\[(?=/?$)")


def neutral(text: str) -> str:
    """``text`` with a word joiner after every bracket that could open a special token; also one at the very end, for what may follow.

    Idempotent, and undone by `restored`. A lone surrogate, which UTF-8 cannot carry, becomes U+FFFD.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _MARKUP.sub(lambda bracket: f"{bracket[0]}{_JOINER}", whole)


def restored(text: str) -> str:
    """What was meant by a text that repeats neutral words: the joiners after brackets are gone."""
    return text.replace(f"<{_JOINER}", "<").replace(f"[{_JOINER}", "[")
