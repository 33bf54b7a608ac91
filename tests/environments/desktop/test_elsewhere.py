"""The desktop's modules are imported where there is no X11, no D-Bus and nothing of Unix: on Windows and macOS."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = ("fcntl", "Xlib", "dbus_fast")
PROGRAM = """
import importlib.abc, sys

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {without}:
            raise ImportError(f"{{name}} is not there")

for name in {without}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Nothing())

import ctypes

class Library(ctypes.CDLL):
    def __init__(self, name, *rest, **more):
        if name is None:
            raise TypeError("a library without a name is had on Unix alone")
        super().__init__(name, *rest, **more)

ctypes.CDLL = Library
import handeye.{module}
"""


@pytest.mark.parametrize("module", ["environments.desktop.environment", "environments.desktop.seats", "__main__"])
def test_the_desktop_is_imported_where_there_is_nothing_of_unix(module: str) -> None:
    program = PROGRAM.format(without=WITHOUT, module=module)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
