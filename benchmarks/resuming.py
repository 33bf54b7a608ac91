"""``handeye run --resume EPISODE``: goes on with a run that broke off."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import fields, replace
from pathlib import Path

from rich.console import Console

from ..agent.face import run_again
from ..agent.guard import ApprovalGuard, OpenGuard
from ..agent.person import NoPerson, TerminalPerson
from ..agent.resuming import Resumption, Word
from ..episodes.claim import Claim
from ..tools.errors import UsageError
from .batch import exit_code
from .commands import RunOptions, browser_of, print_values, run_all, say_attached
from .progress import Progress

_KEPT = {"headed", "cdp", "server", "pause_on_failure", "ask", "approve", "config", "model"}
"""Options that a run takes again; everything else is in the episode."""


def resume_run(path: Path, unknown: Word | None, tasks: list[str], options: RunOptions, console: Console) -> int:
    """Goes on with a run, prints how it goes, and gives the exit code.

    Raises:
        UsageError: It cannot be gone on with, or the options say what the episode says already.
    """
    given = [each.name for each in fields(RunOptions) if getattr(options, each.name) != each.default]
    besides = sorted({*given} - _KEPT) + (["TASK"] if tasks else [])
    besides += [f"-c {each}" for each in options.config if not each.startswith("browser.")]
    if besides:
        raise UsageError(
            f"--resume goes on with the run as it was begun: {', '.join(besides)} cannot be given again",
            remedy=f"handeye run --resume {path}",
        )
    browser = browser_of(options)
    claim = Claim(path)
    try:
        run = run_again(Resumption(claim, unknown), model=options.model)
    except BaseException:
        claim.release()
        raise
    # whoever types this is there to be asked about the act in hand
    there = options.ask or options.approve or sys.stdin.isatty()
    person = TerminalPerson() if there else NoPerson()
    run = replace(
        run,
        person=person,
        guard=ApprovalGuard(person) if options.approve else OpenGuard(),
        watch=Progress(console).step,
        pause_on_failure=options.pause_on_failure,
    )
    for warning in claim.episode.warnings:
        console.print(f"! {warning}", soft_wrap=True, markup=False)
    console.print(f"resuming {path}: {len(claim.episode)} steps on record", soft_wrap=True, markup=False)
    if browser.cdp is not None:
        say_attached(browser.cdp, console)
    results = asyncio.run(run_all([run], browser, 1, console))
    print_values(results, several=False)
    return exit_code(results) if results else 4
