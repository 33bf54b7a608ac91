"""What a run stands on, for the record: this package, Python, and what can change how a page looks or is read."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from ..episodes.schema import Json

_PACKAGES = ("handeye", "playwright", "pydantic", "numpy", "pillow", "rapidocr", "onnxruntime")


def versions() -> dict[str, str]:
    """Name → version, of what is installed here."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def host() -> dict[str, Json]:
    """What a run runs on. No name, no path: a report is for others."""
    import psutil

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }
