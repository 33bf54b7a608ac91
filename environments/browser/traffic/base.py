"""What a browser environment asks of whoever records its network or stands in for it."""

from __future__ import annotations

from typing import Protocol

from playwright.async_api import BrowserContext

from ....episodes.schema import Moment


class Traffic(Protocol):
    """The network of one context. Its life: `open`, `attach`, moments, `finish` while the context is still there, `close`.

    Attributes:
        stands_in: It is all the network that there is.
        server: The proxy that it then is, once it is open.
        told: How much was said so far: grows with whatever the network brings.
    """

    stands_in: bool
    server: str
    told: int

    async def open(self, url: str) -> str:
        """Begins, before there is a context.

        Args:
            url: Where the run wants to start.

        Returns:
            Where it starts.
        """
        ...

    async def attach(self, context: BrowserContext) -> None:
        """Follows a context that has no page yet."""
        ...

    def now(self, moment: Moment) -> None:
        """Says what half-step it is."""
        ...

    def holds(self, method: str, url: str) -> bool:
        """Whether the answer to such a request is not due yet."""
        ...

    async def advance(self) -> bool:
        """The page is at rest: what was to come next, comes.

        Returns:
            Whether anything did, or may be on its way: the page has to come to rest again.
        """
        ...

    async def finish(self) -> None:
        """Takes what the context alone can still tell."""
        ...

    async def close(self) -> None:
        """Ends what was begun. A second call does nothing."""
        ...
