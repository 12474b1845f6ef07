"""POST /api/v1/checkouts: what a buyer wants becomes orders."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from tradepost.doors.http.desk import Desk, Wish
from tradepost.doors.http.requests import Caller
from tradepost.doors.storefront_api.addresses import WrittenAddress, document_of
from tradepost.ground.answers import Answer, Once
from tradepost.orders.order import Order
from tradepost.payments.records import Means
from tradepost.process.checkout import purchases
from tradepost.process.checkout.checkout import MOST_UNITS, Cart, CartLine, Placed
from tradepost.refusals import Reason, Refused

MOST_LINES = 100
GATEWAY = "simulated"
"""The gateway whose tokens buyers send."""

Word = Annotated[str, Meta(min_length=1, max_length=200)]


class WantedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of one seller's offer."""

    seller_id: Word
    sku: Word
    quantity: Annotated[int, Meta(ge=1, le=MOST_UNITS)]


class Checkout(Struct, frozen=True, forbid_unknown_fields=True):
    """A checkout: what, where to, how fast, and with what it is paid.

    Either `lines`, or `"cart": true` for all that is in the buyer's cart, which is empty afterwards. Either `address`,
    or `address_id` for one of the buyer's book. `locale` is the language of the notices about these orders; without it
    they come in that of the buyer's account.
    """

    payment_token: Word
    lines: Annotated[list[WantedLine], Meta(min_length=1, max_length=MOST_LINES)] | None = None
    cart: bool = False
    address: WrittenAddress | None = None
    address_id: Word | None = None
    service: Word = "Standard"
    locale: Literal["en", "zh"] | None = None


class PlacedOrder(Struct, frozen=True):
    """One of the orders that a checkout became; prices and totals in minor units of the currency."""

    order_id: str
    seller_id: str
    status: str
    units: int
    total: int
    currency: str
    ship_by: datetime
    estimated_delivery_from: datetime
    estimated_delivery_by: datetime


class CheckedOut(Struct, frozen=True):
    """What became of a checkout. Until `hold_ends_at` the buyer may cancel."""

    checkout_id: str
    hold_ends_at: datetime
    orders: list[PlacedOrder]


decoder = msgspec.json.Decoder(Checkout)
_ENCODER = msgspec.json.Encoder()


async def check_out(desk: Desk, who: Caller, wanted: Checkout, language: str, once: Once | None) -> Answer:
    """Check out; 201 with the orders, or the refusal."""
    return await desk.act(purchases.check_out, Wish(_cart(who.subject, wanted), _answer, language, once))


def _cart(buyer_id: str, wanted: Checkout) -> Callable[[datetime], Cart]:
    if (wanted.lines is None) is not wanted.cart:
        raise Refused(Reason.INVALID_VALUE, field="lines", problem='send either them or "cart": true')
    if (wanted.address is None) is (wanted.address_id is None):
        raise Refused(Reason.INVALID_VALUE, field="address", problem="send either it or an `address_id`")
    lines = tuple(CartLine(line.seller_id, line.sku, line.quantity) for line in wanted.lines or ())
    address = document_of(wanted.address) if wanted.address else None
    payment = Means(GATEWAY, wanted.payment_token)
    return lambda at: Cart(
        buyer_id, at, lines, address, wanted.service, payment, wanted.address_id, wanted.cart, wanted.locale
    )


def _answer(placed: Placed) -> Answer:
    orders = [_order(order) for order in placed.details]
    return Answer(201, _ENCODER.encode(CheckedOut(placed.checkout_id, placed.hold_ends_at, orders)))


def _order(order: Order) -> PlacedOrder:
    return PlacedOrder(
        order_id=order.order_id,
        seller_id=order.seller_id,
        status=order.state.status,
        units=order.ordered_units,
        total=order.total,
        currency=order.currency,
        ship_by=order.ship_latest,
        estimated_delivery_from=order.deliver_earliest,
        estimated_delivery_by=order.deliver_latest,
    )
