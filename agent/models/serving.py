"""Serves a model that answers in this process (an oracle, a playback, transformers) as a server would, until it is interrupted."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from .endpoint import ModelEndpoint
from .names import invitation, open_model

if TYPE_CHECKING:
    from rich.console import Console


async def serve_here(name: str, port: int, console: Console) -> None:
    """Serves until Ctrl-C or SIGTERM.

    Args:
        name: As for `open_model`: ``oracle:EPISODE``, ``local:FOLDER``.
        port: Where on 127.0.0.1.
        console: For people: the address.

    Raises:
        UsageError: There is no such model.
        ModelError: It cannot be used.
        EnvironmentFailed: The port is taken.
    """
    model = open_model(name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        served = (await model.describe()).name or name
        async with ModelEndpoint(model, served, port) as endpoint:
            console.print(invitation(endpoint.url), markup=False, soft_wrap=True)
            await stop.wait()
    finally:
        await model.close()
