"""The client against a server on loopback whose answers, good and bad, are scripted."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import h11
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from handeye.agent.models import wire
from handeye.agent.models.vllm import LONGEST_SIDE, VllmConfig, VllmModel
from handeye.episodes.schema import Reply
from handeye.episodes.schema.model import Constraint, ImagePart, Message, Part, Request, TextPart, Token, View
from handeye.tools.errors import (
    ContextTooLong,
    ImagesRefused,
    ModelError,
    ModelUnknown,
    ModelUnreachable,
    UsageError,
)
from handeye.tools.geometry import Size
from handeye.tools.neutral import neutral, restored
from handeye.tools.pixels import Frame

Json = dict[str, Any]
Act = Callable[["Line"], Awaitable[None]]


class Line:
    """One request at the scripted server, and the way to answer it."""

    def __init__(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        self.writer = writer
        self.reader = reader

    async def send(self, status: int, body: bytes, kind: str = "application/json", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status} x", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await self.writer.drain()

    async def stream(self, *pieces: bytes, cut: bool = False) -> None:
        """Chunked; ``cut`` ends the connection in the middle of it."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.writer.write(head)
        for piece in pieces:
            self.writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if not cut:
            self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        if cut:
            self.writer.close()


class Scripted:
    """A server that answers each POST with the next act of its script, and is friendly when there is none left."""

    def __init__(self, kind: str = "vllm") -> None:
        self.kind = kind
        self.url = ""
        self.script: list[Act] = []
        self.bodies: list[Json] = []
        self.keys: list[str] = []
        self.models: Act | None = None
        self.hung_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER)
        parts: list[bytes] = []
        target = ""
        while True:
            try:
                event = http.next_event()
            except h11.RemoteProtocolError:
                await Line(writer, reader).send(400, b"Invalid HTTP request received.", "text/plain")
                break
            if event is h11.NEED_DATA:
                data = await reader.read(1 << 16)
                if not data:
                    break
                http.receive_data(data)
            elif isinstance(event, h11.Request):
                target, parts = event.target.decode(), []
                self.keys += [value.decode() for name, value in event.headers if name == b"authorization"]
            elif isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                await self._answer(target, b"".join(parts), Line(writer, reader))
                if writer.is_closing():
                    break
                http = h11.Connection(h11.SERVER)
            else:
                break
        writer.close()

    async def _answer(self, target: str, body: bytes, line: Line) -> None:
        if target.endswith("/version"):
            await line.send(200, b'{"version": "0.32.0"}')
        elif target.endswith("/models"):
            card = {"id": "phi", "owned_by": self.kind, "root": f"/cache/snapshots/{'a' * 40}"}
            await (self.models(line) if self.models else line.send(200, json.dumps({"data": [card]}).encode()))
        else:
            self.bodies.append(json.loads(body))
            await (self.script.pop(0)(line) if self.script else said("fine")(line))


Serve = Callable[..., Awaitable[Scripted]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    running: list[asyncio.Server] = []

    async def start(*script: Act, kind: str = "vllm", tls: ssl.SSLContext | None = None) -> Scripted:
        made = Scripted(kind)
        made.script += script
        running.append(await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls))
        made.url = f"http{'s' if tls else ''}://127.0.0.1:{running[-1].sockets[0].getsockname()[1]}/v1"
        return made

    yield start
    for each in running:
        each.close()


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[tuple[VllmModel, list[str]]]:
    """A client without pauses, and what it warned of."""
    warned: list[str] = []
    progress = options.pop("progress", None)
    config = VllmConfig(**({"url": url, "backoff_seconds": 0, "retries": 2, "api_key": None} | options))
    model = VllmModel(config, warn=warned.append, progress=progress)
    try:
        yield model, warned
    finally:
        await model.close()


def chunk(delta: Json | None = None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"model": "phi", "choices": choices, **more}, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def said(text: str, **more: Any) -> Act:
    """A good answer."""
    body = {"model": "phi", "choices": [{"message": {"content": text}, "finish_reason": "stop"}], **more}
    return lambda line: line.send(200, json.dumps(body).encode())


def raw(body: bytes, kind: str = "application/json", status: int = 200) -> Act:
    return lambda line: line.send(status, body, kind)


def refusal(status: int, message: str, *headers: str, **more: Any) -> Act:
    body = json.dumps({"error": {"message": message, "code": status, **more}}).encode()
    return lambda line: line.send(status, body, "application/json", *headers)


def streamed(*pieces: bytes, cut: bool = False) -> Act:
    return lambda line: line.stream(*pieces, cut=cut)


def frame(shade: int = 0, width: int = 4, height: int = 3) -> Frame:
    return Frame.from_pixels(np.full((height, width, 3), shade, np.uint8))


def picture(image: Frame) -> ImagePart:
    size = Size(width=max(image.width, 1), height=max(image.height, 1))
    return ImagePart(view=View(observation="o0003", crop=image.box, sent=size), image=image)


def ask(*parts: Part | str, **more: Any) -> Request:
    made = tuple(TextPart(text=each) if isinstance(each, str) else each for each in parts)
    return Request(purpose="plan", messages=(Message(role="user", parts=made),), **more)


async def test_a_streamed_answer(serve: Serve) -> None:
    seen: list[str] = []
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4, "multimodal_tokens": {"image": 3}},
    }
    server = await serve(
        streamed(
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": "one\u2028"}),
            chunk({"content": "two"}),
            chunk({"content": ""}, "stop"),
            chunk(usage=usage),
            DONE,
        )
    )
    async with client(server.url, progress=seen.append) as (model, warned):
        reply = await model.complete(ask("hello", temperature=0.5, seed=7, max_tokens=11))
    assert reply.text == "one\u2028two" and reply.finish == "stop" and reply.model == "phi"
    assert seen == ["one\u2028", "one\u2028two"]
    assert (reply.usage.prompt, reply.usage.completion, reply.usage.cached, reply.usage.image) == (9, 2, 4, 3)
    assert reply.first_token is not None and not warned
    body = server.bodies[0]
    assert body.pop("messages") == [{"role": "user", "content": "hello"}]
    assert reply.sent == body
    assert body == {
        "model": "phi",
        "max_tokens": 11,
        "stream": True,
        "temperature": 0.5,
        "seed": 7,
        "skip_special_tokens": False,
        "stream_options": {"include_usage": True},
    }


async def test_events_come_in_any_pieces(serve: Serve) -> None:
    whole = chunk({"content": "häß\u2028lich"}) + chunk({"content": "!"}, "stop") + DONE
    server = await serve(streamed(*(whole[at : at + 1] for at in range(len(whole)))))
    async with client(server.url) as (model, _):
        assert (await model.complete(ask("x"))).text == "häß\u2028lich!"


async def test_an_answer_at_once(serve: Serve) -> None:
    server = await serve(said("all of it"))
    async with client(server.url, stream=False) as (model, _):
        reply = await model.complete(ask("x"))
    assert reply.text == "all of it" and reply.first_token is None
    assert server.bodies[0]["stream"] is False and "stream_options" not in server.bodies[0]


async def test_reasoning_that_was_split_off_is_joined(serve: Serve) -> None:
    pieces = [{"reasoning": "let me"}, {"reasoning": " see"}, {"content": "here"}]
    older = [{"reasoning_content": "hm"}]
    server = await serve(
        streamed(*map(chunk, pieces), chunk({}, "stop"), DONE),
        streamed(*map(chunk, older), chunk({}, "length"), DONE),
        raw(
            json.dumps(
                {"choices": [{"message": {"reasoning_content": "a", "content": "b"}, "finish_reason": "stop"}]}
            ).encode()
        ),
    )
    async with client(server.url) as (model, _):
        texts = [(await model.complete(ask("x"))).text for _ in range(3)]
    assert texts == ["<think>let me see</think>here", "<think>hm", "<think>a</think>b"]


async def test_logprobs_are_always_numbers(serve: Serve) -> None:
    body = b"""{"choices": [{"message": {"content": "abcd"}, "finish_reason": "stop", "logprobs": {"content": [
        {"token": "a", "logprob": -Infinity}, {"token": "b", "logprob": null}, {"token": "c", "logprob": NaN},
        {"token": "d", "logprob": -0.5}, {"token": "e", "logprob": -99999}]}}]}"""
    server = await serve(raw(body))
    async with client(server.url) as (model, _):
        reply = await model.complete(ask("x", logprobs=True))
    assert [each.logprob for each in reply.tokens] == [-9999, -9999, -9999, -0.5, -9999]
    assert reply.tokens[3] == Token(text="d", logprob=-0.5)
    assert Reply.model_validate_json(reply.model_dump_json()) == reply
    assert server.bodies[0]["logprobs"] is True


async def test_an_image_goes_once(serve: Serve) -> None:
    first, second = frame(1), frame(2)
    server = await serve()
    async with client(server.url) as (model, warned):
        await model.complete(ask(picture(first), "one"))
        await model.complete(ask(picture(first), picture(second), "two"))
    parts = [body["messages"][0]["content"] for body in server.bodies]
    assert parts[0][0] == {"type": "image_url", "image_url": {"url": wire.data_url(first)}, "uuid": first.sha256}
    assert parts[1][0] == {"type": "image_url", "image_url": None, "uuid": first.sha256}
    assert parts[1][1]["image_url"] == {"url": wire.data_url(second)}
    assert parts[1][2] == {"type": "text", "text": "two"}
    assert not warned


async def test_an_image_that_the_server_lost_goes_again(serve: Serve) -> None:
    image = frame(1)
    miss = refusal(400, "Cache miss for image at index 0 but data is not provided.")
    server = await serve(said("one"), miss, said("two"), miss, miss)
    async with client(server.url) as (model, _):
        await model.complete(ask(picture(image)))
        assert (await model.complete(ask(picture(image)))).text == "two"
        with pytest.raises(ModelError, match="Cache miss"):
            await model.complete(ask(picture(image)))  # by hash, then with pixels, and not a third time
    kinds = [body["messages"][0]["content"][0]["image_url"] is None for body in server.bodies]
    assert kinds == [False, True, False, True, False]


async def test_a_server_that_lost_one_image_lost_all(serve: Serve) -> None:
    first, second = frame(1), frame(2)
    server = await serve(said("1"), said("2"), refusal(400, "Cache miss for image at index 0"), said("3"), said("4"))
    async with client(server.url) as (model, _):
        for image in (first, second, first, second):
            await model.complete(ask(picture(image)))
    kinds = [body["messages"][0]["content"][0]["image_url"] is None for body in server.bodies]
    assert kinds == [False, False, True, False, False]


async def test_an_image_of_a_failed_request_was_not_sent(serve: Serve) -> None:
    server = await serve(refusal(400, "no"), said("yes"))
    async with client(server.url) as (model, _):
        with pytest.raises(ModelError):
            await model.complete(ask(picture(frame())))
        await model.complete(ask(picture(frame())))
    assert server.bodies[1]["messages"][0]["content"][0]["image_url"] is not None


@pytest.mark.parametrize(
    ("constraint", "spelled"),
    [
        (Constraint(kind="json_schema", value={"type": "object"}), {"json": {"type": "object"}}),
        (Constraint(kind="regex", value="a{1,3}"), {"regex": "a{1,3}"}),
        (Constraint(kind="choice", value=["a", "b"]), {"choice": ["a", "b"]}),
        (Constraint(kind="grammar", value='root ::= "a"'), {"grammar": 'root ::= "a"'}),
        (
            Constraint(kind="structural_tag", value={"type": "structural_tag"}),
            {"structural_tag": '{"type": "structural_tag"}'},
        ),
    ],
)
async def test_what_vllm_adds(serve: Serve, constraint: Constraint, spelled: Json) -> None:
    server = await serve()
    async with client(server.url) as (model, _):
        await model.complete(ask("x", constraint=constraint, mode="direct", prefill="Well"))
    body = server.bodies[0]
    assert body["structured_outputs"] == spelled
    assert body["chat_template_kwargs"] == {"mode": "direct"}
    assert body["messages"][-1] == {"role": "assistant", "content": "Well"}
    assert body["continue_final_message"] is True and body["add_generation_prompt"] is False


async def test_another_server_gets_what_it_knows(serve: Serve) -> None:
    def unknown(name: str) -> Act:
        return refusal(400, f"Unknown parameter: '{name}'.", param=name)

    server = await serve(
        unknown("chat_template_kwargs"),
        refusal(400, "Unrecognized request argument supplied"),  # which one is not said: the next in the order goes
        refusal(422, json.dumps([{"type": "extra_forbidden", "loc": ["body", "continue_final_message"]}])),
        refusal(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        refusal(400, "'temperature' does not support 0.0 with this model."),
        said("Well, then"),
        kind="someone",
    )
    schema = {"type": "object"}
    request = ask(
        picture(frame()), mode="think", prefill="Well", constraint=Constraint(kind="json_schema", value=schema)
    )
    async with client(server.url) as (model, warned):
        reply = await model.complete(request)
        again = await model.complete(request)
    body = server.bodies[5]
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert "uuid" not in body["messages"][0]["content"][0] and len(body["messages"]) == 1
    assert body["max_completion_tokens"] == 1024 and "max_tokens" not in body
    gone = ["uuid", "temperature", "chat_template_kwargs", "skip_special_tokens", "continue_final_message"]
    assert reply.sent["left_out"] == gone and again.sent["left_out"] == gone
    assert reply.text == ", then"  # the beginning it was asked for is not repeated
    assert len(warned) == 5 and all(server.url in each for each in warned)
    assert len(server.bodies) == 7


async def test_a_constraint_that_cannot_be_said_is_missed_aloud(serve: Serve) -> None:
    server = await serve(kind="llamacpp")
    async with client(server.url) as (model, warned):
        reply = await model.complete(ask("x", constraint=Constraint(kind="regex", value="a")))
    assert reply.sent["left_out"] == ["structured_outputs"] and "structured_outputs" in warned[0]
    assert "structured_outputs" not in server.bodies[0]


async def test_vllm_never_gets_less(serve: Serve) -> None:
    server = await serve(refusal(400, "Unknown parameter: 'skip_special_tokens'"))
    async with client(server.url) as (model, warned):
        with pytest.raises(ModelError, match="skip_special_tokens"):
            await model.complete(ask("x"))
    assert len(server.bodies) == 1 and not warned


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_passing_failure_is_tried_again(serve: Serve, status: int) -> None:
    server = await serve(refusal(status, "busy", "Retry-After: 0"), refusal(status, "busy"), said("at last"))
    async with client(server.url) as (model, _):
        assert (await model.complete(ask("x"))).text == "at last"


async def test_tries_are_counted(serve: Serve) -> None:
    server = await serve(*[refusal(500, "broken")] * 5)
    async with client(server.url) as (model, _):
        with pytest.raises(ModelError, match="HTTP 500: broken"):
            await model.complete(ask("x"))
    assert len(server.bodies) == 3


async def test_nothing_is_tried_after_the_deadline(serve: Serve) -> None:
    server = await serve(refusal(429, "later", "Retry-After: 29"))
    async with client(server.url, total_seconds=20) as (model, _):
        with pytest.raises(ModelError, match="later"):
            await model.complete(ask("x"))
    assert len(server.bodies) == 1


async def test_a_deadline(serve: Serve) -> None:
    async def silent(line: Line) -> None:
        await line.reader.read()

    server = await serve(silent)
    async with client(server.url, total_seconds=0.2) as (model, _):
        with pytest.raises(ModelError, match=r"had not answered 0\.2 s after") as caught:
            await model.complete(ask("x"))
    assert "total_seconds" in caught.value.remedy
    server.script.append(silent)
    async with client(server.url, read_seconds=0.1) as (model, _):
        with pytest.raises(ModelUnreachable, match="silent"):
            await model.complete(ask("x"))


async def test_an_answer_that_breaks_off_is_asked_for_again(serve: Serve) -> None:
    half = chunk({"content": "half"})
    server = await serve(streamed(half, cut=True), streamed(half), said("whole"))
    async with client(server.url) as (model, _):
        assert (await model.complete(ask("x"))).text == "whole"
    server.script += [streamed(half, cut=True), streamed(half), streamed(half[:-20])]
    async with client(server.url) as (model, _):
        with pytest.raises(ModelUnreachable, match="in the middle of its answer"):
            await model.complete(ask("x"))


async def test_an_error_within_a_stream(serve: Serve) -> None:
    def error(code: int, message: str) -> bytes:
        return b"data: " + json.dumps({"error": {"message": message, "code": code}}).encode() + b"\n\n"

    server = await serve(
        streamed(chunk({"content": "ha"}), error(500, "EngineCore died"), DONE),
        streamed(chunk({"content": "ha"}), error(400, "This model's maximum context length is 16 tokens"), DONE),
    )
    async with client(server.url) as (model, _):
        with pytest.raises(ContextTooLong):
            await model.complete(ask("x"))


async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with client(f"http://127.0.0.1:{port}") as (model, _):
        for call in (model.complete(ask("x")), model.describe()):
            with pytest.raises(ModelUnreachable, match=f"nothing answers at http://127.0.0.1:{port}/v1") as caught:
                await call
            assert "handeye serve" in caught.value.remedy


async def test_someone_who_comes_a_little_later(serve: Serve) -> None:
    server = await serve()
    server.models = refusal(503, "starting")
    async with client(server.url) as (model, _):
        with pytest.raises(ModelError, match="starting"):
            await model.complete(ask("x"))
        server.models = None
        assert (await model.complete(ask("x"))).text == "fine"


@pytest.mark.parametrize(
    ("answer", "kind", "words", "remedy"),
    [
        (raw(b"<!DOCTYPE html><h1>Hello", "text/html"), ModelError, "no model server", "/v1"),
        (raw(b"<html>Not found", "text/html", 404), ModelError, "no model server", "/v1"),
        (raw(b'{"detail":"Not Found"}', status=404), ModelError, "no model server", "/v1"),
        (raw(b"plain words"), ModelError, "not of the OpenAI chat protocol", "/v1"),
        (raw(b'{"choices": 5}'), ModelError, "not of the OpenAI chat protocol", "/v1"),
        (raw(b'{"choices": []}'), ModelError, "choices is empty", "log"),
        (streamed(chunk(usage={"prompt_tokens": 1}), DONE), ModelError, "choices is empty", "log"),
        (raw(b'{"error": "Unauthorized"}', status=401), ModelError, "api key", "HANDEYE_API_KEY"),
        (refusal(404, "The model `phi` does not exist. Valid aliases: a, b."), ModelUnknown, "'phi'.*a, b", "model"),
        (refusal(400, "At most 2 image(s) may be provided in one prompt. (parameter=image)"), ImagesRefused, "at most 2", "--limit-mm-per-prompt"),
        (refusal(400, "At most 0 image(s) may be provided in one prompt."), ImagesRefused, "no images", "--limit-mm-per-prompt"),
        (refusal(400, "phi is not a multimodal model"), ImagesRefused, "takes no images", "model that sees"),
        (refusal(500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"), ImagesRefused, "takes no images", "--mmproj"),
        (refusal(413, "too large"), ImagesRefused, "413", "proxy"),
        (
            refusal(400, "This model's maximum context length is 512 tokens. However, your prompt contains at least 513 input tokens, which exceeds"),
            ContextTooLong, "has 513 tokens.*room for 512 tokens", "--max-model-len",
        ),
        (
            refusal(400, "The decoder prompt (length 4005) is longer than the maximum model length of 2048. Make sure that"),
            ContextTooLong, "has 4005 tokens.*room for 2048", "fewer frames",
        ),
        (refusal(400, "Input length (18507) exceeds model's maximum context length (16384)."), ContextTooLong, "has 18507 tokens.*room for 16384", "fewer frames"),
        (
            refusal(400, "max_tokens=100000 cannot be greater than max_model_len=16384. Please request fewer output tokens. (parameter=max_tokens, value=100000)"),
            ContextTooLong, "up to 100000 tokens.*room for 16384 in all", "max_tokens",
        ),
        (
            refusal(400, "'max_tokens' or 'max_completion_tokens' is too large: 2048. This model's maximum context length is 4096 tokens and your request has 3000 input tokens (2048 > 4096 - 3000)."),
            ContextTooLong, "too large: 2048", "fewer frames",
        ),
        (refusal(400, "Failed to load image: cannot identify image file <_io.BytesIO object>"), ImagesRefused, "cannot read an image", ""),
        (
            refusal(400, "the request exceeds the available context size, try increasing it", type="exceed_context_size_error", n_prompt_tokens=700, n_ctx=600),
            ContextTooLong, "has 700 tokens.*room for 600", "-c",
        ),
    ],
)  # fmt: skip
async def test_refusals(serve: Serve, answer: Act, kind: type[ModelError], words: str, remedy: str) -> None:
    server = await serve(answer)
    async with client(server.url) as (model, _):
        with pytest.raises(ModelError, match=words) as caught:
            await model.complete(ask("x"))
    assert type(caught.value) is kind
    assert server.url in caught.value.message and remedy in caught.value.remedy
    assert len(server.bodies) == 1


async def test_the_key_is_sent_and_never_told(serve: Serve) -> None:
    server = await serve(refusal(401, "Incorrect API key provided: sk-very-secret"))
    async with client(server.url, api_key=SecretStr("sk-very-secret")) as (model, _):
        with pytest.raises(ModelError, match="refuses the api key") as caught:
            await model.complete(ask("x"))
        reply = await model.complete(ask("x"))
    assert set(server.keys) == {"Bearer sk-very-secret"}
    assert "secret" not in str(caught.value) + reply.model_dump_json() + repr(model.config)


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDEYE_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")
    assert VllmConfig().api_key == SecretStr("of-openai")
    monkeypatch.setenv("HANDEYE_API_KEY", "of-handeye")
    assert VllmConfig().api_key == SecretStr("of-handeye")


async def test_cancelling_hangs_up(serve: Serve) -> None:
    began, hung_up = asyncio.Event(), asyncio.Event()

    async def slow(line: Line) -> None:
        line.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + chunk({"content": "on"}))
        assert await line.reader.read() == b""  # until the client has closed its side
        hung_up.set()
        line.writer.close()

    server = await serve(slow)
    async with client(server.url, progress=lambda _: began.set()) as (model, _):
        task = asyncio.create_task(model.complete(ask("x")))
        async with asyncio.timeout(20):
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await hung_up.wait()
        assert len(server.bodies) == 1
        assert (await model.complete(ask("x"))).text == "fine"


async def test_nothing_is_tried_for_a_caller_who_is_gone(serve: Serve) -> None:
    refused = asyncio.Event()

    async def busy(line: Line) -> None:
        await refusal(503, "busy", "Retry-After: 25")(line)
        refused.set()

    server = await serve(busy)
    async with client(server.url) as (model, _), asyncio.timeout(20):
        task = asyncio.create_task(model.complete(ask("x")))
        await refused.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(server.bodies) == 1
        assert (await model.complete(ask("x"))).text == "fine"  # its place in the queue is free again


async def test_a_proxy_does_not_lead_to_this_machine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = await serve()
    async with client(server.url) as (model, _):
        assert (await model.complete(ask("x"))).text == "fine"


async def test_no_more_at_once_than_wanted(serve: Serve) -> None:
    now, most = 0, 0

    async def counted(line: Line) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        await said("x")(line)

    server = await serve(*[counted] * 9)
    async with client(server.url, concurrency=2) as (model, _):
        await asyncio.gather(*(model.complete(ask("x")) for _ in range(9)))
    assert most <= 2 and len(server.bodies) == 9


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate that nobody trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_tls(serve: Serve, certified: ssl.SSLContext) -> None:
    server = await serve(tls=certified)
    async with client(server.url) as (model, _):
        with pytest.raises(ModelUnreachable, match="certificate verify failed") as caught:
            await model.complete(ask("x"))
    assert "SSL_CERT_FILE" in caught.value.remedy
    plain = await serve()
    async with client(plain.url.replace("http:", "https:")) as (model, _):
        with pytest.raises(ModelUnreachable, match="no secure connection") as caught:
            await model.complete(ask("x"))
    assert "http://" in caught.value.remedy


async def test_which_model(serve: Serve) -> None:
    server = await serve()
    async with client(server.url) as (model, _):
        info = await model.describe()
    assert info.name == "phi" and info.server == f"{server.url} (vllm 0.32.0)" and info.revision == "a" * 40
    async with client(f"{server.url}#gpt") as (model, _):
        for call in (model.describe(), model.complete(ask("x"))):
            with pytest.raises(ModelUnknown, match="no model 'gpt'") as caught:
                await call
            assert "'phi'" in caught.value.remedy
    server.models = refusal(404, "Resource not found")
    async with client(f"{server.url}#deployment") as (model, _):
        assert (await model.describe()).name == "deployment"
    server.models = raw(b'{"data": []}')
    async with client(server.url) as (model, _):
        with pytest.raises(ModelUnknown, match="serves no model"):
            await model.describe()


@pytest.mark.parametrize(
    ("url", "address", "name"),
    [
        ("http://host:8000", "http://host:8000/v1", None),
        ("http://host:8000/", "http://host:8000/v1", None),
        ("http://host:8000/v1/", "http://host:8000/v1", None),
        ("http://host:8000/v1#a/b", "http://host:8000/v1", "a/b"),
        ("https://host/openai/v1/chat/completions", "https://host/openai/v1", None),
        ("https://me:password@host/v1?key=private", "https://host/v1", None),
    ],
)
def test_addresses(url: str, address: str, name: str | None) -> None:
    config = VllmConfig(url=url)
    assert config.address == address and config.name == name
    assert config.at("/models").path.endswith("/v1/models")


@pytest.mark.parametrize("url", ["host:8000", "ftp://host", "", "http://", "http://host:port", "localhost"])
def test_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a model") as caught:
        VllmModel(url)
    assert "http://127.0.0.1:8000/v1" in caught.value.remedy


def test_a_model_is_named_once() -> None:
    assert VllmConfig(url="http://h/v1#a", model="a").name == "a"
    with pytest.raises(ValidationError, match=r"'a'.*'b'"):
        VllmConfig(url="http://h/v1#a", model="b")


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (LONGEST_SIDE + 1, 1)])
async def test_what_is_no_picture_is_not_sent(serve: Serve, width: int, height: int) -> None:
    server = await serve()
    async with client(server.url) as (model, _):
        with pytest.raises(ImagesRefused, match=f"{width}x{height} of o0003 was not sent"):
            await model.complete(ask(picture(frame(0, width, height))))
        await model.complete(ask(picture(frame(0, LONGEST_SIDE, 1))))
    assert len(server.bodies) == 1


@settings(deadline=None)
@given(texts=st.lists(st.text(), min_size=1, max_size=4), prefill=st.text())
def test_words_arrive_as_they_are(texts: list[str], prefill: str) -> None:
    request = ask(*texts, picture(frame()), prefill=prefill)
    body = json.loads(wire.draft(request, "phi").data)
    content = body["messages"][0]["content"]
    assert [each["text"] for each in content[:-1]] == [neutral(each) for each in texts]
    if "\u2060" not in "".join(texts):
        assert [restored(each["text"]) for each in content[:-1]] == texts
    assert ("continue_final_message" in body) is bool(prefill)
    if prefill:
        assert body["messages"][1]["content"] == neutral(prefill)
