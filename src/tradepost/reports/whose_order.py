"""Whose an order is, for those who have nothing but its number: operators and customer service."""

from typing import NamedTuple

from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey, is_order_number


class Whose(NamedTuple):
    """The order's name inside Tradepost, and who bought it."""

    key: OrderKey
    buyer_id: str


async def whose_order(tx: Transaction, order_id: str) -> Whose:
    """Whose the order of this number is. One that there is not is nobody's: every room says so by name."""
    row = await tx.row(_WHOSE, order_id) if is_order_number(order_id) else None
    return Whose(OrderKey(row[0], order_id), row[1]) if row else Whose(OrderKey("", order_id), "")


# One look into the index for each seller: before PostgreSQL 18 the number alone would have it read from end to end.
_WHOSE = """
SELECT o.seller_id, o.buyer_id
  FROM sellers s
 CROSS JOIN LATERAL (SELECT seller_id, buyer_id FROM orders WHERE seller_id = s.seller_id AND order_id = $1 LIMIT 1) o
 ORDER BY s.seller_id
 LIMIT 1
"""
