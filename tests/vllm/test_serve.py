"""`handeye serve`: what it runs, what it refuses before running anything, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from handeye.agent.models.serve import VllmServer, phase_of, telling_lines
from handeye.agent.models.vllm_command import CHAT_TEMPLATE, Launch, ServeOptions, prepare
from handeye.tools.errors import ModelUnreachable, UsageError

from .conftest import free_port
from .pictures import noise
from .test_chat_template import shown, text, turn


def prepared(model: Path | str, *extra: str, **options: Any) -> Launch:
    return prepare(ServeOptions(str(model), **{"port": free_port(), "python": sys.executable, **options}, extra=extra))


def value(launch: Launch, name: str) -> str:
    words = launch.arguments
    assert words.count(name) == 1, words
    return words[words.index(name) + 1]


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint of one's own, to spoil."""
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def change(folder: Path, **fields: Any) -> None:
    file = folder / "config.json"
    config = {**json.loads(file.read_text()), **fields}
    file.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))


def test_the_command_is_for_this_loop(checkpoint: Path) -> None:
    launch = prepared(checkpoint, port=18765)
    assert launch.arguments[:3] == (sys.executable, "-m", "vllm.entrypoints.openai.api_server")
    assert value(launch, "--chat-template") == str(CHAT_TEMPLATE)
    assert json.loads(value(launch, "--limit-mm-per-prompt")) == {"image": 4}
    assert value(launch, "--max-model-len") == "24576"
    assert value(launch, "--served-model-name") == launch.name == "tiny-phi"
    assert "--enable-prefix-caching" in launch.arguments
    assert launch.environment["HF_HUB_OFFLINE"] == "1"
    assert launch.url == "http://127.0.0.1:18765/v1"
    assert "--trust-remote-code" not in launch.arguments
    pasted = shlex.split(launch.printed())
    assert pasted[0] == "env" and tuple(pasted[-len(launch.arguments) :]) == launch.arguments


def test_on_a_cpu_nothing_is_set_that_it_cannot(checkpoint: Path) -> None:
    launch = prepared(checkpoint)
    assert "--enforce-eager" in launch.arguments
    assert "--gpu-memory-utilization" not in launch.arguments
    assert launch.environment["VLLM_CPU_KVCACHE_SPACE"] == "1"


@pytest.mark.parametrize("given", [("--max-model-len", "2048"), ("--max_model_len=2048",), ("--max_model_len", "2048")])
def test_what_the_person_says_wins_in_every_spelling(checkpoint: Path, given: tuple[str, ...]) -> None:
    words = prepared(checkpoint, *given, "--no-enable-prefix-caching").arguments
    assert [word for word in words if "len" in word or "2048" in word] == list(given)
    assert "--enable-prefix-caching" not in words


def test_the_address_follows_what_the_person_says(checkpoint: Path) -> None:
    port = free_port()
    launch = prepared(
        checkpoint, f"--port={port}", "--host", "0.0.0.0", "--served-model-name", "phi", "--api-key", "s3cret"
    )
    assert (launch.url, launch.name, launch.api_key) == (f"http://127.0.0.1:{port}/v1", "phi", "s3cret")
    assert "s3cret" not in launch.printed() and "s3cret" not in repr(launch.url)


def test_a_small_context_is_not_asked_for_more(copy: Path) -> None:
    change(copy, max_position_embeddings=4096)
    assert value(prepared(copy), "--max-model-len") == "4096"


def test_another_model_that_sees_is_served_its_own_way(copy: Path) -> None:
    change(copy, model_type="qwen2_5_vl", architectures=["Qwen2_5_VLForConditionalGeneration"])
    launch = prepared(copy)
    assert not launch.ours
    assert "--chat-template" not in launch.arguments


def test_dummy_weights_need_no_files(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    assert prepared(copy, "--load-format", "dummy").arguments[-1] == "dummy"
    assert prepared(copy, "--load-format=dummy").arguments[-1] == "--load-format=dummy"


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "no config.json"),
        ("tokenizer.json", "has no tokenizer"),
        ("model.safetensors", "has no weights"),
        ("preprocessor_config.json", "no preprocessor_config.json"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_refused(copy: Path, missing: str, message: str) -> None:
    (copy / missing).unlink()
    with pytest.raises(UsageError, match=message) as raised:
        prepared(copy)
    assert raised.value.remedy


@pytest.mark.parametrize("length", [0, 5, 100, 1_000_000])
def test_a_download_that_was_cut_off_is_noticed(copy: Path, length: int) -> None:
    os.truncate(copy / "model.safetensors", length)
    with pytest.raises(UsageError, match="is cut off"):
        prepared(copy)


def test_what_sees_no_pictures_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": "phi3", "architectures": ["Phi3ForCausalLM"]}))
    with pytest.raises(UsageError, match=r"Phi3ForCausalLM, which sees no pictures"):
        prepared(copy)


def test_a_configuration_that_is_no_json_is_named(copy: Path) -> None:
    (copy / "config.json").write_text("<html>")
    with pytest.raises(UsageError, match=r"config\.json cannot be read"):
        prepared(copy)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        prepared(tmp_path / "nowhere")


def test_a_port_that_is_taken(checkpoint: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match=f"port {other.getsockname()[1]} .* cannot be listened on"):
            prepared(checkpoint, port=other.getsockname()[1])


def test_an_interpreter_without_vllm(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    bare = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(UsageError, match="vLLM is not installed in") as raised:
        prepared(checkpoint, python=bare)
    assert "HANDEYE_VLLM_PYTHON" in raised.value.remedy
    monkeypatch.setenv("HANDEYE_VLLM_PYTHON", bare)
    with pytest.raises(UsageError, match="vLLM is not installed in"):
        prepared(checkpoint, python=None)
    with pytest.raises(UsageError, match="is no Python that runs"):
        prepared(checkpoint, python=str(tmp_path / "none"))


LOG = """(APIServer pid=1) INFO 11-22 21:11:35 [model.py:733] Resolved architecture: Phi4ForCausalLMV
(EngineCore pid=2) INFO 11-22 21:11:47 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config
(Worker pid=3) INFO 11-22 21:11:58 [cpu_model_runner.py:68] Starting to load model /tmp/x...
Loading safetensors checkpoint shards:  50% Completed | 3/6 [00:10<00:10,  2.50it/s]
(Worker pid=3) WARNING 11-22 21:11:58 [x.py:1] disabling torch.compile
""".splitlines()


def test_the_phase_is_what_the_log_says_last() -> None:
    assert [phase_of(LOG[:count]) for count in range(6)] == [
        "loading vLLM", "loading vLLM", "starting the engine", "loading the weights", "loading the weights, 50 %", "loading the weights, 50 %",
    ]  # fmt: skip


def test_the_cause_is_told_and_not_what_followed_from_it() -> None:
    log = [
        *LOG,
        "(EngineCore pid=2) ERROR 11-22 21:12:01 [core.py:900] Traceback (most recent call last):",
        '(EngineCore pid=2) ERROR 11-22 21:12:01 [core.py:900]   File "x.py", line 3, in load',
        "(EngineCore pid=2) ERROR 11-22 21:12:01 [core.py:900] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
        "(EngineCore pid=2) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
        "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.",
    ]
    assert telling_lines(log) == ["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"]


def test_why_vllm_ended_is_the_error(checkpoint: Path, tmp_path: Path) -> None:
    launch = prepared(checkpoint, "--no-such-thing", "5")
    with (
        VllmServer(launch, tmp_path / "log") as server,
        pytest.raises(ModelUnreachable, match="--no-such-thing") as raised,
    ):
        server.wait_ready()
    assert "ended with code 2" in raised.value.message
    assert "what stands after --" in raised.value.remedy


def test_the_server_of_the_session_refuses_what_is_no_picture(server: Any) -> None:
    question = {"model": server.folder.name, "max_tokens": 1}
    strip = noise(0, 20_001, 1)
    for content, expected in (
        (turn(shown(noise(0))), 200),
        (turn(shown(strip)), 400),
        (turn(*[shown(noise(0))] * 5), 400),
    ):
        answer = httpx.post(f"{server.url}/chat/completions", json={**question, "messages": [content]}, timeout=60)
        assert answer.status_code == expected, answer.text
    assert httpx.get(server.url.removesuffix("/v1") + "/health", timeout=10).status_code == 200


@pytest.mark.slow
def test_served_asked_ended_and_nothing_left(checkpoint: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "handeye",
        "serve",
        str(checkpoint),
        "--port",
        str(port),
        "--log",
        str(tmp_path / "log"),
    ]
    said = []
    with subprocess.Popen(
        [*command, "--max-model-len", "8192"], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as running:
        assert running.stderr is not None
        try:
            for line in running.stderr:
                said.append(line)
                if line.startswith("ready:"):
                    break
            assert running.poll() is None, "".join(said)
            whole = psutil.Process(running.pid)
            family = whole.children(recursive=True)
            assert len(family) >= 2  # the server and its engine
            url = f"http://127.0.0.1:{port}/v1"
            assert f"--model {url}" in said[-1]
            served = httpx.get(f"{url}/models", timeout=10).json()["data"]
            assert [(each["id"], each["max_model_len"]) for each in served] == [("tiny-phi", 8192)]
            question = {"model": "tiny-phi", "messages": [turn(shown(noise(1)), text("What?"))], "max_tokens": 4}
            answer = httpx.post(f"{url}/chat/completions", json=question, timeout=60).json()
            assert answer["usage"]["prompt_tokens_details"]["multimodal_tokens"] == {"image": 300}
        finally:
            running.send_signal(signal.SIGTERM)
            rest = running.stderr.read()
    assert running.returncode == 0, rest
    assert "vLLM has ended" in rest
    gone, alive = psutil.wait_procs(family, timeout=30)
    assert not alive and len(gone) == len(family)
    assert any(line.rstrip().endswith("starting the engine") for line in said)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
