"""The suites as environments of Gymnasium: importing this registers them.

::

    import gymnasium
    import handeye.benchmarks.gym

    env = gymnasium.make("handeye/MiniWoB-click-button-v0")             # each of the 125 tasks
    env = gymnasium.make("handeye/Suite-v0", suite="tasks/", task="order")  # a task of any live suite

or, without the second import, ``gymnasium.make("handeye.benchmarks.gym:handeye/MiniWoB-click-button-v0")``. Gymnasium 1.0 dropped the
entry points by which it once found environments that nobody had imported.
"""

from __future__ import annotations

from collections.abc import Sequence

from gymnasium import register, registry

from ...environments.sites.miniwob import tasks
from ...tools.errors import UsageError
from .environment import HandeyeEnv

__all__ = ["HandeyeEnv"]

_MADE_BY = f"{__name__}:HandeyeEnv"
_MINIWOB_STEPS = 60
"""The budget of the suite's tasks: said again for who reads ``env.spec``; making 125 tasks would cost every import."""


def _miniwob() -> Sequence[str]:
    try:
        return tasks()
    except UsageError:
        # the pages are not installed: any other suite is still to be had
        return ()


def _register() -> None:
    if "handeye/Suite-v0" in registry:
        return
    register(id="handeye/Suite-v0", entry_point=_MADE_BY)
    for name in _miniwob():
        register(
            id=f"handeye/MiniWoB-{name}-v0",
            entry_point=_MADE_BY,
            max_episode_steps=_MINIWOB_STEPS,
            kwargs={"suite": "miniwob", "task": name},
        )


_register()
