"""The model in this process, by transformers and torch: no server, nothing shared between requests; the reference for vLLM's answers."""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...episodes.schema.base import Json
from ...episodes.schema.model import Reply, Request, Token, Usage
from ...episodes.schema.outcome import ModelInfo
from ...tools.errors import ContextTooLong, EpisodeCorrupt, ImagesRefused, ModelError, ModelUnknown, UsageError
from .answers import IMPOSSIBLE
from .checkpoint import PHI4, check_folder, read_config
from .phi4siglip.prompt import TEMPLATE, prompt_of

if TYPE_CHECKING:
    from .constraining import Constrainer, Rule
    from .phi4siglip.network import Network
    from .phi4siglip.processor import Phi4VisionRProcessor

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Loaded:
    network: Network
    processor: Phi4VisionRProcessor
    constrainer: Constrainer | None
    ends: frozenset[int]
    words: str


class LocalModel:
    """A `Model` of a checkpoint in a folder. Loaded when it is first asked; one request at a time, in a thread of its own.

    Args:
        path: Folder of the checkpoint.
        device: ``cuda``, ``cpu`` …; by default a GPU where there is one.
        dtype: ``float32``, ``bfloat16``; by default the former on a CPU, the latter on a GPU.
    """

    def __init__(self, path: str | Path, *, device: str | None = None, dtype: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self._device = device
        self._dtype = dtype
        self._loaded: _Loaded | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="local-model")

    async def describe(self) -> ModelInfo:
        """Which checkpoint this is; loads it.

        Raises:
            ModelUnknown: The folder holds no whole checkpoint of this architecture.
            ModelError: torch or transformers is not installed, or the weights cannot be loaded.
        """
        loaded = await self._run(self._load)
        return ModelInfo(
            name=self.path.resolve().name,
            revision=await self._run(lambda: _hash(self.path / "config.json")),
            server=f"in this process ({loaded.words})",
            template=await self._run(lambda: _hash(TEMPLATE)),
        )

    async def complete(self, request: Request) -> Reply:
        """The answer. Cancelling the caller ends the work after the token that is being made.

        Raises:
            ModelUnknown: The folder holds no whole checkpoint of this architecture.
            ContextTooLong: The request does not fit into the model's context.
            ImagesRefused: An image is no picture that the model could be shown.
            ModelError: torch or transformers is not installed, or fails.
        """
        cancelled = threading.Event()
        try:
            return await self._run(lambda: self._answer(request, cancelled))
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def close(self) -> None:
        """Lets go of the weights. A second call does nothing."""
        self._loaded = None
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except MemoryError as error:
            raise ModelError(f"there is not enough memory for {self.path}: {error}") from error
        except RuntimeError as error:
            # torch's own, out of memory among them; and the thread's, when the model was closed
            raise ModelError(
                f"{self.path.name} failed in this process: {error}",
                remedy="A GPU that is too small: serve the model elsewhere (handeye serve), or take the CPU (device='cpu').",
            ) from error

    def _load(self) -> _Loaded:
        if self._loaded is None:
            _check(self.path)
            try:
                self._loaded = _read(self.path, self._device, self._dtype)
            except ImportError as error:
                raise ModelError(
                    f"a model in this process needs torch and transformers: {error}",
                    remedy="pip install 'handeye[local]'",
                ) from error
        return self._loaded

    def _answer(self, request: Request, cancelled: threading.Event) -> Reply:
        loaded = self._load()
        began = time.monotonic()
        embedded, image_tokens = _embedded(request, loaded)
        room = loaded.network.config.max_position_embeddings
        prompt = embedded.shape[1]
        if prompt + request.max_tokens > room:
            raise ContextTooLong(
                f"{prompt} tokens of the prompt and {request.max_tokens} for the answer do not fit into {room}",
                remedy="Show fewer or smaller images of the past, or allow a shorter answer.",
            )
        rule, sent = _ruled(request, loaded)
        sent |= {"model": self.path.name, "max_tokens": request.max_tokens, "mode": request.mode}
        sent |= {"temperature": request.temperature, "seed": request.seed, "dtype": loaded.words}
        steps = _generate(loaded, embedded, request, rule)
        ids, logprobs, finish, first = _grown(steps, loaded.ends, request.max_tokens, cancelled)
        decode = loaded.processor.tokenizer.decode
        # a token that is part of a character has no text of its own
        pairs = [(decode([token]).replace("\ufffd", ""), logprob) for token, logprob in zip(ids, logprobs, strict=True)]
        return Reply(
            text=decode(ids, skip_special_tokens=False),
            finish=finish,
            tokens=tuple(Token(text=text, logprob=logprob) for text, logprob in pairs if request.logprobs),
            usage=Usage(prompt=prompt, completion=len(ids) + (finish == "stop"), cached=0, image=image_tokens),
            model=self.path.name,
            first_token=first - began if first is not None else None,
            sent=sent,
        )


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelUnknown(f"there is no folder {folder}", remedy="Give the folder of a checkpoint: local:/path/to/it")
    try:
        check_folder(folder)
        kind = read_config(folder).get("model_type")
    except UsageError as error:
        raise ModelUnknown(error.message, remedy=error.remedy) from error
    if kind != PHI4:
        raise ModelUnknown(
            f"{folder} holds a model of the type {kind}; in this process only {PHI4} runs",
            remedy="Serve it with vLLM, and give the address: handeye serve",
        )


def _read(folder: Path, device: str | None, dtype: str | None) -> _Loaded:
    import torch
    import transformers

    from .phi4siglip.network import Network
    from .phi4siglip.processor import Phi4VisionRProcessor

    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    kind = getattr(torch, dtype or ("float32" if chosen.type == "cpu" else "bfloat16"))
    try:
        network = Network(folder, chosen, kind)
        processor = Phi4VisionRProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnknown(f"{folder} cannot be loaded: {error}") from error
    end = network.config.eos_token_id
    ends = frozenset([end] if isinstance(end, int) else end) | {processor.tokenizer.eos_token_id}
    constrainer = None
    try:
        from .constraining import Constrainer

        constrainer = Constrainer(processor.tokenizer, network.config.vocab_size, processor.tokenizer.eos_token_id)
    except ImportError:
        pass  # constraints are left out then, which each reply says
    words = f"transformers {transformers.__version__}, torch {torch.__version__}, {chosen.type} {str(kind).removeprefix('torch.')}"
    return _Loaded(network, processor, constrainer, frozenset(ends), words)


def _embedded(request: Request, loaded: _Loaded) -> tuple[Any, int]:
    """The prompt's embeddings, and how many of its tokens are those of images."""
    import torch
    from PIL import Image

    from .phi4siglip.processor import IMAGE_TOKEN

    features = []
    for part in request.images:
        try:
            patches, (rows, columns) = loaded.processor.image_processor.patches(Image.fromarray(part.image.pixels))
        except (ValueError, EpisodeCorrupt) as error:
            raise ImagesRefused(
                f"an image of {part.view.observation} cannot be shown: {error}",
                remedy="Show it a part of the frame, or the frame at a smaller size.",
            ) from error
        with torch.inference_mode():
            features.append(loaded.network.see(torch.from_numpy(patches), rows, columns))
    ids = loaded.processor.tokens(prompt_of(request))
    with torch.inference_mode():
        return loaded.network.embed(ids, features, IMAGE_TOKEN), sum(map(len, features))


def _ruled(request: Request, loaded: _Loaded) -> tuple[Rule | None, dict[str, Json]]:
    """The rule of a request, and what its reply says of it."""
    if request.constraint is None:
        return None, {}
    if loaded.constrainer is None:
        return None, {"left_out": ["structured_outputs"]}
    said: dict[str, Json] = {"structured_outputs": {request.constraint.kind: request.constraint.value}}
    return loaded.constrainer.rule(request.constraint), said


def _grown(
    steps: Generator[tuple[int, float, bool]], ends: frozenset[int], most: int, cancelled: threading.Event
) -> tuple[list[int], list[float], str, float | None]:
    """The ids of an answer, the logarithm of the probability of each, why it ended, when the first one was there."""
    ids: list[int] = []
    logprobs: list[float] = []
    first = None
    for token, logprob, complete in steps:
        first = first or time.monotonic()
        if token in ends:
            return ids, logprobs, "stop", first
        ids.append(token)
        logprobs.append(logprob)
        if complete:
            return ids, logprobs, "stop", first
        if len(ids) >= most or cancelled.is_set():
            break
    return ids, logprobs, "length", first


def _generate(
    loaded: _Loaded, embedded: Any, request: Request, rule: Rule | None
) -> Generator[tuple[int, float, bool]]:
    """Token after token: its id, the logarithm of its probability among those that were allowed, whether a rule is fulfilled by it."""
    import torch

    chance = torch.Generator().manual_seed(random.getrandbits(63) if request.seed is None else request.seed % 2**63)
    steps: Any = loaded.network.steps(embedded)
    logits = next(steps)
    while True:
        if rule is not None:
            rule.allow(logits)
        logprobs = torch.log_softmax(logits, -1)
        if request.temperature > 0:
            weights = torch.softmax(logits / request.temperature, -1)
            token = int(torch.multinomial(weights, 1, generator=chance))
        else:
            token = int(logits.argmax())
        yield token, max(float(logprobs[token]), IMPOSSIBLE), rule is not None and rule.took(token)
        logits = steps.send(token)


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
