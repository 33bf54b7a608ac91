"""The suites as tasks of Inspect (``inspect_ai``), which finds them by the entry point of that name::

    inspect eval handeye/miniwob --model vllm/microsoft/Phi-4-reasoning-vision-15B -T tasks=click-button,login-user -T seeds=0-4
    inspect eval handeye/suite   --model … -T suite=tasks/                  # any live suite, or a folder of task files
    inspect eval handeye/screenspot-pro --model … -T data=FOLDER            # a suite of questions

The model is Inspect's: its providers, limits, retries, cache, token counts and transcript. All else is ours: the loop, its guards, its
episode on disk, and the score of it. What the world failed at is an error of the sample; what the agent failed at is its score.

Inspect imports this with every command of its own: it must be quick, so that what it stands on is imported when a task is made.
"""

from __future__ import annotations

from .tasks import cuactspot, miniwob, osworld_g, screenspot, screenspot_pro, steps, suite

__all__ = ["cuactspot", "miniwob", "osworld_g", "screenspot", "screenspot_pro", "steps", "suite"]
