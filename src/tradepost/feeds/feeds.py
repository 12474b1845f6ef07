"""Feeds: files that change many things at once, for sellers with a Professional account (A47).

A feed waits in a queue until a worker takes it; see working.py. It stands DONE when all of its records were looked at,
whatever became of them: what the processing report says.
"""

from datetime import datetime
from typing import Any, NamedTuple

from tradepost.documents import documents
from tradepost.feeds import records
from tradepost.feeds.kinds import KINDS
from tradepost.feeds.options import QUANTITIES_AS_OF, understood
from tradepost.feeds.records import FEEDS
from tradepost.ground.database import Transaction, storable
from tradepost.jobs import records as jobs
from tradepost.jobs.jobs import CANCELLED, FORGOTTEN_AT_ONCE, KEPT, Wanted
from tradepost.notifications.finished import feed_finished
from tradepost.numbers import new_job_numbers
from tradepost.people import records as people
from tradepost.refusals import NOT_TEXT, Reason, Refused

MOST_OPTIONS = 20


class Feed(NamedTuple):
    """A feed and how far it is: `done` of `records` are through, `successful` of them well."""

    seller_id: str
    feed_id: str
    number: int  # of all feeds, in the order in which they came
    kind: str
    marketplace_ids: list[str]
    document_id: str
    options: dict[str, Any]
    status: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    records: int  # 0 until it was read
    done: int
    successful: int
    result_id: str | None
    digest: str | None  # of its document, once that was let in


class NewFeed(NamedTuple):
    """A feed that is wanted; `options` as options.py understands them."""

    seller_id: str
    kind: str
    marketplace_ids: list[str]
    document_id: str
    options: dict[str, str]


async def create(tx: Transaction, new: NewFeed) -> str:
    """Put a feed into the queue; its id."""
    await check_plan(tx, new.seller_id)
    if new.kind not in KINDS:
        problem = f"{new.kind[:64]!r} is none of {', '.join(KINDS)}"
        raise Refused(Reason.INVALID_VALUE, field="feedType", problem=problem)
    if not storable([*new.options, *new.options.values(), *new.marketplace_ids]):
        raise Refused(Reason.INVALID_VALUE, field="body", problem=NOT_TEXT)
    if len(new.options) > MOST_OPTIONS:
        raise Refused(Reason.INVALID_VALUE, field="feedOptions", problem=f"there may be {MOST_OPTIONS} at most")
    as_of = understood(new.options).as_of
    if as_of and (as_of > tx.now or not KINDS[new.kind].takes_quantities):
        problem = "it must not lie in the future" if as_of > tx.now else f"{new.kind} has no such option"
        raise Refused(Reason.INVALID_VALUE, field=f"feedOptions.{QUANTITIES_AS_OF}", problem=problem)
    await documents.find(tx, new.seller_id, new.document_id)
    (feed_id,) = new_job_numbers(1)
    await records.put(tx, new, feed_id, tx.now)
    return feed_id


async def check_plan(tx: Transaction, seller_id: str) -> None:
    """Refuse sellers whose plan has no files (A47)."""
    if not (await people.sellers(tx, [seller_id]))[seller_id].professional:
        raise Refused(Reason.PROFESSIONAL_PLAN_NEEDED)


async def find(tx: Transaction, seller_id: str, feed_id: str) -> Feed:
    """A feed of this seller; refuses one that there is not."""
    row = await jobs.one(tx, FEEDS, seller_id, feed_id) if storable(feed_id) else None
    if row is None:
        raise Refused(Reason.FEED_NOT_FOUND)
    return Feed(*row)


async def page(tx: Transaction, seller_id: str, wanted: Wanted, after: int | None, size: int) -> list[Feed]:
    """So many of the seller's feeds, the youngest first, from behind the one with the number `after` on."""
    return [Feed(*row) for row in await jobs.page(tx, FEEDS, seller_id, wanted, after, size)]


async def cancel(tx: Transaction, seller_id: str, feed_id: str) -> None:
    """Take a feed out of the queue; refuses one that a worker has taken already."""
    found = await find(tx, seller_id, feed_id)
    if not await jobs.cancel(tx, FEEDS, seller_id, feed_id, tx.now):
        raise Refused(Reason.FEED_HAS_BEGUN, status=(await find(tx, seller_id, feed_id)).status)
    await feed_finished(tx, seller_id, feed_id, found.kind, CANCELLED, None)


async def forget(tx: Transaction) -> int:
    """Forget feeds that ended long ago, some at a time; how many."""
    return await jobs.forget(tx, FEEDS, tx.now - KEPT, FORGOTTEN_AT_ONCE)
