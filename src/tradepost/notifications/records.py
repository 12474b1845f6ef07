"""The SQL of the queue that acts fill (queueing/records.py), couriers empty and operators look into.

Of one subject of a subscription, notifications go out one after another. Only the first that is queued may be claimed;
those behind it are due when it is, so that nobody looks at them in vain. A claim moves `try_at` to the end of a lease,
which is also how a result is known to come from who holds it: a late one counts only if it is a delivery. What has
arrived is deleted.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tradepost.ground.database import Transaction, columns, in_order
from tradepost.notifications.subscribed.records import AUTHORIZED

_LOOKED_AT = 400  # notifications that are due, among which a claim looks for the first of their subjects


class NotificationKey(NamedTuple):
    """What names a notification."""

    seller_id: str
    subscription_id: str
    subject: str
    number: int


class Claimed(NamedTuple):
    """A notification that one courier alone may send until `leased_until`; `attempts` counts this one.

    `detail` is what it tells, if that was known when it was queued. It is not `wanted` any more when the subscription
    or the authorization has ended.
    """

    seller_id: str
    subscription_id: str
    subject: str
    number: int
    notification_id: UUID
    kind: str
    sequence: int | None
    happened_at: datetime
    detail: dict[str, Any] | None
    attempts: int
    leased_until: datetime
    wanted: bool

    @property
    def key(self) -> NotificationKey:
        """What names the notification."""
        return NotificationKey(*self[:4])


class Claim(NamedTuple):
    """What a claim brought, and whether it saw only a part of what is due."""

    notifications: list[Claimed]
    more: bool


class Result(NamedTuple):
    """What became of a claimed notification, and the end of the lease under which it was sent."""

    seller_id: str
    subscription_id: str
    subject: str
    number: int
    leased_until: datetime
    status: str  # queued, undeliverable; delivered: nothing is kept of it
    attempts: int
    try_at: datetime
    tried_at: datetime | None  # None: it was not
    last_error: str | None


class GivenUp(NamedTuple):
    """A notification that did not arrive, as an operator sees it; moments but that of the event are machine time."""

    seller_id: str
    subscription_id: str
    subject: str
    number: int
    destination_id: str
    kind: str
    happened_at: datetime
    attempts: int
    queued_at: datetime
    tried_at: datetime | None
    last_error: str | None


async def waiting(tx: Transaction, now: datetime, without: Collection[str], most: int) -> list[tuple[str, bool]]:
    """Destinations for which something is due, and whether they have been failing: those come last.

    Otherwise chance decides who is among the first `most`: no long queue comes before somebody's first notification.
    """
    rows = await tx.fetch(
        """
        SELECT d.destination_id, d.failing_since IS NOT NULL AS failing
          FROM notification_destinations d
         CROSS JOIN LATERAL ( -- one look into the index for each, however much is queued
               SELECT 1
                 FROM notifications n
                WHERE n.destination_id = d.destination_id AND n.status = 'queued' AND n.try_at <= $1
                LIMIT 1
               ) AS notification
         WHERE NOT d.destination_id = ANY($2)
         ORDER BY failing, random()
         LIMIT $3
        """,
        now,
        list(without),
        most,
    )
    return [(row[0], row[1]) for row in rows]


async def claim(tx: Transaction, destination_id: str, now: datetime, leased_until: datetime, most: int) -> Claim:
    """Take up to `most` notifications that are due and first of their subjects, the longest waiting first."""
    rows = await tx.fetch(
        f"""
        WITH due AS MATERIALIZED (
            SELECT seller_id, subscription_id, subject, number, try_at
              FROM notifications
             WHERE destination_id = $1 AND status = 'queued' AND try_at <= $2
             ORDER BY try_at, number
             LIMIT $5
               FOR UPDATE SKIP LOCKED
        ), standing AS (
            SELECT due.*, ahead.try_at AS first_at,
                   row_number() OVER (PARTITION BY ahead.try_at IS NULL ORDER BY due.try_at, due.number) AS place
              FROM due
              LEFT JOIN LATERAL (
                   SELECT before.try_at
                     FROM notifications AS before
                    WHERE before.seller_id = due.seller_id AND before.subscription_id = due.subscription_id
                      AND before.subject = due.subject AND before.number < due.number
                      AND before.status <> 'undeliverable' -- see record
                    ORDER BY before.number
                    LIMIT 1
                   ) AS ahead ON true
        ), taken AS (
            UPDATE notifications AS n
               SET try_at   = CASE WHEN first_at > $2 THEN first_at ELSE $3 END,
                   attempts = attempts + (first_at IS NULL)::int,
                   fresh    = fresh AND first_at IS NOT NULL
              FROM standing
             WHERE n.seller_id = standing.seller_id AND n.subscription_id = standing.subscription_id
               AND n.subject = standing.subject AND n.number = standing.number
               AND (first_at IS NOT NULL OR place <= $4)
            RETURNING n.*, first_at
        )
        SELECT looked_at, t.seller_id, t.subscription_id, subject, number, notification_id, t.kind, sequence,
               happened_at, detail, attempts, try_at,
               EXISTS (SELECT 1 FROM notification_subscriptions s
                        WHERE s.seller_id = t.seller_id AND s.subscription_id = t.subscription_id AND {AUTHORIZED})
          FROM (SELECT count(*) AS looked_at FROM due) AS all_of_them
          LEFT JOIN taken t ON first_at IS NULL
         ORDER BY number
        """,
        destination_id,
        now,
        leased_until,
        most,
        _LOOKED_AT,
    )
    return Claim([Claimed(*row[1:]) for row in rows if row[1] is not None], rows[0][0] == _LOOKED_AT)


async def record(tx: Transaction, results: Sequence[Result]) -> None:
    """Delete what has arrived, and write down what became of the others; those behind them are due when they are, or
    now."""
    await tx.execute(
        """
        WITH result AS MATERIALIZED ( -- so that each row is looked up by its whole key
            SELECT r.*
              FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[], $8::int[],
                          $9::timestamptz[], $10::timestamptz[], $11::text[])
                AS r (seller_id, subscription_id, subject, number, leased_until, status, attempts, try_at, tried_at,
                      last_error)
        ), arrived AS (
            DELETE FROM notifications AS n
             USING result
             WHERE n.seller_id = ANY($1) AND n.seller_id = result.seller_id
               AND n.subscription_id = result.subscription_id AND n.subject = result.subject
               AND n.number = result.number
               AND result.status = 'delivered'
            RETURNING n.seller_id, n.subscription_id, n.subject, n.number, result.try_at
        ), kept AS (
            UPDATE notifications AS n
               SET status = result.status, attempts = result.attempts, try_at = result.try_at,
                   tried_at   = coalesce(result.tried_at, n.tried_at),
                   last_error = CASE WHEN result.tried_at IS NULL THEN n.last_error ELSE result.last_error END
              FROM result
             WHERE n.seller_id = ANY($1) AND n.seller_id = result.seller_id
               AND n.subscription_id = result.subscription_id AND n.subject = result.subject
               AND n.number = result.number
               AND result.status <> 'delivered'
               AND n.status <> 'undeliverable' -- "= 'queued'" would walk through all that is queued
               AND n.try_at = result.leased_until
            RETURNING n.seller_id, n.subscription_id, n.subject, n.number, n.try_at
        )
        UPDATE notifications AS behind
           SET try_at = recorded.try_at
          FROM (SELECT * FROM arrived UNION ALL SELECT * FROM kept) AS recorded
         WHERE behind.seller_id = ANY($1) AND behind.seller_id = recorded.seller_id
           AND behind.subscription_id = recorded.subscription_id AND behind.subject = recorded.subject
           AND behind.number > recorded.number
           AND behind.status <> 'undeliverable'
        """,
        sorted({result.seller_id for result in results}),
        *columns(results, 10),
    )


async def drop(tx: Transaction, keys: Collection[NotificationKey]) -> None:
    """Delete notifications that nobody wants any more."""
    await tx.execute(
        """
        DELETE FROM notifications n
         USING unnest($2::text[], $3::text[], $4::text[], $5::bigint[])
               AS named (seller_id, subscription_id, subject, number)
         WHERE n.seller_id = ANY($1) AND n.seller_id = named.seller_id
           AND n.subscription_id = named.subscription_id AND n.subject = named.subject AND n.number = named.number
        """,
        sorted({key.seller_id for key in keys}),
        *columns(keys, 4),
    )


async def drop_all(tx: Transaction, seller_id: str, subscription_id: str) -> None:
    """Delete all that is kept for a subscription."""
    await tx.execute(
        "DELETE FROM notifications WHERE seller_id = $1 AND subscription_id = $2", seller_id, subscription_id
    )


async def judge(tx: Transaction, destination_id: str, arrived: bool, now: datetime) -> None:
    """Something has arrived at a destination, or all that was sent there together has not."""
    await tx.execute(
        """
        UPDATE notification_destinations SET failing_since = CASE WHEN $2 THEN NULL ELSE $3::timestamptz END
         WHERE destination_id = $1 AND (failing_since IS NOT NULL) = $2
        """,
        destination_id, arrived, now,
    )  # fmt: skip


async def undeliverable(
    tx: Transaction, after: tuple[str, NotificationKey] = ("", NotificationKey("", "", "", 0)), most: int = 100
) -> list[GivenUp]:
    """A page of what was given up, by destination; `after` is destination and key of the last one before."""
    rows = await tx.fetch(
        """
        SELECT seller_id, subscription_id, subject, number, destination_id, kind, happened_at, attempts, queued_at,
               tried_at, last_error
          FROM notifications
         WHERE status = 'undeliverable'
           AND (destination_id, seller_id, subscription_id, subject, number) > ($1, $2, $3, $4, $5)
         ORDER BY destination_id, seller_id, subscription_id, subject, number
         LIMIT $6
        """,
        after[0], *after[1], most,
    )  # fmt: skip
    return [GivenUp(*row) for row in rows]


async def resend(tx: Transaction, keys: Collection[NotificationKey], now: datetime) -> int:
    """Queue what was given up once more, with all its attempts before it; how many it were."""
    wanted = in_order(keys)
    rows = await tx.fetch(
        """
        UPDATE notifications AS n
           SET status = 'queued', attempts = 0, queued_at = $2, try_at = $2
          FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[])
               AS named (seller_id, subscription_id, subject, number)
         WHERE n.seller_id = ANY($1) AND n.seller_id = named.seller_id
           AND n.subscription_id = named.subscription_id AND n.subject = named.subject AND n.number = named.number
           AND n.status <> 'queued'
        RETURNING 1
        """,
        sorted({key.seller_id for key in wanted}),
        now,
        *columns(wanted, 4),
    )
    return len(rows)


async def forget(tx: Transaction, before: datetime, most: int) -> int:
    """Delete up to `most` notifications queued before then, whatever became of them: a destination that hangs for good
    does not make the table grow. How many it were."""
    tag = await tx.execute(
        """
        DELETE FROM notifications
         WHERE (seller_id, subscription_id, subject, number) IN (
               SELECT seller_id, subscription_id, subject, number
                 FROM notifications
                WHERE queued_at < $1
                LIMIT $2
                  FOR UPDATE SKIP LOCKED)
        """,
        before,
        most,
    )
    return int(tag.rpartition(" ")[2])
