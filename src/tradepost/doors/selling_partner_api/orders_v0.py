"""Orders v0: a seller's orders, one order, who bought it and where it goes.

Buyers' names and addresses are for calls with a restricted data token; without one an order is told without them.
"""

from datetime import datetime
from typing import Any, NamedTuple

from litestar import Response, get
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from tradepost.doors.http.desk import Desk
from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api import page_tokens
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import Query, order_number
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.orders_v0_search import MOST_TOKEN, Walk, size_of, walk_of
from tradepost.doors.selling_partner_api.orders_v0_wire import (
    BuyerInfo,
    Order,
    OrderAddress,
    OrderBuyerInfo,
    buyer_info_of,
    order_of,
    shipping_address_of,
)
from tradepost.doors.selling_partner_api.restricted_tokens import BUYER_INFO, SHIPPING_ADDRESS, may_see, require
from tradepost.doors.selling_partner_api.routes import Partner, ThePartner
from tradepost.doors.selling_partner_api.terms import terms_of
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.numbers import OrderKey
from tradepost.refusals import Reason, Refused
from tradepost.reports import orders_in_window, sellers_orders
from tradepost.reports.orders_in_window import Kind, Page
from tradepost.reports.sellers_orders import SellersOrder


class Payload(Struct, frozen=True):
    """What every answer of Orders v0 wraps around what it says."""

    payload: object


class OrdersList(Struct, frozen=True, rename="pascal", kw_only=True):
    """Some orders. Of the two moments there is the one that the window was asked by: what happened since is not told.

    A page may hold fewer orders than were asked for, even none, although a token says that others follow.
    """

    orders: list[Order]
    next_token: str | UnsetType = UNSET
    last_updated_before: datetime | UnsetType = UNSET
    created_before: datetime | UnsetType = UNSET


class Found(NamedTuple):
    """An order as it was at `at`."""

    order: SellersOrder
    at: datetime
    simulated: bool  # the clock


@get("/orders/v0/orders", opt=operation("getOrders", 0.0167, 20))
async def get_orders(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The seller's orders that were placed or updated within a window of time."""
    query, settling = Query(request), terms_of(request).settling
    buyer, address = (may_see(request, partner, element) for element in (BUYER_INFO, SHIPPING_ADDRESS))
    bound = ("getOrders", partner.seller_id)

    async def read(tx: Transaction) -> OrdersList:
        await _check_marketplaces(tx, partner, query)
        token = query.text("NextToken", MOST_TOKEN)
        if token is None:
            walk = walk_of(query, tx.now, settling)
        else:
            walk = page_tokens.unseal("NextToken", token, Walk, bound, machine_now())
            walk = walk._replace(size=size_of(query) or walk.size)
        page = await _page(tx, partner, walk, with_addresses=address)
        told = [order_of(order, tx.now, buyer=buyer, address=address) for order in page.orders]
        following = walk._replace(place=page.next)
        return OrdersList(
            orders=told,
            next_token=page_tokens.seal(following, bound, machine_now()) if page.next else UNSET,
            last_updated_before=page.settled_until if walk.window.kind is Kind.UPDATED else UNSET,
            created_before=page.settled_until if walk.window.kind is Kind.CREATED else UNSET,
        )

    return sent(request, Payload(await desk.database.run(read)))


@get("/orders/v0/orders/{order_id:str}", opt=operation("getOrder", 0.5, 30))
async def get_order(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """One order."""
    buyer, address = (may_see(request, partner, element) for element in (BUYER_INFO, SHIPPING_ADDRESS))
    order, at, _ = await found(desk, partner, order_id, with_address=address)
    return sent(request, Payload(order_of(order, at, buyer=buyer, address=address)))


@get("/orders/v0/orders/{order_id:str}/buyerInfo", opt=operation("getOrderBuyerInfo", 0.5, 30))
async def get_order_buyer_info(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """Who bought an order; nobody, as long as it is not released."""
    require(request, partner)
    order, *_ = await found(desk, partner, order_id)
    info = buyer_info_of(order) or BuyerInfo()
    return sent(request, Payload(OrderBuyerInfo(info.buyer_email, info.buyer_name, amazon_order_id=order_id)))


@get("/orders/v0/orders/{order_id:str}/address", opt=operation("getOrderAddress", 0.5, 30))
async def get_order_address(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """Where an order goes; nowhere, as long as it is not released."""
    require(request, partner)
    order, at, _ = await found(desk, partner, order_id, with_address=True)
    return sent(request, Payload(OrderAddress(order_id, shipping_address_of(order, at))))


async def found(desk: Desk, partner: Partner, order_id: str, *, with_address: bool = False) -> Found:
    """The order of this number. Refuses one that is another seller's as one that does not exist."""
    key = OrderKey(partner.seller_id, order_number(order_id))

    async def read(tx: Transaction) -> Found | None:
        order = await sellers_orders.one(tx, key, with_addresses=with_address)
        return Found(order, tx.now, (await tx.read_clock()).simulated) if order else None

    there = await desk.database.run(read)
    if there is None:
        raise Refused(Reason.ORDER_NOT_FOUND)
    return there


async def _check_marketplaces(tx: Transaction, partner: Partner, query: Query) -> None:
    named = query.texts("MarketplaceIds")
    if not named:
        raise Refused(Reason.INVALID_VALUE, field="MarketplaceIds", problem="name the marketplace of the orders")
    await check_marketplaces(tx, partner.seller_id, named)


async def _page(tx: Transaction, partner: Partner, walk: Walk, *, with_addresses: bool) -> Page:
    if not walk.matches:
        return Page([], None, min(walk.window.before or tx.now, tx.now))
    return await orders_in_window.page(
        tx, partner.seller_id, walk.window, walk.filters, walk.place, walk.size, with_addresses=with_addresses
    )


OPERATIONS: list[Any] = [get_orders, get_order, get_order_buyer_info, get_order_address]
