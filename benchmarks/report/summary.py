"""The figures of a run: means with their intervals, repeats, cost, latency. What the infrastructure failed is counted apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ...episodes.schema import BenchHeader, ScoringHeader
from ..stats import Repeats, Spread, efficiency, pass_all, pass_at, repeats, spread
from .episodes import episodes_of
from .means import Mean, headline, mean_of
from .provenance import provenance
from .read import FoundRun
from .trial import SUCCESS, VALUE, Trial, grouped

_STAGES = ("decide", "ground", "check", "guard", "act", "settle", "step", "first token", "answer")
"""In their order; what else there is follows."""
_OVER = {"items": "", "clusters": "mean over tasks", "groups": "mean over {}"}


class Row(NamedTuple):
    """A line of a table.

    Attributes:
        name: Of the group, the task.
        means: By each rule.
        infrastructure: Rows that failed through no fault of whom was asked, and `undecided` those of which nobody can tell.
    """

    name: str
    means: dict[str, Mean]
    infrastructure: int = 0
    undecided: int = 0

    @property
    def first(self) -> Mean:
        """By the first rule, which says what is right."""
        return next(iter(self.means.values()))


class Tries(NamedTuple):
    """Of tasks that were tried at least `k` times (with any seed): mean over tasks of pass@k, and of pass^k."""

    k: int
    tasks: int
    at_least_one: float
    all: float


class Cost(NamedTuple):
    """What rows cost, summed: tokens sent, of these from the server's cache (None where it says nothing), tokens written,
    calls of the model, seconds of the episodes or answers."""

    prompt: int
    cached: int | None
    completion: int
    calls: int
    seconds: float


class Budgets(NamedTuple):
    """How many steps an episode might have taken, at least and at most, and how many episodes ended for want of more."""

    least: int
    most: int
    ended: int


class Summary(NamedTuple):
    """The figures of a run.

    Attributes:
        name: Of its folder.
        header: What was run.
        notes: What is wrong with its files.
        provenance: Where the figures come from, name and words.
        planned: Rows that are wanted, None where nobody knows, and `rows` those that have a result.
        all: All rows together: the headline by each rule.
        over: What the headline is the mean of, where that is not all rows: ``mean over tasks``.
        further: Rows beside it: all rows alike where the headline is the mean of groups, and whole episodes of answers.
        parted: Episodes that are in no such row, for they were not asked or answered whole.
        groups: Name of what they have in common → rows of the table, by its values.
        measures: What else the scores say: name → mean.
        unparsed: Rows that ended with words that say nothing that can be done, and `refused` those that were declined.
        retries: Calls of the model that were made because its words before said nothing that can be done.
        infrastructure: Why the infrastructure failed rows for good → how many.
        retried: Rows that had more than one attempt.
        repeated: How well repeats with the same seed agree; None where there are none.
        tries: pass@k and pass^k.
        cost: Of all rows together.
        seconds: Of an episode or answer, and `steps` that an episode took.
        budget: Of steps; None where it is not known.
        views: Size of what was to be seen and size in which it was sent → how often.
        stages: Seconds of each part, and of how many steps or calls.
        efficiency: Steps of the reference path for each that was taken, mean over solved rows that have one, and how many these are.
        repaired: Steps whose target a model had to find for a script.
        stops: Why episodes ended, counted.
    """

    name: str
    header: BenchHeader | ScoringHeader
    notes: tuple[str, ...]
    provenance: dict[str, str]
    planned: int | None
    rows: int
    all: Row
    over: str
    further: tuple[Row, ...]
    parted: int
    groups: dict[str, tuple[Row, ...]]
    measures: dict[str, Mean]
    unparsed: int
    refused: int
    retries: int
    infrastructure: dict[str, int]
    retried: int
    repeated: Repeats | None
    tries: tuple[Tries, ...]
    cost: Cost
    seconds: Spread | None
    steps: Spread | None
    budget: Budgets | None
    views: dict[str, int]
    stages: dict[str, tuple[Spread, int]]
    efficiency: tuple[float, int] | None
    repaired: int
    stops: dict[str, int]

    @property
    def missing(self) -> int:
        """Rows without a result, as far as is known."""
        return self.planned - self.rows if self.planned is not None else 0

    @property
    def live(self) -> bool:
        """Whether its rows are episodes, not answers."""
        return isinstance(self.header, BenchHeader)


def summarize(run: FoundRun, reference: FoundRun | None = None) -> Summary:
    """The figures of a run.

    Args:
        run: Which.
        reference: One whose solved rows say how few steps are enough.
    """
    trials = run.trials
    decided = [each for each in trials if each.worth(SUCCESS) is not None]
    answered = [each for each in trials if not each.broke]
    over = _OVER[run.average].format(run.over)
    whole = episodes_of(trials, tuple(run.rules.values()))
    further = [_row("all", trials, run.rules)] if run.average == "groups" else []
    if whole.whole:
        further += [_headline(f"whole episodes, {over}", whole.whole, run)] if over else []
        further += [_row("whole episodes", whole.whole, run.rules)] if run.average != "clusters" else []
    return Summary(
        name=run.name,
        header=run.header,
        notes=run.notes,
        provenance=provenance(run.header, [each.model for each in trials if each.model is not None]),
        planned=run.planned,
        rows=len(trials),
        all=_headline("all", trials, run),
        over=over,
        further=tuple(further),
        parted=whole.left_out,
        groups=_groups(trials, run.rules),
        measures=_measures(trials, set(run.rules.values())),
        unparsed=sum(each.said == "unparsed" for each in answered),
        refused=sum(each.said == "refused" for each in answered),
        retries=sum(each.retries for each in trials),
        infrastructure=dict(Counter(_brief(each.why) for each in trials if each.broke).most_common()),
        retried=sum(each.attempt > 1 for each in trials),
        repeated=_repeated(decided),
        tries=_tries(decided),
        cost=cost_of(trials),
        seconds=spread([each.seconds for each in answered]),
        steps=spread([float(each.steps) for each in answered]) if any(each.steps for each in answered) else None,
        budget=_budgets(answered),
        views=dict(sum((Counter(each.views) for each in trials if each.views), Counter()).most_common()),
        stages=_stages(trials),
        efficiency=_efficiency(decided, reference),
        repaired=sum(each.repaired for each in trials),
        stops=dict(Counter(each.stop for each in trials if each.stop).most_common()),
    )


def _headline(name: str, trials: Sequence[Trial], run: FoundRun) -> Row:
    means = {rule: headline(trials, part, run.average, run.over) for rule, part in run.rules.items()}
    return _row(name, trials, run.rules)._replace(means=means)


def _row(name: str, trials: Sequence[Trial], rules: Mapping[str, str]) -> Row:
    means = {rule: mean_of(trials, part) for rule, part in rules.items()}
    broke = sum(each.broke for each in trials)
    undecided = len(trials) - broke - next(iter(means.values())).of
    return Row(name, means, broke, undecided)


def _groups(trials: Sequence[Trial], rules: Mapping[str, str]) -> dict[str, tuple[Row, ...]]:
    found = {}
    for name in dict.fromkeys(name for each in trials for name in each.groups):
        held = grouped((each for each in trials if name in each.groups), lambda each, name=name: each.groups[name])  # type: ignore[misc]
        values = held if name == "task" else sorted(held, key=str)
        found[name] = tuple(_row(str(value), held[value], rules) for value in values)
    if "task" in found and {each.name for each in found["task"]} == {each.name for each in found.get("group", ())}:
        # each task is a group of its own
        del found["group"]
    return found


def _measures(trials: Sequence[Trial], shown: set[str]) -> dict[str, Mean]:
    """What the scores say beside the rules; of scores that are but right or wrong not their value again."""
    parts = dict.fromkeys(name for each in trials if each.score is not None for name in each.score.parts)
    found = {name: mean_of(trials, name) for name in parts if name not in shown}
    value = mean_of(trials, VALUE)
    return {"score": value, **found} if VALUE not in shown and value.of else found


def _repeated(decided: Sequence[Trial]) -> Repeats | None:
    same = grouped(decided, lambda each: (each.task, each.seed))
    found = repeats([[each.worth(SUCCESS) == 1 for each in rows] for rows in same.values()])
    return found if found.tasks else None


def _tries(decided: Sequence[Trial]) -> tuple[Tries, ...]:
    counts = [
        (len(rows), sum(each.worth(SUCCESS) == 1 for each in rows))
        for rows in grouped(decided, lambda each: each.task).values()
    ]
    found = []
    for k in range(1, max((tries for tries, _ in counts), default=0) + 1):
        enough = [each for each in counts if each[0] >= k]
        at, every = ([rule(k, *each) for each in enough] for rule in (pass_at, pass_all))
        found.append(Tries(k, len(enough), sum(at) / len(at), sum(every) / len(every)))
    return tuple(found)


def cost_of(trials: Sequence[Trial]) -> Cost:
    """What rows cost together."""
    cached = [each.cached for each in trials if each.cached is not None]
    return Cost(
        prompt=sum(each.prompt for each in trials),
        cached=sum(cached) if cached else None,
        completion=sum(each.completion for each in trials),
        calls=sum(each.calls for each in trials),
        seconds=sum(each.seconds for each in trials),
    )


def _budgets(answered: Iterable[Trial]) -> Budgets | None:
    known = [each for each in answered if each.budget]
    if not known:
        return None
    steps = [each.budget for each in known]
    return Budgets(min(steps), max(steps), sum(each.stop == "steps" for each in known))


def _stages(trials: Sequence[Trial]) -> dict[str, tuple[Spread, int]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for each in trials:
        for name, values in each.stages.items():
            seconds[name].extend(values)
    found = {}
    for name in (*_STAGES, *sorted(seconds.keys() - set(_STAGES))):
        summed = spread(seconds.get(name, ()))
        if summed is not None:
            found[name] = (summed, len(seconds[name]))
    return found


def _efficiency(decided: Sequence[Trial], reference: FoundRun | None) -> tuple[float, int] | None:
    if reference is None:
        return None
    solved: Callable[[Trial], bool] = lambda each: each.worth(SUCCESS) == 1  # noqa: E731
    enough: dict[tuple[str, str], int] = {}
    for each in filter(solved, reference.trials):
        mark = each.task, each.seed
        enough[mark] = min(each.steps, enough.get(mark, each.steps))
    found = [
        efficiency(each.steps, enough[each.task, each.seed])
        for each in filter(solved, decided)
        if (each.task, each.seed) in enough
    ]
    return (sum(found) / len(found), len(found)) if found else None


def _brief(message: str) -> str:
    return (message.strip().splitlines() or ["it says nothing"])[0][:160]
