"""What was seen: the frame, where its pixels belong, and what the environment knows beside it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...tools.geometry import Box, Point, Surface
from ...tools.pixels import Frame
from .base import Json, ObservationId, Record
from .task import Probe
from .tree import LazyTree


class Tab(Record):
    """A tab or popup window of the browser.

    Attributes:
        id: Stable while the tab lives; `SwitchTab` and `CloseTab` name it.
        active: The one that the frame shows.
    """

    id: str
    url: str
    title: str = ""
    active: bool = False


class Window(Record):
    """A window of the desktop; its box is in frame pixels."""

    id: str
    title: str
    program: str = ""
    box: Box
    active: bool = False


class Dialog(Record):
    """A dialog that waits to be answered (`AnswerDialog`); nothing answers it but an act.

    Attributes:
        kind: ``alert``, ``confirm``, ``prompt`` and ``beforeunload`` are the page's own and block it. The others are the browser's:
            ``auth`` asks for a user name and a password, ``permission`` whether the page may do something (look where one is, use
            the camera), ``files`` which files it gets, ``print`` whether to print.
        message: What it says: a text of the page, a site and its realm, the name of a permission.
        default: What a prompt holds to begin with.
        tab: Id of the tab that it belongs to.
        blocks: The page takes no input until it is answered.
        several: Of ``files``: more than one may be given.
    """

    kind: Literal["alert", "confirm", "prompt", "beforeunload", "auth", "permission", "files", "print"]
    message: str
    default: str = ""
    tab: str = ""
    blocks: bool = True
    several: bool = False


class Event(Record):
    """Something that happened since the last observation.

    Attributes:
        kind: ``dialog``, ``file chooser``, ``download``, ``tab opened``, ``tab closed``, ``navigated``, ``page error``, ``crashed``,
            ``blocked`` (a request to a site that `Start.allow` does not hold, said once for each site) …
        detail: What it concerns: a URL, a site, a file name, a message.
        at: Seconds since the episode began (monotonic clock).
    """

    kind: str
    detail: str = ""
    at: float


class Settled(Record):
    """Whether the screen had come to rest when it was captured.

    Attributes:
        ok: It had: two equal captures with nothing pending between them.
        why: What was still going on, when it had not.
        seconds: Time from the act to the capture that was kept.
        captures: How many captures that took.
        moving: Boxes (frame pixels) that move for ever and were left out of the comparison.
    """

    ok: bool
    why: str = ""
    seconds: float = 0
    captures: int = 1
    moving: tuple[Box, ...] = ()


class Evidence(Record):
    """What a probe found.

    Attributes:
        probe: What was asked.
        value: The answer; None when there is none.
        missing: Why there is none.
    """

    probe: Probe
    value: Json = None
    missing: str = ""


class Observation(Record):
    """One look at the world. Every point and box of a step that saw it is in pixels of its frame.

    Attributes:
        id: ``o0000``, ``o0001`` … in order.
        at: Seconds since the episode began (monotonic clock).
        frame: Native-resolution screenshot, lossless.
        surfaces: Pieces of the frame with their own way to input units.
        url: Of the page looked at; empty outside a browser.
        title: Of the page or active window.
        tabs: All tabs, in order of opening.
        windows: All windows of a desktop.
        pointer: Where the pointer is, when known.
        dialog: The dialog that waits for an answer, if any; when it blocks the page, the frame is the last one before it.
        events: What happened since the observation before.
        settled: Whether the screen had come to rest.
        tree: The accessibility tree, fetched when asked for.
        evidence: What the probes asked at this point found.
    """

    id: ObservationId
    at: float
    frame: Frame
    surfaces: tuple[Surface, ...] = Field(min_length=1)
    url: str = ""
    title: str = ""
    tabs: tuple[Tab, ...] = ()
    windows: tuple[Window, ...] = ()
    pointer: Point | None = None
    dialog: Dialog | None = None
    events: tuple[Event, ...] = ()
    settled: Settled = Settled(ok=True)
    tree: LazyTree
    evidence: tuple[Evidence, ...] = ()
