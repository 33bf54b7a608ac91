"""A Playwright test script in Python out: things by role and name where the episode knows them, by pixels where it does not."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from ...tools.errors import UsageError
from ...tools.words import slug
from ..reader import Episode
from ..schema import Start
from .formats import Exported
from .outgoing import comment, lose_rest, write_file
from .playwright_checks import expectations
from .playwright_steps import Lines, literal
from .recording import Tally

_HEAD = '''"""{title}

Written by handeye from a recorded run. Run it as it is, or with pytest; HEADED=1 shows the browser, CHROMIUM=…
names one in place of Playwright's own{base_note}.
"""

from __future__ import annotations

{imports}
from playwright.sync_api import {names}sync_playwright

{base}CONTEXT: dict = {context}


def play(page: Page) -> None:
'''
_TAIL = """

def test_{name}() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            headless=not os.environ.get("HEADED"), executable_path=os.environ.get("CHROMIUM") or None
        )
        try:
            play(browser.new_context(**CONTEXT).new_page())
        finally:
            browser.close()


if __name__ == "__main__":
    test_{name}()
"""


class ToPlaywright:
    """See `Exporter`. Secrets are read from the environment variables that the task names."""

    ending = ".py"

    def export(self, episode: Episode, path: Path) -> Exported:
        """See `Exporter.export`."""
        task = episode.header.task
        if not episode.steps:
            raise UsageError("the episode has no steps")
        if task.environment != "browser" and not episode.steps[0].saw.url:
            raise UsageError(f"the episode is of the environment {task.environment!r}; Playwright drives browsers")
        tally = Tally()
        url = episode.steps[0].saw.url or task.start.url
        base = _origin(url)
        lines = Lines(base, task.secrets, tally)
        body = [f"page.goto({lines.url(url)})"]
        if not url or url == "about:blank":
            body = [comment("the episode does not say where it begins")]
        for index, step in enumerate(episode.steps):
            after = episode.steps[index + 1] if index + 1 < len(episode.steps) else None
            body += lines.of(step, after)
        body += expectations(task, lines, tally)
        script = "\n".join(body)
        text = _HEAD.format(
            imports=_imports(script),
            names="Page, expect, " if "expect(" in script else "Page, ",
            title=_docstring(task.goal or task.name),
            base_note=", BASE_URL=… runs it against another server" if base else "",
            base=f'BASE = os.environ.get("BASE_URL", {literal(base)})\n' if base else "",
            context=_context(task.start),
        )
        text += "\n".join(f"    {line}" for line in body) + "\n" + _TAIL.format(name=_identifier(task.name))
        lose_rest(episode, tally)
        write_file(path, text)
        return Exported(path, tally.losses, note=f"run it: python {path}")


def _imports(script: str) -> str:
    """What the statements stand on."""
    found = ["import os", *(["import re"] if "re." in script else [])]
    found += ["from urllib.parse import urljoin"] if "urljoin(" in script else []
    return "\n".join(found) + "\n"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def _docstring(text: str) -> str:
    plain = comment(text, 200)[2:].replace("\\", "/").replace('"', "'")
    return plain or "A recorded run."


def _identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", slug(name).lower()).strip("_") or "episode"


def _context(start: Start) -> str:
    values: dict[str, object] = {
        "viewport": {"width": start.viewport.width, "height": start.viewport.height},
        "locale": start.locale,
        "timezone_id": start.timezone,
    }
    if start.scale != 1:
        values["device_scale_factor"] = start.scale
    if start.color_scheme != "light":
        values["color_scheme"] = start.color_scheme
    if start.touch:
        values["has_touch"] = True
    if start.mobile:
        values["is_mobile"] = True
    if start.user_agent is not None:
        values["user_agent"] = start.user_agent
    if start.permissions:
        values["permissions"] = list(start.permissions)
    if start.geolocation is not None:
        values["geolocation"] = dict(zip(("latitude", "longitude"), start.geolocation, strict=True))
    return repr(values)
