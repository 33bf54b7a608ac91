"""What is written beside its place and takes it when it is whole, or leaves nothing."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..tools.errors import EpisodeExists, EpisodeUnwritable


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A name beside a place; the folder or file that is made under it gets the place when all went well, and is gone when not.

    Args:
        path: The place; an empty folder may be there.

    Raises:
        EpisodeExists: Something is there already.
        EpisodeUnwritable: It cannot be written.
    """
    empty = path.is_dir() and not any(path.iterdir())
    if (path.exists() or path.is_symlink()) and not empty:
        what = "exists already and is not empty" if path.is_dir() else "exists already"
        raise EpisodeExists(f"{path} {what}", remedy="choose another place with --out")
    made = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield made
        if path.is_dir():
            path.rmdir()
        made.rename(path)
    except OSError as error:
        raise EpisodeUnwritable(
            f"cannot write {path}: {error.strerror or error}",
            remedy="free some space, or choose another place with --out",
        ) from error
    finally:
        if made.is_dir():
            shutil.rmtree(made, ignore_errors=True)
        else:
            made.unlink(missing_ok=True)
