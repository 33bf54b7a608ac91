"""The folder is the package: what is listed is what is there, and a wheel of it runs from anywhere."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from handeye.environments.doctor import EXTRAS, PACKAGES

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("agent", "benchmarks", "environments", "episodes", "tools")
FACE = ("__init__.py", "__main__.py", "py.typed")
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "tests", "docs", "runs")

# Slow to import, or absent without an extra: none may be loaded before it is used.
HEAVY = {
    "PIL", "cv2", "fsspec", "gymnasium", "httpx", "huggingface_hub", "inspect_ai", "isal", "jinja2", "mss", "numpy", "onnxruntime", "playwright", "psutil",
    "pyarrow", "pyautogui", "rapidocr", "ray", "scipy", "torch", "transformers", "vllm",
}  # fmt: skip
# Parts of a dependency, and what it takes as arguments, that have a name of their own.
COMPANIONS = {
    "AppKit", "ApplicationServices", "Quartz", "Xlib", "anyio", "dbus_fast", "markupsafe", "objc", "omegaconf", "pyarrow", "pyautogui",
    "pydantic_core", "safetensors", "tokenizers", "transformers", "xgrammar",
}  # fmt: skip
COMPANIONS |= {"PyQt5", "gi"}  # of Debian's own Python, which runs the windows of the desktop suite
COMPANIONS |= {
    "browser_use",
    "browsergym",
    "cua_agent",
}  # of environments of their own, in which the scripts of `perf/peers` run
NOT_IN_THE_FACE = HEAVY | {"asyncio", "pydantic", "rich", "typer", "yaml"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy, because a build leaves its own folders in the tree that it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "any name", ignore=NOT_SOURCE)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index"]
    run([*pip, "--no-build-isolation", "--no-deps", "--wheel-dir", str(folder), "."], folder / "any name")
    return next(folder.glob("handeye-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    run([*pip, "--no-deps", "--target", str(target), str(wheel)], target)
    return target


def run(command: list[str], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(code: str, cwd: Path) -> Any:
    """Runs ``code`` in a new interpreter and returns what it printed as JSON."""
    return json.loads(run([sys.executable, "-c", f"import json, sys\n{code}"], cwd))


def loaded(modules: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def imported(tree: ast.AST) -> set[str]:
    """The top-level names of absolute imports, also of those inside functions."""
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules.add(node.module)
    return loaded(modules)


def source_files() -> set[str]:
    """Everything in the rooms, as paths in a wheel; whatever lies there is meant to be shipped."""
    files = {file.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("*") if file.is_file()}
    return {f"handeye/{file.as_posix()}" for file in files if "__pycache__" not in file.parts}


def test_packages_listed_are_the_folders_of_the_tree(project: dict[str, Any]) -> None:
    folders = {file.parent.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("__init__.py")}
    tree = {"handeye", *(".".join(("handeye", *folder.parts)) for folder in folders)}
    listed = project["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(tree)


def test_code_listed_in_packages_only() -> None:
    stray = [
        file.relative_to(ROOT)
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if not (file.parent / "__init__.py").exists()
    ]
    assert stray == []


def test_layers_listed_run_downhill(project: dict[str, Any]) -> None:
    [contract] = [entry for entry in project["tool"]["importlinter"]["contracts"] if entry["type"] == "layers"]
    downhill = ["__main__", "benchmarks", "agent", "environments", "episodes", "tools"]
    assert contract["layers"] == [f"handeye.{layer}" for layer in downhill]


def test_dependencies_listed_are_those_the_doctor_looks_for(project: dict[str, Any]) -> None:
    listed = {word.partition(">=")[0] for word in project["project"]["dependencies"]}
    assert set(PACKAGES.values()) == listed
    assert set(EXTRAS) == set(project["project"]["optional-dependencies"]) - {"cluster", "dev", "tests"}


def test_code_imports_listed_dependencies_only() -> None:
    """What happens to be installed beside them for other reasons is not to be relied on."""
    known = {*sys.stdlib_module_names, "handeye", *PACKAGES, *(module for module, _ in EXTRAS.values()), *COMPANIONS}
    files = [*ROOT.glob("*.py"), *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]
    strange = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in imported(ast.parse(file.read_text(encoding="utf-8")))
        if name not in known
    }
    assert strange == set()


def test_wheel_holds_the_packages_whole_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    assert ours == source_files() | {f"handeye/{name}" for name in FACE}


def test_wheel_installs_one_name(installed: Path) -> None:
    names = {entry.name for entry in installed.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"handeye", "bin"}
    assert [entry.name for entry in (installed / "bin").iterdir() if entry.is_file()] == ["handeye"]


def test_wheel_runs_from_anywhere(installed: Path, tmp_path: Path, project: dict[str, Any]) -> None:
    path = {"PYTHONPATH": str(installed)}
    where = run([sys.executable, "-c", "import handeye; print(handeye.__file__)"], tmp_path, **path)
    assert Path(where.strip()).is_relative_to(installed)
    assert "Usage" in run([sys.executable, "-m", "handeye", "--help"], tmp_path, **path)
    version = run([sys.executable, "-m", "handeye", "--version"], tmp_path, **path)
    assert project["project"]["version"] in version


def test_import_loads_nothing_heavy(tmp_path: Path) -> None:
    modules = python("import handeye\nprint(json.dumps(list(sys.modules)))", tmp_path)
    assert loaded(modules) & NOT_IN_THE_FACE == set()


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_command_line_loads_nothing_heavy(tmp_path: Path, argument: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "handeye", argument],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert "handeye" in modules
    assert loaded(modules) & HEAVY == set()


def test_face_is_exact(tmp_path: Path) -> None:
    """What type checkers see, what loads and what ``__all__`` says are the same names, from the same modules."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    [for_checkers] = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in for_checkers.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname or alias.name: f".{node.module}" for node in imports for alias in node.names}
    face = python(
        """
import handeye
loads = [name for name in handeye.__all__ if getattr(handeye, name) is not None]
try:
    unknown = bool(handeye.no_such_name)
except AttributeError as error:
    unknown = str(error)
print(json.dumps([handeye.__all__, loads, handeye._WHERE, dir(handeye), unknown, handeye.__version__]))
""",
        tmp_path,
    )
    named, loads, where, listed, unknown, version = face
    assert where == seen
    assert sorted(named) == sorted([*where, "__version__"])
    assert loads == named
    assert set(named) <= set(listed)
    assert "no_such_name" in unknown
    assert version == importlib.metadata.version("handeye")
