"""Orders 2026-01-01: a seller's orders by time, one of them, and its withdrawn cancellation as an extension.

Amazon published cancelOrder three times and took it back each time; here it works, and its answers say in a header that
it is an extension.
"""

from datetime import datetime
from typing import Any, NamedTuple

from litestar import Response, get, put
from litestar.params import FromPath
from msgspec import Struct

from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api import page_tokens, windows
from tradepost.doors.selling_partner_api.acts import act
from tradepost.doors.selling_partner_api.answers import EXTENSION, sent
from tradepost.doors.selling_partner_api.asked import Query, body_of, order_number
from tradepost.doors.selling_partner_api.marketplaces import check_marketplaces
from tradepost.doors.selling_partner_api.orders_2026_shown import MERCHANT, NONE_HERE, order_shown, status_of
from tradepost.doors.selling_partner_api.orders_2026_wire import (
    DataSet,
    GetOrderResponse,
    Order,
    Pagination,
    SearchOrdersResponse,
)
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.terms import terms_of
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.ground.answers import Answer
from tradepost.ground.clock import machine_now
from tradepost.ground.database import Transaction
from tradepost.lifecycle import State
from tradepost.numbers import OrderKey
from tradepost.process.cancellation.cancellations import SellerCancellation, cancel_by_sellers
from tradepost.refusals import Reason, Refused
from tradepost.reports import orders_in_window, sellers_orders
from tradepost.reports.orders_in_window import MOST_ROWS, Filters, Kind, Place, Window

PAGINATION_TOKEN = "paginationToken"  # noqa: S105
_WINDOW = windows.Names("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")
_STATUSES = (*dict.fromkeys(map(status_of, State)), *sorted(NONE_HERE))
_CANCEL_REASONS = {
    "NO_INVENTORY": "no_inventory",
    "BUYER_CANCELLED": "buyer_canceled",
    "SHIPPING_ADDRESS_UNDELIVERABLE": "shipping_address_undeliverable",
    "CUSTOMER_EXCHANGE": "customer_exchange",
    "PRICING_ERROR": "pricing_error",
}


class Search(NamedTuple):
    """What a search asks for, besides its window. All of it has to be said again with a pagination token."""

    statuses: list[str]
    fulfilled_by: list[str]
    marketplace_ids: list[str]
    sets: list[DataSet]
    limit: int

    @property
    def states(self) -> set[State] | None:
        """The states of the orders that can be found; None: any."""
        if self.fulfilled_by and MERCHANT not in self.fulfilled_by:
            return set()
        return {state for state in State if status_of(state) in self.statuses} if self.statuses else None


class CancelOrderRequest(Struct, frozen=True, rename="camel"):
    """Why an order is canceled."""

    cancel_reason_code: str


@get("/orders/2026-01-01/orders", opt=operation("searchOrders", 0.0056, 20))
async def search_orders(request: AnyRequest, desk: TheDesk, partner: ThePartner) -> Response[bytes]:
    """The orders that were placed or updated within a window of time, page by page."""
    query = Query(request)
    search = Search(
        sorted(query.choices("fulfillmentStatuses", _STATUSES)),
        sorted(query.choices("fulfilledBy", (MERCHANT, "AMAZON"))),
        sorted(query.texts("marketplaceIds")),
        _sets(query),
        query.number("maxResultsPerPage", 1, MOST_ROWS) or MOST_ROWS,
    )
    settling = terms_of(request).settling

    async def find(tx: Transaction) -> SearchOrdersResponse:
        window = windows.window(query, _WINDOW, tx.now, settling)
        return await _page(tx, partner.seller_id, search, window, query)

    return sent(request, await desk.database.run(find))


@get("/orders/2026-01-01/orders/{order_id:str}", opt=operation("2026-01-01 getOrder", 0.5, 30))
async def get_order(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """One order of the seller's."""
    sets, key = _sets(Query(request)), OrderKey(partner.seller_id, order_number(order_id))

    async def find(tx: Transaction) -> GetOrderResponse:
        order = await sellers_orders.one(tx, key, with_addresses=DataSet.RECIPIENT in sets)
        if order is None:
            raise Refused(Reason.ORDER_NOT_FOUND)
        return GetOrderResponse(order_shown(order, sets, tx.now))

    return sent(request, await desk.database.run(find))


@put("/orders/2026-01-01/orders/{order_id:str}/cancellation", opt=operation("cancelOrder", 1, 5))
async def cancel_order(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """Cancel all of an order that is not shipped; the reason decides what becomes of its stock."""
    key = OrderKey(partner.seller_id, order_number(order_id))
    reason = _reason((await body_of(request, CancelOrderRequest)).cancel_reason_code)
    response = await act(
        request, desk, cancel_by_sellers, lambda at: SellerCancellation(key, at, reason), lambda _: Answer(202)
    )
    response.headers[EXTENSION] = "cancelOrder"
    return response


async def _page(tx: Transaction, seller_id: str, search: Search, window: Window, query: Query) -> SearchOrdersResponse:
    """One page of a search, as the pagination token says, or the first one."""
    if search.marketplace_ids:
        await check_marketplaces(tx, seller_id, search.marketplace_ids)
    bound = ("searchOrders", seller_id, search, *map(query.moment, _WINDOW))
    token = query.text(PAGINATION_TOKEN)
    place = page_tokens.unseal(PAGINATION_TOKEN, token, Place, bound, machine_now()) if token else None
    states = search.states
    if states == set():  # nothing to walk through a million orders for
        return _answer(window.kind, window.before or tx.now, [], None)
    found = await orders_in_window.page(
        tx,
        seller_id,
        window,
        Filters(states),
        place,
        search.limit,
        with_addresses=DataSet.RECIPIENT in search.sets,
    )
    following = found.next and page_tokens.seal(found.next, bound, machine_now())
    orders = [order_shown(order, search.sets, tx.now) for order in found.orders]
    return _answer(window.kind, found.settled_until, orders, following)


def _answer(kind: Kind, before: datetime, orders: list[Order], token: str | None) -> SearchOrdersResponse:
    pagination = Pagination(token) if token else None
    if kind is Kind.CREATED:
        return SearchOrdersResponse(orders, pagination, created_before=before)
    return SearchOrdersResponse(orders, pagination, last_updated_before=before)


def _sets(query: Query) -> list[DataSet]:
    return [DataSet(name) for name in sorted(query.choices("includedData", tuple(DataSet)))]


def _reason(code: str) -> str:
    if code not in _CANCEL_REASONS:
        problem = f"{code[:32]!r} is none of {', '.join(_CANCEL_REASONS)}"
        raise Refused(Reason.INVALID_VALUE, field="cancelReasonCode", problem=problem)
    return _CANCEL_REASONS[code]


OPERATIONS: list[Any] = [search_orders, get_order, cancel_order]
