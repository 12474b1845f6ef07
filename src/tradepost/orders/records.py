"""The SQL of orders: one statement a function, each for any number of orders."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from tradepost.ground.database import Transaction, columns, storable
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.orders.order import Line, Order

_COLUMNS = tuple(field.name for field in fields(Order) if field.name != "lines")
_SELECTED = ", ".join(f"o.{name}" for name in _COLUMNS)


async def lock(tx: Transaction, keys: Iterable[OrderKey]) -> dict[OrderKey, Order]:
    """Lock the orders, always in the order of their keys, so that two batches never wait for each other in a ring.

    Those that do not exist are missing from the answer.
    """
    wanted = sorted(key for key in set(keys) if storable(key))
    rows = await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM orders o
          JOIN unnest($2::text[], $3::text[]) AS wanted (seller_id, order_id) USING (seller_id, order_id)
         WHERE o.seller_id = ANY($1)
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
         WHERE seller_id = ANY($1)
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
    return [OrderKey(*row) for row in rows]


async def any_order(tx: Transaction) -> bool:
    """Whether there is any order at all."""
    return bool(await tx.value("SELECT EXISTS (SELECT 1 FROM orders)"))


async def next_wake(tx: Transaction) -> tuple[datetime | None, datetime | None]:
    """The moment of the next deadline and of the next question to a payment gateway, over all orders."""
    row = await tx.row("SELECT (SELECT min(wakes_at) FROM orders), (SELECT min(verify_at) FROM orders)")
    assert row is not None
    return row[0], row[1]


async def update(tx: Transaction, orders: Sequence[Order]) -> None:
    """Write what can change of an order."""
    await tx.execute(
        """
        UPDATE orders o
           SET state = n.state, approved_at = n.approved_at, released_at = n.released_at, warned_at = n.warned_at,
               shipped_at = n.shipped_at, delivered_at = n.delivered_at, canceled_at = n.canceled_at,
               canceled_by = n.canceled_by, cancel_reason = n.cancel_reason,
               cancellation_requested_at = n.cancellation_requested_at, shipped_units = n.shipped_units,
               canceled_units = n.canceled_units, ship_earliest = n.ship_earliest, ship_latest = n.ship_latest,
               deliver_earliest = n.deliver_earliest, deliver_latest = n.deliver_latest, wakes_at = n.wakes_at,
               verify_at = n.verify_at, updated_at = n.updated_at, last_event = n.last_event
          FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
                      $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[],
                      $13::timestamptz[], $14::int[], $15::int[], $16::timestamptz[], $17::timestamptz[],
                      $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[],
                      $22::timestamptz[], $23::int[])
            AS n (seller_id, order_id, state, approved_at, released_at, warned_at, shipped_at, delivered_at,
                  canceled_at, canceled_by, cancel_reason, cancellation_requested_at, shipped_units, canceled_units,
                  ship_earliest, ship_latest, deliver_earliest, deliver_latest, wakes_at, verify_at, updated_at,
                  last_event)
         WHERE o.seller_id = ANY($1) AND o.seller_id = n.seller_id AND o.order_id = n.order_id
        """,
        sorted({order.seller_id for order in orders}),
        *columns(
            (
                (
                    o.seller_id, o.order_id, o.state, o.approved_at, o.released_at, o.warned_at, o.shipped_at,
                    o.delivered_at, o.canceled_at, o.canceled_by, o.cancel_reason, o.cancellation_requested_at,
                    o.shipped_units, o.canceled_units, o.ship_earliest, o.ship_latest, o.deliver_earliest,
                    o.deliver_latest, o.wakes_at, o.verify_at, o.updated_at, o.last_event,
                )
                for o in orders
            ),
            22,
        ),
    )  # fmt: skip


async def insert(tx: Transaction, orders: Sequence[Order], addresses: Sequence[dict[str, object] | None]) -> None:
    """Write new orders, with the address that each is shipped to."""
    await tx.execute(
        """
        INSERT INTO orders (seller_id, order_id, marketplace_id, policy_version, checkout_id, buyer_id, state,
                            placed_at, ordered_units, currency, total, service, handling_days, ship_earliest,
                            ship_latest, deliver_earliest, deliver_latest, wakes_at, verify_at, updated_at,
                            last_event, ship_to)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[],
                             $8::timestamptz[], $9::int[], $10::text[], $11::bigint[], $12::text[], $13::int[],
                             $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[],
                             $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::int[], $22::jsonb[])
        """,
        *columns(
            (
                (
                    o.seller_id, o.order_id, o.marketplace_id, o.policy_version, o.checkout_id, o.buyer_id, o.state,
                    o.placed_at, o.ordered_units, o.currency, o.total, o.service, o.handling_days, o.ship_earliest,
                    o.ship_latest, o.deliver_earliest, o.deliver_latest, o.wakes_at, o.verify_at, o.updated_at,
                    o.last_event, address,
                )
                for o, address in zip(orders, addresses, strict=True)
            ),
            22,
        ),
    )  # fmt: skip


async def insert_lines(tx: Transaction, lines: Sequence[tuple[Order, Line]]) -> None:
    """Write the lines of new orders."""
    await tx.execute(
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
    await tx.execute(
        """
        UPDATE order_lines l
           SET shipped = n.shipped, canceled = n.canceled
          FROM unnest($2::text[], $3::text[], $4::smallint[], $5::int[], $6::int[])
            AS n (seller_id, order_id, line_no, shipped, canceled)
         WHERE l.seller_id = ANY($1)
           AND l.seller_id = n.seller_id AND l.order_id = n.order_id AND l.line_no = n.line_no
        """,
        sorted({key.seller_id for key, _ in lines}),
        *columns(((*key, line.line_no, line.shipped, line.canceled) for key, line in lines), 5),
    )


async def insert_events(tx: Transaction, events: Sequence[tuple[object, ...]]) -> None:
    """Append to the histories: (seller, order, number, act, state after it, party, actor, moment, detail)."""
    await tx.execute(
        """
        INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, detail,
                                  recorded_at)
        SELECT n.*, $10 FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
                                    $8::timestamptz[], $9::jsonb[]) AS n
        """,
        *columns(events, 9),
        tx.now,
    )


async def insert_cancellations(tx: Transaction, cancellations: Sequence[tuple[object, ...]]) -> None:
    """Record canceled units: (seller, order, event, line, quantity, by whom, reason, returned to stock)."""
    await tx.execute(
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
