"""The command line. Commands import what they need when they run: ``handeye --help`` loads nothing heavy."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from .episodes.pack import Packed


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A computer-using agent you can replay: every run is an episode on disk.",
    epilog="A task file with steps needs no model and no server: handeye run shop.yaml",
)
_debug = False


def _version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"handeye {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    global _debug  # noqa: PLW0603  # read once, when an error is reported
    _debug = debug


@app.command()
def run(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(help="Task files, folders of them, or a goal in words (with --model).", metavar="TASK…"),
    ] = None,
    input: Annotated[list[str] | None, typer.Option("--input", "-i", help="A value for an input: name=value.")] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="CSV: one run for each row; the first line names the inputs.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="URL to begin at, in place of the task's own.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Who decides: http://127.0.0.1:8000/v1 (see handeye serve), local:FOLDER, playback:EPISODE."),
    ] = None,
    policy: Annotated[
        Literal["script", "model"] | None,
        typer.Option(help="What decides: the task's steps, or the model from its goal (the default with --model)."),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="The dialect it speaks, where its name does not tell: phi4, qwen, qwen-pixels.")
    ] = None,
    ground: Annotated[
        str | None, typer.Option(help="Who finds places, in order of trust: tree,text,model.", metavar="NAMES")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", help="What a model may reach beside the start's own site: example.com.", metavar="SITE"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the episode, or for the episodes of several runs.")
    ] = None,
    save_state: Annotated[
        Path | None,
        typer.Option(
            "--save-state",
            help="File for cookies and storage as the run leaves them: a start.storage_state.",
            metavar="FILE",
        ),
    ] = None,
    record_network: Annotated[
        bool,
        typer.Option("--record-network", help="Record what pages are told over the network, for replay --hermetic."),
    ] = False,
    record_requests: Annotated[
        bool,
        typer.Option(
            "--record-requests", help="Record the network with what requests carry, for scorers that read it. Private."
        ),
    ] = False,
    hermetic: Annotated[
        Path | None,
        typer.Option(
            "--hermetic",
            help="Run in the recorded network of an episode, or of a HAR of another tool, with nothing outside.",
            metavar="EPISODE",
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="How many run side by side.")] = 1,
    headed: Annotated[bool, typer.Option("--headed", help="Show the browser.")] = False,
    cdp: Annotated[
        str | None,
        typer.Option(
            "--cdp",
            help="Attach to a running browser, its profile and logins: http://127.0.0.1:9222. It keeps running.",
            metavar="URL",
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option("--server", help="Have a Playwright server launch the browser: ws://host:3000.", metavar="URL"),
    ] = None,
    pause_on_failure: Annotated[
        bool, typer.Option("--pause-on-failure", help="Leave the page open where a task failed.")
    ] = False,
    ask: Annotated[bool, typer.Option("--ask", help="The task may ask you questions here.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Ask before each act.")] = False,
    take_screen: Annotated[
        bool, typer.Option("--take-screen", help="A task may act on the screen that is there; else you are asked.")
    ] = False,
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--config", "-c", help="Override a setting: start.scale=2, browser.settle=4, thinking.mode=direct."
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            help="Go on with a run that broke off, from its last complete step, where its world still stands (--cdp).",
            metavar="EPISODE",
        ),
    ] = None,
    unknown: Annotated[
        Literal["happened", "not-happened"] | None,
        typer.Option("--unknown", help="With --resume: whether the act that was in hand was done. Else you are asked."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Run tasks and record them as episodes.

    Exit code: 0 every postcondition held, 1 a task failed, 2 a mistake of yours, 3 refused, 4 nothing was verified, 5 infrastructure.
    """
    from .benchmarks.commands import RunOptions, run_tasks

    _set_debug(debug)
    options = RunOptions(
        inputs=tuple(input or ()),
        rows=inputs,
        start=start,
        out=out,
        workers=workers,
        headed=headed,
        cdp=cdp,
        server=server,
        pause_on_failure=pause_on_failure,
        ask=ask or pause_on_failure,
        approve=approve,
        take_screen=take_screen,
        config=tuple(config or ()),
        model=model,
        policy=policy,
        dialect=dialect,
        grounders=tuple(ground.split(",")) if ground is not None else None,
        allow=tuple(allow or ()),
        save_state=save_state,
        record_network=record_network,
        record_requests=record_requests,
        hermetic=hermetic,
    )
    if resume is not None:
        from .benchmarks.resuming import resume_run

        raise typer.Exit(resume_run(resume, unknown, tasks or [], options, _console()))
    if unknown is not None or not tasks:
        raise UsageError(
            "--unknown goes with --resume" if unknown is not None else "there is nothing to run",
            remedy="handeye run TASK.yaml, or handeye run --resume EPISODE",
        )
    raise typer.Exit(run_tasks(tasks, options, _console()))


@app.command()
def demo(
    desktop: Annotated[
        bool, typer.Option("--desktop", help="Write a note with four programs, on a private screen, instead.")
    ] = False,
    headed: Annotated[bool, typer.Option("--headed", help="Show the browser.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the episode.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Buy something in the bundled shop: a real browser, no model, no server, no GPU."""
    from .benchmarks.commands import DEMO, DESKTOP_DEMO, RunOptions, run_tasks

    _set_debug(debug)
    task = DESKTOP_DEMO if desktop else DEMO
    raise typer.Exit(run_tasks([str(task)], RunOptions(headed=headed, out=out), _console()))


@app.command()
def pack(
    episode: Annotated[Path, typer.Argument(help="Folder or zip of an episode.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to make; else EPISODE.zip.")] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Pack the recorded network, too; it is private, and left out otherwise.")
    ] = False,
) -> None:
    """Make one small file of an episode, its frames encoded better and still lossless; every command reads it as it is."""
    from .episodes.pack import pack as pack_episode

    _tell(pack_episode(episode, out, network=network))


@app.command()
def unpack(
    episode: Annotated[Path, typer.Argument(help="Zip of an episode.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder to make; else its name without .zip.")
    ] = None,
) -> None:
    """Make a folder of a packed episode again, its frames PNG as they were recorded."""
    from .episodes.pack import unpack as unpack_episode

    _tell(unpack_episode(episode, out))


def _tell(done: Packed) -> None:
    console = _console()
    for warning in done.warnings:
        console.print(f"! {warning}", soft_wrap=True, markup=False)
    before, after = (f"{size / 1e6:.1f} MB" for size in (done.before, done.after))
    console.print(
        f"{done.path}: {after}, {done.after / max(done.before, 1):.2f} × {before}; {done.frames} frames encoded anew, the same pixels",
        soft_wrap=True,
        markup=False,
    )


@app.command()
def replay(
    episodes: Annotated[
        list[Path],
        typer.Argument(
            help="Folder or zip of an episode; for policy and playback also several, or folders of them.",
            metavar="EPISODE…",
        ),
    ],
    mode: Annotated[
        str,
        typer.Option(
            help="action: does it again in the live world, without a model. policy: asks a model what it would do at each"
            " recorded step, and scores that. playback: runs it on its recorded replies and world: is our code unchanged?"
        ),
    ] = "action",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the new episode; of policy for the answers.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="action: URL to begin at, in place of the recorded one: the same site elsewhere.")
    ] = None,
    hermetic: Annotated[
        bool,
        typer.Option(
            "--hermetic", help="Serve the network that was recorded (run --record-network), and nothing else."
        ),
    ] = False,
    patience: Annotated[
        float | None, typer.Option(min=0, help="action: seconds that a step waits for the page to be as it was (5).")
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="action: ground one target that is gone or ambiguous anew; reported as repaired."
        ),
    ] = False,
    ground: Annotated[
        str | None,
        typer.Option(help="policy, action with --repair: who finds places, in order of trust: tree,text,model."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="policy: who is asked (see handeye run); action with --repair: who may ground.")
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="policy: the dialect it speaks, where its name does not tell.")
    ] = None,
    thinking: Annotated[
        Literal["think", "direct", "auto"] | None, typer.Option(help="policy: how it is asked to plan (think).")
    ] = None,
    goal: Annotated[str | None, typer.Option(help="policy: what to ask in place of the recorded goal.")] = None,
    steps: Annotated[str | None, typer.Option(help="policy: the only steps to ask about: 0,3,10-12.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="policy: how many questions are asked at once (64).")
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="playback: start the task's own world in place of the recorded one.")
    ] = False,
    headed: Annotated[bool, typer.Option("--headed", help="action: show the browser.")] = False,
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-c", help="Override a setting: start.scale=2, browser.settle=4, thinking.frames=2."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Replay a recorded episode: against the live world, a new model, or our own code.

    Exit code of action: 0 every step went through and every postcondition held, 1 it diverged or was repaired, 3 refused,
    5 infrastructure. Of policy: 0 there are answers, right or wrong, 5 nobody answered. Of playback: 0 nothing differs,
    1 something does. Of all: 2 a mistake of yours.
    """
    from .benchmarks.replay.command import ReplayWords, replay_command

    _set_debug(debug)
    words = ReplayWords(
        mode=mode,
        out=out,
        start=start,
        hermetic=hermetic,
        patience=patience,
        repair=repair,
        headed=headed,
        model=model,
        dialect=dialect,
        thinking=thinking,
        grounders=tuple(ground.split(",")) if ground is not None else None,
        goal=goal,
        steps=steps,
        concurrency=concurrency,
        anew=anew,
        config=tuple(config or ()),
    )
    raise typer.Exit(replay_command(episodes, words, _console()))


@app.command()
def record(
    url: Annotated[
        str | None, typer.Argument(help="Where to begin; an empty tab without one.", metavar="[URL]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the episode and its task file.")] = None,
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-c", help="Override a setting: start.viewport.width=1024, browser.settle=4."),
    ] = None,
    desktop: Annotated[bool, typer.Option("--desktop", help="Record what you do on a whole screen.")] = False,
    display: Annotated[
        str, typer.Option("--display", help="With --desktop: sandbox, a private screen, or current, this one.")
    ] = "sandbox",
    programs: Annotated[
        list[str] | None,
        typer.Option("--program", help="With --desktop: a program to begin with, and its arguments: 'mousepad a.txt'."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Record what you do in a browser's window, or on a screen: an episode, and a task file that does it again.

    Exit code: 0 there is a task file, 4 nothing was done, 2 a mistake of yours, 5 infrastructure.
    """
    from .benchmarks.record_command import record_command, record_screen

    _set_debug(debug)
    if desktop:
        if url is not None:
            raise UsageError(
                f"{url}: a screen begins at no address", remedy="handeye record --desktop --program firefox"
            )
        raise typer.Exit(record_screen(display, tuple(programs or ()), out, tuple(config or ()), _console()))
    if programs or display != "sandbox":
        raise UsageError("--display and --program go with --desktop", remedy="handeye record --desktop")
    raise typer.Exit(record_command(url, out, tuple(config or ()), _console()))


@app.command()
def bench(
    suite: Annotated[
        str,
        typer.Argument(
            help="miniwob, drawn, a folder of task files, a suite of another package; with --data screenspot, cuactspot, agentnetbench …"
            " (see docs/benchmarks.md); or `new`, which writes a package.",
            metavar="SUITE",
        ),
    ],
    name: Annotated[str | None, typer.Argument(help="Of the new package.", metavar="[NAME]")] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="Who decides: random, centre, script, script+repair, oracle, playback:RUN, model, a model's address, or a dotted path."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Of a suite of questions: the folder of its data, or hf:OWNER/NAME of a hub.", metavar="FOLDER"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of a suite of questions: of the random answers.")] = 0,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Of a suite of questions: how many are asked at once.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Who is asked; see handeye run.")] = None,
    dialect: Annotated[
        str | None, typer.Option(help="The dialect it speaks, where its name does not tell: phi4, qwen, qwen-pixels.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help='What each task is begun with, as exact literals: 0-4, 7, "abc".')
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Tries with each seed.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="The most tasks.")] = None,
    task: Annotated[list[str] | None, typer.Option("--task", help="A task that is wanted, again for more.")] = None,
    shard: Annotated[
        str | None, typer.Option(help="Which part of the rows is run here: 1/4. The parts may share a folder.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", min=1, help="Processes; else as many as fit into the memory.")
    ] = None,
    contexts: Annotated[
        int, typer.Option(min=1, help="Rows side by side in each; they share a browser and its clipboard.")
    ] = 1,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder of the run, or an address in an object store; one that broke off is gone on with.",
            metavar="FOLDER",
        ),
    ] = None,
    row_seconds: Annotated[float, typer.Option(min=1, help="That an attempt may take before it is ended.")] = 1200,
    memory: Annotated[int, typer.Option(min=64, help="MiB that a worker may have with all that it started.")] = 4096,
    retries: Annotated[int, typer.Option(min=0, help="Of a row that the infrastructure failed.")] = 2,
    redo: Annotated[
        bool, typer.Option("--redo", help="Run the rows again that the infrastructure failed for good.")
    ] = False,
    headed: Annotated[bool, typer.Option("--headed", help="Show the browsers.")] = False,
    engine: Annotated[
        Literal["processes", "ray"],
        typer.Option(help="Where rows are run: processes here, or a Ray cluster (extra ray)."),
    ] = "processes",
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-c", help="A setting: suite.clock=raised, thinking.mode=direct."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Run a suite of tasks; killed at any moment, the same command goes on, and counts nothing twice.

    Exit code: 0 every row has a result, 5 the infrastructure failed some, 4 it was ended before, 2 a mistake of yours.
    """
    _set_debug(debug)
    from .benchmarks.runner.store import on_disk

    if suite == "new":
        from .benchmarks.suites.skeleton import new_suite

        typer.echo(new_suite(name, on_disk(out)))
        return
    if name is not None:
        raise UsageError(f"{name!r}: one suite at a time", remedy="handeye bench SUITE, or handeye bench new NAME")
    if data is not None:
        from .benchmarks.bench_steps import bench_words

        asked = bench_words(data, model or policy or "random", on_disk(out), concurrency, dialect)
        asked = asked.choosing(limit=limit, shard=shard, seed=seed, config=tuple(config or ()))
        raise typer.Exit(asked.run(suite, _console()))
    from .benchmarks.bench_command import BenchWords, bench_command
    from .benchmarks.suites.step_names import needs_data

    needs_data(suite)
    words = BenchWords(
        policy=policy,
        model=model,
        dialect=dialect,
        seeds=seeds,
        repeats=repeats,
        limit=limit,
        tasks=tuple(task or ()),
        shard=shard,
        workers=workers,
        contexts=contexts,
        out=out,
        seconds=row_seconds,
        memory=memory,
        retries=retries,
        redo=redo,
        headed=headed,
        engine=engine,
        config=tuple(config or ()),
    )
    raise typer.Exit(bench_command(suite, words, _console()))


@app.command()
def report(
    run: Annotated[
        str, typer.Argument(help="Folder or address of a run of a suite, or folder of answers to questions.")
    ],
    html: Annotated[Path | None, typer.Option("--html", help="Write one self-contained page.", metavar="FILE")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures.", metavar="FILE")] = None,
    md: Annotated[
        Path | None, typer.Option("--md", help="Write Markdown; printed without any.", metavar="FILE")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="A run whose passed rows say how few steps are enough.", metavar="RUN"),
    ] = None,
) -> None:
    """Say what came of a run: shares with intervals, repeats, cost, latency; the infrastructure's failures apart."""
    from .benchmarks.report_command import report_command

    raise typer.Exit(report_command(run, html=html, json=json, md=md, reference=reference, console=_console()))


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="Folder or address of a run.")],
    b: Annotated[str, typer.Argument(help="Likewise, of another run of the same tasks.")],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where the tasks or data have other revisions.")
    ] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures.", metavar="FILE")] = None,
) -> None:
    """Say what changed from run A to run B, row by row, and how likely that is chance."""
    from .benchmarks.report_command import compare_command

    raise typer.Exit(compare_command(a, b, anyway=anyway, json=json))


@app.command()
def view(
    episode: Annotated[Path, typer.Argument(help="Folder or zip of an episode.")],
    html: Annotated[Path | None, typer.Option("--html", help="Write the page here instead of opening it.")] = None,
) -> None:
    """Show an episode as one self-contained HTML page."""
    from .benchmarks.commands import view_episode

    view_episode(episode, html, _console())


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Run the commands that mend what is missing.")] = False,
) -> None:
    """Say what is there, what is missing, and the command that fixes each."""
    from .environments.doctor import report

    raise typer.Exit(report(fix))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            help="Folder of a checkpoint, or a name on the Hugging Face hub; without vLLM: oracle:EPISODE, local:FOLDER."
        ),
    ] = "microsoft/Phi-4-reasoning-vision-15B",
    port: Annotated[int, typer.Option(help="Where to listen.")] = 8000,
    host: Annotated[str, typer.Option(help="Likewise; 0.0.0.0 is open to whoever reaches this machine.")] = "127.0.0.1",
    python: Annotated[
        str | None, typer.Option(help="Interpreter that has vLLM; else HANDEYE_VLLM_PYTHON, else this one.")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="The most in one request.")] = 4,
    log: Annotated[Path | None, typer.Option(help="File for what vLLM says.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the command.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Serve a model with vLLM, set up for this agent: handeye serve MODEL [-- arguments for vLLM].

    Options that are not listed here go to vLLM too, and win over ours.
    """
    from .agent.models.names import is_here
    from .agent.models.serve import serve as serve_model
    from .agent.models.serving import serve_here
    from .agent.models.vllm_command import ServeOptions, prepare

    _set_debug(debug)
    if is_here(model):
        import asyncio

        asyncio.run(serve_here(model, port, _console()))
        return
    options = ServeOptions(model, port=port, host=host, python=python, images=images, extra=tuple(context.args))
    if dry_run:
        typer.echo(prepare(options).printed())
    else:
        serve_model(options, _console(), log)


@app.command()
def convert(
    format: Annotated[
        str | None,
        typer.Argument(help="agentnet, agentnetbench, browseruse, har, osworld or screenagent.", metavar="FROM"),
    ] = None,
    path: Annotated[
        Path | None, typer.Argument(help="Folder, file or zip of one recording, or of many.", metavar="PATH")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the episode, or for the episodes of several recordings."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="A further folder in which screenshots are looked for by their name.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Make episodes of another tool's recordings. Nothing in them is run; what is lost is said.

    Exit code: 0 all were converted, 1 at least one was refused (the others are there), 2 a mistake of yours.
    """
    from .benchmarks.converting import convert as convert_recordings

    _set_debug(debug)
    raise typer.Exit(convert_recordings(format, path, out, pictures, _console()))


@app.command()
def export(
    episode: Annotated[Path, typer.Argument(help="Folder or zip of an episode.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", help="agentnet, har (the recorded network), osworld, playwright, recorder (Chrome DevTools) or sft."
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File or folder to write.")] = None,
    dialect: Annotated[
        str | None, typer.Option(help="For sft: in whose words: phi4 (the default), qwen, qwen-pixels.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Write an episode in another tool's format; what that loses is said."""
    from .benchmarks.converting import export as export_episode

    _set_debug(debug)
    export_episode(episode, to, out, dialect, _console())


@app.command()
def schema() -> None:
    """Print the JSON Schema of episodes and task files."""
    from .episodes.publish import schema_text

    typer.echo(schema_text(), nl=False)


def _console() -> Console:
    from rich.console import Console

    # what was read goes to stdout as JSON; everything for people goes to stderr
    return Console(stderr=True, highlight=False)


def _set_debug(debug: bool) -> None:
    global _debug  # noqa: PLW0603
    _debug = _debug or debug


def main() -> None:
    """Entry point: turns every error into one message and an exit code."""
    try:
        app()
    except HandeyeError as error:
        if _debug:
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 5)


if __name__ == "__main__":
    main()
