"""What exporters share: a file that is not there yet, what no format has a place for, comments."""

from __future__ import annotations

from pathlib import Path

from ...tools.errors import EpisodeUnwritable, UsageError
from ...tools.words import cut, one_line
from ..reader import Episode
from ..schema import Observation
from .recording import Tally


def write_file(path: Path, text: str) -> None:
    """Writes a file that is not there yet.

    Raises:
        UsageError: It is.
        EpisodeUnwritable: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # half of a surrogate pair, as a page may have one, is no UTF-8
        with path.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already", remedy="choose another place with --out") from error
    except OSError as error:
        raise EpisodeUnwritable(f"cannot write {path}: {error.strerror or error}") from error


def lose_rest(episode: Episode, tally: Tally) -> None:
    """Counts what formats of acts and screenshots have no place for at all."""
    seen: list[Observation] = list(episode.observations.values())
    tally.lose("an accessibility tree", sum(each.tree.now() is not None for each in seen))
    tally.lose("a model call", len(episode.calls))
    tally.lose("an event", sum(len(each.events) for each in seen))
    tally.lose("a download", len(episode.downloads))
    tally.lose("evidence of what stood at a target", sum(bool(step.evidence) for step in episode.steps))
    tally.lose("a URL", sum(bool(each.url) for each in seen))


def comment(text: str, longest: int = 300) -> str:
    """A text of a stranger as a comment of one line, whatever stands in it."""
    plain = "".join(char if char.isprintable() else " " for char in one_line(text))
    return f"# {cut(plain, longest)}"
