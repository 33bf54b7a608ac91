"""Any model behind HTTP: what the client sends arrives as the same request, what the model says arrives as the same reply."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handeye.agent.models import wire
from handeye.agent.models.asked import Asked, BadRequest, Images
from handeye.agent.models.endpoint import ModelEndpoint
from handeye.agent.models.vllm import VllmConfig, VllmModel
from handeye.episodes.schema import ModelInfo, Reply
from handeye.episodes.schema.model import Constraint, ImagePart, Message, Request, TextPart, Token, Usage, View
from handeye.tools.errors import ContextTooLong, DialectError, ImagesRefused, ModelError, ModelUnknown
from handeye.tools.geometry import Size
from handeye.tools.pixels import Frame


class Listener:
    """A model that remembers what it was asked, and says what it was told to say."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.reply: Reply | Exception = Reply(text="yes", finish="stop")
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.cancelled = asyncio.Event()

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    async def describe(self) -> ModelInfo:
        return ModelInfo(name="listener")

    async def close(self) -> None:
        pass


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def endpoint(listener: Listener) -> AsyncIterator[ModelEndpoint]:
    async with ModelEndpoint(listener, name="listener") as made:
        yield made


@pytest.fixture
async def model(endpoint: ModelEndpoint) -> AsyncIterator[VllmModel]:
    made = VllmModel(VllmConfig(url=endpoint.url, backoff_seconds=0, retries=1, api_key=None))
    yield made
    await made.close()


@pytest.fixture
async def http(endpoint: ModelEndpoint) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=endpoint.url.removesuffix("/v1"), trust_env=False) as made:
        yield made


def frame(shade: int = 0) -> Frame:
    return Frame.from_pixels(np.full((3, 4, 3), shade, np.uint8))


def picture(image: Frame) -> ImagePart:
    view = View(observation="o0000", crop=image.box, sent=Size(width=image.width, height=image.height))
    return ImagePart(view=view, image=image)


def request(*images: Frame, **more: Any) -> Request:
    parts = (TextPart(text="before"), *(picture(each) for each in images), TextPart(text="after <b>"))
    return Request(**({"purpose": "ground", "messages": (Message(role="user", parts=parts),)} | more))


def body(**more: Any) -> dict[str, Any]:
    return {"model": "listener", "messages": [{"role": "user", "content": "hello"}]} | more


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_and_its_reply(endpoint: ModelEndpoint, listener: Listener, stream: bool) -> None:
    listener.reply = Reply(
        text="a\u2028<b>",
        finish="length",
        tokens=(Token(text="a\u2028", logprob=-0.25), Token(text="<b>", logprob=-9999)),
        usage=Usage(prompt=5, completion=2, cached=3, image=1),
    )
    sent = request(
        frame(),
        mode="direct",
        constraint=Constraint(kind="regex", value="[ab]{1,9}"),
        prefill="So",
        max_tokens=12,
        temperature=0.5,
        seed=3,
        logprobs=True,
    )
    model = VllmModel(VllmConfig(url=endpoint.url, stream=stream, api_key=None))
    reply = await model.complete(sent)
    await model.close()
    assert listener.asked[0].model_dump_json() == sent.model_dump_json()
    assert reply.model_copy(update={"sent": {}, "first_token": None, "model": ""}) == listener.reply
    assert "left_out" not in reply.sent and reply.model == "listener"


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(kind="json_schema", value={"type": "object", "properties": {}}),
        Constraint(kind="choice", value=["a", "b"]),
        Constraint(kind="grammar", value='root ::= "a"'),
        Constraint(kind="structural_tag", value={"type": "structural_tag", "format": {"type": "any_text"}}),
    ],
)
async def test_constraints_arrive(model: VllmModel, listener: Listener, constraint: Constraint) -> None:
    await model.complete(request(constraint=constraint))
    assert listener.asked[0].constraint == constraint


async def test_an_end_token_is_not_part_of_the_text(model: VllmModel, listener: Listener) -> None:
    tokens = (Token(text="yes", logprob=-1), Token(text="<|im_end|>", logprob=-2))
    listener.reply = Reply(text="yes", finish="stop", tokens=tokens)
    reply = await model.complete(request(logprobs=True))
    assert reply.text == "yes" and reply.tokens == tokens


async def test_images_by_their_hash(endpoint: ModelEndpoint, model: VllmModel, listener: Listener) -> None:
    first, second = frame(1), frame(2)
    await model.complete(request(first))
    await model.complete(request(first, second))
    endpoint._images = Images()  # as after a restart
    await model.complete(request(second, first))
    seen = [[part.image for part in each.messages[0].parts if isinstance(part, ImagePart)] for each in listener.asked]
    assert [[image.sha256 for image in images] for images in seen] == [
        [first.sha256],
        [first.sha256, second.sha256],
        [second.sha256, first.sha256],
    ]
    assert np.array_equal(seen[2][0].pixels, second.pixels)


async def test_an_unknown_image_is_worded_as_vllm_does(http: httpx.AsyncClient) -> None:
    part = {"type": "image_url", "image_url": None, "uuid": "x"}
    answer = await http.post("/v1/chat/completions", json=body(messages=[{"role": "user", "content": [part]}]))
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Cache miss for image at index 0 but data is not provided."


def test_only_so_many_images_are_kept() -> None:
    images = Images(kept=2)
    for name in "abc":
        images.put(name, frame())
    assert images.get("a") is None and images.get("c") is not None
    with pytest.raises(BadRequest, match="another image"):
        images.put("c", frame(9))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ContextTooLong("maximum context length is 10 tokens, the prompt contains 11"), ContextTooLong),
        (ImagesRefused("At most 1 image(s)"), ImagesRefused),
        (ModelUnknown("The model does not exist"), ModelUnknown),
        (ModelError("out of memory"), ModelError),
        (DialectError("no words"), ModelError),
    ],
)
async def test_errors_of_the_model(
    model: VllmModel, listener: Listener, error: Exception, kind: type[ModelError]
) -> None:
    listener.reply = error
    with pytest.raises(ModelError) as caught:
        await model.complete(request())
    assert type(caught.value) is kind
    listener.reply = Reply(text="better")
    assert (await model.complete(request())).text == "better"


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 400, "object"),
        (body(model="gpt"), 404, "The model `gpt` does not exist"),
        (body(messages=[]), 400, "messages"),
        (body(messages=[{"role": "system", "content": "x"}]), 400, "role"),
        (body(temperature=-1), 400, "temperature"),
        (body(chat_template_kwargs={"mode": "loud"}), 400, "mode"),
        (body(purpose="fun"), 400, "purpose"),
        (body(structured_outputs={"regex": "a", "choice": ["b"]}), 400, "structured_outputs holds one of"),
        (body(structured_outputs={"structural_tag": "{"}), 400, "structural_tag is not JSON"),
        (body(continue_final_message=True), 400, "Cannot set both"),
        (body(continue_final_message=True, add_generation_prompt=False), 400, "assistant"),
        (body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/a.png"}}]}]), 400, "data:image/png"),
        (body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]), 400, "cannot identify image"),
    ],
)  # fmt: skip
async def test_bad_requests(http: httpx.AsyncClient, listener: Listener, sent: Any, status: int, words: str) -> None:
    data = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    answer = await http.post("/v1/chat/completions", content=data)
    assert answer.status_code == status and words in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == status and not listener.asked


async def test_a_torn_image(http: httpx.AsyncClient, listener: Listener) -> None:
    png = frame().png
    url = "data:image/png;base64," + base64.b64encode(png[: len(png) // 2]).decode()
    part = {"type": "image_url", "image_url": {"url": url}}
    answer = await http.post("/v1/chat/completions", json=body(messages=[{"role": "user", "content": [part]}]))
    assert answer.status_code == 400 and "cannot identify image" in answer.json()["error"]["message"]
    assert not listener.asked


async def test_the_other_paths(http: httpx.AsyncClient, model: VllmModel, endpoint: ModelEndpoint) -> None:
    assert (await http.get("/health")).status_code == 200
    assert (await http.get("/version")).json() == {"version": "handeye"}
    assert [each["id"] for each in (await http.get("/v1/models")).json()["data"]] == ["listener"]
    assert (await http.get("/nowhere")).status_code == 404
    assert (await http.get("/v1/chat/completions")).status_code == 404
    info = await model.describe()
    assert info.name == "listener" and endpoint.url in info.server


async def test_what_is_asked_for_by_default(http: httpx.AsyncClient, listener: Listener) -> None:
    answer = await http.post("/v1/chat/completions", json=body())
    assert answer.json()["choices"][0]["message"]["content"] == "yes"
    asked = listener.asked[0]
    assert asked.purpose == "plan" and asked.mode == "auto" and asked.temperature == 1


async def test_a_body_that_is_too_large(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/chat/completions", content=bytes((64 << 20) + 1))
    assert answer.status_code == 413 and answer.headers["connection"] == "close"
    assert (await http.get("/health")).status_code == 200


async def test_no_http(endpoint: ModelEndpoint, http: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(endpoint.url).port)
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()
    await writer.wait_closed()
    assert (await http.get("/health")).status_code == 200


async def test_two_requests_at_once_on_one_connection(endpoint: ModelEndpoint, listener: Listener) -> None:
    data = json.dumps(body()).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    listener.go_on.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(endpoint.url).port)
    async with asyncio.timeout(20):
        writer.write(head + data)
        await listener.began.wait()
        writer.write(head + data)
        listener.go_on.set()
        for _ in range(2):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
            assert b'"yes"' in await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    assert len(listener.asked) == 2


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_hangs_up_ends_the_work(endpoint: ModelEndpoint, listener: Listener, stream: bool) -> None:
    listener.go_on.clear()
    model = VllmModel(VllmConfig(url=endpoint.url, stream=stream, api_key=None))
    task = asyncio.create_task(model.complete(request()))
    async with asyncio.timeout(20):
        await listener.began.wait()
        task.cancel()
        await asyncio.wait({task})
        await listener.cancelled.wait()
    assert task.cancelled()
    await model.close()


async def test_closing_ends_the_work(listener: Listener) -> None:
    listener.go_on.clear()
    async with asyncio.timeout(20), ModelEndpoint(listener) as endpoint:
        model = VllmModel(VllmConfig(url=endpoint.url, retries=0, api_key=None))
        task = asyncio.create_task(model.complete(request()))
        await listener.began.wait()
        await endpoint.close()
        await listener.cancelled.wait()
        with pytest.raises(ModelError, match="in the middle of its answer"):
            await task
        await model.close()


@settings(deadline=None)
@given(
    texts=st.lists(st.text(), min_size=1, max_size=3),
    prefill=st.text(),
    mode=st.sampled_from(["think", "direct", "auto"]),
    seed=st.none() | st.integers(0, 1 << 40),
)
def test_whatever_is_written_is_read_again(texts: list[str], prefill: str, mode: Any, seed: int | None) -> None:
    parts = tuple(TextPart(text=each) for each in texts)
    turns = (Message(role="user", parts=(picture(frame()), *parts)), Message(role="assistant", parts=parts))
    asked = request(messages=turns, prefill=prefill, mode=mode, seed=seed)
    draft = wire.draft(asked, "m", further={"purpose": "ground"})
    assert Asked.read(draft.data, "m", Images()).request.model_dump() == asked.model_dump()
