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
    row = None
    if is_order_number(order_id):
        row = await tx.row(
            "SELECT seller_id, buyer_id FROM orders WHERE order_id = $1 ORDER BY seller_id LIMIT 1", order_id
        )
    return Whose(OrderKey(row[0], order_id), row[1]) if row else Whose(OrderKey("", order_id), "")
