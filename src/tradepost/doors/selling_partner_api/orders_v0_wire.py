"""An order as Orders v0 spells it. What is absent is left out: the models know no null.

Of a Pending order the seller sees what was ordered and nothing of prices; of a released one who bought it and where it
goes, if the call may show that.
"""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType, field

from tradepost.lifecycle import PENDING, State
from tradepost.money import format_amount
from tradepost.reports.sellers_orders import Item, SellersOrder


class Money(Struct, frozen=True, rename="pascal"):
    """An amount as a decimal text."""

    currency_code: str
    amount: str


class ShippingAddress(Struct, frozen=True, rename="pascal", omit_defaults=True):
    """Where an order goes."""

    name: str = ""
    address_line1: str = ""
    address_line2: str = ""
    address_line3: str = ""
    city: str = ""
    state_or_region: str = ""
    postal_code: str = ""
    country_code: str = ""
    phone: str = ""


class BuyerInfo(Struct, frozen=True, rename="pascal", omit_defaults=True):
    """Who bought an order: the mail address is the one under which only this seller knows the buyer."""

    buyer_email: str | None = None
    buyer_name: str | None = None


class OrderBuyerInfo(BuyerInfo, frozen=True, rename="pascal", omit_defaults=True, kw_only=True):
    """The answer of getOrderBuyerInfo."""

    amazon_order_id: str


class OrderAddress(Struct, frozen=True, rename="pascal"):
    """The answer of getOrderAddress."""

    amazon_order_id: str
    shipping_address: ShippingAddress | UnsetType = UNSET


class Order(Struct, frozen=True, rename="pascal", kw_only=True):
    """An order of the answers of getOrders and getOrder; the last fields say what no order here is."""

    amazon_order_id: str
    seller_order_id: str
    purchase_date: datetime
    last_update_date: datetime
    order_status: str
    fulfillment_channel: str = "MFN"
    sales_channel: str
    ship_service_level: str
    shipment_service_level_category: str
    order_total: Money | UnsetType
    number_of_items_shipped: int
    number_of_items_unshipped: int
    payment_method: str = "Other"
    payment_method_details: tuple[str, ...] = ("Standard",)
    marketplace_id: str
    order_type: str = "StandardOrder"
    earliest_ship_date: datetime
    latest_ship_date: datetime
    earliest_delivery_date: datetime | UnsetType
    latest_delivery_date: datetime | UnsetType
    shipping_address: ShippingAddress | UnsetType
    buyer_info: BuyerInfo | UnsetType
    is_business_order: bool = False
    is_prime: bool = False
    is_premium_order: bool = False
    is_global_express_enabled: bool = False
    is_replacement_order: bool = False
    is_sold_by_ab: bool = field(default=False, name="IsSoldByAB")
    is_iba: bool = field(default=False, name="IsIBA")
    is_ispu: bool = field(default=False, name="IsISPU")
    is_access_point_order: bool = False
    has_regulated_items: bool = False


class ProductInfo(Struct, frozen=True, rename="pascal"):
    """How many pieces one unit of a product has."""

    number_of_items: str = "1"


class BuyerRequestedCancel(Struct, frozen=True, rename="pascal", omit_defaults=True):
    """Whether the buyer asks the seller to cancel, and why; a text is what the model calls for."""

    is_buyer_requested_cancel: str
    buyer_cancel_reason: str | None = None


class OrderItem(Struct, frozen=True, rename="pascal", kw_only=True):
    """An item of the answer of getOrderItems; `item_price` is that of all its units."""

    asin: str = field(name="ASIN")
    seller_sku: str = field(name="SellerSKU")
    order_item_id: str
    title: str
    quantity_ordered: int
    quantity_shipped: int
    product_info: ProductInfo = ProductInfo()
    item_price: Money | UnsetType
    item_tax: Money | UnsetType
    promotion_discount: Money | UnsetType
    is_gift: str | UnsetType
    is_transparency: bool = False
    buyer_requested_cancel: BuyerRequestedCancel


_PRIVATE = (*sorted(PENDING), State.CANCELED)


def order_of(order: SellersOrder, at: datetime, *, buyer: bool, address: bool) -> Order:
    """The order as it is told at `at`, with the buyer and the address where the call may show them."""
    promised = order.state not in _PRIVATE
    return Order(
        amazon_order_id=order.key.order_id,
        seller_order_id=order.key.order_id,
        purchase_date=order.placed_at,
        last_update_date=order.last_update,
        order_status=order.state.status,
        sales_channel=order.home.name,
        ship_service_level=order.service,
        shipment_service_level_category=order.service,
        order_total=UNSET if order.state in _PRIVATE else Money(order.currency, _amount(order, order.price)),
        number_of_items_shipped=order.shipped_units,
        number_of_items_unshipped=order.units_left,
        marketplace_id=order.home.marketplace_id,
        earliest_ship_date=order.ship_earliest,
        latest_ship_date=order.ship_latest,
        earliest_delivery_date=order.deliver_earliest if promised else UNSET,
        latest_delivery_date=order.deliver_latest if promised else UNSET,
        shipping_address=shipping_address_of(order, at) if address else UNSET,
        buyer_info=buyer_info_of(order) if buyer else UNSET,
    )


def shipping_address_of(order: SellersOrder, at: datetime) -> ShippingAddress | UnsetType:
    """Where a released order goes."""
    to = order.address_at(at)
    if to is None:
        return UNSET
    return ShippingAddress(
        to.name,
        to.line1,
        to.line2,
        to.line3,
        to.city,
        to.state,
        to.postal_code,
        to.country,
        to.phone,
    )


def buyer_info_of(order: SellersOrder) -> BuyerInfo | UnsetType:
    """Who bought a released order."""
    return BuyerInfo(order.buyer.email, order.buyer.name) if order.buyer else UNSET


def item_of(order: SellersOrder, item: Item) -> OrderItem:
    """An item of the order; without prices as long as the order is Pending, and when nothing is left of it. What is
    canceled is not ordered any more, as in the reports."""
    told = order.state not in PENDING and item.bought > 0
    nothing = Money(order.currency, _amount(order, 0)) if told else UNSET
    asked = order.request
    return OrderItem(
        asin=item.product_id or "",
        seller_sku=item.sku,
        order_item_id=item.item_id,
        title=item.title,
        quantity_ordered=item.bought,
        quantity_shipped=item.shipped,
        item_price=Money(order.currency, _amount(order, item.price)) if told else UNSET,
        item_tax=nothing,
        promotion_discount=nothing,
        is_gift="false" if told else UNSET,
        buyer_requested_cancel=BuyerRequestedCancel("true" if asked else "false", asked.why if asked else None),
    )


def _amount(order: SellersOrder, units: int) -> str:
    return format_amount(units, order.currency)
