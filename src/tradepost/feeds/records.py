"""The SQL of feeds."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tradepost.ground.database import Transaction
from tradepost.jobs import records as jobs
from tradepost.jobs.jobs import Turn
from tradepost.jobs.records import Table

if TYPE_CHECKING:
    from tradepost.feeds.feeds import NewFeed

FEEDS = Table(
    "feeds",
    "feed_id",
    "seller_id, feed_id, number, kind, marketplace_ids, document_id, options, status, created_at, started_at, "
    "ended_at, records, done, successful, result_id, digest",
)


async def put(tx: Transaction, new: "NewFeed", feed_id: str, at: datetime) -> None:
    """Write a feed that waits."""
    await tx.execute(
        """
        INSERT INTO feeds (seller_id, feed_id, kind, marketplace_ids, document_id, options, status, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'IN_QUEUE', $7)
        """,
        new.seller_id, feed_id, new.kind, new.marketplace_ids, new.document_id, new.options, at,
    )  # fmt: skip


async def taken_since(tx: Transaction, seller_id: str, skus: Sequence[str], since: datetime) -> dict[str, int]:
    """How many units of each SKU the orders placed since a moment took, without those that came back to the stock."""
    rows = await tx.fetch(
        """
        SELECT l.sku, sum(l.quantity - coalesce(c.returned, 0))::bigint
          FROM orders o
          JOIN order_lines l ON l.seller_id = o.seller_id AND l.order_id = o.order_id
          LEFT JOIN LATERAL (SELECT sum(c.quantity) AS returned
                               FROM cancellations c
                              WHERE c.seller_id = l.seller_id AND c.order_id = l.order_id AND c.line_no = l.line_no
                                AND c.returned) c ON true
         WHERE o.seller_id = $1 AND o.placed_at >= $2 AND l.sku = ANY($3)
         GROUP BY l.sku
        """,
        seller_id, since, skus,
    )  # fmt: skip
    return {row[0]: row[1] for row in rows}


# What workers do


async def read(tx: Transaction, turn: Turn, digest: str | None, records: int, done: int) -> bool:
    """Write down what was found in the document; with a digest it may not be another one from now on. False: the turn
    is over."""
    return await jobs.write(tx, FEEDS, turn, "digest = $4, records = $5, done = $6", digest, records, done)


async def step(tx: Transaction, turn: Turn, number: int, done: int, successful: int, entries: Sequence[Any]) -> bool:
    """Write down that a step is through, in its own transaction. False: the turn is over."""
    change = "done = done + $4, successful = successful + $5, attempts = 1"
    if not await jobs.write(tx, FEEDS, turn, change, done, successful):
        return False
    await tx.later(
        "INSERT INTO feed_entries (seller_id, feed_id, step, entries) VALUES ($1, $2, $3, $4)",
        turn.seller_id, turn.job_id, number, entries,
    )  # fmt: skip
    return True


async def through(tx: Transaction, turn: Turn) -> set[int]:
    """The numbers of the steps that are through."""
    rows = await tx.fetch(
        "SELECT step FROM feed_entries WHERE seller_id = $1 AND feed_id = $2", turn.seller_id, turn.job_id
    )
    return {row[0] for row in rows}


async def outcome(tx: Transaction, turn: Turn) -> tuple[int, int, list[Any]]:
    """How many records there are and how many went well, and what is to be said of the steps that are through."""
    records, successful = await tx.row(  # type: ignore[misc]
        "SELECT records, successful FROM feeds WHERE seller_id = $1 AND feed_id = $2", turn.seller_id, turn.job_id
    )
    rows = await tx.fetch(
        "SELECT entries FROM feed_entries WHERE seller_id = $1 AND feed_id = $2 ORDER BY step",
        turn.seller_id, turn.job_id,
    )  # fmt: skip
    return records, successful, [line for row in rows for line in row[0]]


async def end(tx: Transaction, turn: Turn, status: str, result_id: str, at: datetime) -> bool:
    """Write down that a feed is through, and where its report is. False: the turn is over."""
    await tx.execute("DELETE FROM feed_entries WHERE seller_id = $1 AND feed_id = $2", turn.seller_id, turn.job_id)
    await jobs.write(tx, FEEDS, turn, "result_id = $4", result_id)
    return await jobs.end(tx, FEEDS, turn, status, at)
