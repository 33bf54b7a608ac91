"""A login that is done once: what one run leaves in its browser, another one starts with; and files that are handed out."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from handeye.benchmarks.commands import RunOptions, run_tasks
from handeye.environments.drawn import DrawnEnvironment
from handeye.environments.sites import Request, Response, RunningSite
from handeye.episodes.reader import Episode
from handeye.tools.errors import UsageError

pytestmark = pytest.mark.browser

COOKIE = "c00kie-of-ada-48151"

LOGIN = """<form method=post action=/login><label>Name <input name=name></label><button>Sign in</button></form>"""
# what a page keeps besides cookies: in local storage, and in a database
ENTER = """<p id=p>wait</p><script>
  localStorage.token = 'token-of-ada';
  const asked = indexedDB.open('shop', 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore('cart');
  asked.onsuccess = () => { const change = asked.result.transaction('cart', 'readwrite');
    change.objectStore('cart').put('mug', 'first'); change.oncomplete = () => { p.textContent = 'Welcome' } }</script>"""
MEMBER = """<p id=who></p><p id=cart></p><script>
  who.textContent = localStorage.token === 'token-of-ada' ? 'Signed in as Ada' : 'No token';
  const asked = indexedDB.open('shop', 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore('cart');
  asked.onsuccess = () => { const got = asked.result.transaction('cart').objectStore('cart').get('first');
    got.onsuccess = () => { cart.textContent = 'Cart: ' + got.result } }</script>"""


class Members:
    """A site that knows who has its cookie."""

    def __init__(self) -> None:
        self.logins = 0

    def respond(self, request: Request) -> Response:
        if request.path == "/login":
            self.logins += 1
            cookie = ("Set-Cookie", f"session={COOKIE}; HttpOnly; Path=/")
            return Response(f"<!doctype html>{ENTER}".encode(), headers=(cookie,))
        return Response.text(f"<!doctype html>{MEMBER if request.cookies.get('session') == COOKIE else LOGIN}")

    def path(self, page: str) -> str:
        return page


@pytest.fixture
def members() -> Iterator[RunningSite]:
    site = RunningSite(Members())
    yield site
    site.close()


def sign_in(site: RunningSite, **task: Any) -> dict[str, Any]:
    steps = [{"type": "Ada", "into": "Name"}, {"click": "Sign in"}, {"wait": {"text": "Welcome"}}]
    return {"start": site.url, "steps": steps, **task}


def inside(site: RunningSite, state: Path) -> dict[str, Any]:
    start = {"url": site.url, "storage_state": str(state)}
    checks = [{"text": "Signed in as Ada"}, {"text": "Cart: mug"}]
    return {"start": start, "steps": [{"wait": 0.1}], "postconditions": checks}


async def test_a_login_is_done_once(play: Any, members: RunningSite, tmp_path: Path) -> None:
    state = tmp_path / "ada.json"
    first: Episode = await play(sign_in(members), save_state=state)
    assert first.outcome is not None and first.outcome.status == "unverified"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    # nothing but the file, and nothing of it in the episode
    assert [each.name for each in tmp_path.iterdir() if "ada.json" in each.name] == ["ada.json"]
    kept = b"".join(each.read_bytes() for each in first.path.rglob("*") if each.is_file())
    assert COOKIE in state.read_text() and COOKIE.encode() not in kept
    for _ in range(2):
        later: Episode = await play(inside(members, state))
        assert later.outcome is not None and later.outcome.status == "passed"
    site = members.site
    assert isinstance(site, Members) and site.logins == 1


async def test_the_state_of_a_run_that_failed_is_not_kept(play: Any, members: RunningSite, tmp_path: Path) -> None:
    state = tmp_path / "ada.json"
    state.write_text("as it was")
    failed = await play(sign_in(members, postconditions=[{"text": "Welcome back"}]), save_state=state)
    assert failed.outcome.status == "failed"
    assert state.read_text() == "as it was"


async def test_a_state_that_cannot_be_kept_is_said_before_anything_begins(
    play: Any, members: RunningSite, tmp_path: Path
) -> None:
    for wrong in (tmp_path, tmp_path / "no" / "state.json"):
        with pytest.raises(UsageError, match="--save-state"):
            await play(sign_in(members), save_state=wrong)
    with pytest.raises(UsageError, match="has no state"):
        await play(
            {"environment": "drawn", "steps": [{"wait": 0.1}]}, save_state=tmp_path / "s", world=DrawnEnvironment()
        )
    assert not list(tmp_path.glob("episode-*"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no file"),
        ("{", "is not JSON"),
        ("[]", "cookies and origins"),
        ('{"cookies": "none"}', "cookies and origins"),
        ('{"cookies": [7]}', "cookies and origins"),
    ],
)
async def test_a_wrong_state_is_named(
    play: Any, members: RunningSite, tmp_path: Path, content: str | None, words: str
) -> None:
    state = tmp_path / "wrong.json"
    if content is not None:
        state.write_text(content)
    with pytest.raises(UsageError, match=words) as error:
        await play(inside(members, state))
    assert "wrong.json" in error.value.message
    assert not list(tmp_path.glob("episode-*"))


async def test_a_state_that_the_browser_does_not_take_is_named(play: Any, members: RunningSite, tmp_path: Path) -> None:
    state = tmp_path / "wrong.json"
    state.write_text(json.dumps({"cookies": [{"name": 7}], "origins": []}))
    with pytest.raises(UsageError, match=r"start\.storage_state: the browser does not take '.*wrong\.json'"):
        await play(inside(members, state))


# files that are handed out

FORM = """<label>Your CV <input type=file id=f {kind}></label><pre id=log>none</pre><script>
  f.onchange = async () => { const rows = [];
    for (const each of f.files) { const bytes = await crypto.subtle.digest('SHA-256', await each.arrayBuffer());
      const hash = [...new Uint8Array(bytes)].map(b => b.toString(16).padStart(2, '0')).join('');
      rows.push(`${each.webkitRelativePath || each.name} ${each.size} ${hash.slice(0, 8)}`) }
    log.textContent = rows.sort().join(' / ') }</script>"""


def short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]


def upload(url: str, paths: Any, **start: Any) -> dict[str, Any]:
    return {"start": {"url": url, **start}, "steps": [{"upload": paths, "into": "Your CV"}]}


async def test_what_was_uploaded_is_in_the_record(play: Any, serve: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "b ü.bin").write_bytes(b"\0" * 50_000_000)
    url = serve(FORM.replace("{kind}", "multiple"))
    paths = [str(tmp_path / name) for name in ("a.txt", "b ü.bin")]
    large = short(b"\0" * 50_000_000)
    task = upload(url, paths)
    task["steps"].append({"wait": {"text": large, "seconds": 60}})
    episode: Episode = await play({**task, "postconditions": [{"text": f"a.txt 3 {short(b'one')}"}]})
    assert episode.outcome is not None and episode.outcome.status == "passed", episode.outcome
    said = [each.detail for each in episode.steps[0].sent if each.event == "upload"]
    assert said[0] == f"a.txt, 3 bytes, sha256 {hashlib.sha256(b'one').hexdigest()}"
    assert said[1].startswith("b ü.bin, 50000000 bytes, sha256 ")


async def test_a_folder_is_uploaded_as_a_whole(play: Any, serve: Any, tmp_path: Path) -> None:
    (tmp_path / "photos" / "sea").mkdir(parents=True)
    (tmp_path / "photos" / "1.txt").write_text("1")
    (tmp_path / "photos" / "sea" / "2.txt").write_text("22")
    url = serve(FORM.replace("{kind}", "webkitdirectory"))
    task = upload(url, str(tmp_path / "photos"), files=[str(tmp_path)])
    episode: Episode = await play(
        {**task, "postconditions": [{"text": "photos/1.txt 1"}, {"text": "photos/sea/2.txt 2"}]}
    )
    assert episode.outcome is not None and episode.outcome.status == "passed", episode.outcome
    given = [each.detail.split(",")[0] for each in episode.steps[0].sent if each.event == "upload"]
    assert given == ["photos/1.txt", "photos/sea/2.txt"]


async def test_files_are_dropped_where_nothing_asks_for_them(play: Any, serve: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two!")
    page = """<body><div id=zone style='width:300px;height:90px;background:#eef'>Drop here</div><p id=not>Not here</p>
      <input type=file hidden><pre id=log>none</pre><script>
      zone.addEventListener('dragover', (e) => { e.preventDefault(); e.stopPropagation() });
      zone.addEventListener('drop', (e) => { e.preventDefault();
        log.textContent = [...e.dataTransfer.files].map(f => `${f.name} ${f.size} ${e.isTrusted}`).join(' / ') })</script>"""
    url = serve(page)
    paths = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    task = {"start": url, "steps": [{"upload": paths, "into": "Drop here"}]}
    episode: Episode = await play({**task, "postconditions": [{"text": "a.txt 3 true / b.txt 4 true"}]})
    assert episode.outcome is not None and episode.outcome.status == "passed", episode.outcome
    assert [each.event for step in episode for each in step.sent][-3:] == ["drop", "upload", "upload"]
    refused: Episode = await play({"start": url, "steps": [{"upload": paths, "into": "Not here"}]})
    assert refused.outcome is not None and "takes none that is dropped" in refused.outcome.message
    left = next(step.left for step in refused if step.error is not None)
    # nor did the browser open them
    assert left is not None and [each.url for each in left.tabs] == [url]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """``mine`` with a file, links that lead out of it and one that stays, ``other`` with a file."""
    for name in ("mine", "other", "mine-too"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cv.txt").write_text(name)
    (tmp_path / "mine" / "out").symlink_to(tmp_path / "other")
    (tmp_path / "mine" / "out.txt").symlink_to(tmp_path / "other" / "cv.txt")
    (tmp_path / "mine" / "same.txt").symlink_to(tmp_path / "mine" / "cv.txt")
    return tmp_path


@pytest.mark.parametrize(
    "path", ["other/cv.txt", "mine/../other/cv.txt", "mine/out.txt", "mine/out/cv.txt", "mine-too/cv.txt", "mine"]
)
async def test_a_file_outside_the_folders_is_refused(play: Any, serve: Any, folders: Path, path: str) -> None:
    url = serve(FORM.replace("{kind}", "webkitdirectory" if path == "mine" else ""))
    mine = str(folders / "mine")
    episode: Episode = await play(upload(url, str(folders / path), files=[mine]))
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.stop) == ("refused", "refused")
    assert mine in episode.outcome.message
    step = episode.steps[-1]
    assert (step.guard.rule, step.guard.allowed, step.action, step.sent) == ("files", False, None, ())


@pytest.mark.parametrize("path", ["mine/cv.txt", "mine/same.txt", "other/../mine/cv.txt"])
async def test_a_file_within_the_folders_is_uploaded(play: Any, serve: Any, folders: Path, path: str) -> None:
    url = serve(FORM.replace("{kind}", ""))
    link = folders / "link"
    link.symlink_to(folders / "mine")
    for allowed in (folders / "mine", link):
        task = upload(url, str(folders / path), files=[str(allowed)])
        name = Path(path).name
        episode: Episode = await play({**task, "postconditions": [{"text": f"{name} 4 {short(b'mine')}"}]})
        assert episode.outcome is not None and episode.outcome.status == "passed", episode.outcome


async def test_no_folder_is_no_file(play: Any, serve: Any, folders: Path) -> None:
    url = serve(FORM.replace("{kind}", ""))
    episode: Episode = await play(upload(url, str(folders / "mine" / "cv.txt"), files=[]))
    assert episode.outcome is not None and episode.outcome.status == "refused"
    with pytest.raises(UsageError, match=r"start\.files"):
        await play(upload(url, "x", files=[str(folders / "nowhere")]))


async def test_a_file_chooser_gets_no_more_than_an_upload(play: Any, serve: Any, folders: Path) -> None:
    steps = [{"answer_dialog": "accept", "files": str(folders / "other" / "cv.txt")}]
    task = {"start": {"url": serve("<p>page"), "files": [str(folders / "mine")]}, "steps": steps}
    episode: Episode = await play(task)
    assert episode.outcome is not None and episode.outcome.status == "refused"


async def test_a_relative_path_is_seen_from_where_we_are(
    play: Any, serve: Any, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders)
    url = serve(FORM.replace("{kind}", ""))
    for path, status in (("mine/cv.txt", "unverified"), ("other/cv.txt", "refused")):
        episode: Episode = await play(upload(url, path, files=["mine"]))
        assert episode.outcome is not None and episode.outcome.status == status
    missing: Episode = await play(upload(url, "mine/nothing.txt"))
    assert missing.outcome is not None and str(Path.cwd()) in (
        missing.outcome.problem.remedy if missing.outcome.problem else ""
    )


def test_of_several_runs_none_can_keep_its_state(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("steps: [{wait: 1}]")
    options = RunOptions(save_state=tmp_path / "state.json", out=tmp_path / "out")
    with pytest.raises(UsageError, match="the state of one run"):
        run_tasks([str(tmp_path)], options, Console(stderr=True))
    assert not (tmp_path / "out").exists()
