"""What an agent's last word becomes for WebArena-Verified's scorer, and what is recorded of what pages asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handeye.environments.sites import Request, Response, RunningSite
from handeye.episodes.convert.to_har import ToHAR
from handeye.episodes.convert.to_webarena import ToWebArenaVerified, task_number
from handeye.episodes.convert.webarena_response import response_of
from handeye.episodes.network import Exchange
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Moment
from handeye.episodes.schema.network import AskedLine
from handeye.tools.errors import UsageError

from ...conftest import Play

DRAWN = {"environment": "drawn", "start": {"drawn": "buttons", "viewport": {"width": 320, "height": 320}}}
PAGE = """
<form method=post action="/send">
<label>Name <input name=name></label><label>Password <input name="login[password]" type=password></label><button>Send</button></form>
<form method=post action="/send" enctype="multipart/form-data">
<input type=hidden name=note value="grün &amp; 1"><button>Attach</button></form>
<button onclick="fetch('/send', {method: 'PUT', body: '[1]', headers: {'Content-Type': 'application/json'}})
    .then(() => document.querySelector('output').textContent = 'was sent')">Put</button><output></output>
"""


def asked(method: str, act: int = 1, resource: str = "document") -> Exchange:
    return Exchange(
        AskedLine(exchange=1, order=1, moment=Moment(act=act), method=method, url="http://a.test/", resource=resource)
    )


@pytest.mark.parametrize(
    ("last", "exchanges", "wanted"),
    [
        ({"answer": "Quest Band"}, (), ("RETRIEVE", "SUCCESS", ["Quest Band"], None)),
        ({"answer": " 42 "}, (), ("RETRIEVE", "SUCCESS", [42], None)),
        ({"answer": '["a", "b"]'}, (asked("POST"),), ("RETRIEVE", "SUCCESS", ["a", "b"], None)),
        ({"answer": '```json\n{{"count": 1.5}}\n```'}, (), ("RETRIEVE", "SUCCESS", [{"count": 1.5}], None)),
        ({"answer": "null"}, (), ("RETRIEVE", "SUCCESS", [], None)),
        ({"answer": "NaN"}, (), ("RETRIEVE", "SUCCESS", ["NaN"], None)),
        ({"press": "Press me"}, (), ("NAVIGATE", "SUCCESS", None, None)),
        ({"press": "Press me"}, (asked("POST"),), ("MUTATE", "SUCCESS", None, None)),
        # what a page sends of itself at the start, or beside, is no act of the agent's
        (
            {"press": "Press me"},
            (asked("POST", act=0), asked("POST", resource="ping"), asked("GET")),
            ("NAVIGATE", "SUCCESS", None, None),
        ),
        ({"fail": "NOT_FOUND_ERROR: no such order"}, (), ("NAVIGATE", "NOT_FOUND_ERROR", None, "NOT_FOUND_ERROR: no such order")),
        ({"fail": "I cannot"}, (), ("NAVIGATE", "UNKNOWN_ERROR", None, "I cannot")),
    ],
)  # fmt: skip
async def test_a_last_word_becomes_a_response(
    last: dict[str, str], exchanges: tuple[Exchange, ...], wanted: tuple[Any, ...], play: Play
) -> None:
    step = {"click": last["press"], "role": "button"} if "press" in last else last
    response = response_of(await play({**DRAWN, "steps": [step]}), exchanges)
    assert tuple(response.said.values()) == wanted
    assert response.guessed


async def test_an_object_is_taken_as_it_was_said(play: Play) -> None:
    said = {"task_type": "mutate", "status": "SUCCESS", "retrieved_data": None, "more": 1}
    response = response_of(await play({**DRAWN, "steps": [{"answer": braced(json.dumps(said))}]}), ())
    assert response == (said, "")
    partly = {"status": "NOT_FOUND_ERROR", "retrieved_data": None}
    response = response_of(await play({**DRAWN, "steps": [{"fail": braced(json.dumps(partly))}]}), ())
    assert response == ({"task_type": "NAVIGATE", **partly}, "task_type: it left that out")


async def test_who_never_ends_claims_nothing(play: Play) -> None:
    click = {"click": "Press me", "role": "button"}
    response = response_of(await play({**DRAWN, "steps": [click] * 3, "budget": {"steps": 2}}), ())
    assert response.said["status"] == "UNKNOWN_ERROR"
    assert str(response.said["error_details"]).startswith("steps")


async def test_what_pages_sent_is_recorded_where_that_is_asked_for(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "geheim+9")
    steps = [
        {"type": "Ann", "into": "Name"},
        {"type": "{password}", "into": "Password"},
        {"click": "Send"},
        "back",
        {"click": "Attach"},
        "back",
        {"click": "Put"},
        {"wait": {"text": "was sent"}},
    ]
    site = RunningSite(_Forms())
    task = {"name": "webarena-7", "start": site.url, "secrets": {"password": "PASSWORD"}, "steps": steps}
    try:
        episode = await play(task, record_requests=True)
        plain = await play(task, record_network=True)
    finally:
        site.close()

    exported = ToWebArenaVerified().export(episode, tmp_path / "out")
    assert exported.path == tmp_path / "out" / "7"
    log = json.loads((exported.path / "network.har").read_text())["log"]
    asking = [each["request"] for each in log["entries"] if "postData" in each["request"]]
    sent = {f"{each['method']} {each['postData']['mimeType'].partition(';')[0]}": each for each in asking}
    form = sent["POST application/x-www-form-urlencoded"]
    assert form["postData"]["text"].startswith("name=Ann&login%5Bpassword%5D=")
    assert {"name": "name", "value": "Ann"} in form["postData"]["params"]
    multipart = sent["POST multipart/form-data"]["postData"]["text"]
    assert 'name="note"' in multipart and "grün & 1" in multipart
    assert sent["PUT application/json"]["postData"]["text"] == "[1]"
    # the password is a placeholder wherever it went
    whole = "".join(
        file.read_bytes().decode(errors="replace") for file in episode.path.rglob("*") if file.suffix != ".png" and file.is_file()
    )  # fmt: skip
    assert "geheim" not in whole and "geheim" not in (exported.path / "network.har").read_text()
    assert "secret:password" in form["postData"]["text"]

    # a click on a form is a person's navigation, and the cookie that no script can read has no value
    headers = {each["name"].lower(): each["value"] for each in form["headers"]}
    assert (headers["sec-fetch-mode"], headers["sec-fetch-user"]) == ("navigate", "?1")
    assert "text/html" in headers["accept"] and headers["referer"] == site.url
    assert headers["cookie"] == "shown=yes; hidden=left-out"
    assert {"name": "shown", "value": "yes"} in form["cookies"]
    assert log["entries"][0]["response"]["cookies"] == [
        {"name": "shown", "value": "yes"},
        {"name": "hidden", "value": "left-out"},
    ]

    # without being asked for, bodies are hashes, and what is lost says so
    lost = ToHAR().export(plain, tmp_path / "plain.har").lost
    assert any("--record-requests" in each.what and each.count == 3 for each in lost)
    bare = json.loads((tmp_path / "plain.har").read_text())["log"]["entries"]
    assert not any("postData" in each["request"] for each in bare)
    first = {each["name"].lower(): each["value"] for each in bare[0]["request"]["headers"]}
    assert first["sec-fetch-mode"] == "navigate"
    assert plain.header.task.start.clock is not None and episode.header.task.start.clock is None


async def test_what_cannot_be_exported_is_said_with_what_to_do(play: Play, tmp_path: Path) -> None:
    episode: Episode = await play({"name": "108", **DRAWN, "steps": [{"answer": "x"}]})
    with pytest.raises(UsageError, match="no recorded network") as none:
        ToWebArenaVerified().export(episode, tmp_path / "out")
    assert "--record-requests" in (none.value.remedy or "")
    with pytest.raises(UsageError, match="no number"):
        task_number("buy a mug")
    (tmp_path / "out" / "108").mkdir(parents=True)
    (tmp_path / "out" / "108" / "network.har").write_text("{}")
    with pytest.raises(UsageError, match="exists already"):
        ToWebArenaVerified().export(episode, tmp_path / "out")
    assert [task_number(name) for name in ("108", "webarena-verified-7", "task.007")] == [108, 7, 7]


def braced(text: str) -> str:
    """A text with braces as a step of a script writes it."""
    return text.replace("{", "{{").replace("}", "}}")


class _Forms:
    def respond(self, request: Request) -> Response:
        if request.method == "GET":
            cookies = (("Set-Cookie", "shown=yes"), ("Set-Cookie", "hidden=s3cr3t; HttpOnly"))
            return Response(PAGE.encode(), headers=cookies)
        return Response.text("<h1>sent</h1>")

    def path(self, page: str) -> str:
        return page
