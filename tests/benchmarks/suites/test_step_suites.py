"""Every suite of questions on data in its schema: read, asked, scored, kept on disk, gone on with, and told what is wrong with it."""

from __future__ import annotations

import asyncio
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image
from rich.console import Console

from handeye.benchmarks.bench_steps import Answered, StepWords, run_steps
from handeye.benchmarks.report.compare import compare
from handeye.benchmarks.report.figures import summary_json
from handeye.benchmarks.report.markdown import markdown
from handeye.benchmarks.report.read import FIGURES, read_run
from handeye.benchmarks.report.terminal import show
from handeye.benchmarks.suites.made import HEIGHT, MAKERS, WIDTH, make, png
from handeye.benchmarks.suites.problems import DataRefused
from handeye.benchmarks.suites.reading import MADE, open_data
from handeye.benchmarks.suites.step_names import open_steps
from handeye.benchmarks.suites.steps import Choice
from handeye.episodes.schema import Absent, Decision, Item, Prediction, ScoringHeader
from handeye.episodes.scores import LINES, read_scores
from handeye.tools.actions import Click, Drag, Fail, Key, Target, Type, Wait
from handeye.tools.errors import HandeyeError, ModelError, UnknownName, UsageError
from handeye.tools.geometry import Point

COUNT = 48
SUITES = sorted(MAKERS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Data of each suite, made once."""
    root = tmp_path_factory.mktemp("made")

    def of(name: str) -> Path:
        folder = root / name
        return folder if folder.exists() else make(name, folder, COUNT)

    return of


async def run(name: str, folder: Path, out: Path | None = None, **words: Any) -> Answered:
    data = open_data(str(folder))
    given = StepWords(data=str(folder), **words)
    return await run_steps(name, open_steps(name, data, given.choice.options), data, given, out)


def shown(report: Answered) -> str:
    console = Console(record=True, width=220, file=io.StringIO())
    show(report.summary, console)
    return console.export_text()


@pytest.mark.parametrize("name", SUITES)
async def test_an_oracle_scores_exactly_one_and_who_knows_nothing_hardly_anything(
    name: str, made: Callable[[str], Path]
) -> None:
    oracle = await run(name, made(name), policy="oracle")
    assert oracle.summary.planned == oracle.summary.rows == COUNT and not oracle.summary.all.infrastructure
    for rule, mean in oracle.summary.all.means.items():
        assert mean.mean == 1.0, rule
    for policy in ("random", "centre"):
        report = await run(name, made(name), policy=policy)
        rate = report.summary.all.first.mean
        assert rate is not None and rate <= 0.15
    told = shown(oracle)
    assert "not run on real images" in told
    assert "100.0 %" in told and "95 %" in told and oracle.summary.header.versions["handeye"] in told


def silly(item: Item) -> list[Prediction]:
    """Answers that nobody would call right."""
    away = Point(x=-5, y=1e9)
    return [
        Prediction(item=item.id, failed="parse", error="no words"),
        Prediction(item=item.id, failed="action", error="it cannot be done"),
        Prediction(item=item.id, point=away),
        Prediction(item=item.id, points=(away,) * 50, point=away),
        Prediction(item=item.id, decision=Decision(intent=Drag(path=(away, away))), action=Drag(path=(away, away))),
        Prediction(item=item.id, decision=Decision(intent=Click(at=Target(description="it"))), error="it is not found"),
        Prediction(item=item.id, decision=Decision(intent=Key(keys=("F9",))), action=Key(keys=("F9",))),
        Prediction(item=item.id, decision=Decision(intent=Type(text="ZZZ" * 90)), action=Type(text="ZZZ" * 90)),
    ]


@pytest.mark.parametrize("name", [each for each in SUITES if each != "screenagent"])
def test_silly_answers_are_worth_nothing(name: str, made: Callable[[str], Path]) -> None:
    suite = open_steps(name, open_data(str(made(name))), {})
    for item in suite.items():
        for answer in silly(item):
            score = suite.match(item, answer)
            assert score.parts["strict"] == 0, (item.id, answer)
            assert score.value < 1, (item.id, answer)
            assert score.success is not True


async def test_official_and_strict_differ_where_the_official_rule_has_a_hole(made: Callable[[str], Path]) -> None:
    suite = open_steps("cuactspot", open_data(str(made("cuactspot"))), {})
    grid = tuple(Point(x=x, y=y) for x in range(0, WIDTH - 3, 3) for y in range(0, HEIGHT - 3, 3))
    scores = [
        suite.match(item, Prediction(item=item.id, point=grid[0], points=grid))
        for item in suite.items()
        if item.groups["order"] == "any"
    ]
    assert scores and all(each.value == 1 for each in scores)
    assert all(each.parts["strict"] == 0 for each in scores)


def test_a_refusal_must_refuse(made: Callable[[str], Path]) -> None:
    suite = open_steps("osworld-g", open_data(str(made("osworld-g"))), {})
    items = [item for item in suite.items() if item.groups["box"] == "refusal"]
    absent = Absent(target=Target(description="it"))
    for item in items:
        assert suite.match(item, Prediction(item=item.id, located=(absent,), error="it is absent")).value == 1
        assert suite.match(item, Prediction(item=item.id, decision=Decision(intent=Fail(reason="gone")))).value == 1
        assert suite.match(item, Prediction(item=item.id, point=Point(x=3, y=3))).value == 0
        # what does not parse refuses nothing
        assert suite.match(item, Prediction(item=item.id, failed="parse", error="?")).value == 0
    assert items


class Answering(BaseHTTPRequestHandler):
    """A model's server that knows where things are by their names, presses Back whatever is to be done, and is sometimes at a loss."""

    protocol_version = "HTTP/1.1"
    said: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "phi-4", "object": "model", "owned_by": "vllm"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        names = re.findall(r"thing (\d+)", body)
        text = self.said.get(names[-1], "") if names else '{"thought": "", "action": {"verb": "back"}}'
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self._send({"model": "phi-4", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})

    def _send(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def server() -> Iterator[str]:
    """Its address."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/v1"
    running.shutdown()
    thread.join()
    running.server_close()


async def test_a_model_over_http_is_asked_where_things_are(server: str, tmp_path: Path) -> None:
    folder = make("osworld-g", tmp_path / "data", 12)
    rows = json.loads((folder / "OSWorld-G.json").read_text())
    Answering.said = {}
    for index, row in enumerate(rows):
        row["instruction"] = f"thing {index}"
        row["GUI_types"] = []
        if row["box_type"] != "refusal":
            left, top = row["box_coordinates"][:2]
            sides = (left + 1) / WIDTH, (top + 1) / HEIGHT, (left + 2) / WIDTH, (top + 2) / HEIGHT
            Answering.said[str(index)] = f"[{', '.join(f'{side:.4f}' for side in sides)}]"
        else:
            Answering.said[str(index)] = "none"
    (folder / "OSWorld-G.json").write_text(json.dumps(rows))
    Answering.said["4"] = "I do not know"
    Answering.said["8"] = "none"
    report = await run("osworld-g", folder, tmp_path / "out", policy=server)
    told = report.summary
    # of twelve one does not parse, and one is refused that is there
    assert (told.rows, told.all.infrastructure, told.unparsed, told.refused) == (12, 0, 1, 4)
    assert told.all.means["official"].mean == pytest.approx(10 / 12)
    rows_of = {row.name: row.means["official"].mean for row in told.groups["box"]}
    assert rows_of == {"bbox": pytest.approx(4 / 6), "polygon": 1.0, "refusal": 1.0}
    assert isinstance(told.header, ScoringHeader)
    assert told.header.model is not None and told.header.grounders == ("model",)
    assert "tokens in" in shown(report) and "greedy" in shown(report)
    # each was shown the whole screenshot, and one was asked again
    assert sum(told.views.values()) == told.cost.calls == 13
    assert all(view.startswith(f"{WIDTH}x{HEIGHT} as ") for view in told.views)


async def test_a_model_over_http_is_asked_what_to_do(server: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    report = await run("android-control", made("android-control"), tmp_path / "out", policy=server)
    kinds = {row.name: row.means["strict"].mean for row in report.summary.groups["type"]}
    assert {kind for kind, mean in kinds.items() if mean} == {"navigate_back"}
    assert kinds["navigate_back"] == 1
    with pytest.raises(UsageError, match="another"):
        await run("android-control", made("android-control"), tmp_path / "out", policy="random")


async def test_a_server_that_is_gone_is_nobodys_answer(made: Callable[[str], Path]) -> None:
    with pytest.raises(ModelError):
        await run("screenspot", made("screenspot"), policy="http://127.0.0.1:9/v1")


async def test_shards_are_all_of_it_once_and_a_limit_is_the_first(made: Callable[[str], Path]) -> None:
    whole = await run("screenspot", made("screenspot"))
    parts = [await run("screenspot", made("screenspot"), choice=Choice(shard=(index, 3))) for index in (1, 2, 3)]
    ids = [each.prediction.item for part in parts for each in part.scored]
    assert sorted(ids) == sorted(each.prediction.item for each in whole.scored)
    by_id = {each.prediction.item: each.prediction.point for each in whole.scored}
    # the same random answer, whichever shard asks
    assert all(by_id[each.prediction.item] == each.prediction.point for part in parts for each in part.scored)
    first = await run("screenspot", made("screenspot"), choice=Choice(limit=5))
    assert [each.prediction.item for each in first.scored] == [each.prediction.item for each in whole.scored][:5]
    other = await run("screenspot", made("screenspot"), choice=Choice(seed=1))
    assert [each.prediction.point for each in other.scored] != [each.prediction.point for each in whole.scored]


async def test_what_was_answered_is_not_asked_again_and_a_line_that_was_cut_off_is(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    whole = await run("mind2web", made("mind2web"), out)
    lines = (out / LINES).read_bytes().splitlines(keepends=True)
    (out / LINES).write_bytes(b"".join(lines[:20]) + lines[20][:-30])
    again = await run("mind2web", made("mind2web"), out)
    kept = (out / LINES).read_bytes().splitlines(keepends=True)
    assert kept[:20] == lines[:20] and len(kept) == COUNT
    assert again.summary.all == whole.summary.all
    header, scored = read_scores(out)
    assert header.data is not None and header.data.suite == "mind2web" and header.data.made
    assert {each.cluster for each in scored} == {f"task{index}" for index in range(COUNT // 4)}
    assert json.loads((out / FIGURES).read_text())["planned"] == COUNT


@pytest.mark.parametrize(
    ("change", "what"),
    [({"policy": "centre"}, "policy"), ({"choice": Choice(seed=7)}, "data"), ({"choice": Choice(limit=3)}, "data")],
)
async def test_a_folder_of_other_answers_is_refused(
    change: dict[str, Any], what: str, made: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    await run("screenspot", made("screenspot"), out, policy="random")
    with pytest.raises(UsageError, match=f"another {what}"):
        await run("screenspot", made("screenspot"), out, **{"policy": "random", **change})
    with pytest.raises(UsageError, match="another"):
        await run("screenspot-pro", made("screenspot-pro"), out, policy="random")


def broken(folder: Path, file: str, change: Callable[[list[Any]], object]) -> Path:
    """Made data with something changed in a file."""
    rows = json.loads((folder / file).read_text())
    change(rows)
    (folder / file).write_text(json.dumps(rows))
    return folder


PRO = "annotations/blender.json"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows: rows[1].update(img_filename="gone.png"), "its image is not there: gone.png"),
        (lambda rows: rows[1].update(img_filename="../../etc/passwd"), "leads out of the folder"),
        (lambda rows: rows[1].update(bbox=[300, 100, 400, 500]), "its box does not lie in its image"),
        (lambda rows: rows[1].update(bbox=[1, 2, 3]), "its box is not four numbers"),
        (lambda rows: rows[1].update(bbox=["1", 2, 3, 4]), "its box is not four numbers"),
        (lambda rows: rows[1].update(id=rows[0]["id"]), "its id is that of another record"),
        (lambda rows: rows[1].update(img_size=[640, 400]), "has another size than it says"),
        (lambda rows: rows[1].update(instruction=""), "it has no instruction"),
    ],
)
async def test_a_bad_record_is_named_and_counted_and_the_others_are_asked(
    change: Callable[[list[Any]], object], why: str, tmp_path: Path
) -> None:
    folder = broken(make("screenspot-pro", tmp_path / "data", 12), PRO, change)
    report = await run("screenspot-pro", folder, policy="oracle")
    assert report.summary.planned == 11
    assert sum(report.summary.header.left_out.values()) == 1
    told = shown(report)
    assert f"{PRO}, record 1: " in told and why in told and "1 × left out" in told
    assert why in json.loads(summary_json(report.summary))["header"]["bad"][0]


TURN = "s0/2024-01-01_00-00-00-000000.json"


@pytest.mark.parametrize(
    ("name", "file", "copy", "change", "left", "where"),
    [
        (
            "agentnetbench",
            "t0.json",
            "t9.json",
            {},
            5,
            "t9.json, steps[0]: its id is that of another record: t0 step 0",
        ),
        ("screenagent", TURN, "s0/again.json", {}, 1, "s0/again.json: its name does not begin with a time"),
        ("screenagent", TURN, TURN, {"saved_image_name": None}, 1, f"{TURN}: its image is not there"),
        ("screenagent", TURN, TURN, {"actions": []}, 1, f"{TURN}: it has no actions"),
    ],
)
async def test_a_bad_file_among_many_is_named_and_counted(
    name: str, file: str, copy: str, change: dict[str, Any], left: int, where: str, tmp_path: Path
) -> None:
    folder = make(name, tmp_path / "data", 12)
    record = json.loads((folder / file).read_text()) | change
    (folder / copy).write_text(json.dumps(record))
    report = await run(name, folder, policy="oracle")
    header = report.summary.header
    assert isinstance(header, ScoringHeader)
    assert sum(header.left_out.values()) == len(header.bad) == left and header.bad[0].startswith(where)
    assert report.summary.planned == (12 if file != copy else 11)


async def test_an_episode_that_a_damaged_picture_spoils_is_counted_step_by_step(tmp_path: Path) -> None:
    for name, picture, steps in (
        ("agentnetbench", "images/t0_0.png", 5),
        ("screenagent", f"s0/images/{TURN[3:-5]}.png", 5),
    ):
        folder = make(name, tmp_path / name, 12)
        (folder / picture).write_bytes(b"no picture")
        report = await run(name, folder, policy="oracle")
        assert (report.summary.planned, sum(report.summary.header.left_out.values())) == (12 - steps, steps)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        # corner and size where there ought to be two corners: it would fit
        (lambda rows: rows[3].update(bbox=[200, 150, 40, 30]), r"record 3.*it would fit as \[x, y, width, height\]"),
        (lambda rows: rows[3].update(bbox=[0.1, 0.1, 0.3, 0.2]), "record 3.*would fit as .* from 0 to 1"),
        (lambda rows: rows[3].pop("img_size"), "record 3: it has no img_size"),
        (lambda rows: rows.insert(3, "a text"), "record 3 is no JSON object"),
    ],
)
async def test_data_that_contradict_what_they_are_said_to_be_are_refused_by_file_and_record(
    change: Callable[[list[Any]], object], why: str, tmp_path: Path
) -> None:
    folder = broken(make("screenspot-pro", tmp_path / "data", 12), PRO, change)
    with pytest.raises(DataRefused, match=why) as refused:
        await run("screenspot-pro", folder)
    assert str(refused.value).startswith(PRO)


async def test_the_copies_of_screenspot_are_told_apart_by_their_fields(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(png(1))
    common = {"instruction": "the thing"}
    copies = {
        "xywh": {"img_filename": "one.png", "bbox": [100, 50, 30, 20], "data_type": "icon", "data_source": "ios"},
        "xyxy": {"img_filename": "one.png", "bbox": [100, 50, 130, 70], "img_size": [WIDTH, HEIGHT], "ui_type": "icon"},
        "parts": {
            "file_name": "one.png",
            "bbox": [100 / WIDTH, 50 / HEIGHT, 130 / WIDTH, 70 / HEIGHT],
            "data_type": "icon",
            "data_source": "ios",
        },
    }
    for name, record in copies.items():
        (tmp_path / "rows.json").write_text(json.dumps([record | common]))
        suite = open_steps("screenspot", open_data(str(tmp_path)), {})
        (item,) = suite.items()
        box = item.truth[0].boxes[0]
        assert box is not None, name
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx((100, 50, 130, 70)), name
    (tmp_path / "rows.json").write_text(json.dumps([copies["xywh"] | common | {"img_size": [WIDTH, HEIGHT]}]))
    with pytest.raises(DataRefused, match=r"rows\.json, record 0: the fields .* are those of no copy"):
        open_steps("screenspot", open_data(str(tmp_path)), {})


async def test_who_knows_how_boxes_are_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(png(1))
    record = {"img_filename": "one.png", "bbox": [200, 150, 230, 180], "data_type": "icon", "data_source": "ios"}
    (tmp_path / "rows.json").write_text(json.dumps([record | {"instruction": "it"}]))
    with pytest.raises(DataRefused, match="boxes=xyxy"):
        await run("screenspot", tmp_path)
    report = await run("screenspot", tmp_path, policy="oracle", choice=Choice(options={"boxes": "xyxy"}))
    assert report.summary.all.means["official"].mean == 1
    with pytest.raises(UsageError, match="no such option"):
        await run("screenspot", tmp_path, choice=Choice(options={"boxen": "xyxy"}))


async def test_a_line_that_is_cut_off_is_counted(tmp_path: Path) -> None:
    folder = make("mind2web", tmp_path / "data", 12)
    path = folder / "test.jsonl"
    path.write_text(path.read_text()[:-40])
    report = await run("mind2web", folder, policy="oracle")
    assert report.summary.planned == 11
    assert "test.jsonl, line 12: it is no JSON: cut off, or damaged" in shown(report)


async def test_a_file_that_is_no_json_and_a_folder_without_any_are_refused(tmp_path: Path) -> None:
    folder = make("cuactspot", tmp_path / "data", 3)
    (folder / "GUI-0001.json").write_text('{"image_id": ')
    with pytest.raises(DataRefused, match=r"GUI-0001\.json is not JSON"):
        await run("cuactspot", folder)
    with pytest.raises(DataRefused, match="there is no folder"):
        await run("cuactspot", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataRefused, match="holds no annotations"):
        await run("cuactspot", tmp_path / "empty")


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("other", ["screenspot-pro", "agentnetbench", "gui-odyssey"])
def test_data_of_another_suite_are_refused(name: str, other: str, made: Callable[[str], Path]) -> None:
    if name == other:
        return
    with pytest.raises(HandeyeError):
        open_steps(name, open_data(str(made(other))), {})


def test_a_name_that_is_no_suite_is_told_which_there_are(made: Callable[[str], Path]) -> None:
    with pytest.raises(UnknownName) as unknown:
        open_steps("screnspot", open_data(str(made("screenspot"))), {})
    assert unknown.value.remedy is not None and "did you mean 'screenspot'?" in unknown.value.remedy


def test_a_past_tells_nothing_of_what_came_later(made: Callable[[str], Path]) -> None:
    for name in ("agentnetbench", "mind2web", "android-control", "gui-odyssey", "screenagent"):
        suite = open_steps(name, open_data(str(made(name))), {})
        past: dict[str, int] = {}
        for item in suite.items():
            known = past.get(item.cluster, 0)
            assert len(item.past) >= known
            assert all(step.saw.frame is not item.now.frame for step in item.past)
            past[item.cluster] = len(item.past)
            assert item.task.goal
        assert max(past.values()) >= 2, name


def test_pictures_are_read_when_they_are_asked_for_and_let_go_of(made: Callable[[str], Path], tmp_path: Path) -> None:
    suite = open_steps("screenspot", open_data(str(made("screenspot"))), {})
    item = next(iter(suite.items()))
    assert item.now.frame.pixels.shape == (HEIGHT, WIDTH, 3)
    item.now.frame.release()
    assert item.now.frame.png.startswith(b"\x89PNG")
    # JPEG comes as PNG, once
    folder = make("screenspot", tmp_path / "data", 3)
    for path in (folder / "images").iterdir():
        Image.open(io.BytesIO(path.read_bytes())).save(path.with_suffix(".png"), "JPEG")
    item = next(iter(open_steps("screenspot", open_data(str(folder)), {}).items()))
    assert item.now.frame.pixels.shape == (HEIGHT, WIDTH, 3)


async def test_parquet_holds_its_own_pictures(tmp_path: Path) -> None:
    from pyarrow import Table, parquet

    rows = [
        {
            "annotation_id": f"task{index // 3}",
            "action_uid": f"u{index}",
            "confirmed_task": "Buy it",
            "operation": json.dumps({"op": "CLICK", "value": ""}),
            "pos_candidates": [json.dumps({"attributes": json.dumps({"bounding_box_rect": f"{20 * index},10,15,12"})})],
            "screenshot": {"bytes": png(index), "path": None},
        }
        for index in range(7)
    ]
    rows[5]["screenshot"] = {"bytes": b"no picture", "path": None}
    parquet.write_table(Table.from_pylist(rows), tmp_path / "test-00000.parquet", row_group_size=3)
    report = await run("mind2web", tmp_path, policy="oracle")
    assert report.summary.planned == 6 and report.summary.all.means["step"].mean == 1
    assert "test-00000.parquet, row 5: its image cannot be read" in shown(report)
    items = {item.id: item for item in open_steps("mind2web", open_data(str(tmp_path)), {}).items()}
    assert items["task1 u4"].now.frame.png == png(4)
    assert "not run on real images" not in shown(report)


def test_data_that_were_made_say_so(made: Callable[[str], Path]) -> None:
    for name in SUITES:
        assert open_data(str(made(name))).made, name
        assert MADE not in open_data(str(made(name))).annotations()


async def test_intervals_are_over_what_stands_alone(made: Callable[[str], Path]) -> None:
    # several questions about one screenshot, several steps of one task
    boxes = await run("screenspot", made("screenspot"), policy="centre")
    assert boxes.summary.all.means["official"].method.endswith("clusters")
    alone = await run("cuactspot", made("cuactspot"), policy="centre")
    rows = alone.summary.groups["category"]
    assert all(row.means["official"].method == "Wilson" for row in rows)
    assert [row.name for row in rows] == ["Canvas", "GUI", "Image", "Table", "Text"]


async def test_an_episode_is_right_when_all_its_steps_are(made: Callable[[str], Path], tmp_path: Path) -> None:
    oracle = await run("gui-odyssey", made("gui-odyssey"), policy="oracle")
    told = {row.name: row.means for row in oracle.summary.further}
    assert oracle.summary.over == "mean over category"
    assert list(told) == ["all", "whole episodes, mean over category", "whole episodes"]
    assert told["whole episodes"]["official"].mean == told["whole episodes"]["strict"].mean == 1
    steps = len(oracle.scored)
    assert 1 < told["whole episodes"]["official"].of < steps and oracle.summary.parted == 0
    assert "whole episodes" in shown(oracle) and "whole episodes" in markdown(oracle.summary)
    # one that the limit cut off counts neither way
    part = await run(
        "gui-odyssey", made("gui-odyssey"), tmp_path / "out", choice=Choice(limit=steps - 1), policy="centre"
    )
    assert part.summary.parted == 1
    assert "not asked or answered whole: 1" in shown(part)
    whole: dict[str, list[float]] = {}
    for each in part.scored:
        whole.setdefault(each.cluster, []).append(each.score.value)
    right = [all(values) for name, values in whole.items() if name != part.scored[-1].cluster]
    assert part.summary.further[-1].means["official"].mean == sum(right) / len(right)
    # a report that is printed again knows it from the lines on disk
    assert read_scores(tmp_path / "out")[1][0].steps == part.scored[0].steps > 0
    # other suites have no episodes that could be right as a whole
    other = (await run("screenspot", made("screenspot"), policy="oracle")).summary
    assert (other.further, other.parted) == ((), 0)


def test_waiting_is_an_act_of_none_of_the_telephones_beside_android(made: Callable[[str], Path]) -> None:
    suite = open_steps("gui-odyssey", open_data(str(made("gui-odyssey"))), {})
    item = next(iter(suite.items()))
    wait = Prediction(item=item.id, decision=Decision(intent=Wait(seconds=1)), action=Wait(seconds=1))
    assert suite.match(item, wait).note == "no such action on a telephone"


def test_making_the_same_data_twice_makes_the_same(tmp_path: Path) -> None:
    for name in SUITES:
        a, b = make(name, tmp_path / "a" / name, 10, seed=3), make(name, tmp_path / "b" / name, 10, seed=3)
        files = [path.relative_to(a) for path in sorted(a.rglob("*")) if path.is_file()]
        assert all((a / each).read_bytes() == (b / each).read_bytes() for each in files), name
    with pytest.raises(UsageError, match="holds something"):
        make("cuactspot", tmp_path / "a" / "cuactspot", 1)


async def test_a_suite_is_asked_at_any_concurrency_with_one_result(made: Callable[[str], Path]) -> None:
    one, many = await asyncio.gather(
        *(run("gui-odyssey", made("gui-odyssey"), concurrency=each, policy="random") for each in (1, 32))
    )
    assert one.summary.groups == many.summary.groups
    assert [each.prediction for each in one.scored] == [each.prediction for each in many.scored]


async def test_two_runs_are_compared_question_by_question(made: Callable[[str], Path], tmp_path: Path) -> None:
    for policy in ("oracle", "centre"):
        await run("gui-odyssey", made("gui-odyssey"), tmp_path / policy, policy=policy)
    oracle = read_run(tmp_path / "oracle")
    found = compare(oracle, read_run(tmp_path / "centre"))
    held = found.rules["official"]
    assert held.paired.only_b == held.paired.neither == 0
    assert held.paired.only_a == len(found.flips) >= COUNT - 8 and held.p < 1e-9
    assert held.interval is not None and held.interval.high < 0
    assert {each.solved_by for each in found.flips} == {"oracle"} and set(found.rules) == set(oracle.rules)
    await run("gui-odyssey", made("gui-odyssey"), tmp_path / "low", choice=Choice(options={"instruction": "low"}))
    low = read_run(tmp_path / "low")
    with pytest.raises(UsageError, match="other revisions"):
        compare(oracle, low)
    assert len(compare(oracle, low, anyway=True).revisions) == COUNT
    await run("screenspot", made("screenspot"), tmp_path / "ss")
    with pytest.raises(UsageError, match="one is of gui-odyssey, the other of screenspot"):
        compare(oracle, read_run(tmp_path / "ss"), anyway=True)
