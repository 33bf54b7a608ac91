"""Whether something is an `Environment`: the checks that every implementation has to pass, ours and others'.

::

    async def test_mine():
        await check_environment(MyEnvironment, Start(...))
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import Awaitable, Callable

from ..episodes.schema import Event, Observation, Probe, Start, Tree
from ..tools.actions import (
    Act,
    AnswerDialog,
    Click,
    CloseTab,
    CloseWindow,
    FocusWindow,
    Hover,
    NewTab,
    Press,
    Reload,
    SwitchTab,
    Type,
    Wait,
)
from ..tools.errors import EnvironmentFailed, StaleFrame
from ..tools.geometry import Box, Point
from .base import Environment

_Make = Callable[[], Environment]
_Check = Callable[[_Make, Start], Awaitable[None]]

_ID = re.compile(r"o(\d{4,})")


async def check_environment(make: Callable[[], Environment], start: Start | None = None) -> tuple[str, ...]:
    """Runs every check, each on environments of its own.

    Args:
        make: Makes an environment.
        start: A state that comes to rest by itself and does not change unless acted upon.

    Returns:
        The names of the checks.

    Raises:
        AssertionError: A check failed; its message says which rule was broken.
    """
    for check in _CHECKS:
        async with contextlib.AsyncExitStack() as made:

            def fresh(made: contextlib.AsyncExitStack = made) -> Environment:
                world = make()
                made.push_async_callback(world.close)
                return world

            try:
                await check(fresh, start or Start())
            except AssertionError as error:
                raise AssertionError(f"{check.__name__.strip('_')}: {error}") from error
    return tuple(check.__name__.strip("_") for check in _CHECKS)


async def check_observation(now: Observation, start: Start) -> None:
    """Checks what every observation keeps, whatever it shows and however it came about.

    Args:
        now: The newest one, so that its tree can still be asked for.
        start: What the environment was reset to.

    Raises:
        AssertionError: A rule is broken; its message says which.
    """
    expected = (round(start.viewport.width * start.scale), round(start.viewport.height * start.scale))
    _that(
        (now.frame.width, now.frame.height) == expected,
        f"the frame is {now.frame}, not {expected}: not native resolution",
    )
    for surface in now.surfaces:
        _that(now.frame.box.encloses(surface.box), f"surface {surface.name} leaves the frame")
        middle = surface.box.center
        back = surface.to_input.inverse().point(surface.to_input.point(middle))
        _that(back.distance(middle) < 0.5, f"the transform of {surface.name} does not lead back")
    _that(_ID.fullmatch(now.id) is not None, f"{now.id!r} is no id of an observation: o0000, o0001 …")
    _that(now.settled.ok or bool(now.settled.why), "it has not settled, and nothing says why")
    active = [tab for tab in now.tabs if tab.active]
    _that(len(active) == (1 if now.tabs else 0), f"{len(active)} of {len(now.tabs)} tabs are active: one has to be")
    _that(all(tab.url == now.url for tab in active), f"the active tab is at {[t.url for t in active]}, not {now.url!r}")
    _that(len({tab.id for tab in now.tabs}) == len(now.tabs), "two tabs have one id")
    _that(all(0 <= event.at <= now.at for event in now.events), "an event is told before it happened")
    await _check_tree(now)


async def _check_tree(now: Observation) -> None:
    tree = await now.tree.get()
    if tree is None:
        _that(bool(now.tree.missing), "there is no tree, and nothing says why")
        return
    _that(now.tree.now() is tree, "a tree that was fetched is forgotten")
    for index, node in enumerate(tree.nodes):
        _that(node.parent < index, f"node {index} stands before its parent")
        _that(node.box is None or _within(now, node.box), f"node {index} ({node.role}) is seen outside the frame")


async def _sees(make: _Make, start: Start) -> None:
    now = await make().reset(start)
    await check_observation(now, start)
    _that(now.frame.pixels.shape == (now.frame.height, now.frame.width, 3), "the PNG's pixels are not its size")


async def _rests(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    second = await world.look()
    _that(second.at >= first.at, "time runs backwards")
    _that(first.frame.pixel_hash == second.frame.pixel_hash, "nothing happened, and the pixels changed")
    _that(second.settled.ok, f"a resting world has not settled: {second.settled.why}")


async def _numbers(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    second = await world.look()
    third = (await world.step(Wait[Point](seconds=0), on=second.id)).observation
    fourth = await world.reset(start)
    ids = [each.id for each in (first, second, third, fourth)]
    _that(ids == [f"o{count:04d}" for count in range(4)], f"observations are numbered {ids}, not from o0000 in order")


async def _refuses_stale(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    await world.look()
    try:
        await world.step(Click[Point](at=first.frame.box.center), on=first.id)
    except StaleFrame:
        return
    raise AssertionError("an act that was decided on an old observation was carried out")


async def _acts(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    came = await world.step(Wait[Point](seconds=0), on=first.id)
    _that(came.error is None, f"waiting failed: {came.error}")
    _that(came.observation.id != first.id, "a step has to leave a new observation")
    _that({"act", "settle"} <= came.timings.keys(), "a step says how long act and settle took")
    moved = await world.step(Hover[Point](at=first.frame.box.center), on=came.observation.id)
    _that(moved.error is None, f"moving the pointer failed: {moved.error}")
    _that(bool(moved.sent), "the pointer was moved, and nothing says what was sent")
    await check_observation(moved.observation, start)


async def _errors_are_data(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    outside = Point(x=first.frame.width + 50, y=first.frame.height + 50)
    came = await world.step(Click[Point](at=outside), on=first.id)
    _that(came.error is not None, "a click outside the frame was not refused")
    _that(not came.sent, f"a click outside the frame was refused, and this was sent: {came.sent}")
    again = await world.step(Type[Point](text="<secret:nobody>"), on=came.observation.id)
    _that(again.error is not None, "a placeholder without a value was typed literally")
    await _still_usable(world, first, again.observation, start)


async def _refuses_the_unknown(make: _Make, start: Start) -> None:
    world = make()
    first = now = await world.reset(start)
    unknown: list[Act] = [SwitchTab(tab="nobody"), CloseTab(tab="nobody")]
    unknown += [FocusWindow(window="nobody"), CloseWindow(window="nobody")]
    if now.dialog is None:
        unknown.append(AnswerDialog())
    for act in unknown:
        came = await world.step(act, on=now.id)
        _that(came.error is not None, f"{act.verb} of what is not there was not refused")
        now = came.observation
    await _still_usable(world, first, now, start)


async def _still_usable(world: Environment, before: Observation, now: Observation, start: Start) -> None:
    await check_observation(now, start)
    _that(now.frame.pixel_hash == before.frame.pixel_hash, "an act that was refused changed what is seen")
    came = await world.step(Wait[Point](seconds=0), on=now.id)
    _that(came.error is None, f"after an act that was refused nothing works: {came.error}")


async def _tells_events_once(make: _Make, start: Start) -> None:
    world = make()
    seen = [await world.reset(start)]
    # whether these can be done is not the question: where there are pages and tabs, something happens
    for act in (Reload(), NewTab(), CloseTab()):
        seen.append((await world.step(act, on=seen[-1].id)).observation)
        await check_observation(seen[-1], start)
    seen.append(await world.look())
    told: set[Event] = set(seen[0].events)
    for before, now in itertools.pairwise(seen):
        _that(now.at >= before.at, "time runs backwards")
        for event in now.events:
            _that(event not in told, f"the event “{event.kind}: {event.detail}” is told twice")
            _that(event.at >= before.at, f"the event “{event.kind}: {event.detail}” is told late")
            told.add(event)


async def _peeks(make: _Make, start: Start) -> None:
    world = make()
    now = await world.reset(start)
    box = Box.at(now.frame.width // 4, now.frame.height // 4, 64, 48)
    same = (await world.peek(box)).pixel_hash == now.frame.crop(box).pixel_hash
    _that(same, "peek shows other pixels than the frame")
    corner = Box.at(now.frame.width - 10, now.frame.height - 8, 100, 100)
    same = (await world.peek(corner)).pixel_hash == now.frame.crop(corner).pixel_hash
    _that(same, "what a peek sees beyond the edge of the frame is not cut off")
    try:
        await world.peek(Box.at(now.frame.width + 5, 0, 20, 20))
    except ValueError:
        pass
    else:
        raise AssertionError("a peek at what lies outside the frame has to be a ValueError")
    _that((await world.look()).frame.pixel_hash == now.frame.pixel_hash, "a peek changed what is seen")


async def _trees(make: _Make, start: Start) -> None:
    now = await make().reset(start)
    tree = await now.tree.get()
    if tree is not None:
        _that(Tree.from_bytes(tree.to_bytes()).nodes == tree.nodes, "the tree does not survive being stored")


async def _probes(make: _Make, start: Start) -> None:
    world = make()
    await world.reset(start)
    for kind in ("text", "url", "http", "script", "file", "process"):
        probe = Probe.model_validate({"kind": kind, "argument": "/nowhere/at/all"})
        evidence = await world.probe(probe)
        _that(evidence.probe == probe, f"a {kind} probe was answered with another one")
        _that(
            evidence.value is not None or bool(evidence.missing), f"a {kind} probe without an answer does not say why"
        )


async def _is_there_between_reset_and_close(make: _Make, start: Start) -> None:
    world = make()
    await _is_not_there(world, "before reset")
    first = await world.reset(start)
    await world.close()
    await _is_not_there(world, "after close")
    try:
        await world.step(Wait[Point](seconds=0), on=first.id)
    except StaleFrame:
        return
    raise AssertionError("a closed world was acted on")


async def _is_not_there(world: Environment, when: str) -> None:
    script = Probe(kind="script", argument="1")
    for name, ask in (
        ("look", world.look),
        ("peek", lambda: world.peek(Box.at(0, 0, 16, 16))),
        ("a probe", lambda: world.probe(script)),
    ):
        try:
            await ask()
        except EnvironmentFailed:
            continue
        # what is neither an answer nor ours comes out as it is: it says where it was thrown
        raise AssertionError(f"{name} {when} was answered")


async def _takes_turns(make: _Make, start: Start) -> None:
    world = make()
    await world.reset(start)
    both = sorted(await asyncio.gather(world.look(), world.look()), key=lambda each: each.id)
    _that(both[0].id != both[1].id, "two looks at once have one id")
    _that(both[0].at <= both[1].at, "two looks at once are numbered against time")
    came = await world.step(Wait[Point](seconds=0), on=both[1].id)
    _that(came.error is None, f"after two looks at once nothing works: {came.error}")


async def _starts_again(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    second = await world.reset(start)
    _that(first.frame.pixel_hash == second.frame.pixel_hash, "a second reset shows something else")
    _that(bool((await world.describe()).get("name")), "an environment says its name")


async def _lets_go(make: _Make, start: Start) -> None:
    world = make()
    first = await world.reset(start)
    press = Press[Point](at=first.frame.box.center)
    await world.step(press, on=first.id)
    again = await world.reset(start)
    _that(again.frame.pixel_hash == first.frame.pixel_hash, "what was pressed before a reset is still down after it")
    await world.step(press, on=again.id)
    await world.close()
    after = await make().reset(start)
    _that(after.frame.pixel_hash == first.frame.pixel_hash, "what was pressed is still down after close")


async def _closes_twice(make: _Make, start: Start) -> None:
    await make().close()
    world = make()
    await world.reset(start)
    await world.close()
    await world.close()


_CHECKS: tuple[_Check, ...] = (
    _sees,
    _rests,
    _numbers,
    _refuses_stale,
    _acts,
    _errors_are_data,
    _refuses_the_unknown,
    _tells_events_once,
    _peeks,
    _trees,
    _probes,
    _is_there_between_reset_and_close,
    _takes_turns,
    _starts_again,
    _lets_go,
    _closes_twice,
)


def _within(now: Observation, box: Box) -> bool:
    return now.frame.box.grown(0.5).encloses(box)


def _that(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
