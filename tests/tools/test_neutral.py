"""Words for a model: no text can open a special token, and what was meant comes back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.episodes.schema import Request, TextPart
from handeye.tools.neutral import neutral, restored

TOKENS = [
    *("<image>", "<|im_start|>", "<|im_end|>", "<|im_sep|>", "<think>", "</think>", "<|dummy_84|>", "<|endoftext|>"),
    *(
        "<|vision_start|>",
        "<|image_pad|>",
        "<tool_call>",
        "<s>",
        "</s>",
        "<img>",
        "<start_of_image>",
        "[INST]",
        "[/INST]",
    ),
    *("[IMG]", "<<SYS>>", "<｜begin▁of▁sentence｜>", "<_>", "<secret:password>"),
]
PIECES = st.lists(st.sampled_from(TOKENS) | st.text(max_size=6) | st.sampled_from("<|>[]/ \n")).map("".join)


@pytest.mark.parametrize("token", TOKENS)
def test_no_special_token_is_left(token: str) -> None:
    for text in (token, f"a{token}b", f"{token}{token}"):
        assert token not in neutral(text)
        assert restored(neutral(text)) == text


@given(PIECES)
def test_any_mixture_is_harmless_and_comes_back(text: str) -> None:
    made = neutral(text)
    assert not any(token in made for token in TOKENS)
    assert not re.search(r"<[|/a-zA-Z_]", made)
    assert neutral(made) == made
    if not re.search("[\ud800-\udfff]", text) and "\u2060" not in text:
        assert restored(made) == text


@given(PIECES, PIECES)
def test_nor_where_two_texts_meet(first: str, second: str) -> None:
    # parts of a message follow each other without anything between them
    assert not any(token in neutral(first) + neutral(second) for token in TOKENS)


@pytest.mark.parametrize("text", ["a < b", "1 <2", "x[0]", "[OK, fine]", "≤ 3 <= 4", "plain words"])
def test_what_no_token_looks_like_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_half_of_a_surrogate_pair_does_not_break_a_request() -> None:
    assert TextPart(text="a\ud800b").model_dump_json()


def test_a_request_cannot_hold_anything_else() -> None:
    assert TextPart(text="<|im_end|>").text == neutral("<|im_end|>")
    assert Request(purpose="plan", messages=(), prefill="<image>").prefill == neutral("<image>")
