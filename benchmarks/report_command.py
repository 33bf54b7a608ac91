"""What ``handeye report`` and ``handeye compare`` do with runs of any kind."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ..tools.errors import UsageError
from .report.compare import compare
from .report.compare_words import comparison_json, comparison_markdown
from .report.figures import summary_json
from .report.markdown import markdown
from .report.page import page
from .report.read import read_run
from .report.summary import summarize


def report_command(
    run: str, *, html: Path | None, json: Path | None, md: Path | None, reference: str | None, console: Console
) -> int:
    """Writes what came of a run; Markdown on standard output where no file is named.

    Raises:
        UsageError: A file cannot be written.
        EpisodeError: There is no run, or it is damaged.
    """
    found = read_run(run)
    summary = summarize(found, read_run(reference) if reference is not None else None)
    wanted = ((html, page), (json, summary_json), (md, markdown))
    for path, write in wanted:
        if path is not None:
            _write(path, write(summary))
            console.print(f"{path}", soft_wrap=True, markup=False)
    if not any(path for path, _ in wanted):
        print(markdown(summary))
    return 0


def compare_command(a: str, b: str, *, anyway: bool, json: Path | None) -> int:
    """Prints what changed from one run to another.

    Raises:
        UsageError: They are of other tasks, or have nothing in common.
        EpisodeError: One is no run, or damaged.
    """
    found = compare(read_run(a), read_run(b), anyway=anyway)
    if json is not None:
        _write(json, comparison_json(found))
    print(comparison_markdown(found))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
