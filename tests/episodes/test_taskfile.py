"""Task files: read as a person means them; every mistake has its line and says what to write instead."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from handeye.episodes.reader import Episode
from handeye.episodes.schema import Budget, Check, Header, Start, Task
from handeye.episodes.schema.script import (
    VERB_KEYS,
    WORDS,
    ClickStep,
    Condition,
    ForEachStep,
    IfStep,
    ScriptStep,
    TypeStep,
    WaitFor,
    WaitStep,
)
from handeye.episodes.taskfile import read_task
from handeye.episodes.writer import EpisodeWriter
from handeye.tools.errors import TaskError

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "benchmarks" / "tasks"
STEPS = [kind for each in get_args(get_args(ScriptStep)[0]) if isinstance(kind := get_args(each)[0], type)]
REFERENCE = (ROOT / "docs" / "task-files.md").read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    path = folder / "shop.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        # keys
        ("stpes: []\n", 1, ["stpes: unknown key `stpes`", "did you mean 'steps'?"]),
        ("goal: a\nurl: http://x\n", 2, ["unknown key `url`", "known: budget, environment, goal"]),
        ("start:\n  url: a\n  sclae: 2\n", 3, ["start.sclae", "did you mean 'scale'?"]),
        ("start: {viewport: {widht: 3}}\n", 1, ["start.viewport.widht", "did you mean 'width'?"]),
        ("budget:\n  setps: 3\n", 2, ["did you mean 'steps'?"]),
        ("postconditions:\n  - text: a\n  - {vlaue: b}\n", 3, ["postconditions[1].vlaue", "did you mean 'value'?"]),
        ("steps:\n  - click: A\n    nere: B\n", 3, ["steps[0].nere: unknown key `nere`", "did you mean 'near'?"]),
        (
            "steps:\n  - select: A\n    form: B\n",
            2,
            ["`from` is missing", "line 3, steps[0].form", "did you mean 'from'?"],
        ),
        ("steps:\n  - back\n  - wait: {txt: A}\n", 3, ["steps[1].wait.txt", "did you mean 'text'?"]),
        ("steps:\n  - if: {seez: A}\n    then: []\n", 2, ["steps[0].if.seez", "did you mean 'sees'?"]),
        ("steps:\n  - click: A\n    type: B\n", 3, ["steps[0].type: unknown key `type`"]),
        ("goal: a\nsteps: []\ngoal: b\n", 3, ["the key `goal` stands here twice"]),
        ("steps:\n  - click: A\n    near: B\n    near: C\n", 4, ["`near` stands here twice"]),
        ("? [a]\n: b\n", 1, ["a key has to be a word"]),
        # steps
        ("steps:\n  - clik: A\n", 2, ["no step is called `clik`", "did you mean 'click'?", "steps are: click, hover"]),
        ("steps:\n  - bakc\n", 2, ["no step is called `bakc`", "did you mean 'back'?"]),
        ("steps:\n  - near: B\n    clck: A\n", 2, ["no step is called `near, clck`", "did you mean 'click'?"]),
        ("steps:\n  - click\n", 2, ["`click` needs a value: `click: …`"]),
        ("steps:\n  -\n", 2, ["no step is called"]),
        ("steps:\n  - 5\n", 2, ["no step is called `5`"]),
        ("steps:\n  - {click: A, nth: 0}\n", 2, ["steps[0].nth: nth counts from 1"]),
        ("steps:\n  - key: Contrl+a\n", 2, ["steps[0].key: unknown key 'Contrl'", "did you mean 'control'?"]),
        ("steps:\n  - read: a\n    pattern: '('\n", 3, ["steps[0].pattern: not a regular expression"]),
        ("steps:\n  - read: a\n", 2, ["steps[0]: read needs a `pattern`, or `from`"]),
        # nested
        (
            """\
            steps:
              - if: {sees: Cookies}
                then:
                  - back
                  - clik: Accept
            """,
            5,
            ["steps[0].then[1]: no step is called `clik`"],
        ),
        (
            """\
            steps:
              - for_each: item
                in: items
                steps:
                  - if: {value: item}
                    then: []
                    else:
                      - click: "{item}"
                        nere: List
            """,
            9,
            ["steps[0].steps[0].else[0].nere", "did you mean 'near'?"],
        ),
        (
            """\
            steps:
              - if:
                  sees: A
                  value: b
                then: []
            """,
            2,
            ["steps[0].if: a condition looks at one of `sees` and `value`"],
        ),
        # missing
        ("steps:\n  - back\n  - select: A\n", 3, ["steps[1]: the key `from` is missing"]),
        ("steps:\n  - if: {sees: A}\n", 2, ["the key `then` is missing"]),
        ("steps:\n  - wait: {seconds: 3}\n", 2, ["wait for one of `text` and `gone`"]),
        # types
        ("steps: back\n", 1, ["steps: this has to be a list"]),
        ("start: [a]\n", 1, ["start: this has to be a mapping"]),
        ("inputs: a\n", 1, ["inputs: this has to be a mapping"]),
        ("budget: {steps: many}\n", 1, ["budget.steps: Input should be a valid integer"]),
        ("budget:\n  seconds: -1\n", 2, ["budget.seconds: Input should be greater than 0"]),
        ("start:\n  seed: [1]\n", 2, ["start.seed"]),
        ("start: {color_scheme: blue}\n", 1, ["'light' or 'dark'"]),
        ("steps:\n  - wait: soon\n", 2, ["steps[0].wait: Input should be a valid number"]),
        ("postconditions:\n  - {text: A, url: b}\n", 2, ["looks at exactly one of", "this one names 2"]),
        ("inputs: {a-b: 1}\n", 1, ["'a-b' is not a name"]),
        ("inputs: {a: 1}\nsecrets: {a: B}\n", 1, ["a: both an input and a secret"]),
        # not YAML
        ("steps:\n\t- back\n", 2, ["not YAML", "'\\t'"]),
        ("goal: [a\nsteps: b\n", 2, ["not YAML"]),
        ("goal: a\n---\ngoal: b\n", 2, ["not YAML", "another document"]),
        ("goal: a\nsteps:\n  - {type: 'a\x00'}\n", 3, ["not YAML", "special characters"]),
        ("goal: {a: *b}\n", 1, ["not YAML", "undefined alias"]),
        ("goal: &a [*a]\n", 1, ["nested too deeply"]),
        ("steps: &a\n  - if: {sees: A}\n    then: *a\n", 2, ["nested too deeply"]),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, text: str, line: int, says: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(TaskError) as failure:
        read_task(path)
    message = str(failure.value)
    assert message.startswith(f"{path}, line {line}"), message
    for each in says:
        assert each in message


def test_every_mistake_is_said_once(tmp_path: Path) -> None:
    path = written(tmp_path, "stpes: []\nstart: {seed: 1.5}\nsteps:\n  - clik: A\n  - wait: {txt: A}\n")
    with pytest.raises(TaskError) as failure:
        read_task(path)
    lines = str(failure.value).splitlines()
    assert [each.split(",")[1].split(":")[0].strip() for each in lines] == ["line 2", "line 4", "line 5", "line 1"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "word\n"])
def test_what_is_no_mapping(tmp_path: Path, text: str) -> None:
    with pytest.raises(TaskError, match=r"shop\.yaml: a task file is a mapping"):
        read_task(written(tmp_path, text))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"cannot read the task file .*nowhere\.yaml: No such file"):
        read_task(tmp_path / "nowhere.yaml")
    with pytest.raises(TaskError, match="cannot read the task file"):
        read_task(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("goal: Größe\n".encode("latin-1"))
    with pytest.raises(TaskError, match=r"latin\.yaml is not UTF-8 text \(byte 8\)"):
        read_task(tmp_path / "latin.yaml")


def test_a_file_that_would_never_end(tmp_path: Path) -> None:
    lists = [
        f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]" for below, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    with pytest.raises(TaskError, match="aliases that multiply"):
        read_task(written(tmp_path, "\n".join(["a: &a [x, x]", *lists])))
    with pytest.raises(TaskError, match="nested too deeply"):
        read_task(written(tmp_path, "goal: " + "[" * 5000))


# YAML as a person means it: plain words in, what they mean out
MEANT: list[tuple[str, Any]] = [
    ("no", "no"),
    ("yes", "yes"),
    ("on", "on"),
    ("off", "off"),
    ("NO", "NO"),
    ("True", "True"),
    ("y", "y"),
    ("2026-12-24", "2026-12-24"),
    ("2026-12-24T10:00:00Z", "2026-12-24T10:00:00Z"),
    ("007", "007"),
    ("0154", "0154"),
    ("12:30", "12:30"),
    ("1.50", "1.50"),
    ("1e3", "1e3"),
    ("0x1F", "0x1F"),
    ("1_000", "1_000"),
    ("+1", "+1"),
    ("-0", "-0"),
    (".5", ".5"),
    ("1.", "1."),
    (".inf", ".inf"),
    ("inf", "inf"),
    ("nan", "nan"),
    ("12345678901234567890", "12345678901234567890"),
    ("<<", "<<"),
    ("٣", "٣"),
    ("'5'", "5"),
    ('"true"', "true"),
    ("'null'", "null"),
    ("''", ""),
    ("|-\n      5", "5"),
    ("5", 5),
    ("-3", -3),
    ("0", 0),
    ("1.5", 1.5),
    ("-0.25", -0.25),
    ("true", True),
    ("false", False),
    ("null", None),
    ("~", None),
    ("", None),
]


@pytest.mark.parametrize(("plain", "meant"), MEANT)
def test_what_a_plain_word_means(tmp_path: Path, plain: str, meant: Any) -> None:
    task = read_task(written(tmp_path, f"postconditions:\n  - value: x\n    equals: {plain}\n")).task
    found = task.postconditions[0].equals
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize("plain", [plain for plain, meant in MEANT if isinstance(meant, str) and "\n" not in plain])
def test_what_is_typed_is_what_stands_there(tmp_path: Path, plain: str) -> None:
    step = read_task(written(tmp_path, f"steps:\n  - type: {plain}\n")).task.steps[0]
    assert isinstance(step, TypeStep)
    assert step.type == plain.strip("'\"")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_quoted_text_is_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "task.yaml"
    path.write_text(
        yaml.safe_dump({"goal": text, "steps": [{"type": text}]}, default_style='"', allow_unicode=True), "utf-8"
    )
    task = read_task(path).task
    assert task.goal == text
    assert isinstance(task.steps[0], TypeStep)
    assert task.steps[0].type == text


def test_texts_as_numbers(tmp_path: Path) -> None:
    task = read_task(written(tmp_path, "name: 2026\ngoal: 5\ninputs: {n: 7, p: 1.50, t: true, given: }\n")).task
    assert (task.name, task.goal) == ("2026", "5")
    assert task.inputs == {"n": "7", "p": "1.50", "t": "true", "given": None}


def test_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_bytes("\ufeffgoal: a\r\nsteps:\r\n  - clik: b\r\n".encode())
    with pytest.raises(TaskError, match="line 3"):
        read_task(tmp_path / "w.yaml")


def test_no_tag_makes_an_object(tmp_path: Path) -> None:
    task = read_task(written(tmp_path, "goal: !!python/name:os.system x\n")).task
    assert task.goal == "x"


def test_a_task_is_named_after_its_file(tmp_path: Path) -> None:
    assert read_task(written(tmp_path, "goal: a\n")).task.name == "shop"
    assert read_task(written(tmp_path, "goal: a\nname: b\n")).task.name == "b"


def test_where_everything_stands(tmp_path: Path) -> None:
    found = read_task(
        written(
            tmp_path,
            """\
            goal: a
            steps:
              - back
              - if: {sees: A}
                then:
                  - click: B
                else:
                  - &c {click: C}
              - *c
            """,
        )
    )
    assert found.lines["goal"] == 1
    assert found.lines["steps[0]"] == 3
    assert found.lines["steps[1]"] == 4
    assert found.lines["steps[1].then[0]"] == 6
    assert found.lines["steps[1].else[0]"] == 8
    # an alias points to what it stands for
    assert found.lines["steps[2]"] == 8


def test_an_alias_is_what_it_stands_for(tmp_path: Path) -> None:
    steps = read_task(written(tmp_path, "steps:\n  - &a {click: A}\n  - *a\n")).task.steps
    assert steps == (ClickStep(click="A"), ClickStep(click="A"))


FULL = """\
name: everything
goal: See it all
environment: browser
start:
  site: shop
  url: /
  viewport: {width: 800, height: 600}
  scale: 1.25
  seed: "1"
  clock: 2026-12-24T10:00:00Z
inputs:
  name: Kari
  code: 007
secrets:
  password: SHOP_PASSWORD
steps:
  - type: "{name}"
    into: Full name
  - wait: 0.5
  - wait: {text: Saved, near: Form, seconds: 3}
  - if: {value: name, matches: ^K, not: true}
    then: [back]
    else:
      - for_each: item
        in: [a, 5]
        steps:
          - click: "{item}"
            nth: -1
  - new_tab:
  - reload
postconditions:
  - text: Saved
  - {http: /api, pick: 0.ok, equals: true}
probes:
  - {kind: script, argument: window.score}
budget: {steps: 10, seconds: 20, tokens: 1000}
"""


async def test_a_task_goes_through_the_header_of_its_episode(tmp_path: Path) -> None:
    task = read_task(written(tmp_path, FULL)).task
    header = Header(id="e", created="2026-01-02T03:04:05+00:00", task=task)
    writer = EpisodeWriter(tmp_path / "e", header)
    await writer.close(header)
    again = Episode.open(tmp_path / "e").header.task
    assert again == task
    assert again.start.seed == "1"
    assert again.start.clock == "2026-12-24T10:00:00Z"
    assert again.inputs == {"name": "Kari", "code": "007"}
    assert again.steps[1] == WaitStep(wait=0.5)
    assert again.steps[2] == WaitStep(wait=WaitFor(text="Saved", near="Form", seconds=3))
    branch = again.steps[3]
    assert isinstance(branch, IfStep)
    assert branch.if_.not_
    loop = branch.else_[0]
    assert isinstance(loop, ForEachStep)
    assert loop.in_ == ("a", "5")
    assert again.postconditions[1] == Check(http="/api", pick="0.ok", equals=True)


@pytest.mark.parametrize("path", sorted(TASKS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_tasks_that_ship_are_read(path: Path) -> None:
    task = read_task(path).task
    assert Task.model_validate_json(task.model_dump_json()) == task


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL))
def test_the_examples_of_the_reference_are_read(tmp_path: Path, example: str) -> None:
    text = f"steps:\n{example}" if example.startswith("  ") else example
    assert read_task(written(tmp_path, text)).task.steps


def test_the_reference_names_every_step(tmp_path: Path) -> None:
    table = REFERENCE[REFERENCE.index("| step | example |") : REFERENCE.index("## How things are found")]
    rows = [row.split(" | ") for row in table.splitlines()[2:] if row.startswith("|")]
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert named == {*VERB_KEYS, *WORDS}
    for row in rows:
        for example in re.findall("`([^`]+)`", row[1]):
            steps = read_task(written(tmp_path, f"steps:\n  - {example}\n")).task.steps
            assert len(steps) == 1


@pytest.mark.parametrize(
    "kind", [Task, Start, Budget, Check, *STEPS, WaitFor, Condition], ids=lambda kind: kind.__name__
)
def test_the_reference_names_every_key(kind: type[BaseModel]) -> None:
    for name, field in kind.model_fields.items():
        assert re.search(rf"\b{field.alias or name}(`|: )", REFERENCE), name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["back", "A"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [*VERB_KEYS, "steps", "then", "near", "seconds", "from", "in", "start", "url", "goal", "text"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_breaks_the_reader(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "task.yaml"
    path.write_text(yaml.safe_dump({"steps": document}, allow_unicode=True), "utf-8")
    message = f"{path}, line "
    try:
        read_task(path)
    except TaskError as error:
        message = str(error)
    assert message.startswith(f"{path}, line ")
