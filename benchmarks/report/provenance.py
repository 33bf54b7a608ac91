"""Where the figures of a run come from: what was run with what, on what. No path of a machine, and no name of one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ...episodes.schema import BenchHeader, Json, ModelInfo, ScoringHeader

_PATH = re.compile(r"(?<![\w:/.~])~?(?:/[^\s/:'\",;()]+)+/([^\s/:'\",;()]+)")


def without_paths(text: str) -> str:
    """The text with ``…/name`` for each absolute path: where things lie on a machine is nobody's business. Addresses stay."""
    return _PATH.sub(r"…/\1", text)


def public(header: BenchHeader | ScoringHeader) -> BenchHeader | ScoringHeader:
    """The header without paths."""
    names = ("suite", "policy", "model") if isinstance(header, BenchHeader) else ("source", "policy")
    update: dict[str, object] = {
        name: _named(value) for name in names if isinstance(value := getattr(header, name), str)
    }
    if isinstance(header, BenchHeader):
        update["options"] = {name: without_paths(value) for name, value in header.options.items()}
    else:
        update["bad"] = tuple(map(without_paths, header.bad))
    return header.model_copy(update=update)


def _named(value: str) -> str:
    """``local:/home/me/weights`` as ``local:…/weights``; a relative folder by its name."""
    kind, colon, where = value.rpartition(":") if "://" not in value else ("", "", value)
    if "://" not in where and "/" in where:
        return f"{kind}{colon}…/{where.rstrip('/').rpartition('/')[2]}"
    return value


def title(header: BenchHeader | ScoringHeader) -> str:
    """What was run, and who decided."""
    return f"{suite_of(header)}: {header.policy}"


def suite_of(header: BenchHeader | ScoringHeader) -> str:
    """Name of the suite."""
    if isinstance(header, BenchHeader):
        return header.suite
    return header.data.suite if header.data is not None else f"the steps of {header.source}"


def decoding(header: BenchHeader | ScoringHeader) -> str:
    """``greedy``, or at which temperature was sampled; empty where no model was asked, or where it does not say."""
    said: Json = 0.0
    if isinstance(header, BenchHeader):
        if header.model is None:
            return ""
        said = header.thinking.get("temperature", 0.0)
    elif header.model is None:
        return ""
    else:
        said = header.model.sampling.get("temperature")
    if not isinstance(said, int | float):
        return ""
    return "greedy" if said == 0 else f"sampled at temperature {said:g}"


def provenance(header: BenchHeader | ScoringHeader, models: Iterable[ModelInfo] = ()) -> dict[str, str]:
    """What was run with what: name → words.

    Args:
        header: Of the run.
        models: Which decided, as their servers said.
    """
    told = _of_tasks(header) if isinstance(header, BenchHeader) else _of_questions(header)
    told |= {"decoding": decoding(header) or "no model", "begun": header.created}
    served = {each.model_dump_json(): each for each in models}
    for number, each in enumerate(served.values(), 1):
        mark = "" if len(served) == 1 else f" {number}"
        said = each.model_dump(mode="json", exclude_defaults=True)
        told[f"served{mark}"] = without_paths(", ".join(f"{name}: {_words(value)}" for name, value in said.items()))
    told |= {f"left out: {why}": str(count) for why, count in header.left_out.items()}
    told["host"] = ", ".join(f"{name} {value}" for name, value in header.host.items()) or "not said"
    told["versions"] = ", ".join(f"{name} {value}" for name, value in header.versions.items()) or "not said"
    return told


def _of_tasks(header: BenchHeader) -> dict[str, str]:
    seeds = ", ".join("the tasks' own" if seed is None else json.dumps(seed) for seed in header.seeds)
    told = {
        "suite": f"{header.suite} ({header.version})" if header.version else header.suite,
        "options": _pairs(header.options),
        "policy": header.policy,
        "model": header.model or "none",
        "seeds": f"{seeds}; {header.repeats} {'tries' if header.repeats > 1 else 'try'} with each",
    }
    if header.dialect is not None:
        told["dialect"] = header.dialect
    if header.thinking:
        told["thinking"] = _pairs({name: _words(value) for name, value in header.thinking.items()})
    return told


def _of_questions(header: ScoringHeader) -> dict[str, str]:
    told = {"suite": suite_of(header), "policy": header.policy}
    data = header.data
    if data is not None:
        told |= {
            "options": _pairs(data.options),
            "data": f"sha256 {data.sha256[:12]}, {data.records} records"
            + (", made by this project" if data.made else ""),
            "asked": "the first " + str(data.limit) if data.limit is not None else "all",
            "shard": data.shard or "all",
            "seeds": str(data.seed),
        }
    if header.goal is not None:
        told["goal"] = header.goal
    if header.grounders:
        told["grounders"] = ", ".join(header.grounders)
    told["model"] = header.model.name if header.model is not None else "none"
    return told | {"rule": header.matcher} | {f"lacks: {name}": what for name, what in header.lacks.items()}


def _pairs(options: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items()) or "none"


def _words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
