"""The package ``webarena-verified``, unmodified, by its own command line in whichever Python has it.

It wants exact versions of packages that others want too, so it may live in a virtual environment of its own. Nothing of it is imported.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from ...episodes.convert.to_webarena import ToWebArenaVerified, task_number
from ...episodes.reader import Episode
from ...episodes.schema import Score
from ...tools.errors import EnvironmentFailed, UsageError

MODULE = "webarena_verified"
_SECONDS = 300.0
_VERSION = "from importlib.metadata import version; print(version('webarena-verified'))"
_INSTALL = (
    "python3 -m venv .venv-webarena && .venv-webarena/bin/pip install webarena-verified, then "
    "-c suite.python=.venv-webarena/bin/python; or here, with the older pydantic that it wants: pip install 'handeye[webarena]'"
)
_LONGEST = 300


class WebArenaScorer:
    """The official scorer.

    Args:
        python: The Python that has it; empty is this one.

    Raises:
        UsageError: There is no such Python, or this one does not have the package.
    """

    def __init__(self, python: str = "") -> None:
        if not python and importlib.util.find_spec(MODULE) is None:
            raise UsageError("the package webarena-verified is not installed in this Python", remedy=_INSTALL)
        found = shutil.which(python) if python else sys.executable
        if found is None:
            raise UsageError(f"-c suite.python={python}: there is no such Python", remedy=_INSTALL)
        self._python = str(Path(found).absolute())

    @cached_property
    def version(self) -> str:
        """Of the package.

        Raises:
            UsageError: That Python does not have it.
        """
        done = self._run("-c", _VERSION)
        if done.returncode:
            raise UsageError(f"{self._python} does not have the package webarena-verified", remedy=_INSTALL)
        return done.stdout.strip()

    def tasks(self, config: Path, subset: str = "") -> list[dict[str, Any]]:
        """What an agent may know of each task: number, sites, intent, and where it starts, with the addresses of the configuration.

        Args:
            config: The package's own configuration.
            subset: One of its subsets; empty is all tasks.

        Raises:
            UsageError: The configuration is wrong, or there is no such subset.
        """
        with tempfile.TemporaryDirectory(prefix="handeye-webarena-") as folder:
            found = self._written(folder, "agent-input-get", "--config", str(config.absolute()))
            if not subset:
                return found
            chosen = self._written(folder, "subset-export", "--name", subset)
            numbers = {each["task_id"] for each in chosen}
            return [each for each in found if each["task_id"] in numbers]

    def score(self, episode: Episode, config: Path) -> Score:
        """What an episode is worth by the official rule: 1 where every check holds, else 0.

        ``response`` and ``network`` say which checks held; ``error`` counts checks that could not read what the agent said or did.

        Raises:
            UsageError: The episode has no recorded network, or no number of a task.
            EnvironmentFailed: The scorer did not come to a result.
        """
        number = task_number(episode.header.task.name)
        with tempfile.TemporaryDirectory(prefix="handeye-webarena-") as folder:
            ToWebArenaVerified().export(episode, Path(folder))
            words = ("--output-dir", folder, "--config", str(config.absolute()), "--task-ids", str(number))
            done = self._run("-m", MODULE, "eval-tasks", *words, folder=folder)
            try:
                result = json.loads((Path(folder) / str(number) / "eval_result.json").read_bytes())
            except (OSError, ValueError) as error:
                raise EnvironmentFailed(
                    f"the scorer of WebArena-Verified gave no result for task {number}: {_end(done)}"
                ) from error
        return _score(result)

    def _written(self, folder: str, *words: str) -> list[dict[str, Any]]:
        file = Path(folder) / f"{words[0]}.json"
        done = self._run("-m", MODULE, *words, "--output", str(file), folder=folder)
        try:
            found: list[dict[str, Any]] = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"webarena-verified {words[0]}: {_end(done)}", remedy=_INSTALL) from error
        return found

    def _run(self, *words: str, folder: str | None = None) -> subprocess.CompletedProcess[str]:
        # isolated: neither our paths nor the folder it is started in may give it other packages than its own
        command = [self._python, "-I", "-X", "utf8", *words]
        try:
            return subprocess.run(
                command,
                cwd=folder,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentFailed(f"the scorer of WebArena-Verified cannot be run: {error}") from error


def _score(result: dict[str, Any]) -> Score:
    checks: list[dict[str, Any]] = result.get("evaluators_results", [])
    parts: dict[str, float] = {}
    for check in checks:
        name = "response" if check["evaluator_name"] == "AgentResponseEvaluator" else "network"
        parts[name] = min(parts.get(name, 1.0), float(check["score"]))
    parts["error"] = float(sum(check["status"] == "error" for check in checks) or result["status"] == "error")
    value = float(result["score"])
    return Score(value=value, success=value == 1.0, parts=parts, note=_why(result, checks)[:_LONGEST])


def _why(result: dict[str, Any], checks: list[dict[str, Any]]) -> str:
    said = [result.get("error_msg") or "", *(check.get("error_msg") or "" for check in checks)]
    for check in checks:
        for each in check.get("assertions") or ():
            said += [each["assertion_name"], *(each.get("assertion_msgs") or ())] if each["status"] != "success" else []
    return "; ".join(filter(None, said))


def _end(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {done.returncode}"
