"""What a run stands on, for the record: this package, Python, and what can change how a page looks or is read."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

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
