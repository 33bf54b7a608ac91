"""Steps of browser-use, by its agent as it is by default; run in its own environment: ``python FILE URL STEPS BROWSER``.

The model answers at once and clicks on the first button that it is shown. A step lasts from its answer to the next question: the act, what
the agent waits for, and the state of the page with a picture.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from typing import Any

from browser_use import Agent, BrowserProfile
from browser_use.llm.views import ChatInvokeCompletion

_BUTTON = re.compile(r"\[(\d+)\]<button")


class Stub:
    """A model that clicks."""

    _verified_api_keys = True
    model = name = model_name = provider = "stub"

    def __init__(self, steps: int) -> None:
        self.took: list[float] = []
        self._steps = steps
        self._answered = 0.0

    async def ainvoke(self, messages: list[Any], output_format: Any = None, **_: Any) -> Any:
        if self._answered:
            self.took.append((time.perf_counter() - self._answered) * 1000)
        seen = _BUTTON.findall(messages[-1].text)
        act: dict[str, Any] = {"click": {"index": int(seen[0])}}
        if len(self.took) >= self._steps:
            act = {"done": {"text": "clicked", "success": True}}
        said = {"evaluation_previous_goal": "", "memory": "", "next_goal": "", "thinking": "", "action": [act]}
        self._answered = time.perf_counter()
        return ChatInvokeCompletion(completion=output_format.model_validate(said), usage=None)


async def main(url: str, steps: int, browser: str) -> None:
    """Prints the milliseconds of each step as JSON."""
    stub = Stub(steps)
    with tempfile.TemporaryDirectory() as folder:
        profile = BrowserProfile(
            executable_path=browser,
            headless=True,
            viewport={"width": 1280, "height": 720},
            user_data_dir=folder,
            # they would be fetched from the network
            enable_default_extensions=False,
            chromium_sandbox=False,
        )
        agent = Agent(
            task=f"Click on {url}",
            llm=stub,
            browser_profile=profile,
            initial_actions=[{"navigate": {"url": url, "new_tab": False}}],
            use_judge=False,
        )
        await agent.run(max_steps=steps + 3)
    print(json.dumps(stub.took))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
