"""Where an imported episode comes from: the recording, what of it the episode does not say, and what it never had."""

from __future__ import annotations

from pydantic import Field

from .base import Json, Record


class Loss(Record):
    """One kind of thing that a recording says and its episode does not.

    Attributes:
        what: ``duration: the pace of the act``.
        count: How often.
    """

    what: str
    count: int = Field(ge=1)


class Origin(Record):
    """The record of the recording that a step was made of. One record may be several steps, all decided on the same frame.

    Attributes:
        record: Its number in the recording, from 0.
        part: Which of the record's steps this is, from 0.
        parts: How many steps the record became.
        words: What the recording calls the act in words: ``Click the Search button``.
        value: The record as it stands there, without its pictures, all fields that the schema here has no place for among them (the
            ground truth of a benchmark, its alternatives, its boxes). Only in the first part.
    """

    record: int
    part: int = 0
    parts: int = 1
    words: str = ""
    value: Json = None


class Provenance(Record):
    """The recording that an episode was made of.

    Attributes:
        format: What it is: ``osworld``, ``agentnet`` … (`handeye convert`).
        name: What it is called there.
        fields: What it says of the whole, as it stands there.
        lossy: Its screenshots were compressed with a loss (JPEG): frames hold exactly what they decode to, not what was on the screen.
        lost: What it says and no typed field here does; the words themselves are in `Origin.value`, unless it says otherwise.
        missing: What an episode of handeye has and it has not → why: ``tree``, ``goal``, ``times``, ``points``, ``first frame`` …
    """

    format: str
    name: str = ""
    fields: dict[str, Json] = {}
    lossy: bool = False
    lost: tuple[Loss, ...] = ()
    missing: dict[str, str] = {}
