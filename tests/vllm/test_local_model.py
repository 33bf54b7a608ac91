"""The model in this process against the server: the same words, the same probabilities."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import pytest_asyncio

from handeye.agent.models.local import LocalModel
from handeye.agent.models.vllm import VllmModel
from handeye.episodes.schema.model import Constraint, Message, Request, TextPart
from handeye.tools.errors import ContextTooLong, ImagesRefused, ModelError, ModelUnknown
from handeye.tools.pixels import Frame

from .pictures import asked, noise

if TYPE_CHECKING:
    from .conftest import Served

HISTORY = (
    Message(role="user", parts=(TextPart(text="What is on the page?"),)),
    Message(role="assistant", parts=(TextPart(text="A shop: mugs, a cart.\n"),)),
)
QUESTIONS = {
    "words alone": asked("Which button is it?", logprobs=True),
    "a picture first": asked(noise(1), "Locate the mug.", logprobs=True),
    "a picture last": asked("What is this?", noise(2), logprobs=True),
    "between two punctuations": asked("This: ", noise(3), ": that? ", mode="think", logprobs=True),
    "two pictures": asked(noise(4), "Before.", noise(5, 640, 360), "After: what changed?", mode="auto", logprobs=True),
    "two in a row": asked(noise(6), noise(7, 33, 500), mode="think", logprobs=True),
    "a large one": asked(noise(8, 1280, 720), "Click the cart.", logprobs=True),
    "one that is shrunk": asked(noise(9, 1366, 768), "Click the cart.", logprobs=True),
    "an answer begun": asked(noise(10), "Locate it.", prefill="[0.1", logprobs=True),
    "a longer talk": Request(
        purpose="plan", messages=(*HISTORY, *asked(noise(11), "And now?").messages), max_tokens=12, logprobs=True
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def local(checkpoint: Path) -> AsyncIterator[LocalModel]:
    model = LocalModel(checkpoint)
    yield model
    await model.close()


@pytest_asyncio.fixture(loop_scope="session")
async def remote(server: Served) -> AsyncIterator[VllmModel]:
    model = VllmModel(server.url)
    yield model
    await model.close()


@pytest.mark.parametrize("name", QUESTIONS)
async def test_same_tokens_and_probabilities_as_vllm(local: LocalModel, remote: VllmModel, name: str) -> None:
    here, there = await local.complete(QUESTIONS[name]), await remote.complete(QUESTIONS[name])
    assert here.text == there.text
    assert [token.text for token in here.tokens] == [token.text for token in there.tokens]
    assert len(here.tokens) == 12
    assert [token.logprob for token in here.tokens] == pytest.approx(
        [token.logprob for token in there.tokens], abs=1e-4
    )
    assert here.usage.prompt == there.usage.prompt
    assert here.usage.image == (there.usage.image or 0)
    assert here.finish == there.finish


async def test_one_patch_of_a_picture_changes_the_answer(local: LocalModel) -> None:
    plain = np.zeros((240, 320, 3), np.uint8)
    spotted = plain.copy()
    spotted[96:112, 160:176] = 255
    answers = [await local.complete(asked(Frame.from_pixels(each), "Where?")) for each in (plain, spotted)]
    assert answers[0].text != answers[1].text


CONSTRAINTS = [
    Constraint(kind="regex", value=r"\[0\.\d{4}, 0\.\d{4}, 0\.\d{4}, 0\.\d{4}\]"),
    Constraint(kind="choice", value=["yes", "no", 'a "quoted" one']),
    Constraint(
        kind="json_schema",
        value={
            "type": "object",
            "properties": {"x": {"type": "integer", "minimum": 0, "maximum": 9}, "y": {"enum": ["up", "down"]}},
            "required": ["x", "y"],
        },
    ),
    Constraint(kind="grammar", value='root ::= "click(" [0-9] [0-9] ")"'),
]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda each: each.kind)
async def test_a_constraint_holds_as_in_vllm(local: LocalModel, remote: VllmModel, constraint: Constraint) -> None:
    request = asked(noise(1), "Where?", constraint=constraint, max_tokens=60, logprobs=True)
    here, there = await local.complete(request), await remote.complete(request)
    assert here.text == there.text
    assert here.finish == there.finish == "stop"


async def test_chance_repeats_with_its_seed(local: LocalModel) -> None:
    first, again, other = [await local.complete(asked("Go on.", temperature=1.0, seed=seed)) for seed in (1, 1, 2)]
    assert first.text == again.text != other.text


async def test_what_it_is_is_described(local: LocalModel) -> None:
    info = await local.describe()
    assert info.name == "tiny-phi"
    assert "cpu float32" in info.server
    assert len(info.template) == len(info.revision) == 64


async def test_a_prompt_too_long_says_both_numbers(local: LocalModel) -> None:
    with pytest.raises(ContextTooLong, match="32768"):
        await local.complete(asked("x", max_tokens=32_768))


async def test_a_picture_beyond_all_screens_is_refused(local: LocalModel) -> None:
    strip = Frame.from_pixels(np.zeros((1, 20_001, 3), np.uint8))
    with pytest.raises(ImagesRefused, match="20001x1"):
        await local.complete(asked(strip, "What?"))


async def test_sharded_weights_give_the_same_answer(local: LocalModel, checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(checkpoint, tmp_path / "sharded")
    (folder / "model.safetensors").unlink()
    weights = load_file(checkpoint / "model.safetensors")
    shards = {name: f"model-{1 + index % 2:05}-of-00002.safetensors" for index, name in enumerate(weights)}
    for shard in set(shards.values()):
        save_file({name: weights[name] for name in weights if shards[name] == shard}, folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    sharded = LocalModel(folder)
    assert (await sharded.complete(asked("Go on."))).text == (await local.complete(asked("Go on."))).text
    await sharded.close()
    (folder / shards["lm_head.weight"]).unlink()
    with pytest.raises(ModelUnknown, match="lacks 1 of 2 files"):
        await LocalModel(folder).describe()


async def test_what_is_no_checkpoint_of_this_model_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="there is no folder"):
        await LocalModel(tmp_path / "nowhere").describe()
    folder = shutil.copytree(checkpoint, tmp_path / "broken")
    (folder / "tokenizer.json").rename(folder / "elsewhere.json")
    with pytest.raises(ModelUnknown, match="no tokenizer"):
        await LocalModel(folder).describe()
    (folder / "elsewhere.json").rename(folder / "tokenizer.json")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    with pytest.raises(ModelUnknown, match="type llama"):
        await LocalModel(folder).describe()


async def test_weights_of_another_shape_are_an_error_of_ours(checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 512}))
    with pytest.raises(ModelError, match="size mismatch"):
        await LocalModel(folder).describe()
