"""Steps of cua-agent, as it is by default, on a page that Playwright clicks and pictures for it; run in its own environment:
``python FILE URL STEPS BROWSER``.

Its own computer is a virtual machine; a page is the least that can be behind its agent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from cua_agent import ComputerAgent
from cua_agent.decorators import register_agent
from playwright.async_api import async_playwright


@register_agent(models="stub", priority=1000)
class Stub:
    """A model that answers at once and clicks at one place."""

    at = (0, 0)
    steps = 0
    took: list[float] = []
    answered = 0.0

    async def predict_step(self, messages: list[Any], model: str, **_: Any) -> dict[str, Any]:
        if Stub.answered:
            Stub.took.append((time.perf_counter() - Stub.answered) * 1000)
        Stub.answered = time.perf_counter()
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "response_cost": 0.0}
        if len(Stub.took) >= Stub.steps:
            text = [{"type": "output_text", "text": "clicked"}]
            return {"output": [{"type": "message", "role": "assistant", "content": text}], "usage": usage}
        act = {"type": "click", "button": "left", "x": Stub.at[0], "y": Stub.at[1]}
        call = {"type": "computer_call", "call_id": f"c{len(Stub.took)}", "status": "completed", "action": act}
        return {"output": [call], "usage": usage}

    async def predict_click(self, *_: Any, **__: Any) -> None:
        return None

    def get_capabilities(self) -> list[str]:
        return ["step"]


async def main(url: str, steps: int, browser: str) -> None:
    """Prints the milliseconds of each step as JSON: from an answer of the model to its next question."""
    Stub.steps = steps
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=browser)
        page = await running.new_page(viewport={"width": 1280, "height": 720})
        await page.goto(url)
        box = await page.locator("button").first.bounding_box()
        assert box is not None
        Stub.at = (round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2))

        async def click(x: int, y: int, button: str = "left") -> None:
            await page.mouse.click(x, y)

        computer = {
            "screenshot": page.screenshot,
            "click": click,
            "environment": "browser",
            "dimensions": (1280, 720),
        }
        agent = ComputerAgent(model="stub", tools=[computer], telemetry_enabled=False)
        async for _ in agent.run("Click."):
            pass
        await running.close()
    print(json.dumps(Stub.took))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
