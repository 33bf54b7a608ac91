"""An episode in one small file, and back: every frame encoded anew, losslessly, so that its pixels and their hash stay what they are.

A packed episode is an episode as any other, in a zip: its frames are WebP where they were PNG, and so have other names; all that names them
(lines, requests to models) is written anew to match. Nothing else changes, and any zip program unpacks it. `unpack` makes PNG of them
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..tools.errors import CannotResume, EpisodeCorrupt
from ..tools.pixels import Pixels, decode_picture, encode_png, hash_pixels, pack_pixels
from .aside import aside
from .claim import is_written
from .network import NETWORK_FOLDER
from .reader import Episode
from .store import BLOBS, LINES, Store, blob_name, open_store, read_blob

Encode = Callable[[Pixels], bytes | None]
"""Pixels → file, or None where it cannot hold them."""


class Packed(NamedTuple):
    """What came of it.

    Attributes:
        path: The new file or folder.
        frames: Frames that were encoded anew.
        before: Bytes that it took.
        after: Bytes that it takes now.
        warnings: What was wrong with the episode.
    """

    path: Path
    frames: int
    before: int
    after: int
    warnings: tuple[str, ...]


def pack(path: Path, target: Path | None = None, *, network: bool = False) -> Packed:
    """Packs an episode into a zip; the episode stays as it is.

    Args:
        path: Folder or zip of an episode.
        target: File to be made; by default it lies beside the episode, with its name and ``.zip``.
        network: Packs a recorded network, too, which is private.

    Raises:
        EpisodeError: There is none, or it is damaged; names the file.
        EpisodeExists: The file is there already.
        EpisodeUnwritable: It cannot be written.
        CannotResume: A run is still writing the episode.
    """
    target = target or path.resolve().with_name(f"{path.resolve().name.removesuffix('.zip')}.zip")
    return _rewrite(path, target, pack_pixels, _ZipSink, network)


def unpack(path: Path, target: Path | None = None) -> Packed:
    """Makes a folder of an episode in a zip, its frames PNG as they are when they are recorded.

    Args:
        path: The zip; a folder will do.
        target: Folder to be made; by default it lies beside the zip, with its name.

    Raises:
        EpisodeError: It holds none, it is damaged, or it would write outside the folder.
        EpisodeExists: The folder is there already.
        EpisodeUnwritable: It cannot be written.
    """
    target = target or path.resolve().with_name(path.name.removesuffix(".zip"))
    return _rewrite(path, target, encode_png, _FolderSink)


class _Sink(Protocol):
    def __init__(self, place: Path, name: str) -> None: ...

    def put(self, name: str, data: bytes) -> None: ...

    def close(self) -> None: ...


class _ZipSink:
    def __init__(self, place: Path, name: str) -> None:
        self._file = place.open("xb")
        self._zip = zipfile.ZipFile(self._file, "w")
        self._folder = name.removesuffix(".zip")

    def put(self, name: str, data: bytes) -> None:
        # no date: the same episode gives the same file
        info = zipfile.ZipInfo(f"{self._folder}/{name}")
        info.external_attr = 0o100644 << 16
        # blobs are packed by what made them
        how = zipfile.ZIP_STORED if name.startswith(f"{BLOBS}/") and not _is_text(data) else zipfile.ZIP_DEFLATED
        self._zip.writestr(info, data, compress_type=how, compresslevel=9)

    def close(self) -> None:
        try:
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


class _FolderSink:
    def __init__(self, place: Path, name: str) -> None:
        self._folder = place
        place.mkdir()

    def put(self, name: str, data: bytes) -> None:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as out:
            out.write(data)

    def close(self) -> None:
        pass


def _is_text(data: bytes) -> bool:
    return data[:1] in (b"{", b"[")


def _rewrite(path: Path, target: Path, encode: Encode, sink: type[_Sink], network: bool = True) -> Packed:
    if path.is_dir() and is_written(path):
        raise CannotResume(f"{path} is being written by a run that is not over", remedy="wait for its end")
    store = open_store(path)
    # all of its lines are read, and every one that means nothing is named
    episode = Episode(store)
    names = [each for each in store.names() if network or not each.startswith(f"{NETWORK_FOLDER}/")]
    with aside(target) as place:
        made = sink(place, target.name)
        try:
            frames = _copy(store, names, encode, made)
        finally:
            made.close()
    return Packed(target, frames, _size(path), _size(target), tuple(episode.warnings))


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(each.stat().st_size for each in files if each.is_file())


def _copy(store: Store, names: list[str], encode: Encode, made: _Sink) -> int:
    """Puts every file of an episode, its frames encoded anew; gives how many these are."""
    lines = _rows(store) if LINES in names else []
    requests = {line["call"]["request"] for line in lines if line["kind"] == "call"}
    texts = {name: json.loads(read_blob(store, name)) for name in requests}
    frames, others = _mentioned(store, (*lines, *texts.values()))
    renamed: dict[str, str] = {}
    done: set[str] = set()

    def put(name: str, data: bytes) -> None:
        if name not in done:
            done.add(name)
            made.put(name, data)

    def put_blob(old: str, data: bytes) -> None:
        new = hashlib.sha256(data).hexdigest()
        if new != old:
            renamed[old] = new
        put(blob_name(new), data)

    for old, data in _encoded(store, frames, encode):
        put_blob(old, data)
    count = len(renamed)
    for old, text in texts.items():
        found = _renamed(text, renamed)
        put_blob(old, _json(found) if found != text else read_blob(store, old))
    for name in names:
        sha256 = name.rpartition("/")[2]
        is_blob = name == f"{BLOBS}/{sha256[:2]}/{sha256}"
        if name == LINES:
            put(name, b"".join(_json(_renamed(line, renamed)) + b"\n" for line in lines))
        elif not is_blob:
            put(name, store.read(name))
        elif sha256 not in renamed or sha256 in others:
            put(name, read_blob(store, sha256))
    return count


def _rows(store: Store) -> list[Any]:
    # what stands after the last end of a line was cut off, and is said by the reader
    return [json.loads(row) for row in store.read(LINES).split(b"\n")[:-1]]


def _mentioned(store: Store, values: Iterable[Any]) -> tuple[dict[str, str], set[str]]:
    """Blobs that are frames, with the hash of their pixels; and those that something else names, too."""
    frames: dict[str, str] = {}
    others: set[str] = set()
    for each in _handles(values):
        if not _is_frame(each):
            others.add(each["blob"])
        elif frames.setdefault(each["blob"], each["pixels"]) != each["pixels"]:
            raise EpisodeCorrupt(f"{store.path}: two records disagree about the pixels of the blob {each['blob']}")
    return frames, others


def _handles(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("blob"), str):
            yield value
        for each in value.values():
            yield from _handles(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _handles(each)


def _is_frame(handle: dict[str, Any]) -> bool:
    return handle.keys() == {"blob", "pixels", "width", "height"}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        # a frame, and the blob of a call
        key = "blob" if _is_frame(value) else "request" if isinstance(value.get("request"), str) else ""
        found = {name: each if name == key else _renamed(each, names) for name, each in value.items()}
        if key:
            found[key] = names.get(found[key], found[key])
        return found
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # half of a surrogate pair, which a writer of somebody else's has escaped
        return json.dumps(value, separators=(",", ":")).encode()


def _encoded(store: Store, frames: Mapping[str, str], encode: Encode) -> Iterator[tuple[str, bytes]]:
    """Each frame, encoded anew and decoded again: what does not give the very same pixels is not kept."""

    def one(blob: str) -> tuple[str, bytes]:
        data = read_blob(store, blob)
        pixels = decode_picture(data)
        if hash_pixels(pixels) != frames[blob]:
            raise EpisodeCorrupt(f"{store.path / blob_name(blob)} shows other pixels than were recorded")
        made = encode(pixels)
        if made is None or (len(made) >= len(data) and data.startswith(made[:4])):
            return blob, data
        if hash_pixels(decode_picture(made)) != frames[blob]:
            raise EpisodeCorrupt(f"{store.path / blob_name(blob)} cannot be encoded anew without a loss")
        return blob, made

    names = list(frames)
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers, thread_name_prefix="pack") as pool:
        # a few at a time: an episode may be larger than the memory
        for at in range(0, len(names), 2 * workers):
            yield from pool.map(one, names[at : at + 2 * workers])
