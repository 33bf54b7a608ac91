"""Starts vLLM, waits until it answers about a picture, and ends it with everything it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

import httpx
import numpy as np

from ...tools.errors import ModelUnreachable
from ...tools.pixels import Frame
from .names import invitation
from .vllm_command import Launch, ServeOptions, prepare
from .wire import data_url

if TYPE_CHECKING:
    from rich.console import Console

_POLL_SECONDS = 0.25
_SAY_SECONDS = 30
_GRACE_SECONDS = 15
_ANSWER_SECONDS = 300

# What a line of vLLM's log says of how far it is; the last one that fits counts.
_PHASES = (
    (re.compile(r"Initializing a V\d LLM engine"), "starting the engine"),
    (re.compile(r"Starting to load model"), "loading the weights"),
    (re.compile(r"checkpoint shards:\s+(\d+)%"), "loading the weights, {} %"),
    (re.compile(r"Loading weights took|Model loading took"), "measuring memory"),
    (re.compile(r"torch\.compile takes|Compiling a graph|Dynamo bytecode"), "compiling"),
    (re.compile(r"Capturing CUDA graph.*?(\d+)%"), "capturing CUDA graphs, {} %"),
    (re.compile(r"init engine .* took|Starting vLLM .*server"), "opening the server"),
)
_REMEDIES = (
    (
        re.compile(
            r"out of memory|No available memory|less than desired GPU memory|KV cache memory|larger than the available"
        ),
        "the GPU's memory does not do: end what else uses it, or ask for less: -- --max-model-len 12288 --gpu-memory-utilization 0.95",
    ),
    (
        re.compile(r"unrecognized arguments|invalid choice|error: argument"),
        "vLLM does not know it: look at what stands after --",
    ),
    (re.compile(r"Address already in use"), "something else took the port meanwhile: --port 8001"),
    (re.compile(r"No space left on device"), "the disk is full: make room where the model is kept"),
    (
        re.compile(r"not (?:supported|recognized)|does not recognize|no vLLM implementation"),
        "is this vLLM too old for the model? 0.20 or newer",
    ),
)
_PDEATHSIG = 1
_prctl = getattr(ctypes.CDLL(None), "prctl", None)
_PREFIX = re.compile(r"^\(\w+(?: pid=\d+)?\) |^(?:ERROR|WARNING|INFO) \d\d-\d\d [\d:]+ \[[^\]]*\] ")
_TELLING = re.compile(r"^\s*(?:[\w.]*(?:Error|Exception|Interrupt)\b.*|.*\berror: .*)")
_ECHO = re.compile(r"Engine core initialization failed|See root cause above|EngineDeadError")


class VllmServer:
    """One vLLM with its processes, as a context: entering starts it, leaving ends all of them.

    Args:
        launch: Its command line.
        log: File for what it says.
    """

    def __init__(self, launch: Launch, log: Path) -> None:
        self.launch = launch
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """``http://…/v1``"""
        return self.launch.url

    def __enter__(self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                self.launch.arguments,
                env={**os.environ, **self.launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, and its whole group can be ended
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # one system call, no lock that a thread could hold
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends vLLM and whatever it started: asked first, made to if it takes longer than some seconds. A second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)  # it ends its own children in order
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # whoever is left of the group: an engine that hangs, a helper that nobody waited for
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_ready(self, say: Callable[[str, float], None] = lambda phase, seconds: None) -> float:
        """Waits until vLLM answers.

        Args:
            say: Called four times a second with the phase it is in and the seconds so far.

        Returns:
            Seconds it took.

        Raises:
            ModelUnreachable: vLLM ended; says why, from its log.
        """
        assert self._process is not None
        began = time.monotonic()
        health = self.launch.url.removesuffix("/v1") + "/health"
        while True:
            seconds = time.monotonic() - began
            if (code := self._process.poll()) is not None:
                raise self._ended(code)
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(health, timeout=5).status_code == 200:
                    return seconds
            say(phase_of(self._tail()), seconds)
            time.sleep(_POLL_SECONDS)

    def watch(self) -> None:
        """Waits for as long as vLLM runs.

        Raises:
            ModelUnreachable: It ended without being asked to.
        """
        assert self._process is not None
        raise self._ended(self._process.wait())

    def check(self) -> None:
        """Asks which model is served, and one small question with a picture.

        Raises:
            ModelUnreachable: It does not answer as it should.
        """
        key = {"Authorization": f"Bearer {self.launch.api_key}"} if self.launch.api_key else {}
        with httpx.Client(headers=key, timeout=_ANSWER_SECONDS) as client:
            try:
                listed = client.get(f"{self.url}/models").raise_for_status().json()
                names = [each["id"] for each in listed["data"]]
                if self.launch.name not in names:
                    raise ModelUnreachable(f"{self.url} serves {', '.join(names)}, not {self.launch.name}")
                answer = (
                    client.post(f"{self.url}/chat/completions", json=_question(self.launch)).raise_for_status().json()
                )
                said = answer["choices"][0]["message"]
            except httpx.HTTPStatusError as error:
                raise ModelUnreachable(
                    f"{error.request.url} answers {error.response.status_code}: {error.response.text[:500]}",
                    remedy=self._where(),
                ) from error
            except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
                raise ModelUnreachable(
                    f"{self.url} does not answer as vLLM does: {error!r}", remedy=self._where()
                ) from error
        if "content" not in said:
            raise ModelUnreachable(f"{self.url} gives an answer without content", remedy=self._where())

    def _ended(self, code: int) -> ModelUnreachable:
        lines = self._tail(200_000)
        telling = telling_lines(lines)
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        remedy = next((words for pattern, words in _REMEDIES if any(map(pattern.search, telling))), "")
        return ModelUnreachable(
            f"vLLM {how}:\n" + "\n".join(f"  {line}" for line in telling),
            remedy=f"{remedy}\n{self._where()}" if remedy else self._where(),
        )

    def _where(self) -> str:
        return f"all that vLLM said is in {self.log}"

    def _tail(self, size: int = 20_000) -> list[str]:
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - size))
            text = file.read().decode("utf-8", "replace")
        return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


def phase_of(lines: list[str]) -> str:
    """How far vLLM is, from the last lines of its log."""
    for line in reversed(lines):
        for pattern, words in _PHASES:
            if found := pattern.search(line):
                return words.format(*found.groups())
    return "loading vLLM"


def telling_lines(lines: list[str], most: int = 6) -> list[str]:
    """Those lines of a log that say why its process ended: errors in words, the cause before what followed from it."""
    plain = []
    for line in lines:
        while (cut := _PREFIX.sub("", line, count=1)) != line:
            line = cut
        plain.append(line.rstrip())
    errors = list(dict.fromkeys(line.strip() for line in plain if _TELLING.match(line) and not _ECHO.search(line)))
    return (errors or [line for line in plain if line.strip()])[-most:]


def serve(options: ServeOptions, console: Console, log: Path | None = None) -> None:
    """Serves a model until it is interrupted (Ctrl-C, or SIGTERM).

    Args:
        options: What, and how.
        console: For people: the command, the progress, the address.
        log: File for what vLLM says; None makes one in the folder for temporary files.

    Raises:
        UsageError: Something is wrong that vLLM need not be started for.
        ModelUnreachable: vLLM did not start, does not answer, or ended.
    """
    launch = prepare(options)
    log = log or Path(tempfile.gettempdir()) / f"handeye-serve-{os.getpid()}.log"
    console.print(launch.printed(), markup=False, soft_wrap=True)
    console.print(f"what vLLM says goes to {log}", markup=False, soft_wrap=True)
    if not launch.ours:
        console.print(
            "not Phi-4-reasoning-vision: its own chat template; --dialect says how it is spoken to", markup=False
        )
    with _terminated(), contextlib.suppress(KeyboardInterrupt), VllmServer(launch, log) as server:
        with _progress(console) as say:
            seconds = server.wait_ready(say)
        server.check()
        console.print(f"started in {seconds:.0f} s", markup=False)
        console.print(invitation(server.url), markup=False, soft_wrap=True)
        server.watch()
    console.print("vLLM has ended", markup=False)


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, float], None]]:
    """A line that changes on a terminal; elsewhere a line for each phase and one every half minute."""
    if console.is_terminal:
        with console.status("starting vLLM") as status:
            yield lambda phase, seconds: status.update(f"{phase}  {seconds:.0f} s")
        return
    said: list[Any] = ["", 0.0]

    def say(phase: str, seconds: float) -> None:
        if phase.partition(",")[0] != said[0] or seconds - said[1] >= _SAY_SECONDS:
            said[:] = [phase.partition(",")[0], seconds]
            console.print(f"{seconds:4.0f} s  {phase}", markup=False)

    yield say


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM counts as Ctrl-C meanwhile."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _die_with_parent() -> None:
    # Linux ends it when we are killed without a chance to: a server that nobody knows of keeps its gigabytes.
    if _prctl is not None:
        _prctl(_PDEATHSIG, signal.SIGTERM)


def _question(launch: Launch) -> dict[str, Any]:
    picture = Frame.from_pixels(np.zeros((64, 64, 3), np.uint8))
    shown = {"type": "image_url", "image_url": {"url": data_url(picture)}}
    words = {"type": "text", "text": "What is this?"}
    question = {"model": launch.name, "messages": [{"role": "user", "content": [shown, words]}], "max_tokens": 1}
    return {**question, "temperature": 0, **({"chat_template_kwargs": {"mode": "direct"}} if launch.ours else {})}
