"""What the tests of the suite ``osworld`` share: the machine's stand-in, and a checkout of task files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ...environments.osworld.conftest import machine

__all__ = ["machine"]


class Checkout:
    """A folder ``evaluation_examples``, filled by a test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lists: dict[str, list[str]] = {}
        (path / "examples").mkdir(parents=True)

    def add(self, name: str, **fields: Any) -> None:
        """A task file ``APP/ID``."""
        app, _, id = name.partition("/")
        self.lists.setdefault(app, []).append(id)
        data = {"id": id, "snapshot": app, "instruction": f"do {id}", "source": "", "related_apps": [app], **fields}
        file = self.path / "examples" / app / f"{id}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(data))
        self.listed()

    def listed(self) -> None:
        """Writes the list of all."""
        (self.path / "test_all.json").write_text(json.dumps(self.lists))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """An empty one."""
    return Checkout(tmp_path / "evaluation_examples")
