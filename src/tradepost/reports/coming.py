"""What the clock is about to do, and what it has done: for whoever watches or moves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act, State
from tradepost.numbers import OrderKey
from tradepost.orders import records
from tradepost.people import policies
from tradepost.reports.order_details import next_of


@dataclass(frozen=True, slots=True)
class Coming:
    """One thing that will happen by itself. `act` is None where a payment gateway will be asked."""

    at: datetime
    key: OrderKey
    act: Act | None
    sentence: str = "The payment gateway is asked."


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of an order's history."""

    at: datetime
    key: OrderKey
    number: int
    act: Act
    state: State


async def coming(tx: Transaction, at: datetime, limit: int) -> list[Coming]:
    """What will happen at this moment, for the first so many orders of those that wait for it."""
    rows = await tx.fetch(
        """
        SELECT seller_id, order_id, wakes_at = $1 AND (verify_at IS NULL OR verify_at > $1)
          FROM orders
         WHERE wakes_at = $1 OR verify_at = $1
         ORDER BY seller_id, order_id
         LIMIT $2
        """,
        at, limit,
    )  # fmt: skip
    return [
        await _by_clock(tx, at, OrderKey(seller_id, order_id))
        if by_clock
        else Coming(at, OrderKey(seller_id, order_id), None)
        for seller_id, order_id, by_clock in rows
    ]


async def happened(tx: Transaction, after: datetime, until: datetime, limit: int) -> tuple[list[Happened], int]:
    """The events of all orders after one moment and until another, the first so many, and how many there are. It reads
    every event that there is: this is for small marketplaces."""
    rows = await tx.fetch(
        """
        SELECT happened_at, seller_id, order_id, number, act, state, count(*) OVER ()
          FROM order_events
         WHERE happened_at > $1 AND happened_at <= $2
         ORDER BY happened_at, seller_id, order_id, number
         LIMIT $3
        """,
        after, until, limit,
    )  # fmt: skip
    return _events(rows)


async def recorded_here(tx: Transaction, limit: int) -> tuple[list[Happened], int]:
    """The events that this transaction has recorded, whenever they happened, the first so many; and how many there are.

    What fell due long ago and is done now belongs to them. The index by moments finds those of each seller.
    """
    rows = await tx.fetch(
        """
        SELECT e.*, count(*) OVER ()
          FROM sellers s, LATERAL (SELECT happened_at, seller_id, order_id, number, act, state
                                     FROM order_events
                                    WHERE seller_id = s.seller_id AND recorded_at = $1
                                      AND xmin = pg_current_xact_id()::xid
                                   OFFSET 0) e -- so that it is asked for each seller
         ORDER BY happened_at, seller_id, order_id, number
         LIMIT $2
        """,
        tx.now, limit,
    )  # fmt: skip
    return _events(rows)


def _events(rows: Sequence[Record]) -> tuple[list[Happened], int]:
    """Rows of events, each with the number of all of them."""
    events = [Happened(row[0], OrderKey(row[1], row[2]), row[3], Act(row[4]), State(row[5])) for row in rows]
    return events, rows[0][6] if rows else 0


async def _by_clock(tx: Transaction, at: datetime, key: OrderKey) -> Coming:
    order = await records.read(tx, *key)
    assert order is not None
    version = (order.marketplace_id, order.policy_version)
    coming = next_of(order, (await policies.of(tx, [version]))[version])
    return Coming(at, key, coming.act, coming.sentence) if coming else Coming(at, key, None)
