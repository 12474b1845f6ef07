"""The SQL of payments: with what an order is paid, and how often the gateway was asked."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from tradepost.ground.database import Transaction, columns
from tradepost.numbers import OrderKey


class Means(NamedTuple):
    """With what a buyer pays: a token that the gateway understands."""

    gateway: str
    token: str


class Payment(NamedTuple):
    """The payment of one order. `attempts` counts the questions to the gateway with this token."""

    seller_id: str
    order_id: str
    gateway: str
    token: str
    attempts: int = 0


class Question(NamedTuple):
    """One question to a gateway: may this much be taken from this token? Asking it twice does no harm."""

    key: OrderKey
    token: str
    attempt: int  # the first is 1
    amount: int  # minor units
    currency: str
    due_at: datetime  # business time


_INSERT = """
    INSERT INTO payments (seller_id, order_id, gateway, token, attempts, reference)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[])"""


async def insert(tx: Transaction, payments: Sequence[Payment]) -> None:
    """Write the payments of new orders."""
    await tx.later(_INSERT, *columns(((*payment, None) for payment in payments), 6))


async def put(tx: Transaction, payments: Sequence[tuple[Payment, str | None]]) -> None:
    """Write payments, each with the gateway's reference: after a verdict, or after a change.

    Whoever was asking about one before need not be waited for.
    """
    await tx.later(
        f"""{_INSERT}
            ON CONFLICT (seller_id, order_id) DO UPDATE
           SET gateway = excluded.gateway, token = excluded.token, attempts = excluded.attempts,
               reference = excluded.reference, asked_until = NULL
        """,
        *columns(((*payment, reference) for payment, reference in payments), 6),
    )


async def claim(
    tx: Transaction, gateway: str, due: datetime, limit: int, machine_now: datetime, asked_until: datetime
) -> list[Question]:
    """Take questions that are due at this business time, so that until `asked_until` no other worker asks them."""
    rows = await tx.fetch(
        """
        WITH waiting AS ( -- along the index of verify_at, up to the limit: joined, all that waits would be sorted
            SELECT p.seller_id, p.order_id, o.total, o.currency, o.verify_at
              FROM orders o
             CROSS JOIN LATERAL (
                   SELECT seller_id, order_id
                     FROM payments
                    WHERE seller_id = o.seller_id AND order_id = o.order_id AND gateway = $1
                      AND (asked_until IS NULL OR asked_until <= $4)
                      FOR UPDATE SKIP LOCKED) p -- both are, or a verdict just recorded would be seen by half
             WHERE o.verify_at <= $2
             ORDER BY o.verify_at
             LIMIT $3
               FOR UPDATE OF o SKIP LOCKED
        )
        UPDATE payments p
           SET asked_until = $5
          FROM waiting w
         WHERE p.seller_id = w.seller_id AND p.order_id = w.order_id
        RETURNING p.seller_id, p.order_id, p.token, p.attempts + 1, w.total, w.currency, w.verify_at
        """,
        gateway, due, limit, machine_now, asked_until,
    )  # fmt: skip
    return [Question(OrderKey(row[0], row[1]), *row[2:]) for row in rows]


async def lock(tx: Transaction, keys: Collection[OrderKey]) -> dict[OrderKey, Payment]:
    """The payments of locked orders."""
    rows = await tx.fetch(
        """
        SELECT p.seller_id, p.order_id, p.gateway, p.token, p.attempts
          FROM payments p
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, order_id) USING (seller_id, order_id)
         WHERE p.seller_id = ANY($1 COLLATE "C")
         ORDER BY p.seller_id, p.order_id
           FOR UPDATE OF p
        """,
        sorted({key.seller_id for key in keys}),
        *columns(keys, 2),
    )
    return {OrderKey(row[0], row[1]): Payment(*row) for row in rows}
