"""POST /api/v1/seller/packages: a seller confirms what of an order was shipped, in one package."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tradepost.doors.http.desk import Desk, Wish
from tradepost.doors.http.requests import Caller
from tradepost.ground.answers import Answer, Once
from tradepost.listings.offers import MOST_STOCK
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import Confirmation, Confirmed, Parcel, confirm_shipments
from tradepost.process.shipment.processing_report import Complaint, Entry

MOST_ITEMS = 200  # named in one request

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an order, by item number or SKU; without a quantity, all that is left of it."""

    item: Word
    quantity: Annotated[int, Meta(ge=1, le=MOST_STOCK)] | None = None


Items = Annotated[list[Item], Meta(min_length=1, max_length=MOST_ITEMS)]


class Shipment(Struct, frozen=True, forbid_unknown_fields=True):
    """What has left in one package; without items, all that is left of the order.

    `carrier_name` names a carrier outside the list, where `carrier_code` is Other. The day of `shipped_on` is told to
    the buyer; whether the shipment is late is decided by the moment of this request.
    """

    order_id: Word
    carrier_code: str | None = None
    carrier_name: str | None = None
    ship_method: str | None = None
    tracking: str | None = None
    shipped_on: Moment | None = None
    items: Items | None = None


class Warned(Struct, frozen=True):
    """What was accepted and should be looked at all the same."""

    warning: str
    detail: str


class ConfirmedPackage(Struct, frozen=True):
    """The package, by its number within the order, and the status of the order after it."""

    order_id: str
    reference: int
    status: str
    warnings: list[Warned]


decoder = msgspec.json.Decoder(Shipment)
_ENCODER = msgspec.json.Encoder()


async def confirm(desk: Desk, who: Caller, wanted: Shipment, language: str, once: Once | None) -> Answer:
    """Confirm a package; 201 with its reference, or the refusal."""
    wish = Wish(_confirmation(who.subject, wanted), answer(201, wanted.order_id, language), language, once)
    return await desk.act(confirm_shipments, wish)


def answer(status: int, order_id: str, language: str) -> Callable[[Confirmed], Answer]:
    """What to say of a package of this order that was confirmed or edited."""

    def told(confirmed: Confirmed) -> Answer:
        warnings = [_tracking_looks_wrong(language)] if confirmed.tracking_looks_wrong else []
        package = ConfirmedPackage(order_id, confirmed.reference, confirmed.status, warnings)
        return Answer(status, _ENCODER.encode(package))

    return told


def _confirmation(seller_id: str, wanted: Shipment) -> Callable[[datetime], Confirmation]:
    key = OrderKey(seller_id, wanted.order_id)
    parcel = Parcel(
        wanted.carrier_code or None, wanted.tracking, wanted.carrier_name, wanted.ship_method, wanted.shipped_on
    )
    items = named(wanted.items)
    return lambda at: Confirmation(key, at, parcel, items)


def named(items: list[Item] | None) -> list[tuple[str, int | None]] | None:
    """The items as the rooms take them."""
    return None if items is None else [(item.item, item.quantity) for item in items]


def _tracking_looks_wrong(language: str) -> Warned:
    sentence = Entry(0, Complaint.TRACKING_LOOKS_WRONG, {"field": "tracking"}).message(language)
    return Warned("tracking_looks_wrong", sentence)
