"""What ``handeye convert`` and ``handeye export`` do, once their words are understood."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from ..agent.face import new_folder
from ..agent.rows import Rows
from ..episodes.convert.files import Files, open_files
from ..episodes.convert.formats import EXPORTERS, IMPORTERS, Exporter, exporter, importer
from ..episodes.convert.recording import Importer, Session, in_words
from ..episodes.convert.writing import write_recording
from ..episodes.reader import Episode
from ..tools.errors import RecordingRefused, UsageError
from ..tools.filenames import free_names, safe_name

_FAILED = 1
_ROWS = "sft"
_FORMATS = f"from: {', '.join(IMPORTERS)}; to: {', '.join((*EXPORTERS, _ROWS))}"


def convert(kind: str | None, path: Path | None, out: Path | None, pictures: Path | None, console: Console) -> int:
    """Makes an episode of each recording at a path, and says what each loses.

    Returns:
        The exit code: 0 all were converted, 1 at least one was refused, which is named; the rest was converted all the same.

    Raises:
        UsageError: There is no such format, no recording of it, or the folder is taken.
        EpisodeUnwritable: An episode cannot be written.
    """
    if kind is None:
        raise UsageError("convert from which format?", remedy=_FORMATS)
    reader = importer(kind)
    if path is None:
        raise UsageError(f"where is the recording of {kind}?", remedy=f"handeye convert {kind} PATH")
    found = _sessions(reader, open_files(path, pictures=pictures), kind, path)
    target = out if out is not None else new_folder(f"{kind}-{path.stem}")
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file", remedy="choose a folder with --out")
    several = False
    done = refused = 0
    ahead = next(found, None)
    while ahead is not None:
        session, ahead = ahead, next(found, None)
        # one recording alone becomes the folder itself, as a run does
        several = several or ahead is not None
        place = _place(target, session.name) if several else target
        try:
            recording = session.read()
            provenance = write_recording(recording, place)
        except RecordingRefused as error:
            refused += 1
            console.print(f"✗ {session.name}: {error}", style="red", soft_wrap=True, markup=False)
            continue
        done += 1
        looks = f"{len(recording.looks)} looks" + (", from lossy pictures" if provenance.lossy else "")
        console.print(
            f"✓ {session.name}: {len(recording.moves)} steps, {looks} → {place}", soft_wrap=True, markup=False
        )
        if provenance.lost:
            console.print(f"  lost: {in_words(provenance.lost)}", soft_wrap=True, markup=False)
        for what, why in provenance.missing.items():
            console.print(f"  missing: {what}: {why}", soft_wrap=True, markup=False)
    if several or refused:
        console.print(f"{done} of {done + refused} recordings converted", markup=False)
    return _FAILED if refused else 0


def _sessions(reader: Importer, files: Files, kind: str, path: Path) -> Iterator[Session]:
    sessions = iter(reader.sessions(files))
    first = next(sessions, None)
    if first is None:
        raise UsageError(f"there is no recording of {kind} in {path}", remedy=_FORMATS)

    def all_of_them() -> Iterator[Session]:
        yield first
        yield from sessions

    return all_of_them()


def _place(folder: Path, name: str) -> Path:
    """A folder for a recording that may be called anything, beside those that are there."""
    return next(
        each for each in free_names(folder, safe_name(name.replace(".", "-"), "recording")) if not each.exists()
    )


def export(path: Path, kind: str, out: Path | None, dialect: str | None, console: Console) -> None:
    """Writes an episode in another format, and says what that loses.

    Raises:
        UsageError: There is no such format or dialect, the place is taken, or nothing of the episode fits the format.
        EpisodeError: The episode is damaged, or the export cannot be written.
    """
    if dialect is not None and kind != _ROWS:
        raise UsageError("--dialect says how rows for fine-tuning are worded", remedy=f"--to {_ROWS}")
    writer: Exporter = Rows(dialect) if kind == _ROWS else exporter(kind, {_ROWS: ".agent.rows:Rows"})
    episode = Episode.open(path)
    for warning in episode.warnings:
        console.print(f"! {warning}", soft_wrap=True, markup=False)
    name = path.resolve().name.removesuffix(".zip") or "episode"
    target = out if out is not None else Path(f"{name}-{kind}{writer.ending}")
    exported = writer.export(episode, target)
    console.print(f"✓ {exported.path}", soft_wrap=True, markup=False)
    if exported.lost:
        console.print(f"  lost: {in_words(exported.lost)}", soft_wrap=True, markup=False)
    if exported.note:
        console.print(f"  {exported.note}", soft_wrap=True, markup=False)
