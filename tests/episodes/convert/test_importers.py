"""Each format in: what was before and after an act, where it was, what is said of what is lost."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from handeye.episodes.convert.files import open_files
from handeye.episodes.convert.formats import importer
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Absent, Step
from handeye.tools.actions import (
    Answer,
    Back,
    Click,
    Done,
    Drag,
    Fail,
    Key,
    Navigate,
    NewTab,
    Read,
    Scroll,
    Select,
    SwitchTab,
    Target,
    Type,
    Wait,
)
from handeye.tools.geometry import Point
from handeye.tools.pixels import Frame

from .made import (
    HEIGHT,
    WIDTH,
    agentnet,
    agentnetbench,
    browseruse,
    converted,
    element,
    osworld,
    pixels,
    png,
    screenagent,
    true_click,
    write,
)


def at(x: float, y: float) -> Point:
    return Point(x=x, y=y)


def shows(frame: Frame, number: int) -> bool:
    return bool(np.array_equal(frame.pixels, pixels(number)))


def lost(episode: Episode) -> dict[str, int]:
    assert episode.header.imported is not None
    return {each.what: each.count for each in episode.header.imported.lost}


def missing(episode: Episode) -> dict[str, str]:
    assert episode.header.imported is not None
    return episode.header.imported.missing


def acts(episode: Episode) -> list[Any]:
    return [step.decision.intent for step in episode]


def left(step: Step) -> Frame:
    assert step.left is not None
    return step.left.frame


# OSWorld


def test_osworld_screenshots_are_after_the_act(tmp_path: Path) -> None:
    folder = osworld(
        tmp_path / "in", ["pyautogui.click(100, 50)", "pyautogui.write('x', interval=0.1)", "DONE"], first=True
    )
    write(folder / "result.txt", "1.0\n")
    write(folder / "task.json", {"id": "1", "instruction": "Type x"})
    episode = converted("osworld", folder, tmp_path / "out")
    assert acts(episode) == [Click(at=at(100, 50)), Type(text="x"), Done()]
    assert [step.action for step in episode][:2] == acts(episode)[:2] and episode.steps[2].action is None
    assert [shows(step.saw.frame, index) for index, step in enumerate(episode)] == [True] * 3
    assert shows(left(episode.steps[0]), 1) and shows(left(episode.steps[1]), 2)
    assert episode.steps[0].saw.frame.png == png(0), "a PNG is kept as it is"
    assert [seen.at for seen in episode.observations.values()] == [0, 0, 1, 2]
    assert episode.header.created.startswith("2024-06-17T12:00:01")
    assert episode.header.policy == "imported from osworld" and episode.header.task.goal == "Type x"
    assert episode.outcome is not None and (episode.outcome.status, episode.outcome.stop) == ("passed", "done")
    assert episode.outcome.message == "OSWorld's evaluator: 1" and lost(episode) == {"interval: the pace of the act": 1}
    assert episode.steps[0].saw.tree.missing == "osworld records none" and "tree" in missing(episode)
    assert episode.warnings == []


def test_osworld_without_step_0_says_so_and_shows_no_other_picture_for_it(tmp_path: Path) -> None:
    episode = converted("osworld", osworld(tmp_path / "in", ["pyautogui.click(100, 50)", "FAIL"]), tmp_path / "out")
    before = episode.steps[0].saw
    assert before.stand_in and (before.frame.width, before.frame.height) == (WIDTH, HEIGHT)
    assert len(np.unique(before.frame.pixels)) == 1
    assert "first frame" in missing(episode) and "goal" in missing(episode)
    assert before.events[0].kind == "no screenshot"
    assert episode.steps[0].action == Click(at=at(100, 50)) and episode.steps[0].evidence == ()
    assert not left(episode.steps[0]).same_as(before.frame) and shows(left(episode.steps[0]), 1)
    # of an infeasible task giving up is right: only the evaluator knows
    assert episode.outcome is not None and (episode.outcome.status, episode.outcome.stop) == ("unverified", "fail")


def test_osworld_acts_that_share_a_screenshot_were_decided_on_one(tmp_path: Path) -> None:
    actions = ["pyautogui.click(1, 2)", "pyautogui.press('a')", "pyautogui.press('b')"]
    episode = converted("osworld", osworld(tmp_path / "in", actions, first=True, shared=True), tmp_path / "out")
    assert [step.saw.id for step in episode] == ["o0000"] * 3
    assert [step.left and step.left.id for step in episode] == [None, None, "o0001"]
    assert lost(episode) == {"a screenshot between acts that share one": 2}
    assert [step.unknown for step in episode] == [False] * 3


def test_osworld_one_record_of_several_acts_is_several_steps(tmp_path: Path) -> None:
    source = "import pyautogui\nimport time\npyautogui.click(10, 20)\ntime.sleep(0.5)\npyautogui.hotkey('ctrl', 'a')"
    episode = converted("osworld", osworld(tmp_path / "in", [source], first=True), tmp_path / "out")
    assert acts(episode) == [Click(at=at(10, 20)), Wait(seconds=0.5), Key(keys=("Control+a",))]
    origins = [step.origin for step in episode]
    assert [(each.record, each.part, each.parts) for each in origins if each] == [(0, 0, 3), (0, 1, 3), (0, 2, 3)]
    assert origins[0] is not None and isinstance(origins[0].value, dict) and origins[0].value["action"] == source


def test_osworld_computer_13_and_tool_calls(tmp_path: Path) -> None:
    actions = [
        {"action_type": "CLICK", "x": 10, "y": 20, "button": "right", "num_clicks": 2},
        {"action_type": "MOVE_TO", "parameters": {"x": 1, "y": 2}},
        {"action_type": "DRAG_TO", "x": 30, "y": 40},
        {"action_type": "SCROLL", "dx": 0, "dy": -2},
        {"action_type": "TYPING", "text": "hey"},
        {"action_type": "HOTKEY", "keys": ["ctrl", "c"]},
        {"name": "computer", "input": {"action": "left_click"}, "command": "pyautogui.click(5, 6)"},
        {"action_type": "DONE"},
    ]
    episode = converted("osworld", osworld(tmp_path / "in", actions, first=True), tmp_path / "out")
    assert acts(episode)[0] == Click(at=at(10, 20), button="right", count=2)
    assert acts(episode)[2:] == [
        Drag(path=(at(1, 2), at(30, 40))),
        Scroll(at=at(30, 40), dy=200),
        Type(text="hey"),
        Key(keys=("Control+c",)),
        Click(at=at(5, 6)),
        Done(),
    ]


def test_what_no_verb_says_is_an_event_and_the_rest_goes_on(tmp_path: Path) -> None:
    actions = [
        "pyautogui.click(1, 2)",
        "for i in range(3):\n    pyautogui.press('x')",
        "pyautogui.click(9999, 2)",
        "DONE",
    ]
    episode = converted("osworld", osworld(tmp_path / "in", actions, first=True), tmp_path / "out")
    assert acts(episode) == [Click(at=at(1, 2)), Done()]
    events = {seen.id: [event.detail for event in seen.events] for seen in episode.observations.values() if seen.events}
    assert list(events) == ["o0002", "o0003"]
    assert "record 1: line 1: a loop is not read" in events["o0002"][0] and "range(3)" in events["o0002"][0]
    assert "lies outside the screen of 320x200" in events["o0003"][0]
    assert lost(episode)["not translated: a loop"] == 1
    assert [step.saw.id for step in episode] == ["o0000", "o0003"], (
        "the next act was decided on what the untold one left"
    )


# AgentNet


def test_agentnet_images_are_before_the_act_and_coordinates_are_parts(tmp_path: Path) -> None:
    codes = [
        "pyautogui.click(x=0.5, y=0.25)",
        "pyautogui.moveTo(x=0.1, y=0.1)\npyautogui.dragTo(x=1.0, y=0.5, button='left')",
        "computer.terminate(status='success')",
    ]
    episode = converted("agentnet", agentnet(tmp_path / "in", codes), tmp_path / "out")
    assert acts(episode) == [Click(at=at(160, 50)), Drag(path=(at(32, 20), at(319.5, 100))), Done()]
    assert [shows(step.saw.frame, index) for index, step in enumerate(episode)] == [True] * 3
    assert shows(left(episode.steps[0]), 1) and episode.steps[2].left == episode.steps[2].saw
    assert [step.thought for step in episode] == ["thought 0", "thought 1", "thought 2"]
    assert episode.header.task.goal == "Do it"
    assert episode.header.imported is not None and episode.header.imported.fields["alignment_score"] == 8
    assert episode.outcome is not None and episode.outcome.status == "unverified" and "judge" in episode.outcome.message
    origin = episode.steps[0].origin
    assert origin is not None and origin.words == "Click thing 0"
    inner = origin.value["value"] if isinstance(origin.value, dict) else None
    assert isinstance(inner, dict) and inner["reflection"] == "r"


def test_agentnet_many_lines_and_one_in_a_zip(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", ["pyautogui.click(x=0.5, y=0.5)"])
    line = (folder / "agentnet.jsonl").read_text()
    write(folder / "agentnet.jsonl", line + "\n" + line.replace('"task_id": "t"', '"task_id": "u"'))
    assert [each.name for each in importer("opencua").sessions(open_files(folder))] == ["t", "u"]
    assert [each.name for each in importer("agentnet").sessions(open_files(folder / "agentnet.jsonl"))] == ["t", "u"]
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as packed:
        for file in folder.rglob("*.*"):
            packed.write(file, f"data/{file.relative_to(folder)}")
    first, _ = importer("agentnet").sessions(open_files(tmp_path / "in.zip"))
    recording = first.read()
    assert not isinstance(recording.looks[0].picture, str) and recording.looks[0].picture.size == (WIDTH, HEIGHT)


def test_a_picture_that_is_not_there_is_told_from_one_that_is(tmp_path: Path) -> None:
    folder = agentnet(tmp_path / "in", ["pyautogui.click(x=0.5, y=0.5)", "computer.terminate(status='failure')"])
    (folder / "images" / "t_1.png").unlink()
    episode = converted("agentnet", folder, tmp_path / "out")
    assert [seen.stand_in for seen in episode.observations.values()] == ["", "the picture t_1.png is not there"]
    assert missing(episode)["frames"].startswith("1 of 2 looks")
    assert isinstance(episode.steps[1].decision.intent, Fail)


# AgentNetBench


def test_agentnetbench_keeps_its_truth_and_the_boxes_stand_at_the_target(tmp_path: Path) -> None:
    options = [[true_click(0.9, 0.9)]]
    steps: list[dict[str, Any]] = [
        {
            "action": "pyautogui.click(x=0.5, y=0.25)",
            "ground_truth_actions": [true_click(0.5, 0.25, [0.45, 0.2, 0.1, 0.1])],
            "alternative_options": options,
            "inner_monologue": {"thought": "because", "low_level_instruction": "Click the button"},
            "milestone": True,
        },
        {"action": "pyautogui.hotkey(keys=['ctrl', 'V'])", "ground_truth_actions": [], "step_num": 5},
        {"action": "computer.terminate(status='success')", "ground_truth_actions": [], "step_num": 6},
    ]
    info = {"system": "Windows"}
    episode = converted("agentnetbench", agentnetbench(tmp_path / "in", steps, meta_info=info), tmp_path / "out")
    assert acts(episode) == [Click(at=at(160, 50)), Key(keys=("Control+V",)), Done()]
    first = episode.steps[0]
    (evidence,) = first.evidence
    assert (evidence.box.left, evidence.box.top, evidence.box.width, evidence.box.height) == (144, 40, 32, 20)
    assert np.array_equal(evidence.crop.pixels, first.saw.frame.crop(evidence.crop_box).pixels)
    assert (
        first.origin is not None and first.origin.words == "Click the button" and isinstance(first.origin.value, dict)
    )
    assert first.origin.value["alternative_options"] == options and first.origin.value["milestone"] is True
    assert first.thought == "because" and first.left is None, "steps between 0 and 5 were left out"
    assert episode.steps[1].left is not None
    assert lost(episode) == {"steps that the benchmark leaves out between two of its own": 1}
    assert episode.header.environment["system"] == "Windows" and episode.header.task.goal == "Find it"


def test_each_end_of_a_drag_has_its_own_true_box(tmp_path: Path) -> None:
    truth = [
        true_click(0.1, 0.1, [0.05, 0.05, 0.1, 0.1], "moveTo"),
        true_click(0.5, 0.5, [0.45, 0.45, 0.1, 0.1], "dragTo"),
    ]
    source = "pyautogui.moveTo(x=0.1, y=0.1)\npyautogui.dragTo(x=0.5, y=0.5, button='left')"
    steps: list[dict[str, Any]] = [{"action": source, "ground_truth_actions": truth}]
    episode = converted("agentnetbench", agentnetbench(tmp_path / "in", steps), tmp_path / "out")
    assert [each.box.left for each in episode.steps[0].evidence] == [16, 144]


def test_agentnetbench_minimal_files_have_only_the_truth(tmp_path: Path) -> None:
    truth = [
        true_click(0.1, 0.1, kind="moveTo"),
        {"type": "scroll", "params": {"position": {"x": 0.1, "y": 0.1}, "amount": -3}},
    ]
    steps: list[dict[str, Any]] = [
        {"ground_truth_actions": [true_click(0.5, 0.5, kind="tripleClick")]},
        {"ground_truth_actions": truth},
        {"ground_truth_actions": [{"type": "write", "params": {"content": "a\n"}}]},
        {"ground_truth_actions": [{"type": "press", "params": {"keys": ["enter"]}}]},
        {"ground_truth_actions": [{"type": "terminate", "params": {"status": "success"}}]},
    ]
    episode = converted("agentnetbench", agentnetbench(tmp_path / "in", steps), tmp_path / "out")
    assert acts(episode) == [
        Click(at=at(160, 100), count=3),
        Scroll(at=at(32, 20), dy=300),
        Type(text="a\n"),
        Key(keys=("Enter",)),
        Done(),
    ]


# ScreenAgent

PLAN = {"actions": [{"action_type": "PlanAction", "element": "打开"}, {"action_type": "PlanAction", "element": "关闭"}]}
GOOD = {"actions": [{"action_type": "EvaluateSubTaskAction", "situation": "sub_task_success"}]}


def mouse(kind: str, x: int | None = None, y: int | None = None, **more: Any) -> dict[str, Any]:
    where = {"mouse_position": {"width": x, "height": y}} if x is not None else {}
    return {"action_type": "MouseAction", "mouse_action_type": kind, **where, **more}


def test_screenagent_plans_and_judgements_are_no_acts(tmp_path: Path) -> None:
    area = {"upper_left_position": {"width": 90, "height": 40}, "lower_right_position": {"width": 120, "height": 60}}
    acting = {
        "actions": [
            mouse("click", 100, 50, mouse_button="left", clickable_area=area),
            {"action_type": "KeyboardAction", "keyboard_action_type": "text", "keyboard_text": "今日"},
            {"action_type": "KeyboardAction", "keyboard_key": "Return"},
        ]
    }
    negative = {
        "_as": "_neg_eval",
        "actions": [{"action_type": "EvaluateSubTaskAction", "situation": "need_retry", "advice": "no"}],
    }
    dragging = {"actions": [mouse("drag", 10, 20, mouse_button="left")]}
    episode = converted(
        "screenagent", screenagent(tmp_path / "in", [PLAN, acting, GOOD, negative, dragging, GOOD]), tmp_path / "out"
    )
    assert acts(episode) == [
        Click(at=at(100, 50)),
        Type(text="今日"),
        Key(keys=("Enter",)),
        Drag(path=(at(100, 50), at(10, 20))),
    ]
    assert episode.header.task.goal == "把网页放大"
    seen = list(episode.observations.values())
    assert [[event.kind for event in each.events] for each in seen] == [["plan"], [], ["evaluated"], [], ["evaluated"]]
    assert seen[0].events[0].detail == "1. 打开\n2. 关闭"
    assert [step.saw.id for step in episode] == ["o0001"] * 3 + ["o0003"]
    assert episode.steps[2].left is not None and episode.steps[2].left.id == "o0002"
    assert episode.header.imported is not None and episode.header.imported.lossy
    assert episode.header.imported.fields["task_prompt_en"] == "Enlarge the page"
    assert (
        episode.outcome is not None and episode.outcome.stop == "done" and "all 2 subtasks" in episode.outcome.message
    )
    assert "negative example" in next(iter(lost(episode)))
    assert episode.steps[0].evidence[0].box.left == 90
    assert episode.steps[0].thought == "我点击按钮"


def test_jpeg_frames_hold_exactly_what_they_decode_to(tmp_path: Path) -> None:
    from PIL import Image

    folder = screenagent(tmp_path / "in", [{"actions": [mouse("click", 1, 2)]}])
    episode = converted("screenagent", folder, tmp_path / "out")
    (file,) = (folder / "images").iterdir()
    with Image.open(file) as image:
        assert np.array_equal(episode.steps[0].saw.frame.pixels, np.asarray(image.convert("RGB")))
    assert episode.steps[0].saw.frame.png.startswith(b"\x89PNG")


def test_screenagent_keys_wheels_and_a_screenshot_of_another_size(tmp_path: Path) -> None:
    actions = [
        mouse("move", 320, 200),
        mouse("scroll_down", scroll_repeat=10),
        mouse("scroll_up"),
        {
            "action_type": "KeyboardAction",
            "keyboard_action_type": "press",
            "keyboard_key": ["Control_L", "Shift_L", "`"],
        },
        {"action_type": "KeyboardAction", "keyboard_action_type": "press", "keyboard_key": "Ctrl+S"},
        {"action_type": "KeyboardAction", "keyboard_action_type": "press", "keyboard_key": "Page_Up"},
        {"action_type": "KeyboardAction", "keyboard_action_type": "input", "keyboard_input": "x"},
        {"action_type": "WaitAction", "wait_time": 2},
    ]
    turn = {"actions": actions, "video_width": 2 * WIDTH, "video_height": 2 * HEIGHT}
    episode = converted("screenagent", screenagent(tmp_path / "in", [turn]), tmp_path / "out")
    assert acts(episode) == [
        Scroll(at=at(160, 100), dy=1000),
        Scroll(at=at(160, 100), dy=-100),
        Key(keys=("Control+Shift+`",)),
        Key(keys=("Control+S",)),
        Key(keys=("PageUp",)),
        Type(text="x"),
        Wait(seconds=2),
    ]


def test_screenagent_actions_that_nobody_parsed_are_read_off_the_answer(tmp_path: Path) -> None:
    answer = '好的\n```json\n[{"action\\_type":"MouseAction","mouse\\_action\\_type":"click","mouse_position":{"width":3,"height":4}}]\n```'
    episode = converted(
        "screenagent", screenagent(tmp_path / "in", [{"LLM_response_editer": answer}]), tmp_path / "out"
    )
    assert acts(episode) == [Click(at=at(3, 4))] and episode.steps[0].thought == "好的"


# browser-use


def test_browseruse_names_what_it_has_no_coordinates_of(tmp_path: Path) -> None:
    turns: list[dict[str, Any]] = [
        {"action": [{"navigate": {"url": "http://site.example/", "new_tab": False}}]},
        {
            "action": [
                {"input": {"index": 3, "text": "<secret>mail</secret>", "clear": True}},
                {"click": {"index": 4}},
            ],
            "elements": [element("input", None, placeholder="Your mail", type="email"), element("button", "Sign in")],
        },
        {"action": [{"select_dropdown": {"index": 7, "text": "Norway"}}], "elements": [element("select", "Country")]},
        {"action": [{"extract": {"query": "the price"}}], "result": [{"extracted_content": "£12"}]},
        {
            "action": [{"done": {"text": "It costs £12", "success": True}}],
            "result": [
                {"is_done": True, "success": True, "extracted_content": "It costs £12", "judgement": {"verdict": False}}
            ],
        },
    ]
    file = write(tmp_path / "in" / "history.json", browseruse(turns))
    for index in range(4):
        write(tmp_path / "in" / "screenshots" / f"step_{index + 1}.png", png(index))
    episode = converted("browser-use", file, tmp_path / "out")
    mail, button = Target(description="Your mail", role="textbox"), Target(description="Sign in", role="button")
    assert acts(episode) == [
        Navigate(url="http://site.example/"),
        Type(text="<secret:mail>", at=mail, replace=True),
        Click(at=button),
        Select(at=Target(description="Country", role="combobox"), options=("Norway",)),
        Read(name="the price", value="£12"),
        Answer(text="It costs £12"),
    ]
    assert [step.action for step in episode][:3] == [Navigate(url="http://site.example/"), None, None]
    located = episode.steps[2].located
    assert located == (Absent(target=button, note="browser-use records no coordinates of an act on an element"),)
    assert "points" in missing(episode) and episode.header.task.goal == "Buy a mug"
    assert [shows(step.saw.frame, index) for step, index in zip(episode, (0, 1, 1, 2, 3), strict=False)] == [True] * 5
    assert (
        "lies outside the recording's folder" in episode.steps[5].saw.stand_in
        and "--pictures" in episode.steps[5].saw.stand_in
    )
    assert episode.steps[0].left is not None and episode.steps[0].left.url == "http://site.example/1"
    assert episode.steps[1].left is None and episode.steps[2].left is not None
    assert [seen.at for seen in episode.observations.values()] == [0, 5, 10, 15, 20] and episode.steps[0].seconds == 3
    assert episode.header.redactions == ("mail",) and episode.header.task.secrets == {"mail": "MAIL"}
    assert episode.outcome is not None and episode.outcome.answer == "It costs £12"
    assert episode.outcome.status == "unverified" and "its judge (a model) says failure" in episode.outcome.message


def test_browseruse_old_names_errors_and_what_was_not_carried_out(tmp_path: Path) -> None:
    picture = base64.b64encode(png(1)).decode()
    turns: list[dict[str, Any]] = [
        {
            "action": [
                {"go_to_url": {"url": "http://site.example/"}, "done": None},
                {"open_tab": {"url": "http://other.example/"}},
                {"scroll_down": {"amount": 300}},
                {"switch_tab": {"page_id": 0}},
                {"go_back": {}},
                {"send_keys": {"keys": "Control+Shift+T"}},
                {"search_google": {"query": "blue mug"}},
                {"write_file": {"file_name": "todo.md", "content": "x"}},
                {"click_element_by_index": {"index": 1}},
                {"wait": {"seconds": 2}},
            ],
            "elements": [None] * 8
            + [{"tag_name": "a", "xpath": "html/body/a", "attributes": {"href": "/", "aria-label": "Home"}}, None],
            "result": [{}] * 8 + [{"error": "Element 1 vanished"}],
        }
    ]
    history = browseruse(turns)
    history["history"][0]["state"]["screenshot"] = picture
    episode = converted("browseruse", write(tmp_path / "h.json", history), tmp_path / "out")
    assert acts(episode) == [
        Navigate(url="http://site.example/"),
        NewTab(url="http://other.example/"),
        Scroll(dy=300),
        SwitchTab(tab="0"),
        Back(),
        Key(keys=("Control+Shift+T",)),
        Navigate(url="https://www.google.com/search?udm=14&q=blue+mug"),
        Click(at=Target(description="Home", role="link")),
    ]
    error = episode.steps[-1].error
    assert error is not None and error.message == "Element 1 vanished" and shows(episode.steps[0].saw.frame, 1)
    events = [event.detail for event in next(iter(episode.observations.values())).events]
    assert "write_file has no verb" in events[0] and "not carried out" in events[1]
    origin = episode.steps[0].origin
    assert origin is not None and picture not in json.dumps(origin.value)


def test_browseruse_a_click_at_coordinates_has_its_point(tmp_path: Path) -> None:
    turn: dict[str, Any] = {
        "action": [{"click": {"coordinate_x": 10, "coordinate_y": 20}}],
        "result": [{"metadata": {"click_x": 15, "click_y": 30}}],
    }
    file = write(tmp_path / "h.json", browseruse([turn]))
    write(tmp_path / "elsewhere" / "step_1.png", png(0))
    episode = converted("browseruse", file, tmp_path / "out", pictures=tmp_path / "elsewhere")
    assert episode.steps[0].action == Click(at=at(15, 30)) and episode.steps[0].saw.stand_in == ""
