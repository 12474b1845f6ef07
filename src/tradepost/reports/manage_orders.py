"""Manage Orders: a seller's orders, the youngest first, as the clock says, whether or not a worker has come by.

Pending and canceled orders are there too, greyed out (A8, A11, A12, A17): the buyer's name is not, nor the address,
before the order is released. A page costs the same on whichever side of a million orders it lies.

An order that is due may no longer be where it is recorded, and which act comes is the lifecycle's to say. So a view
reads what is recorded to belong to it and what is due and may have come to belong, and decides in memory: both lie on
one walk through the orders by their moment of placing, which never changes.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from tradepost.deadlines import next_deadline
from tradepost.ground.database import Transaction
from tradepost.lifecycle import PENDING, TO_SHIP, Act, State
from tradepost.numbers import is_order_number
from tradepost.orders.order import Line, Order
from tradepost.policy import Policy
from tradepost.reports import as_they_stand
from tradepost.reports.as_they_stand import BEFORE_ALL, SELECTED, After
from tradepost.reports.order_details import WITH_ADDRESS

MOST_READINGS = 10


class View(StrEnum):
    """The tabs of Manage Orders."""

    ALL = "all"
    PENDING = "pending"
    UNSHIPPED = "unshipped"  # the partially shipped ones included
    CANCELLATION_REQUESTED = "cancellation_requested"  # by the buyer, and the seller has to decide
    SHIPPED = "shipped"
    CANCELED = "canceled"


class Row(NamedTuple):
    """One order of the list; money in minor units of `currency`.

    `next_at` and `next_act` are what the clock does next. `confirm_until` is the last day, in the marketplace's zone,
    on which a shipment can be confirmed, and `reminded` whether it is near (A49, A52); None and False for an order
    that has nothing to ship. `buyer_name` is None unless the seller may know where the order goes.
    """

    order_id: str
    placed_at: datetime
    status: str
    state: State
    service: str
    ordered_units: int
    shipped_units: int
    canceled_units: int
    total: int
    currency: str
    ship_latest: datetime
    deliver_latest: datetime
    next_at: datetime | None
    next_act: Act | None
    confirm_until: date | None
    reminded: bool
    cancellation_requested_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    buyer_name: str | None
    lines: tuple[Line, ...]


class Page(NamedTuple):
    """Some orders, and the place from which the next page goes on; None: these were the last ones.

    A page may hold fewer than were asked for, even none, although others follow.
    """

    rows: list[Row]
    after: After | None


async def manage_orders(
    tx: Transaction, seller_id: str, at: datetime, view: View = View.ALL, after: After | None = None, size: int = 50
) -> Page:
    """One page of a view as it is at `at`, which is now or later, from the place `after` on; at most 100 orders.

    Refuses a longer page and a place that no page named.
    """
    as_they_stand.check_page(after, size)
    rows: list[Row] = []
    place = after or BEFORE_ALL
    for _ in range(MOST_READINGS):
        read = await tx.fetch(_STATEMENTS[view], seller_id, *place, size + 1, *_due_at(view, at))
        for row, belongs in await _rows(tx, read, at, view):
            if belongs and len(rows) == size:
                return Page(rows, place)
            rows += [row] if belongs else []
            place = After(row.placed_at, row.order_id)
        if len(read) <= size:
            return Page(rows, None)
    return Page(rows, place)


async def find_order(tx: Transaction, seller_id: str, order_id: str, at: datetime) -> Row | None:
    """The seller's order of this number, for whoever searches; None when there is none, or it is another seller's."""
    if not is_order_number(order_id):
        return None
    read = await tx.fetch(
        f"SELECT {SELECTED}, {_BUYER} FROM orders o WHERE o.seller_id = $1 AND o.order_id = $2",  # noqa: S608
        seller_id, order_id,
    )  # fmt: skip
    return next((row for row, _ in await _rows(tx, read, at, View.ALL)), None)


_BUYER = "(SELECT b.name FROM buyers b WHERE b.buyer_id = o.buyer_id)"
_OPEN = "shipped_units + canceled_units < ordered_units"  # what the index orders_open says
_DUE = "wakes_at <= $5"
_WALKS = {
    View.ALL: ("true",),
    View.PENDING: (f"{_OPEN} AND state IN ('held', 'approved', 'verifying')",),  # the clock makes nothing Pending
    View.UNSHIPPED: (f"{_OPEN} AND (state IN ('unshipped', 'partially_shipped') OR {_DUE})",),
    View.CANCELLATION_REQUESTED: (f"{_OPEN} AND cancellation_requested_at IS NOT NULL",),
    View.SHIPPED: (f"(state = 'shipped' OR {_DUE})",),
    View.CANCELED: ("canceled_at IS NOT NULL AND state = 'canceled'", f"{_OPEN} AND {_DUE}"),
}


def _statement(walks: tuple[str, ...]) -> str:
    """The page of a view: the first rows of each walk, and of these the first."""
    ways = " UNION ALL ".join(
        f"""
        (SELECT *
           FROM orders
          WHERE seller_id = $1 AND (placed_at, order_id) < ($2, $3) AND {walk}
          ORDER BY placed_at DESC, order_id DESC
          LIMIT $4)
        """  # noqa: S608
        for walk in walks
    )
    return f"SELECT {SELECTED}, {_BUYER} FROM ({ways}) o ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $4"  # noqa: S608


_STATEMENTS = {view: _statement(walks) for view, walks in _WALKS.items()}


def _due_at(view: View, at: datetime) -> tuple[datetime, ...]:
    return (at,) if any(_DUE in walk for walk in _WALKS[view]) else ()


async def _rows(tx: Transaction, read: list[Any], at: datetime, view: View) -> list[tuple[Row, bool]]:
    """The orders that were read as they stand at `at`, each with whether it belongs to the view."""
    orders = await as_they_stand.stand(tx, read, at)
    of_policy = await as_they_stand.policies_of(tx, orders)
    return [
        (_row(order, of_policy[order.marketplace_id, order.policy_version], row[-1]), _belongs(order, view))
        for order, row in zip(orders, read, strict=True)
    ]


def _belongs(order: Order, view: View) -> bool:
    match view:
        case View.ALL:
            return True
        case View.PENDING:
            return order.state in PENDING
        case View.UNSHIPPED:
            return order.state in TO_SHIP
        case View.CANCELLATION_REQUESTED:
            return order.state in TO_SHIP and order.cancellation_requested_at is not None
        case View.SHIPPED:
            return order.state is State.SHIPPED
        case View.CANCELED:
            return order.state is State.CANCELED


def _row(order: Order, policy: Policy, buyer_name: str | None) -> Row:
    next_at, next_act = next_deadline(order.state, order, policy) or (None, None)
    to_ship = order.state in TO_SHIP
    return Row(
        order.order_id,
        order.placed_at,
        order.state.status,
        order.state,
        order.service,
        order.ordered_units,
        order.shipped_units,
        order.canceled_units,
        order.total,
        order.currency,
        order.ship_latest,
        order.deliver_latest,
        next_at,
        next_act,
        policy.last_day_to_confirm(order.placed_at) if to_ship else None,
        to_ship and order.warned_at is not None,
        order.cancellation_requested_at,
        order.canceled_by,
        order.cancel_reason,
        buyer_name if order.state in WITH_ADDRESS else None,
        tuple(order.lines.values()),
    )
