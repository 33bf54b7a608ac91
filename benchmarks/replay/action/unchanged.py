"""Whether nothing at all is otherwise than it was recorded: then what only its place tells from its likes still has that place."""

from __future__ import annotations

from operator import attrgetter
from urllib.parse import urlsplit

from ....episodes.schema import Node, Observation, Tree
from .sought import Sought

_KNOWN = attrgetter(*(name for name in Node.model_fields if name not in ("key", "url")))
"""All that is known of a node but what the environment calls it."""


def unchanged(sought: Sought, now: Observation, tree: Tree | None) -> bool:
    """Whether the whole picture, outside of what moves, and the whole tree are the recorded ones.

    Args:
        sought: What was recorded.
        now: What is seen.
        tree: Its tree; None without one.
    """
    was = sought.page.tree if sought.page is not None else None
    if sought.frame is None or (was is None) != (tree is None):
        return False
    if was is not None and tree is not None:
        if len(was.nodes) != len(tree.nodes):
            return False
        if any(_KNOWN(a) != _KNOWN(b) or _way(a) != _way(b) for a, b in zip(was.nodes, tree.nodes, strict=True)):
            return False
    return now.frame.same_as(sought.frame, (*sought.moving, *now.settled.moving))


def _way(node: Node) -> str:
    """Where a link leads on its host, which may be another one than it was."""
    return urlsplit(node.url)._replace(scheme="", netloc="").geturl() if node.url else ""
