"""Who decides and who finds in a run: the policy and the grounders, put together from what the run asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..environments.reach import Reach
from ..episodes.schema import ModelInfo
from ..tools.errors import UsageError
from ..tools.plugins import load
from ..tools.words import slug
from .base import FindsItself, Grounder, Model, Policy
from .calls import Calls
from .dialects.common import prompts_hash
from .dialects.names import DIALECTS, open_dialect
from .grounding.chain import EMBEDDED, GROUNDERS, MODEL, named_grounders
from .grounding.means import Means
from .grounding.reading import PageText
from .mind import Mind
from .policies.model import ModelPolicy
from .policies.program import compile_script
from .policies.script import ScriptPolicy
from .record import Record
from .views import Views

if TYPE_CHECKING:
    from .run import Resources, Run

_GET_A_MODEL = (
    "name one: --model http://127.0.0.1:8000/v1 (`handeye serve MODEL` starts one); "
    "or write a task file with `steps:`, which needs no model"
)


class Deciders(NamedTuple):
    """Who decides, who finds, and which model took part."""

    policy: Policy
    grounder: Grounder
    model: ModelInfo | None = None


def planned_by_model(run: Run) -> bool:
    """Whether a model decides what to do in a run: it was given one and a goal, unless something else is named."""
    if run.policy is None:
        return run.model is not None and bool(run.task.goal)
    return run.policy == "model"


def grounder_names(run: Run) -> tuple[str, ...]:
    """Who finds places, in order of trust: what the run names; else the model's own eyes where it plans, and last where it does not."""
    if run.grounders is not None:
        return tuple(run.grounders)
    if planned_by_model(run):
        return MODEL
    return EMBEDDED if run.model is None else (*EMBEDDED, *MODEL)


def policy_name(run: Run) -> str:
    """What decides, as the header of an episode has it."""
    if run.policy is None or isinstance(run.policy, str):
        kind: type = ModelPolicy if planned_by_model(run) else ScriptPolicy
    else:
        kind = type(run.policy)
    return f"{kind.__module__}:{kind.__qualname__}"


def check(run: Run) -> None:
    """Finds the person's mistakes before anything has begun.

    Raises:
        UsageError: Nothing can decide; a grounder or dialect is unknown; a step of the script uses a name that nothing defines.
    """
    task = run.task
    # a pattern that says nothing is found here, not when the browser starts
    Reach("about:blank", task.start.allow or ())
    for name in grounder_names(run):
        load("grounder", name, GROUNDERS, "handeye.grounders")
    if run.dialect is not None:
        load("dialect", run.dialect, DIALECTS, "handeye.dialects")
    if "model" in grounder_names(run) and run.model is None:
        raise UsageError(
            "the grounder 'model' needs a model to ask", remedy="say which: --model http://127.0.0.1:8000/v1"
        )
    if planned_by_model(run):
        _check_goal(run)
    elif run.policy is None or run.policy == "script":
        _check_steps(run)


def _check_goal(run: Run) -> None:
    if run.model is None:
        raise UsageError("the policy 'model' needs a model to ask", remedy=_GET_A_MODEL)
    if not run.task.goal:
        raise UsageError(f"the task {run.task.name!r} has no goal", remedy="say in `goal:` what is to be reached")
    start = run.task.start
    nowhere = start.url == "about:blank" and start.site is None and not start.allow
    if nowhere and run.world is None and run.task.environment == "browser":
        raise UsageError(
            "the run has nowhere to go: it starts on an empty page, and a model reaches only the site of its start",
            remedy="say where: --start https://shop.example (or where it may go: --allow shop.example)",
        )


def _check_steps(run: Run) -> None:
    task = run.task
    if not task.steps:
        if run.model is not None:
            raise UsageError(
                f"the task {task.name!r} has no steps", remedy="write `steps:`, or a `goal:` for a model to reach"
            )
        what = f"the task {task.name!r} has no steps, and so"
        if task.goal and task.name == slug(task.goal):
            what = f"{task.goal!r} is no file, and a goal in words"
        raise UsageError(f"{what} needs a model to decide what to do; none was given", remedy=_GET_A_MODEL)
    compile_script(task, run.lines)


async def deciders(
    run: Run, model: Model | None, inputs: Mapping[str, str], resources: Resources, record: Record
) -> Deciders:
    """Puts policy and grounders together; asks the model's server who it is.

    Raises:
        ModelError: The model cannot be reached or used.
        UsageError: A name is unknown.
    """
    mind, info = None, None
    if model is not None:
        info = await model.describe()
        dialect = open_dialect(run.dialect, info.name)
        sampling = {**info.sampling, "dialect": dialect.name, **run.thinking.model_dump()}
        info = info.model_copy(update={"sampling": sampling, "prompt": prompts_hash()})
        mind = Mind(dialect, Calls(model, record), Views(dialect.fit))
    grounder = named_grounders(grounder_names(run), Means(resources.reader, mind))
    if run.policy is not None and not isinstance(run.policy, str):
        own = run.policy.finder(grounder) if isinstance(run.policy, FindsItself) else grounder
        return Deciders(run.policy, own, info)
    if planned_by_model(run):
        assert mind is not None
        return Deciders(ModelPolicy(mind, inputs, run.thinking), grounder, info)
    return Deciders(ScriptPolicy(run.task, inputs, grounder, PageText(resources.reader), run.lines), grounder, info)
