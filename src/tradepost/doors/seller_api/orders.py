"""A seller's orders: Manage Orders, one order in full, and canceling what cannot be shipped.

Of a Pending order the seller sees what was bought and for how much, and nothing of the buyer (A20, A37).
"""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from tradepost.doors.http.desk import Wish
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import moment, shown
from tradepost.doors.seller_api.confirmations import Items, Word, named
from tradepost.doors.seller_api.order_page import OrderedLine, OrderInFull, order_page
from tradepost.ground.answers import Answer
from tradepost.numbers import OrderKey
from tradepost.process.cancellation.cancellations import SELLER_REASONS, SellerCancellation, cancel_by_sellers
from tradepost.refusals import Reason, Refused
from tradepost.reports import as_they_stand, manage_orders
from tradepost.reports.manage_orders import Row, View

Tab = Annotated[View, QueryParameter(description="The tab of Manage Orders; unshipped has the partially shipped too.")]
Number = Annotated[str | None, QueryParameter(description="Only the order of this number, if it is the seller's.")]


class OrderInList(Struct, frozen=True):
    """One order of the list; money in minor units of `currency`.

    `next_act` is what the clock does at `next_at`. `confirm_until` is the last day, in the marketplace's zone, to
    confirm the shipment, and `reminded` whether it is near.
    """

    order_id: str
    placed_at: datetime
    status: str
    state: str
    service: str
    ordered_units: int
    shipped_units: int
    canceled_units: int
    total: int
    currency: str
    ship_latest: datetime
    deliver_latest: datetime
    next_at: datetime | None
    next_act: str | None
    confirm_until: date | None
    reminded: bool
    cancellation_requested_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    buyer_name: str | None
    lines: list[OrderedLine]


class OrderList(Struct, frozen=True):
    """Some orders, the youngest first. `next` is the `after` of the page that follows; null: these were the last.

    A page may hold fewer orders than were asked for, even none, although others follow.
    """

    items: list[OrderInList]
    next: str | None


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True):
    """What cannot be shipped, and why; without items, all that is left of the order."""

    reason: Word
    items: Items | None = None


@get("/orders", summary="Manage Orders")
async def list_orders(
    who: Who, desk: TheDesk, view: Tab = View.ALL, order_id: Number = None, after: After = None, limit: Limit = 50
) -> OrderList:
    """The seller's orders as they stand now, the youngest first."""
    place = uncursor(after, as_they_stand.After)
    place = place and place._replace(placed_at=moment("after", place.placed_at))
    async with desk.database.transaction() as tx:
        if order_id is not None:
            found = await manage_orders.find_order(tx, who.subject, order_id, tx.now)
            return OrderList([_in_list(found)] if found else [], None)
        page = await manage_orders.manage_orders(tx, who.subject, tx.now, view, place, limit)
    return OrderList([_in_list(row) for row in page.rows], cursor(page.after))


@get("/orders/{order_id:str}", summary="One order in full")
async def look_at_order(who: Who, desk: TheDesk, order_id: FromPath[str]) -> OrderInFull:
    """An order as it stands now: its lines, packages, cancellations and history, what happens next, and, once it is
    released, where it goes."""
    page = await desk.database.run(lambda tx: order_page(tx, OrderKey(who.subject, order_id)))
    if page is None:
        raise Refused(Reason.ORDER_NOT_FOUND)
    return page


@post(
    "/orders/{order_id:str}/cancel",
    status_code=204,
    summary="Cancel what cannot be shipped",
    description="Cancel units that are not shipped; the buyer is told. The reason decides whether they go back into "
    f"stock: all but those of no_inventory do. Reasons: {', '.join(SELLER_REASONS)}.",
)
async def cancel(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[Cancellation],
) -> Response[None]:
    """Cancel units that are not shipped."""
    key, items = OrderKey(who.subject, order_id), named(data.items)
    wish: Wish[SellerCancellation, None] = Wish(
        lambda at: SellerCancellation(key, at, data.reason, items), lambda _: Answer(204), language, once
    )
    return sent(await desk.act(cancel_by_sellers, wish))


def _in_list(row: Row) -> OrderInList:
    return shown(OrderInList, row, lines=[shown(OrderedLine, line) for line in row.lines])


ORDERS: list[Any] = [list_orders, look_at_order, cancel]
