"""The accessibility tree with boxes: what the browser says of a page (`layout.py`), put together (`build.py`)."""

from __future__ import annotations

import asyncio

from playwright.async_api import CDPSession, Page

from ....episodes.schema import Tree
from ....tools.geometry import Box
from ....tools.secrets import Secrets
from .build import Builder
from .ground import View
from .layout import layout_of
from .projection import Projection
from .viewport import viewport_of


async def take_tree(page: Page, session: CDPSession, scale: float, secrets: Secrets) -> tuple[Tree, tuple[Box, ...]]:
    """Takes the tree of the page as it is now, frames of other sites included.

    On a page of very many nodes (`layout.MANY`) only what is on the screen has roles, names and states; all has texts and boxes.
    A frame that vanishes meanwhile, or does not answer in time, is in the tree as an element with nothing inside.

    Args:
        page: The page.
        session: Its debugging session.
        scale: Frame pixels to a pixel of the screen (``Start.scale``).
        secrets: Values that become placeholders in the tree.

    Returns:
        The tree, and the boxes (frame pixels) in which a secret can be read.

    Raises:
        playwright Error: The page is gone.
    """
    viewport = await viewport_of(session)
    layout = await layout_of(page, session, viewport.native)
    # a snapshot is free of page scale, and scrolled with the layout viewport, in which the visual viewport has its offset
    left, top = viewport.offset.x, viewport.offset.y
    factor = scale * viewport.scale
    view = View(Projection.scaling(factor, -left * factor, -top * factor))
    window = (left, top, left + viewport.width, top + viewport.height)
    # a thousand nodes take some 20 ms of pure Python: not on the event loop
    return await asyncio.to_thread(lambda: Builder(layout, view, window, secrets).build())
