"""A buyer's own orders, with all sellers, the youngest first, as the clock says: where each stands, when it comes, and
what the buyer may do about it now."""

from datetime import datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction
from tradepost.lifecycle import CELLS, ROW_OF, Act, Party, State
from tradepost.numbers import is_order_number
from tradepost.orders.order import Line, Order
from tradepost.policy import Policy
from tradepost.reports import as_they_stand
from tradepost.reports.as_they_stand import BEFORE_ALL, SELECTED, After


class Parcel(NamedTuple):
    """What is on its way: by whom, and how much of it by line number."""

    reference: int
    carrier: str
    tracking: str | None
    confirmed_at: datetime
    units: dict[int, int]


class BuyerOrder(NamedTuple):
    """One order as its buyer sees it; money in minor units of `currency`.

    `may` are the acts that the buyer could do at this moment: cancel by oneself, ask the seller to cancel, pay with
    something else.
    """

    order_id: str
    checkout_id: str
    seller_id: str
    seller_name: str
    placed_at: datetime
    hold_ends_at: datetime
    status: str
    state: State
    may: tuple[Act, ...]
    service: str
    total: int
    currency: str
    deliver_earliest: datetime
    deliver_latest: datetime
    delivered_at: datetime | None
    cancellation_requested_at: datetime | None
    canceled_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    lines: tuple[Line, ...]
    parcels: tuple[Parcel, ...]


class Page(NamedTuple):
    """Some orders, and the place from which the next page goes on; None: these were the last ones."""

    orders: list[BuyerOrder]
    after: After | None


async def orders_of_buyer(
    tx: Transaction, buyer_id: str, at: datetime, after: After | None = None, size: int = 20
) -> Page:
    """One page of the buyer's orders as they stand at `at`, which is now or later; at most 100 orders.

    Refuses a longer page and a place that no page named.
    """
    as_they_stand.check_page(after, size)
    read = await tx.fetch(
        f"""
        SELECT {_SELECTED}
          FROM orders o
         WHERE o.buyer_id = $1 AND (o.placed_at, o.order_id) < ($2, $3)
         ORDER BY o.placed_at DESC, o.order_id DESC
         LIMIT $4
        """,  # noqa: S608
        buyer_id, *(after or BEFORE_ALL), size + 1,
    )  # fmt: skip
    orders = await _orders(tx, read[:size], at)
    return Page(orders, After(orders[-1].placed_at, orders[-1].order_id) if len(read) > size else None)


async def order_of_buyer(tx: Transaction, buyer_id: str, order_id: str, at: datetime) -> BuyerOrder | None:
    """One order of this buyer; None when there is none of this number, or when it is another's."""
    if not is_order_number(order_id):
        return None
    read = await tx.fetch(
        f"SELECT {_SELECTED} FROM orders o WHERE o.buyer_id = $1 AND o.order_id = $2",  # noqa: S608
        buyer_id, order_id,
    )  # fmt: skip
    return next(iter(await _orders(tx, read, at)), None)


_SELECTED = f"""{SELECTED},
       ARRAY(SELECT (p.reference, coalesce(p.carrier_name, p.carrier_code), p.tracking, p.confirmed_at,
                     ARRAY(SELECT (i.line_no, i.quantity)
                             FROM package_items i
                            WHERE i.seller_id = p.seller_id AND i.order_id = p.order_id AND i.reference = p.reference
                            ORDER BY i.line_no))
               FROM packages p
              WHERE p.seller_id = o.seller_id AND p.order_id = o.order_id
              ORDER BY p.confirmed_at, p.reference),
       (SELECT s.name FROM sellers s WHERE s.seller_id = o.seller_id)"""  # noqa: S608


async def _orders(tx: Transaction, read: list[Any], at: datetime) -> list[BuyerOrder]:
    orders = await as_they_stand.stand(tx, read, at)
    of_policy = await as_they_stand.policies_of(tx, orders)
    return [
        _order(order, of_policy[order.marketplace_id, order.policy_version], *row[-2:])
        for order, row in zip(orders, read, strict=True)
    ]


def _order(order: Order, policy: Policy, parcels: list[Any], seller_name: str | None) -> BuyerOrder:
    return BuyerOrder(
        order.order_id,
        order.checkout_id,
        order.seller_id,
        seller_name or order.seller_id,
        order.placed_at,
        order.placed_at + policy.hold,
        order.state.status,
        order.state,
        _may(order),
        order.service,
        order.total,
        order.currency,
        order.deliver_earliest,
        order.deliver_latest,
        order.delivered_at,
        order.cancellation_requested_at,
        order.canceled_at,
        order.canceled_by,
        order.cancel_reason,
        tuple(order.lines.values()),
        tuple(Parcel._make((*parcel[:4], dict(parcel[4]))) for parcel in parcels),
    )


def _may(order: Order) -> tuple[Act, ...]:
    """What the table allows the buyer now: what is done once is not offered a second time."""
    return tuple(
        row.act
        for row in ROW_OF.values()
        if Party.BUYER in row.by
        and (order.state, row.act) in CELLS
        and not (row.once and getattr(order, row.stamps or ""))
    )
