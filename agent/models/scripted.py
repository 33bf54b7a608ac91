"""A model that says what it was told to say: for tests and examples of what comes after a model's words."""

from __future__ import annotations

from ...episodes.schema import ModelInfo, Reply, Request
from ...tools.errors import ModelError


class ScriptedModel:
    """Gives its replies one after the other, whatever it is asked.

    Args:
        replies: What it says.

    Attributes:
        requests: What it was asked so far.
    """

    def __init__(self, *replies: str) -> None:
        self.requests: list[Request] = []
        self._replies = replies

    async def complete(self, request: Request) -> Reply:
        """See `Model.complete`.

        Raises:
            ModelError: It has said everything.
        """
        if len(self.requests) >= len(self._replies):
            raise ModelError(f"the scripted model has {len(self._replies)} replies, and this asks for one more")
        self.requests.append(request)
        return Reply(text=self._replies[len(self.requests) - 1], finish="stop", model="scripted")

    async def describe(self) -> ModelInfo:
        """See `Model.describe`."""
        return ModelInfo(name="scripted")

    async def close(self) -> None:
        """See `Model.close`."""
