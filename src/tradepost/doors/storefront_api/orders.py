"""A buyer's orders: where they stand, and what the buyer may do about them.

An order of somebody else answers as one that there is not, whatever is asked of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tradepost.doors.http.desk import Desk, Wish
from tradepost.doors.http.pages import After, Limit
from tradepost.doors.http.requests import Caller
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, cursor, sent, uncursor
from tradepost.doors.http.shown import shown
from tradepost.doors.storefront_api.checkouts import GATEWAY, Word
from tradepost.ground.answers import Answer, Once
from tradepost.ground.database import Transaction
from tradepost.lifecycle import Act
from tradepost.numbers import OrderKey
from tradepost.payments.records import Means
from tradepost.process.cancellation.cancellations import (
    MOST_WORDS,
    BuyerCancellation,
    cancel_by_buyers,
    request_cancellations,
)
from tradepost.process.verification.verdicts import PaymentChange, change_payments
from tradepost.refusals import Reason, Refusal, Refused
from tradepost.reports import as_they_stand, buyer_orders
from tradepost.reports.buyer_orders import BuyerOrder, Parcel

ItemT = TypeVar("ItemT")

WORD_OF = {
    Act.CANCEL_BY_BUYER: "cancel",
    Act.REQUEST_CANCELLATION: "cancellation-request",
    Act.CHANGE_PAYMENT: "payment",
}
"""Where below an order's own address its buyer does each act."""


class OrderLine(Struct, frozen=True):
    """One offer of an order; `unit_price` in minor units of the order's currency. What is neither shipped nor canceled
    is still to come."""

    item_id: str
    sku: str
    title: str
    unit_price: int
    quantity: int
    shipped: int
    canceled: int


class PackedItem(Struct, frozen=True):
    """Units of a line in a package."""

    item_id: str
    quantity: int


class Package(Struct, frozen=True):
    """What is on its way, and by whom."""

    carrier: str
    tracking: str | None
    confirmed_at: datetime
    items: list[PackedItem]


class Order(Struct, frozen=True):
    """An order as it stands now; money in minor units of `currency`.

    Until `hold_ends_at` you may cancel by yourself. `may` is what is possible now: each word is the end of an address
    below this order's own, as in /orders/{order_id}/cancel.
    """

    order_id: str
    checkout_id: str
    seller_id: str
    seller_name: str
    placed_at: datetime
    hold_ends_at: datetime
    status: str
    may: list[str]
    service: str
    total: int
    currency: str
    estimated_delivery_from: datetime
    estimated_delivery_by: datetime
    delivered_at: datetime | None
    cancellation_requested_at: datetime | None
    canceled_at: datetime | None
    canceled_by: str | None
    cancel_reason: str | None
    lines: list[OrderLine]
    packages: list[Package]


class OrderPage(Struct, frozen=True):
    """Some orders, the youngest first. `next` is the `after` of the page that follows; null: these were the last."""

    items: list[Order]
    next: str | None


class CancellationRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the seller is asked; `why` is told to the seller."""

    why: Annotated[str, Meta(max_length=MOST_WORDS)] | None = None


class PaymentToken(Struct, frozen=True, forbid_unknown_fields=True):
    """With what the order is paid from now on; the same token again asks to try it once more."""

    payment_token: Word


@get("/orders", summary="List your orders")
async def list_orders(who: Who, desk: TheDesk, after: After = None, limit: Limit = 20) -> OrderPage:
    """Your orders with all sellers as they stand now, the youngest first."""
    place = uncursor(after, as_they_stand.After)
    async with desk.database.transaction() as tx:
        page = await buyer_orders.orders_of_buyer(tx, who.subject, tx.now, place, limit)
    return OrderPage([_order(order) for order in page.orders], cursor(page.after))


@get("/orders/{order_id:str}", summary="Look at an order")
async def look_at_order(who: Who, desk: TheDesk, order_id: FromPath[str]) -> Order:
    """One of your orders as it stands now, with what is on its way and what you may do about it."""
    order = await _read(desk, who, order_id)
    if order is None:
        raise Refused(Reason.ORDER_NOT_FOUND)
    return _order(order)


@post("/orders/{order_id:str}/cancel", summary="Cancel an order", status_code=204)
async def cancel(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, order_id: FromPath[str]
) -> Response[None]:
    """Cancel a whole order within its hold."""
    key = await _key(desk, who, order_id)
    return await _act(desk, cancel_by_buyers, lambda at: BuyerCancellation(key, who.subject, at), language, once)


@post("/orders/{order_id:str}/cancellation-request", summary="Ask the seller to cancel", status_code=204)
async def request_cancellation(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[CancellationRequest | None] = None,
) -> Response[None]:
    """Ask the seller to cancel an order that is Unshipped. The seller decides."""
    key = await _key(desk, who, order_id)
    why = data.why if data else None
    return await _act(
        desk, request_cancellations, lambda at: BuyerCancellation(key, who.subject, at, why=why), language, once
    )


@put("/orders/{order_id:str}/payment", summary="Change or retry the payment", status_code=204)
async def change_payment(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    data: JSONBody[PaymentToken],
) -> Response[None]:
    """Pay a Pending order with something else, or let the same be tried again at once."""
    key = await _key(desk, who, order_id)
    means = Means(GATEWAY, data.payment_token)
    return await _act(desk, change_payments, lambda at: PaymentChange(key, who.subject, means, at), language, once)


async def _act(
    desk: Desk,
    room: Callable[[Transaction, Sequence[ItemT]], Awaitable[Sequence[Refusal | None]]],
    item: Callable[[datetime], ItemT],
    language: str,
    once: Once | None,
) -> Response[None]:
    return sent(await desk.act(room, Wish(item, lambda _: Answer(204), language, once)))


async def _key(desk: Desk, who: Caller, order_id: str) -> OrderKey:
    """What the rooms know the order by. Of an order that is not the caller's it names no seller, and so no order: the
    room says no, and says it again under the same Idempotency-Key."""
    order = await _read(desk, who, order_id)
    return OrderKey(order.seller_id if order else "", order_id)


async def _read(desk: Desk, who: Caller, order_id: str) -> BuyerOrder | None:
    async with desk.database.transaction() as tx:
        return await buyer_orders.order_of_buyer(tx, who.subject, order_id, tx.now)


def _order(order: BuyerOrder) -> Order:
    item_ids = {line.line_no: line.item_id for line in order.lines}
    return shown(
        Order,
        order,
        may=[WORD_OF[act] for act in order.may],
        estimated_delivery_from=order.deliver_earliest,
        estimated_delivery_by=order.deliver_latest,
        lines=[shown(OrderLine, line) for line in order.lines],
        packages=[_package(parcel, item_ids) for parcel in order.parcels],
    )


def _package(parcel: Parcel, item_ids: dict[int, str]) -> Package:
    items = [PackedItem(item_ids[line_no], quantity) for line_no, quantity in parcel.units.items()]
    return shown(Package, parcel, items=items)


ORDERS: list[Any] = [list_orders, look_at_order, cancel, request_cancellation, change_payment]
