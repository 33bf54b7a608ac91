"""WebArena-Verified: the 812 tasks of the package ``webarena-verified`` on sites that you run, scored by that package, unmodified.

Source: A. El Hattami et al., "WebArena Verified: Reliable Evaluation for Web Agents" (2025). The sites are containers of its authors; where
they are reached stands in the package's own configuration file, which is an option of the suite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...episodes.reader import Episode
from ...episodes.schema import Budget, Score, Start, Task
from ...tools.errors import UsageError
from .webarena_scorer import WebArenaScorer

_SUBSETS = {"hard": "webarena-verified-hard", "non-hard": "webarena-verified-non-hard"}
_BUDGET = Budget(steps=100, seconds=1800)
_FORM = """

End with an answer that is one JSON object and nothing else:
{"task_type": …, "status": …, "retrieved_data": …, "error_details": …}
task_type: "RETRIEVE" if you were to find something out, "MUTATE" if to create, change or delete something, "NAVIGATE" if to show a page.
status: "SUCCESS"; or why it cannot be done: "NOT_FOUND_ERROR" (it is not there), "ACTION_NOT_ALLOWED_ERROR" (the site has no such thing),
"PERMISSION_DENIED_ERROR", "DATA_VALIDATION_ERROR" (what was given is wrong or missing), "UNKNOWN_ERROR".
retrieved_data: of RETRIEVE a list of what was found (numbers as numbers, one kind of thing throughout), else null.
error_details: null, or in a few words why it failed.\
"""


class WebArenaVerifiedSuite:
    """The tasks whose sites are configured, each with its network recorded as the scorer reads it.

    Args:
        config: The package's configuration: a JSON with ``environments``, the addresses of each site.
        python: A Python that has the package; empty is this one.
        subset: ``hard`` (258 tasks), ``non-hard``, or another of the package's subsets; empty is all 812.
        state: Storage state that each task starts with, signed in to the sites (``handeye run … --save-state``).
    """

    records_requests = True

    def __init__(self, config: str, python: str = "", subset: str = "", state: str = "") -> None:
        self._config = Path(config)
        self._addresses = _addresses(self._config)
        self._scorer = WebArenaScorer(python)
        self._subset = _SUBSETS.get(subset, subset)
        self._state = state or None

    @cached_property
    def version(self) -> str:
        """See `Suite.version`: the package's."""
        return f"webarena-verified {self._scorer.version}"

    @cached_property
    def _known(self) -> dict[str, dict[str, Any]]:
        sites = self._addresses.keys()
        found = self._scorer.tasks(self._config, self._subset)
        return {str(each["task_id"]): each for each in found if sites >= set(each["sites"])}

    def tasks(self) -> Iterable[Task]:
        """See `Suite.tasks`. Named by their number; those of a site without an address are left out.

        Raises:
            UsageError: The package is not there, its configuration is wrong, or has no address of any site.
        """
        if not self._known:
            raise UsageError(
                f"{self._config} has the addresses of {', '.join(sorted(self._addresses)) or 'no site'}, and no task has only those",
                remedy='"environments": {"__SHOPPING__": {"urls": ["http://…"]}, …}',
            )
        for name, known in self._known.items():
            first, *others = known["start_urls"]
            allow = sorted({host for site in known["sites"] for host in self._addresses[site]})
            tabs = f"\n\nBegin by opening, each in a tab of its own, also: {', '.join(others)}" if others else ""
            yield Task(
                name=name,
                goal=known["intent"] + tabs + _FORM,
                start=Start(url=first, storage_state=self._state, allow=tuple(allow)),
                budget=_BUDGET,
            )

    def group(self, task: Task) -> str:
        """See `Grouped.group`: its sites, ``gitlab-reddit``."""
        return "-".join(sorted(self._known[task.name]["sites"]))

    def score(self, task: Task, episode: Episode) -> Score:
        """See `Suite.score`: by the official scorer; `WebArenaScorer.score`."""
        return self._scorer.score(episode, self._config)


def _addresses(config: Path) -> dict[str, list[str]]:
    """Site → the hosts at which it is.

    Raises:
        UsageError: The configuration cannot be read, or is none.
    """
    try:
        said = json.loads(config.read_bytes())
        found = {name.strip("_").lower(): each["urls"] for name, each in (said.get("environments") or {}).items()}
        return {name: [urlsplit(url).netloc for url in urls] for name, urls in found.items() if urls}
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise UsageError(
            f"-c suite.config={config}: it is no configuration of webarena-verified: {error}",
            remedy='a JSON such as {"environments": {"__SHOPPING__": {"urls": ["http://127.0.0.1:7770"]}}}',
        ) from error
