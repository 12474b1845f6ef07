"""The SQL of the notices: the outbox that an act fills, the worker empties and an operator looks into.

A worker takes a notice by moving its `try_at` to the end of a lease. That moment is also how a result is known to come
from the worker that holds the lease: a result that comes after the lease was taken over changes nothing, unless it is
that the notice was delivered.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, columns

_FIRST_KEY = ("", UUID(int=0))


class QueuedNotice(NamedTuple):
    """Who is to be told of which event: `receiver` is "buyer" or "seller", `kind` one of lifecycle.Notice."""

    seller_id: str
    order_id: str
    event: int
    receiver: str
    receiver_id: str
    kind: str
    happened_at: datetime


class ClaimedNotice(NamedTuple):
    """A notice that one worker alone may deliver until `leased_until`; `attempts` counts this one."""

    seller_id: str
    notice_id: UUID
    order_id: str
    event: int
    receiver: str
    receiver_id: str
    kind: str
    happened_at: datetime
    attempts: int
    leased_until: datetime


class Result(NamedTuple):
    """What became of a claimed notice; `delivered_at` only for a delivered one."""

    seller_id: str
    notice_id: UUID
    leased_until: datetime
    status: str
    attempts: int
    try_at: datetime
    delivered_at: datetime | None
    last_error: str | None


class Backlog(NamedTuple):
    """How many notices wait, how many of them after something went wrong, and what that was the last time."""

    waiting: int
    in_trouble: int
    last_error: str | None


class UndeliverableNotice(NamedTuple):
    """A notice that was given up, for the operator to look at and to send again."""

    seller_id: str
    notice_id: UUID
    order_id: str
    receiver: str
    receiver_id: str
    kind: str
    happened_at: datetime
    attempts: int
    last_error: str | None


async def queue(tx: Transaction, notices: Sequence[QueuedNotice]) -> None:
    """Put notices into the outbox, in the transaction of the act that causes them: one statement, however many."""
    if not notices:
        return
    now = machine_now()
    await tx.later(
        """
        INSERT INTO notices
              (notice_id, seller_id, order_id, event, receiver, receiver_id, kind, happened_at, try_at)
        SELECT notice_id, seller_id, order_id, event, receiver, receiver_id, kind, happened_at, $9
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[],
                      $8::timestamptz[])
               AS new (notice_id, seller_id, order_id, event, receiver, receiver_id, kind, happened_at)
        """,
        _new_ids(len(notices), now),
        *columns(notices, 7),
        now,
    )


async def claim(tx: Transaction, now: datetime, leased_until: datetime, most: int) -> list[ClaimedNotice]:
    """Take up to `most` notices that are due, the longest waiting first, except those another worker is taking."""
    rows = await tx.fetch(
        """
        WITH due AS MATERIALIZED (
            SELECT seller_id, notice_id
              FROM notices
             WHERE status = 'queued'
               AND try_at <= $1
             ORDER BY try_at
             LIMIT $3
               FOR UPDATE SKIP LOCKED
        )
        UPDATE notices AS notice
           SET try_at = $2,
               attempts = attempts + 1
          FROM due
         WHERE notice.seller_id = due.seller_id
           AND notice.notice_id = due.notice_id
        RETURNING notice.seller_id, notice.notice_id, order_id, event, receiver, receiver_id, kind, happened_at,
                  attempts, try_at AS leased_until
        """,
        now,
        leased_until,
        most,
    )
    return [ClaimedNotice(*row) for row in rows]


async def record(tx: Transaction, results: Sequence[Result]) -> int:
    """Write down what became of claimed notices; how many of the results counted."""
    rows = await tx.fetch(
        """
        UPDATE notices AS notice
           SET status       = result.status,
               attempts     = result.attempts,
               try_at       = result.try_at,
               delivered_at = result.delivered_at,
               last_error   = result.last_error
          FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::int[], $6::timestamptz[],
                      $7::timestamptz[], $8::text[])
               AS result (seller_id, notice_id, leased_until, status, attempts, try_at, delivered_at, last_error)
         WHERE notice.seller_id = ANY($9)
           AND notice.seller_id = result.seller_id
           AND notice.notice_id = result.notice_id
           AND (   result.status = 'delivered' AND notice.status <> 'delivered'
                OR notice.status = 'queued' AND notice.try_at = result.leased_until)
        RETURNING 1
        """,
        *columns(sorted(results), 8),
        sorted({result.seller_id for result in results}),
    )
    return len(rows)


async def backlog(tx: Transaction) -> Backlog:
    """What waits to be delivered, for whoever watches over the mail."""
    row = await tx.row(
        """
        SELECT count(*) AS waiting,
               count(last_error) AS in_trouble,
               (array_agg(last_error ORDER BY try_at DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS last_error
          FROM notices
         WHERE status = 'queued'
        """
    )
    assert row is not None
    return Backlog(*row)


async def undeliverable(
    tx: Transaction, *, after: tuple[str, UUID] = _FIRST_KEY, most: int = 1000
) -> list[UndeliverableNotice]:
    """The notices that were given up, by seller and notice, those after the key `after`: a page of at most `most`."""
    rows = await tx.fetch(
        """
        SELECT seller_id, notice_id, order_id, receiver, receiver_id, kind, happened_at, attempts, last_error
          FROM notices
         WHERE status = 'undeliverable'
           AND (seller_id, notice_id) > ($1, $2)
         ORDER BY seller_id, notice_id
         LIMIT $3
        """,
        *after,
        most,
    )
    return [UndeliverableNotice(*row) for row in rows]


async def resend(tx: Transaction, notices: Iterable[tuple[str, UUID]]) -> int:
    """Queue given-up notices, named by (seller_id, notice_id), for delivery again at once; how many there were."""
    named = sorted(set(notices))
    rows = await tx.fetch(
        """
        UPDATE notices AS notice
           SET status = 'queued',
               attempts = 0,
               try_at = $3,
               last_error = NULL
          FROM unnest($1::text[], $2::uuid[]) AS named (seller_id, notice_id)
         WHERE notice.seller_id = ANY($4)
           AND notice.seller_id = named.seller_id
           AND notice.notice_id = named.notice_id
           AND notice.status = 'undeliverable'
        RETURNING 1
        """,
        *columns(named, 2),
        machine_now(),
        sorted({seller_id for seller_id, _ in named}),
    )
    return len(rows)


async def orders_of(tx: Transaction, orders: Sequence[tuple[str, str]]) -> list[Record]:
    """What the notices of these orders say of the order, its marketplace, its policy and its two parties."""
    return await tx.fetch(
        """
        SELECT seller_id, order_id, placed_at, ship_latest, deliver_earliest, deliver_latest, ordered_units,
               o.currency, total, service,
               m.name AS marketplace, o.marketplace_id, o.policy_version,
               s.name AS seller_name, s.email AS seller_email, s.locale AS seller_locale,
               b.name AS buyer_name,  b.email AS buyer_email,  coalesce(o.locale, b.locale) AS buyer_locale
          FROM unnest($1::text[], $2::text[]) AS named (seller_id, order_id)
          JOIN orders o USING (seller_id, order_id)
          JOIN marketplaces m ON m.marketplace_id = o.marketplace_id
          LEFT JOIN sellers s USING (seller_id)
          LEFT JOIN buyers b ON b.buyer_id = o.buyer_id
         WHERE o.seller_id = ANY($1)
        """,
        *columns(orders, 2),
    )


async def policies_of(tx: Transaction, policies: Sequence[tuple[str, int]]) -> list[Record]:
    """The documents of these policies, named by marketplace and version."""
    return await tx.fetch(
        """
        SELECT marketplace_id, version, document
          FROM unnest($1::text[], $2::int[]) AS named (marketplace_id, version)
          JOIN policies USING (marketplace_id, version)
        """,
        *columns(policies, 2),
    )


async def lines_of(tx: Transaction, orders: Sequence[tuple[str, str]]) -> list[Record]:
    """The lines of these orders, in their order."""
    return await tx.fetch(
        """
        SELECT seller_id, order_id, line_no, sku, title, unit_price, quantity, shipped, canceled
          FROM unnest($1::text[], $2::text[]) AS named (seller_id, order_id)
          JOIN order_lines l USING (seller_id, order_id)
         WHERE l.seller_id = ANY($1)
         ORDER BY seller_id, order_id, line_no
        """,
        *columns(orders, 2),
    )


async def packages_of(tx: Transaction, events: Sequence[tuple[str, str, int]]) -> list[Record]:
    """The units that these events shipped, one row a line, each with its package as it is known now."""
    return await tx.fetch(
        """
        SELECT seller_id, order_id, number, line_no, quantity, carrier_code, carrier_name, tracking
          FROM unnest($1::text[], $2::text[], $3::int[]) AS named (seller_id, order_id, number)
          JOIN order_events e USING (seller_id, order_id, number)
          JOIN packages p USING (seller_id, order_id)
          JOIN package_items i USING (seller_id, order_id, reference)
         WHERE e.seller_id = ANY($1)
           AND e.act = 'confirm_shipment'
           AND p.reference::text = e.detail ->> 'package'
         ORDER BY seller_id, order_id, number, line_no
        """,
        *columns(events, 3),
    )


async def cancellations_of(tx: Transaction, events: Sequence[tuple[str, str, int]]) -> list[Record]:
    """The units that these events canceled, one row a line, with who canceled and why."""
    return await tx.fetch(
        """
        SELECT seller_id, order_id, event, line_no, quantity, canceled_by, reason
          FROM unnest($1::text[], $2::text[], $3::int[]) AS named (seller_id, order_id, event)
          JOIN cancellations c USING (seller_id, order_id, event)
         WHERE c.seller_id = ANY($1)
         ORDER BY seller_id, order_id, event, line_no
        """,
        *columns(events, 3),
    )


def _new_ids(count: int, now: datetime) -> list[str]:
    """So many new ids (UUID version 7, in hexadecimal digits): they begin with the moment, so that new rows lie
    together in the index."""
    moment = f"{int(now.timestamp() * 1000):012x}"
    digits = os.urandom(9 * count).hex()
    return [
        f"{moment}7{digits[start : start + 3]}8{digits[start + 3 : start + 18]}" for start in range(0, 18 * count, 18)
    ]
