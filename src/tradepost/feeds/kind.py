"""What a kind of feed is: how it is read, what each of its steps does, and how its report is written.

A feed goes step by step, each in a transaction of its own that also writes down that it is through. Read again after an
interruption, the same content gives the same steps; those that are through are left out.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from tradepost.feeds.options import Options
from tradepost.ground.database import Transaction
from tradepost.people.records import Marketplace

ROWS_AT_ONCE = 1000

ItemT = TypeVar("ItemT")


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
    feed_id: str
    marketplace: Marketplace
    zone: str
    language: str
    options: Options
    content_type: str = ""
    content: bytes = b""
    digest: str = ""  # of the content; while it is read, and once its kind has let it in


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


class Summary(NamedTuple):
    """What became of a feed: of so many records so many went well, and what is to be said, record by record."""

    records: int
    successful: int
    lines: Sequence[Line]


class Report(NamedTuple):
    """A processing report as it is sent."""

    content_type: str
    content: bytes


class Kind(NamedTuple):
    """One kind of feed. `read` does not raise for any content."""

    read: Callable[[Content], Reading]
    apply: Callable[[Transaction, Content, Any], Awaitable[Done]]
    report: Callable[[Content, Summary], Report]
    enter: Callable[[Transaction, Content], Awaitable[Line | None]] | None = None
    """Asked once, in the transaction before the first step: why the feed may not begin, if so."""
    leave: Callable[[Transaction, Content, Summary], Awaitable[None]] | None = None
    """Told once, when a feed that was let in has come to its end."""
    takes_quantities: bool = False
    """Whether its quantities may be those of an earlier moment."""


def steps(
    items: Iterable[ItemT], of: Callable[[ItemT], str], weight: Callable[[ItemT], int] | None = None
) -> Iterator[list[ItemT]]:
    """Items in the order of what they are of, about so many at once; what is of one is never divided. `weight`: like
    how many rows an item counts, where they are not all alike.

    All feeds go through orders and offers in this order, so that two of them hardly ever wait for each other in a ring.
    """
    step: list[ItemT] = []
    rows = 0
    for _, group in groupby(sorted(items, key=of), of):
        together = list(group)
        step += together
        rows += sum(map(weight, together)) if weight else len(together)
        if rows >= ROWS_AT_ONCE:
            yield step
            step, rows = [], 0
    if step:
        yield step
