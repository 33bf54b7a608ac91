"""What is uploaded: whether it is there, and what the record of a step says of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from ...tools.errors import ActionError

_CHUNK = 1 << 20


def located(paths: Sequence[str]) -> list[Path]:
    """The files, or folders, of those names.

    Raises:
        ActionError: One is not there.
    """
    found = [Path(each).expanduser() for each in paths]
    missing = next((each for each in found if not each.exists()), None)
    if missing is not None:
        raise ActionError(f"there is no file {missing} to upload", remedy=f"it was looked for in {Path.cwd()}")
    return found


def described(paths: Sequence[Path]) -> list[str]:
    """For each file its name, size and hash: ``cv.pdf, 1234 bytes, sha256 9f86…``; of a folder, for each file in it.

    Raises:
        ActionError: One cannot be read.
    """
    said = []
    for path in paths:
        for file in sorted(_files(path)):
            name = file.relative_to(path.parent).as_posix()
            try:
                with file.open("rb") as opened:
                    digest = hashlib.file_digest(opened, "sha256").hexdigest()
                    size = opened.tell()
            except OSError as error:
                raise ActionError(f"{file} cannot be uploaded: {error.strerror or error}") from error
            said.append(f"{name}, {size} bytes, sha256 {digest}")
    return said


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [Path(folder, name) for folder, _, files in os.walk(path) for name in files]
