"""Orders v0: a seller confirms what was shipped, in one package, or corrects that package afterwards (A45)."""

from typing import Annotated, Any, Literal

from litestar import Response, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from tradepost.doors.http.routes import AnyRequest, TheDesk
from tradepost.doors.selling_partner_api.acts import act
from tradepost.doors.selling_partner_api.asked import body_of, moment_of, order_number
from tradepost.doors.selling_partner_api.orders_v0 import found
from tradepost.doors.selling_partner_api.routes import ThePartner
from tradepost.doors.selling_partner_api.usage_plans import operation
from tradepost.numbers import OrderKey
from tradepost.orders.units import Items
from tradepost.process.shipment.confirmations import MOST_REFERENCE, ONE_DAY, Confirmation, Parcel, confirm_shipments
from tradepost.refusals import Reason, Refused
from tradepost.reports.sellers_orders import SellersOrder

MOST_ITEMS = 10_000  # as many as an order may have

Word = Annotated[str, Meta(min_length=1, max_length=100)]


class ShippedItem(Struct, frozen=True, rename="camel"):
    """Units of an item in the package."""

    order_item_id: Word
    quantity: int
    transparency_codes: list[str] = []


class PackageDetail(Struct, frozen=True, rename="camel"):
    """A package: who carries it since when, and what is in it. The reference is the seller's own number for it."""

    package_reference_id: str
    carrier_code: Annotated[str, Meta(min_length=1, max_length=50)]
    tracking_number: Annotated[str, Meta(max_length=100)]
    ship_date: str
    order_items: Annotated[list[ShippedItem], Meta(min_length=1, max_length=MOST_ITEMS)]
    carrier_name: Annotated[str, Meta(max_length=50)] | None = None
    shipping_method: Annotated[str, Meta(max_length=100)] | None = None
    ship_from_supply_source_id: str | None = None


class ConfirmShipmentRequest(Struct, frozen=True, rename="camel"):
    """What confirmShipment takes. Nothing is paid on delivery here, so how that would be collected makes no odds."""

    marketplace_id: str
    package_detail: PackageDetail
    cod_collection_method: Literal["DirectPayment"] | None = None


class ShownItem(Struct, frozen=True, rename="camel"):
    """Units of an item, in updateShipmentStatus."""

    order_item_id: str | None = None
    quantity: int | None = None


class UpdateShipmentStatusRequest(Struct, frozen=True, rename="camel"):
    """What updateShipmentStatus takes."""

    marketplace_id: str
    shipment_status: Literal["ReadyForPickup", "PickedUp", "RefusedPickup"]
    order_items: list[ShownItem] = []


@post(
    "/orders/v0/orders/{order_id:str}/shipmentConfirmation",
    opt=operation("confirmShipment", 2, 10, unlisted=(413,)),
)
async def confirm_shipment(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """Confirm a package. One whose reference the order has already is edited: how it travels, not what is in it.

    Beside a simulated clock programs take the date from their own: one that cannot be is passed over there.
    """
    key = OrderKey(partner.seller_id, order_number(order_id))
    asked = await body_of(request, ConfirmShipmentRequest)
    package = asked.package_detail
    ship_date = moment_of("packageDetail.shipDate", package.ship_date)
    reference = _reference(package.package_reference_id)
    there = await found(desk, partner, order_id)
    _check_marketplace(there.order, asked.marketplace_id)
    items = _items(there.order, package.order_items)
    possible = there.order.placed_at - ONE_DAY <= ship_date <= there.at + ONE_DAY
    parcel = Parcel(
        package.carrier_code,
        package.tracking_number or None,  # in an edit nothing takes nothing away
        package.carrier_name,
        package.shipping_method,
        None if there.simulated and not possible else ship_date,
    )
    return await act(
        request, desk, confirm_shipments, lambda at: Confirmation(key, at, parcel, items, reference=reference)
    )


@post("/orders/v0/orders/{order_id:str}/shipment", opt=operation("updateShipmentStatus", 5, 15))
async def update_shipment_status(
    request: AnyRequest, desk: TheDesk, partner: ThePartner, order_id: FromPath[str]
) -> Response[bytes]:
    """Say how an order fares that is picked up in a store. None is here: every order goes to an address."""
    asked = await body_of(request, UpdateShipmentStatusRequest)
    there = await found(desk, partner, order_id)
    _check_marketplace(there.order, asked.marketplace_id)
    problem = "the order goes to an address and is not picked up in a store; confirm its shipment instead"
    raise Refused(Reason.INVALID_VALUE, field="orderId", problem=problem)


def _check_marketplace(order: SellersOrder, said: str) -> None:
    home = order.home.marketplace_id
    if said != home:
        problem = f"the order was placed in {home}"
        raise Refused(Reason.INVALID_VALUE, field="marketplaceId", problem=problem)


def _items(order: SellersOrder, said: list[ShippedItem]) -> Items:
    """The items as the room takes them: here they have one name, and the SKU is none."""
    known = {item.item_id for item in order.items}
    for number, item in enumerate(said):
        if item.order_item_id not in known:
            field = f"packageDetail.orderItems[{number}].orderItemId"
            raise Refused(Reason.INVALID_VALUE, field=field, problem="the order has no such item; see getOrderItems")
    return [(item.order_item_id, item.quantity) for item in said]


def _reference(said: str) -> int:
    if said.isascii() and said.isdecimal() and len(said) <= 16 and 0 < int(said) <= MOST_REFERENCE:
        return int(said)
    problem = f"it must be a text with a whole number from 1 to {MOST_REFERENCE}"
    raise Refused(Reason.INVALID_VALUE, field="packageDetail.packageReferenceId", problem=problem)


OPERATIONS: list[Any] = [confirm_shipment, update_shipment_status]
