"""``make desktop-suite``: what the desktop promises, measured, in one table. Exit code 1 when a figure is missed.

::

    python -m handeye.benchmarks.desktop_suite --only typing        # FULL=1 in the environment: at full size
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..figures import Part, run_parts
from . import drift, numbers, pointing, typing

PARTS: Mapping[str, Part] = {
    "typing": typing.part,
    "pointing": pointing.part,
    "drift": drift.part,
    "numbers": numbers.part,
}
"""Name of a part → what measures it; in the order in which they run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """See `run_parts`."""
    return run_parts("handeye.benchmarks.desktop_suite", __doc__, PARTS, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
