"""The SQL of feeds."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tradepost.ground.database import Transaction

if TYPE_CHECKING:
    from tradepost.feeds.feeds import After, NewFeed, Wanted

_SELECTED = (
    "seller_id, feed_id, kind, marketplace_ids, document_id, options, status, created_at, started_at, ended_at, "
    "records, done, successful, result_id"
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


async def one(tx: Transaction, seller_id: str, feed_id: str) -> Any:
    """The seller's feed with this number, or None."""
    return await tx.row(f"SELECT {_SELECTED} FROM feeds WHERE seller_id = $1 AND feed_id = $2", seller_id, feed_id)


async def page(tx: Transaction, seller_id: str, wanted: "Wanted", after: "After | None", size: int) -> list[Any]:
    """So many feeds of the seller, the youngest first."""
    created_at, feed_id = after or (None, "")
    return await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM feeds
         WHERE seller_id = $1
           AND ($2::timestamptz IS NULL OR created_at < $2 OR (created_at = $2 AND feed_id > $3))
           AND (cardinality($4::text[]) = 0 OR kind = ANY($4))
           AND (cardinality($5::text[]) = 0 OR marketplace_ids && $5)
           AND (cardinality($6::text[]) = 0 OR status = ANY($6))
           AND ($7::timestamptz IS NULL OR created_at >= $7)
           AND ($8::timestamptz IS NULL OR created_at <= $8)
         ORDER BY created_at DESC, feed_id
         LIMIT $9
        """,
        seller_id, created_at, feed_id, list(wanted.kinds), list(wanted.marketplace_ids), list(wanted.statuses),
        wanted.since, wanted.until, size,
    )  # fmt: skip


async def cancel(tx: Transaction, seller_id: str, feed_id: str, at: datetime) -> bool:
    """Cancel a feed that waits; whether it did."""
    done = await tx.execute(
        """
        UPDATE feeds SET status = 'CANCELLED', ended_at = $3
         WHERE seller_id = $1 AND feed_id = $2 AND status = 'IN_QUEUE'
        """,
        seller_id, feed_id, at,
    )  # fmt: skip
    return done == "UPDATE 1"


# What workers do


async def take(tx: Transaction, at: datetime, machine_now: datetime, until: datetime) -> Any:
    """Take the feed that has waited longest and that no worker has, or None. With what it is to go on from: digest,
    steps and failures."""
    return await tx.row(
        f"""
        UPDATE feeds SET status = 'IN_PROGRESS', started_at = coalesce(started_at, $1), worked_until = $3
         WHERE (seller_id, feed_id) IN (
               SELECT seller_id, feed_id FROM feeds
                WHERE status IN ('IN_QUEUE', 'IN_PROGRESS') AND (worked_until IS NULL OR worked_until <= $2)
                ORDER BY created_at, feed_id
                LIMIT 1
                  FOR UPDATE SKIP LOCKED)
        RETURNING {_SELECTED}, digest, steps, failures
        """,
        at, machine_now, until,
    )  # fmt: skip


async def read(tx: Transaction, seller_id: str, feed_id: str, digest: str, records: int) -> None:
    """Write down what was found in the document: from now on it may not be another one."""
    await tx.execute(
        "UPDATE feeds SET digest = $3, records = $4 WHERE seller_id = $1 AND feed_id = $2",
        seller_id, feed_id, digest, records,
    )  # fmt: skip


async def step(
    tx: Transaction,
    seller_id: str,
    feed_id: str,
    number: int,
    done: int,
    successful: int,
    entries: Any,
    until: datetime,
) -> bool:
    """Write down that one more step is through, in its own transaction; False: somebody else has done it."""
    written = await tx.execute(
        """
        UPDATE feeds SET steps = $3, done = done + $4, successful = successful + $5, worked_until = $6, failures = 0
         WHERE seller_id = $1 AND feed_id = $2 AND steps = $3 - 1 AND status = 'IN_PROGRESS'
        """,
        seller_id, feed_id, number, done, successful, until,
    )  # fmt: skip
    if written != "UPDATE 1":
        return False
    if entries:
        await tx.execute(
            "INSERT INTO feed_entries (seller_id, feed_id, step, entries) VALUES ($1, $2, $3, $4)",
            seller_id, feed_id, number, entries,
        )  # fmt: skip
    return True


async def outcome(tx: Transaction, seller_id: str, feed_id: str) -> tuple[int, list[Any]]:
    """How many records of the steps that are through went well, and what is to be said of them."""
    successful: int = await tx.value(
        "SELECT successful FROM feeds WHERE seller_id = $1 AND feed_id = $2", seller_id, feed_id
    )
    rows = await tx.fetch(
        "SELECT entries FROM feed_entries WHERE seller_id = $1 AND feed_id = $2 ORDER BY step", seller_id, feed_id
    )
    return successful, [line for row in rows for line in row[0]]


async def end(
    tx: Transaction,
    seller_id: str,
    feed_id: str,
    status: str,
    at: datetime,
    records: int,
    successful: int,
    result_id: str,
) -> None:
    """Write down that a feed is through, and where its report is."""
    await tx.execute(
        """
        UPDATE feeds SET status = $3, ended_at = $4, records = $5, done = $5, successful = $6, result_id = $7,
                         worked_until = NULL
         WHERE seller_id = $1 AND feed_id = $2
        """,
        seller_id, feed_id, status, at, records, successful, result_id,
    )  # fmt: skip
    await tx.execute("DELETE FROM feed_entries WHERE seller_id = $1 AND feed_id = $2", seller_id, feed_id)


async def hand_back(tx: Transaction, seller_id: str, feed_id: str, until: datetime) -> None:
    """Note that the work on a feed failed, and when it may be tried again."""
    await tx.execute(
        "UPDATE feeds SET failures = failures + 1, worked_until = $3 WHERE seller_id = $1 AND feed_id = $2",
        seller_id, feed_id, until,
    )  # fmt: skip
