"""The command as a person types it: bad input, exit codes, interrupts and kills, in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from handeye.episodes.reader import Episode

pytestmark = pytest.mark.browser

SHOP = Path(__file__).parents[2] / "benchmarks" / "tasks" / "shop.yaml"
KILLS = 50 if os.environ.get("FULL") else 8


def handeye(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "handeye", *map(str, words)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def write(folder: Path, text: str, name: str = "task.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_demo_buys_a_mug(tmp_path: Path) -> None:
    done = handeye("demo", "--out", "episode", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"order": "10042", "total": "£31.40"}
    look = next(line.split(maxsplit=1)[1] for line in done.stderr.splitlines() if line.startswith("  look"))
    assert look.endswith(" view episode")
    # what is printed is what works, as it stands
    page = subprocess.run(f"{look} --html page.html", shell=True, cwd=tmp_path, check=True)  # noqa: S602
    assert page.returncode == 0 and (tmp_path / "page.html").stat().st_size > 1_000_000
    episode = Episode.open(tmp_path / "episode")
    assert episode.outcome is not None and all(verdict.held for verdict in episode.outcome.verdicts)
    assert len(episode) >= 10 and episode.warnings == []


@pytest.mark.slow
def test_a_changed_label_fails_with_the_nearest(tmp_path: Path) -> None:
    text = SHOP.read_text(encoding="utf-8").replace("- click: Go to checkout", "- click: Proceed to payment")
    done = handeye("run", write(tmp_path, text), "--out", "episode", cwd=tmp_path)
    assert done.returncode == 1
    assert "“Proceed to payment” is not on the screen" in done.stderr and "nearest:" in done.stderr
    assert "steps[12] (line 31)" in done.stderr
    episode = Episode.open(tmp_path / "episode")
    assert [step.action is not None for step in episode].count(True) >= 10


PAGE = "data:text/html,<button>Go</button><button>Go</button>"


@pytest.mark.parametrize(
    ("task", "words", "code", "says"),
    [
        ("stpes: []", [], 2, "task.yaml, line 1, stpes: unknown key `stpes`; did you mean 'steps'?"),
        ("steps:\n  - clik: x", [], 2, "task.yaml, line 2, steps[0]: no step is called `clik`; did you mean 'click'?"),
        ("steps:\n  - click: x\n    nere: y", [], 2, "line 3"),
        ("steps: [reload\n", [], 2, "not YAML"),
        ("steps: [reload]\nsecrets: {pin: NO_SUCH_VARIABLE}", [], 2, "NO_SUCH_VARIABLE is not set"),
        ("steps: [reload]\ninputs: {email: }", [], 2, "--input email=…"),
        ("steps: [reload]", ["--input", "emial=x"], 2, "has no input 'emial'"),
        ("steps: [reload]", ["-c", "start.sclae=2"], 2, "sclae"),
        ("steps: [reload]\nenvironment: brwser", [], 2, "did you mean 'browser'"),
        ("start: http://127.0.0.1:1/\nsteps: [reload]", [], 5, "cannot be reached: net::ERR_"),
        (f"start: '{PAGE}'\nsteps:\n  - click: Go", [], 1, "is ambiguous, 2 fit equally well: button “Go” at"),
        (f"start: '{PAGE}'\nsteps:\n  - click: Go\n    nth: 1", [], 4, "nothing was checked"),
        ("goal: find it", [], 2, "has no steps"),
    ],
)
def test_each_mistake_gets_one_clear_message(tmp_path: Path, task: str, words: list[str], code: int, says: str) -> None:
    done = handeye("run", write(tmp_path, task), "--out", "episode", *words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    if code not in (2,):
        assert Episode.open(tmp_path / "episode").outcome is not None


def test_mistakes_about_places(tmp_path: Path) -> None:
    task = write(tmp_path, f"start: '{PAGE}'\nsteps: [reload]")
    (tmp_path / "taken").mkdir()
    write(tmp_path / "taken", "precious", "data.txt")
    exists = handeye("run", task, "--out", "taken", cwd=tmp_path)
    assert exists.returncode == 2 and "exists already and is not empty" in exists.stderr
    assert (tmp_path / "taken" / "data.txt").read_text() == "precious"
    below = handeye("run", task, "--out", "task.yaml/below", cwd=tmp_path)
    assert below.returncode == 2 and "cannot write the episode" in below.stderr
    nothing = handeye("run", "nothing.yaml", cwd=tmp_path)
    assert nothing.returncode == 2 and "cannot read the task file nothing.yaml" in nothing.stderr
    words = handeye("run", "find the cheapest mug", cwd=tmp_path)
    assert words.returncode == 2 and "needs a model" in words.stderr
    empty = handeye("view", "taken", cwd=tmp_path)
    assert empty.returncode == 5 and "is not an episode" in empty.stderr
    missing = handeye("run", task, cwd=tmp_path, HANDEYE_BROWSER="/no/such/browser")
    assert missing.returncode == 2 and "HANDEYE_BROWSER" in missing.stderr
    unknown = handeye("rnu", cwd=tmp_path)
    assert unknown.returncode == 2 and "Traceback" not in unknown.stderr
    for each in (exists, below, nothing, words, empty, missing):
        assert "Traceback" not in each.stderr + each.stdout


@pytest.mark.slow
def test_a_folder_side_by_side_and_a_row_each(tmp_path: Path) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    page = "data:text/html,<title>t</title><input aria-label=Name oninput=document.title=this.value>"
    body = f"start: '{page}'\ninputs: {{name: Ada}}\nsteps:\n  - type: '{{name}}'\n    into: Name\n  - read: said\n    from: Name\n"
    write(folder, body + "postconditions:\n  - {script: document.title, matches: '^A'}", "good.yaml")
    write(folder, body + "postconditions:\n  - {text: never}", "bad.yaml")
    both = handeye("run", folder, "--workers", "2", "--out", "out", cwd=tmp_path)
    assert both.returncode == 1, both.stderr
    rows = [json.loads(line) for line in both.stdout.splitlines()]
    assert {row["task"]: row["status"] for row in rows} == {"good": "passed", "bad": "failed"}
    assert all(len(Episode.open(tmp_path / row["episode"])) for row in rows)
    write(tmp_path, "name\nAda\nAnna\nZoe\n", "people.csv")
    each = handeye(
        "run", folder / "good.yaml", "--inputs", "people.csv", "--workers", "3", "--out", "rows", cwd=tmp_path
    )
    rows = [json.loads(line) for line in each.stdout.splitlines()]
    assert [(row["values"]["said"], row["status"]) for row in rows] == [
        ("Ada", "passed"),
        ("Anna", "passed"),
        ("Zoe", "failed"),
    ]
    assert each.returncode == 1


# Fast and long: every step counts in the page, and nothing ends by itself.
COUNTER = """start: "data:text/html,<title>0</title><body onclick='document.title=+document.title+1'><button>More</button>"
steps:
  - for_each: n
    in: [{many}]
    steps:
      - click: More
budget: {{steps: 5000, seconds: 600}}
"""


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    return write(tmp_path, COUNTER.format(many=", ".join(map(str, range(2000)))))


class Running:
    """A run in a process group of its own, and everything it has started."""

    def __init__(self, task: Path, out: Path) -> None:
        command = [sys.executable, "-m", "handeye", "run", str(task), "--out", str(out)]
        self.out = out
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def steps(self) -> int:
        lines = self.out / "steps.jsonl"
        return lines.read_bytes().count(b'"kind":"end"') if lines.exists() else 0

    def until(self, steps: int) -> None:
        assert wait_until(lambda: self.steps() >= steps or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.process.communicate()[0].decode()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def wait_until(holds: Any, seconds: float) -> bool:
    """Looks again and again, as fast as looking takes, until it holds."""
    limit = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > limit:
            return False
        os.sched_yield()
    return True


def gone(processes: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_step_and_closes_cleanly(tmp_path: Path, counter: Path, number: signal.Signals) -> None:
    run = Running(counter, tmp_path / "episode")
    run.until(steps=3)
    family = run.family()
    # as a terminal does it: to the whole group, the browser's helper included
    os.killpg(run.process.pid, number) if number == signal.SIGINT else run.process.send_signal(number)
    said = run.process.communicate(timeout=60)[0].decode()
    assert run.process.returncode == 4, said
    assert "Traceback" not in said
    assert wait_until(lambda: gone(family), 5)
    episode = Episode.open(run.out)
    assert episode.outcome is not None and episode.outcome.stop == "interrupted"
    assert not any(step.unknown for step in episode.steps[:-1])


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_readable_episode_and_nothing_alive(tmp_path: Path, counter: Path) -> None:
    dice = random.Random()
    for trial in range(KILLS):
        run = Running(counter, tmp_path / f"episode-{trial}")
        # from before the first observation to the middle of some step
        run.until(steps=dice.choice((0, 0, 1, 2, 5)))
        spin = dice.randrange(200_000)
        for _ in range(spin):
            pass
        family = run.family()
        ended = run.steps()
        run.process.kill()
        run.process.communicate(timeout=30)
        assert wait_until(lambda family=family: gone(family), 5), "something of ours outlived us by five seconds"
        if not run.out.exists():
            # killed before it had begun; a folder that is there is an episode
            assert ended == 0
            continue
        episode = Episode.open(run.out)
        assert episode.outcome is None
        finished = [step for step in episode if not step.unknown]
        assert len(finished) >= ended
        for step in finished:
            assert step.saw.frame.pixels.shape == (720, 1280, 3)


def test_help_is_quick_to_load(tmp_path: Path) -> None:
    heavy = "playwright numpy PIL rapidocr onnxruntime cv2 pydantic"
    code = f"import sys; sys.argv = ['handeye', '--help']\nfrom handeye.__main__ import main\ntry: main()\nexcept SystemExit: pass\nprint(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_run_sync_works_where_a_loop_is_running_already(tmp_path: Path) -> None:
    import handeye as package

    task = {
        "environment": "drawn",
        "start": {"viewport": {"width": 640, "height": 360}},
        "steps": [{"click": "Press me"}],
    }

    async def notebook() -> Any:
        return package.run_sync(
            {**task, "postconditions": [{"script": "presses", "equals": 1}]}, out=tmp_path / "episode"
        )

    episode = asyncio.run(notebook())
    assert episode.outcome.status == "passed"


def test_a_browser_that_dies_is_infrastructure(tmp_path: Path, counter: Path) -> None:
    run = Running(counter, tmp_path / "episode")
    run.until(steps=2)
    family = run.family()
    browser = next(each for each in family if "chrom" in each.name() and "--type=" not in " ".join(each.cmdline()))
    browser.kill()
    said = run.process.communicate(timeout=60)[0].decode()
    assert run.process.returncode == 5, said
    assert "Traceback" not in said
    assert wait_until(lambda: gone(family), 5)
    episode = Episode.open(run.out)
    assert episode.outcome is not None and episode.outcome.stop == "environment"
    assert len(episode) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("impatient", [False, True])
def test_an_interrupt_cuts_off_a_long_step(tmp_path: Path, impatient: bool) -> None:
    page = "data:text/html,<title>t</title><button>Go</button>"
    task = write(tmp_path, f"start: '{page}'\nsteps:\n  - hover: Go\n  - wait: 300\n")
    run = Running(task, tmp_path / "episode")
    run.until(steps=1)
    assert wait_until(lambda: b'"verb":"wait"' in (run.out / "steps.jsonl").read_bytes(), 20)
    family = run.family()
    run.process.send_signal(signal.SIGINT)
    if impatient:
        output = run.process.stdout
        assert output is not None and wait_until(lambda: b"ending the step" in output.readline(), 20)
        run.process.send_signal(signal.SIGINT)
    said = run.process.communicate(timeout=60)[0].decode()
    assert run.process.returncode == 4, said
    assert "Traceback" not in said
    assert wait_until(lambda: gone(family), 5)
    # it began and never ended: nobody can say what came of it
    assert Episode.open(run.out).steps[-1].unknown


def test_a_headed_browser_needs_a_display(tmp_path: Path) -> None:
    task = write(tmp_path, f"start: '{PAGE}'\nsteps: [reload]")
    done = handeye("run", task, "--headed", cwd=tmp_path, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 2 and "no display" in done.stderr and "xvfb-run" in done.stderr


@pytest.mark.display
def test_headed_under_a_virtual_display(tmp_path: Path) -> None:
    task = write(tmp_path, f"start: '{PAGE}'\nsteps:\n  - click: Go\n    nth: 2\npostconditions:\n  - text: Go\n")
    command = ["xvfb-run", "-a", sys.executable, "-m", "handeye", "run", str(task), "--headed", "--out", "episode"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    episode = Episode.open(tmp_path / "episode")
    assert (episode.steps[0].saw.frame.width, episode.steps[0].saw.frame.height) == (1280, 720)
    assert episode.header.environment["headed"] is True


def test_left_open_where_it_failed_until_someone_says_so(tmp_path: Path) -> None:
    task = write(tmp_path, f"start: '{PAGE}'\nsteps:\n  - click: Go\n")
    command = [sys.executable, "-m", "handeye", "run", str(task), "--pause-on-failure", "--out", "episode"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        seen = ""
        while "press Enter to give it back" not in seen:
            read = process.stderr.read(1)
            assert read, seen
            seen += read
        family = psutil.Process(process.pid).children(recursive=True)
        assert any("chrom" in each.name() for each in family)
        process.communicate("\n", timeout=60)
        assert process.returncode == 1
    assert wait_until(lambda: gone(family), 5)
