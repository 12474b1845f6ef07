"""What a kind of feed is: how it is read, what each of its steps does, and how its report is written.

A feed goes step by step, each in a transaction of its own that also writes down that it is through. Read again after an
interruption, the same content gives the same steps; those that are through are left out.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction


class Line(NamedTuple):
    """One line of a processing report. Record 0 is the feed itself, 1 its first record; `type` is Fatal, Error or
    Warning, `field` the column or attribute that it is about, if any."""

    record: int
    code: int
    type: str
    message: str
    field: str = ""
    order_id: str = ""
    item_id: str = ""
    sku: str = ""


class Content(NamedTuple):
    """What a feed is read from. `zone` is the marketplace's, `language` the seller's, for the report."""

    seller_id: str
    content: bytes
    zone: str
    language: str


class Reading(NamedTuple):
    """What a feed holds: how many records, the steps that they make, and what is to be said of those that make none.
    `fatal`: nothing of it can be taken."""

    records: int
    steps: Sequence[Any]
    lines: Sequence[Line] = ()
    fatal: bool = False


class Done(NamedTuple):
    """What became of a step: records that are through, those of them that went well, and what is to be said."""

    records: int
    successful: int
    lines: Sequence[Line] = ()


class Report(NamedTuple):
    """A processing report as it is sent."""

    content_type: str
    content: bytes


class Kind(NamedTuple):
    """One kind of feed."""

    read: Callable[[Content], Reading]
    apply: Callable[[Transaction, Content, Any], Awaitable[Done]]
    report: Callable[[Content, int, int, Sequence[Line]], Report]
    enter: Callable[[Transaction, Content, str], Awaitable[Line | None]] | None = None
    """Asked once, before the first step, with the digest of the content: why it may not begin, if so."""
