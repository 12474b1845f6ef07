"""Orders v0: the items of an order, and what buyers say with them, which is nothing here."""

from typing import Any, NamedTuple

from litestar import Response, get
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api import page_tokens
from tradepost.doors.selling_partner_api.answers import sent
from tradepost.doors.selling_partner_api.asked import Query
from tradepost.doors.selling_partner_api.orders_v0 import Payload, found
from tradepost.doors.selling_partner_api.orders_v0_wire import OrderItem, item_of
from tradepost.doors.selling_partner_api.restricted_tokens import require
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.clock import machine_now
from tradepost.reports.sellers_orders import Item, SellersOrder

MOST_ITEMS = 100  # of a page


class OrderItemBuyerInfo(Struct, frozen=True, rename="pascal"):
    """An item of the answer of getOrderItemsBuyerInfo: nothing is wrapped as a gift or made to order here."""

    order_item_id: str


class OrderItemsList(Struct, frozen=True, rename="pascal"):
    """Some items of an order, in the order of its lines."""

    amazon_order_id: str
    order_items: list[OrderItem] | list[OrderItemBuyerInfo]
    next_token: str | UnsetType = UNSET


class After(NamedTuple):
    """The line after which a page begins."""

    line_no: int


@get("/orders/v0/orders/{order_id:str}/orderItems", opt=operation("getOrderItems", 0.5, 30))
async def get_order_items(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """The items of an order; without prices, as long as it is Pending."""
    order, *_ = await found(desk, partner, order_id)
    items, following = _page(request, order, "getOrderItems")
    told = [item_of(order, item) for item in items]
    return sent(request, Payload(OrderItemsList(order_id, told, following)))


@get("/orders/v0/orders/{order_id:str}/orderItems/buyerInfo", opt=operation("getOrderItemsBuyerInfo", 0.5, 30))
async def get_order_items_buyer_info(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """What the buyer said with the items of an order."""
    require(request, partner)
    order, *_ = await found(desk, partner, order_id)
    items, following = _page(request, order, "getOrderItemsBuyerInfo")
    told = [OrderItemBuyerInfo(item.item_id) for item in items]
    return sent(request, Payload(OrderItemsList(order_id, told, following)))


def _page(request: AnyRequest, order: SellersOrder, called: str) -> tuple[list[Item], str | UnsetType]:
    """The items of one page, and the token of the next."""
    bound, token = (called, *order.key), Query(request).text("NextToken")
    after = page_tokens.unseal("NextToken", token, After, bound, machine_now()).line_no if token else 0
    items = [item for item in order.items if item.line_no > after]
    page = items[:MOST_ITEMS]
    if len(items) == len(page):
        return page, UNSET
    return page, page_tokens.seal(After(page[-1].line_no), bound, machine_now())


OPERATIONS: list[Any] = [get_order_items, get_order_items_buyer_info]
