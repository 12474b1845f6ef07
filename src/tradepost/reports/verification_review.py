"""The orders that wait for verification, for the person who reviews them, as the clock says.

Those come first of which something happens by itself first: the hold ends, or the verification is given up. That
moment is where a page goes on from. It only moves on: whoever turns the pages misses no order that was there all the
while, and may meet one a second time whose hold has ended meanwhile.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction
from tradepost.lifecycle import UNVERIFIED
from tradepost.orders.order import Order
from tradepost.reports import as_they_stand
from tradepost.reports.as_they_stand import SELECTED


class After(NamedTuple):
    """A place in the list: the next page begins after it."""

    wakes_at: datetime
    seller_id: str
    order_id: str


class ToReview(NamedTuple):
    """An order to decide on, and how its payment stands; no gateway: there is nobody to ask but the reviewer."""

    order: Order
    gateway: str | None
    attempts: int


class Page(NamedTuple):
    """Some orders, and the place from which the next page goes on; None: these were the last ones.

    A page may hold fewer than were asked for, even none, although others follow.
    """

    orders: list[ToReview]
    after: After | None


_BEFORE_ALL = After(datetime.min.replace(tzinfo=UTC), "", "")


async def orders_to_review(tx: Transaction, at: datetime, after: After | None = None, size: int = 50) -> Page:
    """One page of the orders that wait for verification at `at`, which is now or later; at most 100 orders."""
    as_they_stand.check_page(after, size)
    read: list[Any] = await tx.fetch(
        f"""
        SELECT {SELECTED}, p.gateway, p.attempts
          FROM orders o
          LEFT JOIN payments p ON p.seller_id = o.seller_id AND p.order_id = o.order_id
         WHERE o.state IN ('held', 'verifying')
           AND o.wakes_at IS NOT NULL
           AND (o.wakes_at, o.seller_id, o.order_id) > ($1, $2, $3)
         ORDER BY o.wakes_at, o.seller_id, o.order_id
         LIMIT $4
        """,  # noqa: S608
        *(after or _BEFORE_ALL), size + 1,
    )  # fmt: skip
    rows = read[:size]
    orders = await as_they_stand.stand(tx, rows, at)
    waiting = [
        ToReview(order, row["gateway"], row["attempts"] or 0)
        for order, row in zip(orders, rows, strict=True)
        if order.state in UNVERIFIED
    ]
    last = rows[-1] if len(read) > size else None
    return Page(waiting, After(last["wakes_at"], last["seller_id"], last["order_id"]) if last else None)
