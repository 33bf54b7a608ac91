"""What is uploaded: whether it is there and fits, what the record of a step says of it, and how it is dropped on a page."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import CDPSession, FileChooser

from ....tools.errors import ActionError
from ....tools.geometry import Point

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


async def give(chooser: FileChooser, files: Sequence[Path]) -> None:
    """Gives files to a chooser. What its ``accept`` attribute says is advice, to browsers too: it is not checked.

    Raises:
        ActionError: None were named, one is a folder (or a file where a folder is wanted), or there are too many.
    """
    if not files:
        raise ActionError("no file was named", remedy="name the files in paths, or dismiss the dialog")
    folder = bool(await chooser.element.evaluate("element => element.webkitdirectory"))
    for each in files:
        if folder and not each.is_dir():
            raise ActionError(f"{each} is no folder, and a folder is wanted")
        if not folder and each.is_dir():
            raise ActionError(f"{each} is a folder, and files are wanted", remedy="name the files in it")
        if not folder and not each.is_file():
            raise ActionError(f"{each} is no regular file")
    if len(files) > 1 and (folder or not chooser.is_multiple()):
        raise ActionError(f"one {'folder' if folder else 'file'} is wanted, and {len(files)} were named")
    await chooser.set_files(list(files))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [Path(folder, name) for folder, _, files in os.walk(path) for name in files]


# an event keeps its answer: it can be asked for it after all listeners had their turn
_LISTEN = """(() => { const seen = {event: null};
  window.addEventListener("dragover", (event) => { seen.event = event }, {capture: true, once: true}); return seen })()"""
_TAKEN = "function () { return Boolean(this.event && this.event.defaultPrevented) }"


async def drop(session: CDPSession, at: Point, paths: Sequence[Path]) -> bool:
    """Drags files from outside over a place of the page, and lets go of them there if the page takes them.

    Elsewhere the browser would open them: they are taken away again.

    Args:
        session: Of the page.
        at: CSS pixels of the viewport.
        paths: The files.

    Returns:
        Whether the page took them. A frame of another site cannot be asked, and counts as one that does not.
    """
    data = {"items": [], "files": [str(each.absolute()) for each in paths], "dragOperationsMask": 1}

    async def send(kind: str) -> None:
        await session.send("Input.dispatchDragEvent", {"type": kind, "x": at.x, "y": at.y, "data": data})

    listening = await session.send("Runtime.evaluate", {"expression": _LISTEN})
    await send("dragEnter")
    await send("dragOver")
    question = {"functionDeclaration": _TAKEN, "objectId": listening["result"]["objectId"], "returnByValue": True}
    taken = bool((await session.send("Runtime.callFunctionOn", question))["result"].get("value"))
    await send("drop" if taken else "dragCancel")
    return taken
