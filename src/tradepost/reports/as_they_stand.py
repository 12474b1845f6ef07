"""Orders with their lines as they stand at a moment, for lists of them.

A list reads a page of orders in one statement, lines included: no lock holds them together, and so one snapshot must.
It goes on from the last one's place, which never changes: whoever turns the pages meets no order twice and misses none.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction, storable
from tradepost.lifecycle import State
from tradepost.orders.journal import Journal
from tradepost.orders.order import Line, Order
from tradepost.orders.records import COLUMNS
from tradepost.people import policies
from tradepost.policy import Policy
from tradepost.refusals import NOT_TEXT, Reason, Refused

MOST_ROWS = 100
"""The longest page of a list."""


class After(NamedTuple):
    """A place in a list of orders, which runs from the youngest to the oldest: the next page begins after it."""

    placed_at: datetime
    order_id: str


BEFORE_ALL = After(datetime.max.replace(tzinfo=UTC), "")

_STATE = COLUMNS.index("state")
_LINE = ", ".join(f"l.{field.name}" for field in fields(Line))

SELECTED = f"""{", ".join(f"o.{name}" for name in COLUMNS)},
       ARRAY(SELECT ({_LINE})
               FROM order_lines l
              WHERE l.seller_id = o.seller_id AND l.order_id = o.order_id
              ORDER BY l.line_no)"""  # noqa: S608
"""What a statement selects first of the orders `o` that it lists."""


async def stand(tx: Transaction, rows: Sequence[Any], at: datetime) -> list[Order]:
    """The orders of these rows, which begin with `SELECTED`, as they stand at `at`, which is now or later."""
    orders = [_order(row) for row in rows]
    due = [order for order in orders if order.wakes_at is not None and order.wakes_at <= at]
    if due:
        await Journal.foresee(tx, due, at)
    return orders


async def policies_of(tx: Transaction, orders: Collection[Order]) -> dict[tuple[str, int], Policy]:
    """The policies that these orders were placed under, by marketplace and version."""
    return await policies.of(tx, {(order.marketplace_id, order.policy_version) for order in orders})


def check_page(after: tuple[object, ...] | None, size: int) -> None:
    """Refuse a place that no page ever named, and a page that is too long."""
    if not storable(after):
        raise Refused(Reason.INVALID_VALUE, field="after", problem=NOT_TEXT)
    if not 1 <= size <= MOST_ROWS:
        raise Refused(Reason.INVALID_VALUE, field="limit", problem=f"it must be from 1 to {MOST_ROWS}")


def _order(row: Any) -> Order:
    values = list(row[: len(COLUMNS) + 1])
    values[_STATE] = State(values[_STATE])
    values[-1] = {line[0]: Line(*line) for line in values[-1]}
    return Order(*values)
