"""A seller's order in the words of Orders 2026-01-01: of its data sets those that were asked for.

Buyer and recipient need no restricted token here. They are there for Unshipped, Partially Shipped and Shipped orders
only, which the reading of orders sees to.
"""

import re
from collections.abc import Collection, Iterable
from datetime import datetime

from tradepost.address import Address
from tradepost.doors.selling_partner_api.orders_2026_wire import (
    Breakdown,
    Buyer,
    CancellationExecution,
    CancellationRequest,
    CustomerAddress,
    DataSet,
    DateTimeRange,
    ItemCancellation,
    ItemFulfillment,
    ItemPrice,
    ItemProceeds,
    ItemProduct,
    Money,
    Order,
    OrderFulfillment,
    OrderItem,
    OrderPackage,
    OrderPayment,
    OrderProceeds,
    PackageItem,
    PackageStatus,
    PaymentExecution,
    Recipient,
    SalesChannel,
)
from tradepost.lifecycle import PENDING, State
from tradepost.money import format_amount
from tradepost.reports.order_details import WITH_ADDRESS
from tradepost.reports.sellers_orders import Item, Parcel, SellersOrder

NONE_HERE = frozenset({"PENDING_AVAILABILITY", "UNFULFILLABLE"})
"""Statuses of pre-orders and of orders that Amazon fulfills: asked for, they find nothing."""

MERCHANT = "MERCHANT"
_CANCELLED_BY = {"BUYER": "BUYER", "SELLER": "MERCHANT", "MARKETPLACE": "AMAZON"}


def status_of(state: State) -> str:
    """The fulfillment status; it writes "cancelled" with two l."""
    if state in PENDING:
        return "PENDING"
    return "CANCELLED" if state is State.CANCELED else state.upper()


def order_shown(order: SellersOrder, sets: Collection[DataSet], at: datetime) -> Order:
    """The order with these data sets, as it is shown at `at`."""
    home = order.home
    return Order(
        order.key.order_id,
        order.placed_at,
        order.last_update,
        SalesChannel("AMAZON", home.marketplace_id, home.name),
        [_item(order, item, sets) for item in order.items],
        buyer=_buyer(order) if DataSet.BUYER in sets else None,
        recipient=_recipient(order, at) if DataSet.RECIPIENT in sets else None,
        proceeds=_order_proceeds(order) if DataSet.PROCEEDS in sets else None,
        payment=_payment(order) if DataSet.PAYMENT in sets else None,
        fulfillment=_fulfillment(order) if DataSet.FULFILLMENT in sets else None,
        packages=[_package(order, parcel) for parcel in order.parcels] if DataSet.PACKAGES in sets else None,
    )


def _item(order: SellersOrder, item: Item, sets: Collection[DataSet]) -> OrderItem:
    price = ItemPrice(_money(order, item.unit_price))
    return OrderItem(
        item.item_id,
        item.quantity,
        ItemProduct(item.title, item.sku, price, item.product_id),
        proceeds=_item_proceeds(order, item) if DataSet.PROCEEDS in sets else None,
        cancellation=_cancellation(order, item) if DataSet.CANCELLATION in sets else None,
        fulfillment=ItemFulfillment(item.shipped, item.left) if DataSet.FULFILLMENT in sets else None,
    )


def _buyer(order: SellersOrder) -> Buyer | None:
    return order.buyer and Buyer(order.buyer.name or None, order.buyer.email)


def _recipient(order: SellersOrder, at: datetime) -> Recipient | None:
    to = order.address_at(at)
    return Recipient(_address(to)) if to else None


def _address(to: Address) -> CustomerAddress:
    return CustomerAddress(
        *(text or None for text in (to.name, to.line1, to.line2, to.line3, to.city)),
        *(text or None for text in (to.state, to.postal_code, to.country, to.phone)),
    )


def _order_proceeds(order: SellersOrder) -> OrderProceeds:
    total = _money(order, order.price)
    return OrderProceeds(total, [Breakdown("ITEM", total)])


def _item_proceeds(order: SellersOrder, item: Item) -> ItemProceeds:
    total = _money(order, item.price)
    return ItemProceeds(total, [Breakdown("ITEM", total)])


def _payment(order: SellersOrder) -> OrderPayment | None:
    """With what the buyer pays is not the seller's to know, as in v0; how much is, once it is approved."""
    if order.state not in WITH_ADDRESS:
        return None
    return OrderPayment([PaymentExecution("Other", _money(order, order.price))])


def _fulfillment(order: SellersOrder) -> OrderFulfillment:
    return OrderFulfillment(
        status_of(order.state),
        MERCHANT,
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", order.service).upper(),
        DateTimeRange(order.ship_earliest, order.ship_latest),
        DateTimeRange(order.deliver_earliest, order.deliver_latest),
    )


def _cancellation(order: SellersOrder, item: Item) -> ItemCancellation | None:
    """The buyer's request, and the last cancellation of units of the item: the model has room for one."""
    done = [units for units in order.cancellations if units.line_no == item.line_no]
    if order.request is None and not done:
        return None
    last = done[-1] if done else None
    return ItemCancellation(
        order.request and CancellationRequest("BUYER", order.request.why),
        last and CancellationExecution(_CANCELLED_BY[last.canceled_by], _reason(last.reason)),
    )


def _reason(reason: str) -> str:
    """A reason as a code, spelled as those of cancelOrder are: BUYER_CANCELLED, PRICING_ERROR."""
    return reason.upper().replace("CANCELED", "CANCELLED")


def _package(order: SellersOrder, parcel: Parcel) -> OrderPackage:
    there = order.delivered_at is not None and parcel.confirmed_at <= order.delivered_at
    return OrderPackage(
        str(parcel.reference),
        parcel.confirmed_at,
        PackageStatus("DELIVERED" if there else "SHIPPED"),
        parcel.carrier_name or parcel.carrier_code,
        list(_contents(order, parcel)),
        ship_time=parcel.shipped_on,
        shipping_service=parcel.ship_method or None,
        tracking_number=parcel.tracking or None,
    )


def _contents(order: SellersOrder, parcel: Parcel) -> Iterable[PackageItem]:
    for item in order.items:
        if quantity := parcel.units.get(item.line_no):
            yield PackageItem(item.item_id, quantity)


def _money(order: SellersOrder, units: int) -> Money:
    return Money(format_amount(units, order.currency), order.currency)
