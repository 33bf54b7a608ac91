"""What was seen: the frame, where its pixels belong, and what the environment knows beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ...tools.errors import UsageError
from ...tools.filenames import free_names, safe_name
from ...tools.geometry import Box, Point, Surface
from ...tools.handles import Content
from ...tools.pixels import Frame
from ...tools.secrets import OURS
from .base import Json, ObservationId, Record, Sha256
from .network import Moment
from .task import Probe
from .tree import LazyTree


class Tab(Record):
    """A tab or popup window of the browser.

    Attributes:
        id: Stable while the tab lives; `SwitchTab` and `CloseTab` name it.
        active: The one that the frame shows.
        target: What the browser calls it, in a browser that was attached to: it is found by that when a run that broke off is resumed.
    """

    id: str
    url: str
    title: str = ""
    active: bool = False
    target: Annotated[str, OURS] = ""


class Window(Record):
    """A window of the desktop.

    Attributes:
        id: Stable while the window lives; `FocusWindow` and `CloseWindow` name it.
        program: Name of the program that shows it, as far as that is told.
        box: Its outside, frame pixels; it may leave the frame.
        active: It has the keyboard.
        hidden: Minimised, or on another work space: nothing of it can be seen.
    """

    id: str
    title: str
    program: str = ""
    box: Box
    active: bool = False
    hidden: bool = False


class Dialog(Record):
    """A dialog that waits to be answered (`AnswerDialog`); nothing answers it but an act.

    Attributes:
        kind: ``alert``, ``confirm``, ``prompt`` and ``beforeunload`` are the page's own and block it. The others are the browser's:
            ``auth`` asks for a user name and a password, ``permission`` whether the page may do something (look where one is, use
            the camera), ``files`` which files it gets, ``print`` whether to print.
        message: What it says: a text of the page, a site and its realm, the name of a permission.
        default: What a prompt holds to begin with.
        tab: Id of the tab that it belongs to; empty while that is not there yet: a popup whose page waits for a sign-in.
        blocks: The page looked at takes no input until it is answered. A dialog of another tab blocks it too where both live in one
            process, as a popup and its opener do.
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
        kind: ``dialog``, ``dialog answered``, ``dialog closed`` (by itself), ``printed``, ``file chooser``,
            ``download`` (one began), ``downloaded``, ``download failed``, ``tab opened``, ``tab closed``,
            ``navigated``, ``navigation failed``, ``page error``, ``crashed``,
            of an imported episode ``plan``, ``evaluated``, ``no screenshot`` and ``not translated`` (something was done that no verb says),
            ``blocked`` (a request to a site that `Start.allow` does not hold, said once for each site) …
        detail: What it concerns: a URL, a site, a file name, a message.
        at: Seconds since the episode began (monotonic clock).
    """

    kind: str
    detail: str = ""
    at: float


class Download(Record):
    """A file that the browser downloaded, or tried to.

    Attributes:
        name: What the site calls it, made fit for any file system: no folders, nothing invisible.
        url: Where it came from, after redirects; a long one is cut.
        mime: Its media type as the answer said it, else as its name suggests; empty when neither says one.
        size: Bytes that came.
        sha256: Hash of all of its bytes; None when not all of them came.
        content: The bytes, or why they are not kept: the file was too large, broke off, was still on its way when the run ended, holds
            a declared secret.
        at: Seconds since the episode began at which it ended (monotonic clock).
    """

    name: str
    url: str = ""
    mime: str = ""
    size: int = Field(default=0, ge=0)
    sha256: Sha256 | None = None
    content: Content
    at: float = 0

    @property
    def data(self) -> bytes:
        """All of its bytes.

        Raises:
            EpisodeError: They are not there; says why.
        """
        return self.content.data

    @property
    def missing(self) -> str:
        """Why the bytes are not there; empty when they are."""
        return self.content.missing

    def save(self, folder: Path | str) -> Path:
        """Writes it into a folder, which is made if need be; ``report (2).csv`` where the name is taken.

        Returns:
            The new file.

        Raises:
            EpisodeError: The bytes are not there.
            UsageError: It cannot be written.
        """
        data = self.data
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            # an episode may come from a stranger, its names too
            for place in free_names(Path(folder), safe_name(self.name)):
                try:
                    with place.open("xb") as file:
                        file.write(data)
                except FileExistsError:
                    continue
                return place
        except OSError as error:
            raise UsageError(f"{self.name} cannot be saved in {folder}: {error.strerror or error}") from error
        raise UsageError(f"{self.name} cannot be saved in {folder}: there are too many files of that name")


class Settled(Record):
    """Whether the screen had come to rest when it was captured.

    Attributes:
        ok: The whole picture had: two equal captures with nothing pending between them.
        elsewhere: It had not, but only `moving` went on: all else had come to rest.
        why: What was still going on, when it had not.
        seconds: Time from the act to the capture that was kept.
        captures: How many captures that took.
        moving: Boxes (frame pixels) that move for ever; what happens in them was not waited for.
    """

    ok: bool
    elsewhere: bool = False
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
        downloads: Files whose download ended since the observation before, in order.
        settled: Whether the screen had come to rest.
        tree: The accessibility tree, fetched when asked for.
        evidence: What the probes asked at this point found.
        stand_in: Why there is no screenshot: the frame is then an even grey, of the size that the screen had as far as that is
            known. Empty where the frame is what was seen; only an imported episode has others.
        moment: The half-step in which it was seen, of a run whose pages' clock stands, or whose network is recorded or served.
        between: The page was told something during every picture that was taken of it: this one may show a state between two messages,
            which a replay need not come by again. It is not compared.
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
    downloads: tuple[Download, ...] = ()
    settled: Settled = Settled(ok=True)
    tree: LazyTree
    evidence: tuple[Evidence, ...] = ()
    stand_in: str = ""
    moment: Moment | None = None
    between: bool = False

    @property
    def titles(self) -> dict[str, str]:
        """Titles of its windows, by their ids."""
        return {each.id: each.title for each in self.windows}
