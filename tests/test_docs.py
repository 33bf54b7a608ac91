"""The documents name tests and commands that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = sorted((*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"))
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_exists(document: Path) -> None:
    for file, name in NAMED.findall(document.read_text(encoding="utf-8")):
        path = ROOT / file
        assert path.is_file(), f"{document.name} names {file}"
        if name:
            defined = {
                node.name for node in ast.walk(ast.parse(path.read_text())) if hasattr(node, "name") and node.name
            }
            assert name in defined, f"{document.name} names {file}::{name}"
