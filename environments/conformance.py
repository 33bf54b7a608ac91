"""Whether something is an `Environment`: the checks that every implementation has to pass, ours and others'.

::

    async def test_mine():
        await check_environment(MyEnvironment, Start(...))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..episodes.schema import Observation, Probe, Start, Tree
from ..tools.actions import Click, Type, Wait
from ..tools.errors import StaleFrame
from ..tools.geometry import Box, Point
from .base import Environment

_Check = Callable[[Environment, Start], Awaitable[None]]


async def check_environment(make: Callable[[], Environment], start: Start | None = None) -> tuple[str, ...]:
    """Runs every check, each on an environment of its own.

    Args:
        make: Makes an environment.
        start: A state that comes to rest by itself and does not change unless acted upon.

    Returns:
        The names of the checks.

    Raises:
        AssertionError: A check failed; its message says which rule was broken.
    """
    for check in _CHECKS:
        world = make()
        try:
            await check(world, start or Start())
        except AssertionError as error:
            raise AssertionError(f"{check.__name__.strip('_')}: {error}") from error
        finally:
            await world.close()
    return tuple(check.__name__.strip("_") for check in _CHECKS)


async def _sees(world: Environment, start: Start) -> None:
    now = await world.reset(start)
    expected = (round(start.viewport.width * start.scale), round(start.viewport.height * start.scale))
    _that(
        (now.frame.width, now.frame.height) == expected,
        f"the frame is {now.frame}, not {expected}: not native resolution",
    )
    _that(now.frame.pixels.shape == (expected[1], expected[0], 3), "the PNG's pixels are not its size")
    for surface in now.surfaces:
        _that(now.frame.box.encloses(surface.box), f"surface {surface.name} leaves the frame")
        middle = surface.box.center
        back = surface.to_input.inverse().point(surface.to_input.point(middle))
        _that(back.distance(middle) < 0.5, f"the transform of {surface.name} does not lead back")


async def _rests(world: Environment, start: Start) -> None:
    first = await world.reset(start)
    second = await world.look()
    _that(first.id != second.id, "two observations have one id")
    _that(second.at >= first.at, "time runs backwards")
    _that(first.frame.pixel_hash == second.frame.pixel_hash, "nothing happened, and the pixels changed")
    _that(second.settled.ok, f"a resting world has not settled: {second.settled.why}")


async def _refuses_stale(world: Environment, start: Start) -> None:
    first = await world.reset(start)
    await world.look()
    try:
        await world.step(Click[Point](at=first.frame.box.center), on=first.id)
    except StaleFrame:
        return
    raise AssertionError("an act that was decided on an old observation was carried out")


async def _acts(world: Environment, start: Start) -> None:
    first = await world.reset(start)
    came = await world.step(Wait[Point](seconds=0), on=first.id)
    _that(came.error is None, f"waiting failed: {came.error}")
    _that(came.observation.id != first.id, "a step has to leave a new observation")
    _that({"act", "settle"} <= came.timings.keys(), "a step says how long act and settle took")


async def _errors_are_data(world: Environment, start: Start) -> None:
    first = await world.reset(start)
    outside = Point(x=first.frame.width + 50, y=first.frame.height + 50)
    came = await world.step(Click[Point](at=outside), on=first.id)
    _that(came.error is not None, "a click outside the frame was not refused")
    again = await world.step(Type[Point](text="<secret:nobody>"), on=came.observation.id)
    _that(again.error is not None, "a placeholder without a value was typed literally")


async def _peeks(world: Environment, start: Start) -> None:
    now = await world.reset(start)
    box = Box.at(now.frame.width // 4, now.frame.height // 4, 64, 48)
    _that(
        (await world.peek(box)).pixel_hash == now.frame.crop(box).pixel_hash, "peek shows other pixels than the frame"
    )
    _that((await world.look()).id != now.id, "peek must not count as a look")


async def _trees(world: Environment, start: Start) -> None:
    now = await world.reset(start)
    tree = await now.tree.get()
    if tree is None:
        _that(bool(now.tree.missing), "there is no tree, and nothing says why")
        return
    _that(now.tree.now() is tree, "a tree that was fetched is forgotten")
    for index, node in enumerate(tree.nodes):
        _that(node.parent < index, f"node {index} stands before its parent")
        _that(node.box is None or _within(now, node.box), f"node {index} ({node.role}) is seen outside the frame")
    _that(Tree.from_bytes(tree.to_bytes()).nodes == tree.nodes, "the tree does not survive being stored")


async def _probes(world: Environment, start: Start) -> None:
    await world.reset(start)
    for kind in ("text", "url", "http", "script", "file", "process"):
        probe = Probe.model_validate({"kind": kind, "argument": "/nowhere/at/all"})
        evidence = await world.probe(probe)
        _that(evidence.probe == probe, f"a {kind} probe was answered with another one")
        _that(
            evidence.value is not None or bool(evidence.missing), f"a {kind} probe without an answer does not say why"
        )


async def _starts_again(world: Environment, start: Start) -> None:
    first = await world.reset(start)
    second = await world.reset(start)
    _that(first.frame.pixel_hash == second.frame.pixel_hash, "a second reset shows something else")
    _that(bool((await world.describe()).get("name")), "an environment says its name")


async def _closes_twice(world: Environment, start: Start) -> None:
    await world.reset(start)
    await world.close()
    await world.close()


_CHECKS: tuple[_Check, ...] = (
    _sees,
    _rests,
    _refuses_stale,
    _acts,
    _errors_are_data,
    _peeks,
    _trees,
    _probes,
    _starts_again,
    _closes_twice,
)


def _within(now: Observation, box: Box) -> bool:
    return now.frame.box.grown(0.5).encloses(box)


def _that(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
