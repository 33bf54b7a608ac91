"""A goal on the command line, and a model behind HTTP that needs no GPU: two processes, as a person starts them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import pytest

from handeye.episodes.reader import Episode
from handeye.tools.words import in_words

from ..conftest import Play, Serve

HANDEYE = (sys.executable, "-m", "handeye")
FORM = """<title>Mugs</title><h1>Mugs</h1><p>Blue mug £9</p><label>Search <input id=q></label>
<button onclick="document.querySelector('p').textContent = 'Found: ' + q.value">Go</button>"""


async def ended(*command: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    process = await asyncio.create_subprocess_exec(
        *HANDEYE, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.slow
@pytest.mark.browser
async def test_a_goal_is_done_by_a_model_that_another_process_serves(play: Play, serve: Serve, tmp_path: Path) -> None:
    url = serve(FORM)
    recorded = await play({"start": url, "steps": [{"type": "blue mug", "into": "Search"}, {"click": "Go"}]})
    server = await asyncio.create_subprocess_exec(
        *HANDEYE, "serve", f"oracle:{recorded.path}", "--port", "0", stderr=asyncio.subprocess.PIPE
    )
    try:
        assert server.stderr is not None
        said = (await server.stderr.readline()).decode()
        address = re.search(r"ready: (http://127\.0\.0\.1:\d+/v1)", said)
        assert address is not None, said
        out = tmp_path / "episode"
        goal = "Find the blue mug"
        code, _, err = await ended("run", goal, "--start", url, "--model", address[1], "--out", str(out))
        # nothing outside the model says whether it is done
        assert code == 4, err
        episode = Episode.open(out)
        assert (episode.header.task.goal, episode.header.task.start.url) == (goal, url)
        done = [in_words(step.decision.intent) for step in episode]
        assert done == [in_words(step.decision.intent) for step in recorded]
        assert episode.steps[-1].saw.frame.same_as(recorded.steps[-1].saw.frame)
    finally:
        server.send_signal(signal.SIGTERM)
        assert await server.wait() == 0


async def test_a_goal_without_a_model_says_how_to_get_one() -> None:
    code, out, err = await ended("run", "Find the blue mug", "--start", "http://127.0.0.1:9/")
    assert (code, out) == (2, "")
    assert "--model" in err and "handeye serve" in err and "steps" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--model", "http://127.0.0.1:9/v1", "--allow", "http://"), "http://"),
        (("--model", "nonsense"), "names no model"),
        (("--model", "http://127.0.0.1:9/v1", "-c", "thinking.mode=deeply"), "thinking.mode"),
        (("--model", "http://127.0.0.1:9/v1", "--ground", "modle"), "did you mean 'model'"),
        (("--ground", "model"), "--model"),
    ],
)
async def test_a_mistake_on_the_command_line_is_named(options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    code, _, err = await ended(
        "run", "Find the mug", "--start", "http://127.0.0.1:9/", "--out", str(tmp_path / "e"), *options
    )
    assert code == 2, err
    assert says in err
    assert not (tmp_path / "e").exists()


async def test_a_port_that_is_taken_is_named(tmp_path: Path, play: Play) -> None:
    recorded = await play({"start": "about:blank", "steps": [{"key": "Tab"}]})
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken:
        code, _, err = await ended("serve", f"oracle:{recorded.path}", "--port", str(port))
    assert code == 5
    assert str(port) in err and "--port" in err
    code, _, err = await ended("serve", f"oracle:{tmp_path}", "--port", "0")
    assert code == 2
    assert json.dumps(str(tmp_path))[1:-1] in err
