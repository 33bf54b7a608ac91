"""Each format out: what was read comes back, what is written is read again, and what is lost is counted."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handeye.episodes.convert.formats import Exported, exporter
from handeye.episodes.convert.outgoing import comment
from handeye.episodes.reader import Episode
from handeye.tools.errors import UsageError

from .made import agentnet, agentnetbench, browseruse, converted, element, osworld, png, true_click, write

SOURCES = [
    "pyautogui.click(x=100, y=50)",
    "pyautogui.moveTo(x=10, y=20)\npyautogui.dragTo(x=30, y=40, button='left')",
    "pyautogui.moveTo(x=10, y=20)\npyautogui.scroll(-3)",
    "pyautogui.hotkey('ctrl', 'c')",
    "pyautogui.press('enter')",
    "pyautogui.write('it\\'s \"quoted\"')",
    "pyautogui.click(x=1, y=2)\npyautogui.write('x')",
    "time.sleep(2)",
    "DONE",
]
PARTS = [
    "pyautogui.click(x=0.3271, y=0.2694)",
    "pyautogui.moveTo(x=0.328, y=0.4697)\npyautogui.dragTo(x=0.5025, y=0.6039, button='left')",
    "pyautogui.moveTo(x=0.7792, y=0.4648)\npyautogui.scroll(-54)",
    "pyautogui.hotkey(keys=['ctrl', 'V'])",
    "pyautogui.press(keys=['enter'])",
    "pyautogui.write(message='SPOTIFY')\npyautogui.press(keys=['enter'])",
    "computer.tripleClick(x=0.5, y=0.5)",
    "pyautogui.rightClick(x=0.5, y=0.5)",
    "computer.wait(seconds=3)",
    "computer.terminate(status='success')",
]


def export(episode: Episode, kind: str, path: Path) -> Exported:
    return exporter(kind).export(episode, path)


def lost(exported: Exported) -> dict[str, int]:
    return {each.what: each.count for each in exported.lost}


def told(episode: Episode) -> list[Any]:
    return [(step.decision.intent, step.action, step.thought) for step in episode]


def test_osworld_comes_back(tmp_path: Path) -> None:
    folder = osworld(tmp_path / "in", SOURCES, first=True)
    write(folder / "result.txt", "0.0")
    write(folder / "task.json", {"instruction": "Do it"})
    episode = converted("osworld", folder, tmp_path / "episode")
    out = export(episode, "osworld", tmp_path / "out").path
    lines = [json.loads(line) for line in (out / "traj.jsonl").read_text().splitlines()]
    sources = [line["action"] for line in lines]
    # acts that were one record are one turn, with a record each, as the runner writes them
    assert sources == [*SOURCES[:6], "pyautogui.click(x=1, y=2)", "pyautogui.write('x')", *SOURCES[7:]]
    assert [line["step_num"] for line in lines] == [1, 2, 3, 4, 5, 6, 7, 7, 8, 9]
    assert set(lines[0]) == {
        "step_num",
        "action_timestamp",
        "action",
        "response",
        "reward",
        "done",
        "info",
        "screenshot_file",
    }
    assert [(out / line["screenshot_file"]).read_bytes() == png(index + 1) for index, line in enumerate(lines[:6])] == [
        True
    ] * 6
    (first,) = out.glob("step_0_*.png")
    assert first.read_bytes() == png(0) and (out / "result.txt").read_text() == "0.0\n"
    again = converted("osworld", out, tmp_path / "again")
    assert told(again) == told(episode) and again.header.task.goal == "Do it"
    assert again.outcome is not None and again.outcome.status == "failed"
    frames = [[step.saw.frame.sha256 for step in each] for each in (episode, again)]
    assert frames[0][:7] == frames[1][:7]


def test_agentnet_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", PARTS)
    episode = converted("agentnet", folder, tmp_path / "episode")
    out = export(episode, "agentnet", tmp_path / "out").path
    before = json.loads((folder / "agentnet.jsonl").read_text())
    after = json.loads((out / "agentnet.jsonl").read_text())
    assert [each["value"] for each in after["traj"]] == [each["value"] for each in before["traj"]]
    assert {key: each for key, each in after.items() if key != "traj"} == {
        key: each for key, each in before.items() if key != "traj"
    }
    for was, now in zip(before["traj"], after["traj"], strict=True):
        assert (folder / "images" / was["image"]).read_bytes() == (out / "images" / now["image"]).read_bytes()
    again = converted("agentnet", out, tmp_path / "again")
    assert told(again) == told(episode)


def test_one_format_becomes_another(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"action": "pyautogui.click(x=0.5, y=0.25)", "ground_truth_actions": [true_click(0.5, 0.25)]},
        {"action": "computer.terminate(status='success')"},
    ]
    episode = converted("agentnetbench", agentnetbench(tmp_path / "in", steps), tmp_path / "episode")
    again = converted("osworld", export(episode, "osworld", tmp_path / "osworld").path, tmp_path / "again")
    assert [step.decision.intent for step in again] == [step.decision.intent for step in episode]
    assert [step.saw.frame.pixel_hash for step in again] == [step.saw.frame.pixel_hash for step in episode]


def test_a_step_without_its_screenshot_is_left_out_of_agentnet_and_counted(tmp_path: Path) -> None:
    episode = converted("osworld", osworld(tmp_path / "in", SOURCES[:3]), tmp_path / "episode")
    exported = export(episode, "agentnet", tmp_path / "out")
    assert lost(exported)["a step without a screenshot before it"] == 1
    row = json.loads((exported.path / "agentnet.jsonl").read_text())
    assert len(row["traj"]) == 2 and row["traj"][0]["value"]["code"].startswith("pyautogui.moveTo(x=0.0312, y=0.1)")


def test_what_pyautogui_has_no_words_for_is_a_comment_and_counted(tmp_path: Path) -> None:
    history = browseruse(
        [
            {
                "action": [{"navigate": {"url": "http://x.example/\nimport os"}}, {"click": {"index": 1}}],
                "elements": [None, element("a", "Home\nimport os")],
            }
        ]
    )
    episode = converted("browseruse", write(tmp_path / "h.json", history), tmp_path / "episode")
    exported = export(episode, "osworld", tmp_path / "out")
    lines = [json.loads(line)["action"] for line in (exported.path / "traj.jsonl").read_text().splitlines()]
    assert all(line.startswith("# ") and ast.parse(line).body == [] for line in lines)
    counts = lost(exported)
    assert counts["navigate: pyautogui has no words for it (a comment)"] == 1
    assert counts["click: pyautogui has no words for it (a comment)"] == 1


@pytest.mark.parametrize("kind", ["osworld", "agentnet", "playwright", "recorder"])
def test_what_is_there_is_not_written_over(kind: str, tmp_path: Path) -> None:
    history = browseruse([{"action": [{"go_back": {}}], "screenshot_path": "step_1.png"}])
    write(tmp_path / "in" / "step_1.png", png(0))
    write(tmp_path / "in" / "h.json", history)
    episode = converted("browseruse", tmp_path / "in", tmp_path / "episode")
    place = tmp_path / "out"
    place.mkdir()
    write(place / "mine", "x")
    with pytest.raises(UsageError, match="exists already"):
        export(episode, kind, place)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["episode", "in", "out"]


@pytest.mark.parametrize("kind", ["playwright", "recorder"])
def test_a_desktop_is_no_browser(kind: str, tmp_path: Path) -> None:
    episode = converted("osworld", osworld(tmp_path / "in", SOURCES[:1]), tmp_path / "episode")
    with pytest.raises(UsageError, match="browser"):
        export(episode, kind, tmp_path / "out")


TURN = [
    {"navigate": {"url": "http://site.example/0/x"}},
    {"input": {"index": 1, "text": "<secret>password</secret>\n"}},
    {"click": {"index": 2}},
    {"select_dropdown": {"index": 3, "text": "Norway"}},
    {"scroll": {"down": True, "pages": 1}},
    {"send_keys": {"keys": "Control+a"}},
]
ELEMENTS = [
    None,
    element("input", "Password", type="password"),
    element("button", 'Say "hi"\\'),
    element("select", "Country"),
    None,
    None,
]


def test_playwright_reads_secrets_from_the_environment(tmp_path: Path) -> None:
    file = write(tmp_path / "h.json", browseruse([{"action": TURN, "elements": ELEMENTS}]))
    text = export(
        converted("browseruse", file, tmp_path / "episode"), "playwright", tmp_path / "out.py"
    ).path.read_text()
    ast.parse(text)
    assert "page.get_by_role('textbox', name='Password', exact=True).fill(os.environ['PASSWORD'])" in text
    assert "page.get_by_role('button', name='Say \"hi\"\\\\', exact=True).click()" in text
    assert "page.get_by_role('combobox', name='Country', exact=True).select_option(['Norway'])" in text
    assert "page.goto(BASE + '/0/x')" in text and "page.keyboard.press('Control+a')" in text
    assert "<secret:" not in "".join(line for line in text.splitlines() if not line.strip().startswith("#"))


def test_the_recorder_gets_steps_that_its_schema_knows(tmp_path: Path) -> None:
    file = write(tmp_path / "h.json", browseruse([{"action": TURN, "elements": ELEMENTS}]))
    exported = export(converted("browseruse", file, tmp_path / "episode"), "recorder", tmp_path / "out.json")
    flow = json.loads(exported.path.read_text())
    assert flow["title"] == "Buy a mug"
    kinds = [step["type"] for step in flow["steps"]]
    assert kinds[:4] == ["setViewport", "navigate", "navigate", "click"]
    assert kinds.count("keyDown") == kinds.count("keyUp") == 3
    change = next(step for step in flow["steps"] if step["type"] == "change")
    assert change["selectors"][0] == ['aria/Password[role="textbox"]'] and change["value"] == "<secret:password>"
    button = [step for step in flow["steps"] if step["type"] == "click"][1]
    # brackets and quotes in a name would be read as a query
    assert button["selectors"] == [['text/Say "hi"\\']]
    assert all(isinstance(step.get("offsetX", 1.0), float) for step in flow["steps"])
    assert "secrets are placeholders" in exported.note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=30), title=st.text(max_size=30))
def test_no_text_of_a_page_becomes_code(name: str, title: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    turn = {
        "action": [{"click": {"index": 1}}, {"input": {"index": 1, "text": title}}],
        "elements": [element("button", name or "x")] * 2,
    }
    history = browseruse([turn])
    history["history"][0]["state_message"] = f'<user_request>{title}"""\nimport evil</user_request>'
    file = write(folder / "h.json", json.dumps(history))
    text = export(converted("browseruse", file, folder / "episode"), "playwright", folder / "out.py").path.read_text(
        encoding="utf-8"
    )
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"os", "re"}
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert all(
        each.startswith(("page", "os.environ", "sync_playwright", "playwright", "browser", "play", "test_", "expect"))
        for each in calls
    )


@given(st.text())
@example("a\0b")
@example("a\x1bb\x85c\u2028d\x0ce\rf")
def test_a_comment_is_one_line_whatever_stands_in_it(text: str) -> None:
    assert ast.parse(comment(text)).body == [] and len(comment(text).splitlines()) == 1
