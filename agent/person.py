"""Who can be asked: nobody, or the person at the terminal."""

from __future__ import annotations

import asyncio
import sys

from ..environments.base import Environment
from ..episodes.schema import Decision, Observation
from ..tools.errors import HandeyeError
from ..tools.words import in_words


class PersonRefused(HandeyeError):
    """A person was needed, and nobody was there or they said no: ends the episode as *refused*."""


class NoPerson:
    """Nobody is there: refuses everything. The default."""

    async def ask(self, question: str, now: Observation) -> str:
        """See `Person.ask`."""
        raise PersonRefused(f"the agent asks {question!r}, and nobody is there to answer", remedy="run it with --ask")

    async def approve(self, decision: Decision, now: Observation) -> bool:
        """See `Person.approve`."""
        return False

    async def drive(self, environment: Environment) -> None:
        """See `Person.drive`."""
        raise PersonRefused("nobody is there to take over", remedy="run it with --ask")


class TerminalPerson:
    """The person at the terminal."""

    async def ask(self, question: str, now: Observation) -> str:
        """See `Person.ask`."""
        return await _prompt(f"? {question}\n> ")

    async def approve(self, decision: Decision, now: Observation) -> bool:
        """See `Person.approve`; everything but a yes is a no."""
        return await agreed(f"{in_words(decision.intent, windows=now.titles)} — may I?")

    async def drive(self, environment: Environment) -> None:
        """See `Person.drive`; needs a browser that can be seen."""
        await _prompt("the browser is yours; press Enter to give it back ")


async def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes; everything else is a no.

    Raises:
        PersonRefused: There is no terminal to ask at.
    """
    answer = await _prompt(f"? {question} [y/N] ")
    return answer.strip().lower() in ("y", "yes")


async def _prompt(text: str) -> str:
    # what a model was writing may stand on this line
    sys.stderr.write(f"\r\x1b[2K{text}" if sys.stderr.isatty() else text)
    sys.stderr.flush()
    # a thread that waits for a line cannot be cancelled, so it must not hold up the end of the program
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def ready() -> None:
        if not answer.done():
            answer.set_result(sys.stdin.readline())

    try:
        loop.add_reader(sys.stdin.fileno(), ready)
    except (OSError, ValueError) as error:
        # a file, or nothing at all: there is no person behind it
        raise PersonRefused("there is no terminal to ask at") from error
    try:
        line = await answer
    finally:
        loop.remove_reader(sys.stdin.fileno())
    if not line:
        raise PersonRefused("the terminal is closed: nobody answers")
    return line.rstrip("\n")
