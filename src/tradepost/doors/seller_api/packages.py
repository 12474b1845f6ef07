"""A seller's packages: confirming what was shipped, and correcting it afterwards (A45)."""

from typing import Any

from litestar import Response, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from tradepost.doors.http.desk import Wish
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, sent
from tradepost.doors.seller_api import confirmations
from tradepost.doors.seller_api.confirmations import ConfirmedPackage, Moment, Shipment
from tradepost.numbers import OrderKey
from tradepost.process.shipment.confirmations import Confirmation, Parcel, confirm_shipments


class PackageEdit(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change of a package; what is left out stays, and an empty text clears it."""

    carrier_code: str | None = None
    carrier_name: str | None = None
    ship_method: str | None = None
    tracking: str | None = None
    shipped_on: Moment | None = None


@post("/packages", summary="Confirm a shipment")
async def confirm_shipment(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Shipment]
) -> Response[ConfirmedPackage]:
    """Confirm what of an order left in one package: the buyer is told at once. A tracking number that does not look
    like one of the carrier's is accepted with a warning."""
    return sent(await confirmations.confirm(desk, who, data, language, once))


@patch("/orders/{order_id:str}/packages/{reference:int}", summary="Edit a package")
async def edit_package(
    who: Who,
    desk: TheDesk,
    language: Language,
    once: MaybeOnce,
    order_id: FromPath[str],
    reference: FromPath[int],
    data: JSONBody[PackageEdit],
) -> Response[ConfirmedPackage]:
    """Correct how a package travels. The units in it stay as they are."""
    key = OrderKey(who.subject, order_id)
    parcel = Parcel(data.carrier_code, data.tracking, data.carrier_name, data.ship_method, data.shipped_on)
    wish = Wish(
        lambda at: Confirmation(key, at, parcel, reference=reference, must_edit=True),
        confirmations.answer(200, order_id, language),
        language,
        once,
    )
    return sent(await desk.act(confirm_shipments, wish))


PACKAGES: list[Any] = [confirm_shipment, edit_package]
