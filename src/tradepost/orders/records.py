"""The SQL of orders: one statement a function, each for any number of orders."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction, columns, in_order
from tradepost.lifecycle import State
from tradepost.notifications.queueing import records as notifications
from tradepost.numbers import OrderKey
from tradepost.orders.order import Line, Order

COLUMNS = [field.name for field in fields(Order) if field.name not in ("lines", "key")]
"""Of an order, in the order of its fields."""
_SELECTED = ", ".join(f"o.{name}" for name in COLUMNS)

_CHANGING = {
    "state": "text",
    "approved_at": "timestamptz",
    "released_at": "timestamptz",
    "warned_at": "timestamptz",
    "shipped_at": "timestamptz",
    "delivered_at": "timestamptz",
    "canceled_at": "timestamptz",
    "canceled_by": "text",
    "cancel_reason": "text",
    "cancellation_requested_at": "timestamptz",
    "shipped_units": "int",
    "canceled_units": "int",
    "ship_earliest": "timestamptz",
    "ship_latest": "timestamptz",
    "deliver_earliest": "timestamptz",
    "deliver_latest": "timestamptz",
    "wakes_at": "timestamptz",
    "verify_at": "timestamptz",
    "updated_at": "timestamptz",
    "last_event": "int",
}
"""The columns that can change once an order is placed, and their types."""

changing = attrgetter(*_CHANGING)
"""What can change of an order, as it is now; `update` compares."""


async def lock(tx: Transaction, keys: Iterable[OrderKey]) -> dict[OrderKey, Order]:
    """Lock the orders, always in the order of their keys, so that two batches never wait for each other in a ring.

    Those that do not exist are missing from the answer. Of the two conditions on the seller one finds the order and
    the other only says where to look: under the index's own collation it would be searched by, and sorted for, anew
    for each order.
    """
    wanted = in_order(keys)
    rows = await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM orders o
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, order_id) USING (seller_id, order_id)
         WHERE o.seller_id = ANY($1 COLLATE "C")
         ORDER BY o.seller_id, o.order_id
           FOR UPDATE OF o
        """,
        sorted({key.seller_id for key in wanted}),
        *columns(wanted, 2),
    )
    return {order.key: order for order in map(_order, rows)}


async def read(tx: Transaction, seller_id: str, order_id: str) -> Order | None:
    """One order as it is recorded, without a lock."""
    row = await tx.row(f"SELECT {_SELECTED} FROM orders o WHERE seller_id = $1 AND order_id = $2", seller_id, order_id)
    return _order(row) if row else None


async def load_lines(tx: Transaction, orders: Sequence[Order]) -> None:
    """Read the lines of locked orders into them."""
    by_key = {order.key: order for order in orders}
    rows = await tx.fetch(
        """
        SELECT seller_id, order_id, line_no, item_id, sku, title, unit_price, quantity, shipped, canceled
          FROM order_lines
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, order_id) USING (seller_id, order_id)
         WHERE seller_id = ANY($1 COLLATE "C")
         ORDER BY seller_id, order_id, line_no
        """,
        sorted({key.seller_id for key in by_key}),
        *columns(by_key, 2),
    )
    for seller_id, order_id, *line in rows:
        by_key[OrderKey(seller_id, order_id)].lines[line[0]] = Line(*line)


async def due(
    tx: Transaction, until: datetime, limit: int, *, wait_for_gateways: bool, seller_id: str | None = None
) -> list[OrderKey]:
    """Orders for which the clock has something to do, those that wait longest first.

    `wait_for_gateways` leaves out those whose gateway is to be asked earlier than their deadline.
    """
    rows = await tx.fetch(
        """
        SELECT seller_id, order_id
          FROM orders
         WHERE wakes_at <= $1
           AND (NOT $3 OR verify_at IS NULL OR verify_at >= wakes_at)
           AND ($4::text IS NULL OR seller_id = $4)
         ORDER BY wakes_at
         LIMIT $2
        """,
        until, limit, wait_for_gateways, seller_id,
    )  # fmt: skip
    return list(map(OrderKey._make, rows))


async def any_order(tx: Transaction) -> bool:
    """Whether there is any order at all."""
    return bool(await tx.value("SELECT EXISTS (SELECT 1 FROM orders)"))


async def next_wake(tx: Transaction) -> tuple[datetime | None, datetime | None]:
    """The moment of the next deadline and of the next question to a payment gateway, over all orders."""
    row = await tx.row("SELECT (SELECT min(wakes_at) FROM orders), (SELECT min(verify_at) FROM orders)")
    assert row is not None
    return row[0], row[1]


async def update(tx: Transaction, orders: Sequence[tuple[Order, tuple[object, ...]]]) -> None:
    """Write what has changed of locked orders; beside each stands what `changing` said when it was read.

    The statement names the columns in which any of the orders differs, and no others.
    """
    recorded = zip(*(was for _, was in orders), strict=True)
    now = zip(*(changing(order) for order, _ in orders), strict=True)
    changed = {name: new for name, new, old in zip(_CHANGING, now, recorded, strict=True) if new != old}
    if not changed:
        return
    await tx.later(
        f"""
        UPDATE orders o
           SET {", ".join(f"{name} = n.{name}" for name in changed)}
          FROM unnest($2::text[], $3::text[], {", ".join(f"${n}::{_CHANGING[x]}[]" for n, x in enumerate(changed, 4))})
            AS n (seller_id, order_id, {", ".join(changed)})
         WHERE o.seller_id = ANY($1 COLLATE "C") AND o.seller_id = n.seller_id AND o.order_id = n.order_id
        """,
        sorted({order.seller_id for order, _ in orders}),
        *columns((order.key for order, _ in orders), 2),
        *changed.values(),
    )


class Wishes(NamedTuple):
    """What is written of a new order and plays no part in its life: where it goes, and in which language its buyer
    wants to be written to (None: that of the account)."""

    ship_to: dict[str, object] | None
    locale: str | None = None


async def insert(tx: Transaction, orders: Sequence[Order], wishes: Sequence[Wishes]) -> None:
    """Write new orders, each with what else its buyer said."""
    await tx.later(
        """
        INSERT INTO orders (seller_id, order_id, marketplace_id, policy_version, checkout_id, buyer_id, state,
                            placed_at, ordered_units, currency, total, service, handling_days, ship_earliest,
                            ship_latest, deliver_earliest, deliver_latest, wakes_at, verify_at, updated_at,
                            last_event, ship_to, locale)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[],
                             $8::timestamptz[], $9::int[], $10::text[], $11::bigint[], $12::text[], $13::int[],
                             $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[],
                             $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::int[], $22::jsonb[],
                             $23::text[])
        """,
        *columns(
            (
                (
                    o.seller_id, o.order_id, o.marketplace_id, o.policy_version, o.checkout_id, o.buyer_id, o.state,
                    o.placed_at, o.ordered_units, o.currency, o.total, o.service, o.handling_days, o.ship_earliest,
                    o.ship_latest, o.deliver_earliest, o.deliver_latest, o.wakes_at, o.verify_at, o.updated_at,
                    o.last_event, *said,
                )
                for o, said in zip(orders, wishes, strict=True)
            ),
            23,
        ),
    )  # fmt: skip


async def insert_lines(tx: Transaction, lines: Sequence[tuple[Order, Line]]) -> None:
    """Write the lines of new orders."""
    await tx.later(
        """
        INSERT INTO order_lines (seller_id, order_id, line_no, item_id, sku, title, unit_price, quantity)
        SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[],
                             $7::bigint[], $8::int[])
        """,
        *columns(
            (
                (o.seller_id, o.order_id, n.line_no, n.item_id, n.sku, n.title, n.unit_price, n.quantity)
                for o, n in lines
            ),
            8,
        ),
    )


async def update_lines(tx: Transaction, lines: Sequence[tuple[OrderKey, Line]]) -> None:
    """Write how many units of each line were shipped and canceled."""
    await tx.later(
        """
        UPDATE order_lines l
           SET shipped = n.shipped, canceled = n.canceled
          FROM unnest($2::text[], $3::text[], $4::smallint[], $5::int[], $6::int[])
            AS n (seller_id, order_id, line_no, shipped, canceled)
         WHERE l.seller_id = ANY($1 COLLATE "C")
           AND l.seller_id = n.seller_id AND l.order_id = n.order_id AND l.line_no = n.line_no
        """,
        sorted({key.seller_id for key, _ in lines}),
        *columns(((*key, line.line_no, line.shipped, line.canceled) for key, line in lines), 5),
    )


async def insert_events(tx: Transaction, events: Sequence[tuple[object, ...]]) -> None:
    """Append to the histories: (seller, order, number, act, state after it, party, actor, moment, detail).

    The same statement queues a message for every webhook endpoint that wants to hear of it: its seller's, and those of
    the operator, who stands under the empty seller; and a notification for the applications that subscribe to changes.
    """
    sellers = {str(event[0]) for event in events}
    await tx.later(
        """
        INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, detail,
                                  recorded_at)
        SELECT n.*, $10 FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
                                    $8::timestamptz[], $9::jsonb[]) AS n
        RETURNING seller_id, order_id, number, act, state, happened_at
        """,
        *columns(events, 9),
        tx.now,
    )
    await tx.later(
        """
        INSERT INTO webhook_messages (seller_id, endpoint_id, order_id, number, queued_at, try_at)
        SELECT happened.seller_id, endpoint_id, order_id, number, $1, $1
          FROM written_order_events AS happened
          JOIN webhook_endpoints e ON e.seller_id IN (happened.seller_id, '') AND (acts IS NULL OR act = ANY(acts))
         WHERE EXISTS (SELECT 1 FROM webhook_endpoints WHERE seller_id = ANY($2)) -- where nobody listens, that is all
        """,
        machine_now(),
        sorted(sellers | {""}),
    )
    await notifications.order_changes(tx, sellers)


async def insert_cancellations(tx: Transaction, cancellations: Sequence[tuple[object, ...]]) -> None:
    """Record canceled units: (seller, order, event, line, quantity, by whom, reason, returned to stock)."""
    await tx.later(
        """
        INSERT INTO cancellations (seller_id, order_id, event, line_no, quantity, canceled_by, reason, returned)
        SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::smallint[], $5::int[], $6::text[], $7::text[],
                             $8::boolean[])
        """,
        *columns(cancellations, 8),
    )


def _order(row: Any) -> Order:
    order = Order(*row)  # the columns are the fields, in their order
    order.state = State(order.state)
    return order
