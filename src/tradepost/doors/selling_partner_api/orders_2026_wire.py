"""Orders 2026-01-01 as JSON: the parts of its model that this marketplace has something to say in.

What is None is left out: the model knows no null.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class DataSet(StrEnum):
    """What `includedData` can ask for. A marketplace without promotions, points, taxes of its own and orders that it
    fulfills by itself has nothing to show for PROMOTION, EXPENSE, TAX and FULFILLMENT_ORDERS."""

    BUYER = "BUYER"
    RECIPIENT = "RECIPIENT"
    PROCEEDS = "PROCEEDS"
    EXPENSE = "EXPENSE"
    PROMOTION = "PROMOTION"
    CANCELLATION = "CANCELLATION"
    FULFILLMENT = "FULFILLMENT"
    PACKAGES = "PACKAGES"
    TAX = "TAX"
    PAYMENT = "PAYMENT"
    FULFILLMENT_ORDERS = "FULFILLMENT_ORDERS"


class Part(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A part of an answer."""


class Money(Part, frozen=True):
    """An amount as a decimal text."""

    amount: str
    currency_code: str


class DateTimeRange(Part, frozen=True):
    """From one moment to another."""

    earliest_date_time: datetime
    latest_date_time: datetime


class SalesChannel(Part, frozen=True):
    """Where the order was placed."""

    channel_name: str
    marketplace_id: str
    marketplace_name: str


class Buyer(Part, frozen=True):
    """Who placed the order."""

    buyer_name: str | None = None
    buyer_email: str | None = None


class CustomerAddress(Part, frozen=True):
    """Where the order goes."""

    name: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    city: str | None = None
    state_or_region: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


class Recipient(Part, frozen=True):
    """Who gets the order."""

    delivery_address: CustomerAddress


class Breakdown(Part, frozen=True):
    """A kind of proceeds."""

    type: str
    subtotal: Money


class OrderProceeds(Part, frozen=True):
    """What the buyer pays the seller for the order."""

    grand_total: Money
    breakdowns: list[Breakdown]


class ItemProceeds(Part, frozen=True):
    """What the buyer pays the seller for the item."""

    proceeds_total: Money
    breakdowns: list[Breakdown]


class PaymentExecution(Part, frozen=True):
    """A payment."""

    payment_method: str
    payment_amount: Money


class OrderPayment(Part, frozen=True):
    """The payments of the order."""

    payment_executions: list[PaymentExecution]


class OrderFulfillment(Part, frozen=True):
    """How far the order is."""

    fulfillment_status: str
    fulfilled_by: str
    fulfillment_service_level: str
    ship_by_window: DateTimeRange
    deliver_by_window: DateTimeRange


class ItemPrice(Part, frozen=True):
    """The price of one unit."""

    unit_price: Money


class ItemProduct(Part, frozen=True):
    """What was bought."""

    title: str
    seller_sku: str
    price: ItemPrice
    asin: str | None = None


class CancellationRequest(Part, frozen=True):
    """Somebody asks the seller to cancel."""

    requester: str
    cancel_reason: str | None = None


class CancellationExecution(Part, frozen=True):
    """Somebody has canceled."""

    cancelled_by: str
    cancel_reason: str


class ItemCancellation(Part, frozen=True):
    """What came between the buyer and the item."""

    cancellation_request: CancellationRequest | None = None
    cancellation_execution: CancellationExecution | None = None


class ItemFulfillment(Part, frozen=True):
    """How many units are shipped, and how many have yet to be."""

    quantity_fulfilled: int
    quantity_unfulfilled: int


class OrderItem(Part, frozen=True):
    """One line of an order."""

    order_item_id: str
    quantity_ordered: int
    product: ItemProduct
    proceeds: ItemProceeds | None = None
    cancellation: ItemCancellation | None = None
    fulfillment: ItemFulfillment | None = None


class PackageStatus(Part, frozen=True):
    """Where a package is."""

    status: str


class PackageItem(Part, frozen=True):
    """Units in a package."""

    order_item_id: str
    quantity: int


class OrderPackage(Part, frozen=True):
    """What was shipped together."""

    package_reference_id: str
    created_time: datetime
    package_status: PackageStatus
    carrier: str
    package_items: list[PackageItem]
    ship_time: datetime | None = None
    shipping_service: str | None = None
    tracking_number: str | None = None


class Order(Part, frozen=True):
    """One order, with the data that were asked for."""

    order_id: str
    created_time: datetime
    last_updated_time: datetime
    sales_channel: SalesChannel
    order_items: list[OrderItem]
    buyer: Buyer | None = None
    recipient: Recipient | None = None
    proceeds: OrderProceeds | None = None
    payment: OrderPayment | None = None
    fulfillment: OrderFulfillment | None = None
    packages: list[OrderPackage] | None = None


class GetOrderResponse(Part, frozen=True):
    """The answer of getOrder."""

    order: Order


class Pagination(Part, frozen=True):
    """Where the next page begins."""

    next_token: str


class SearchOrdersResponse(Part, frozen=True):
    """The answer of searchOrders: a page, and where the window ends that it is of."""

    orders: list[Order]
    pagination: Pagination | None = None
    last_updated_before: datetime | None = None
    created_before: datetime | None = None
