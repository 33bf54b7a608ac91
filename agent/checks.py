"""Whether the goal was reached: postconditions, checked outside whatever decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..environments.base import Environment
from ..episodes.schema import Check, Evidence, Json, Step, Task, Verdict
from ..tools.actions import Read
from ..tools.words import cut

_SHOWN = 160


def values_read(past: Sequence[Step]) -> dict[str, Json]:
    """What was read, by name; the last of a name counts."""
    reads = (step.decision.intent for step in past if step.error is None)
    return {read.name: _plain(read.value) for read in reads if isinstance(read, Read)}


def _plain(value: str | tuple[str, ...]) -> Json:
    return value if isinstance(value, str) else list(value)


async def judge(task: Task, world: Environment, values: Mapping[str, Json]) -> tuple[Verdict, ...]:
    """Asks the world about every postcondition."""
    return tuple([await _verdict(check, world, values) for check in task.postconditions])


async def collect(task: Task, world: Environment) -> tuple[Evidence, ...]:
    """Asks the probes of a task."""
    return tuple([await world.probe(probe) for probe in task.probes])


async def _verdict(check: Check, world: Environment, values: Mapping[str, Json]) -> Verdict:
    probe = check.probe
    if probe is None:
        name = check.value or ""
        missing = "" if name in values else f"nothing called {name!r} was read"
        return Verdict(check=check, held=check.holds(values.get(name)), found=missing or _short(values.get(name)))
    evidence = await world.probe(probe)
    found = evidence.missing or _short(evidence.value)
    return Verdict(check=check, held=check.holds(evidence.value), found=found, evidence=evidence)


def _short(value: Json) -> str:
    return cut(" ".join(str(value).split()), _SHOWN)
