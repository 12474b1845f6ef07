"""What became of every order, offer and notice: the tables that a replay writes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey

ORDER_COLUMNS = (
    "order", "seller", "buyer", "status", "placed_at", "released_at", "warned_at", "shipped_at", "delivered_at",
    "canceled_at", "canceled_by", "cancel_reason", "ordered", "shipped", "canceled",
)  # fmt: skip
STOCK_COLUMNS = ("seller", "sku", "available", "reserved")
NOTICE_COLUMNS = ("at", "to", "kind", "order")


async def orders(tx: Transaction, names: Mapping[OrderKey, str]) -> list[tuple[Any, ...]]:
    """One row per order, sorted by its name."""
    rows = await tx.fetch(
        """
        SELECT seller_id, order_id, buyer_id, state, placed_at, released_at, warned_at, shipped_at, delivered_at,
               canceled_at, canceled_by, cancel_reason, ordered_units, shipped_units, canceled_units
          FROM orders
        """
    )
    return sorted(
        (names[OrderKey(seller, order)], seller, buyer, State(state).status, *map(written, rest))
        for seller, order, buyer, state, *rest in rows
    )


async def stock(tx: Transaction) -> list[tuple[Any, ...]]:
    """One row per offer: what is available, and what open orders hold."""
    rows = await tx.fetch(
        """
        SELECT o.seller_id, o.sku, o.available, coalesce(sum(l.quantity - l.shipped - l.canceled), 0)::bigint
          FROM offers o LEFT JOIN order_lines l USING (seller_id, sku)
         GROUP BY o.seller_id, o.sku
        """
    )
    return sorted(tuple(row) for row in rows)


async def notices(tx: Transaction, names: Mapping[OrderKey, str]) -> list[tuple[Any, ...]]:
    """One row per notice, sorted by moment, order, kind and receiver."""
    rows = await tx.fetch("SELECT seller_id, order_id, happened_at, receiver, kind FROM notices")
    made = [(written(at), to, kind, names[OrderKey(seller, order)]) for seller, order, at, to, kind in rows]
    return sorted(made, key=lambda row: (row[0], row[3], row[2], row[1]))


async def count_by_status(tx: Transaction) -> dict[str, int]:
    """How many orders stand at each status that people see, those with none included."""
    counts = {State(state).status: 0 for state in State}
    for state, number in await tx.fetch("SELECT state, count(*) FROM orders GROUP BY state"):
        counts[State(state).status] += number
    return counts


def written(value: object) -> object:
    """A value as the tables spell it: whole seconds in UTC, and nothing for what never happened."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else value
