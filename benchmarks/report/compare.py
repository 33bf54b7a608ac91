"""Two runs of the same tasks, or answers to the same questions: what changed from A to B, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...tools.errors import UsageError
from ..stats import Interval, Paired, cluster_mean, paired
from .provenance import decoding, provenance, suite_of
from .read import FoundRun
from .summary import Cost, cost_of
from .trial import Trial


class Flip(NamedTuple):
    """A row that one run solved and the other did not; what the other said."""

    task: str
    seed: str
    repeat: int
    solved_by: str
    why: str


class Changed(NamedTuple):
    """What changed by one rule; a row counts as right where it is worth 1.

    Attributes:
        rows: Pairs that both decided.
        paired: How they fell.
        p: Probability of flips as one-sided if there were no difference; see `Paired.p`.
        means: Over these pairs, of A and of B.
        difference: Of the means, B less A.
        interval: Of the difference, over whole clusters: tasks, screenshots, episodes; None of fewer than two, or where nothing differs.
    """

    rows: int
    paired: Paired
    p: float
    means: tuple[float, float]
    difference: float
    interval: Interval | None


class Comparison(NamedTuple):
    """What changed.

    Attributes:
        a: Name of a run, and `b` that of the other.
        rules: What changed by each rule.
        flips: Rows on which they differ by the first rule.
        only_a: Rows that B does not have or could not decide, and `only_b` likewise.
        infrastructure: Rows of A and of B that the infrastructure failed.
        revisions: Tasks of which they have other revisions.
        changed: What differs in how they were run: name → (A, B).
        decoding: ``greedy`` or how was sampled, of each; empty without a model.
        costs: Of both, over the pairs.
    """

    a: str
    b: str
    rules: dict[str, Changed]
    flips: tuple[Flip, ...]
    only_a: int
    only_b: int
    infrastructure: tuple[int, int]
    revisions: tuple[str, ...]
    changed: dict[str, tuple[str, str]]
    decoding: tuple[str, str]
    costs: tuple[Cost, Cost]

    @property
    def first(self) -> Changed:
        """By the first rule."""
        return next(iter(self.rules.values()))


def compare(a: FoundRun, b: FoundRun, *, anyway: bool = False) -> Comparison:
    """Pairs two runs by task, seed and repeat; answers by their question.

    Args:
        a: The run before.
        b: The run after.
        anyway: Also where a task has another revision in each, or the questions come from other data.

    Raises:
        UsageError: They have no row in common, or tasks of other revisions.
    """
    pairs = _pairs(a, b)
    revisions = tuple(dict.fromkeys(x.task for x, y in pairs if x.revision != y.revision))
    if revisions and not anyway:
        raise _other_revisions(a, b, revisions)
    first = next(iter(a.rules.values()))
    decided = [(x, y) for x, y in pairs if x.worth(first) is not None and y.worth(first) is not None]
    before, after = (
        provenance(run.header, [each.model for each in run.trials if each.model is not None]) for run in (a, b)
    )
    return Comparison(
        a=a.name,
        b=b.name,
        rules={rule: _changed(pairs, part) for rule, part in a.rules.items()},
        flips=tuple(_flip(x, y, first, a.name, b.name) for x, y in decided if _right(x, first) != _right(y, first)),
        only_a=sum(each.worth(first) is not None for each in a.trials) - len(decided),
        only_b=sum(each.worth(first) is not None for each in b.trials) - len(decided),
        infrastructure=(sum(each.broke for each in a.trials), sum(each.broke for each in b.trials)),
        revisions=revisions,
        changed=_differing(before, after),
        decoding=(decoding(a.header), decoding(b.header)),
        costs=(cost_of([x for x, _ in decided]), cost_of([y for _, y in decided])),
    )


def _pairs(a: FoundRun, b: FoundRun) -> list[tuple[Trial, Trial]]:
    of_b = {each.name: each for each in b.trials}
    found = [(each, of_b[each.name]) for each in a.trials if each.name in of_b]
    if found and dict(a.rules) == dict(b.rules):
        return found
    suites = suite_of(a.header), suite_of(b.header)
    other = f": one is of {suites[0]}, the other of {suites[1]}" if suites[0] != suites[1] else ""
    raise UsageError(
        f"{a.name} and {b.name} have no task and seed in common{other}",
        remedy="compare runs of one suite with the same --seeds",
    )


def _other_revisions(a: FoundRun, b: FoundRun, tasks: Sequence[str]) -> UsageError:
    more = f" and {len(tasks) - 3:,} more" if len(tasks) > 3 else ""
    told = f"the task{'s' if len(tasks) > 1 else ''} {', '.join(tasks[:3])}{more}"
    return UsageError(
        f"{a.name} and {b.name} have other revisions of {told}",
        remedy="what differs may be the tasks, or the data; to compare them all the same: --anyway",
    )


def _right(each: Trial, part: str) -> bool:
    return each.worth(part) == 1


def _changed(pairs: Iterable[tuple[Trial, Trial]], part: str) -> Changed:
    differences: dict[str, list[float]] = defaultdict(list)
    sums, held = [0.0, 0.0], []
    for x, y in pairs:
        before, now = x.worth(part), y.worth(part)
        if before is None or now is None:
            continue
        held.append((before == 1, now == 1))
        sums[0] += before
        sums[1] += now
        differences[x.cluster].append(now - before)
    fell, rows = paired(held), max(1, len(held))
    differs = any(value for each in differences.values() for value in each)
    interval = cluster_mean(differences.values()) if differs else None
    means = sums[0] / rows, sums[1] / rows
    return Changed(len(held), fell, fell.p, means, means[1] - means[0], interval)


def _flip(x: Trial, y: Trial, part: str, a: str, b: str) -> Flip:
    by_a = _right(x, part)
    missed = y if by_a else x
    why = f"{missed.stop}: {missed.why}" if missed.stop else missed.why
    return Flip(x.task, x.seed, x.repeat, a if by_a else b, why[:200])


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {
        name: (before.get(name, "–"), after.get(name, "–"))
        for name in dict.fromkeys([*before, *after])
        if name != "begun" and before.get(name) != after.get(name)
    }
