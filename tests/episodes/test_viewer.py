"""The page that shows an episode: complete, exact, inert, and usable in a real Chromium."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import os
import re
import shutil
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect
from pydantic import BaseModel, TypeAdapter, ValidationError

from handeye.episodes.reader import Episode
from handeye.episodes.schema import (
    LINE,
    Absent,
    Ambiguous,
    BeginLine,
    Call,
    Candidate,
    Check,
    Decision,
    Dialog,
    EndLine,
    Event,
    Evidence,
    Found,
    GuardWord,
    Header,
    Hidden,
    LazyTree,
    Link,
    Message,
    ModelInfo,
    Node,
    Observation,
    Outcome,
    PersonLine,
    Probe,
    Problem,
    Refound,
    Replayed,
    Reply,
    Request,
    Sent,
    Settled,
    Tab,
    TargetEvidence,
    Task,
    TextPart,
    Token,
    Tree,
    Usage,
    Verdict,
    View,
    Window,
    Word,
)
from handeye.episodes.store import blob_name
from handeye.episodes.viewer import render, write_html
from handeye.episodes.writer import EpisodeWriter
from handeye.tools import actions
from handeye.tools.actions import Click, Done, Intent, Key, Place, Read, Scroll, Target, Type
from handeye.tools.errors import EpisodeCorrupt, UsageError
from handeye.tools.geometry import Box, Point, Size, Surface, Transform
from handeye.tools.pixels import Frame
from handeye.tools.words import headline

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 320, 200
INTENT: TypeAdapter[Any] = TypeAdapter(Intent)
ACTION: TypeAdapter[Any] = TypeAdapter(actions.Action)


def asked(words: str) -> Request:
    """A request of one text."""
    return Request(purpose="plan", messages=(Message(role="user", parts=(TextPart(text=words),)),))


def browser_path() -> str | None:
    """The Chromium of this machine; None leaves the choice to Playwright."""
    return os.environ.get("HANDEYE_BROWSER") or shutil.which("chromium")


@pytest.fixture(scope="module")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest.fixture(scope="module")
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    browser = await playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
    yield browser
    await browser.close()


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    page = await chromium.new_page(viewport={"width": 1280, "height": 720})
    yield page
    await page.close()


def screen(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """A frame in which every pixel counts: noise."""
    return Frame.from_pixels(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


class Recording:
    """Writes an episode with the real writer, as short as a test wants it."""

    def __init__(self, folder: Path, **header: Any) -> None:
        fields: dict[str, Any] = {"id": "e1", "created": "2026-01-02T03:04:05+00:00", "task": Task(goal="Buy a mug")}
        self.header = Header(**{**fields, **header})
        self.writer = EpisodeWriter(folder, self.header)
        self.looks = self.steps = self.calls = 0

    def look(self, frame: Frame | None = None, **fields: Any) -> Observation:
        frame = frame or screen(self.looks)
        tree = fields.pop("tree", None)
        lazy = LazyTree(missing="canvas page")
        if tree is not None:
            lazy.put(tree)
        surfaces = (Surface(name="page", box=frame.box),)
        known = {"id": f"o{self.looks:04}", "at": float(self.looks), "frame": frame, "surfaces": surfaces, "tree": lazy}
        seen = Observation(**{**known, **fields})
        self.looks += 1
        self.writer.observation(seen)
        return seen

    def call(self, saw: Observation, **fields: Any) -> str:
        request = asked(f"request {self.calls}")
        name = f"c{self.calls:04}"
        call = Call(**{"id": name, "observation": saw.id, "purpose": "plan", "request": "0" * 64, **fields})
        self.writer.call(call, request)
        self.calls += 1
        return name

    async def step(
        self, saw: Observation, intent: Any, *, left: Observation | None = None, ended: bool = True, **fields: Any
    ) -> None:
        end = {name: fields.pop(name) for name in ("sent", "timings", "error", "reward") if name in fields}
        word = fields.pop("word", None)
        decision = fields.pop("decision", None) or Decision(intent=intent)
        await self.writer.begin(BeginLine(step=self.steps, at=0, saw=saw.id, decision=decision, **fields))
        if word is not None:
            self.writer.person(PersonLine(step=self.steps, word=word))
        if ended:
            self.writer.end(EndLine(step=self.steps, at=0, left=left.id if left else None, **end))
        self.steps += 1

    async def close(self, outcome: Outcome | None = None) -> Episode:
        await self.writer.close(self.header.model_copy(update={"outcome": outcome}))
        return Episode.open(self.writer.path)


def candidate(left: float, top: float, label: str = "button “Buy”", **fields: Any) -> Candidate:
    box = Box.at(left, top, 60, 20)
    return Candidate(box=box, point=box.center, label=label, source="tree", **fields)


def click(x: float, y: float) -> Click[Any]:
    return Click[Point](at=Point(x=x, y=y))


async def three_clicks(folder: Path) -> Episode:
    """Steps 0 to 2, each leaving what the next one saw."""
    record = Recording(folder)
    saw = record.look(url="http://shop.test/")
    for index in range(3):
        left = record.look(url=f"http://shop.test/{index}")
        await record.step(saw, click(80, 50), action=click(80, 50), left=left, timings={"act": 0.2, "step": 0.5})
        saw = left
    return await record.close(Outcome(status="unverified", stop="done", steps=3, seconds=2.5))


async def everything(folder: Path) -> Episode:
    """One episode in which every kind of record and nearly every field occurs."""
    checks = (Check(text="Basket (1)"), Check(url="/basket$"))
    task = Task(name="mug", goal="Buy a mug", postconditions=checks, inputs={"colour": "blue"})
    record = Recording(
        folder,
        task=task,
        inputs={"colour": "blue"},
        policy="model",
        grounders=("tree", "model"),
        model=ModelInfo(
            name="phi", revision="abc", server="vllm", sampling={"temperature": 0}, template="t", prompt="p"
        ),
        environment={"browser": "Chromium"},
        versions={"handeye": "0.1"},
        redactions=("PASSWORD",),
        private=("network",),
        licence="CC0",
    )
    nodes = (
        Node(role="document", name="Shop", box=Box.at(0, 0, WIDTH, HEIGHT)),
        Node(role="generic", parent=0),
        Node(role="button", name="Buy", parent=1, box=Box.at(50, 40, 60, 20), states=("focused",), value="1", key="k"),
    )
    saw = record.look(
        url="http://shop.test/",
        title="Shop",
        tabs=(Tab(id="t1", url="http://shop.test/", title="Shop", active=True), Tab(id="t2", url="about:blank")),
        windows=(Window(id="w1", title="Shop", program="chromium", box=Box.at(0, 0, 10, 10), active=True),),
        pointer=Point(x=1, y=2),
        dialog=Dialog(kind="prompt", message="How many?", default="1"),
        events=(Event(kind="page error", detail="oops", at=1),),
        settled=Settled(ok=False, why="still loading", seconds=5, captures=9, moving=(Box.at(200, 10, 50, 30),)),
        tree=Tree(nodes),
        evidence=(
            Evidence(probe=Probe(kind="text"), value="Basket"),
            Evidence(probe=Probe(kind="url"), missing="gone"),
        ),
    )
    target = Target(description="Buy", near="mug", inside="list", nth=2, role="button")
    reply = Reply(
        text="click it",
        finish="stop",
        tokens=(Token(text="c", logprob=-1),),
        usage=Usage(prompt=9, cached=5),
        first_token=0.2,
    )
    view = View(observation=saw.id, crop=Box.at(0, 0, 160, 100), sent=Size(width=320, height=200))
    plan = record.call(saw, reply=reply, views=(view,), seconds=1.5)
    record.call(saw, purpose="ground", error="timed out")
    decision = Decision(
        thought="I need it.",
        intent=Click[Place](at=target),
        pending=(Done(note="bought"),),
        calls=(plan,),
        memo={"seen": ["mug"]},
        source="steps[3] (line 17)",
    )
    place = candidate(50, 40, context="in the row of the mug", confidence=0.9)
    crop = place.box.grown(4)
    await record.step(
        saw,
        None,
        decision=decision,
        located=(Found(target=target, place=place, others=(candidate(50, 90, "link “Buy”"),)),),
        guard=GuardWord(rule="shop", reason="may buy"),
        action=Click[Point](at=place.point, modifiers=("Shift",)),
        chain=(Link(source="frame", target="CSS pixels", transform=Transform.scale(0.5)),),
        evidence=(TargetEvidence(crop=saw.frame.crop(crop), crop_box=crop, box=place.box, role="button", name="Buy"),),
        left=saw,
        sent=(Sent(device="mouse", event="down", detail="left"),),
        timings={"decide": 1.5, "act": 0.1, "step": 1.7},
        error=Problem(kind="TargetHidden", message="covered", remedy="close the banner"),
        reward=0.5,
        word=Word(kind="approved", text="go on", at=1),
    )
    ambiguous = Ambiguous(target=target, candidates=(candidate(10, 10), candidate(10, 60, "link “Buy now”")))
    await record.step(saw, Click[Place](at=target), located=(ambiguous,), left=saw)
    absent = Absent(target=target, nearest=(candidate(100, 100, confidence=0.2),), note="no such words")
    await record.step(saw, Click[Place](at=target), located=(absent,), left=saw)
    hidden = Hidden(target=target, reason="covered", place=candidate(50, 40), by="banner")
    await record.step(saw, Click[Place](at=target), located=(hidden,), guard=GuardWord(allowed=False, rule="r"))
    await record.step(saw, Read(name="price", value=("9 €", "8 €"), box=Box.at(5, 5, 40, 10)), left=saw)
    record.call(record.look(), reply=Reply(text="too late"))
    verdicts = tuple(Verdict(check=check, held=index == 0, found="f") for index, check in enumerate(checks))
    return await record.close(
        Outcome(
            status="failed",
            stop="target",
            message="It was not found.",
            problem=Problem(kind="TargetAbsent", message="m", remedy="r"),
            answer="9 €",
            values={"price": ["9 €", "8 €"], "count": 2},
            verdicts=verdicts,
            evidence=(Evidence(probe=Probe(kind="http", argument="/api"), value={"a": 1}),),
            steps=5,
            seconds=12,
        )
    )


async def open_page(page: Page, episode: Episode, address: str = "") -> Path:
    """Shows the episode and waits until its first screenshot, or what stands in its place, is on the screen."""
    file = write_html(episode, episode.path.parent / "page.html")
    await page.goto(file.as_uri() + address)
    await expect(page.locator("#frame[data-shown]")).to_be_attached()
    return file


async def open_all(page: Page) -> None:
    """Opens every section of the panel and waits until the last one is filled."""
    for details in await page.locator("#panel details").all():
        if await details.get_attribute("open") is None:
            await details.locator("summary").click()
        await expect(details.locator("> div > *").first).to_be_attached()


async def shows(page: Page, moment: str) -> None:
    await expect(page.locator("#frame")).to_have_attribute("data-shown", moment)


# pixels


async def test_frames_decode_to_the_recorded_pixels(page: Page, tmp_path: Path) -> None:
    episode = await three_clicks(tmp_path / "e")
    await open_page(page, episode)
    for step in episode:
        await shows(page, f"step-{step.index} before")
        text = await page.locator("#frame img").evaluate(
            """picture => {
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
                const context = canvas.getContext("2d");
                context.drawImage(picture, 0, 0);
                const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
                return btoa(Array.from(data, value => String.fromCharCode(value)).join(""));
            }"""
        )
        shown = np.frombuffer(base64.b64decode(text), np.uint8).reshape(HEIGHT, WIDTH, 4)
        assert np.array_equal(shown[:, :, :3], step.saw.frame.pixels)
        await page.keyboard.press("ArrowRight")


async def test_equal_frames_are_written_once(tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    seen = [record.look(screen(1)) for _ in range(4)]
    for saw, left in itertools.pairwise(seen):
        await record.step(saw, Key(keys=("a",)), action=Key(keys=("a",)), left=left)
    text = render(await record.close())
    assert text.count('id="blob-') == 1


async def test_frames_are_never_all_in_memory(tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    saw = record.look()
    for index in range(30):
        left = record.look(screen(index, 640, 360))
        await record.step(saw, Key(keys=("a",)), left=left)
        saw = left
    await record.close()
    episode = Episode.open(tmp_path / "e")
    tracemalloc.start()
    file = write_html(episode, tmp_path / "page.html")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # one frame of noise is 0.7 MB, as base64 0.9 MB
    assert file.stat().st_size > 25e6
    assert peak < 8e6


async def test_one_to_one_shows_native_pixels(page: Page, tmp_path: Path) -> None:
    await open_page(page, await three_clicks(tmp_path / "e"))
    await page.keyboard.press("z")
    box = await page.locator("#frame img").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (WIDTH, HEIGHT)


# what is drawn


async def test_click_is_drawn_where_it_was(page: Page, tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    await record.step(record.look(), click(80, 50), action=click(80, 50))
    await open_page(page, await record.close())
    for _ in range(2):
        frame = await page.locator("#frame img").bounding_box()
        ring = await page.locator(".overlay .dot").bounding_box()
        assert frame is not None
        assert ring is not None
        at = (
            (ring["x"] + ring["width"] / 2 - frame["x"]) / frame["width"],
            (ring["y"] + ring["height"] / 2 - frame["y"]) / frame["height"],
        )
        assert at == pytest.approx((80 / WIDTH, 50 / HEIGHT), abs=1e-3)
        await page.keyboard.press("z")


def every_verb() -> Iterator[dict[str, Any]]:
    """One act or word of each verb, from the schema: a verb that is added later is tested without being named here."""
    told = {"path": [{"x": 20, "y": 20}, {"x": 200, "y": 90}], "keys": ["Control+a", "Delete"], "options": ["Red"]}
    told |= {"paths": ["a.txt"], "box": {"left": 5, "top": 5, "right": 60, "bottom": 30}, "seconds": 2, "dy": 120}
    told |= {"at": {"x": 80, "y": 50}, "to": {"x": 80, "y": 50}, "for": {"x": 80, "y": 50}}
    union = get_args(Intent)[0]
    for kind in get_args(union):
        assert issubclass(kind, BaseModel)
        names = {field.alias or name: field for name, field in kind.model_fields.items()}
        verb: dict[str, Any] = {"verb": kind.model_fields["verb"].default}
        for name, field in names.items():
            if name in told:
                verb[name] = told[name]
            elif field.is_required():
                verb[name] = "words"
        yield verb


async def test_every_verb_has_an_icon_words_and_a_drawing(page: Page, tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    saw = record.look()
    verbs = list(every_verb())
    for verb in verbs:
        try:
            action = ACTION.validate_python(verb)
        except ValidationError:
            action = None  # a word that ends in the loop
        await record.step(saw, INTENT.validate_python(verb), action=action, left=saw)
    episode = await record.close()
    await open_page(page, episode)
    for step in episode:
        await shows(page, f"step-{step.index} before")
        name = step.decision.intent.verb
        assert headline(step.decision.intent).what
        symbol = page.locator(f"#steps li:nth-child({step.index + 1}) .icon use")
        await expect(symbol).to_have_attribute("href", f"#icon-{name}")
        drawn = await page.locator(".overlay :is(.mark, .chip, .caps, .dot)").count()
        assert drawn > 0, name
        await page.keyboard.press("ArrowRight")
    assert len(verbs) > 25


async def test_located_boxes_and_their_layers(page: Page, tmp_path: Path) -> None:
    await open_page(page, await everything(tmp_path / "e"))
    found, other = page.locator(".mark.found"), page.locator(".mark.other")
    await expect(found).to_have_count(1)
    await expect(other).to_have_count(1)
    await expect(page.locator("rect.moving")).to_have_count(1)
    await expect(page.locator(".world-dialog")).to_contain_text("How many?")
    await page.keyboard.press("2")
    await expect(found).to_have_count(0)
    await expect(page.locator("rect.moving")).to_have_count(1)
    await page.keyboard.press("3")
    await expect(page.locator("rect.moving")).to_have_count(0)
    await page.keyboard.press("1")
    await expect(page.locator(".overlay .dot")).to_have_count(0)
    await page.keyboard.press("2")
    for kind, count in (("ambiguous", 2), ("nearest", 1), ("hidden", 1)):
        await page.keyboard.press("ArrowRight")
        await expect(page.locator(f".mark.{kind}")).to_have_count(count)


async def test_what_a_replay_found_stands_beside_the_step(page: Page, tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    saw = record.look()
    was, now = Box.at(20, 30, 40, 20), Box.at(90, 60, 40, 20)
    crop = was.grown(4)
    moved = Refound(
        label="button “Buy”",
        crop=saw.frame.crop(crop),
        crop_box=crop,
        box=was,
        verdict="target-moved",
        why="the one of its name in its surroundings",
        now=now,
        point=now.center,
        name="button “Buy”",
        context=0.93,
        look=0.5,
        by=("tree",),
    )
    ambiguous = Refound(label="link “Edit”", box=was, verdict="target-ambiguous", others=(was, now))
    for place in (moved, ambiguous):
        replayed = Replayed(
            step=7, verdict=place.verdict, why=place.why or "two are alike", places=(place,), waited=0.5
        )
        click = Click[Place](at=now.center)
        await record.step(saw, click, decision=Decision(intent=click, replayed=replayed), left=saw)
    await open_page(page, await record.close())
    panel = page.locator("#panel .replayed")
    for words in ("target-moved", "of recorded step 7", "surroundings 93 %", "looks 50 %", "recorded here", "now here"):
        await expect(panel).to_contain_text(words)
    await expect(panel.locator("img.crop")).to_be_visible()
    # where it was is outlined in the frame, where it is when it is pointed at
    await expect(page.locator(".mark.nearest")).to_have_count(1)
    await panel.get_by_text("now here").hover()
    await expect(page.locator(".mark.hover")).to_have_count(1)
    await page.keyboard.press("ArrowRight")
    await expect(panel).to_contain_text("target-ambiguous")
    await expect(page.locator(".mark.ambiguous")).to_have_count(2)
    await expect(panel.locator("img.crop")).to_have_count(0)


async def test_node_of_the_tree_is_outlined(page: Page, tmp_path: Path) -> None:
    await open_page(page, await everything(tmp_path / "e"))
    await page.get_by_text("Accessibility tree").click()
    rows = page.locator(".tree > div")
    await expect(rows).to_have_count(2)
    await rows.nth(1).hover()
    await expect(page.locator(".mark.hover")).to_have_count(1)
    await page.mouse.move(1, 1)
    await expect(page.locator(".mark.hover")).to_have_count(0)


# moving about


async def test_keys_list_scrubber_and_address(page: Page, tmp_path: Path) -> None:
    file = await open_page(page, await three_clicks(tmp_path / "e"), "#step-1")
    await shows(page, "step-1 before")
    await page.keyboard.press("ArrowRight")
    await shows(page, "step-2 before")
    assert page.url == f"{file.as_uri()}#step-2"
    await page.keyboard.press("ArrowRight")
    await shows(page, "step-2 before")
    await page.keyboard.press("Home")
    await shows(page, "step-0 before")
    await page.keyboard.press("End")
    await shows(page, "step-2 before")
    await page.keyboard.press("ArrowLeft")
    await shows(page, "step-1 before")
    await page.locator("#steps a").first.click()
    await shows(page, "step-0 before")
    await page.locator("#scrubber").fill("2")
    await shows(page, "step-2 before")
    bar = await page.locator(".scrubber").bounding_box()
    assert bar is not None
    await page.mouse.click(bar["x"] + bar["width"] * 0.5, bar["y"] + bar["height"] / 2)
    await shows(page, "step-1 before")
    handle = page.locator("#scrubber")
    await handle.focus()
    await page.keyboard.press("ArrowRight")
    await shows(page, "step-2 before")
    await page.goto(f"{file.as_uri()}#step-0")
    await shows(page, "step-0 before")
    await expect(page.locator("#steps a[aria-current=step]")).to_contain_text("0")


async def test_before_and_after(page: Page, tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    saw = record.look(url="http://shop.test/before")
    await record.step(saw, click(5, 5), action=click(5, 5), left=record.look(url="http://shop.test/after"))
    await record.step(saw, click(5, 5), action=click(5, 5), ended=False)
    await open_page(page, await record.close())
    await page.keyboard.press("b")
    await shows(page, "step-0 after")
    await expect(page.locator("#address")).to_have_text("http://shop.test/after")
    # points lie in what was seen, not in what was left
    await expect(page.locator(".overlay .dot")).to_have_count(0)
    await page.locator("#before").click()
    await shows(page, "step-0 before")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#after")).to_be_disabled()
    await page.keyboard.press("b")
    await shows(page, "step-1 before")


async def test_play_goes_to_the_end_and_stops(page: Page, tmp_path: Path) -> None:
    await page.clock.install()
    await open_page(page, await three_clicks(tmp_path / "e"))
    await page.keyboard.press(" ")
    await expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    for moment in ("step-1 before", "step-2 before", "step-2 after"):
        await page.clock.run_for(1500)
        await shows(page, moment)
    await page.clock.run_for(1500)
    await expect(page.locator("#play")).to_have_attribute("aria-label", "Play")


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_page_fits_the_window_and_its_text_has_contrast(
    chromium: Browser, tmp_path: Path, size: tuple[int, int], scheme: Any
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    page = await chromium.new_page(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]  # a TypedDict
    await open_page(page, await everything(tmp_path / "e"))
    root = page.locator("html")
    assert await root.evaluate("e => [e.scrollWidth, e.scrollHeight]") == list(size)
    room, frame = await page.locator("#viewport").bounding_box(), await page.locator("#frame").bounding_box()
    assert room is not None
    assert frame is not None
    assert room["x"] <= frame["x"]
    assert room["y"] <= frame["y"]
    assert frame["x"] + frame["width"] <= room["x"] + room["width"]
    assert frame["y"] + frame["height"] <= room["y"] + room["height"]
    names = await root.evaluate(
        "e => ['ink', 'quiet', 'accent'].map(n => getComputedStyle(e).getPropertyValue('--' + n))"
    )
    grounds = await root.evaluate("e => ['ground', 'surface'].map(n => getComputedStyle(e).getPropertyValue('--' + n))")
    softs = await root.evaluate(
        """e => ['good', 'bad', 'warn', 'calm'].map(n => ['--' + n, `--${n}-soft`].map(
            v => getComputedStyle(e).getPropertyValue(v)))"""
    )
    for ink, ground in [*((ink, ground) for ink in names for ground in grounds), *softs]:
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    await page.close()


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours ``#rrggbb``."""

    def luminance(color: str) -> float:
        parts = [int(color.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


async def test_every_control_has_a_name_and_can_be_reached(page: Page, tmp_path: Path) -> None:
    await open_page(page, await everything(tmp_path / "e"))
    unnamed = await page.locator("button, input, a, summary, [tabindex='0']").evaluate_all(
        "all => all.filter(e => !(e.textContent.trim() || e.getAttribute('aria-label'))).map(e => e.outerHTML)"
    )
    assert unnamed == []
    await page.keyboard.press("i")
    await expect(page.locator("#about")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#about")).to_be_hidden()


# what is said


async def test_run_is_told(page: Page, tmp_path: Path) -> None:
    await open_page(page, await everything(tmp_path / "e"))
    await expect(page).to_have_title("mug · handeye")
    top = page.locator("header")
    for words in ("Failed", "mug", "Buy a mug", "A target was not found", "It was not found.", "5 steps", "12 s"):
        await expect(top).to_contain_text(words)
    for words in ("model policy", "tree → model", "phi", "2026-01-02 03:04 UTC", "1 of 2 postconditions not held"):
        await expect(top).to_contain_text(words)
    await page.locator("#badge").click()
    about = page.locator("#about")
    for words in (
        "text 'Basket (1)'",
        "not held: f",
        "9 €, 8 €",
        "TargetAbsent",
        "Chromium",
        "CC0",
        "PASSWORD",
        "blue",
    ):
        await expect(about).to_contain_text(words)


async def test_step_is_told(page: Page, tmp_path: Path) -> None:
    await open_page(page, await everything(tmp_path / "e"))
    panel = page.locator("#panel")
    await open_all(page)
    for words in (
        *("I need it.", "steps[3] (line 17)", "Done bought", "TargetHidden", "close the banner", "button “Buy”"),
        *("in the row of the mug", "approved", "go on", "decide", "1.5 s", "click it", "5 cached", "timed out"),
        *(
            "How many?",
            "oops",
            "still loading",
            "Basket",
            "gone",
            "CSS pixels",
            "× 0.5, 0.5",
            "mouse",
            "may buy",
            "0.5",
        ),
        *('"modifiers"', '"seen"'),
    ):
        await expect(panel).to_contain_text(words)
    await expect(panel.locator("img.crop")).to_be_visible()
    await page.keyboard.press("End")
    await shows(page, "end before")
    await expect(panel).to_contain_text("too late")


# what is broken


async def test_step_begun_and_never_ended(page: Page, tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    await record.step(record.look(), click(5, 5), action=click(5, 5), ended=False)
    await open_page(page, await record.close())
    await expect(page.locator("#badge")).to_have_text("Broken off")
    await expect(page.locator("#panel .card")).to_contain_text("Whether the act happened cannot be told")
    await expect(page.locator("#steps .flag.unknown")).to_be_visible()


async def test_last_line_cut_off(page: Page, tmp_path: Path) -> None:
    await three_clicks(tmp_path / "e")
    lines = tmp_path / "e" / "steps.jsonl"
    lines.write_bytes(lines.read_bytes()[:-9])
    await open_page(page, Episode.open(tmp_path / "e"))
    await expect(page.locator("#chips")).to_contain_text("1 warning")
    await page.locator("#chips button").click()
    await expect(page.locator("#about")).to_contain_text("cut off")


@pytest.mark.parametrize("looked", [True, False])
async def test_no_steps(page: Page, tmp_path: Path, looked: bool) -> None:
    record = Recording(tmp_path / "e")
    if looked:
        record.look()
    problem = Problem(kind="EnvironmentFailed", message="no browser")
    await open_page(page, await record.close(Outcome(status="infrastructure", stop="environment", problem=problem)))
    await shows(page, "end before")
    await expect(page.locator("#badge")).to_have_text("Infrastructure")
    await expect(page.locator("#frame img")).to_have_count(int(looked))
    await expect(page.locator("#panel")).to_contain_text("No step was taken.")
    for key in ("ArrowRight", "End", "b", " ", "z"):
        await page.keyboard.press(key)
    await shows(page, "end before")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("missing", "cannot read"),
        ("truncated", "is damaged"),
        ("other size", "recorded as 320×200, but the file holds 10×10"),
        ("no picture", "not a PNG"),
        ("undecodable", "not a picture that a browser can decode"),
    ],
)
async def test_damaged_frame_says_why(page: Page, tmp_path: Path, damage: str, words: str) -> None:
    episode = await three_clicks(tmp_path / "e")
    sha256 = episode.steps[0].saw.frame.sha256
    blob = tmp_path / "e" / blob_name(sha256)
    png = blob.read_bytes()
    other = {"other size": screen(0, 10, 10).png, "no picture": b"GIF89a", "undecodable": png[:40]}.get(damage)
    if damage == "missing":
        blob.unlink()
    elif damage == "truncated":
        blob.write_bytes(png[:100])
    elif other is not None:
        # with a right hash: the record itself names a blob that is no such frame
        name = hashlib.sha256(other).hexdigest()
        (tmp_path / "e" / blob_name(name)).parent.mkdir(exist_ok=True)
        (tmp_path / "e" / blob_name(name)).write_bytes(other)
        lines = tmp_path / "e" / "steps.jsonl"
        lines.write_text(lines.read_text().replace(sha256, name))
    file = await open_page(page, Episode.open(tmp_path / "e"))
    await expect(page.locator("#frame .empty")).to_contain_text(words)
    # the act is still drawn where it was, and the other steps are whole
    await expect(page.locator(".overlay .dot")).to_have_count(1)
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#frame img")).to_have_count(1)
    assert str(tmp_path) not in file.read_text()


async def test_damaged_tree_says_why(page: Page, tmp_path: Path) -> None:
    episode = await everything(tmp_path / "e")
    (tmp_path / "e" / blob_name(episode.steps[0].saw.tree.sha256)).write_bytes(b"")
    await open_page(page, episode)
    await page.get_by_text("Accessibility tree").click()
    await expect(page.locator("#panel")).to_contain_text("is damaged")


async def test_numbers_that_json_cannot_hold_are_refused(tmp_path: Path) -> None:
    record = Recording(tmp_path / "e")
    saw = record.look()
    await record.step(saw, click(5, 5), left=saw, timings={"act": 0.125})
    await record.close()
    lines = tmp_path / "e" / "steps.jsonl"
    lines.write_text(lines.read_text().replace("0.125", "Infinity"))
    with pytest.raises(EpisodeCorrupt, match="timings"):
        Episode.open(tmp_path / "e")


async def test_world_without_an_address_and_an_episode_in_a_zip(page: Page, tmp_path: Path) -> None:
    record = Recording(tmp_path / "e", task=Task(name="draw", environment="drawn"))
    saw = record.look(title="Scene")
    await record.step(saw, Scroll[Place](dy=10), action=Scroll[Point](dy=10), left=saw)
    await record.step(saw, Type[Place](text="ü"), action=Type[Point](text="ü"), left=saw)
    await record.close(Outcome(status="passed", stop="done"))
    shutil.make_archive(str(tmp_path / "e"), "zip", tmp_path / "e")
    await open_page(page, Episode.open(tmp_path / "e.zip"))
    await expect(page.locator("#badge")).to_have_text("Passed")
    await expect(page.locator("#address")).to_have_text("Scene")
    await expect(page.locator("#frame img")).to_have_count(1)


# files


async def test_render_is_what_is_written(tmp_path: Path) -> None:
    episode = await everything(tmp_path / "e")
    assert write_html(episode, tmp_path / "page.html").read_text(encoding="utf-8") == render(episode)
    assert {each.name for each in tmp_path.iterdir()} == {"e", "page.html"}


async def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    episode = await three_clicks(tmp_path / "e")
    with pytest.raises(UsageError, match="cannot write") as failure:
        write_html(episode, tmp_path / "nowhere" / "page.html")
    assert "--html" in failure.value.remedy
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError):
        write_html(episode, tmp_path / "taken")
    assert {each.name for each in tmp_path.iterdir()} == {"e", "taken"}


# attacks

PAYLOADS = (
    "</script><script>window.pwned = 1</script>",
    "<!--<script>window.pwned = 2//",
    '"><img src=x onerror="window.pwned = 3"><svg onload="window.pwned = 4">',
    "'-alert(5)-'{{ 7 * 7 }}{% include 'x' %}]]>&lt;b&gt;\u2028\u2029\u202e",
    "javascript:window.pwned = 6//<iframe src='javascript:parent.pwned = 7'></iframe>",
    "</title></style><style>* { display: none }</style><link rel=stylesheet href=http://evil.test/x.css>",
)


def poisoned(record: Any, valid: Any, payload: str) -> Any:
    """The record with the payload appended to every text that may be anything, and as a further key of free mappings."""

    def spread(value: Any, put: Any) -> None:
        if isinstance(value, str):
            put(value + payload)
            if not valid(record):
                put(value)
        elif isinstance(value, list):
            for index, each in enumerate(value):
                spread(each, lambda new, index=index: value.__setitem__(index, new))
        elif isinstance(value, dict):
            for key, each in list(value.items()):
                spread(each, lambda new, key=key: value.__setitem__(key, new))
            if value:
                first = next(iter(value.values()))
                value[payload] = first
                value["__proto__"] = first
                if not valid(record):
                    del value[payload], value["__proto__"]

    spread(record, lambda new: None)
    return record


def is_line(record: Any) -> bool:
    try:
        LINE.validate_python(record)
    except ValidationError:
        return False
    return True


def is_header(record: Any) -> bool:
    try:
        Header.model_validate(record)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_recorded_text_is_inert(page: Page, tmp_path: Path, payload: str) -> None:
    await everything(tmp_path / "e")
    lines = tmp_path / "e" / "steps.jsonl"
    # names of observations and calls are free text too: poisoned alike everywhere, they still fit
    rows = [poisoned(json.loads(row), is_line, payload) for row in lines.read_text().splitlines()]
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    header = tmp_path / "e" / "episode.json"
    header.write_text(json.dumps(poisoned(json.loads(header.read_text()), is_header, payload)))
    episode = Episode.open(tmp_path / "e")
    assert payload in episode.header.task.name
    assert payload in episode.steps[0].thought
    assert payload in episode.steps[0].saw.id

    broken: list[str] = []
    page.on("dialog", lambda dialog: broken.append(f"dialog {dialog.message}"))
    page.on("pageerror", lambda error: broken.append(f"error {error}"))
    page.on("console", lambda message: broken.append(f"console {message.text}"))
    page.on("request", lambda request: broken.append(request.url) if not is_ours(request.url) else None)
    file = await open_page(page, episode)
    for step in episode:
        await shows(page, f"step-{step.index} before")
        await open_all(page)
        await page.keyboard.press("b")
        await page.keyboard.press("ArrowRight")
    await shows(page, "end before")
    await page.keyboard.press("i")
    await expect(page.locator("#about")).to_be_visible()
    assert broken == []
    assert await page.evaluate("window.pwned") is None
    assert page.url.startswith(file.as_uri())
    # nothing in the page is an element that the viewer does not make, or names a handler
    strange = await page.locator("*").evaluate_all(
        """all => all.filter(e => ["IFRAME", "OBJECT", "EMBED", "BASE", "VIDEO", "AUDIO"].includes(e.tagName)
            || [...e.attributes].some(a => a.name.startsWith("on")
                || (/href|src|action|data$/.test(a.name) && /^\\s*javascript:/i.test(a.value)))
            || (e.tagName === "IMG" && !e.src.startsWith("data:image/png;base64,"))
            || (e.tagName === "A" && !/^#(step-\\d+|end)$/.test(e.getAttribute("href")))).map(e => e.outerHTML.slice(0, 200))"""
    )
    assert strange == []
    assert await page.locator("script:not([type])").count() == 1
    assert await page.locator("style, link").count() == 2
    assert payload.replace("\u2028", "").split("{")[0] in (await page.locator("#name").text_content() or "")


def is_ours(url: str) -> bool:
    return url.startswith(("file:", "data:"))


async def test_policy_stops_what_escaping_would_miss(page: Page, tmp_path: Path) -> None:
    """Were some text to become markup after all, the page's own policy would still keep it from running and from talking."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    host = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
    markup = f"""<img src=x onerror="window.pwned = 1"><script>window.pwned = 2</script><img src="{host}/a.png">
        <link rel=stylesheet href="{host}/a.css"><iframe src="{host}/a.html"></iframe><script src="{host}/a.js"></script>
        <video src="{host}/a.mp4"></video><form action="{host}/form"><button id=send>Send</button></form>"""
    file = await open_page(page, await three_clicks(tmp_path / "e"))
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace("<body>", f"<body>{markup}"), encoding="utf-8")
    await page.goto("about:blank")
    await page.goto(file.as_uri())
    await shows(page, "step-0 before")
    await page.locator("#send").evaluate("button => button.click()")
    assert await page.evaluate("window.pwned") is None
    # markup made by a script is refused as such
    made = "() => { try { document.body.innerHTML = '<b>'; return true } catch { return false } }"
    assert await page.evaluate(made) is False
    # the same without the policy: it is what kept them out
    file.write_text(
        re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", whole).replace("<body>", f"<body>{markup}")
    )
    assert heard == []
    await page.goto("about:blank")
    await page.goto(file.as_uri())
    await shows(page, "step-0 before")
    assert await page.evaluate("window.pwned") in (1, 2)
    assert len(heard) > 0
    server.close()


async def test_page_names_no_other_file(tmp_path: Path) -> None:
    text = render(await three_clicks(tmp_path / "e"))
    outside = text.replace("http://www.w3.org/2000/svg", "").replace("http://shop.test/", "")
    assert "://" not in outside
    assert "default-src &#39;none&#39;" in text
    assert "unsafe" not in text
