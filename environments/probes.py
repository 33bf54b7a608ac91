"""Probes that every environment answers alike: files and processes of this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil

from ..episodes.schema import Evidence, Probe

_MOST = 1_000_000


async def probe_machine(probe: Probe) -> Evidence:
    """Answers ``file`` (its text, at most a megabyte) and ``process`` (the ids of running programs of that name)."""
    match probe.kind:
        case "file":
            return await asyncio.to_thread(_file, probe)
        case "process":
            return await asyncio.to_thread(_processes, probe)
        case _:
            return Evidence(probe=probe, missing=f"this environment cannot answer a {probe.kind} probe")


def _file(probe: Probe) -> Evidence:
    path = Path(probe.argument).expanduser()
    try:
        if path.is_dir():
            return Evidence(probe=probe, value=sorted(each.name for each in path.iterdir()))
        with path.open("rb") as file:
            return Evidence(probe=probe, value=file.read(_MOST).decode("utf-8", "replace"))
    except OSError as error:
        return Evidence(probe=probe, missing=f"{path}: {error.strerror}")


def _processes(probe: Probe) -> Evidence:
    found = [each.pid for each in psutil.process_iter(["name"]) if each.info["name"] == probe.argument]
    return Evidence(probe=probe, value=list(found))
