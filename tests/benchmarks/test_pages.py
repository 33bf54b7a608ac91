"""The walk over pages: real third-party pages pass it, and each way for a page to be wrong is found and named."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.console import Console

from handeye.benchmarks.pages import miniwob
from handeye.benchmarks.pages.__main__ import main
from handeye.benchmarks.pages.part import Part, Row
from handeye.benchmarks.pages.run import PARTS, Setting, print_part, run_parts
from handeye.environments.browser.host import BrowserHost
from handeye.environments.sites import Request, Response
from handeye.tools.errors import UsageError

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EPISODE = """<script>
  var WOB_TASK_READY = true, WOB_DONE_GLOBAL = false, WOB_RAW_REWARD_GLOBAL = 0, WOB_REWARD_GLOBAL = 0;
  var core = { endEpisode(reward) { WOB_RAW_REWARD_GLOBAL = WOB_REWARD_GLOBAL = reward; WOB_DONE_GLOBAL = true; } };
</script>"""
# Everything lies on whole pixels: Chromium draws an edge between two of them now this way, now that.
STYLE = (
    "<style>* { margin: 0; font: 16px/20px sans-serif } input, select, button { display: block; height: 24px }</style>"
)
FORM = f"{STYLE}<p>Fill it in</p><input aria-label=Name><select><option>red<option>green</select><button>OK</button>"
BAD = {
    "never-ready": (
        EPISODE.replace("WOB_TASK_READY = true", "WOB_TASK_READY = false") + FORM,
        "no episode is in progress",
    ),
    "never-ends": (EPISODE.replace("WOB_DONE_GLOBAL = true", "0") + FORM, "was asked to end and has not"),
    "pays-nothing": (EPISODE.replace("= reward;", "= null;") + FORM, "its reward is no number: None"),
    "empty": (EPISODE, "nothing to act on"),
    "asks": (EPISODE + "<button onclick='alert(1)'>Ask</button>", "a dialog that nobody asked for"),
    "deaf": (
        EPISODE + "<script>addEventListener('wheel', e => e.stopImmediatePropagation(), true)</script>" + FORM,
        "the page heard nothing of",
    ),
    "forgetful": (EPISODE.replace("var core", "var other") + FORM, "core is not defined"),
}
PAGES = {
    "hangs": EPISODE + "<button onclick='for (;;);'>Work</button>",
    "form": EPISODE + FORM,
    **{name: page for name, (page, _) in BAD.items()},
}


class Site:
    """Serves the pages above."""

    def __init__(self, seed: object = None) -> None:
        del seed

    def path(self, page: str) -> str:
        return "/" + page

    def respond(self, request: Request) -> Response:
        return Response.text(f"<!doctype html><title>{request.path}</title>{PAGES[request.path[1:]]}")


SITE = f"{__name__}:Site"


def over(*names: str, site: str = SITE, contracts: int = 0, limit: float = 90) -> miniwob.Pages:
    return miniwob.Pages(site=site, names=names, limit=limit, contracts=contracts)


@pytest.mark.skipif(find_spec("miniwob") is None, reason='the extra "miniwob" is not installed')
async def test_real_tasks_open_start_act_and_report(host: BrowserHost) -> None:
    lines: list[str] = []
    pages = miniwob.Pages(names=("click-button", "enter-text", "choose-list"), contracts=0)
    part = await miniwob.measure(host, pages, lines.append)
    assert part.failures == ()
    cells = [dict(zip(part.columns, row.cells, strict=True)) for row in part.rows]
    assert [each["page"] for each in cells] == ["click-button", "enter-text", "choose-list"]
    assert sorted(lines) == ["choose-list: ok", "click-button: ok", "enter-text: ok"]
    assert all(float(each["reward"]) <= 1 and int(each["boxes"]) > 10 and each["noted"] == "" for each in cells)
    # chosen by what each page shows: a field is typed into, a list is chosen from, a button is clicked
    acts = {each["page"]: each["acts"] for each in cells}
    assert "click" in acts["click-button"] and "type" in acts["enter-text"] and "select" in acts["choose-list"]
    assert "type" not in acts["click-button"]
    assert part.note.startswith("3 of 3 pages without an error")


@pytest.mark.parametrize("name", BAD)
async def test_a_page_that_is_wrong_is_a_failed_row(host: BrowserHost, name: str) -> None:
    part = await miniwob.measure(host, over(name))
    [failure] = part.failures
    assert failure.startswith(f"{name}: ")
    assert BAD[name][1] in failure


async def test_a_page_that_takes_too_long_is_a_failed_row(host: BrowserHost) -> None:
    part = await miniwob.measure(host, over("form", limit=0.01))
    assert part.failures == ("form: it was not done within 0.01 s",)


async def test_a_page_that_hangs_under_a_click_is_a_failed_row_and_is_closed(host: BrowserHost) -> None:
    part = await miniwob.measure(host, over("hangs", limit=6))
    [failure] = part.failures
    assert failure.startswith("hangs: ") and "did not close" not in failure
    # whichever comes first: the limit, or the picture that does not come
    assert "within" in failure


async def test_a_page_that_fails_fails_the_command_and_is_named(host: BrowserHost, tmp_path: Path) -> None:
    console, out = Console(record=True, width=150), tmp_path / "pages.json"
    setting = Setting(host, pages=over("form", "never-ends"))
    assert await run_parts(setting, console, ["miniwob"], out) == 1
    text = console.export_text()
    assert "✗ never-ends" in text and "✗ form" not in text
    assert "✗ miniwob: never-ends: the episode was asked to end and has not" in text
    assert "1 of 2 pages without an error" in text
    rows = json.loads(out.read_text())["miniwob"]["rows"]
    assert [bool(row["failed"]) for row in rows] == [False, True]
    assert await run_parts(setting._replace(pages=over("form")), console, ["miniwob"]) == 0


async def test_the_contract_is_run_on_pages_that_stand_still(host: BrowserHost) -> None:
    part = await miniwob.measure(host, over("form", contracts=5))
    assert part.failures == ()
    assert [row.cells[0] for row in part.rows] == ["form", "form, the whole contract"]


async def test_what_there_is_not_is_the_persons_mistake(host: BrowserHost, tmp_path: Path) -> None:
    console = Console(record=True)
    with pytest.raises(UsageError, match="there is no part 'miniwod'\ndid you mean 'miniwob'"):
        await run_parts(Setting(host), console, ["miniwod"])
    with pytest.raises(UsageError, match="there is no site named 'nowhere'"):
        await run_parts(Setting(host, pages=over("form", site="nowhere")), console, ["miniwob"])
    with pytest.raises(UsageError, match="cannot write"):
        await run_parts(Setting(host, pages=over("form")), console, ["miniwob"], tmp_path / "none" / "pages.json")


def test_the_command_says_a_mistake_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "miniwod"]) == 2
    assert "there are: " + ", ".join(PARTS) in " ".join(capsys.readouterr().err.split())


def test_what_a_page_says_is_no_markup() -> None:
    console = Console(record=True, width=80)
    print_part(console, Part("title", ("page", "said"), (Row(("a[/b]", "[red]x")), Row(("c", ""), "gone"))), 1.5)
    text = console.export_text()
    assert "a[/b]" in text and "[red]x" in text and "✗ c" in text
