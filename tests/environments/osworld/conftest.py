"""What the tests of OSWorld's machine share: one that is put up for a test, and taken down whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from handeye.environments.desktop.sandbox import Sandbox
from handeye.episodes.schema import Start

from .standin import StandIn

SCREEN = Start.model_validate({"viewport": {"width": 640, "height": 480}})


@pytest_asyncio.fixture
async def machine() -> AsyncIterator[StandIn]:
    """A machine with an empty screen of 640 × 480."""
    sandbox = Sandbox()
    await sandbox.start(SCREEN)
    stand_in = StandIn(sandbox)
    yield stand_in
    stand_in.close()
    await sandbox.close()
