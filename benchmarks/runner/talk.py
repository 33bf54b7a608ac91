"""What a runner and its worker processes say to each other: a JSON line each, over pipes."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ...episodes.schema import BenchResult


class Order(BaseModel):
    """Runner → worker: a row to be run.

    Attributes:
        key: Of the row.
        attempt: Which one, from 1.
        last: Whether what comes of it counts even if it is infrastructure.
        broken: Why each attempt before broke.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    attempt: int = 1
    last: bool = False
    broken: tuple[str, ...] = ()


class Ready(BaseModel):
    """Worker → runner: it takes orders."""

    kind: Literal["ready"] = "ready"


class Ended(BaseModel):
    """Worker → runner: a row has come to an end.

    Attributes:
        key: Of the row.
        result: What came of it.
        claimed: Whether it is in its place; not when it is to be tried once more.
        mine: Whether this worker put it there, and nobody before.
    """

    kind: Literal["ended"] = "ended"
    key: str
    result: BenchResult
    claimed: bool
    mine: bool


ORDER: TypeAdapter[Order] = TypeAdapter(Order)
WORD: TypeAdapter[Ready | Ended] = TypeAdapter(Annotated[Ready | Ended, Field(discriminator="kind")])


class SeenWorker(Protocol):
    """A worker as the runner sees it, wherever it is.

    Attributes:
        pid: Of its process; 0 before that is there.
        peak: The most bytes that it had.
    """

    @property
    def pid(self) -> int: ...

    @property
    def peak(self) -> int: ...

    async def start(self) -> None:
        """Begins it and waits until it takes orders.

        Raises:
            EnvironmentFailed: It does not begin.
        """
        ...

    async def order(self, order: Order) -> None:
        """Tells it to run a row; a worker that is gone hears nothing, and `hear` will say so."""
        ...

    async def hear(self) -> Ready | Ended | None:
        """The next thing it says; None when it is gone."""
        ...

    async def weighed(self, every: float) -> int:
        """Bytes of memory of it and all that it started, found out at most every so many seconds."""
        ...

    async def end(self) -> None:
        """Lets it finish by itself, and ends it if it does not."""
        ...

    async def kill(self) -> str:
        """Ends it now, and whatever it started; says how it ended."""
        ...

    def last_words(self) -> str:
        """What it said last; of an error that is its message."""
        ...
