"""Steps of browsergym-core, as it is by default or with every pause left out; run in its own environment:
``python FILE URL STEPS BROWSER [hasty]``."""

from __future__ import annotations

import functools
import json
import sys
import time
from typing import Any

from browsergym.core.action.highlevel import HighLevelActionSet
from browsergym.core.env import BrowserEnv
from browsergym.core.task import OpenEndedTask
from playwright.sync_api import BrowserType


def main(url: str, steps: int, browser: str, hasty: bool) -> None:
    """Prints the milliseconds of each step as JSON: the act, what the environment waits for, and its observation with a picture."""
    # it opens a second one, for its chat, which cannot be told where the browser is
    launch: Any = functools.partialmethod(BrowserType.launch, executable_path=browser)
    setattr(BrowserType, "launch", launch)  # noqa: B010
    environment = BrowserEnv(
        action_mapping=HighLevelActionSet(subsets=["coord"]).to_python_code,
        task_entrypoint=OpenEndedTask,
        task_kwargs={"start_url": url, "goal": "click"},
        viewport={"width": 1280, "height": 720},
        headless=True,
        **({"pre_observation_delay": 0.0, "slow_mo": 0} if hasty else {}),
    )
    environment.reset(seed=0)
    box = environment.page.locator("button").first.bounding_box()
    act = f"mouse_click({box['x'] + box['width'] / 2}, {box['y'] + box['height'] / 2})"
    took = []
    for _ in range(steps):
        began = time.perf_counter()
        seen, *_ = environment.step(act)
        took.append((time.perf_counter() - began) * 1000)
        if seen["last_action_error"]:
            raise SystemExit(seen["last_action_error"])
    environment.close()
    print(json.dumps(took))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:] == ["hasty"])
