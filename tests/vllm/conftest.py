"""One real vLLM for the tests of this folder, on a tiny random checkpoint, started as `handeye serve` starts it."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

NEEDED = ("torch", "transformers", "vllm")
ABSENT = [name for name in NEEDED if importlib.util.find_spec(name) is None]
WHY = "needs vLLM, in an environment of its own: make test-vllm"


if ABSENT and os.environ.get("HANDEYE_TEST_VLLM"):  # set where vLLM has to be there: nothing may be skipped quietly
    raise pytest.UsageError(f"{sys.executable} has no {', '.join(ABSENT)}: {WHY}")


class Absent(pytest.Module):
    """A file of tests that is not even imported."""

    def collect(self) -> NoReturn:
        pytest.skip(WHY, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return Absent.from_parent(parent, path=module_path) if ABSENT else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.vllm)
            # torch and transformers deprecate their own parts and those of others: not for us to mend
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@dataclass(frozen=True)
class Served:
    """The running server.

    Attributes:
        url: ``http://127.0.0.1:PORT/v1``
        folder: Of its checkpoint.
        log: What it said so far.
    """

    url: str
    folder: Path
    log: Path


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny checkpoint, with weights."""
    from handeye.agent.models.phi4siglip.tiny import write_checkpoint

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny-phi"
    write_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def server(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """vLLM on the tiny checkpoint, in float32, so that it can be compared with another implementation."""
    from handeye.agent.models.serve import VllmServer
    from handeye.agent.models.vllm_command import ServeOptions, prepare

    log = tmp_path_factory.mktemp("server") / "vllm.log"
    options = ServeOptions(str(checkpoint), port=free_port(), python=sys.executable, extra=("--dtype", "float32"))
    with VllmServer(prepare(options), log) as running:
        running.wait_ready()
        running.check()
        yield Served(running.url, checkpoint, log)


def _said(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line for line in lines if '" 200 OK' not in line][-40:])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the server said last stands under a test that failed."""
    report = yield
    served = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(served, Served):
        report.sections.append(("vLLM's log", _said(served.log)))
    return report
