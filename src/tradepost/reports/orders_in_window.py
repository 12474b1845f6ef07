"""A seller's orders that were placed, or to which something happened, within a window of time, page by page.

A walk over the pages of a window meets no order twice and misses none, whatever happens to them meanwhile. An order
stands at a place that never changes: at its placing, or where the first thing of the window happened to it. For the
events of an order are numbered as they are committed, one after the other: once one of them is seen, all that come
before it are. Its last one would be no such place, for an order would leave it in the middle of a walk.

Whoever goes on from the `settled_until` that a page told misses nothing either, and meets again what lies on the border
or changed after it. On a clock that runs the border is as wide as the oldest open transaction is old, and some seconds;
see settled.py. Orders are shown at once all the same.

A page reads as much of an index as it takes to fill it, within bounds, however many orders there are beside it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import is_order_number
from tradepost.refusals import Reason, Refused
from tradepost.reports import as_they_stand
from tradepost.reports.order_details import WITH_ADDRESS
from tradepost.reports.released_lines import alias
from tradepost.reports.sellers_orders import SellersOrder, many
from tradepost.reports.settled import settled

MOST_ROWS = as_they_stand.MOST_ROWS
MOST_ORDER_IDS = 50
FIRST_READING = 2 * (MOST_ROWS + 1)  # rows of an index
MOST_READINGS = 6  # of one page, each twice as long as the one before


class Kind(Enum):
    """What has to lie within a window: the placing of an order, or anything that happened to it."""

    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Window:
    """From `after` to `before`, both included; without `before` until now. A later `before` than now means now.

    Updated in it are the orders to which something happened in it and, as of the beginning of the walk, nothing later.
    """

    kind: Kind
    after: datetime
    before: datetime | None = None


class Span(NamedTuple):
    """Moments from `after` to `before`, both included; None: open on that side."""

    after: datetime | None = None
    before: datetime | None = None

    def __contains__(self, moment: object) -> bool:
        assert isinstance(moment, datetime)
        return (self.after is None or self.after <= moment) and (self.before is None or moment <= self.before)


ANY_TIME = Span()


@dataclass(frozen=True, slots=True)
class Filters:
    """What an order must be besides, as it is recorded now; None: anything. At most 50 order ids.

    `buyer_email` is the one that the seller is shown, in upper or lower case; no order matches that shows none.
    """

    states: Collection[State] | None = None
    order_ids: Collection[str] | None = None
    buyer_email: str | None = None
    deliver_earliest: Span = ANY_TIME
    deliver_latest: Span = ANY_TIME


ANYTHING = Filters()


class Place(NamedTuple):
    """Where the next page of a walk begins: after (`at`, `order_id`). The rest is what the walk's first page fixed:
    where the window ends, when it was asked for, and what it told as settled. To be kept in a token as it is."""

    before: datetime
    began: datetime
    settled: datetime
    at: datetime
    order_id: str


class Page(NamedTuple):
    """Some orders of a window, and the place from which the next page goes on; None: these were the last ones.

    A page may hold fewer orders than were asked for, even none, although others follow. `settled_until` is the same on
    all pages of a walk: whoever asks next for what happened from then on (LastUpdatedBefore and CreatedBefore of the
    wire become LastUpdatedAfter and CreatedAfter) misses nothing. It lies within the window.
    """

    orders: list[SellersOrder]
    next: Place | None
    settled_until: datetime


async def page(
    tx: Transaction,
    seller_id: str,
    window: Window,
    filters: Filters = ANYTHING,
    place: Place | None = None,
    limit: int = MOST_ROWS,
    *,
    with_addresses: bool = False,
) -> Page:
    """One page of the orders of a window, from `place` on. Refuses (INVALID_VALUE) a limit that is not 1 to 100, more
    than 50 order ids, and a place that no page named."""
    as_they_stand.check_page(place, limit)
    if filters.order_ids is not None and len(filters.order_ids) > MOST_ORDER_IDS:
        raise Refused(Reason.INVALID_VALUE, field="order_ids", problem=f"there may be {MOST_ORDER_IDS} at most")
    begin = place or await _begin(tx, window)
    order_ids, following = await _walk(tx, seller_id, window, filters, begin, limit)
    orders = await many(tx, seller_id, order_ids, with_addresses=with_addresses)
    still = [order for order in orders if _belongs(filters, _facts_of(order))]  # it may have changed in between
    return Page(still, following, begin.settled)


async def _begin(tx: Transaction, window: Window) -> Place:
    before = min(window.before or tx.now, tx.now)
    until = await settled(tx)
    # What the client has asked to begin with is settled by its own word.
    told = min(tx.now, window.after if until is None else max(window.after, min(before, until)))
    return Place(before, tx.now, told, window.after, "")


async def _walk(
    tx: Transaction, seller_id: str, window: Window, filters: Filters, begin: Place, limit: int
) -> tuple[list[str], Place | None]:
    """The orders of a page, and the place after it."""
    found: list[str] = []
    at, order_id = begin.at, begin.order_id
    length = FIRST_READING
    for _ in range(MOST_READINGS):
        read = await _read(tx, seller_id, window, filters, begin._replace(at=at, order_id=order_id), length)
        for row in read:
            belongs = row[2] and _belongs(filters, _facts(seller_id, row[3], with_email=bool(filters.buyer_email)))
            if belongs and len(found) == limit:
                return found, begin._replace(at=at, order_id=order_id)
            at, order_id = row[0], row[1]
            found += [order_id] if belongs else []
        if len(read) < length:
            return found, None
        length *= 2
    return found, begin._replace(at=at, order_id=order_id)


async def _read(
    tx: Transaction, seller_id: str, window: Window, filters: Filters, begin: Place, length: int
) -> list[Any]:
    """The next so many rows of the index: moment, order, whether it stands there, and what filters look at."""
    named = filters.order_ids is not None
    values: list[object] = [seller_id, begin.at, begin.order_id, begin.before, length, filters != ANYTHING]
    if window.kind is Kind.UPDATED:
        values += [window.after, begin.began]
    if named:
        values.append(sorted(filter(is_order_number, filters.order_ids or ())))
    return await tx.fetch(_STATEMENTS[window.kind, named], *values)


_FACTS = """CASE WHEN $6 THEN
               (SELECT (o.state, o.marketplace_id, o.buyer_id, o.deliver_earliest, o.deliver_latest)
                  FROM orders o
                 WHERE o.seller_id = $1 AND o.order_id = w.order_id)
           END"""


def _created(orders: str) -> str:
    return f"""
    SELECT w.placed_at, w.order_id, true, {_FACTS}
      FROM (SELECT placed_at, order_id
              FROM {orders}
             WHERE seller_id = $1 AND (placed_at, order_id) > ($2, $3) AND placed_at <= $4
             ORDER BY placed_at, order_id
             LIMIT $5) w
     ORDER BY w.placed_at, w.order_id
    """  # noqa: S608


def _updated(events: str) -> str:
    return f"""
    SELECT w.recorded_at, w.order_id, w.first, CASE WHEN w.first THEN {_FACTS} END
      FROM (SELECT e.recorded_at, e.order_id, e.number,
                   NOT EXISTS (SELECT 1
                                 FROM order_events f
                                WHERE f.seller_id = $1 AND f.order_id = e.order_id AND f.number < e.number
                                  AND f.recorded_at BETWEEN $7 AND $4)
                   AND NOT EXISTS (SELECT 1
                                     FROM order_events f
                                    WHERE $8 > $4 AND f.seller_id = $1 AND f.order_id = e.order_id
                                      AND f.recorded_at > $4 AND f.recorded_at <= $8) AS first
              FROM {events} e
             WHERE e.seller_id = $1 AND (e.recorded_at, e.order_id) > ($2, $3) AND e.recorded_at <= $4
             ORDER BY e.recorded_at, e.order_id, e.number
             LIMIT $5) w
     ORDER BY w.recorded_at, w.order_id, w.number
    """  # noqa: S608


# OFFSET 0: the orders that are named are found by their keys, and not by walking through the window until each is met.
_STATEMENTS = {
    (Kind.CREATED, False): _created("orders"),
    (Kind.CREATED, True): _created("(SELECT * FROM orders WHERE seller_id = $1 AND order_id = ANY($7) OFFSET 0) o"),
    (Kind.UPDATED, False): _updated("order_events"),
    (Kind.UPDATED, True): _updated("(SELECT * FROM order_events WHERE seller_id = $1 AND order_id = ANY($9) OFFSET 0)"),
}
"""By what has to lie in the window, and whether orders are named."""


class _Facts(NamedTuple):
    """What filters look at."""

    state: State
    buyer_email: str | None
    deliver_earliest: datetime
    deliver_latest: datetime


def _facts(seller_id: str, row: Any, *, with_email: bool) -> _Facts | None:
    """The facts as the walk reads them; None when nothing is filtered by them."""
    if row is None:
        return None
    state, marketplace_id, buyer_id, *deliver = row
    shown = with_email and state in WITH_ADDRESS
    return _Facts(state, alias(marketplace_id, seller_id, buyer_id) if shown else None, *deliver)


def _facts_of(order: SellersOrder) -> _Facts:
    email = order.buyer.email if order.buyer else None
    return _Facts(order.state, email, order.deliver_earliest, order.deliver_latest)


def _belongs(filters: Filters, facts: _Facts | None) -> bool:
    return facts is None or (
        (filters.states is None or facts.state in filters.states)
        and (filters.buyer_email is None or facts.buyer_email == filters.buyer_email.lower())
        and facts.deliver_earliest in filters.deliver_earliest
        and facts.deliver_latest in filters.deliver_latest
    )
