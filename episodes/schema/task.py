"""What is asked: where to start, what to do, and how success is checked outside the agent."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from .base import Json, Record, Text, regular
from .script import ScriptStep

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INDEX = re.compile(r"-?[0-9]{1,9}")


class Viewport(Record):
    """Size of the page area in CSS pixels; 1280×720 is what the model sees without any resizing."""

    width: int = Field(default=1280, ge=16, le=16384)
    height: int = Field(default=720, ge=16, le=16384)


class Program(Record):
    """A program of a desktop that is started for a task. Short: its command line, ``mousepad notes.txt``.

    Attributes:
        command: The program and its arguments, as a shell would split them; no shell reads it. ``~`` at the beginning of an argument is
            the home folder of the task.
        window: Regular expression that the title or the name of its first window matches; None takes any new window.
        seconds: How long that window may take.
        environment: Variables besides those of the desktop.
    """

    command: tuple[Text, ...] = Field(min_length=1)
    window: str | None = None
    seconds: float = Field(default=30, gt=0, le=600)
    environment: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"command": data} if isinstance(data, str) else data

    @field_validator("command", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return shlex.split(value) if isinstance(value, str) else value

    @field_validator("window")
    @classmethod
    def _regular(cls, value: str | None) -> str | None:
        return regular(value)


class Start(Record):
    """The start recipe: everything that decides what the first observation shows, and what may be reached from it.

    Attributes:
        url: Where to begin; relative to the site when one is given.
        site: A bundled site (``shop``, ``miniwob``) that is served on loopback for the length of the episode.
        viewport: Page area in CSS pixels.
        scale: Device pixels per CSS pixel, before any zoom.
        zoom: The browser's page zoom: 1.5 lays the page out in a viewport of two thirds and draws it half as large again. The frame
            stays ``viewport`` × ``scale``.
        touch: The device has a touch screen and no mouse: a click is a tap, a drag and a scroll are swipes.
        mobile: The page is laid out as on a telephone: its ``viewport`` meta tag counts, and one without is 980 pixels wide.
        locale: Language of the browser, BCP 47.
        timezone: IANA name.
        color_scheme: What ``prefers-color-scheme`` says.
        user_agent: Replaces the browser's own.
        seed: Exact JavaScript literal: ``1`` and ``"1"`` seed differently. Seeds the site, and ``Math.random`` in pages.
        clock: ISO 8601 instant at which the page's clock starts; None is the real clock.
        clock_runs: Whether that clock goes on from there, or always says the same.
        clock_step: The page's clock stands still but for this many seconds at the start and after each act, a ``wait`` act's own besides;
            None lets it run by itself.
        storage_state: File with cookies and local storage to start from.
        permissions: What pages may do without asking (``geolocation``, ``notifications``, ``camera``, ``clipboard-read`` …).
        geolocation: Where the device says it is: latitude and longitude, degrees.
        files: Folders whose files may be uploaded. None: any that a person's script names, of a model the inputs of its task.
        drawn: For the drawn environment: which scene.
        display: Of a desktop: ``sandbox`` starts a private screen of the size of the viewport, with a home folder, a session bus and a
            clipboard of its own; ``current`` is the screen that is there.
        programs: Of a desktop: what is started, in order, each when the one before shows its window. Nothing else is.
        home: Of a sandbox: files to begin with, relative path → text; a path that ends in ``/`` is a folder.
        keyboard: Of a sandbox: the layout of its keyboard, as XKB calls it (``us``, ``de``, ``ru``).
        setup: Of a virtual machine of OSWorld: the steps that prepare it, as ``config`` of a task of theirs has them.
        allow: What the browser may reach beside the site that it starts at: ``example.com``, ``*.example.com``, ``127.0.0.1:9000``,
            ``http://example.com``; ``*`` is everything. None sets no bounds, as for a script that a person wrote.
    """

    url: str = "about:blank"
    site: str | None = None
    viewport: Viewport = Viewport()
    scale: float = Field(default=1.0, gt=0, le=8)
    zoom: float = Field(default=1.0, ge=0.25, le=5)
    touch: bool = False
    mobile: bool = False
    locale: str = "en-US"
    timezone: str = "UTC"
    color_scheme: Literal["light", "dark"] = "light"
    user_agent: str | None = None
    seed: int | str | None = None
    clock: str | None = None
    clock_runs: bool = True
    clock_step: float | None = Field(default=None, gt=0, le=60)
    storage_state: str | None = None
    permissions: tuple[str, ...] = ()
    geolocation: tuple[float, float] | None = None
    files: tuple[str, ...] | None = None
    drawn: str | None = None
    display: Literal["sandbox", "current"] = "sandbox"
    programs: tuple[Program, ...] = ()
    home: dict[str, str] = {}
    keyboard: str = "us"
    setup: tuple[dict[str, JsonValue], ...] = ()
    allow: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _clock_to_move(self) -> Start:
        if self.clock_step is not None and self.clock is None:
            raise ValueError("clock_step moves a clock that stands: say at which instant, clock: 2026-12-24T09:30:00Z")
        return self

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"url": data} if isinstance(data, str) else data


class Probe(Record):
    """A question to the world, answered during the run and recorded: a score sees only what was recorded.

    Attributes:
        kind: ``text`` visible text · ``url`` of the page · ``http`` a GET with the page's cookies · ``script`` the value of a
            JavaScript expression · ``file`` its content · ``process`` the running programs of that name · ``download`` the content of
            the newest file of that name (``*`` and ``?`` stand for any characters) that the run downloaded · ``evaluator`` what an
            evaluator of OSWorld (its ``evaluator``, as JSON) asks a virtual machine; files that it fetches are downloads.
        argument: URL, expression, path or name; empty for ``text`` and ``url``.
    """

    kind: Literal["text", "url", "http", "script", "file", "process", "download", "evaluator"]
    argument: str = ""


class Check(Record):
    """A condition: one thing to look at, and what has to be true of it.

    What to look at, exactly one: ``text`` (has to be visible), ``no_text`` (must not be), ``url`` (regular expression), ``http``,
    ``script``, ``file``, ``process``, ``download`` (a file that the run downloaded, by name), ``value`` (something that the run
    read, by name; ``answer`` is the final answer).

    Attributes:
        pick: Dotted path into JSON: ``items.0.name``.
        equals: It is exactly this.
        contains: Its text holds this.
        matches: Its text matches this regular expression somewhere.
        exists: It is there (true) or is not (false).
    """

    text: Text | None = None
    no_text: Text | None = None
    url: str | None = None
    http: str | None = None
    script: str | None = None
    file: str | None = None
    process: str | None = None
    download: Text | None = None
    value: str | None = None
    pick: str | None = None
    equals: JsonValue = None
    contains: Text | None = None
    matches: str | None = None
    exists: bool | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Check:
        looked_at = [name for name in _LOOKED_AT if getattr(self, name) is not None]
        if len(looked_at) != 1:
            raise ValueError(
                f"a check looks at exactly one of {', '.join(_LOOKED_AT)}; this one names {len(looked_at)}"
            )
        return self

    @field_validator("url", "matches")
    @classmethod
    def _regular(cls, value: str | None) -> str | None:
        return regular(value)

    @property
    def subject(self) -> str:
        """Which of the alternatives it looks at."""
        return next(name for name in _LOOKED_AT if getattr(self, name) is not None)

    @property
    def probe(self) -> Probe | None:
        """What to ask the world; None when the answer is among the values that the run read."""
        match self.subject:
            case "text" | "no_text":
                return Probe(kind="text")
            case "url":
                return Probe(kind="url")
            case "http":
                return Probe(kind="http", argument=self.http or "")
            case "script":
                return Probe(kind="script", argument=self.script or "")
            case "file":
                return Probe(kind="file", argument=self.file or "")
            case "process":
                return Probe(kind="process", argument=self.process or "")
            case "download":
                return Probe(kind="download", argument=self.download or "")
            case _:
                return None

    def holds(self, value: Json) -> bool:
        """Whether the condition is true of what was found; None stands for nothing found, of which only `exists` can be false."""
        if self.pick is not None:
            value = _picked(value, self.pick)
        if value is None:
            return self.exists is False and not self._says_what()
        if self.subject == "text":
            return _squeeze(self.text or "") in _squeeze(_text(value))
        if self.subject == "no_text":
            return _squeeze(self.no_text or "") not in _squeeze(_text(value))
        if self.subject == "url":
            return re.search(self.url or "", _text(value)) is not None
        # a file may be empty, and so may a folder: what is there was found
        there = self.subject == "file" or value not in ([], "")
        wanted = self.exists if self.exists is not None else True
        if not self._says_what():
            return there == wanted
        return (
            (self.exists is None or there == wanted)
            and (self.equals is None or _same(value, self.equals) or _text(value) == _text(self.equals))
            and (self.contains is None or self.contains in _text(value))
            and (self.matches is None or re.search(self.matches, _text(value)) is not None)
        )

    def _says_what(self) -> bool:
        return any(each is not None for each in (self.equals, self.contains, self.matches))

    def __str__(self) -> str:
        fields = self.model_dump(exclude_none=True)
        return ", ".join(f"{name} {_text(value)!r}" if value != "" else name for name, value in fields.items())


_LOOKED_AT = ("text", "no_text", "url", "http", "script", "file", "process", "download", "value")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _same(a: Json, b: Json) -> bool:
    # as JSON has it: 1 is 1.0, but true is not 1
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    return a == b


def _squeeze(text: str) -> str:
    return " ".join(text.split()).casefold()


def _picked(value: Json, path: str) -> Json:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    for key in path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and _INDEX.fullmatch(key) and -len(value) <= int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


class Budget(Record):
    """When to stop trying.

    Attributes:
        steps: Acts at most.
        seconds: Wall-clock time at most.
        tokens: Model tokens (prompt and completion) at most; None is no limit.
    """

    steps: int = Field(default=200, ge=1)
    seconds: float = Field(default=900, gt=0)
    tokens: int | None = Field(default=None, ge=1)


class Task(Record):
    """One task: from a file, a suite, or a goal typed on the command line.

    Attributes:
        name: Short, unique in its folder.
        goal: What is to be reached, in words; needed by a policy that plans.
        environment: Short name or dotted path: ``browser``, ``desktop``, ``drawn``.
        start: Where it begins.
        inputs: Values that the steps use as ``{name}``; null ones have to be given on the command line.
        secrets: Name → environment variable that holds the value. Values are never in the file.
        steps: A script; without one a model has to decide.
        postconditions: What has to be true at the end; without any, success cannot be verified.
        probes: What to ask the world at the end besides, for scores.
        budget: When to stop trying.
    """

    name: Text = "task"
    goal: Text = ""
    environment: str = "browser"
    start: Start = Start()
    inputs: dict[str, Text | None] = {}
    secrets: dict[str, str] = {}
    steps: tuple[ScriptStep, ...] = ()
    postconditions: tuple[Check, ...] = ()
    probes: tuple[Probe, ...] = ()
    budget: Budget = Budget()

    @field_validator("inputs", "secrets")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        wrong = [name for name in value if not _NAME.fullmatch(name)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is not a name: letters, digits and _ only")
        return value

    @model_validator(mode="after")
    def _something_to_do(self) -> Task:
        both = self.inputs.keys() & self.secrets.keys()
        if both:
            raise ValueError(f"{', '.join(sorted(both))}: both an input and a secret")
        return self
